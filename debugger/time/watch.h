/* `watch` and `unwatch`: which resources stop steps. */
#ifndef ACAUSAL_DEBUGGER_WATCH_H
#define ACAUSAL_DEBUGGER_WATCH_H

#include "debugger/command.h"

extern const struct command watch_command;
extern const struct command unwatch_command;

#endif
