/* What was alive, as text: see render_live.h. Promises printable text. */
#include "debugger/time/render_live.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/describe_process.h"
#include "debugger/render/render_frames.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/time/moment.h"

#include <inttypes.h>

#define TYPE_COLUMN  10
#define WORDS_COLUMN 24
#define PLACE_COLUMN 12
#define GROUPS_SHOWN 30

struct renderer {
	struct page *page;
	const struct live_view *view;
	struct reader *recording;
	struct frame_lines lines;
	struct strbuf words;
	int64_t executable_of; /* process whose executable goes without saying */
};

static struct strbuf *new_words(struct renderer *renderer)
{
	strbuf_clear(&renderer->words);
	return &renderer->words;
}

static const char *taken(struct renderer *renderer)
{
	return strbuf_string(&renderer->words);
}

static void add_separator(struct strbuf *words)
{
	strbuf_add_string(words, words->length ? ", " : "");
}

/* "in 137.2 ms", "since 3.1 ms" */
static void add_due(struct strbuf *words, int64_t due_ns, int64_t at_ns)
{
	strbuf_add_string(words, due_ns > at_ns ? "due in " : "due since ");
	quantity_add_span(words, due_ns > at_ns ? at_ns : due_ns, due_ns > at_ns ? due_ns : at_ns);
}

/* "2 armed, 1 not armed, 1 unref'd" */
static void state_words(struct strbuf *words, const struct live_group *group, int64_t at_ns)
{
	int state;

	for (state = 0; state < ALIVE_STATE_COUNT; state++) {
		if (!group->states[state] || state == ALIVE_THERE)
			continue;
		add_separator(words);
		if (group->states[state] != group->count || group->count == 1) {
			if (group->count > 1) {
				quantity_add_count(words, group->states[state]);
				strbuf_add_char(words, ' ');
			}
		} else {
			strbuf_add_string(words, group->count == 2 ? "both " : "all ");
		}
		strbuf_add_string(words, alive_state_words(state));
		if (state == ALIVE_ARMED && group->next_due_ns != UNKNOWN) {
			strbuf_add_string(words, group->states[state] > 1 ? ", the next " : ", ");
			add_due(words, group->next_due_ns, at_ns);
		}
	}
	if (!group->unreferenced)
		return;
	add_separator(words);
	if (group->count > 1) {
		quantity_add_count(words, group->unreferenced);
		strbuf_add_char(words, ' ');
	}
	strbuf_add_string(words, "unref'd");
}

static void age_words(struct strbuf *words, const struct live_group *group, int64_t at_ns)
{
	add_separator(words);
	if (group->count == 1) {
		quantity_add_span(words, group->oldest_ns, at_ns);
		strbuf_add_string(words, " old");
		return;
	}
	strbuf_add_string(words, "oldest ");
	point_add_async(words, group->oldest_id);
	strbuf_add_string(words, " (");
	quantity_add_span(words, group->oldest_ns, at_ns);
	strbuf_add_string(words, "), newest ");
	point_add_async(words, group->newest_id);
	strbuf_add_string(words, " (");
	quantity_add_span(words, group->newest_ns, at_ns);
	strbuf_add_char(words, ')');
}

/* The executable of a process goes without saying in the places of its stacks. */
static int set_executable(struct renderer *renderer, int64_t async_id, struct error *err)
{
	struct process_row process;
	int64_t process_id = id_process(async_id);

	if (process_id == renderer->executable_of)
		return 0;
	if (lookup_process(renderer->recording, process_id, &process, err) < 0)
		return -1;
	renderer->lines.executable = process.executable;
	renderer->executable_of = process_id;
	return 0;
}

/* Where it was made; nothing when that is not known. */
static int place_line(
	struct renderer *renderer, int64_t stack_id, int64_t async_id, struct error *err)
{
	const struct frames_base base = {false, UNKNOWN};
	const struct frames *frames;
	struct page *page = renderer->page;

	if (frames_of_stack(renderer->view->session->cache, renderer->recording, stack_id, &base,
		    &frames, err) ||
		set_executable(renderer, async_id, err))
		return -1;
	if (!frame_lines_count(&renderer->lines, frames))
		return 0;
	page_tab(page, PLACE_COLUMN);
	frame_lines_add_inline(&renderer->lines, frames);
	page_end_line(page);
	return 0;
}

static int group_lines(struct renderer *renderer, const struct live_group *group, struct error *err)
{
	int64_t at_ns = renderer->view->set->at_ns;
	struct page *page = renderer->page;
	struct strbuf *words = new_words(renderer);
	struct strbuf type = {0};
	size_t width;

	quantity_add_count(words, group->count);
	width = words->length;
	page_tab(page, width + 2 < TYPE_COLUMN ? TYPE_COLUMN - 2 - width : 0);
	page_add(page, PAGE_STRONG, taken(renderer));
	page_tab(page, TYPE_COLUMN);
	describe_resource(
		&type, group->type.name, group->count == 1 ? group->oldest_id : UNKNOWN, NULL);
	page_add(page, PAGE_STRONG, strbuf_string(&type));
	strbuf_deinit(&type);
	page_tab(page, WORDS_COLUMN);
	page->indent = WORDS_COLUMN;
	words = new_words(renderer);
	state_words(words, group, at_ns);
	age_words(words, group, at_ns);
	page_words(page, PAGE_PLAIN, taken(renderer));
	page_end_line(page);
	return place_line(renderer, group->stack_id, group->oldest_id, err);
}

/* How a handle was armed, how a request went on. */
static void item_words(struct strbuf *words, const struct alive *item, int64_t at_ns)
{
	strbuf_add_string(words, alive_state_words(item->state));
	if (item->state == ALIVE_ARMED && item->timeout_ms != UNKNOWN) {
		strbuf_printf(words, " for %" PRId64 " ms", item->timeout_ms);
		if (item->repeat_ms != UNKNOWN && item->repeat_ms > 0)
			strbuf_printf(words, ", repeat %" PRId64, item->repeat_ms);
	}
	if (item->armed_ns != UNKNOWN &&
		(item->state == ALIVE_ARMED || item->state == ALIVE_CLOSING)) {
		add_separator(words);
		strbuf_add_string(words, "since ");
		quantity_add_span(words, item->armed_ns, at_ns);
	}
	if (item->due_ns != UNKNOWN && item->state == ALIVE_ARMED) {
		add_separator(words);
		add_due(words, item->due_ns, at_ns);
	}
	if (item->pool_thread_id != UNKNOWN)
		strbuf_printf(words, ", on thread:%" PRId64, item->pool_thread_id);
	if (item->is_unreferenced)
		strbuf_add_string(words, ", unref'd");
	strbuf_add_string(words, "; ");
	quantity_add_span(words, item->created_ns, at_ns);
	strbuf_add_string(words, " old");
}

static int item_lines(struct renderer *renderer, const struct alive *item, struct error *err)
{
	struct page *page = renderer->page;
	struct resource_row resource;
	struct strbuf *words;

	if (lookup_resource(renderer->recording, item->async_id, &resource, err) < 0)
		return -1;
	words = new_words(renderer);
	describe_resource(words, resource.type.name, item->async_id, resource.detail);
	page_add(page, PAGE_PLAIN, "  ");
	page_add(page, PAGE_STRONG, taken(renderer));
	page_add(page, PAGE_PLAIN, "  ");
	page->indent = 6;
	words = new_words(renderer);
	item_words(words, item, renderer->view->set->at_ns);
	page_words(page, PAGE_PLAIN, taken(renderer));
	page_end_line(page);
	return place_line(renderer, item->stack_id, item->async_id, err);
}

/* "live at +81.2 s: 9 in 7 groups, 3 armed, 1 on its way" */
static int heading(struct renderer *renderer, struct error *err)
{
	const struct live_set *set = renderer->view->set;
	const struct live_group *total = &set->total;
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;
	struct process_row process;
	int64_t pending = 0;
	int state;

	for (state = 0; state < ALIVE_STATE_COUNT; state++)
		pending += alive_is_pending(state) ? total->states[state] : 0;
	moment_add(words, set->at_ns);
	page_add(page, PAGE_STRONG, taken(renderer));
	words = new_words(renderer);
	strbuf_add_string(words, "  ");
	quantity_add_count(words, total->count);
	strbuf_add_string(words, " alive, ");
	quantity_add_count(words, total->states[ALIVE_ARMED]);
	strbuf_add_string(words, " armed, ");
	quantity_add_count(words, pending);
	strbuf_add_string(words, " on the way");
	if (total->unreferenced) {
		strbuf_add_string(words, ", ");
		quantity_add_count(words, total->unreferenced);
		strbuf_add_string(words, " unref'd");
	}
	page->indent = 2;
	page_words(page, PAGE_PLAIN, taken(renderer));
	words = new_words(renderer);
	if (set->processes.count == 1) {
		if (lookup_process(renderer->recording, set->processes.ids[0], &process, err) < 0)
			return -1;
		describe_process(words, renderer->recording, &process, 60);
		strbuf_printf(words, ", process:%" PRId64, process.process_id);
	} else {
		quantity_add_count(words, (int64_t)set->processes.count);
		strbuf_add_string(words, " processes");
	}
	page_right(page, PAGE_PLAIN, ' ', PAGE_PLAIN, taken(renderer));
	page_end_line(page);
	page_end_line(page);
	return 0;
}

static void note_line(struct renderer *renderer, const char *text)
{
	struct page *page = renderer->page;

	page->indent = 2;
	page_add(page, PAGE_WARN, "! ");
	page_words(page, PAGE_WARN, text);
	page_end_line(page);
}

static void notes(struct renderer *renderer, size_t groups_shown)
{
	const struct live_view *view = renderer->view;
	const struct live_set *set = view->set;
	struct strbuf *words;
	size_t i;

	if (groups_shown < set->group_count) {
		words = new_words(renderer);
		quantity_add_count(words, (int64_t)(set->group_count - groups_shown));
		strbuf_add_string(words, " smaller groups are left out: --full shows them");
		note_line(renderer, taken(renderer));
	}
	if (set->options->one_group && !set->total.count)
		note_line(renderer, "of the type and the stack of that one nothing was alive then");
	if (set->item_count == LIVE_ITEMS_MAX)
		note_line(renderer, "only a million of them are listed");
	if (set->vague)
		note_line(renderer, "an unfinished recording has no index: of some it is not told "
				    "what they were"
				    " at, or whether they were unref'd");
	for (i = 0; i < view->lacks->count; i++)
		note_line(renderer, strbuf_string(&view->lacks->words[i]));
}

static void suggestions(struct renderer *renderer)
{
	const struct live_view *view = renderer->view;
	struct strbuf *words = new_words(renderer);
	struct page *page = renderer->page;

	if (!view->set->group_count)
		return;
	page_end_line(page);
	if (view->set->options->list || view->set->groups[0].count == 1) {
		session_add_command(view->session, words, "info");
		strbuf_add_char(words, ' ');
		point_add_async(words, view->set->groups[0].newest_id);
	} else {
		session_add_command(view->session, words, "live");
		strbuf_add_char(words, ' ');
		point_add_async(words, view->set->groups[0].oldest_id);
	}
	page_add(page, PAGE_FAINT, "  ");
	page_add(page, PAGE_FAINT, taken(renderer));
	page_end_line(page);
}

int render_live_text(struct page *page, const struct live_view *view, struct error *err)
{
	struct renderer renderer = {.page = page,
		.view = view,
		.recording = view->session->recording,
		.lines = {.page = page},
		.executable_of = UNKNOWN};
	const struct live_set *set = view->set;
	size_t i, shown = 0;
	int result = heading(&renderer, err);

	if (set->options->list)
		shown = set->group_count;
	for (i = 0; !result && i < set->item_count; i++)
		result = item_lines(&renderer, &set->items[i], err);
	for (; !result && shown < set->group_count && (view->full || shown < GROUPS_SHOWN); shown++)
		result = group_lines(&renderer, &set->groups[shown], err);
	if (!result) {
		notes(&renderer, shown);
		suggestions(&renderer);
	}
	strbuf_deinit(&renderer.words);
	return result;
}
