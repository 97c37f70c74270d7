/*
 * Words about live resources, kept beside their records in flight mode: `struct arena_detail`.
 */
#ifndef ACAUSAL_RUNTIME_DETAIL_H
#define ACAUSAL_RUNTIME_DETAIL_H

#include "recorder/runtime/live.h"

/* Bytes of words, in pieces. */
struct detail_words {
	enum event_detail_kind kind;
	struct {
		const void *bytes;
		size_t size;
	} piece[3];
};

/* Keeps them with the live record, if it has none of their kind yet. In flight mode. */
void detail_keep(uint32_t index, const struct detail_words *words);

#endif
