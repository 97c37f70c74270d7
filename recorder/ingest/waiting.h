/*
 * Rows that wait, as SQLite sees them: a virtual table of whole numbers, and perhaps texts, over a
 * batch, so that one INSERT … SELECT writes them all. That takes about half the time of a statement
 * stepped for each. Only within its connection; nothing of it is in the file. One thread.
 */
#ifndef ACAUSAL_INGEST_WAITING_H
#define ACAUSAL_INGEST_WAITING_H

#include "recorder/ingest/batch.h"

#include <sqlite3.h>

enum { WAITING_COLUMNS = 16 };

/* Fills the columns from a row; ROW_UNKNOWN is NULL. */
typedef void waiting_pack(const void *row, int64_t *column);

/* Gives a row's n-th text as the column's value. */
typedef void waiting_text(const void *row, int n, void *user, sqlite3_context *context);

struct waiting {
	struct batch batch; /* sorted before it is read */
	waiting_pack *pack;
	int column_count; /* WAITING_COLUMNS at most */
	int text_count;	  /* of them, the last ones, that are texts */
	waiting_text *text;
	void *user;
};

/* The table `name` in `db`, for as long as that is open. `waiting` is borrowed. SQLite's code. */
int waiting_create(sqlite3 *db, const char *name, struct waiting *waiting);

#endif
