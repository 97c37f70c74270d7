/*
 * The command `acausal record`: the order in which things happen, and the exit status. Whatever
 * fails once the command runs is told when it has ended, and its exit status stays its own.
 */
#include "recorder/launch/record.h"

#include "recorder/base/arguments.h"
#include "recorder/launch/attend.h"
#include "recorder/launch/child.h"
#include "recorder/launch/door.h"
#include "recorder/launch/environment.h"
#include "recorder/launch/explain.h"
#include "recorder/launch/flight_size.h"
#include "recorder/launch/followed.h"
#include "recorder/launch/log_options.h"
#include "recorder/launch/output.h"
#include "recorder/launch/program.h"
#include "recorder/launch/report.h"

#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef ACAUSAL_VERSION
#define ACAUSAL_VERSION "unknown"
#endif

static int (*crash_printer)(const char *path);
static void (*help_printer)(void);

void record_set_crash_printer(int (*print_crash)(const char *path))
{
	crash_printer = print_crash;
}

void record_set_help_printer(void (*print_help)(void))
{
	help_printer = print_help;
}

struct request {
	const char *path;
	char **command;
	bool drop_when_full;
	bool alone;	      /* --no-follow */
	uint64_t flight_size; /* bytes; 0: not in flight mode */
	struct log_options logs;
};

/* 0: go on; 1: help was asked for; 2: the command line is wrong. */
static int parse(struct request *ret, int argc, char **argv)
{
	enum { ON_FULL = 256, NO_FOLLOW, LOG, NO_LOG, LOG_MAX, TAG_LINES, FLIGHT };
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'},
		{"on-full", required_argument, NULL, ON_FULL},
		{"no-follow", no_argument, NULL, NO_FOLLOW},
		{"log", required_argument, NULL, LOG},
		{"no-log", no_argument, NULL, NO_LOG},
		{"log-max", required_argument, NULL, LOG_MAX},
		{"tag-lines", no_argument, NULL, TAG_LINES},
		{"flight", required_argument, NULL, FLIGHT},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct error err;
	bool has_on_full = false;
	int option;

	*ret = (struct request){.path = "acausal.db"};
	log_options_init(&ret->logs);
	optind = 0; /* GNU: from the beginning, also when somebody used getopt before */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:o:h", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			ret->path = optarg;
			break;
		case ON_FULL:
			has_on_full = true;
			ret->drop_when_full = !strcmp(optarg, "drop");
			if (!ret->drop_when_full && strcmp(optarg, "wait") != 0) {
				report_line("--on-full is either wait or drop, not %s", optarg);
				return 2;
			}
			break;
		case NO_FOLLOW:
			ret->alone = true;
			break;
		case FLIGHT:
			if (flight_size_parse(&ret->flight_size, optarg, &err) != 0) {
				report_line("%s", err.text);
				return 2;
			}
			break;
		case NO_LOG:
			log_options_none(&ret->logs);
			break;
		case TAG_LINES:
			ret->logs.tags_lines = true;
			break;
		case LOG:
		case LOG_MAX:
			if ((option == LOG ? log_options_add(&ret->logs, optarg, &err)
					   : log_options_limit(&ret->logs, optarg, &err)) != 0) {
				report_line("%s", err.text);
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
	if (has_on_full && ret->flight_size) {
		report_line("--on-full does not go with --flight: what is full is overwritten then "
			    "(acausal record --help)");
		return 2;
	}
	if (optind == argc) {
		report_line("which command is to be recorded? (acausal record --help)");
		return 2;
	}
	ret->command = argv + optind;
	return 0;
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

static const char *signal_name(int signal, char *ret, size_t size)
{
	const char *name = sigabbrev_np(signal);

	if (name)
		snprintf(ret, size, "SIG%s", name);
	else
		snprintf(ret, size, "signal %d", signal);
	return ret;
}

/* What is not in the recording although it ran. */
static void report_left_out(const struct followed *followed)
{
	if (followed->turned_away)
		report_line("%llu process%s could not be recorded: %s",
			(unsigned long long)followed->turned_away,
			followed->turned_away == 1 ? "" : "es", followed->turned_away_why.text);
	if (followed->left_out && followed->has_begun)
		report_line("%llu process%s that ended before libuv was first used %s not in the "
			    "recording",
			(unsigned long long)followed->left_out, followed->left_out == 1 ? "" : "es",
			followed->left_out == 1 ? "is" : "are");
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
	if (is_complete && followed->is_flight)
		report_history(&summary);
	if (!is_complete && followed->has_begun && output_check(followed->output, NULL) == 0)
		report_line("what was recorded until then is in %s", followed->output->path);
	if (followed->has_begun)
		explain_missing(followed);
	report_left_out(followed);
	if (signal)
		report_line("%s ended %s%s", signal_name(signal, name, sizeof name), command,
			is_complete && summary.crash_id ? ":" : "");
	else if (summary.crash_process_id)
		report_line("%s ended process %u:",
			signal_name(summary.crash_signal, name, sizeof name),
			summary.crash_process_id);
	if ((signal && is_complete && summary.crash_id) || summary.crash_process_id)
		print_crash(followed->output->path);
}

/*
 * When memory is short, libdw ends the process, or faults, and libc aborts it. The command has
 * ended by then, with a status that is to stay its own.
 */
static const char *unfinished; /* the recording that is being finished; NULL: none is */
static int status_of_command;

static void print_name(void)
{
	fputs("acausal: ", stderr);
}

static void on_exit_of_library(void)
{
	char text[PATH_MAX + 256];
	int length;

	if (!unfinished)
		return;
	length = snprintf(text, sizeof text,
		"acausal: finishing the recording failed: memory is short; what was recorded is in "
		"%s, without the names of functions\n",
		unfinished);
	length = (int)write(STDERR_FILENO, text, (size_t)length);
	_exit(status_of_command);
}

static void on_fatal(int number)
{
	(void)number;
	on_exit_of_library();
}

static void set_fatal(void (*handler)(int))
{
	static const int numbers[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_RESETHAND};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &action, NULL);
}

static void expect_exit_of_library(const char *path, int status)
{
	static char stack[1 << 16];

	error_print_progname = print_name;
	unfinished = path;
	status_of_command = status;
	atexit(on_exit_of_library);
	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
	set_fatal(on_fatal);
}

/* A descriptor for each process that is followed. The command has been started by now. */
static void raise_descriptor_limit(void)
{
	enum { ENOUGH = FOLLOWED_MAX + 256 };
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= ENOUGH)
		return;
	limit.rlim_cur = limit.rlim_max < ENOUGH ? limit.rlim_max : ENOUGH;
	setrlimit(RLIMIT_NOFILE, &limit);
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
		.log_max = request->logs.longest,
		.progress = show_progress,
		.user = &progress,
	};
	struct followed followed;
	struct child child;
	struct error err;
	int status, signal;

	/*
	 * What is kept for a process is large and short-lived; glibc, having seen that, would take
	 * it from the heap, where a little that lives long keeps it from being given back.
	 */
	mallopt(M_MMAP_THRESHOLD, 1 << 16);
	followed_init(&followed, output, &options);
	if (child_init(&child, program->path, request->command, environment->variables,
		    request->alone, &err) != 0) {
		report_line("%s", err.text);
		free(json);
		return PROGRAM_FAILED;
	}
	raise_descriptor_limit();
	followed.command = child.pid;
	followed.is_alone = request->alone;
	followed.is_hasty = request->logs.tags_lines;
	followed.is_flight = request->flight_size;
	attend(&followed, door, &child, command, !request->alone);
	if (!followed.has_come)
		explain_find_profile(child.pid, profile, sizeof profile);
	report_progress_init(&progress);
	status = child_deinit(&child, &signal);
	if (child.exec_errno) {
		error_set_errno(&err, child.exec_errno, "%s", command);
		report_line("%s", err.text);
		status = child.exec_errno == ENOENT ? PROGRAM_NOT_FOUND : PROGRAM_NOT_EXECUTABLE;
	} else {
		soften_interrupt();
		expect_exit_of_library(output->path, status);
		conclude(&followed, &progress, program, command, profile, signal);
		if (door->is_short)
			report_line("processes are missing in the recording, because the recorder "
				    "had no descriptor left for them (ulimit -n)");
		unfinished = NULL;
		set_fatal(SIG_DFL);
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
	if (status == 1) {
		if (help_printer)
			help_printer();
		return fflush(stdout) != 0;
	}
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
	if (environment_init(&environment, &program, door.name, &request.logs,
		    request.drop_when_full, request.flight_size, &err) != 0) {
		report_line("%s", err.text);
	} else {
		status = run(&request, &program, &output, &door, &environment);
		environment_deinit(&environment);
	}
	door_deinit(&door);
	return status;
}
