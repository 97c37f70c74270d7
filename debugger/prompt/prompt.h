/* `debug`: a prompt over the same commands, and `quit`, which leaves it. */
#ifndef ACAUSAL_DEBUGGER_PROMPT_H
#define ACAUSAL_DEBUGGER_PROMPT_H

#include "debugger/command.h"

extern const struct command debug_command;
extern const struct command quit_command;

#endif
