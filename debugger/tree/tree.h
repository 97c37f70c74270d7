/* The commands `tree` and `children`: what came of a point. */
#ifndef ACAUSAL_DEBUGGER_TREE_H
#define ACAUSAL_DEBUGGER_TREE_H

#include "debugger/command.h"

extern const struct command tree_command;
extern const struct command children_command;

#endif
