/* What is known of one thing: see facts.h. Looks nothing up. */
#include "debugger/facts.h"

#include "debugger/lookup.h"
#include "debugger/place.h"
#include "debugger/printable.h"
#include "debugger/render_trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_COLUMN 12

enum fact_kind { INTEGER, TEXT, LINE, FRAMES, BEGIN_LIST, BEGIN_ITEM, END_ITEM, END_LIST };

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

void facts_begin_list(struct facts *facts, const char *key)
{
	add(facts, BEGIN_LIST, key);
}

void facts_begin_item(struct facts *facts)
{
	add(facts, BEGIN_ITEM, NULL);
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
	struct strbuf words = {0};
	size_t i;

	for (i = 0; fact->frames && i < fact->frames->places; i++) {
		const struct frame *frame = &fact->frames->rows[i];

		strbuf_clear(&words);
		if (frame->function || frame->end_reason)
			printable_add_string(
				&words, frame->function ? frame->function : frame->end_reason);
		else
			strbuf_printf(&words, "0x%" PRIx64, (uint64_t)frame->address);
		page_tab(page, LABEL_COLUMN);
		page_add(page, PAGE_PLAIN, strbuf_string(&words));
		strbuf_clear(&words);
		if (frame->file) {
			strbuf_add_string(&words, "  ");
			place_add_file(&words, frame->file, frame->directory, fact->executable);
			if (frame->line != UNKNOWN)
				strbuf_printf(&words, ":%" PRId64, frame->line);
		} else if (frame->module) {
			strbuf_add_string(&words, "  [");
			printable_add_string(&words, frames_basename(frame->module));
			strbuf_add_char(&words, ']');
		}
		page_add(page, PAGE_PLACE, strbuf_string(&words));
		page_end_line(page);
	}
	strbuf_deinit(&words);
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
		page->indent = LABEL_COLUMN;
		page_add(page, PAGE_FAINT, fact->key);
		page_tab(page, LABEL_COLUMN);
		page_words(page, PAGE_PLAIN, fact->text ? fact->text : "");
		page_end_line(page);
	}
}
