/*
 * Segments with repeats folded away: see folding.h. A repeat is folded from its third time on: with
 * two there is nothing to gain. Must not look anything up.
 */
#include "debugger/lineage/folding.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_TIMES 2 /* repeats, after the first */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The same code did the same: whatever the IDs and the times are. */
static bool same(const struct segment *a, const struct segment *b)
{
	if (a->edge != b->edge || a->edge == EDGE_HERE || a->frames != b->frames ||
		a->in.run.thread_id != b->in.run.thread_id ||
		a->in.run.callback_frame_id != b->in.run.callback_frame_id ||
		!same_text(a->api, b->api) || !same_text(a->in.type, b->in.type) ||
		!same_text(a->armed.type, b->armed.type) || a->has_firing != b->has_firing)
		return false;
	return !a->has_firing || (a->firing.frames == b->firing.frames &&
					 same_text(a->firing.row.api, b->firing.row.api));
}

static int append(struct folding *folding, const struct segment *segment)
{
	if (folding->count == folding->capacity) {
		size_t capacity = folding->capacity ? folding->capacity * 2 : 16;
		struct segment *segments = realloc(folding->segments, capacity * sizeof *segments);

		if (!segments)
			return -1;
		folding->segments = segments;
		folding->capacity = capacity;
	}
	folding->segments[folding->count++] = *segment;
	return 0;
}

static int end_streak(struct folding *folding)
{
	size_t i;

	if (folding->period && folding->times >= LEAST_TIMES) {
		struct segment *last = &folding->segments[folding->count - 1];

		last->folded_segments = (int64_t)folding->period;
		last->folded_times = folding->times;
	}
	folding->period = folding->position = 0;
	folding->times = 0;
	for (i = 0; i < folding->held_count; i++)
		if (append(folding, &folding->held[i]))
			return -1;
	folding->held_count = 0;
	return 0;
}

/* Are the last `period` segments the same as those before them, and none the end of a fold? */
static bool repeats(const struct folding *folding, size_t period)
{
	const struct segment *last;
	size_t i;

	if (folding->count < 2 * period)
		return false;
	last = folding->segments + folding->count - 1;
	for (i = 0; i < period; i++)
		if (last[-(ptrdiff_t)i].folded_times ||
			last[-(ptrdiff_t)(i + period)].folded_times ||
			!same(&last[-(ptrdiff_t)i], &last[-(ptrdiff_t)(i + period)]))
			return false;
	return true;
}

static void begin_streak(struct folding *folding)
{
	size_t period;

	for (period = 1; period <= FOLDING_PERIOD; period++) {
		if (!repeats(folding, period))
			continue;
		folding->count -= period;
		memcpy(folding->held, folding->segments + folding->count,
			period * sizeof folding->held[0]);
		folding->held_count = period;
		folding->period = period;
		folding->times = 1;
		return;
	}
}

static void swallow(struct folding *folding, const struct segment *segment)
{
	folding->held[folding->held_count++] = *segment;
	if (++folding->position < folding->period)
		return;
	folding->position = 0;
	if (folding->times < INT64_MAX)
		folding->times++;
	if (folding->times >= LEAST_TIMES)
		folding->held_count = 0;
}

int folding_push(struct folding *folding, const struct segment *segment)
{
	if (folding->recent_count == FOLDING_PERIOD)
		memmove(folding->recent, folding->recent + 1,
			--folding->recent_count * sizeof folding->recent[0]);
	folding->recent[folding->recent_count++] = *segment;
	if (folding->off)
		return append(folding, segment);
	if (folding->period) {
		size_t expected = folding->count - folding->period + folding->position;

		if (same(&folding->segments[expected], segment)) {
			swallow(folding, segment);
			return 0;
		}
		if (end_streak(folding))
			return -1;
	}
	if (append(folding, segment))
		return -1;
	begin_streak(folding);
	return 0;
}

/* Is what was pushed last, `count` segments of it, a repeat of period `period`? */
static bool recent_repeats(const struct folding *folding, size_t count, size_t period)
{
	const struct segment *end = folding->recent + folding->recent_count;
	size_t i;

	for (i = period; i < count; i++)
		if (!same(end - 1 - i, end - 1 - i + period))
			return false;
	return true;
}

/* Do the last `count` pushed stand at the end of the result as they are? */
static bool recent_are_shown(const struct folding *folding, size_t count)
{
	size_t i;

	if (folding->count < count)
		return false;
	for (i = 1; i <= count; i++) {
		const struct segment *shown = &folding->segments[folding->count - i];
		const struct segment *pushed = &folding->recent[folding->recent_count - i];

		if (shown->folded_times || shown->of_run_id != pushed->of_run_id ||
			!same(shown, pushed))
			return false;
	}
	return true;
}

int folding_jump(struct folding *folding, int64_t period, int64_t times)
{
	int64_t more;
	size_t count = (size_t)period;

	if (folding->off || period < 1 || period > (int64_t)folding->recent_count ||
		times < LEAST_TIMES)
		return 0;
	if (folding->period && count % folding->period == 0 &&
		recent_repeats(folding, count, folding->period)) {
		if (__builtin_mul_overflow(times, period / (int64_t)folding->period, &more) ||
			__builtin_add_overflow(folding->times, more, &more))
			return 0;
		folding->times = more;
		/* What is held of whole repeats is in the count now; what is begun stays held. */
		memmove(folding->held, folding->held + folding->held_count - folding->position,
			folding->position * sizeof folding->held[0]);
		folding->held_count = folding->position;
		return 1;
	}
	if (end_streak(folding))
		return -1;
	if (!recent_are_shown(folding, count))
		return 0;
	folding->period = count;
	folding->times = times;
	return 1;
}

int folding_finish(struct folding *folding)
{
	return end_streak(folding);
}
