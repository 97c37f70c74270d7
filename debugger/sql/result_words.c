/* Values of a result in words: see result_words.h. */
#include "debugger/sql/result_words.h"

#include "debugger/recording/point.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <string.h>

#define STACK_INDENT 6
#define FRAMES_SHOWN 12

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), count = strlen(end);

	return length >= count && !strcmp(name + length - count, end);
}

static bool is_or_ends_with(const char *name, const char *end)
{
	return ends_with(name, end) &&
	       (strlen(name) == strlen(end) || name[strlen(name) - strlen(end) - 1] == '_');
}

enum result_meaning result_meaning_of(const char *name, bool is_last)
{
	static const char *const asyncs[] = {"async_id", "trigger_id", "handle_id", "loop_id"};
	static const char *const moments[] = {"began_ns", "at_ns", "entered_ns", "left_ns",
		"created_ns", "destroyed_ns", "armed_ns", "disarmed_ns", "ended_ns", "caused_ns",
		"written_ns", "crashed_ns", "started_ns", "set_ns", "due_ns"};
	size_t i;

	if (is_last && !strcmp(name, "stack"))
		return RESULT_STACK;
	if (!strcmp(name, "bind_at"))
		return RESULT_ADVICE;
	for (i = 0; i < sizeof moments / sizeof moments[0]; i++)
		if (is_or_ends_with(name, moments[i]))
			return RESULT_MOMENT;
	if (ends_with(name, "_ns"))
		return RESULT_DURATION;
	for (i = 0; i < sizeof asyncs / sizeof asyncs[0]; i++)
		if (is_or_ends_with(name, asyncs[i]))
			return RESULT_ASYNC;
	if (is_or_ends_with(name, "run_id"))
		return RESULT_RUN;
	return RESULT_PLAIN;
}

void result_add_name(struct strbuf *words, enum result_meaning meaning, const char *name)
{
	size_t before = words->length;

	printable_add_string(words, name);
	if ((meaning == RESULT_DURATION || meaning == RESULT_MOMENT) && words->length > before + 3)
		strbuf_truncate(words, words->length - 3);
}

bool result_add_words(struct strbuf *words, enum result_meaning meaning, int64_t number)
{
	switch (meaning) {
	case RESULT_DURATION:
		quantity_add_duration(words, number);
		return true;
	case RESULT_MOMENT:
		quantity_add_moment(words, number);
		return true;
	case RESULT_ASYNC:
		point_add_async(words, number);
		return true;
	case RESULT_RUN:
		point_add_run(words, number);
		return true;
	default:
		return false;
	}
}

bool result_is_below(enum result_meaning meaning)
{
	return meaning == RESULT_STACK || meaning == RESULT_ADVICE;
}

void result_add_advice(struct page *page, const char *place)
{
	if (!*place)
		return;
	page_end_line(page);
	page_printf(page, PAGE_PLAIN, "%*sbind at: %s", STACK_INDENT, "", place);
}

void result_add_stack(struct page *page, const char *stack)
{
	static const char between[] = " < ";
	struct strbuf line = {0};
	int shown = 0, left = 0;

	while (*stack) {
		const char *end = strstr(stack, between);
		size_t length = end ? (size_t)(end - stack) : strlen(stack);

		if (shown < FRAMES_SHOWN) {
			page_end_line(page);
			strbuf_clear(&line);
			strbuf_add_repeated(&line, ' ', STACK_INDENT);
			strbuf_add(&line, stack, length);
			page_add(page, PAGE_FAINT, strbuf_string(&line));
			shown++;
		} else {
			left++;
		}
		stack += length + (end ? strlen(between) : 0);
	}
	if (left) {
		page_end_line(page);
		page_printf(page, PAGE_FAINT, "%*s... %d more frames", STACK_INDENT, "", left);
	}
	strbuf_deinit(&line);
}
