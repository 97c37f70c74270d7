/* A ring of calls that made processes, found by number and by uv_process_t: see spawns.h. */
#include "recorder/ingest/spawns.h"

#include "recorder/wire/names.h"

#include <stdlib.h>

enum {
	PLACES = 1 << 14,
	SPAWN_BITS = 40, /* of a key, below the process */
};

bool spawns_init(struct spawns *spawns)
{
	*spawns = (struct spawns){.places = calloc(PLACES, sizeof *spawns->places)};
	idmap_init(&spawns->of_key, 2 * PLACES);
	idmap_init(&spawns->of_async, 2 * PLACES);
	return spawns->places != NULL;
}

void spawns_deinit(struct spawns *spawns)
{
	free(spawns->places);
	idmap_deinit(&spawns->of_key);
	idmap_deinit(&spawns->of_async);
	*spawns = (struct spawns){0};
}

static uint64_t key_of(uint32_t process_id, uint64_t spawn_id)
{
	return (uint64_t)process_id << SPAWN_BITS | spawn_id;
}

/* Empties the oldest place. */
static void forget(struct spawns *spawns, const struct spawn *spawn)
{
	uint32_t place;

	idmap_remove(&spawns->of_key, spawn->key);
	if (spawn->async_id && idmap_get(&spawns->of_async, (uint64_t)spawn->async_id, &place) &&
		&spawns->places[place] == spawn)
		idmap_remove(&spawns->of_async, (uint64_t)spawn->async_id);
}

bool spawns_add(struct spawns *spawns, uint64_t spawn_id, const struct spawn *spawn)
{
	uint64_t key = key_of(spawn->process_id, spawn_id);
	struct spawn *place = &spawns->places[spawns->next];
	uint32_t other;

	if (!spawn_id || spawn_id >> SPAWN_BITS || idmap_get(&spawns->of_key, key, &other))
		return false;
	if (place->key)
		forget(spawns, place);
	place->key = 0;
	if (!idmap_put(&spawns->of_key, key, spawns->next))
		return false;
	*place = *spawn;
	place->key = key;
	if (spawn->async_id)
		idmap_put(&spawns->of_async, (uint64_t)spawn->async_id, spawns->next);
	spawns->next = (spawns->next + 1) % PLACES;
	return true;
}

struct spawn *spawns_find(struct spawns *spawns, uint32_t process_id, uint64_t spawn_id)
{
	uint32_t place;

	if (!spawn_id || spawn_id >> SPAWN_BITS ||
		!idmap_get(&spawns->of_key, key_of(process_id, spawn_id), &place))
		return NULL;
	return &spawns->places[place];
}

struct spawn *spawns_of_async(struct spawns *spawns, int64_t async_id)
{
	uint32_t place;

	if (!async_id || !idmap_get(&spawns->of_async, (uint64_t)async_id, &place))
		return NULL;
	return &spawns->places[place];
}

/* A call of this process by which libc makes one unseen, and that nothing has come of yet. */
static bool is_open(const struct spawn *spawn, uint32_t process_id)
{
	return spawn->key && spawn->process_id == process_id && !spawn->is_taken &&
	       (spawn->api == ACAUSAL_API_system || spawn->api == ACAUSAL_API_popen);
}

struct spawn *spawns_only_unseen(
	struct spawns *spawns, uint32_t process_id, int64_t ns, uint32_t *unmatched)
{
	uint32_t open = 0, fitting = 0;
	struct spawn *ret = NULL;

	for (uint32_t i = 0; i < PLACES; i++) {
		struct spawn *spawn = &spawns->places[i];

		if (!is_open(spawn, process_id))
			continue;
		open++;
		if (spawn->spawned_ns <= ns) {
			ret = spawn;
			fitting++;
		}
	}
	if (!fitting || (fitting == 1 && !*unmatched))
		return ret;
	if (++*unmatched < open)
		return NULL;
	*unmatched = 0;
	for (uint32_t i = 0; i < PLACES; i++)
		if (is_open(&spawns->places[i], process_id))
			spawns->places[i].is_taken = true;
	return NULL;
}
