/* `trace`: the async stack of a point. */
#ifndef ACAUSAL_DEBUGGER_TRACE_H
#define ACAUSAL_DEBUGGER_TRACE_H

#include "debugger/command.h"

extern const struct command trace_command;

/*
 * For `record`: prints the last crash's async stack of the recording at `path` to stdout. Returns
 * 0, or -1 when there is none or it cannot be read; says nothing then.
 */
int trace_print_crash(const char *path);

#endif
