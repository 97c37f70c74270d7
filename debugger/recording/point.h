/* POINT: what a user names on the command line, `42`, `2:42`, `run:97`, `log:7`, `crash` … */
#ifndef ACAUSAL_DEBUGGER_POINT_H
#define ACAUSAL_DEBUGGER_POINT_H

#include "debugger/recording/reader.h"
#include "debugger/text/strbuf.h"

#include <stdint.h>

enum point_kind {
	POINT_DEFAULT,
	POINT_ASYNC,
	POINT_RUN,
	POINT_LOG,
	POINT_CRASH,
	POINT_THREAD,
	POINT_PROCESS
};

struct point {
	enum point_kind kind;
	int64_t id; /* as stored; UNKNOWN after `crash` without a number */
};

/* Reads the words of a point; knows no recording. NULL is POINT_DEFAULT. */
int point_parse(const char *text, struct point *ret, struct error *err);

/*
 * Finds what the default and `crash` stand for in this recording. Whether there is such a thing is
 * not looked up for the others.
 */
int point_resolve(struct reader *recording, struct point *point, struct error *err);

/* Says that the recording has no such thing, and what it has. Returns -1. */
int point_not_there(struct reader *recording, const struct point *point, struct error *err);

/* As it is to be typed: "42", "run:2:97". */
void point_add(struct strbuf *buffer, const struct point *point);

/* An async ID or a run as it is to be typed: "2:42", "run:97". */
void point_add_async(struct strbuf *buffer, int64_t async_id);
void point_add_run(struct strbuf *buffer, int64_t run_id);

#endif
