/*
 * Lines for the prompt: see prompt_line.h. The only file that knows readline, which keeps its state
 * in globals; so does this.
 */
#include "debugger/prompt/prompt_line.h"

#include "debugger/sql/query.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* After stdio. */
#include <readline/history.h>
#include <readline/readline.h>

#define HISTORY_MAX 1000

static const struct command_table *commands;
static char history_file[PATH_MAX];

static const char *const points[] = {
	"crash", "run:", "log:", "thread:", "process:", "crash:", NULL};

static char *next_command(const char *text, int state)
{
	static size_t i;
	const struct command *command;

	for (i = state ? i + 1 : 0; (command = commands->rows[i]); i++)
		if (command->flags & COMMAND_PROMPT && !strncmp(command->name, text, strlen(text)))
			return strdup(command->name);
	i--; /* stay at the end */
	return NULL;
}

static char *next_point(const char *text, int state)
{
	static size_t i;

	for (i = state ? i + 1 : 0; points[i]; i++)
		if (!strncmp(points[i], text, strlen(text)))
			return strdup(points[i]);
	i--;
	return NULL;
}

static const struct option_row *completed_options;

static char *next_option(const char *text, int state)
{
	static const struct option_row *row;
	char word[64];

	row = state ? row + 1 : completed_options;
	for (; row->name || row->letter; row++) {
		if (!row->name)
			continue;
		snprintf(word, sizeof word, "--%s", row->name);
		if (!strncmp(word, text, strlen(text)))
			return strdup(word);
	}
	row--;
	return NULL;
}

static char *next_query(const char *text, int state)
{
	static int index;

	index = state ? index + 1 : 0;
	return query_complete(text, index);
}

/* The command that the line begins with. */
static const struct command *command_of_line(void)
{
	const char *line = rl_line_buffer + strspn(rl_line_buffer, " \t");
	char name[32];

	snprintf(name, sizeof name, "%.*s", (int)strcspn(line, " \t"), line);
	return command_find_beginning(commands, name, COMMAND_PROMPT, NULL);
}

/* Does nothing but the command's name and its options stand before `start`? */
static bool is_first_word(int start)
{
	const char *line = rl_line_buffer + strspn(rl_line_buffer, " \t"), *word;

	word = line + strcspn(line, " \t");
	for (;;) {
		word += strspn(word, " \t");
		if (word >= rl_line_buffer + start)
			return true;
		if (*word != '-')
			return false;
		word += strcspn(word, " \t");
	}
}

static char **complete(const char *text, int start, int end)
{
	const struct command *command;

	(void)end;
	rl_attempted_completion_over = 1; /* no file names, unless asked for */
	if ((size_t)start <= strspn(rl_line_buffer, " \t"))
		return rl_completion_matches(text, next_command);
	command = command_of_line();
	if (!command)
		return NULL;
	if (*text == '-' && command->options) {
		completed_options = command->options;
		return rl_completion_matches(text, next_option);
	}
	switch (command->completion) {
	case COMPLETE_POINT:
		rl_completion_append_character = '\0';
		return rl_completion_matches(text, next_point);
	case COMPLETE_COMMAND:
		return rl_completion_matches(text, next_command);
	case COMPLETE_QUERY: /* its arguments are anything */
		return is_first_word(start) ? rl_completion_matches(text, next_query) : NULL;
	case COMPLETE_FILE:
		rl_attempted_completion_over = 0;
		return NULL;
	default:
		return NULL;
	}
}

/* Ctrl-C empties the line. */
static int on_signal(void)
{
	rl_crlf();
	rl_replace_line("", 0);
	rl_on_new_line();
	rl_redisplay();
	return 0;
}

/* $XDG_STATE_HOME/acausal/history; its folder is made. False when there is no home. */
static bool find_history(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char folder[PATH_MAX - 16];
	char *slash;

	if (state && *state == '/')
		snprintf(folder, sizeof folder, "%s/acausal", state);
	else if (home && *home == '/')
		snprintf(folder, sizeof folder, "%s/.local/state/acausal", home);
	else
		return false;
	for (slash = folder + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(folder, 0700);
		*slash = '/';
	}
	if (mkdir(folder, 0700) && errno != EEXIST)
		return false;
	snprintf(history_file, sizeof history_file, "%s/history", folder);
	return true;
}

void prompt_line_begin(const struct command_table *table)
{
	int descriptor;

	commands = table;
	if (!isatty(STDIN_FILENO))
		return;
	rl_readline_name = "acausal";
	rl_attempted_completion_function = complete;
	rl_completer_word_break_characters = " \t\n\"'";
	rl_signal_event_hook = on_signal;
	using_history();
	stifle_history(HISTORY_MAX);
	if (!find_history()) {
		history_file[0] = '\0';
		return;
	}
	descriptor = open(history_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (descriptor >= 0)
		close(descriptor);
	read_history(history_file);
}

void prompt_line_end(void)
{
	if (!history_file[0])
		return;
	write_history(history_file);
	chmod(history_file, 0600);
	history_file[0] = '\0';
}

char *prompt_line_read(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	if (isatty(STDIN_FILENO)) {
		rl_instream = stdin;
		return readline("(acausal) ");
	}
	length = getline(&line, &size, stdin);
	if (length < 0) {
		free(line);
		return NULL;
	}
	if (length && line[length - 1] == '\n')
		line[length - 1] = '\0';
	return line;
}

void prompt_line_remember(const char *line)
{
	HIST_ENTRY *last = history_length ? history_get(history_length) : NULL;

	if (isatty(STDIN_FILENO) && (!last || strcmp(last->line, line)))
		add_history(line);
}
