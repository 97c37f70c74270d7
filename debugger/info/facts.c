/* What is known of one thing: see facts.h. Looks nothing up. */
#include "debugger/info/facts.h"

#include "debugger/recording/lookup.h"
#include "debugger/render/render_frames.h"
#include "debugger/render/render_trace.h"

#include <stdlib.h>
#include <string.h>

#define LABEL_COLUMN 12

enum fact_kind { INTEGER, BOOLEAN, TEXT, LINE, FRAMES, BEGIN_LIST, BEGIN_ITEM, END_ITEM, END_LIST };

struct fact {
	enum fact_kind kind;
	const char *key; /* or label; not owned */
	int64_t number;
	char *text; /* owned; NULL is null */
	size_t length;
	const struct frames *frames;
	const char *executable;
};

void facts_deinit(struct facts *facts)
{
	size_t i;

	for (i = 0; i < facts->count; i++)
		free(facts->rows[i].text);
	free(facts->rows);
	*facts = (struct facts){0};
}

static struct fact *add(struct facts *facts, enum fact_kind kind, const char *key)
{
	static struct fact nowhere;

	if (facts->count == facts->capacity) {
		size_t capacity = facts->capacity ? facts->capacity * 2 : 32;
		struct fact *rows = realloc(facts->rows, capacity * sizeof *rows);

		if (!rows) {
			facts->failed = true;
			return &nowhere;
		}
		facts->rows = rows;
		facts->capacity = capacity;
	}
	facts->rows[facts->count] = (struct fact){.kind = kind, .key = key};
	return &facts->rows[facts->count++];
}

void facts_add_integer(struct facts *facts, const char *key, int64_t number)
{
	add(facts, INTEGER, key)->number = number;
}

void facts_add_boolean(struct facts *facts, const char *key, bool value)
{
	add(facts, BOOLEAN, key)->number = value;
}

void facts_add_text(struct facts *facts, const char *key, const char *text, size_t length)
{
	struct fact *fact = add(facts, TEXT, key);

	if (!text || !(fact->text = malloc(length + 1)))
		return;
	memcpy(fact->text, text, length);
	fact->text[length] = '\0';
	fact->length = length;
}

void facts_add_string(struct facts *facts, const char *key, const char *text)
{
	facts_add_text(facts, key, text, text ? strlen(text) : 0);
}

void facts_add_line(struct facts *facts, const char *label, const char *words)
{
	struct fact *fact = add(facts, LINE, label);

	fact->text = strdup(words);
}

void facts_add_frames(
	struct facts *facts, const char *key, const struct frames *frames, const char *executable)
{
	struct fact *fact = add(facts, FRAMES, key);

	fact->frames = frames;
	fact->executable = executable;
}

void facts_add_hidden_frames(struct facts *facts, const char *key, const struct frames *frames)
{
	struct fact *fact = add(facts, FRAMES, key);

	fact->frames = frames;
	fact->number = 1;
}

void facts_begin_list(struct facts *facts, const char *key)
{
	add(facts, BEGIN_LIST, key);
}

void facts_begin_item(struct facts *facts)
{
	add(facts, BEGIN_ITEM, NULL);
}

void facts_begin_object(struct facts *facts, const char *key)
{
	add(facts, BEGIN_ITEM, key);
}

void facts_end_item(struct facts *facts)
{
	add(facts, END_ITEM, NULL);
}

void facts_end_list(struct facts *facts)
{
	add(facts, END_LIST, NULL);
}

void facts_write_json(const struct facts *facts, struct json *json)
{
	size_t i;

	json_open(json, '{');
	for (i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->rows[i];

		switch (fact->kind) {
		case INTEGER:
			json_key_integer(json, fact->key, fact->number);
			break;
		case BOOLEAN:
			json_key(json, fact->key);
			json_boolean(json, fact->number);
			break;
		case TEXT:
			json_key(json, fact->key);
			json_bytes(json, fact->text, fact->length);
			break;
		case FRAMES:
			render_frames_json(json, fact->key, fact->frames, false);
			break;
		case BEGIN_LIST:
			json_key(json, fact->key);
			json_open(json, '[');
			break;
		case BEGIN_ITEM:
			if (fact->key)
				json_key(json, fact->key);
			else
				json_newline(json);
			json_open(json, '{');
			break;
		case END_ITEM:
			json_close(json, '}');
			break;
		case END_LIST:
			json_close(json, ']');
			break;
		case LINE:
			break;
		}
	}
	json_close(json, '}');
	fputc('\n', json->out);
}

static void write_frames(const struct fact *fact, struct page *page)
{
	struct frame_lines lines = {.page = page,
		.executable = fact->executable,
		.function_column = LABEL_COLUMN,
		.place_column = LABEL_COLUMN + 12};

	if (!fact->frames || fact->number)
		return;
	frame_lines_measure(&lines, fact->frames);
	frame_lines_add(&lines, fact->frames, FRAME_LINE);
}

void facts_write_text(const struct facts *facts, struct page *page)
{
	size_t i;

	for (i = 0; i < facts->count; i++) {
		const struct fact *fact = &facts->rows[i];

		if (fact->kind == FRAMES)
			write_frames(fact, page);
		if (fact->kind != LINE)
			continue;
		/* What is one of a list: its second line stands out from the next one's first. */
		page->indent = LABEL_COLUMN + (*fact->key ? 0 : 2);
		page_add(page, PAGE_FAINT, fact->key);
		page_tab(page, LABEL_COLUMN);
		page_words(page, PAGE_PLAIN, fact->text ? fact->text : "");
		page_end_line(page);
	}
}
