/* Commands by table: see command.h. Knows no single command. */
#include "debugger/command.h"

#include "debugger/recording/file_kind.h"
#include "debugger/text/spelling.h"

#include <string.h>

static bool is_offered(const struct command *command, int flags)
{
	return command->flags & flags & (COMMAND_SHELL | COMMAND_PROMPT);
}

static bool is_alias(const struct command *command, const char *name)
{
	const char *word = command->aliases;
	size_t length = strlen(name);

	for (; length && word && *word; word += strcspn(word, " "), word += strspn(word, " "))
		if (!strncmp(word, name, length) && (!word[length] || word[length] == ' '))
			return true;
	return false;
}

const struct command *command_find(const struct command_table *table, const char *name, int flags)
{
	const struct command *const *row, *command;

	for (row = table->rows; (command = *row); row++)
		if (is_offered(command, flags) &&
			(!strcmp(command->name, name) || is_alias(command, name)))
			return command;
	return NULL;
}

const struct command *command_find_beginning(
	const struct command_table *table, const char *name, int flags, struct error *err)
{
	const struct command *found = command_find(table, name, flags), *command;
	const struct command *const *row;
	struct strbuf names = {0};
	int count = 0;

	if (found)
		return found;
	for (row = table->rows; (command = *row); row++) {
		if (!is_offered(command, flags) || strncmp(command->name, name, strlen(name)))
			continue;
		strbuf_printf(&names, "%s%s", count++ ? ", " : "", command->name);
		found = command;
	}
	if (count > 1)
		error_set(err, "'%s' may be any of %s", name, strbuf_string(&names));
	else if (!count)
		command_unknown(table, name, flags, err);
	strbuf_deinit(&names);
	return count == 1 ? found : NULL;
}

int command_unknown(
	const struct command_table *table, const char *name, int flags, struct error *err)
{
	const struct command *const *row, *command, *nearest = NULL;
	const char *help = flags & COMMAND_PROMPT ? "help" : "acausal help";
	enum file_kind kind = file_kind_of(name);
	size_t distance, least = spelling_limit(name);

	if (!(flags & COMMAND_PROMPT) && (kind == FILE_RECORDING || kind == FILE_IMAGE))
		return error_set(err,
			"'%s' is %s: look at it with 'acausal trace -r %s' or"
			" 'acausal debug %s'",
			name, file_kind_words(kind), name, name);
	if (!(flags & COMMAND_PROMPT) && kind == FILE_CORE)
		return error_set(err,
			"'%s' is a core dump: look at it with 'acausal core %s' or 'acausal debug"
			" %s'",
			name, name, name);
	if (!(flags & COMMAND_PROMPT) && kind == FILE_EXECUTABLE)
		return error_set(err,
			"'%s' is no command, but an executable: record it with"
			" 'acausal record %s'",
			name, name);
	command = command_find(table, name, COMMAND_SHELL | COMMAND_PROMPT);
	if (command)
		return error_set(err,
			flags & COMMAND_PROMPT
				? "'%s' is for the shell: type '!acausal %s ...'"
				: "'%s' is for the prompt, which 'acausal debug' opens"
				  " ('acausal help %s' tells about it)",
			name, command->name);
	for (row = table->rows; (command = *row); row++) {
		if (!is_offered(command, flags))
			continue;
		distance = spelling_distance(name, command->name);
		if (distance < least) {
			least = distance;
			nearest = command;
		}
	}
	if (nearest)
		return error_set(err, "unknown command '%s': did you mean '%s'? ('%s' lists them)",
			name, nearest->name, help);
	return error_set(err, "unknown command '%s': '%s' lists them", name, help);
}

static int usage_error(const struct command *command, const char *why, struct error *err)
{
	struct error reason;

	error_set(&reason, "%s", why);
	error_set(err, "%s: %.700s (see 'acausal help %s')", command->name, reason.text,
		command->name);
	return 2;
}

static int check_words(const struct invocation *invocation, struct error *err)
{
	const struct command *command = invocation->command;
	int count = invocation->options.word_count;
	struct error reason;

	if (count < command->least_words)
		return usage_error(command, "it needs an argument", err);
	if (command->most_words < 0 || count <= command->most_words)
		return 0;
	error_set(&reason, "too many arguments, from '%.200s' on",
		invocation->options.words[command->most_words]);
	return usage_error(command, reason.text, err);
}

/* There is no recording to look at: was it given in an argument's place? */
static int recording_as_word(const struct invocation *invocation, struct error *err)
{
	const char *word = invocation->options.word_count ? invocation->options.words[0] : NULL;

	enum file_kind kind = word ? file_kind_of(word) : FILE_MISSING;

	if ((kind != FILE_RECORDING && kind != FILE_CORE && kind != FILE_IMAGE) ||
		option_value(&invocation->options, "r"))
		return 1;
	error_set(err, "%s: '%s' is %s: type -r %s", invocation->command->name, word,
		file_kind_words(kind), word);
	return 2;
}

static int run_on(struct session *session, const struct invocation *invocation, struct error *err)
{
	const struct command *command = invocation->command;
	int status;

	if (!(command->flags & COMMAND_RECORDING))
		return command->run(session, invocation, err);
	if (session_acquire(session, err))
		return recording_as_word(invocation, err);
	status = command->run(session, invocation, err);
	session_release(session);
	return status;
}

/* At the prompt -r is for that command alone: what the prompt is about, it remains about. */
static int run_parsed(
	struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *path = option_value(&invocation->options, "r");
	struct session visit;
	int status;

	if (path && session->at_prompt) {
		session_init_visit(&visit, session, path);
		status = run_on(&visit, invocation, err);
		session_deinit(&visit);
		return status;
	}
	if (path)
		session_set_path(session, path);
	return run_on(session, invocation, err);
}

int command_run(const struct command_table *table, const struct command *command,
	struct session *session, int argc, char **argv, struct error *err)
{
	struct invocation invocation = {
		.command = command, .table = table, .arguments = argv, .argument_count = argc};
	struct error reason;
	int status;

	err->text[0] = '\0';
	if (command->flags & COMMAND_RAW)
		return command->run(session, &invocation, err);
	if (option_parse(command->options, argc, argv, false, &invocation.options, &reason))
		return usage_error(command, reason.text, err);
	if (option_value(&invocation.options, "help")) {
		table->show_help(command, session->out);
		return 0;
	}
	status = check_words(&invocation, err);
	return status ? status : run_parsed(session, &invocation, err);
}
