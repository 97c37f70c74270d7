/*
 * The calls that made processes, as the processes that called them told: kept until what came of
 * them says so, which may be before or after, and after the caller has ended. The newest 16,384 of
 * the whole recording. One thread.
 */
#ifndef ACAUSAL_INGEST_SPAWNS_H
#define ACAUSAL_INGEST_SPAWNS_H

#include "recorder/ingest/intern.h"

#include <stdbool.h>
#include <stdint.h>

/* IDs, times and numbers are those of the recording; 0 is unknown. */
struct spawn {
	uint64_t key;	  /* of its process and number; 0: an empty place */
	int64_t run_id;	  /* in which it was called */
	int64_t async_id; /* of the uv_process_t */
	int64_t spawned_ns;
	uint32_t process_id, thread_id, stack_id;
	uint16_t api;
	bool is_taken; /* a process has come of it */
	bool has_exit; /* how that one ended was told: */
	int exit_code, exit_signal;
	uint32_t child; /* process_id of it; 0: none has come */
};

struct spawns {
	struct spawn *places; /* a ring */
	uint32_t next;
	struct idmap of_key, of_async;
};

bool spawns_init(struct spawns *); /* false: no memory */
void spawns_deinit(struct spawns *);

/*
 * A call, number `spawn_id` of its process. False when that number was there already, or is none.
 * `key` is filled here.
 */
bool spawns_add(struct spawns *, uint64_t spawn_id, const struct spawn *);

/* Borrowed until the next spawns_add; NULL when there is none, or no more. */
struct spawn *spawns_find(struct spawns *, uint32_t process_id, uint64_t spawn_id);
struct spawn *spawns_of_async(struct spawns *, int64_t async_id);

/*
 * The one call of this process by which libc makes a process unseen (system, popen), that was made
 * before `ns` and that nothing has come of yet; NULL when there are several. `*unmatched`, 0 at
 * first, counts what came of several: when it is as many as there are calls, none of them is left,
 * so that those made later are told apart again.
 */
struct spawn *spawns_only_unseen(
	struct spawns *, uint32_t process_id, int64_t ns, uint32_t *unmatched);

#endif
