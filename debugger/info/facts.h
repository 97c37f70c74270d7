/*
 * What is known of one thing, gathered once and then shown as text or as JSON: a list of facts,
 * each with a column's name for scripts and words for people.
 */
#ifndef ACAUSAL_DEBUGGER_FACTS_H
#define ACAUSAL_DEBUGGER_FACTS_H

#include "debugger/recording/frames.h"
#include "debugger/text/json.h"
#include "debugger/text/page.h"
#include "debugger/text/strbuf.h"

#include <stdint.h>

struct fact;

struct facts {
	struct fact *rows;
	size_t count, capacity;
	bool failed; /* memory ran out */
};

void facts_deinit(struct facts *facts);

/* A number under a column's name; not shown to people. UNKNOWN is null. */
void facts_add_integer(struct facts *facts, const char *key, int64_t number);

void facts_add_boolean(struct facts *facts, const char *key, bool value);

/* A text under a column's name; not shown to people. Copied; NULL is null. */
void facts_add_text(struct facts *facts, const char *key, const char *text, size_t length);
void facts_add_string(struct facts *facts, const char *key, const char *text);

/* A line for people alone: a label ("made") and printable words. */
void facts_add_line(struct facts *facts, const char *label, const char *words);

/* A stack for both; "" for `label` continues the line before. Borrowed. */
void facts_add_frames(
	struct facts *facts, const char *key, const struct frames *frames, const char *executable);

/* The same for scripts alone. */
void facts_add_hidden_frames(struct facts *facts, const char *key, const struct frames *frames);

/* An object in a list under `key`: its facts are those added until facts_end_item. */
void facts_begin_list(struct facts *facts, const char *key);
void facts_begin_item(struct facts *facts);
void facts_end_item(struct facts *facts);
/* The same outside of a list: an object of its own. */
void facts_begin_object(struct facts *facts, const char *key);
void facts_end_list(struct facts *facts);

void facts_write_json(const struct facts *facts, struct json *json);
void facts_write_text(const struct facts *facts, struct page *page);

#endif
