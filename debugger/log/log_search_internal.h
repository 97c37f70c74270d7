/* What the files of log_search share. */
#ifndef ACAUSAL_DEBUGGER_LOG_SEARCH_INTERNAL_H
#define ACAUSAL_DEBUGGER_LOG_SEARCH_INTERNAL_H

#include "debugger/log/log_search.h"

/* Adds a recorded line to an answer; false when memory runs out. */
bool search_answer_add(struct search_answer *answer, int64_t log_id);

/*
 * Answers a query by its text alone, whole or its end; leaves it PLACE_NOT_FOUND when no such line
 * was recorded. -1 when memory runs out.
 */
int search_by_text(struct log_search *search, struct search_query *query, bool end_alone);

/* Answers those of one source. */
int search_at_places(struct log_search *search, size_t source, struct error *err);

#endif
