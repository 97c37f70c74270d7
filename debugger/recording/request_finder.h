/*
 * Which request's run has a certain run ID, in a recording that has no index yet: one that grows or
 * was cut short.
 *
 * Requests are stored by async ID, and both IDs grow with time, so a look at the rows around the
 * place where run IDs pass the wanted one mostly finds it in milliseconds. Requests that waited
 * long are not there: then the table is read once (about a second for 10 million rows) and the
 * least and greatest run ID of every block of rows are kept, so that later look-ups read few
 * blocks.
 */
#ifndef ACAUSAL_DEBUGGER_REQUEST_FINDER_H
#define ACAUSAL_DEBUGGER_REQUEST_FINDER_H

#include "debugger/recording/reader.h"

/* 1 and the request's async ID; 0: no request has this run; -1: an error. */
int request_finder_find(struct reader *recording, int64_t run_id, int64_t *ret, struct error *err);

/* Called once before a whole table is read, with a guess at its rows. NULL: nobody is told. */
void request_finder_on_slow(void (*tell)(int64_t rows));

#endif
