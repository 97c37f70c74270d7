/*
 * acausal: how did the program get here? Finds the command that was typed, runs it, prints what
 * went wrong and ends with its status: 0 done, 1 it could not be done, 2 the command line is wrong.
 */
#include "debugger/command_table.h"
#include "debugger/manual.h"
#include "debugger/overview.h"
#include "debugger/prompt/prompt_line.h"
#include "debugger/recording/request_finder.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/text/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* An error's line may quote what a recording or a user said. */
static int fail(const struct error *err, int status)
{
	struct strbuf line = {0};

	fflush(stdout);
	printable_add_string(&line, err->text);
	fprintf(stderr, "acausal: %s\n", strbuf_string(&line));
	strbuf_deinit(&line);
	return status;
}

/* A whole table of an unfinished recording is about to be read. */
static void tell_slow(int64_t rows)
{
	struct strbuf count = {0};

	if (rows < 2000000)
		return;
	quantity_add_count(&count, rows);
	fprintf(stderr,
		"acausal: the recording is unfinished and has no index: reading about %s"
		" requests once\n",
		strbuf_string(&count));
	strbuf_deinit(&count);
}

/* The options before the command's name: -r FILE, --help, --version. Returns how many words. */
static int global_options(int argc, char **argv, const char **ret_path, struct error *err)
{
	int i = 1;

	*ret_path = NULL;
	while (i < argc && !strncmp(argv[i], "-r", 2)) {
		*ret_path = argv[i][2] ? argv[i] + 2 : argv[i + 1];
		if (!*ret_path)
			return error_set(err, "option '-r' needs its FILE");
		i += argv[i][2] ? 1 : 2;
	}
	return i;
}

static int run(int argc, char **argv, int first, struct session *session, struct error *err)
{
	struct invocation alone = {
		.table = &command_table, .options = {.rows = overview_command.options}};
	const char *name = first < argc ? argv[first] : NULL;
	const struct command *command;

	if (!name)
		return overview_run(session, &alone, err);
	if (!strcmp(name, "--version")) {
		puts("acausal " ACAUSAL_VERSION);
		return 0;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
		manual_list_shell(&command_table, stdout);
		return 0;
	}
	if (*name == '-') {
		error_set(err, "unknown option '%s': 'acausal help' tells what there is", name);
		return 2;
	}
	command = command_find(&command_table, name, COMMAND_SHELL);
	if (!command) {
		command_unknown(&command_table, name, COMMAND_SHELL, err);
		return 2;
	}
	return command_run(
		&command_table, command, session, argc - first - 1, argv + first + 1, err);
}

int main(int argc, char **argv)
{
	struct error err = {""};
	struct session session;
	const char *path;
	int first, status;

	printable_locale();
	request_finder_on_slow(tell_slow);
	first = global_options(argc, argv, &path, &err);
	if (first < 0)
		return fail(&err, 2);
	session_init(&session, path);
	session.ask = prompt_line_ask;
	status = run(argc, argv, first, &session, &err);
	session_deinit(&session);
	if (status && err.text[0])
		return fail(&err, status);
	if ((fflush(stdout) || ferror(stdout)) && !status) {
		error_set_errno(&err, errno, "cannot write the result");
		return fail(&err, 1);
	}
	return status;
}
