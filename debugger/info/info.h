/* `info`: everything known of one resource, run, thread, crash or log line. */
#ifndef ACAUSAL_DEBUGGER_INFO_H
#define ACAUSAL_DEBUGGER_INFO_H

#include "debugger/command.h"

extern const struct command info_command;

#endif
