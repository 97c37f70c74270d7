/*
 * Places by name: see place_named.h. The whole `source` table is looked through for a name, which
 * is as long as there were different places in stacks, and within the reader's budget.
 */
#include "debugger/frame/place_named.h"

#include "debugger/recording/lookup.h"
#include "debugger/text/printable.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CHOICES_SHOWN 4

/* Decimal digits to their end, up to `end`; 0 when they are none or too many. */
static int64_t read_line_number(const char *text, const char *end)
{
	int64_t number = 0;

	for (; text < end && *text >= '0' && *text <= '9' && number <= INT32_MAX; text++)
		number = number * 10 + (*text - '0');
	return text == end && number <= INT32_MAX ? number : 0;
}

/* "12" or "12,20". */
static bool read_lines(const char *text, struct place_words *ret)
{
	const char *comma = strchr(text, ','), *end = text + strlen(text);

	ret->first = read_line_number(text, comma ? comma : end);
	ret->last = comma ? read_line_number(comma + 1, end) : 0;
	return ret->first && (!comma || ret->last >= ret->first);
}

int place_words_read(const char *text, struct place_words *ret, struct error *err)
{
	const char *colon = text ? strrchr(text, ':') : NULL;

	*ret = (struct place_words){.ask = PLACE_NEAR_FRAME};
	if (!text)
		return 0;
	if (!strcmp(text, "-") || !strcmp(text, "+")) {
		ret->ask = *text == '-' ? PLACE_BEFORE : PLACE_AFTER;
		return 0;
	}
	if (read_lines(text, ret)) {
		ret->ask = PLACE_LINES;
		return 0;
	}
	if (*text >= '0' && *text <= '9')
		return error_set(err,
			"list: '%s' is no line: type N, FIRST,LAST, FILE:LINE or a FUNCTION", text);
	ret->ask = PLACE_FUNCTION;
	if (colon > text && colon[-1] != ':' && read_lines(colon + 1, ret)) {
		ret->ask = PLACE_FILE;
		ret->name = strndup(text, (size_t)(colon - text));
	} else {
		ret->name = strdup(text);
	}
	return ret->name ? 0 : error_set(err, "out of memory");
}

/* Is `file` the one meant by `name`: the same, or the end of it? */
static bool ends_with_part(const char *file, const char *name)
{
	size_t whole = strlen(file), length = strlen(name);

	return whole >= length && !strcmp(file + whole - length, name) &&
	       (whole == length || *name == '/' || file[whole - length - 1] == '/');
}

/* In the selected stack there is no doubt which is meant: the innermost. */
static bool find_in_stack(
	const struct selection *selection, const struct place_words *words, struct named_place *ret)
{
	const struct lineage *lineage = &selection->lineage;
	size_t i, j;

	for (i = 0; i < lineage->count; i++) {
		const struct frames *frames = lineage->segments[i].frames;

		for (j = 0; frames && j < frames->count; j++) {
			const struct frame *frame = &frames->rows[j];

			if (!frame->file ||
				(words->ask == PLACE_FILE
						? !ends_with_part(frame->file, words->name)
						: !frame->function ||
							  strcmp(frame->function, words->name)))
				continue;
			*ret = (struct named_place){
				frame->file, frame->directory, frame->function, frame->line, NULL};
			return true;
		}
	}
	return false;
}

/* ?1 is a file's name, or the end of one. */
static const char files_sql[] =
	"SELECT file, directory, NULL, 1 FROM main.source WHERE file = ?1"
	" OR substr(file, -length(?1) - 1) = '/' || ?1 GROUP BY file, directory ORDER BY 1, 2";
/* ?1 is a function's name: "run" also that of "job::run(int)". Its first line of all seen. */
static const char functions_sql[] =
	"SELECT file, directory, function, min(line) FROM main.source"
	" WHERE (function = ?1 OR substr(function, 1, length(?1) + 1) IN (?1 || '(', ?1 || '<')"
	" OR instr(function, '::' || ?1 || '(') > 0"
	" OR substr(function, -length(?1) - 2) = '::' || ?1)"
	" AND file IS NOT NULL AND line > 0 GROUP BY file, directory, function ORDER BY 1, 2, 3";

static void add_choice(
	struct strbuf *choices, const struct place_words *words, const struct named_place *place)
{
	strbuf_add_string(choices, choices->length ? ", " : "");
	printable_add(choices, place->file, strlen(place->file), 120);
	if (words->ask == PLACE_FUNCTION)
		strbuf_printf(choices, ":%" PRId64, place->line);
}

static int find_in_recording(struct reader *recording, const struct place_words *words,
	struct named_place *ret, struct error *err)
{
	const char *sql = words->ask == PLACE_FILE ? files_sql : functions_sql;
	struct strbuf choices = {0};
	sqlite3_stmt *row;
	int found, count = 0;

	if (reader_prepare(recording,
		    words->ask == PLACE_FILE ? STATEMENT_FILES_NAMED : STATEMENT_FUNCTIONS_NAMED,
		    sql, &row, err))
		return -1;
	sqlite3_bind_text(row, 1, words->name, -1, SQLITE_STATIC);
	while ((found = reader_step(recording, row, err)) == 1 && count <= CHOICES_SHOWN) {
		struct named_place place = {.file = lookup_text(recording, row, 0),
			.directory = lookup_text(recording, row, 1),
			.function = lookup_text(recording, row, 2),
			.line = lookup_column(row, 3)};

		if (!place.file)
			continue;
		if (!count++)
			*ret = place;
		if (count <= CHOICES_SHOWN)
			add_choice(&choices, words, &place);
	}
	sqlite3_reset(row);
	if (found >= 0 && count > 1)
		found = error_set(err, "list: '%s' is in more than one place: type FILE:LINE: %s%s",
			words->name, strbuf_string(&choices), count > CHOICES_SHOWN ? ", …" : "");
	else if (found >= 0 && !count)
		found = error_set(err,
			"list: no %s '%s' is in a stack of the recording: type N, FILE:LINE or a"
			" FUNCTION",
			words->ask == PLACE_FILE ? "file" : "function", words->name);
	strbuf_deinit(&choices);
	return found < 0 ? -1 : 0;
}

int named_place_find(struct reader *recording, const struct selection *selection,
	const struct place_words *words, struct named_place *ret, struct error *err)
{
	if (find_in_stack(selection, words, ret))
		return 0;
	return find_in_recording(recording, words, ret, err);
}

int named_place_build_id(struct reader *recording, const char *file, const char *directory,
	const char **ret, struct error *err)
{
	static const char sql[] =
		"SELECT m.build_id FROM main.source s JOIN main.frame f ON f.frame_id = s.frame_id"
		" JOIN main.module m ON m.module_id = f.module_id"
		" WHERE s.file = ?1 AND s.directory IS ?2 AND m.build_id IS NOT NULL LIMIT 1";
	sqlite3_stmt *row;
	int found;

	*ret = NULL;
	if (reader_prepare(recording, STATEMENT_BUILD_ID, sql, &row, err))
		return -1;
	sqlite3_bind_text(row, 1, file, -1, SQLITE_STATIC);
	sqlite3_bind_text(row, 2, directory, -1, SQLITE_STATIC);
	found = reader_step(recording, row, err);
	if (found == 1)
		*ret = lookup_text(recording, row, 0);
	sqlite3_reset(row);
	return found < 0 ? -1 : 0;
}
