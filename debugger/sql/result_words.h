/* What a column of a result means, by its name, and its values in words: for tables for people. */
#ifndef ACAUSAL_DEBUGGER_RESULT_WORDS_H
#define ACAUSAL_DEBUGGER_RESULT_WORDS_H

#include "debugger/text/page.h"

#include <stdbool.h>
#include <stdint.h>

enum result_meaning {
	RESULT_PLAIN,
	RESULT_DURATION, /* wait_ns */
	RESULT_MOMENT,	 /* created_ns, began_ns, at_ns */
	RESULT_ASYNC,	 /* async_id, trigger_id … */
	RESULT_RUN,	 /* run_id, link_run_id … */
	RESULT_ADVICE,	 /* bind_at: where to do something about it */
	RESULT_STACK	 /* stack, when it is the last: frames parted by " < " */
};

enum result_meaning result_meaning_of(const char *name, bool is_last);

/* The column's heading: without the "_ns" that the units say. */
void result_add_name(struct strbuf *words, enum result_meaning meaning, const char *name);

/* A number in words. False, and nothing is added, when it has no meaning but itself. */
bool result_add_words(struct strbuf *words, enum result_meaning meaning, int64_t number);

/* Whether it stands below its row, on lines of its own. */
bool result_is_below(enum result_meaning meaning);

/* "bind at: pool_wait (pool.c:165)" on a line of its own, after the row; nothing when it is empty.
 */
void result_add_advice(struct page *page, const char *place);

/* The frames of a stack on lines of their own, after the row. */
void result_add_stack(struct page *page, const char *stack);

#endif
