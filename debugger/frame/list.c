/*
 * `list`: see list.h. Shows what stands in a file that the recording names; see source_text.h for
 * what that may be and where it is looked for. Fetches it from debuginfod when the user has named
 * servers.
 */
#include "debugger/frame/list.h"

#include "debugger/frame/place_named.h"
#include "debugger/lineage/place.h"
#include "debugger/render/render_frames.h"
#include "debugger/source/source_fetch.h"
#include "debugger/text/json.h"
#include "debugger/text/printable.h"
#include "debugger/text/terminal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINES	      10
#define LINES_BEFORE  5	   /* the one that is meant */
#define LINES_MOST    5000 /* at a time */
#define LIST_BUDGET   (100 * (int64_t)READER_BUDGET)
#define NUMBER_COLUMN 1
#define PATH_COLUMNS  200 /* of a file, in a message */

static const struct option_row list_options[] = {
	{"of", 0, "POINT", "of the async stack of POINT, which is the current one from then on"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* What is to be shown. */
struct listing {
	struct session *session;
	struct selection *selection;
	struct selected frame; /* the selected one */
	struct named_place place;
	int64_t first, last, marked; /* `marked` 0: none */
	bool goes_on;		     /* from what was shown last */
	bool is_function;	     /* by its name: lines are those of its definition */

	struct source_text text;
	bool is_fetched, is_newer;
};

static void around(struct listing *listing, int64_t line)
{
	listing->first = line > LINES_BEFORE ? line - LINES_BEFORE : 1;
	listing->last = listing->first + LINES - 1;
}

/* The file and line of the selected frame. */
static int take_frame(struct listing *listing, struct error *err)
{
	const struct frame *frame = listing->frame.frame;
	struct strbuf words = {0};

	if (frame && frame->file && frame->line > 0 && frame->line <= INT32_MAX) {
		listing->place = (struct named_place){
			frame->file, frame->directory, frame->function, frame->line, NULL};
		around(listing, frame->line);
		return 0;
	}
	if (!frame)
		return error_set(
			err, "list: the stack has no frames: name a FUNCTION or FILE:LINE");
	frame_add_function(&words, frame);
	if (frame->module) {
		strbuf_add_string(&words, " in ");
		printable_add_string(&words, frames_basename(frame->module));
	}
	error_set(err,
		"list: of #%zu, %s, file and line are not known, for want of debug information:"
		" choose another frame ('up'), or type FILE:LINE or a FUNCTION",
		listing->frame.number, strbuf_string(&words));
	strbuf_deinit(&words);
	return -1;
}

/* What was listed last; the frame's file when nothing was. */
static int take_listed(struct listing *listing, struct error *err)
{
	const struct selection *selection = listing->selection;

	if (!selection->listed.file)
		return take_frame(listing, err);
	listing->place = (struct named_place){
		.file = selection->listed.file, .directory = selection->listed.directory};
	listing->first = selection->listed.first;
	listing->last = selection->listed.last;
	listing->goes_on = true;
	return 0;
}

static int go_on(struct listing *listing, bool back, struct error *err)
{
	if (take_listed(listing, err))
		return -1;
	if (!listing->goes_on)
		return 0;
	if (!back) {
		listing->first = listing->last + 1;
		listing->last = listing->first + LINES - 1;
		return 0;
	}
	if (listing->first <= 1)
		return error_set(err, "list: the file begins here");
	listing->last = listing->first - 1;
	listing->first = listing->last >= LINES ? listing->last - LINES + 1 : 1;
	return 0;
}

static void take_lines(struct listing *listing, const struct place_words *words)
{
	listing->goes_on = false;
	if (!words->last) {
		around(listing, words->first);
		return;
	}
	listing->first = words->first;
	listing->last = words->last - words->first < LINES_MOST ? words->last
								: words->first + LINES_MOST - 1;
}

/* Which file, and which of its lines; of a function they are found when the file is read. */
static int choose(struct listing *listing, const struct place_words *words, struct error *err)
{
	struct reader *recording = listing->session->recording;
	int result = 0;

	switch (words->ask) {
	case PLACE_NEAR_FRAME:
	case PLACE_AFTER:
	case PLACE_BEFORE:
		return go_on(listing, words->ask == PLACE_BEFORE, err);
	case PLACE_LINES:
		result = take_listed(listing, err);
		break;
	default:
		reader_set_budget(recording, LIST_BUDGET);
		result = named_place_find(
			recording, listing->selection, words, &listing->place, err);
		reader_set_budget(recording, READER_BUDGET);
		listing->is_function = words->ask == PLACE_FUNCTION;
	}
	if (!result && !listing->is_function)
		take_lines(listing, words);
	return result;
}

static void tell_fetching(const char *path)
{
	struct strbuf words = {0};

	printable_add_string(&words, path);
	fprintf(stderr, "acausal: fetching %s by debuginfod\n", strbuf_string(&words));
	strbuf_deinit(&words);
}

/* 1 when it was had from a server. */
static int fetch(struct listing *listing, struct error *err)
{
	struct reader *recording = listing->session->recording;
	const struct named_place *place = &listing->place;
	struct strbuf path = {0};
	const char *build_id;
	int descriptor, found = 0;

	if (!source_fetch_is_wanted())
		return 0;
	reader_set_budget(recording, LIST_BUDGET);
	if (named_place_build_id(recording, place->file, place->directory, &build_id, err))
		found = -1;
	reader_set_budget(recording, READER_BUDGET);
	/* As the compiler wrote it, "." and ".." too: servers know it by that. */
	if (*place->file != '/' && place->directory)
		strbuf_printf(&path, "%s/", place->directory);
	strbuf_add_string(&path, place->file);
	if (!found && build_id)
		found = source_fetch(
			build_id, strbuf_string(&path), tell_fetching, &descriptor, err);
	strbuf_deinit(&path);
	if (found != 1)
		return found;
	listing->is_fetched = source_text_read_descriptor(&listing->text, descriptor);
	return listing->is_fetched;
}

/* A path for a message, which has not room for any. */
static void add_path(struct strbuf *buffer, const struct source_text *text)
{
	struct strbuf path = {0};

	printable_add_string(&path, strbuf_string(&text->path));
	printable_shorten(buffer, strbuf_string(&path), PATH_COLUMNS, PATH_COLUMNS / 2);
	strbuf_deinit(&path);
}

static int not_here(const struct listing *listing, struct error *err)
{
	const struct source_text *text = &listing->text;
	struct strbuf path = {0};

	add_path(&path, text);
	if (*text->why_not)
		error_set(
			err, "list: '%s' cannot be shown: %s", strbuf_string(&path), text->why_not);
	else
		error_set(err,
			"list: '%s' is not here: say where it is by " SOURCE_PATH_VARIABLE
			"=FOLDER or =FROM=TO%s",
			strbuf_string(&path),
			source_fetch_is_wanted() ? "; debuginfod has it not either"
						 : ", or set DEBUGINFOD_URLS");
	strbuf_deinit(&path);
	return -1;
}

static int no_such_line(const struct listing *listing, int64_t count, struct error *err)
{
	struct strbuf path = {0};

	add_path(&path, &listing->text);
	error_set(err, "list: '%s' has %" PRId64 " lines, and no line %" PRId64,
		strbuf_string(&path), count, listing->first);
	strbuf_deinit(&path);
	return -1;
}

/* The wall clock when the recording began, in seconds since 1970; UNKNOWN. */
static int64_t began_s(struct reader *recording)
{
	const char *started = reader_meta(recording, "started_at");
	struct tm when = {0};

	if (!started || !strptime(started, "%Y-%m-%dT%H:%M:%S", &when))
		return UNKNOWN;
	return (int64_t)timegm(&when);
}

static int read_text(struct listing *listing, struct error *err)
{
	int64_t began = began_s(listing->session->recording);
	int found = source_text_read(&listing->text, listing->place.file, listing->place.directory);

	if (!found && !*listing->text.why_not)
		found = fetch(listing, err);
	if (found != 1)
		return found ? -1 : not_here(listing, err);
	listing->is_newer =
		!listing->is_fetched && began != UNKNOWN && listing->text.changed_s > began;
	if (listing->is_function)
		around(listing, source_text_definition(&listing->text, listing->place.function,
					listing->place.line));
	return 0;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The selected frame's line, where that is in the file. */
static void mark(struct listing *listing)
{
	const struct frame *frame = listing->frame.frame;

	if (frame && frame->file && frame->line > 0 &&
		is_same_text(frame->file, listing->place.file) &&
		is_same_text(frame->directory, listing->place.directory))
		listing->marked = frame->line;
}

static void heading(const struct listing *listing, struct page *page)
{
	struct strbuf words = {0};

	place_add_file(&words, listing->place.file, listing->place.directory,
		listing->selection->lineage.process.executable);
	page->indent = 3;
	page_words(page, PAGE_PLACE, strbuf_string(&words));
	if (listing->is_fetched)
		page_words(page, PAGE_FAINT, "  by debuginfod");
	if (listing->marked >= listing->first && listing->marked <= listing->last) {
		strbuf_clear(&words);
		strbuf_printf(&words, "  #%zu ", listing->frame.number);
		frame_add_function(&words, listing->frame.frame);
		page_words(page, PAGE_FAINT, strbuf_string(&words));
	}
	page_end_line(page);
	if (listing->is_newer) {
		page_words(page, PAGE_WARN,
			"the file has changed since it was recorded: lines may have moved");
		page_end_line(page);
	}
	strbuf_deinit(&words);
}

static void show_text(const struct listing *listing)
{
	FILE *out = listing->session->out;
	struct page page = {0};
	struct frame_lines lines = {.page = &page, .function_column = NUMBER_COLUMN};

	terminal_begin(&page, out);
	if (!listing->goes_on)
		heading(listing, &page);
	frame_lines_add_source(
		&lines, &listing->text, listing->first, listing->last, listing->marked);
	terminal_show(&page, out, !listing->session->at_prompt);
	page_deinit(&page);
}

static void show_json(const struct listing *listing)
{
	struct json json = {.out = listing->session->out};
	struct source_line line;
	bool there;

	json_open(&json, '{');
	json_key_integer(&json, "version", 1);
	json_key_string(&json, "file", listing->place.file);
	json_key_string(&json, "directory", listing->place.directory);
	json_key_string(
		&json, "path", listing->is_fetched ? NULL : strbuf_string(&listing->text.path));
	json_key(&json, "fetched");
	json_boolean(&json, listing->is_fetched);
	json_key(&json, "newer");
	json_boolean(&json, listing->is_newer);
	json_key_integer(&json, "marked", listing->marked ? listing->marked : JSON_UNKNOWN);
	json_key_integer(&json, "first", listing->first);
	json_key(&json, "lines");
	json_open(&json, '[');
	for (there = source_text_line(&listing->text, listing->first, &line);
		there && line.number <= listing->last;
		there = source_text_next(&listing->text, &line)) {
		json_newline(&json);
		json_bytes(&json, line.bytes, line.length);
	}
	json_close(&json, ']');
	json_close(&json, '}');
	fputc('\n', listing->session->out);
}

/* For `list` to go on from. */
static void remember(const struct listing *listing)
{
	struct selection *selection = listing->selection;
	int64_t count = source_text_count(&listing->text);
	const struct named_place *place = &listing->place;
	char *file = strdup(place->file);
	char *directory = place->directory ? strdup(place->directory) : NULL;

	free(selection->listed.file);
	free(selection->listed.directory);
	selection->listed.file = file;
	selection->listed.directory = directory;
	selection->listed.first = listing->first;
	selection->listed.last = listing->last < count ? listing->last : count;
}

static int show(struct listing *listing, bool as_json, struct error *err)
{
	int64_t count;

	if (read_text(listing, err))
		return -1;
	mark(listing);
	count = source_text_count(&listing->text);
	if (listing->first > count)
		return no_such_line(listing, count, err);
	if (as_json)
		show_json(listing);
	else
		show_text(listing);
	remember(listing);
	return 0;
}

/*
 * The stack that is looked at; what is named, or was listed before, can do without one. Returns the
 * exit status.
 */
static int take_selection(
	struct listing *listing, const char *of, const struct place_words *words, struct error *err)
{
	bool is_named = words->ask == PLACE_FILE || words->ask == PLACE_FUNCTION;
	struct point point;

	if (of && session_point(listing->session, of, &point, err))
		return 2;
	if (selection_load(listing->session, of ? &point : NULL, &listing->selection, err)) {
		listing->selection = selection_as_is(listing->session);
		if (of || !listing->selection || !listing->selection->is_empty ||
			(!is_named && !listing->selection->listed.file))
			return 1;
	}
	selection_frame(listing->selection, listing->selection->number, &listing->frame);
	return 0;
}

static int list_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *of = option_value(&invocation->options, "of");
	const char *format = option_value(&invocation->options, "format");
	struct listing listing = {.session = session};
	struct place_words words;
	int status = 2;

	if (!place_words_read(invocation->options.word_count ? invocation->options.words[0] : NULL,
		    &words, err))
		status = take_selection(&listing, of, &words, err);
	if (!status &&
		(choose(&listing, &words, err) || show(&listing, format && *format == 'j', err)))
		status = 1;
	source_text_deinit(&listing.text);
	free(words.name);
	return status;
}

const struct command list_command = {
	.name = "list",
	.aliases = "l",
	.group = GROUP_STACK,
	.usage = "[options] [LINE | FIRST,LAST | FILE:LINE | FUNCTION | + | -]",
	.summary = "show source around the selected frame",
	.description =
		"Ten lines around that of the selected frame (see 'frame'), which is marked, or"
		"\naround LINE, FILE:LINE or the beginning of FUNCTION. Again, or with + or after"
		"\nEnter alone, it goes on; - shows what is before.\n"
		"\nFiles are read where they were when the program was built, or where"
		"\nACAUSAL_SOURCE_PATH says: folders that have them, and FROM=TO where what was"
		"\nbelow FROM is below TO here, parted by colons; 'set source-path' sets it. With"
		"\nDEBUGINFOD_URLS set, what is not here is fetched from these servers.\n"
		"\nJSON: version, file and directory as recorded, path (of the file that was read),"
		"\nfetched, newer (it has changed since it was recorded), marked (a line or null),"
		"\nfirst and lines.",
	.options = list_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING | COMMAND_REPEAT_ALONE,
	.most_words = 1,
	.run = list_run,
};
