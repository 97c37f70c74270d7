/*
 * The async stack: from a point of interest back to a root run, in segments. A pure function of
 * (recording, point, options); it neither prints nor asks. Everything that shows or exports async
 * stacks works on what it gives.
 *
 * segments[0] is the stack at the point itself. Of every other segment, `in` says inside which run
 * its frames stood, and `edge`, `armed`, `api`, `ns`, `wait_ns` and `cause` say how the run of the
 * segment before it came of this one. Innermost frames first.
 */
#ifndef ACAUSAL_DEBUGGER_LINEAGE_H
#define ACAUSAL_DEBUGGER_LINEAGE_H

#include "debugger/point.h"
#include "debugger/segment.h"

/* Why an async stack ends before a root run. X(TAG, code in JSON) */
#define LINEAGE_ENDS(X)                                                                            \
	X(NONE, NULL)                                                                              \
	X(UNKNOWN_LINK, "unknown_link")                                                            \
	X(GAP, "gap")                                                                              \
	X(BEFORE_RECORDING, "before_recording")                                                    \
	X(DEPTH, "depth")                                                                          \
	X(FOREIGN_THREAD, "foreign_thread")                                                        \
	X(CUT_SHORT, "cut_short")                                                                  \
	X(NOT_WRITTEN_YET, "not_written_yet")                                                      \
	X(OUTSIDE, "outside")                                                                      \
	X(DAMAGED, "damaged")

#define X(tag, code) LINEAGE_##tag,
enum lineage_end { LINEAGE_ENDS(X) LINEAGE_END_COUNT };
#undef X

struct lineage_options {
	enum lineage_edge by; /* EDGE_LINK, EDGE_CAUSE or EDGE_TRIGGER */
	bool full;	      /* fold nothing */
	int64_t depth;	      /* segments after the first; UNKNOWN: as many as is sensible */
};

struct lineage {
	struct point point; /* as resolved */
	int64_t process_id;
	struct segment *segments;
	size_t count;
	int64_t hops;	 /* edges gone back in all, those folded away too */
	int64_t firings; /* segments shown whose cause differs from their link */
	bool complete;	 /* reached a root run that nothing recorded started */
	enum lineage_end end;
	char ended[512]; /* why not complete, in words; printable */

	/* what the point itself is; which of them is told by point.kind */
	struct resource_row resource;
	struct crash_row crash;
	struct log_row log;
	struct thread_row thread; /* on which it was, whatever it is */
	struct process_row process;
};

/*
 * `point` may be unresolved. An error when there is no such thing in the recording. Frames are
 * borrowed from `cache`, strings from the recording. To be ended with lineage_deinit.
 */
int lineage_init(struct lineage *lineage, struct reader *recording, struct frames_cache *cache,
	const struct point *point, const struct lineage_options *options, struct error *err);
void lineage_deinit(struct lineage *lineage);

/* The code of an end for JSON; NULL when it is complete. */
const char *lineage_end_code(enum lineage_end end);

/* Loads a run with what it was a run of. As a lookup_… */
int lineage_execution(struct reader *recording, struct frames_cache *cache, int64_t run_id,
	int64_t thread_id, struct execution *ret, struct error *err);

#endif
