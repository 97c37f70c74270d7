/*
 * A window of things that are not final yet: a ring in the order of their coming, found by ID. When
 * one becomes final it is taken out and written; one that stays too long, or is in the way of a new
 * one, is written as it is and forgotten here. Fixed memory. One thread.
 */
#ifndef ACAUSAL_INGEST_HELD_H
#define ACAUSAL_INGEST_HELD_H

#include "recorder/ingest/intern.h"

struct held {
	unsigned char *slots;
	size_t stride;
	uint32_t capacity; /* a power of two */
	uint64_t head, tail;
	struct idmap ids;
};

/* What a slot begins with. */
struct held_entry {
	int64_t id; /* 0: taken out */
	int64_t since_ns;
	uint64_t mark; /* of the chunk that it came from: see ingest_internal.h */
};

bool held_init(struct held *, size_t stride, uint32_t capacity); /* false: no memory */
void held_deinit(struct held *);

/* A new zeroed entry; NULL when the window is full, or the ID is in it already. */
void *held_add(struct held *, int64_t id, int64_t now_ns, uint64_t mark);
void *held_find(const struct held *, int64_t id);
void held_remove(struct held *, int64_t id);

/* The one that came first; NULL when there is none. */
void *held_oldest(struct held *);

#endif
