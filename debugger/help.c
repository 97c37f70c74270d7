/* `help`: see help.h. All it says of commands comes from the table. */
#include "debugger/help.h"

#include "debugger/manual.h"
#include "debugger/text/version.h"

#include <string.h>

static const struct option_row help_options[] = {
	{"man", 0, NULL, "the manual page instead, for man(1)"},
	{"help", 'h', NULL, "this help"},
	{0},
};

void help_show_all(const struct command_table *table, FILE *out)
{
	fputs("acausal: how did the program get here?\n\nusage: acausal COMMAND [ARGUMENTS]\n\n",
		out);
	manual_list(table, COMMAND_SHELL, out);
	fputs("\n  acausal help COMMAND   more about one\n"
	      "  acausal --version      " ACAUSAL_VERSION "\n"
	      "\nBegin with: acausal record ./program\n",
		out);
}

static int help_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	bool man = option_value(&invocation->options, "man");
	int flags = session->at_prompt ? COMMAND_PROMPT : COMMAND_SHELL;
	const struct command *command = NULL;

	if (invocation->options.word_count &&
		!(man && !strcmp(invocation->options.words[0], "acausal"))) {
		command = command_find_beginning(
			invocation->table, invocation->options.words[0], flags, err);
		if (!command)
			return 2;
	}
	if (man)
		manual_write_roff(invocation->table, command, session->out);
	else if (command)
		manual_show(command, session->out);
	else if (session->at_prompt)
		manual_list(invocation->table, COMMAND_PROMPT, session->out);
	else
		help_show_all(invocation->table, session->out);
	return 0;
}

const struct command help_command = {
	.name = "help",
	.aliases = "h",
	.group = GROUP_PROMPT,
	.usage = "[COMMAND]",
	.summary = "tell about the commands, or one of them",
	.description = "Without COMMAND it lists the commands.",
	.options = help_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT,
	.most_words = 1,
	.completion = COMPLETE_COMMAND,
	.run = help_run,
};
