/*
 * Ticks to nanoseconds: see timeline.h. A map that is only ever extended at its end; it never
 * steps, and its error against CLOCK_MONOTONIC is worked off over about a second.
 */
#include "recorder/ingest/timeline.h"

#include <string.h>
#include <time.h>

static const double largest = 4e18; /* below INT64_MAX, also after an addition of two */

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t read_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

/* The narrowest of a few tries, so that a preemption between the clocks does not matter. */
static void take(uint64_t *ticks, uint64_t *ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 4; i++) {
		uint64_t before = read_ticks();
		uint64_t now = clock_ns(CLOCK_MONOTONIC);
		uint64_t after = read_ticks();

		if (after - before < best) {
			best = after - before;
			*ticks = before + best / 2;
			*ns = now;
		}
	}
}

void timeline_init(struct timeline *line, uint64_t *realtime_ns)
{
	memset(line, 0, sizeof *line);
	take(&line->base_ticks, &line->base_ns);
	*realtime_ns = clock_ns(CLOCK_REALTIME);
	line->zero_ns = line->base_ns;
	line->next_ticks = line->base_ticks;
	line->next_ns = line->base_ns;
	line->piece[0] = (struct timeline_piece){line->base_ticks, (int64_t)line->base_ns, 1.0};
	line->count = 1;
}

static int64_t on_piece(const struct timeline_piece *piece, uint64_t ticks)
{
	double ns = (double)(int64_t)(ticks - piece->ticks) * piece->slope;

	if (ns > largest / 2)
		ns = largest / 2;
	if (ns < -largest / 2)
		ns = -largest / 2;
	return piece->ns + (int64_t)ns;
}

bool timeline_is_calibrated(const struct timeline *line)
{
	return line->count > 1 || line->piece[0].slope != 1.0 || !line->base_ticks;
}

void timeline_anchor_now(struct timeline *line)
{
	struct timeline_piece *last = &line->piece[line->count - 1], *piece;
	uint64_t ticks, ns;
	double slope, error, second;

	take(&ticks, &ns);
	if (ticks <= line->base_ticks || ns <= line->base_ns || ticks <= last->ticks)
		return; /* no counter here, or too soon */
	slope = (double)(ns - line->base_ns) / (double)(ticks - line->base_ticks);
	if (!timeline_is_calibrated(line)) {
		/* The first slope that is known holds from the beginning. */
		if (ns - line->base_ns < 200000)
			return;
		last->slope = slope;
		return;
	}
	if (ns - line->next_ns > 2000000000u) {
		line->base_ticks = line->next_ticks;
		line->base_ns = line->next_ns;
		line->next_ticks = ticks;
		line->next_ns = ns;
	}
	if (ns - (uint64_t)last->ns < 1000000)
		return;
	error = (double)((int64_t)ns - on_piece(last, ticks));
	if (error < 100 && error > -100 && slope < last->slope * 1.0000005 &&
		slope > last->slope * 0.9999995)
		return;
	if (line->count == TIMELINE_PIECES) {
		/* Half of the old ones go; the lines between those that stay are redrawn. */
		unsigned kept = 0;

		for (unsigned i = 0; i < line->count - 1; i += 2)
			line->piece[kept++] = line->piece[i];
		line->piece[kept++] = line->piece[line->count - 1];
		line->count = kept;
		for (unsigned i = 0; i + 1 < kept; i++)
			line->piece[i].slope =
				(double)(line->piece[i + 1].ns - line->piece[i].ns) /
				(double)(line->piece[i + 1].ticks - line->piece[i].ticks);
		last = &line->piece[kept - 1];
	}
	piece = &line->piece[line->count];
	piece->ticks = ticks;
	piece->ns = on_piece(last, ticks);
	second = 1e9 / slope; /* ticks in which the error is to be gone */
	piece->slope = slope + error / second;
	if (piece->slope < slope / 2)
		piece->slope = slope / 2;
	if (piece->slope > slope * 2)
		piece->slope = slope * 2;
	line->count++;
}

void timeline_set(
	struct timeline *line, const struct arena_anchor *first, const struct arena_anchor *last)
{
	uint64_t ns = first->monotonic_ns > (uint64_t)largest / 4 ? 0 : first->monotonic_ns;

	line->zero_ns = ns;
	line->count = 1;
	line->piece[0] = (struct timeline_piece){first->ticks, (int64_t)ns, 1.0};
	if (last->ticks > first->ticks && last->monotonic_ns > first->monotonic_ns)
		line->piece[0].slope = (double)(last->monotonic_ns - first->monotonic_ns) /
				       (double)(last->ticks - first->ticks);
}

int64_t timeline_ns(const struct timeline *line, uint32_t clock, uint64_t ticks)
{
	unsigned low = 0, high = line->count - 1;

	if (clock != ARENA_CLOCK_TSC) {
		int64_t ns = (int64_t)(ticks - line->zero_ns);

		return ns > (int64_t)largest || ns < -(int64_t)largest ? 0 : ns;
	}
	if (ticks < line->piece[high].ticks) {
		while (low < high) { /* the last piece that begins at or before `ticks` */
			unsigned middle = (low + high + 1) / 2;

			if (line->piece[middle].ticks <= ticks)
				low = middle;
			else
				high = middle - 1;
		}
	}
	return on_piece(&line->piece[high], ticks) - (int64_t)line->zero_ns;
}

int64_t timeline_now(const struct timeline *line)
{
	return (int64_t)(clock_ns(CLOCK_MONOTONIC) - line->zero_ns);
}
