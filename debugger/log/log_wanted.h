/*
 * Texts that are looked for among the recorded lines, all in one pass over them. A text is looked
 * for once, however often it is asked for. Not for patterns: pattern.h.
 */
#ifndef ACAUSAL_DEBUGGER_LOG_WANTED_H
#define ACAUSAL_DEBUGGER_LOG_WANTED_H

#include "debugger/recording/reader.h"

#define WANTED_NONE SIZE_MAX

/* A recorded line that is a wanted text. */
struct log_hit {
	int64_t log_id, origin_id;
	size_t next; /* of the same text, later; WANTED_NONE ends */
	bool is_cut; /* only its beginning was kept, and its length is right */
};

struct wanted_text {
	const char *bytes; /* borrowed */
	size_t length;	   /* of the text; only `kept` bytes of it may be there */
	size_t kept;
	uint64_t hash;
	bool is_whole; /* a whole line: a recorded line that was cut may be it too */
	size_t first_hit, last_hit, hit_count;
};

/* Begins zeroed. */
struct log_wanted {
	struct wanted_text *texts;
	size_t count, capacity;
	size_t *slots; /* a hash table of indexes into texts, plus 1 */
	size_t slot_count;
	size_t *by_length; /* the whole ones */
	size_t whole_count;
	struct log_hit *hits; /* in the order of log_id */
	size_t hit_count, hit_capacity;
	uint64_t *recorded; /* a hash table of the hashes of recorded texts; NULL: not known */
	size_t recorded_size, recorded_count;
};

void log_wanted_deinit(struct log_wanted *wanted);

/*
 * Looks for `length` bytes, of which `kept` are at `bytes` (fewer: a line that is longer than what
 * is read of one). Returns the index of the text, WANTED_NONE when memory runs out.
 */
size_t log_wanted_add(struct log_wanted *wanted, const char *bytes, size_t length, size_t kept,
	uint64_t hash, bool is_whole);

/* The wanted text that is these bytes; WANTED_NONE when it is none. */
size_t log_wanted_find(
	const struct log_wanted *wanted, const char *bytes, size_t length, uint64_t hash);

/*
 * Goes over all recorded lines for nothing but which texts there are, so that of very many texts
 * those need not be wanted that were never recorded.
 */
int log_wanted_learn(struct log_wanted *wanted, struct reader *recording, struct error *err);

/* May a text of that hash have been recorded? Yes, when nothing was learned. */
bool log_wanted_may_be(const struct log_wanted *wanted, uint64_t hash);

/* Goes over all recorded lines once. */
int log_wanted_scan(struct log_wanted *wanted, struct reader *recording, struct error *err);

#endif
