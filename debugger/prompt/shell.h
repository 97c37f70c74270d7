/* `shell`, which `!` begins too, and `pipe`. */
#ifndef ACAUSAL_DEBUGGER_SHELL_H
#define ACAUSAL_DEBUGGER_SHELL_H

#include "debugger/command.h"

extern const struct command shell_command;
extern const struct command pipe_command;

/*
 * Runs a command of the shell, or without one $SHELL, on our terminal. Returns 0 or 1; `err` is
 * empty when it ran and failed, which it has told by itself.
 */
int shell_run(const char *text, struct error *err);

#endif
