/*
 * A number for each of many IDs, which come in dense stretches, as a recording's do: 8 bytes an ID,
 * in pages of 256. Zero-initialised is empty and ready.
 */
#ifndef ACAUSAL_DEBUGGER_ID_MAP_H
#define ACAUSAL_DEBUGGER_ID_MAP_H

#include <stddef.h>
#include <stdint.h>

struct id_map_page;

struct id_map {
	struct id_map_page **slots; /* a hash table */
	size_t slot_count, page_count;
	struct id_map_page *last; /* that was asked for */
};

void id_map_deinit(struct id_map *map);

/*
 * Where an ID's number stands, 0 to begin with. NULL when there is no memory, or when there are
 * more pages than IDs of a recording need: 320 MiB of them. Good until the map ends.
 */
uint64_t *id_map_at(struct id_map *map, int64_t id);

/* The number of an ID, 0 when it has none. */
uint64_t id_map_get(struct id_map *map, int64_t id);

#endif
