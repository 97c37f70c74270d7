/* Where the time went between an arming and its run, in words and as JSON. */
#ifndef ACAUSAL_DEBUGGER_RENDER_WAIT_H
#define ACAUSAL_DEBUGGER_RENDER_WAIT_H

#include "debugger/lineage/segment.h"
#include "debugger/text/json.h"
#include "debugger/text/strbuf.h"

/*
 * "1.9 ms before: pool queue ~1.2, in pool ~0.6, loop 0.1", nothing where no wait is known. In
 * fewer words where these take more than `room` columns and those do not.
 */
void render_wait_words(struct strbuf *words, const struct segment *segment, size_t room);

/* "loop held 8.2 ms by run:80 reload_config (config.c:210)". False when nothing held it. */
bool render_holder_words(
	struct strbuf *words, const struct segment *segment, const char *executable);

/* The object under "wait", or null. */
void render_wait_json(struct json *json, const struct segment *segment);

#endif
