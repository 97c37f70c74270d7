/*
 * An async stack as it is handed on: segments from a point of interest back to a root run, and why
 * they end where they do.
 *
 * segments[0] is the stack at the point itself. Of every other segment, `in` says inside which run
 * its frames stood, and `edge`, `armed`, `api`, `ns`, `wait_ns` and `firing` say how the run of the
 * segment before it came of this one. Innermost frames first.
 */
#ifndef ACAUSAL_DEBUGGER_ASYNC_STACK_H
#define ACAUSAL_DEBUGGER_ASYNC_STACK_H

#include "debugger/lineage/segment.h"
#include "debugger/recording/point.h"

/* Why an async stack ends before a root run. X(TAG, code in JSON) */
#define LINEAGE_ENDS(X)                                                                            \
	X(NONE, NULL)                                                                              \
	X(UNKNOWN_LINK, "unknown_link")                                                            \
	X(GAP, "gap")                                                                              \
	X(PAUSED, "paused")                                                                        \
	X(OVERWRITTEN, "overwritten")                                                              \
	X(BEFORE_RECORDING, "before_recording")                                                    \
	X(DEPTH, "depth")                                                                          \
	X(FOREIGN_THREAD, "foreign_thread")                                                        \
	X(NOT_RECORDED, "not_recorded")                                                            \
	X(NOT_IN_CORE, "not_in_core")                                                              \
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
	struct wait *waits;		 /* of the segments */
	struct context_values *contexts; /* the different ones of the segments */
	size_t context_count;
	int64_t context_rows_left; /* that may be read for them */
	bool has_contexts;	   /* the recording has any */
	int64_t hops;		   /* edges gone back in all, those folded away too */
	int64_t firings;	   /* segments shown whose cause differs from their link */
	bool complete;		   /* reached a root run that nothing recorded started */
	enum lineage_end end;
	char ended[512]; /* why not complete, in words; printable */

	/* what the point itself is; which of them is told by point.kind */
	struct resource_row resource;
	struct crash_row crash;
	struct log_row log;
	struct thread_row thread; /* on which it was, whatever it is */
	struct process_row process;
	const char *command; /* of the process, in words */
};

#endif
