/* `set` and `show`: what the user wants of the prompt. One table of settings. */
#ifndef ACAUSAL_DEBUGGER_SETTINGS_H
#define ACAUSAL_DEBUGGER_SETTINGS_H

#include "debugger/command.h"

extern const struct command set_command;
extern const struct command show_command;

struct settings {
	bool echo;	 /* the commands of a file are shown before they are done */
	bool no_history; /* what is typed is not kept */
};

/* Those in force; all zero while nothing was set. Borrowed until the next `set`. */
const struct settings *settings_of(const struct session *session);

/* For completion: setting number `index`, its values ("on|off") and what it is; NULL at the end. */
const char *settings_name(size_t index, const char **ret_values, const char **ret_summary);

#endif
