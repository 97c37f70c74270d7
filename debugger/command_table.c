/*
 * The one table of commands. Everything that is said of a command anywhere, in help, manual pages,
 * messages and completion, is made of its row.
 */
#include "debugger/command_table.h"

#include "debugger/core_command.h"
#include "debugger/help.h"
#include "debugger/info.h"
#include "debugger/log.h"
#include "debugger/manual.h"
#include "debugger/overview.h"
#include "debugger/prompt.h"
#include "debugger/query.h"
#include "debugger/snapshot_command.h"
#include "debugger/sql.h"
#include "debugger/trace.h"
#include "recorder/launch/record.h"

static void show_record_help(void);

/* `record` reads its own options, because those of the recorded command follow them. */
static int run_record(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	(void)session;
	(void)err;
	record_set_crash_printer(trace_print_crash);
	record_set_help_printer(show_record_help);
	/* The word before the arguments is the command's name. */
	return record_main(invocation->argument_count + 1, invocation->arguments - 1);
}

static const struct option_row record_options[] = {
	{"output", 'o', "FILE",
		"the recording's name (acausal.db); one that is there becomes FILE.old"},
	{"on-full", 0, "wait|drop",
		"when the program is faster than the recorder: it waits (the default), or events "
		"are dropped and counted"},
	{"flight", 0, "SIZE",
		"keep the newest history only, so much of each process (1M to 1G), and how what is "
		"alive came to be"},
	{"no-follow", 0, NULL, "record COMMAND alone, and not the processes that it makes"},
	{"log", 0, "PATTERN",
		"keep the lines of files named so, too: a shell pattern of the name, or, with a "
		"slash in it, of the whole path; also stdout, stderr, syslog; may be given again"},
	{"no-log", 0, NULL, "keep no lines but those that --log names"},
	{"log-max", 0, "SIZE", "bytes to keep of a line (1M): a number, with K or M"},
	{"tag-lines", 0, NULL,
		"end each line on the descriptors 1 and 2 in the ID of what wrote it, as in [#42]: "
		"this changes what the command writes"},
	{"help", 'h', NULL, "this help"},
	{0},
};

#define POINT_WORDS                                                                                \
	"POINT is what to begin at:\n"                                                             \
	"\n"                                                                                       \
	"  42          an async ID: the creation of that resource (2:42 in process 2)\n"           \
	"  run:97      a run of a callback (run:2:97)\n"                                           \
	"  log:7       a line that the program wrote\n"                                            \
	"  crash       the last crash; crash:1 the first\n"                                        \
	"  thread:3    what a thread was doing when it was killed\n"                               \
	"  process:2   a process: the call that started it\n"                                      \
	"\n"                                                                                       \
	"Without one: the crash, else the thread that was killed, else the last log line."

static const struct command rows[] = {
	{
		.name = "record",
		.usage = "[-o FILE] [options] [--] COMMAND [ARG...]",
		.summary = "run a command and record it",
		.description = "Runs COMMAND with the recorder in it and writes what it did to "
			       "acausal.db in"
			       " the\ncurrent folder, or to FILE. A recording that is there "
			       "already becomes"
			       " FILE.old.\nThe command needs no change. Processes that it makes "
			       "are recorded too,\nand recording goes on until the last of them "
			       "has ended; once COMMAND\nhas, Ctrl-C ends it and leaves "
			       "them alone. Nothing is written unless one of\nthem uses "
			       "libuv.\n"
			       "\n"
			       "Kept are also the lines that they write to the descriptors 1 and "
			       "2, to files\nopened for appending or named *.log, and to syslog.\n"
			       "\n"
			       "  acausal record ./server --port 3000\n"
			       "\n"
			       "Exit status: that of COMMAND; 128+N when signal N ended it; 125 "
			       "when acausal"
			       "\nfailed; 126 when COMMAND cannot be executed; 127 when it is not "
			       "found.",
		.options = record_options,
		.flags = COMMAND_SHELL | COMMAND_RAW,
		.most_words = -1,
		.completion = COMPLETE_FILE,
		.run = run_record,
	},
	{
		.name = "trace",
		.alias = "bt",
		.usage = "[options] [POINT]",
		.summary = "show the async stack of a point: how the program got there",
		.description = "Shows the stack at POINT, then the stack of the call that armed "
			       "the callback it"
			       "\nran in, and so on, back to main. Lines that begin with -- stand "
			       "between two"
			       "\ncallbacks: which call armed the run above, in which run, and how "
			       "long before."
			       "\nA cause that differs from the arming (!!) is shown beside it; "
			       "repeats are"
			       " folded.\n"
			       "\n" POINT_WORDS,
		.options = trace_options,
		.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
		.most_words = 1,
		.completion = COMPLETE_POINT,
		.run = trace_run,
	},
	{
		.name = "info",
		.usage = "[options] [POINT]",
		.summary = "tell all that is known of one thing",
		.description = "Tells who made it, when and where, what armed it, how often and "
			       "how long it ran"
			       "\nand when it ended.\n"
			       "\n" POINT_WORDS,
		.options = info_options,
		.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
		.most_words = 1,
		.completion = COMPLETE_POINT,
		.run = info_run,
	},
	{
		.name = "log",
		.usage = "[options] [PATTERN | --file PATH:LINE | -]",
		.summary = "list what the program wrote, or find a line of its log",
		.description =
			"Lists recorded lines with their moment, thread, point (log:N) and the"
			"\nresource whose callback wrote them (#ID); `trace` and `info` take both."
			"\nPATTERN is a regular expression as in Perl (PCRE2); (?i) in front of "
			"it, or"
			"\n-i, ignores case."
			"\n\n"
			"  acausal log 'timeout|refused'             lines that match\n"
			"  acausal log --trace 'query .* failed'     how the program came to write "
			"them\n"
			"  acausal log --file app.log:1042           that line of a file\n"
			"  grep ERROR app.log | acausal log -        lines from the input\n"
			"\n"
			"A file is known again after it was renamed or rotated. Where the same "
			"text was"
			"\nwritten several times, what is said is no more than what is sure: which "
			"of"
			"\nthem it is, or which it may be."
			"\n\n"
			"A line marked ? is not certain: one of several, or no more than likely, "
			"as "
			"where"
			"\nonly a line's end is the same. With --format json `sure` says so, and "
			"`why`."
			"\nLines marked ~ were seen only when a buffer was flushed; #? is a run "
			"that "
			"is"
			"\nnot known. On a terminal long lines are cut, in JSON they are whole."
			"\n\n"
			"Exit status: 1 when no line was found, when a line of the input was not, "
			"or when"
			"\na place may be several lines.",
		.options = log_options,
		.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
		.most_words = 1,
		.run = log_run,
	},
	{
		.name = "core",
		.usage = "[options] CORE",
		.summary = "show a core dump: each thread with its async stack",
		.description =
			"Shows the thread that crashed, those that were busy, and in a line each "
			"those that"
			"\nwaited. How they came there, the recording tells that -r names; "
			"without one, the"
			"\nhistory that the core of a recorded program carries. A core of a "
			"program that was"
			"\nnot recorded shows where its threads stood."
			"\n\n"
			"  acausal core core.4711\n"
			"  acausal core -r acausal.db core.4711      with all that was recorded\n"
			"  acausal trace -r core.4711 thread:3       as of a recording\n"
			"  acausal debug core.4711                   a prompt on it\n"
			"\n"
			"Files of the program are used when their build ID is that of the core.",
		.options = core_options,
		.flags = COMMAND_SHELL,
		.least_words = 1,
		.most_words = 1,
		.completion = COMPLETE_FILE,
		.run = core_run,
	},
	{
		.name = "snapshot",
		.usage = "[-o FILE] PID | IMAGE | --pause PID | --resume PID",
		.summary = "make a recording from a process that runs",
		.description =
			"Reads the recorder's memory in a process without stopping it, and makes "
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
	},
	{
		.name = "sql",
		.usage = "[options] [QUERY]",
		.summary = "ask the recording in SQL",
		.description =
			"Runs QUERY, or what stands on the input, on the recording, which is only "
			"read."
			"\nThe tables are documented in schema/README.md; .tables lists them and"
			"\n.schema [NAME] shows their columns.\n"
			"\n"
			"  acausal sql 'SELECT type, count(*) FROM resource_named GROUP BY type'\n"
			"  acausal sql --format csv < query.sql\n"
			"\n"
			"`text REGEXP pattern` matches as `log` does.",
		.options = sql_options,
		.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING | COMMAND_REST,
		.most_words = -1,
		.run = sql_run,
	},
	{
		.name = "query",
		.usage = "[options] [NAME [ARGUMENT | KEY=VALUE ...]]",
		.summary = "run a query of the library: leaks, stalls, latency and others",
		.description =
			"Without NAME it lists the library, with what each query takes; in "
			"brackets what "
			"may\nbe left out. Arguments are taken in that order, or by name.\n"
			"\n"
			"  acausal query leaks\n"
			"  acausal query stalls at_least=50ms\n"
			"  acausal query critical-path log:7\n"
			"  acausal query leaks leaked --fail-on-rows     1 when something leaked: "
			"for CI\n"
			"  acausal query --show leaks                    its text: to read, or to "
			"copy\n"
			"\n"
			"Queries of your own are files NAME.sql in $XDG_CONFIG_HOME/acausal/queries"
			"\n(~/.config/acausal/queries); one with the name of ours replaces it. "
			"Their comment"
			"\nsays what they take, as ours does.",
		.options = query_options,
		.flags = COMMAND_SHELL | COMMAND_PROMPT,
		.most_words = -1,
		.completion = COMPLETE_QUERY,
		.run = query_run,
	},
	{
		.name = "debug",
		.usage = "[options] [FILE | CORE]",
		.summary = "open a prompt on the recording",
		.description =
			"A prompt with the same commands. Enter alone repeats the last one; Tab "
			"completes;"
			"\na beginning that only one command has will do. The history is kept in"
			"\n$XDG_STATE_HOME/acausal/history. Without a terminal commands are read "
			"from the"
			"\ninput.",
		.options = prompt_options,
		.flags = COMMAND_SHELL,
		.most_words = 1,
		.completion = COMPLETE_FILE,
		.run = prompt_run,
	},
	{
		.name = "overview",
		.usage = "",
		.summary = "show the recording in short",
		.description = "What was recorded, when and how much of it, and what to type next.",
		.options = overview_options,
		.flags = COMMAND_PROMPT,
		.run = overview_run,
	},
	{
		.name = "help",
		.usage = "[COMMAND]",
		.summary = "tell about the commands, or one of them",
		.description = "Without COMMAND it lists the commands.",
		.options = help_options,
		.flags = COMMAND_SHELL | COMMAND_PROMPT,
		.most_words = 1,
		.completion = COMPLETE_COMMAND,
		.run = help_run,
	},
	{
		.name = "quit",
		.alias = "exit",
		.usage = "",
		.summary = "leave the prompt",
		.description = "So does Ctrl-D.",
		.flags = COMMAND_PROMPT | COMMAND_RAW,
		.run = prompt_quit,
	},
	{0},
};

static void show_record_help(void)
{
	manual_show(&rows[0], stdout);
}

const struct command_table command_table = {rows, manual_show};
