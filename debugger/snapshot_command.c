/*
 * `snapshot`: see snapshot_command.h. What it says, it says on stderr in the recorder's words; a
 * file is only there when it is whole.
 */
#include "debugger/snapshot_command.h"

#include "debugger/recording/file_kind.h"
#include "debugger/text/version.h"
#include "recorder/base/arguments.h"
#include "recorder/launch/output.h"
#include "recorder/launch/report.h"
#include "recorder/snapshot/image.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct option_row snapshot_options[] = {
	{"output", 'o', "FILE",
		"the recording's name (acausal.db); one that is there becomes FILE.old"},
	{"pause", 0, NULL, "write nothing in that process from now on; what is alive is known on"},
	{"resume", 0, NULL, "write again"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* The number of a process; 0: the word is none, -1: it is too large for one. */
static pid_t process_number(const char *word)
{
	long number;

	if (!*word || strspn(word, "0123456789") != strlen(word))
		return 0;
	number = strlen(word) > 10 ? 0 : strtol(word, NULL, 10);
	return number > 0 && number <= INT_MAX ? (pid_t)number : -1;
}

/* A recording in the making. */
struct saving {
	struct report_progress progress;
	struct output *output;
};

static void show_progress(void *user, const char *phase, uint64_t done, uint64_t total)
{
	report_progress_show(&((struct saving *)user)->progress, phase, done, total);
}

static void lock_file(void *user)
{
	output_lock(((struct saving *)user)->output);
}

static const struct arena_header *header_of(const struct image *image)
{
	return image->bytes;
}

/* What the recording does not have. */
static void report_history_of(const struct image *image, const struct ingest_summary *summary)
{
	const struct arena_header *header = header_of(image);

	if (header->on_full == ARENA_OVERWRITES || summary->history_from_ns > 0)
		report_history(summary);
	if (header->on_full != ARENA_OVERWRITES && header->process_id)
		report_line("the recorder of process %u had taken out what came before: that is in "
			    "the recording that it left",
			header->os_pid);
	if (header->is_paused == ARENA_PAUSED)
		report_line("recording of process %u is paused", header->os_pid);
}

static int save(const struct image *image, struct image_origin *origin, struct output *output,
	struct error *err)
{
	const struct arena_header *header = header_of(image);
	struct saving saving = {.output = output};
	struct ingest_summary summary;

	if (output_make_room(output, err))
		return -1;
	report_progress_init(&saving.progress);
	origin->path = output->path;
	origin->version = ACAUSAL_VERSION;
	/* The command itself, or one that no recorded process is known to have started. */
	origin->is_root = header->process_id == 1 || (!header->process_id && !header->from.started);
	origin->wait_status = INGEST_STATUS_UNKNOWN;
	origin->progress = show_progress;
	origin->is_there = lock_file;
	origin->user = &saving;
	if (image_record(image, origin, &summary, err)) {
		report_progress_erase(&saving.progress);
		output_take_back(output);
		return -1;
	}
	report_progress_erase(&saving.progress);
	report_summary(&summary, output->path, output_size(output));
	report_history_of(image, &summary);
	return 0;
}

static int save_process(pid_t os_pid, struct output *output, struct error *err)
{
	char link[64], executable[PATH_MAX] = "";
	struct image_origin origin = {0};
	struct image image;
	char *arguments;
	ssize_t length;
	int result;

	snprintf(link, sizeof link, "/proc/%d/exe", (int)os_pid);
	length = readlink(link, executable, sizeof executable - 1);
	executable[length > 0 ? length : 0] = 0;
	arguments = arguments_json_of(os_pid);
	result = image_of_process(&image, os_pid, err);
	if (!result) {
		origin.executable = executable[0] ? executable : NULL;
		origin.arguments_json = arguments;
		result = save(&image, &origin, output, err);
		image_deinit(&image);
	}
	free(arguments);
	return result;
}

static int save_file(const char *path, struct output *output, struct error *err)
{
	struct image_origin origin = {0};
	struct image image;
	int result;

	switch (file_kind_of(path)) {
	case FILE_MISSING:
		return error_set(err, "'%s' is neither the number of a process nor a file", path);
	case FILE_RECORDING:
		return error_set(err, "'%s' is a recording already", path);
	case FILE_CORE:
		return error_set(
			err, "'%s' is a core dump: look at it with 'acausal core %s'", path, path);
	default:
		break;
	}
	if (image_of_file(&image, path, err))
		return -1;
	result = save(&image, &origin, output, err);
	image_deinit(&image);
	return result;
}

static int set_paused(pid_t os_pid, bool is_paused, struct error *err)
{
	int result = image_pause_process(os_pid, is_paused, err);

	if (result < 0)
		return -1;
	if (is_paused)
		report_line("recording of process %d %s: 'acausal snapshot --resume %d' goes on",
			(int)os_pid, result ? "was paused already" : "is paused", (int)os_pid);
	else
		report_line("process %d is recorded%s", (int)os_pid,
			result ? ": it was not paused" : " again");
	return 0;
}

static int snapshot_run(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *word = invocation->options.words[0];
	const char *path = option_value(&invocation->options, "output");
	bool pauses = option_value(&invocation->options, "pause");
	bool resumes = option_value(&invocation->options, "resume");
	pid_t os_pid = process_number(word);
	struct output output;

	(void)session;
	if ((pauses && resumes) || ((pauses || resumes) && path)) {
		error_set(err, "--pause, --resume and -o do not go together: give one of them");
		return 2;
	}
	if (os_pid < 0)
		return error_set(err, "there is no process %s", word), 1;
	if (pauses || resumes) {
		if (!os_pid) {
			error_set(err, "'%s' is not the number of a process", word);
			return 2;
		}
		return set_paused(os_pid, pauses, err) ? 1 : 0;
	}
	if (output_init(&output, path ? path : "acausal.db", err))
		return 1;
	return (os_pid ? save_process(os_pid, &output, err) : save_file(word, &output, err)) ? 1
											     : 0;
}

const struct command snapshot_command = {
	.name = "snapshot",
	.group = GROUP_RECORD,
	.usage = "[-o FILE] PID | IMAGE | --pause PID | --resume PID",
	.summary = "make a recording from a process that runs",
	.description = "Reads the recorder's memory in a process without stopping it, and makes "
		       "the\n"
		       "recording acausal.db of it, or FILE: of a process in flight mode, or of "
		       "one\n"
		       "whose recorder was killed. IMAGE is what acausal_snapshot() wrote in the\n"
		       "program.\n\n"
		       "  acausal record --flight 64M ./server\n"
		       "  LD_PRELOAD=libacausal.so ACAUSAL_FLIGHT=64M ./server   with no "
		       "recorder\n"
		       "  acausal snapshot -o now.db 4711\n"
		       "  acausal snapshot --pause 4711    cost nothing for now\n\n"
		       "In flight mode the oldest events are overwritten; how what is alive came "
		       "to be\n"
		       "is kept, however old. What ends while recording is paused has the end of "
		       "the\n"
		       "pause as its own. It needs the permission that a debugger needs.",
	.options = snapshot_options,
	.flags = COMMAND_SHELL,
	.least_words = 1,
	.most_words = 1,
	.completion = COMPLETE_FILE,
	.run = snapshot_run,
};
