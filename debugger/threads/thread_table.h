/* Threads as a table for people, by process. */
#ifndef ACAUSAL_DEBUGGER_THREAD_TABLE_H
#define ACAUSAL_DEBUGGER_THREAD_TABLE_H

#include "debugger/session.h"
#include "debugger/threads/thread_rows.h"

/* Shows them; of many, without `all`, only those worth seeing, and how many the others are. */
int thread_table_show(
	struct session *session, const struct thread_rows *rows, bool all, struct error *err);

#endif
