/*
 * TIME: how a moment is typed. "+81.200331 s", as moments are printed, "1.2s", "350ms", "81.2"
 * since the recording began; "-5ms" before the cursor and ".+5ms" after it;
 * "2026-11-22T00:11:21.2Z" by the clock; "start", "end".
 */
#ifndef ACAUSAL_DEBUGGER_MOMENT_H
#define ACAUSAL_DEBUGGER_MOMENT_H

#include "debugger/recording/reader.h"
#include "debugger/text/strbuf.h"

#include <stdint.h>

enum moment_kind {
	MOMENT_ABSOLUTE, /* ns since the recording began */
	MOMENT_RELATIVE, /* ns after the cursor */
	MOMENT_CLOCK,	 /* ns since 1970 */
	MOMENT_START,
	MOMENT_END
};

struct moment {
	enum moment_kind kind;
	int64_t ns;
};

/* Reads a moment, "+81.2 s" too; knows no recording. */
int moment_read(const char *text, struct moment *ret, struct error *err);

/* Reads the one that `words` begin with, and how many of them it takes: "+81.2", "s" are two. */
int moment_read_words(
	char *const *words, int count, struct moment *ret, int *ret_taken, struct error *err);

/* When that is, in ns since the recording began. `cursor_ns` may be UNKNOWN. */
int moment_resolve(struct reader *recording, const struct moment *moment, int64_t cursor_ns,
	int64_t *ret, struct error *err);

/* The last crash, else the last moment that the recording has anything of. */
int moment_default(struct reader *recording, int64_t *ret, struct error *err);

/* To the nanosecond, so that it can be typed again: "+81.200331567 s". */
void moment_add(struct strbuf *words, int64_t ns);

/* What a TIME is, for descriptions. */
#define MOMENT_WORDS                                                                               \
	"TIME is a moment, as it is printed or shorter:\n"                                         \
	"\n"                                                                                       \
	"  +81.2003 s     since the recording began (81.2003, 81200ms, 1min, 2h)\n"                \
	"  -5ms .+5ms     so long before or after the cursor\n"                                    \
	"  2026-11-22T00:11:21.2Z   by the clock of the machine that recorded (UTC)\n"             \
	"  start, end     of the recording"

#endif
