/* `live`: what was alive, armed and on its way at a moment. */
#ifndef ACAUSAL_DEBUGGER_LIVE_H
#define ACAUSAL_DEBUGGER_LIVE_H

#include "debugger/command.h"

extern const struct command live_command;

#endif
