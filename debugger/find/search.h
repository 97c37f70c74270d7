/* The resources that match the terms, coalesced by their type and the stack that made them. */
#ifndef ACAUSAL_DEBUGGER_SEARCH_H
#define ACAUSAL_DEBUGGER_SEARCH_H

#include "debugger/find/marks.h"

/* Through what a resource matched, when not through itself and the stack that made it. */
enum found_by { FOUND_BY_CREATION, FOUND_BY_ARMING, FOUND_BY_RUN };

struct found {
	int64_t type_id, stack_id;
	int64_t count, alive; /* resources; those of them that were never destroyed */
	int64_t newest_id, oldest_id;
	uint8_t frames_out; /* the nearest matching frame; MARKS_FAR: none */
	enum found_by by;
	int64_t by_id; /* the origin of the arming, the entry of the run; of the newest */
};

struct search {
	struct found *rows; /* the nearest and most frequent first */
	size_t count, capacity;
	int64_t total;	 /* resources */
	int64_t *newest; /* IDs, the newest first */
	size_t newest_count;

	uint32_t *slots; /* a hash table of rows, plus 1 */
	size_t slot_count;
	struct id_map others; /* what a resource's armings and runs match, and by what */
	int64_t *rings[2];    /* the last IDs of either table */
	size_t ring_counts[2], wanted;
};

/* Keeps the IDs of the `newest` newest. To be ended with search_deinit, also after an error. */
int search_init(struct search *search, struct reader *recording, struct marks *marks, size_t newest,
	struct error *err);
void search_deinit(struct search *search);

#endif
