/* `log`: recorded lines by a pattern, by their place in a file, or as they stand on the input. */
#ifndef ACAUSAL_DEBUGGER_LOG_H
#define ACAUSAL_DEBUGGER_LOG_H

#include "debugger/command.h"

extern const struct command log_command;

#endif
