/*
 * A recording, opened for reading. Whatever it says is untrusted: it is opened read-only, its own
 * views and triggers are never used, its tables must be plain tables with the columns that
 * schema/tables.sql gives them, and the contract's views are made anew, as TEMP views.
 *
 * One thread only. No statement is left half-read and no transaction open when nothing is asked, so
 * that a recording that still grows is not held back.
 */
#ifndef ACAUSAL_DEBUGGER_READER_H
#define ACAUSAL_DEBUGGER_READER_H

#include "recorder/base/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READER_SCHEMA 1 /* the newest user_version that is understood */

enum recording_state {
	RECORDING_COMPLETE, /* finished in order */
	RECORDING_GROWING,  /* a recorder is still writing it */
	RECORDING_CUT	    /* the recorder was killed: what had been written is there */
};

struct reader;
struct request_finder;

/* Opens the file at `path`. To be closed with reader_close. */
int reader_open(struct reader **ret, const char *path, struct error *err);
void reader_close(struct reader *recording);

const char *reader_path(const struct reader *recording);
enum recording_state reader_state(const struct reader *recording);

/* A value of `meta`; NULL when it has none. Borrowed until the recording is closed. */
const char *reader_meta(struct reader *recording, const char *key);

/*
 * Everything between these two sees the recording at one moment. Not nested; both may be left out.
 */
int reader_begin(struct reader *recording, struct error *err);
void reader_end(struct reader *recording);

/*
 * A prepared statement, kept for the next time by `slot` (a static variable's address would do, but
 * callers use an enum of their own below READER_STATEMENTS). It is reset and has no bindings.
 * Borrowed: never finalize it.
 */
#define READER_STATEMENTS 64
int reader_prepare(struct reader *recording, unsigned slot, const char *sql, sqlite3_stmt **ret,
	struct error *err);

/* One step: 1 a row, 0 done, -1 an error (in words). The statement is reset unless there is a row.
 */
int reader_step(struct reader *recording, sqlite3_stmt *statement, struct error *err);

/* The database itself, for queries of the user's own. Guarded as everything else. */
sqlite3 *reader_database(struct reader *recording);

/* The text of SQLite's last error on this recording, in one line. Returns -1. */
int reader_error(struct reader *recording, const char *what, struct error *err);

/* How many steps of SQLite's machine a statement may take before it is given up; 0 is no limit. */
#define READER_BUDGET 20000000 /* to begin with: about half a second */
void reader_set_budget(struct reader *recording, int64_t steps);

/* Ends what any recording is asked for now with "interrupted". Signal safe. */
void reader_interrupt(void);

/* Forgets an interruption that came before. */
void reader_clear_interrupt(void);

/* The finder of requests for recordings without an index, made when first asked for; NULL: no
 * memory. */
struct request_finder *reader_finder(struct reader *recording);

/* Is packed_request indexed by run ID? */
bool reader_is_indexed(const struct reader *recording);

/*
 * A copy of `text` that lives as long as the recording and is the same pointer for the same text.
 * Cut to 4096 bytes. NULL stays NULL.
 */
const char *reader_intern(struct reader *recording, const char *text);

/* A copy of `count` bytes and a NUL, borrowed until the next call; NULL when memory runs out. */
const char *reader_keep(struct reader *recording, const void *bytes, size_t count);

#endif
