/* `record`, as a command: its options are read by the launcher (record.h). */
#include "debugger/record_command.h"

#include "debugger/manual.h"
#include "debugger/trace.h"
#include "recorder/launch/record.h"

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

static void show_help(void)
{
	manual_show(&record_command, stdout);
}

/* `record` reads its own options, because those of the recorded command follow them. */
static int run_record(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	(void)session;
	(void)err;
	record_set_crash_printer(trace_print_crash);
	record_set_help_printer(show_help);
	/* The word before the arguments is the command's name. */
	return record_main(invocation->argument_count + 1, invocation->arguments - 1);
}

const struct command record_command = {
	.name = "record",
	.group = GROUP_RECORD,
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
};
