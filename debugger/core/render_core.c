/*
 * A core dump as text: see render_core.h. What crashed comes first, then what was busy, and what
 * only waited is told in a line. Promises printable text.
 */
#include "debugger/core/render_core.h"

#include "debugger/core/core_threads.h"
#include "debugger/core/render_pending.h"
#include "debugger/lineage/describe.h"
#include "debugger/lineage/describe_process.h"
#include "debugger/lineage/lineage.h"
#include "debugger/render/render_frames.h"
#include "debugger/render/render_trace.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_COLUMN 10
#define NAMES_SHOWN  8 /* threads that wait together */

struct core_page {
	struct page *page;
	const struct core_show *show;
	const struct core *core;
	struct strbuf words; /* for one sentence at a time */
};

static struct strbuf *new_words(struct core_page *text)
{
	strbuf_clear(&text->words);
	return &text->words;
}

/* A sentence on lines of its own, where words stand. */
static void sentence(struct core_page *text, enum page_style style)
{
	struct page *page = text->page;

	page->indent = WORDS_COLUMN;
	page_tab(page, WORDS_COLUMN);
	page_words(page, style, strbuf_string(&text->words));
	page_end_line(page);
}

static void first_line(struct core_page *text)
{
	const struct core_file *file = &text->core->file;
	const char *executable = core_view_executable(text->show->view);
	struct strbuf *words = new_words(text);

	page_add(text->page, PAGE_STRONG, "core");
	page_tab(text->page, WORDS_COLUMN);
	printable_add_string(words, *file->arguments ? file->arguments
				    : executable     ? executable
						     : file->name);
	if (strlen(file->arguments) == sizeof file->arguments - 2) /* the kernel keeps no more */
		strbuf_add_string(words, "...");
	page_words(text->page, PAGE_STRONG, strbuf_string(words));
	words = new_words(text);
	if (executable) {
		printable_add_string(words, frames_basename(executable));
		strbuf_add_string(words, ", ");
	}
	strbuf_printf(words, "pid %u, %zu thread%s", file->os_pid, file->thread_count,
		file->thread_count == 1 ? "" : "s");
	page_right(text->page, PAGE_PLAIN, ' ', PAGE_PLAIN, strbuf_string(words));
	page_end_line(text->page);
}

/* ": all since …", where that is not since the beginning. The core's process is the only one. */
static void add_history_begin(struct strbuf *words, struct reader *recording)
{
	struct process_row process;

	if (lookup_process(recording, 1, &process, NULL) != 1 || process.history_from_ns == UNKNOWN)
		return;
	strbuf_add_string(words, ": ");
	describe_history(words, recording, process.history_from_ns);
}

/* Where the async stacks come from. */
static void history_line(struct core_page *text)
{
	const struct core_show *show = text->show;
	struct strbuf *words = new_words(text);

	if (show->is_joined) {
		strbuf_add_string(words, "joined with the recording ");
		printable_add_string(words, reader_path(show->recording));
	} else if (show->recording) {
		strbuf_add_string(words, "with the history that the core carries");
		add_history_begin(words, show->recording);
	} else if (show->why_not) {
		strbuf_add_string(words, "its history cannot be read: ");
		printable_add_string(words, show->why_not);
	} else {
		strbuf_add_string(words,
			"not recorded: this is where the program stood, and not how it came there");
	}
	sentence(text, show->recording ? PAGE_PLAIN : PAGE_WARN);
}

static void truncation_line(struct core_page *text)
{
	const struct core_file *file = &text->core->file;
	struct strbuf *words = new_words(text);

	if (file->expected <= file->size)
		return;
	strbuf_add_string(words, "the core is truncated: ");
	quantity_add_count(words, (int64_t)file->size);
	strbuf_add_string(words, " of ");
	quantity_add_count(words, (int64_t)(file->expected & INT64_MAX));
	strbuf_add_string(words, " bytes; what is missing may be just what is looked for");
	sentence(text, PAGE_WARN);
}

/* The signal, unless the crash's own heading tells it. */
static void signal_line(struct core_page *text)
{
	const struct core_file *file = &text->core->file;
	const struct core_stand *first = core_view_stand(text->show->view, 0);
	struct crash_row crash = {.signal = file->signal,
		.code = file->code,
		.fault_address = file->code > 0 ? (int64_t)file->fault_address : UNKNOWN};

	if (first && first->crash_id != UNKNOWN)
		return;
	if (!file->signal) {
		strbuf_add_string(new_words(text), "taken while it ran: no signal ended it");
		sentence(text, PAGE_PLAIN);
		return;
	}
	describe_signal(new_words(text), &crash);
	sentence(text, PAGE_BAD);
}

static void heading(struct core_page *text)
{
	first_line(text);
	signal_line(text);
	history_line(text);
	truncation_line(text);
}

/* "thread:3", or by its number of the kernel's. */
static void add_thread(struct strbuf *words, const struct core_stand *stand)
{
	if (stand->thread_id != UNKNOWN)
		strbuf_printf(words, "thread:%" PRId64, stand->thread_id);
	else
		strbuf_printf(words, "OS thread %u", stand->thread->os_tid);
}

/* One thread's async stack, below an empty line. */
static int thread_lines(struct core_page *text, const struct core_stand *stand, struct error *err)
{
	const struct core_show *show = text->show;
	struct render_options options = {.full = show->full,
		.state = RECORDING_COMPLETE,
		.session = show->recording ? show->session : NULL};
	struct page *page = text->page;
	struct lineage lineage;

	if (core_thread_lineage(
		    &lineage, show->view, stand, show->recording, show->cache, show->full, err))
		return -1;
	if (lineage.process_id == UNKNOWN) {
		struct strbuf *words = new_words(text);

		options.headless = true;
		lineage.process.executable = core_view_executable(show->view);
		add_thread(words, stand);
		if (stand->crashed)
			strbuf_add_string(words, ", which got the signal");
		page_end_line(page);
		page_add(page, PAGE_STRONG, strbuf_string(words));
		page_end_line(page);
	}
	page_end_line(page);
	render_trace_text(page, &lineage, &options);
	lineage_deinit(&lineage);
	return 0;
}

/* Threads that wait at one place: who, for what, and where. */
static int waiting_lines(struct core_page *text, const struct core_stand *const *group,
	size_t count, const char *waits, struct error *err)
{
	struct frame_lines lines = {
		.page = text->page, .executable = core_view_executable(text->show->view)};
	struct frames *frames = core_thread_waits_in(group[0]);
	struct strbuf *words = new_words(text);
	struct page *page = text->page;
	size_t shown = count > NAMES_SHOWN ? NAMES_SHOWN - 1 : count;

	if (!frames)
		return error_set(err, "out of memory");
	page->indent = WORDS_COLUMN;
	page_end_line(page);
	page_add(page, PAGE_STRONG, "waiting");
	page_tab(page, WORDS_COLUMN);
	for (size_t i = 0; i < shown; i++) {
		strbuf_add_string(words, i ? ", " : "");
		add_thread(words, group[i]);
	}
	if (shown < count)
		strbuf_printf(words, " and %zu more", count - shown);
	strbuf_printf(words, " wait%s %s, in", count == 1 ? "s" : "", waits);
	page_words(page, PAGE_PLAIN, strbuf_string(words));
	page_end_line(page);
	page_tab(page, WORDS_COLUMN);
	frame_lines_add_inline(&lines, frames);
	page_end_line(page);
	free(frames);
	return 0;
}

static int by_thread(const void *a, const void *b)
{
	const struct core_stand *x = *(const struct core_stand *const *)a;
	const struct core_stand *y = *(const struct core_stand *const *)b;

	if (x->thread_id != y->thread_id)
		return x->thread_id < y->thread_id ? -1 : 1;
	return (x->thread->os_tid > y->thread->os_tid) - (x->thread->os_tid < y->thread->os_tid);
}

/* The threads from `first` on that wait at the same place as it does. */
static int waiting_group(
	struct core_page *text, size_t first, bool *told, const char *waits, struct error *err)
{
	size_t total = text->core->file.thread_count, count = 0;
	const struct core_stand **group = calloc(total - first, sizeof *group);
	const struct core_stand *like = core_view_stand(text->show->view, first);
	int result;

	if (!group)
		return error_set(err, "out of memory");
	for (size_t i = first; i < total; i++) {
		const struct core_stand *stand =
			told[i] ? NULL : core_view_stand(text->show->view, i);

		if (!stand || !core_thread_waits(stand) || !core_threads_alike(like, stand))
			continue;
		group[count++] = stand;
		told[i] = true;
	}
	qsort(group, count, sizeof *group, by_thread);
	result = waiting_lines(text, group, count, waits, err);
	free(group);
	return result;
}

static int all_threads(struct core_page *text, struct error *err)
{
	size_t total = text->core->file.thread_count;
	bool *told = calloc(total, sizeof *told);
	int result = told ? 0 : error_set(err, "out of memory");

	for (size_t i = 0; i < total && !result; i++) {
		const struct core_stand *stand = core_view_stand(text->show->view, i);

		if (!stand)
			result = error_set(err, "out of memory");
		else if (!core_thread_waits(stand) && (told[i] = true))
			result = thread_lines(text, stand, err);
	}
	for (size_t i = 0; i < total && !result; i++)
		if (!told[i])
			result = waiting_group(text, i, told,
				core_thread_waits(core_view_stand(text->show->view, i)), err);
	free(told);
	return result;
}

static bool is_on_a_stack(const struct core_page *text, const struct core_module *module)
{
	for (size_t i = 0; i < text->core->file.thread_count; i++) {
		const struct core_stand *stand = core_view_stand(text->show->view, i);

		for (size_t j = 0; stand && j < stand->frames->count; j++)
			if (stand->frames->rows[j].module == module->path)
				return true;
	}
	return false;
}

/* Files that frames above are nameless for. */
static void missing_lines(struct core_page *text)
{
	const struct core_modules *modules = &text->core->modules;
	char room[2 * CORE_BUILD_ID_MAX + 1];
	size_t found = 0;

	for (size_t i = 0; i < modules->count; i++) {
		const struct core_module *module = &modules->list[i];
		struct strbuf *words;

		if (module->file || module->is_vdso || !is_on_a_stack(text, module))
			continue;
		words = new_words(text);
		if (!found++)
			page_end_line(text->page);
		printable_add_string(words, module->path);
		if (module->build_id_size)
			strbuf_printf(words, ", build ID %s", core_module_build_id(module, room));
		else
			strbuf_add_string(words, ", whose build ID is not in the core");
		strbuf_add_string(words, ", is not here");
		if (module->is_executable)
			strbuf_add_string(words, ": name it with -e");
		page_add(text->page, PAGE_WARN, "missing");
		sentence(text, PAGE_WARN);
	}
}

int render_core_text(struct page *page, const struct core_show *show, struct error *err)
{
	struct core_page text = {.page = page, .show = show, .core = core_view_core(show->view)};
	int result;

	heading(&text);
	result = all_threads(&text, err);
	if (!result && !show->recording)
		result = render_pending_text(page, show->view, err);
	if (!result)
		missing_lines(&text);
	strbuf_deinit(&text.words);
	return result;
}
