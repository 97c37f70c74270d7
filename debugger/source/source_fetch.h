/*
 * Source files from debuginfod servers, by libdebuginfod, which is loaded when it is asked for and
 * need not be there. Never without DEBUGINFOD_URLS: what one looks at is nobody else's business
 * unless the user says so.
 */
#ifndef ACAUSAL_DEBUGGER_SOURCE_FETCH_H
#define ACAUSAL_DEBUGGER_SOURCE_FETCH_H

#include "recorder/base/error.h"

#include <stdbool.h>

/* Whether the user has named servers. */
bool source_fetch_is_wanted(void);

/*
 * The source file at `path` (absolute, as the compiler saw it) of the module with that build ID:
 * 1 and a descriptor, 0 when no server has it, -1 an error. `on_begin` is called once when it is
 * not in the client's cache and has to be fetched. What reader_interrupt stops, stops this.
 */
int source_fetch(const char *build_id, const char *path, void (*on_begin)(const char *path),
	int *ret, struct error *err);

#endif
