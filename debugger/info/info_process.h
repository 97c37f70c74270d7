/* `info process:N`: what is known of a process. */
#ifndef ACAUSAL_DEBUGGER_INFO_PROCESS_H
#define ACAUSAL_DEBUGGER_INFO_PROCESS_H

#include "debugger/info/inquiry.h"
#include "debugger/recording/point.h"

int info_process(struct inquiry *inquiry, const struct point *point, struct error *err);

#endif
