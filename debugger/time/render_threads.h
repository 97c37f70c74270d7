/* What one thread was doing at a moment, as text for people. */
#ifndef ACAUSAL_DEBUGGER_RENDER_THREADS_H
#define ACAUSAL_DEBUGGER_RENDER_THREADS_H

#include "debugger/session.h"
#include "debugger/text/page.h"
#include "debugger/time/threads_then.h"

struct thread_view {
	struct session *session; /* borrowed */
	struct page *page;	 /* borrowed */
	int64_t at_ns;
	size_t column;	     /* where what they did stands, behind their names */
	struct strbuf words; /* for one sentence at a time; the caller frees it */
};

/* A column behind the names of these threads, or of most where some are long. */
size_t render_thread_column(const struct thread_then *threads, size_t count);

/* Its name, and below one another the runs that it was in, or what else it did. */
int render_thread(struct thread_view *view, const struct thread_then *thread, struct error *err);

#endif
