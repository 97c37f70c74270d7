/*
 * Which recorded line is the one at a place in a file, when the same text may stand there, and may
 * have been recorded, many times. Pure; names a line only when no other can be it.
 *
 * Lines of one writer stand in a file in the order in which they were written; those of several
 * writers in any. What is known of a candidate beside its writer are the nearest lines of that
 * writer before and behind it whose text occurs once in the recording and once in the file: between
 * those two it must stand.
 */
#ifndef ACAUSAL_DEBUGGER_LOG_PLACE_H
#define ACAUSAL_DEBUGGER_LOG_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACE_BEFORE 0	       /* a bound that is none */
#define PLACE_BEHIND INT64_MAX /* … at the other side */

/* A recorded line of the text, in the order of recording. */
struct place_candidate {
	int64_t log_id;
	uint64_t group;	   /* the file that it was written to … */
	int64_t writer;	   /* … and by whom */
	int64_t low, high; /* it stands between these lines of the file */
	bool is_unordered; /* its writer's lines may stand in another order */
	bool is_cut;	   /* it is known only in part that it is this text */
};

struct place_question {
	int64_t line;
	const int64_t *lines; /* where the text stands in the file, `line` too, rising */
	size_t line_count;
	const struct place_candidate *candidates;
	size_t count;
	bool has_bounds; /* low and high are known */
};

enum place_sure {
	PLACE_NOT_FOUND,
	PLACE_EXACT,
	PLACE_NARROWED,
	PLACE_LIKELY, /* the only one of its text, but the text need not be ours; never said here */
	PLACE_AMBIGUOUS,
};

enum place_why {
	PLACE_NOTHING,	 /* there is no candidate */
	PLACE_ONCE,	 /* recorded once, and once in the file */
	PLACE_COUNTED,	 /* one writer, and as often in the file as recorded */
	PLACE_BETWEEN,	 /* the lines around it leave but one */
	PLACE_FEWER,	 /* fewer in the file than were recorded */
	PLACE_MORE,	 /* more in the file than were recorded */
	PLACE_WRITERS,	 /* several writers, and their order is not certain */
	PLACE_UNORDERED, /* … of several calls */
	PLACE_CUT,	 /* of several lines only the beginning was kept */
	PLACE_ELSEWHERE, /* the lines around it say that it is none of them */
	PLACE_UNBOUNDED, /* nothing around it is known on one side; never said here */
};

struct place_answer {
	enum place_sure sure;
	enum place_why why;
	size_t chosen; /* of the candidates, when exact or narrowed */
	size_t index;  /* the how manieth of the file's it is, from 0 */
	bool is_short; /* lines were lost on one side of it, or are not written yet */
};

struct place_answer log_place_decide(const struct place_question *question);

/* May it stand there, for all that is known? */
bool log_place_fits(const struct place_question *question, const struct place_candidate *candidate);

#endif
