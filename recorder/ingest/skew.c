/*
 * The largest inversion between IDs and times: see skew.h. The ring is scanned in ID order twice
 * for each time it fills; an ID that comes later than that is compared with the earliest time in
 * the half that is surely above it.
 */
#include "recorder/ingest/skew.h"

void skew_scan(struct skew *skew, int64_t *max_ns)
{
	int64_t first = skew->largest_id - SKEW_RING + 1, latest = INT64_MIN;

	skew->earliest_ns = INT64_MAX / 2;
	for (int64_t id = first < 1 ? 1 : first; id <= skew->largest_id; id++) {
		const struct skew_entry *entry = &skew->ring[id & (SKEW_RING - 1)];

		if (entry->id != id)
			continue;
		if (id > skew->largest_id - SKEW_RING / 2 && entry->ns < skew->earliest_ns)
			skew->earliest_ns = entry->ns;
		if (entry->ns >= latest)
			latest = entry->ns;
		else if (latest - entry->ns > *max_ns)
			*max_ns = latest - entry->ns;
	}
	skew->scanned_id = skew->largest_id;
}

void skew_add(struct skew *skew, int64_t id, int64_t ns, int64_t *max_ns)
{
	if (id > skew->largest_id)
		skew->largest_id = id;
	if (id <= skew->largest_id - SKEW_RING) {
		if (skew->scanned_id && ns - skew->earliest_ns > *max_ns)
			*max_ns = ns - skew->earliest_ns;
		return;
	}
	if (skew->largest_id - skew->scanned_id > SKEW_RING / 2)
		skew_scan(skew, max_ns);
	skew->ring[id & (SKEW_RING - 1)] = (struct skew_entry){id, ns};
}
