/*
 * A tree as text: see render_tree.h. What hangs alone on another goes below it at the same depth,
 * after "->", so that a long way is no staircase. Promises printable text.
 */
#include "debugger/tree/render_tree.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/place.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_SHOWN 10 /* levels that are indented */

struct renderer {
	const struct tree_view *view;
	const struct bunches *bunches;
	struct page *page;
	const char *executable;
	bool more_below[DEPTH_SHOWN + 1]; /* of each level: whether siblings follow */
	bool has_spread;		  /* three numbers were shown */
	bool has_unfollowed;
	struct strbuf words;
};

/* One line: what was made, armed and ran, as far as it is one thing after the other. */
struct line {
	const struct bunch *made, *armed, *ran, *caused;
	const struct bunch *last; /* whose children go below */
};

static const struct kind *kind_of(const struct renderer *renderer, const struct bunch *bunch)
{
	return kinds_at(renderer->bunches->growth->kinds, bunch->kind_key);
}

static const struct sprout *first_of(const struct renderer *renderer, const struct bunch *bunch)
{
	return &renderer->bunches->growth->shoots[renderer->bunches->members[bunch->first]].sprout;
}

static const struct bunch *only_child(const struct renderer *renderer, const struct bunch *bunch)
{
	return bunch->first_child != GROWTH_NONE && bunch->first_child == bunch->last_child
		       ? &renderer->bunches->rows[bunch->first_child]
		       : NULL;
}

static void gather_line(
	const struct renderer *renderer, const struct bunch *bunch, struct line *ret)
{
	*ret = (struct line){0};
	for (;;) {
		const struct bunch *child = only_child(renderer, bunch);

		ret->last = bunch;
		switch (kind_of(renderer, bunch)->kind) {
		case SPROUT_RESOURCE:
			ret->made = bunch;
			break;
		case SPROUT_ARMING:
			ret->armed = bunch;
			break;
		case SPROUT_CAUSE:
			ret->caused = bunch;
			break;
		default:
			ret->ran = bunch;
			return;
		}
		if (!child || child->count - child->repeats != bunch->count || bunch->has_more ||
			kind_of(renderer, child)->kind == SPROUT_RESOURCE)
			return;
		bunch = child;
	}
}

/* --- words ---------------------------------------------------------------------------------------
 */

static struct strbuf *new_words(struct renderer *renderer)
{
	strbuf_clear(&renderer->words);
	return &renderer->words;
}

/* "timer 43 (500 ms)", and of several only "timer". */
static int resource_words(struct renderer *renderer, const struct bunch *bunch, struct error *err)
{
	const struct kind *kind = kind_of(renderer, bunch);
	const struct sprout *first = first_of(renderer, bunch);
	struct resource_row resource;

	if (bunch->count - bunch->repeats > 1) {
		describe_type(&renderer->words, kind->type);
		return 0;
	}
	if (lookup_resource(renderer->view->session->recording, first->async_id, &resource, err) <
		0)
		return -1;
	if (kind->class && !strcmp(kind->class, "root"))
		strbuf_printf(&renderer->words, "process %" PRId64, id_process(first->async_id));
	else
		describe_resource(&renderer->words, kind->type, first->async_id, resource.detail);
	return 0;
}

static int run_words(struct renderer *renderer, const struct line *line, struct error *err)
{
	const struct kind *kind = kind_of(renderer, line->ran);
	struct strbuf *words = &renderer->words;
	bool alone = line->ran->count - line->ran->repeats == 1;
	struct execution in;

	if (alone) {
		if (execution_load(renderer->view->session->recording,
			    renderer->view->session->cache, first_of(renderer, line->ran)->id,
			    UNKNOWN, &in, err) < 0)
			return -1;
		point_add_run(words, first_of(renderer, line->ran)->id);
		strbuf_add_char(words, ' ');
		describe_execution(words, &in);
	} else {
		if (kind->callback)
			printable_add_string(words, kind->callback);
		else
			strbuf_add_string(words, kind->class && !strcmp(kind->class, "thread")
							 ? "start"
							 : "a callback");
		strbuf_add_string(words, " of ");
		describe_type(words, kind->type);
	}
	if (kind->part && strcmp(kind->part, "callback") && strcmp(kind->part, "after")) {
		strbuf_add_string(words, ", ");
		printable_add_string(words, kind->part);
	}
	return 0;
}

/* What an arming came to that never made anything run. */
static const char *end_words(const struct bunch *armed, const struct kind *kind)
{
	static const char *const ends[] = {"did not run", NULL, "stopped before it ran",
		"replaced before it ran", "closed before it ran"};

	if (armed->first_child != GROWTH_NONE)
		return NULL;
	return kind->end_code >= 0 && kind->end_code < 5 ? ends[kind->end_code] : ends[0];
}

static bool is_armed_by_creation(const struct kind *kind)
{
	return kind->class && !strcmp(kind->class, "request");
}

/* Of which thing a line is. */
static int head_words(struct renderer *renderer, const struct line *line, struct error *err)
{
	const struct bunch *first = line->made	  ? line->made
				    : line->armed ? line->armed
						  : line->caused;
	const struct kind *kind;

	if (line->caused) {
		kind = kind_of(renderer, line->caused);
		strbuf_add_string(&renderer->words, "!! ");
		describe_arming(
			&renderer->words, kind->api ? kind->api : kind->cause, UNKNOWN, UNKNOWN);
		if (line->ran) {
			strbuf_add_string(&renderer->words,
				kind->cause && (!strcmp(kind->cause, "cancel") ||
						       !strcmp(kind->cause, "close"))
					? " ended in "
					: " fired ");
			return run_words(renderer, line, err);
		}
		if (first_of(renderer, line->caused)->async_id != UNKNOWN) {
			strbuf_add_string(&renderer->words, " on ");
			if (resource_words(renderer, line->caused, err))
				return -1;
		}
		if (first_of(renderer, line->caused)->run_id == UNKNOWN)
			strbuf_add_string(&renderer->words, kind->end_code == 1
								    ? ", answered with one before"
								    : ", which made nothing run");
		return 0;
	}
	if (line->ran)
		return run_words(renderer, line, err);
	if (resource_words(renderer, first, err))
		return -1;
	if (line->armed && end_words(line->armed, kind_of(renderer, line->armed)))
		strbuf_printf(&renderer->words, ": %s",
			end_words(line->armed, kind_of(renderer, line->armed)));
	else if (line->made && !line->armed && is_armed_by_creation(kind_of(renderer, first)) &&
		 first->first_child == GROWTH_NONE && renderer->view->by != EDGE_TRIGGER)
		strbuf_add_string(&renderer->words, ": did not run");
	return 0;
}

int render_tree_place(const struct tree_view *view, const struct bunch *bunch,
	const struct frame **ret, struct error *err)
{
	const struct growth *growth = view->bunches->growth;
	const struct sprout *first = &growth->shoots[view->bunches->members[bunch->first]].sprout;
	const struct frames *frames;
	struct execution in;
	size_t i;

	*ret = NULL;
	if (first->kind == SPROUT_RUN)
		return 0;
	if (execution_load(view->session->recording, view->session->cache, first->parent_id,
		    UNKNOWN, &in, err) < 0 ||
		execution_stack(view->session->recording, view->session->cache, &in,
			kinds_at(growth->kinds, bunch->kind_key)->stack_id, &frames, err))
		return -1;
	for (i = 0; i < frames->count && !*ret; i++)
		if (!frames->rows[i].is_aside && frames->rows[i].function)
			*ret = &frames->rows[i];
	return 0;
}

/* What made a line's first thing, or armed its run; NULL: nothing of the line. */
static const struct bunch *origin_of(const struct line *line)
{
	return line->armed ? line->armed : line->made ? line->made : line->caused;
}

/* "by uv_timer_start(500 ms)" */
static void by_words(struct renderer *renderer, const struct line *line)
{
	const struct bunch *bunch = origin_of(line);
	const struct kind *kind = bunch ? kind_of(renderer, bunch) : NULL;

	if (!kind || !kind->api || line->caused)
		return;
	strbuf_add_string(&renderer->words, "by ");
	describe_arming(&renderer->words, kind->api, first_of(renderer, bunch)->timeout_ms,
		first_of(renderer, bunch)->repeat_ms);
}

/* "in schedule_retry src/retry.c:61" */
static int place_words(struct renderer *renderer, const struct line *line, struct error *err)
{
	const struct bunch *bunch = origin_of(line);
	struct strbuf *words = &renderer->words;
	const struct frame *frame = NULL;

	if (bunch && render_tree_place(renderer->view, bunch, &frame, err))
		return -1;
	if (!frame)
		return 0;
	strbuf_add_string(words, words->length ? " in " : "in ");
	printable_add_string(words, frame->function);
	if (!frame->file)
		return 0;
	strbuf_add_char(words, ' ');
	place_add_file(words, frame->file, frame->directory, renderer->executable);
	if (frame->line != UNKNOWN && frame->line > 0)
		strbuf_printf(words, ":%" PRId64, frame->line);
	return 0;
}

static void add_part(struct strbuf *words, const char *text)
{
	strbuf_add_string(words, words->length ? ", " : "");
	strbuf_add_string(words, text);
}

/* "1.9 ms" or "0.1 ms / 1.9 ms / 3.0 ms" */
static void spread_words(struct renderer *renderer, const struct spread *spread)
{
	struct strbuf least = {0}, most = {0};

	quantity_add_duration(&least, spread->least);
	quantity_add_duration(&most, spread->most);
	strbuf_add_string(&renderer->words, strbuf_string(&least));
	if (strcmp(strbuf_string(&least), strbuf_string(&most)) != 0) {
		strbuf_add_string(&renderer->words, " / ");
		quantity_add_duration(&renderer->words, spread->median);
		strbuf_printf(&renderer->words, " / %s", strbuf_string(&most));
		renderer->has_spread = true;
	}
	strbuf_deinit(&least);
	strbuf_deinit(&most);
}

struct times {
	struct spread time, wait, duration;
};

static int measure(const struct renderer *renderer, const struct bunch *bunch, struct times *ret,
	struct error *err)
{
	return bunches_spread(renderer->bunches, bunch, SPREAD_TIME, &ret->time, err) ||
			       bunches_spread(
				       renderer->bunches, bunch, SPREAD_WAIT, &ret->wait, err) ||
			       bunches_spread(renderer->bunches, bunch, SPREAD_DURATION,
				       &ret->duration, err)
		       ? -1
		       : 0;
}

/* When, or of one how long after it was armed. */
static void when_words(
	struct renderer *renderer, const struct bunch *bunch, const struct times *times)
{
	struct strbuf *words = &renderer->words;

	if (bunch->count == 1 && times->wait.count) {
		quantity_add_duration(words, times->wait.least);
		strbuf_add_string(words, " later");
	} else if (times->time.count) {
		quantity_add_moment(words, times->time.least);
		if (times->time.least != times->time.most) {
			strbuf_add_string(words, " to ");
			quantity_add_moment(words, times->time.most);
		}
	}
}

static void wait_words(
	struct renderer *renderer, const struct bunch *bunch, const struct times *times)
{
	if (bunch->count == 1 || !times->wait.count)
		return;
	strbuf_add_string(&renderer->words, "waited ");
	spread_words(renderer, &times->wait);
}

/* The main thread's run, which lasts until the process is gone: no event tells its end. */
static bool is_main(const struct sprout *run)
{
	return run->id == id_main(id_process(run->id));
}

static void duration_words(
	struct renderer *renderer, const struct line *line, const struct times *times)
{
	if (times->duration.count) {
		strbuf_add_string(&renderer->words, "took ");
		spread_words(renderer, &times->duration);
	} else if (line->ran && line->last->count == 1 && !is_main(first_of(renderer, line->ran))) {
		strbuf_add_string(&renderer->words, "did not end");
	}
}

/* In how many members of the bunch above there is one, when it is not in each. */
static uint32_t count_parents(const struct renderer *renderer, const struct bunch *bunch)
{
	const struct growth *growth = renderer->bunches->growth;
	uint32_t i, count = 0, last = GROWTH_NONE;

	/* Members of one parent stand together often enough; a number too high is not shown. */
	for (i = bunch->first; i < bunch->first + bunch->count - bunch->repeats; i++) {
		uint32_t parent = growth->shoots[renderer->bunches->members[i]].parent;

		count += parent != last;
		last = parent;
	}
	return count;
}

/* What is to be said beside. */
static void note_words(
	struct renderer *renderer, const struct bunch *bunch, const struct line *line)
{
	const struct bunch *above =
		bunch->parent == GROWTH_NONE ? NULL : &renderer->bunches->rows[bunch->parent];
	struct strbuf *words = &renderer->words;
	const struct bunch *last = line->last;
	uint32_t parents = count_parents(renderer, bunch);

	if (line->ran && kind_of(renderer, line->ran)->status < 0) {
		add_part(words, "status ");
		describe_status(words, kind_of(renderer, line->ran)->status);
	}
	if (above && above->count > 1 && parents < above->count - above->unfollowed) {
		add_part(words, "in ");
		quantity_add_count(words, parents);
		strbuf_add_string(words, " of ");
		quantity_add_count(words, above->count);
	}
	if (last->repeats) {
		add_part(words, "then the same again ");
		quantity_add_count(words, last->repeats);
		strbuf_add_string(words, " times, the last ");
		point_add_run(words,
			renderer->bunches->growth
				->shoots[renderer->bunches->members[last->first + last->count - 1]]
				.sprout.id);
	}
	if (last->leads_back)
		add_part(words, "leads to the same again");
	if (last->is_mixed)
		add_part(words, "not the same below each");
	if (last->has_more && !(line->ran && last->unfollowed))
		add_part(words, "and more");
	if (last->unfollowed) {
		renderer->has_unfollowed = true;
		if (last->count > 1) {
			add_part(words, "");
			quantity_add_count(words, last->unfollowed);
			strbuf_add_string(words, " not followed");
		} else {
			add_part(words, last->has_more ? "and more" : "not followed");
		}
	}
}

/* --- lines ---------------------------------------------------------------------------------------
 */

static void begin_line(struct renderer *renderer, uint32_t depth, const char *marker)
{
	uint32_t level;

	for (level = 1; level < depth; level++)
		page_add(renderer->page, PAGE_FAINT, renderer->more_below[level] ? "|  " : "   ");
	page_add(renderer->page, PAGE_FAINT, marker);
}

/* The example of a bunch, as it is to be typed. */
static void example_words(struct renderer *renderer, const struct line *line)
{
	const struct bunch *bunch = line->ran ? line->ran : line->last;
	const struct sprout *first = first_of(renderer, bunch);

	if (bunch->count - bunch->repeats < 2)
		return;
	strbuf_add_string(&renderer->words, ", first ");
	if (line->ran)
		point_add_run(&renderer->words, first->id);
	else
		point_add_async(&renderer->words, first->async_id);
}

/* Text on the line that is begun when it fits there, else on one of its own. */
static void add_fitting(struct renderer *renderer, enum page_style style, uint32_t depth,
	const char *below, const char *text, size_t keep_end)
{
	struct page *page = renderer->page;
	struct strbuf shortened = {0};

	if (!*text)
		return;
	if (printable_width(text) + 2 > page_room(page)) {
		page_end_line(page);
		begin_line(renderer, depth, below);
		page_add(page, PAGE_PLAIN, "     ");
	} else {
		page_add(page, PAGE_PLAIN, "  ");
	}
	if (page->strict && printable_width(text) > page_room(page)) {
		printable_shorten(&shortened, text, page_room(page), keep_end);
		page_add(page, style, strbuf_string(&shortened));
		strbuf_deinit(&shortened);
	} else {
		page_add(page, style, text);
	}
}

static void add_head(struct renderer *renderer, const struct line *line)
{
	struct page *page = renderer->page;
	struct strbuf shortened = {0};
	const char *head = strbuf_string(&renderer->words);

	if (page->strict && printable_width(head) > page_room(page)) {
		printable_shorten(&shortened, head, page_room(page), page_room(page) / 3);
		head = strbuf_string(&shortened);
	}
	page_add(page, line->caused ? PAGE_WARN : PAGE_STRONG, head);
	strbuf_deinit(&shortened);
}

static int show_line(struct renderer *renderer, const struct bunch *bunch, const struct line *line,
	uint32_t depth, const char *marker, const char *below, struct error *err)
{
	struct page *page = renderer->page;
	struct strbuf *words = new_words(renderer);
	uint32_t count = bunch->count - bunch->repeats;
	struct times times;
	size_t by;

	begin_line(renderer, depth, marker);
	if (count > 1) {
		quantity_add_count(words, count);
		strbuf_add_string(words, " x ");
	}
	if (head_words(renderer, line, err))
		return -1;
	example_words(renderer, line);
	add_head(renderer, line);
	new_words(renderer);
	by_words(renderer, line);
	by = words->length;
	if (place_words(renderer, line, err))
		return -1;
	/* Together, but where that is too long for a line. */
	if (by && words->length > by && page->strict &&
		printable_width(strbuf_string(words)) + 3 * depth + 8 > page->columns) {
		struct strbuf place = {0};

		strbuf_add_string(&place, strbuf_string(words) + by + 1);
		strbuf_truncate(words, by);
		add_fitting(renderer, PAGE_PLACE, depth, below, strbuf_string(words), 0);
		add_fitting(renderer, PAGE_PLACE, depth, below, strbuf_string(&place), 24);
		strbuf_deinit(&place);
	} else {
		add_fitting(renderer, PAGE_PLACE, depth, below, strbuf_string(words), 24);
	}
	if (measure(renderer, line->last, &times, err))
		return -1;
	new_words(renderer);
	when_words(renderer, line->last, &times);
	add_fitting(renderer, PAGE_FAINT, depth, below, strbuf_string(words), 0);
	new_words(renderer);
	wait_words(renderer, line->last, &times);
	add_fitting(renderer, PAGE_FAINT, depth, below, strbuf_string(words), 0);
	new_words(renderer);
	duration_words(renderer, line, &times);
	add_fitting(renderer, PAGE_FAINT, depth, below, strbuf_string(words), 0);
	new_words(renderer);
	note_words(renderer, bunch, line);
	add_fitting(renderer, PAGE_WARN, depth, below, strbuf_string(words), 0);
	page_end_line(page);
	return 0;
}

/*
 * Goes over the bunches from above to below without a stack: `depths` of each is remembered.
 * Returns how many lines there are.
 */
static int show_all(struct renderer *renderer, int64_t limit, int64_t *left_out, struct error *err)
{
	const struct bunches *bunches = renderer->bunches;
	uint32_t *depths = calloc(bunches->count, sizeof *depths);
	uint32_t number = 0;
	int64_t lines = 0;
	int result = 0;

	*left_out = 0;
	if (!depths)
		return error_set(err, "out of memory");
	while (!result && number != GROWTH_NONE) {
		const struct bunch *bunch = &bunches->rows[number];
		bool is_root = bunch->parent == GROWTH_NONE;
		bool alone = !is_root && bunches->rows[bunch->parent].first_child ==
						 bunches->rows[bunch->parent].last_child;
		uint32_t depth = is_root ? 0 : depths[bunch->parent] + !alone;
		struct line line;

		if (depth > DEPTH_SHOWN)
			depth = DEPTH_SHOWN;
		if (reader_is_interrupted())
			result = error_set(err, "interrupted");
		gather_line(renderer, bunch, &line);
		if (!is_root && !alone)
			renderer->more_below[depth] = bunch->next != GROWTH_NONE;
		if (limit != UNKNOWN && lines >= limit)
			++*left_out;
		else if (!result)
			result = show_line(renderer, bunch, &line, alone ? depth + 1 : depth,
				is_root			     ? ""
				: alone			     ? "-> "
				: bunch->next != GROWTH_NONE ? "|- "
							     : "`- ",
				is_root				       ? ""
				: !alone && bunch->next != GROWTH_NONE ? "|  "
								       : "   ",
				err);
		lines++;
		depths[line.last - bunches->rows] = depth;
		depths[number] = depth;
		if (line.last->first_child != GROWTH_NONE) {
			number = line.last->first_child;
			continue;
		}
		number = (uint32_t)(line.last - bunches->rows);
		while (number != GROWTH_NONE && bunches->rows[number].next == GROWTH_NONE)
			number = bunches->rows[number].parent;
		if (number != GROWTH_NONE)
			number = bunches->rows[number].next;
	}
	free(depths);
	return result;
}

static void end_line_words(struct renderer *renderer, enum page_style style)
{
	renderer->page->indent = 2;
	page_words(renderer->page, style, strbuf_string(&renderer->words));
	page_end_line(renderer->page);
}

static void show_end(struct renderer *renderer, int64_t left_out)
{
	const struct growth *growth = renderer->bunches->growth;
	struct strbuf *words = new_words(renderer);
	uint32_t shown = growth->count - 1;

	if (!shown)
		strbuf_add_string(words,
			growth->shoots[0].is_unfollowed ? "not followed" : "nothing came of it");
	else
		quantity_add_count(words, shown);
	if (shown)
		strbuf_add_string(words, shown == 1 ? " thing came of it" : " things came of it");
	if (growth->is_cut)
		strbuf_add_string(words, ", and more");
	if (left_out) {
		strbuf_add_string(words, "; ");
		quantity_add_count(words, left_out);
		strbuf_add_string(words, " lines left out (--limit)");
	}
	if (growth->unfollowed && shown) {
		strbuf_add_string(words, "; ");
		quantity_add_count(words, (int64_t)growth->unfollowed);
		strbuf_add_string(words,
			growth->is_cut
				? " runs not followed, there are too many: ask for one of them"
				: " runs not followed");
	}
	if (growth->looked_until_ns != UNKNOWN) {
		strbuf_add_string(words, "; looked for only up to ");
		quantity_add_moment(words, growth->looked_until_ns);
		strbuf_add_string(words, " (--full for all)");
	}
	end_line_words(renderer, growth->is_cut || left_out ? PAGE_WARN : PAGE_GOOD);
	if (renderer->has_spread) {
		new_words(renderer);
		strbuf_add_string(words, "three numbers are the least, the median and the most");
		end_line_words(renderer, PAGE_FAINT);
	}
}

int render_tree_text(const struct tree_view *view, struct page *page, struct error *err)
{
	struct renderer renderer = {.view = view, .bunches = view->bunches, .page = page};
	int64_t id = view->bunches->growth->shoots[0].sprout.id, left_out;
	struct process_row process;
	int result;

	if (lookup_process(view->session->recording, id == UNKNOWN ? UNKNOWN : id_process(id),
		    &process, err) < 0)
		return -1;
	renderer.executable = process.executable;
	result = show_all(&renderer, view->limit, &left_out, err);
	if (!result)
		show_end(&renderer, left_out);
	strbuf_deinit(&renderer.words);
	return result;
}
