/* Nodes of the forest in words, printable. */
#ifndef ACAUSAL_DEBUGGER_DIFF_NODE_WORDS_H
#define ACAUSAL_DEBUGGER_DIFF_NODE_WORDS_H

#include "debugger/diff/forest.h"
#include "debugger/text/strbuf.h"

/* "timer created by uv_timer_init", "on_retry of timer". */
void node_words_what(struct strbuf *words, const struct forest *forest, uint32_t node);

/* Two calls from one stack: "timer created by uv_timer_init and armed by uv_timer_start". */
void node_words_both(
	struct strbuf *words, const struct forest *forest, uint32_t node, uint32_t other);

/* "in on_read  <  uv_read_start in on_connection  <  uv_listen in main": all that is around it. */
void node_words_way(struct strbuf *words, const struct forest *forest, uint32_t node);

/* One ID of what `side` has there, as it is to be typed; nothing when it has none. */
void node_words_point(struct strbuf *words, const struct forest *forest, uint32_t node, int side);

#endif
