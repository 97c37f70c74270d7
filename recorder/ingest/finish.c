/*
 * What is done once, when everything has been read: addresses become functions and lines, stacks
 * get a signature by function names, and the sums are written.
 */
#include "recorder/ingest/ingest_internal.h"
#include "recorder/symbols/symbols.h"

#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 32, PROGRESS_STEP = 256 };

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ull;
	return hash;
}

static size_t parse_build_id(const char *text, unsigned char *bytes)
{
	size_t size = 0;

	for (; text[0] && text[1] && size < ARENA_BUILD_ID_MAX; text += 2) {
		char pair[3] = {text[0], text[1], 0};

		bytes[size++] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return size;
}

static const char *last_part(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

/* Where to read a module's names. */
static const char *file_of(const struct ingest *ingest, const struct places_module *module)
{
	const struct ingest_options *options = &ingest->options;
	const char *file = NULL;

	if (options->module_file)
		file = options->module_file(options->user, module->path, module->build_id);
	return file ? file : module->path;
}

/* Writes what a frame is in the source. `*name` becomes a hash of its functions' names. */
static int write_frame(struct ingest *ingest, struct symbols *symbols, uint32_t frame_id,
	uint64_t *name, struct error *err)
{
	const struct places *places = &ingest->terms.places;
	const struct intern_key *key = &places->frames.keys[frame_id - 1];
	uint32_t module_id = (uint32_t)(key->word[0] >> 32), flags = (uint32_t)key->word[0];
	const struct places_module *module;
	struct symbols_line lines[LINES_MAX];
	unsigned char build_id[ARENA_BUILD_ID_MAX];
	uint64_t address = key->word[1];
	int count;

	*name = 0x9e3779b97f4a7c15ull;
	if (flags & PLACES_END) {
		*name += address;
		return 0;
	}
	if (!module_id || module_id > places->module_count)
		return 0;
	module = &places->modules[module_id - 1];
	*name = hash_text(*name, last_part(module->path));
	if (!module->path)
		return 0;
	count = symbols_lookup(symbols, file_of(ingest, module), build_id,
		parse_build_id(module->build_id, build_id), address - !(flags & PLACES_EXACT),
		lines, LINES_MAX);
	for (int i = 0; i < count && i < LINES_MAX; i++) {
		if (recording_write_source(ingest->recording, frame_id, i, lines[i].function,
			    lines[i].file, lines[i].directory, lines[i].line, lines[i].column, err))
			return -1;
		if (lines[i].function)
			*name = mix64(hash_text(i ? *name : 0, lines[i].function));
	}
	return 0;
}

static int write_signatures(struct ingest *ingest, const uint64_t *names, struct error *err)
{
	const struct intern *stacks = &ingest->terms.places.stacks;
	uint64_t *signatures = calloc((size_t)stacks->count + 1, sizeof *signatures);
	int result = 0;

	if (!signatures)
		return error_set(err, "no memory for the signatures of %u stacks", stacks->count);
	for (uint32_t id = 1; id <= stacks->count && !result; id++) {
		uint64_t word = stacks->keys[id - 1].word[0];

		/* A caller's number is smaller, so that its signature is there. */
		signatures[id] =
			mix64(signatures[word >> 32] + names[word & UINT32_MAX]) & INT64_MAX;
		result = recording_write_signature(
			ingest->recording, id, (int64_t)signatures[id], err);
	}
	free(signatures);
	return result;
}

int finish_symbols(struct ingest *ingest, struct error *err)
{
	uint32_t count = ingest->terms.places.frames.count;
	struct symbols *symbols = NULL;
	uint64_t *names = calloc((size_t)count + 1, sizeof *names);
	int result = -1;

	if (!names)
		return error_set(err, "no memory for the names of %u frames", count);
	if (symbols_create(&symbols, err))
		goto out;
	for (uint32_t id = 1; id <= count; id++) {
		if (write_frame(ingest, symbols, id, &names[id], err))
			goto out;
		if (ingest->options.progress && (id % PROGRESS_STEP == 0 || id == count))
			ingest->options.progress(ingest->options.user, "symbols", id, count);
	}
	result = write_signatures(ingest, names, err);
out:
	symbols_destroy(symbols);
	free(names);
	return result;
}

int finish_totals(struct ingest *ingest, struct error *err)
{
	const struct totals *totals = &ingest->totals;
	char buckets[1024];

	for (uint32_t i = 0; i < totals->keys.count && i < totals->capacity; i++) {
		const struct total *sum = &totals->sums[i];
		uint64_t word = totals->keys.keys[i].word[0];
		struct row_total row = {.type_id = (uint32_t)(word >> 32),
			.stack_id = (uint32_t)word,
			.created = sum->created,
			.destroyed = sum->destroyed,
			.runs = sum->runs,
			.wait_ns = sum->wait_ns,
			.wait_max_ns = sum->wait_max_ns,
			.run_ns = sum->run_ns,
			.run_max_ns = sum->run_max_ns,
			.buckets = buckets};

		totals_buckets(sum, buckets, sizeof buckets);
		if (recording_write_total(ingest->recording, &row, err))
			return -1;
	}
	return 0;
}
