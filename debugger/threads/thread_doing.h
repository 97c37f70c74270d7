/* What a thread did last, in words: "in run:97, on_retry of timer 43, since +81.2 s". */
#ifndef ACAUSAL_DEBUGGER_THREAD_DOING_H
#define ACAUSAL_DEBUGGER_THREAD_DOING_H

#include "debugger/session.h"
#include "debugger/threads/thread_rows.h"

/* Adds them. `process` is the thread's own. What is not known is not said. */
int thread_doing_add(struct strbuf *words, struct session *session,
	const struct process_row *process, const struct thread_rows_row *row, struct error *err);

#endif
