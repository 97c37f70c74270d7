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

#include "debugger/recording/statement.h"
#include "recorder/base/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define READER_SCHEMA 1 /* the newest user_version that is understood */

#define UNKNOWN INT64_MIN /* NULL in the recording */

enum recording_state {
	RECORDING_COMPLETE, /* finished in order */
	RECORDING_GROWING,  /* a recorder is still writing it */
	RECORDING_CUT	    /* the recorder was killed: what had been written is there */
};

struct reader;

/* Opens the file at `path`. To be closed with reader_close. */
int reader_open(struct reader **ret, const char *path, struct error *err);

/*
 * The same where this process has the file open by SQLite already. It is not looked at in any other
 * way: closing a descriptor of it would drop the locks of the other connection. So whether a
 * recorder is at work on it is not known; what is not complete counts as growing.
 */
int reader_open_again(struct reader **ret, const char *path, struct error *err);
void reader_close(struct reader *recording);

const char *reader_path(const struct reader *recording);
enum recording_state reader_state(const struct reader *recording);

/*
 * In words, what is to be known before what it says is believed: "still growing", "cut short: what
 * came last may be missing". NULL of a complete one.
 */
const char *reader_state_words(const struct reader *recording);

/*
 * Whether it was cut short and is alone: what a recorder writes is in a -wal file first, which
 * belongs to it and is easily forgotten when it is copied.
 */
bool reader_lacks_log(const struct reader *recording);

/* A value of `meta`; NULL when it has none. Borrowed until the recording is closed. */
const char *reader_meta(struct reader *recording, const char *key);

/*
 * Everything between these two sees the recording at one moment. Not nested; both may be left out.
 */
int reader_begin(struct reader *recording, struct error *err);
void reader_end(struct reader *recording);

/*
 * A prepared statement, kept for the next time under `slot`, which no other SQL may use. It is
 * reset and has no bindings. Borrowed: never finalize it.
 */
int reader_prepare(struct reader *recording, enum statement_slot slot, const char *sql,
	sqlite3_stmt **ret, struct error *err);

/*
 * The first value of the first row of `sql`, with up to two integers bound (UNKNOWN: none). 1 and
 * the value, 0 when there is no row or it is NULL, -1 an error.
 */
int reader_integer(struct reader *recording, enum statement_slot slot, const char *sql,
	int64_t first, int64_t second, int64_t *ret, struct error *err);

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

/* For loops that ask no recording. */
bool reader_is_interrupted(void);

/*
 * Something that somebody else keeps with a recording until it is closed, when `destroy` gets it;
 * reader_attached is NULL while there is none.
 */
enum reader_attachment {
	ATTACHED_FINDER,
	ATTACHED_RECENT,
	ATTACHED_CORE,
	ATTACHED_FUNCTIONS,
	ATTACHED_CONTEXT,
	ATTACHMENTS
};
void reader_attach(struct reader *recording, enum reader_attachment as, void *thing,
	void (*destroy)(void *thing));
void *reader_attached(const struct reader *recording, enum reader_attachment as);

/* Whether it has what tells of overwritten history and of pauses; recordings of old do not. */
bool reader_has_history(const struct reader *recording);

/* Whether it was made of a core or a snapshot whose process a recorder had taken events of. */
bool reader_was_drained(struct reader *recording);

/* Does SQLite find a table's rows by this column? While a recording grows it has no index. */
bool reader_finds(struct reader *recording, const char *table, const char *column);

/* The same for packed_request by run ID, remembered. */
bool reader_is_indexed(const struct reader *recording);

/*
 * A copy of `text` that lives as long as the recording and is the same pointer for the same text.
 * Cut to 4096 bytes. NULL stays NULL.
 */
const char *reader_intern(struct reader *recording, const char *text);

/* A copy of `count` bytes and a NUL, borrowed until the next call; NULL when memory runs out. */
const char *reader_keep(struct reader *recording, const void *bytes, size_t count);

#endif
