/*
 * Lines of the pieces that they were written in. Pieces of one writer follow one another; those of
 * several are interleaved, and kept apart. A line belongs to its first byte: its run, stack,
 * moment, descriptor and function are those of the first piece.
 *
 * What has begun and not ended is held in memory that has a limit: when there are too many of them,
 * or they are too long, the one that has waited longest is written as it is, and what comes after
 * is another line. Knows neither arenas nor SQLite. One thread.
 */
#ifndef ACAUSAL_INGEST_LINES_H
#define ACAUSAL_INGEST_LINES_H

#include "recorder/base/error.h"
#include "recorder/ingest/intern.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LINES_OPEN_MAX = 1 << 14,
	LINES_HELD_MAX = 32 << 20, /* bytes, or twice the longest line where that is more */
	LINES_LONGEST = 64 << 20,  /* that can be asked for */
};

/* A line, or a piece of one. */
struct line {
	uint32_t process_id, thread; /* the thread's number in the process */
	uint32_t sink_id;	     /* 0: not known; then the descriptor stands for it */
	int32_t fd;		     /* -1: none */
	uint64_t stream;	     /* of several writers of a thread; 0: none */
	int64_t run_id, written_ns;
	uint32_t thread_id, stack_id;
	uint16_t api;
	bool at_flush;	   /* some of its text was seen only when a buffer was flushed */
	uint64_t left_out; /* bytes that follow the text, and are not kept */
	/* Of a piece, when it came and from which chunk; of a line, what has not been kept yet. */
	int64_t since_ns;
	uint64_t mark;
	int64_t log_id; /* of the row that it has been kept in; 0: none */
};

/* Takes a whole line, without its newline. Less than 0: it failed. */
typedef int lines_taker(
	void *user, const struct line *line, const char *text, size_t length, struct error *err);

/* Keeps what there is of a line that has not ended, and says in which row. Less than 0: it failed.
 */
typedef int lines_keeper(
	void *user, struct line *line, const char *text, size_t length, struct error *err);

struct lines {
	lines_taker *take;
	void *user;
	uint32_t longest;
	struct open_line *open; /* places */
	uint32_t capacity, count;
	uint32_t free, oldest, newest;	       /* place + 1 */
	size_t held;			       /* bytes */
	struct idmap of_writer, of_descriptor; /* to places */
	struct idmap of_thread;		       /* to how many it has */
};

/* `longest`: bytes kept of a line; 0: as many as the recorded process keeps. */
void lines_init(struct lines *, uint64_t longest, lines_taker *take, void *user);
void lines_deinit(struct lines *);

/*
 * The next piece of its writer. `is_message`: the line ends here. Returns 0, or what `take`
 * returned, or -1 without memory.
 */
int lines_add(struct lines *, const struct line *piece, const char *text, size_t length,
	bool is_message, struct error *err);

/*
 * Has what has not ended kept where it came with a mark up to `mark` or before `since_ns`, if there
 * is anything new of it.
 */
int lines_keep(
	struct lines *, uint64_t mark, int64_t since_ns, lines_keeper *keep, struct error *err);

/* The least mark of what is neither handed over nor kept; UINT64_MAX when there is none. */
uint64_t lines_mark(const struct lines *);

/* Ends the lines of those that will write no more. */
int lines_end_thread(struct lines *, uint32_t process_id, uint32_t thread, struct error *err);
int lines_end_process(struct lines *, uint32_t process_id, struct error *err);

#endif
