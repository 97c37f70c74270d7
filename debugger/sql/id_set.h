/*
 * A set of IDs, which come in dense stretches, as a recording's do: a bit an ID, in pages of 2,048.
 * Zero-initialised is empty and ready.
 */
#ifndef ACAUSAL_DEBUGGER_ID_SET_H
#define ACAUSAL_DEBUGGER_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_set_page;

struct id_set {
	struct id_set_page **slots; /* a hash table */
	size_t slot_count, page_count;
	struct id_set_page *last; /* that was asked for */
};

void id_set_deinit(struct id_set *set);

/*
 * 1: it was not in it, 0: it was. -1 when there is no memory, or when there are more pages than
 * IDs of a recording need: 256 MiB of them.
 */
int id_set_add(struct id_set *set, int64_t id);

bool id_set_has(struct id_set *set, int64_t id);

#endif
