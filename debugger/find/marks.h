/*
 * Which names of a recording match the terms: types, functions, files, details, contexts, threads
 * and processes, and so which origins and entries (schema/tables.sql). There are few names and many
 * resources: those are gone over only with these numbers at hand.
 */
#ifndef ACAUSAL_DEBUGGER_MARKS_H
#define ACAUSAL_DEBUGGER_MARKS_H

#include "debugger/find/terms.h"
#include "debugger/recording/id_map.h"
#include "debugger/recording/reader.h"

typedef uint16_t marks_set; /* bit N: term N matches */

#define MARKS_FAR UINT8_MAX /* no frame matches */

/* By ID, from 0 up to `count`. */
struct marks_table {
	marks_set *sets;
	uint8_t *
		frames_out; /* how many frames out the nearest matching frame is; NULL: not asked */
	int64_t count;
};

struct marks {
	const struct terms *terms;
	struct marks_table types, apis, frames, stacks, origins, arming_origins, entries, threads,
		contexts;
	int64_t *origin_types, *origin_stacks, *origin_addresses; /* by origin */
	struct id_map
		resources; /* those that match by themselves: detail, context, thread, process */
	struct id_map processes; /* by process, all that is of it */
	marks_set met;		 /* terms that match any name at all */
	marks_set whole;	 /* terms that only a row tells: address, alive */
	bool has_resources, has_processes, has_entries, has_arming_origins;
};

/* To be ended with marks_deinit, also after an error. */
int marks_init(struct marks *marks, struct reader *recording, const struct terms *terms,
	struct error *err);
void marks_deinit(struct marks *marks);

/* Of an ID that may be unknown or not there: 0. */
marks_set marks_of(const struct marks_table *table, int64_t id);
uint8_t marks_frames_out(const struct marks_table *table, int64_t id);

#endif
