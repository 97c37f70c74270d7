/*
 * What this process was told by its environment (wire/arena.h), read once at its start. Private
 * memory: the children of a fork know it too.
 */
#ifndef ACAUSAL_RUNTIME_SETTINGS_H
#define ACAUSAL_RUNTIME_SETTINGS_H

#include "recorder/wire/arena.h"

#include <stdbool.h>

struct settings {
	bool is_asked;	 /* this process is to be recorded */
	bool follows;	 /* and so are its children */
	bool is_alone;	 /* it is not, but knows what is alive: runtime_start_alone */
	bool is_stray;	 /* it has the library, but only another process is to be recorded */
	uint32_t os_pid; /* of the process that was told so; its children know this too */
	enum arena_on_full on_full;
	uint64_t flight_size; /* ACAUSAL_FLIGHT, in bytes; 0: not in flight mode */
	char socket[128];     /* "NAME.TOKEN"; "": no recorder is there */
	char library[4096];   /* this library, for LD_PRELOAD; "" when it cannot be named there */
	struct arena_origin from;
	/* Which lines are kept, and how: ACAUSAL_LOG, ACAUSAL_LOG_MAX, ACAUSAL_TAG_LINES. */
	char log[1024];	 /* "+" or "-", and patterns with a newline before each */
	bool keeps_logs; /* any at all */
	bool tags_lines;
	uint64_t log_max;
};
extern struct settings settings;

/* Not async-signal-safe. Called once, before anybody reads `settings`. */
void settings_read(void);

#endif
