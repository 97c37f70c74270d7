/*
 * The command `acausal record`: the order in which things happen, and the exit status.
 *
 * While the command runs nothing here waits for anything but all of its descriptors together, and
 * nothing is written to the terminal: the program must never stand still because of us. Whatever
 * fails from then on is told when the command has ended, and its exit status stays its own.
 */
#include "recorder/launch/record.h"

#include "recorder/launch/arguments.h"
#include "recorder/launch/child.h"
#include "recorder/launch/door.h"
#include "recorder/launch/environment.h"
#include "recorder/launch/followed.h"
#include "recorder/launch/output.h"
#include "recorder/launch/program.h"
#include "recorder/launch/report.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef ACAUSAL_VERSION
#define ACAUSAL_VERSION "unknown"
#endif

/* How long to sleep between two looks at the arena: it is asked, and wakes nobody. */
enum { FIRST_MS = 1, BUSY_MS = 4, IDLE_MS = 50 };

static const char usage[] =
	"usage: acausal record [-o FILE] [--on-full wait|drop] [--] COMMAND [ARG...]\n"
	"\n"
	"Runs COMMAND and records what it does on libuv.\n"
	"\n"
	"  -o FILE              write the recording to FILE (acausal.db); one that is there "
	"already\n"
	"                       becomes FILE.old\n"
	"  --on-full wait|drop  when the program is faster than the recorder: it waits (the "
	"default),\n"
	"                       or events are dropped and counted\n"
	"  -h, --help           this text\n"
	"\n"
	"Exit status: that of COMMAND; 128+N when signal N ended it; 125 when acausal failed;\n"
	"126 when COMMAND cannot be executed; 127 when it is not found.\n";

static int (*crash_printer)(const char *path);

void record_set_crash_printer(int (*print_crash)(const char *path))
{
	crash_printer = print_crash;
}

struct request {
	const char *path;
	char **command;
	bool drop_when_full;
};

/* 0: go on; 1: the usage was asked for; 2: the command line is wrong. */
static int parse(struct request *ret, int argc, char **argv)
{
	enum { ON_FULL = 256 };
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'},
		{"on-full", required_argument, NULL, ON_FULL},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	*ret = (struct request){.path = "acausal.db"};
	optind = 0; /* GNU: from the beginning, also when somebody used getopt before */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:o:h", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			ret->path = optarg;
			break;
		case ON_FULL:
			ret->drop_when_full = !strcmp(optarg, "drop");
			if (!ret->drop_when_full && strcmp(optarg, "wait") != 0) {
				report_line("--on-full is either wait or drop, not %s", optarg);
				return 2;
			}
			break;
		case 'h':
			return 1;
		case ':':
			report_line(
				"%s wants an argument (acausal record --help)", argv[optind - 1]);
			return 2;
		default:
			report_line("%s is no option of record (acausal record --help)",
				argv[optind - 1]);
			return 2;
		}
	}
	if (optind == argc) {
		report_line("which command is to be recorded? (acausal record --help)");
		return 2;
	}
	ret->command = argv + optind;
	return 0;
}

/* What a security module calls the confinement of a process; "" when there is none. */
static void read_profile(const char *process, char *ret, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	ret[0] = 0;
	snprintf(path, sizeof path, "/proc/%s/attr/current", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	length = read(fd, ret, size - 1);
	close(fd);
	ret[length > 0 ? length : 0] = 0;
	ret[strcspn(ret, "\n")] = 0;
}

/* The profile by which the command is kept from us: one of its own. */
static void find_profile(pid_t os_pid, char *ret, size_t size)
{
	char process[32], ours[256];

	snprintf(process, sizeof process, "%d", (int)os_pid);
	read_profile(process, ret, size);
	read_profile("self", ours, sizeof ours);
	if (!strcmp(ret, ours) || !strncmp(ret, "unconfined", 10))
		ret[0] = 0;
}

static void hear_all(struct followed *followed, struct door *door, const struct child *child)
{
	struct door_hello hello;
	struct error err;
	int heard;

	while ((heard = door_next(door, child->pid, &hello, &err)) != 0) {
		if (heard > 0)
			followed_add(followed, &hello);
		else
			followed_fail(followed, &err);
	}
}

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* From the start of the command to its end. */
static void attend(struct followed *followed, struct door *door, struct child *child)
{
	int sleep_ms = FIRST_MS;

	for (;;) {
		struct pollfd waiting[DOOR_GUESTS + 3];
		long long began;
		int count = door_poll(door, waiting);

		waiting[count++] = (struct pollfd){.fd = child->signals, .events = POLLIN};
		if (child->exec_pipe >= 0)
			waiting[count++] =
				(struct pollfd){.fd = child->exec_pipe, .events = POLLIN};
		poll(waiting, (nfds_t)count, sleep_ms);
		child_attend(child);
		hear_all(followed, door, child);
		if (child->is_ended)
			return;
		began = now_us();
		if (followed_drain(followed)) {
			/* Much work means that more waits: then there is no time to sleep. */
			long long took_ms = (now_us() - began) / 1000;

			sleep_ms = took_ms < BUSY_MS ? BUSY_MS - (int)took_ms : 0;
		} else if (sleep_ms < IDLE_MS) {
			sleep_ms = sleep_ms < FIRST_MS ? FIRST_MS : sleep_ms * 2;
			if (sleep_ms > IDLE_MS)
				sleep_ms = IDLE_MS;
		}
	}
}

static void show_progress(void *user, const char *phase, uint64_t done, uint64_t total)
{
	report_progress_show(user, phase, done, total);
}

/*
 * The command has ended, and the recording has not: the first interrupt says so, the second one
 * ends us.
 */
static void on_interrupt(int signal)
{
	static const char words[] =
		"\nacausal: finishing the recording; once more leaves it unfinished\n";

	(void)signal;
	if (write(STDERR_FILENO, words, sizeof words - 1) < 0)
		return;
}

static void soften_interrupt(void)
{
	struct sigaction action = {
		.sa_handler = on_interrupt, .sa_flags = SA_RESETHAND | SA_RESTART};
	struct sigaction old;

	if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
		sigaction(SIGINT, &action, NULL);
}

/* On stderr, because stdout is the program's. */
static void print_crash(const char *path)
{
	int saved;

	if (!crash_printer)
		return;
	fflush(stdout);
	saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) {
		crash_printer(path);
		fflush(stdout);
	}
	if (saved >= 0) {
		dup2(saved, STDOUT_FILENO);
		close(saved);
	} else {
		close(STDOUT_FILENO);
	}
}

/* Why there is no recording although the command ran. */
static void explain_nothing(const struct followed *followed, const struct program *program,
	const char *command, const char *profile)
{
	if (!followed->has_come && profile[0])
		report_line(
			"%s never reached the recorder: it is confined by the profile %s; nothing "
			"was recorded",
			command, profile);
	else if (!followed->has_come)
		report_line("%s never reached the recorder (was libacausal.so kept out of it?); "
			    "nothing was recorded",
			command);
	else if (program->is_script)
		report_line(
			"no libuv was seen in the interpreter of %s, and its child processes are "
			"not recorded; there is no recording",
			command);
	else
		report_line("no libuv was seen in %s (one that is linked into the program itself "
			    "is not "
			    "seen); there is no recording",
			command);
}

static const char *signal_name(int signal, char *ret, size_t size)
{
	const char *name = sigabbrev_np(signal);

	if (name)
		snprintf(ret, size, "SIG%s", name);
	else
		snprintf(ret, size, "signal %d", signal);
	return ret;
}

/* Ends the recording and says what came of it. */
static void conclude(struct followed *followed, struct report_progress *progress,
	const struct program *program, const char *command, const char *profile, int signal)
{
	struct ingest_summary summary = {0};
	char name[32];
	bool is_complete;

	if (followed->has_begun && !followed->uses_libuv && !followed->has_failed) {
		ingest_destroy(followed->ingest);
		followed->ingest = NULL;
		output_take_back(followed->output);
		followed->has_begun = false;
	}
	is_complete = followed_finish(followed, &summary);
	report_progress_erase(progress);
	if (followed->has_failed)
		report_line("recording failed: %s", followed->failure.text);
	if (!followed->has_begun && !followed->has_failed)
		explain_nothing(followed, program, command, profile);
	if (is_complete)
		report_summary(&summary, followed->output->path, output_size(followed->output));
	else if (followed->has_begun)
		report_line("what was recorded until then is in %s", followed->output->path);
	if (signal)
		report_line("%s ended %s%s", signal_name(signal, name, sizeof name), command,
			is_complete && summary.crash_id ? ":" : "");
	if (signal && is_complete && summary.crash_id)
		print_crash(followed->output->path);
}

static int run(const struct request *request, struct program *program, struct output *output,
	struct door *door, struct environment *environment)
{
	const char *command = request->command[0];
	char profile[256] = "", *json = arguments_json(request->command);
	struct report_progress progress;
	struct ingest_options options = {
		.command_json = json,
		.version = ACAUSAL_VERSION,
		.symbolize = true,
		.progress = show_progress,
		.user = &progress,
	};
	struct followed followed;
	struct child child;
	struct error err;
	int status, signal;

	followed_init(&followed, output, &options);
	if (child_init(&child, program->path, request->command, environment->variables, &err) !=
		0) {
		report_line("%s", err.text);
		free(json);
		return PROGRAM_FAILED;
	}
	attend(&followed, door, &child);
	if (!followed.has_come)
		find_profile(child.pid, profile, sizeof profile);
	report_progress_init(&progress);
	status = child_deinit(&child, &signal);
	if (child.exec_errno) {
		error_set_errno(&err, child.exec_errno, "%s", command);
		report_line("%s", err.text);
		status = child.exec_errno == ENOENT ? PROGRAM_NOT_FOUND : PROGRAM_NOT_EXECUTABLE;
	} else {
		soften_interrupt();
		followed_end(&followed, child.wait_status);
		conclude(&followed, &progress, program, command, profile, signal);
	}
	followed_deinit(&followed);
	free(json);
	return status;
}

/*
 * Descriptors 0 to 2 that are closed would be given to files of ours, the recording among them, and
 * be written to. The command gets them closed, as it should.
 */
static void occupy_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int record_main(int argc, char **argv)
{
	struct request request;
	struct program program;
	struct output output;
	struct environment environment;
	struct door door;
	struct error err;
	int status;

	occupy_standard_descriptors();
	status = parse(&request, argc, argv);
	if (status == 1)
		return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
	if (status)
		return PROGRAM_FAILED;
	status = program_find(&program, request.command[0], &err);
	if (status && output_is_recording(request.command[0]))
		error_set(&err,
			"%s is a recording, not a command: look at it with 'acausal trace -r %s'",
			request.command[0], request.command[0]);
	if (status) {
		report_line("%s", err.text);
		return status;
	}
	if (output_init(&output, request.path, &err) != 0 || door_init(&door, &err) != 0) {
		report_line("%s", err.text);
		return PROGRAM_FAILED;
	}
	status = PROGRAM_FAILED;
	if (environment_init(&environment, &program, door.name, request.drop_when_full, &err) !=
		0) {
		report_line("%s", err.text);
	} else {
		status = run(&request, &program, &output, &door, &environment);
		environment_deinit(&environment);
	}
	door_deinit(&door);
	return status;
}
