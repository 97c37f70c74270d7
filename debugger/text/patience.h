/*
 * What a command says while it takes its time: on standard error when that is a terminal, after a
 * second, how far it has come and that Ctrl-C ends it. The line is gone when the command is done.
 */
#ifndef ACAUSAL_DEBUGGER_PATIENCE_H
#define ACAUSAL_DEBUGGER_PATIENCE_H

#include <stdint.h>

struct patience {
	const char *what; /* is counted: "armings read" */
	int64_t count;
	int64_t began_ns, told_ns; /* by the monotonic clock; 0: not yet */
	int columns;		   /* of the line that stands there */
};

/* One more; costs next to nothing. Begins as {.what = …}; `what` may change on the way. */
void patience_count(struct patience *patience);

/* Takes the line away. Must come before anything else is written. */
void patience_end(struct patience *patience);

#endif
