/* Answers of a search (log_search.h) in words. */
#ifndef ACAUSAL_DEBUGGER_LOG_ANSWER_H
#define ACAUSAL_DEBUGGER_LOG_ANSWER_H

#include "debugger/log/log_search.h"
#include "debugger/text/strbuf.h"

/* What was asked for: "app.log:12", "line 3 of the input". Printable. */
void log_answer_add_subject(
	struct strbuf *words, const struct log_search *search, const struct search_query *query);

/* Is another line, or none, not excluded: is it one of several, or no more than likely? */
bool log_answer_is_uncertain(const struct search_answer *answer);

/* "exact", "narrowed", "likely", "ambiguous". */
const char *log_answer_sureness(const struct search_answer *answer);

/* Why it is that line, or may be each of those: a clause. */
void log_answer_add_why(struct strbuf *words, const struct search_answer *answer);

/* Why there is none: a sentence. */
void log_answer_add_missing(
	struct strbuf *words, const struct log_search *search, const struct search_query *query);

#endif
