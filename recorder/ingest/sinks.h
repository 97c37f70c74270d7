/*
 * Where lines went to: the records of sinks in the arenas become sinks of the recording. The same
 * file under the same name is one sink, whichever process wrote to it; under another name it is
 * another. A file that was found shorter than it had been is one more sink of the same file: what
 * was written before is not in it.
 *
 * Memory is bounded by limits here, not by what an arena claims. Knows no SQLite. One thread.
 */
#ifndef ACAUSAL_INGEST_SINKS_H
#define ACAUSAL_INGEST_SINKS_H

#include "recorder/ingest/arena_reader.h"
#include "recorder/ingest/intern.h"

enum { SINKS_MAX = 1 << 16 }; /* of the recording, and records read of one process */

struct sink {
	uint64_t device, inode;
	int64_t born_ns;       /* 0: not known */
	int64_t met_ns;	       /* when a line was first written there, or ROW_UNKNOWN */
	uint64_t size_before;  /* bytes that a file had then */
	char *path, *moved_to; /* NULL: none */
	uint32_t kind;	       /* enum acausal_sink; else unknown */
	uint32_t next;	       /* the same file and name after it was cut short; 0: none */
	uint32_t counted_by;   /* the same for all with this path: by it lines are numbered */
	bool is_cut;	       /* its path is longer than what is known of it */
	bool is_news;	       /* since it was last written */
};

/* Of the whole recording. Numbers count from 1. */
struct sinks {
	struct sink *sinks;
	uint32_t count, capacity;
	struct intern keys, paths;
	bool have_news;
};

void sinks_init(struct sinks *);
void sinks_deinit(struct sinks *);

/*
 * The number of the sink that a record tells of; 0 when there are too many, or no memory.
 * `met_ns` is the record's `met` in the recording's time, `before` the number of the sink that the
 * record `before` is of; 0: none, or not known.
 */
uint32_t sinks_number(
	struct sinks *, const struct arena_sink *record, int64_t met_ns, uint32_t before);

/*
 * Looks where files are now whose name is another file's, or nobody's: renamed within their folder,
 * as rotated logs are. Asks the system for status and folders only, a bounded number of times.
 */
void sinks_find_moved(struct sinks *);

#endif
