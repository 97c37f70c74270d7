/* `threads`: each thread of each process, and what it did last. */
#ifndef ACAUSAL_DEBUGGER_THREADS_H
#define ACAUSAL_DEBUGGER_THREADS_H

#include "debugger/command.h"

extern const struct command threads_command;

#endif
