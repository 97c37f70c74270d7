/* The window of what is not final: see held.h. */
#include "recorder/ingest/held.h"

#include <stdlib.h>
#include <string.h>

bool held_init(struct held *held, size_t stride, uint32_t capacity)
{
	*held = (struct held){.stride = stride, .capacity = capacity};
	idmap_init(&held->ids, capacity);
	held->slots = calloc(capacity, stride);
	return held->slots != NULL;
}

void held_deinit(struct held *held)
{
	free(held->slots);
	idmap_deinit(&held->ids);
	*held = (struct held){0};
}

static struct held_entry *slot_at(const struct held *held, uint64_t position)
{
	return (struct held_entry *)(held->slots +
				     (position & (held->capacity - 1)) * held->stride);
}

void *held_find(const struct held *held, int64_t id)
{
	uint32_t position;

	return idmap_get(&held->ids, (uint64_t)id, &position) ? slot_at(held, position) : NULL;
}

static bool held_is_full(const struct held *held)
{
	return held->head - held->tail >= held->capacity;
}

void *held_add(struct held *held, int64_t id, int64_t now_ns, uint64_t mark)
{
	struct held_entry *entry;

	held_oldest(held); /* moves past what was taken out */
	if (held_is_full(held) || held_find(held, id))
		return NULL;
	if (!idmap_put(&held->ids, (uint64_t)id, (uint32_t)(held->head & (held->capacity - 1))))
		return NULL;
	entry = slot_at(held, held->head++);
	memset(entry, 0, held->stride);
	entry->id = id;
	entry->since_ns = now_ns;
	entry->mark = mark;
	return entry;
}

void held_remove(struct held *held, int64_t id)
{
	struct held_entry *entry = held_find(held, id);

	if (!entry)
		return;
	entry->id = 0;
	idmap_remove(&held->ids, (uint64_t)id);
}

void *held_oldest(struct held *held)
{
	while (held->tail < held->head) {
		struct held_entry *entry = slot_at(held, held->tail);

		if (entry->id)
			return entry;
		held->tail++;
	}
	return NULL;
}
