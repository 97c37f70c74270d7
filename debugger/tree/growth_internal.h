/* A tree while it grows: what the parts of growth share. No one else includes this. */
#ifndef ACAUSAL_DEBUGGER_GROWTH_INTERNAL_H
#define ACAUSAL_DEBUGGER_GROWTH_INTERNAL_H

#include "debugger/tree/growth.h"
#include "debugger/tree/offspring.h"

/* What a run made, by ID: where armings of the same run are put. */
struct made {
	int64_t async_id;
	uint32_t shoot;
};

struct grower {
	struct growth *growth;
	struct reader *recording;
	struct frames_cache *cache;
	const struct growth_options *options;
	struct offspring *offspring;
	uint32_t at;   /* whose children come */
	uint32_t last; /* the arming or resource that came last; GROWTH_NONE */
	bool as_leaf;  /* what comes is not gone on with */
	struct made *made;
	size_t made_count, made_capacity;
	bool is_sorted; /* what was made */
};

/* Hangs one more thing on `parent`. As a sprout_take: 1 when there is no room for more. */
int growth_add(
	struct grower *grower, const struct sprout *sprout, uint32_t parent, struct error *err);

/* Resources that the first one made, and what those made, and so on. */
int growth_by_trigger(struct grower *grower, struct error *err);

#endif
