/*
 * The recorder's arena in a core: found by its magic, put together from the pieces that were dumped
 * and handed to the ingester, so that the core becomes a recording. What is in the arena is not
 * trusted; see recorder/ingest/arena_reader.h. One thread.
 */
#ifndef ACAUSAL_CORE_CORE_ARENA_H
#define ACAUSAL_CORE_CORE_ARENA_H

#include "recorder/core/core_modules.h"
#include "recorder/ingest/arena_reader.h"
#include "recorder/snapshot/image.h"

enum { CORE_OPEN_RUNS = ARENA_OPEN_RUNS };

struct core_arena_slot {
	uint32_t os_tid, index;
};

struct core_arena {
	struct image image; /* holes are zero; without bytes there is no arena */
	uint64_t address;
	struct arena_reader reader;
	uint64_t started_ns; /* wall clock, since 1970 */
	uint32_t os_pid;
	uint32_t process_id;	       /* that its recorder gave it; 0: it had none */
	struct core_arena_slot *slots; /* of threads that live, by their numbers */
	size_t slot_count;
	bool was_drained; /* … which took events away, as it does unless in flight mode */
};

/* What a thread was in, as the process's own IDs. */
struct core_arena_thread {
	uint64_t root_run_id;
	uint32_t depth;			  /* callbacks that had begun; may exceed CORE_OPEN_RUNS */
	uint64_t run_ids[CORE_OPEN_RUNS]; /* the outermost first; 0: that one has no ID */
};

/* 1: there is one, to be ended with core_arena_deinit; 0: there is none; -1: one that is useless.
 */
int core_arena_init(struct core_arena *ret, const struct core_file *core, struct error *err);
void core_arena_deinit(struct core_arena *);

/* False when the thread is not known there. */
bool core_arena_thread(const struct core_arena *, uint32_t os_tid, struct core_arena_thread *ret);

/* Makes a recording of it at `path`, where nothing may be yet. `version` is acausal's. */
int core_arena_record(const struct core_arena *, const struct core_modules *modules,
	const char *path, const char *version, struct error *err);

#endif
