/*
 * The code of one recording in shared words: see code.h. Each table is read once, in the order of
 * its key; what a recording claims beyond the bounds is left out, and `full` says so.
 */
#include "debugger/diff/code.h"

#include "debugger/recording/frames.h"
#include "debugger/recording/lookup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX ((size_t)4 << 20) /* of each table */

void code_deinit(struct code *code)
{
	id_map_deinit(&code->frame_map);
	id_map_deinit(&code->stack_map);
	id_map_deinit(&code->origin_map);
	id_map_deinit(&code->entry_map);
	id_map_deinit(&code->type_map);
	free(code->frames);
	free(code->origins);
	free(code->entries);
	free(code->types);
	free(code->names);
	*code = (struct code){0};
}

/* `rows` with room for one more, of `size` bytes; NULL when there is none, and then nothing has
 * changed. */
static void *with_room(struct code *code, void *rows, size_t count, size_t *room, size_t size)
{
	size_t larger = *room ? *room * 2 : 64;
	void *grown = rows;

	if (count < *room)
		return rows;
	if (count >= ROWS_MAX || !(grown = realloc(rows, larger * size))) {
		code->full = true;
		return NULL;
	}
	*room = larger;
	return grown;
}

/* Gives an ID the number of the next row; false when it can have none. */
static bool number_row(struct code *code, struct id_map *map, int64_t id, size_t *count)
{
	uint64_t *number = id < 0 ? NULL : id_map_at(map, id);

	if (!number) {
		code->full = true;
		return false;
	}
	*number = ++*count;
	return true;
}

/* The index of an ID's row, -1 when it has none. */
static int64_t index_of(struct id_map *map, int64_t id)
{
	return id < 0 ? -1 : (int64_t)id_map_get(map, id) - 1;
}

static int prepare(struct code *code, const char *sql, sqlite3_stmt **ret, struct error *err)
{
	return sqlite3_prepare_v2(reader_database(code->recording), sql, -1, ret, NULL)
		       ? reader_error(code->recording, NULL, err)
		       : 0;
}

static uint32_t text_of(struct code *code, sqlite3_stmt *row, int column)
{
	return lexicon_text(code->lexicon, (const char *)sqlite3_column_text(row, column));
}

/* --- frames -------------------------------------------------------------------------------------
 */

/* What compilers add to the name of a part of a function, or of a copy of it. */
static bool is_split_off(const char *suffix)
{
	static const char *const suffixes[] = {".cold", ".part.", ".isra.", ".constprop.",
		".lto_priv.", ".localalias", ".llvm.", NULL};
	size_t i;

	for (i = 0; suffixes[i]; i++)
		if (!strncmp(suffix, suffixes[i], strlen(suffixes[i])))
			return true;
	return false;
}

const char *code_plain_name(const char *function, char *room, size_t size)
{
	const char *dot = function;

	while ((dot = strchr(dot, '.')) && (dot == function || !is_split_off(dot)))
		dot++;
	if (!dot || (size_t)(dot - function) >= size)
		return function;
	memcpy(room, function, (size_t)(dot - function));
	room[dot - function] = '\0';
	return room;
}

bool code_is_unnamed(const char *name)
{
	return name && strstr(name, "+0x");
}

static uint32_t name_of(struct code *code, sqlite3_stmt *row)
{
	const char *function = (const char *)sqlite3_column_text(row, 4);
	const char *reason = (const char *)sqlite3_column_text(row, 3);
	const char *module = frames_basename((const char *)sqlite3_column_text(row, 1));
	char words[512];

	if (function)
		return lexicon_text(code->lexicon, code_plain_name(function, words, sizeof words));
	if (reason)
		snprintf(words, sizeof words, "(%s)", reason);
	else
		snprintf(words, sizeof words, "%s+0x%" PRIx64, module ? module : "?",
			(uint64_t)sqlite3_column_int64(row, 2));
	return lexicon_text(code->lexicon, words);
}

/* One row of a frame: a function of it, the outer ones first. */
static void add_frame_row(struct code *code, sqlite3_stmt *row, int64_t *last_id)
{
	int64_t frame_id = lookup_column(row, 0);
	const char *module = frames_basename((const char *)sqlite3_column_text(row, 1));
	const char *function = (const char *)sqlite3_column_text(row, 4);
	struct code_frame *frame =
		with_room(code, code->frames, code->frame_count, &code->frame_room, sizeof *frame);
	uint32_t *names =
		with_room(code, code->names, code->name_count, &code->name_room, sizeof *names);

	code->frames = frame ? frame : code->frames;
	code->names = names ? names : code->names;
	if (!frame || !names)
		return;
	if (!code->frame_count || frame_id != *last_id) {
		if (!number_row(code, &code->frame_map, frame_id, &code->frame_count))
			return;
		*last_id = frame_id;
		frame = &code->frames[code->frame_count - 1];
		*frame = (struct code_frame){.first = (uint32_t)code->name_count};
		frame->is_aside = module && !strncmp(module, "libacausal.so", 13) &&
				  sqlite3_column_int(row, 5) != 1;
		frame->is_start = frames_is_start(function);
	}
	frame = &code->frames[code->frame_count - 1];
	code->names[code->name_count++] = name_of(code, row);
	frame->count++;
}

static int read_frames(struct code *code, struct error *err)
{
	static const char sql[] =
		"SELECT f.frame_id, m.path, f.address, f.end_reason, s.function, f.is_exact"
		" FROM main.frame f LEFT JOIN main.module m ON m.module_id = f.module_id"
		" LEFT JOIN main.source s ON s.frame_id = f.frame_id"
		" ORDER BY f.frame_id, s.inline_depth DESC";
	int64_t last_id = UNKNOWN;
	sqlite3_stmt *row;
	int found;

	if (prepare(code, sql, &row, err))
		return -1;
	while ((found = reader_step(code->recording, row, err)) == 1)
		add_frame_row(code, row, &last_id);
	sqlite3_finalize(row);
	return found;
}

uint32_t code_function(struct code *code, int64_t frame_id)
{
	int64_t index = index_of(&code->frame_map, frame_id);

	return index < 0 || !code->frames[index].count ? 0 : code->names[code->frames[index].first];
}

/* --- stacks -------------------------------------------------------------------------------------
 */

static uint32_t extend(struct code *code, uint32_t stack, int64_t frame_id)
{
	int64_t index = index_of(&code->frame_map, frame_id);
	const struct code_frame *frame = index < 0 ? NULL : &code->frames[index];
	uint32_t i;

	if (!frame || frame->is_aside || (frame->is_start && !stack))
		return stack;
	for (i = 0; i < frame->count; i++) {
		uint32_t name = code->names[frame->first + i];
		const char *words = lexicon_words(code->lexicon, name);

		stack = lexicon_stack(
			code->lexicon, words && !strcmp(words, "main") ? 0 : stack, name);
	}
	return stack;
}

static int read_stacks(struct code *code, struct error *err)
{
	static const char sql[] =
		"SELECT stack_id, caller_id, frame_id FROM main.stack ORDER BY stack_id";
	sqlite3_stmt *row;
	int found;

	if (prepare(code, sql, &row, err))
		return -1;
	while ((found = reader_step(code->recording, row, err)) == 1) {
		int64_t stack_id = lookup_column(row, 0), caller_id = lookup_column(row, 1);
		uint64_t *number = stack_id < 0 ? NULL : id_map_at(&code->stack_map, stack_id);

		if (!number) {
			code->full = true;
			continue;
		}
		*number = extend(code, caller_id < stack_id ? code_stack(code, caller_id) : 0,
			lookup_column(row, 2));
	}
	sqlite3_finalize(row);
	return found;
}

uint32_t code_stack(struct code *code, int64_t stack_id)
{
	return stack_id < 0 ? 0 : (uint32_t)id_map_get(&code->stack_map, stack_id);
}

/* --- what was asked for and run -----------------------------------------------------------------
 */

static int read_types(struct code *code, struct error *err)
{
	static const char sql[] =
		"SELECT type_id, name, armed_by_creation, class FROM main.type ORDER BY type_id";
	sqlite3_stmt *row;
	int found;

	if (prepare(code, sql, &row, err))
		return -1;
	while ((found = reader_step(code->recording, row, err)) == 1) {
		struct code_type *rows = with_room(
			code, code->types, code->type_count, &code->type_room, sizeof *rows);
		const char *class = (const char *)sqlite3_column_text(row, 3);
		bool is_root = class && !strcmp(class, "root");

		if (!rows)
			continue;
		code->types = rows;
		if (number_row(code, &code->type_map, lookup_column(row, 0), &code->type_count))
			rows[code->type_count - 1] = (struct code_type){
				text_of(code, row, 1), sqlite3_column_int(row, 2) == 1, is_root};
	}
	sqlite3_finalize(row);
	return found;
}

static int read_origins(struct code *code, struct error *err)
{
	static const char sql[] = "SELECT o.origin_id, o.type_id, o.stack_id, a.name"
				  " FROM main.origin o LEFT JOIN main.api a ON a.api_id = o.api_id"
				  " ORDER BY o.origin_id";
	sqlite3_stmt *row;
	int found;

	if (prepare(code, sql, &row, err))
		return -1;
	while ((found = reader_step(code->recording, row, err)) == 1) {
		struct code_origin *rows = with_room(
			code, code->origins, code->origin_count, &code->origin_room, sizeof *rows);
		int64_t stack_id = lookup_column(row, 2);

		if (!rows)
			continue;
		code->origins = rows;
		if (number_row(code, &code->origin_map, lookup_column(row, 0), &code->origin_count))
			rows[code->origin_count - 1] =
				(struct code_origin){code_stack(code, stack_id),
					text_of(code, row, 3), stack_id, lookup_column(row, 1)};
	}
	sqlite3_finalize(row);
	return found;
}

static int read_entries(struct code *code, struct error *err)
{
	static const char sql[] = "SELECT entry_id, part, callback_frame_id FROM main.entry"
				  " ORDER BY entry_id";
	sqlite3_stmt *row;
	int found;

	if (prepare(code, sql, &row, err))
		return -1;
	while ((found = reader_step(code->recording, row, err)) == 1) {
		struct code_entry *rows = with_room(
			code, code->entries, code->entry_count, &code->entry_room, sizeof *rows);
		int64_t frame_id = lookup_column(row, 2);
		const char *part = (const char *)sqlite3_column_text(row, 1);
		bool is_close = part && !strcmp(part, "close");

		if (!rows)
			continue;
		code->entries = rows;
		if (number_row(code, &code->entry_map, lookup_column(row, 0), &code->entry_count))
			rows[code->entry_count - 1] =
				(struct code_entry){code_function(code, frame_id),
					text_of(code, row, 1), frame_id, is_close};
	}
	sqlite3_finalize(row);
	return found;
}

int code_init(
	struct code *code, struct reader *recording, struct lexicon *lexicon, struct error *err)
{
	*code = (struct code){.recording = recording, .lexicon = lexicon};
	return read_frames(code, err) || read_stacks(code, err) || read_types(code, err) ||
			       read_origins(code, err) || read_entries(code, err)
		       ? -1
		       : 0;
}

const struct code_type *code_type(struct code *code, int64_t type_id)
{
	int64_t index = index_of(&code->type_map, type_id);

	return index < 0 ? NULL : &code->types[index];
}

const struct code_origin *code_origin(struct code *code, int64_t origin_id)
{
	int64_t index = index_of(&code->origin_map, origin_id);

	return index < 0 ? NULL : &code->origins[index];
}

const struct code_entry *code_entry(struct code *code, int64_t entry_id)
{
	int64_t index = index_of(&code->entry_map, entry_id);

	return index < 0 ? NULL : &code->entries[index];
}
