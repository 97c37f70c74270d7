/* Sinks by what they are: see sinks.h. */
#include "recorder/ingest/sinks.h"
#include "recorder/ingest/rows.h"
#include "recorder/wire/names.h"

#include <stdlib.h>
#include <string.h>

void sinks_init(struct sinks *sinks)
{
	*sinks = (struct sinks){0};
	intern_init(&sinks->keys, SINKS_MAX);
	intern_init(&sinks->paths, SINKS_MAX);
}

void sinks_deinit(struct sinks *sinks)
{
	for (uint32_t i = 0; i < sinks->count; i++) {
		free(sinks->sinks[i].path);
		free(sinks->sinks[i].moved_to);
	}
	free(sinks->sinks);
	intern_deinit(&sinks->keys);
	intern_deinit(&sinks->paths);
	*sinks = (struct sinks){0};
}

/* Two numbers that two different texts do not share by accident. */
static struct intern_key text_key(const char *text)
{
	uint64_t a = 0xcbf29ce484222325ull, b = 0x9e3779b97f4a7c15ull;

	for (; *text; text++) {
		a = (a ^ (unsigned char)*text) * 0x100000001b3ull;
		b = mix64(b + (unsigned char)*text);
	}
	return (struct intern_key){{a, b, 0}};
}

static struct intern_key record_key(const struct arena_sink *record)
{
	struct intern_key key = text_key(record->path);

	key.word[0] ^= mix64(record->device + record->kind * 0x9e3779b97f4a7c15ull);
	key.word[1] ^= mix64(record->inode) + mix64((uint64_t)record->born_ns ^ 0x5bd1e995);
	return key;
}

/* For one more, if there may be one more: of a new key `keys` decides that. */
static bool has_room(struct sinks *sinks)
{
	uint32_t capacity = sinks->capacity ? 2 * sinks->capacity : 16;
	struct sink *more;

	if (sinks->count < sinks->capacity || sinks->count == SINKS_MAX)
		return true;
	more = realloc(sinks->sinks, capacity * sizeof *more);
	if (!more)
		return false;
	sinks->sinks = more;
	sinks->capacity = capacity;
	return true;
}

static uint32_t counted_by(struct sinks *sinks, const char *path)
{
	uint32_t number = 0;
	bool is_new;

	if (*path)
		number = intern_number(&sinks->paths, text_key(path), &is_new);
	return number ? number : SINKS_MAX + sinks->count;
}

static void add(struct sinks *sinks, const struct arena_sink *record, int64_t met_ns)
{
	struct sink *sink = &sinks->sinks[sinks->count++];

	*sink = (struct sink){
		.device = record->device,
		.inode = record->inode,
		.born_ns = record->born_ns,
		.met_ns = met_ns,
		.size_before = record->size,
		.path = record->path[0] ? strdup(record->path) : NULL,
		.kind = record->kind,
		.is_cut = record->path_length > strlen(record->path),
		.is_news = true,
	};
	sink->counted_by = counted_by(sinks, record->path);
	sinks->have_news = true;
}

/* What one process tells of a sink that another one has told of, or itself under another number. */
static void met_again(
	struct sinks *sinks, struct sink *sink, const struct arena_sink *record, int64_t met_ns)
{
	if (met_ns == ROW_UNKNOWN || (met_ns >= sink->met_ns && sink->met_ns != ROW_UNKNOWN))
		return;
	sink->met_ns = met_ns;
	sink->size_before = record->size;
	sink->is_news = sinks->have_news = true;
}

/* The number of the sink with that key, which is made when there is none; 0: no room. */
static uint32_t number_of(struct sinks *sinks, struct intern_key key,
	const struct arena_sink *record, int64_t met_ns, bool *is_new)
{
	uint32_t number = has_room(sinks) ? intern_number(&sinks->keys, key, is_new) : 0;

	if (number && *is_new)
		add(sinks, record, met_ns);
	return number;
}

/* Whether a file is there as it was when this sink was met, or longer. */
static bool may_be(const struct sink *sink, const struct arena_sink *record, int64_t met_ns)
{
	return record->kind != ACAUSAL_SINK_FILE || sink->met_ns == ROW_UNKNOWN ||
	       met_ns <= sink->met_ns || record->size >= sink->size_before;
}

uint32_t sinks_number(
	struct sinks *sinks, const struct arena_sink *record, int64_t met_ns, uint32_t before)
{
	/* Of a file that is cut short again and again, what comes after is of the last one. */
	enum { CUT_SHORT_MAX = 1000 };
	struct intern_key key = record_key(record);
	uint32_t at, last = 0, found = 0, number;
	bool is_after = !before, is_new;

	number = number_of(sinks, key, record, met_ns, &is_new);
	if (!number || is_new)
		return number;
	/*
	 * Another process may have found before that it was cut short, and this one's record be of
	 * what came of that: the last one that was met by then, or else the first one.
	 */
	for (at = number; at; at = sinks->sinks[at - 1].next) {
		const struct sink *sink = &sinks->sinks[at - 1];

		if (is_after && (!found || sink->met_ns <= met_ns))
			found = at;
		is_after |= at == before;
		last = at;
		key.word[2]++;
	}
	if ((!found || (found == last && !may_be(&sinks->sinks[last - 1], record, met_ns))) &&
		key.word[2] < CUT_SHORT_MAX) {
		number = number_of(sinks, key, record, met_ns, &is_new);
		if (number)
			sinks->sinks[last - 1].next = number;
		return number;
	}
	found = found ? found : last;
	met_again(sinks, &sinks->sinks[found - 1], record, met_ns);
	return found;
}
