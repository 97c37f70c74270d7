/*
 * A stream whose bytes are kept until it is known whether they fit on a terminal: if so they are
 * written there when it ends, else they go through a pager, from then on as they come. So a pager
 * is never started for nothing, and what does not end can be read while it grows.
 */
#ifndef ACAUSAL_DEBUGGER_PAGED_STREAM_H
#define ACAUSAL_DEBUGGER_PAGED_STREAM_H

#include "recorder/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct paged_stream;

/* How much a terminal shows. */
struct paged_room {
	size_t lines, columns;
};

/*
 * For a terminal with that much room, which is `out` (borrowed, as `pager` is, a command of the
 * shell). `on_quit` is called once when the pager takes no more. NULL when there is no memory.
 *
 * Without `out` it is a pipe: `pager` is run in any case, and at once. SIGPIPE is ignored until the
 * stream is destroyed; so they end in the order opposite to that in which they began.
 */
struct paged_stream *paged_stream_create(FILE *out, const char *pager, struct paged_room room,
	void (*on_quit)(void), struct error *err);

/* What to write to. It has no descriptor. */
FILE *paged_stream_file(struct paged_stream *stream);

/* Shows all there is, waits for the pager's end, and begins anew. */
void paged_stream_settle(struct paged_stream *stream);

/*
 * The same, and ends it. True when the pager took no more before that. `ret_status` (may be NULL)
 * is its exit status, 0 when it was not needed.
 */
bool paged_stream_destroy(struct paged_stream *stream, int *ret_status);

#endif
