/* Modules of which two recordings have other builds: see builds.h. */
#include "debugger/diff/builds.h"

#include "debugger/diff/code.h"
#include "debugger/recording/frames.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <string.h>

#define LINES_MAX 10

/* How many functions without a name of that module either recording has. */
static int64_t count_unnamed(const struct lexicon *lexicon, const char *module)
{
	size_t length = strlen(module);
	int64_t count = 0;
	uint32_t text;

	for (text = 1; text <= lexicon->count; text++) {
		const char *words = lexicon_words(lexicon, text);

		count += code_is_unnamed(words) && !strncmp(words, module, length) &&
			 !strncmp(words + length, "+0x", 3);
	}
	return count;
}

/* Whether a recording has a module of that name, and only of other builds. */
static int has_other(struct reader *recording, sqlite3_stmt *row, const char *module,
	const char *build, bool *ret, struct error *err)
{
	bool same = false;
	int found;

	*ret = false;
	sqlite3_reset(row);
	while ((found = reader_step(recording, row, err)) == 1) {
		const char *path = (const char *)sqlite3_column_text(row, 0);
		const char *own = (const char *)sqlite3_column_text(row, 1);

		if (!path || !own || strcmp(frames_basename(path), module))
			continue;
		same |= !strcmp(own, build);
		*ret = true;
	}
	*ret &= !same;
	return found;
}

static void add_line(
	struct page *page, const struct diff_view *view, const char *module, int64_t unnamed)
{
	struct strbuf words = {0};

	printable_add(&words, module, strlen(module), 80);
	strbuf_add_string(&words, " is another build in ");
	diff_view_name(&words, view, 1);
	strbuf_add_string(&words, ", and has ");
	quantity_add_count(&words, unnamed);
	strbuf_add_string(&words, unnamed == 1 ? " function" : " functions");
	strbuf_add_string(
		&words, " without a name: by their addresses equal ones may look different");
	page->indent = 2;
	page_words(page, PAGE_WARN, strbuf_string(&words));
	page_end_line(page);
	page->indent = 0;
	strbuf_deinit(&words);
}

static int compare_builds(struct page *page, const struct diff_view *view,
	sqlite3_stmt *rows[FOREST_SIDES], struct error *err)
{
	int found, lines = 0;

	while (lines < LINES_MAX &&
		(found = reader_step(view->sessions[0]->recording, rows[0], err)) == 1) {
		const char *path = (const char *)sqlite3_column_text(rows[0], 0);
		const char *build = (const char *)sqlite3_column_text(rows[0], 1);
		const char *module = path ? frames_basename(path) : NULL;
		int64_t unnamed;
		bool other = false;

		if (module && build &&
			has_other(
				view->sessions[1]->recording, rows[1], module, build, &other, err))
			return -1;
		if (!other || !(unnamed = count_unnamed(&view->forest->lexicon, module)))
			continue;
		add_line(page, view, module, unnamed);
		lines++;
		if (reader_is_interrupted())
			return error_set(err, "interrupted");
	}
	return lines < LINES_MAX ? found : 0;
}

int diff_builds(struct page *page, const struct diff_view *view, struct error *err)
{
	static const char sql[] =
		"SELECT path, build_id FROM main.module ORDER BY module_id LIMIT 128";
	sqlite3_stmt *rows[FOREST_SIDES] = {NULL};
	int side, result = 0;

	for (side = 0; side < FOREST_SIDES && !result; side++)
		if (sqlite3_prepare_v2(reader_database(view->sessions[side]->recording), sql, -1,
			    &rows[side], NULL))
			result = reader_error(view->sessions[side]->recording, NULL, err);
	if (!result && (view->comparison->unnamed[0] || view->comparison->unnamed[1]))
		result = compare_builds(page, view, rows, err);
	for (side = 0; side < FOREST_SIDES; side++)
		sqlite3_finalize(rows[side]);
	return result;
}
