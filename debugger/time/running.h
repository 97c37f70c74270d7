/* `running`: what each thread was executing at a moment. */
#ifndef ACAUSAL_DEBUGGER_RUNNING_H
#define ACAUSAL_DEBUGGER_RUNNING_H

#include "debugger/command.h"

extern const struct command running_command;

#endif
