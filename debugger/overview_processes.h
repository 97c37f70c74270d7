/* The processes of a recording, in the overview. */
#ifndef ACAUSAL_DEBUGGER_OVERVIEW_PROCESSES_H
#define ACAUSAL_DEBUGGER_OVERVIEW_PROCESSES_H

#include "debugger/recording/reader.h"
#include "debugger/text/page.h"

/* A line for each of the first, children below their parents. */
void overview_processes(struct page *page, struct reader *recording);

#endif
