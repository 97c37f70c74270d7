/*
 * Which things of a recording are of the same kind: made, armed, caused or run by the same code on
 * the same type of resource. IDs, times and threads are not looked at; an error is a kind of its
 * own.
 */
#ifndef ACAUSAL_DEBUGGER_KINDS_H
#define ACAUSAL_DEBUGGER_KINDS_H

#include "debugger/recording/frames.h"
#include "debugger/recording/reader.h"
#include "debugger/tree/sprout.h"

/* Strings belong to the recording. */
struct kind {
	enum sprout_kind kind;
	int64_t type_id, stack_id, api_id, callback_frame_id, status, end_code;
	const char *type, *class, *api, *callback, *part, *cause;
};

struct kinds;

struct kinds *kinds_create(struct reader *recording, struct frames_cache *cache);
void kinds_destroy(struct kinds *kinds);

/*
 * The number of the kind that a sprout is of, from 0 on; `type_of` is that of its arming or
 * resource when it came of one, else UNKNOWN. -1 after an error.
 */
int64_t kinds_find(
	struct kinds *kinds, const struct sprout *sprout, int64_t type_id, struct error *err);

/* Good until the next kinds_find. */
const struct kind *kinds_at(const struct kinds *kinds, uint32_t number);

#endif
