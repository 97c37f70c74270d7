/*
 * The selected stack and frame: see selection.h. Frames are the cache's, and that ends when a
 * recording that grows is opened again; of such a one the stack is found anew each time.
 */
#include "debugger/frame/selection.h"

#include "debugger/render/render_frames.h"

#include <stdlib.h>
#include <string.h>

static void forget_listed(struct selection *selection)
{
	free(selection->listed.file);
	free(selection->listed.directory);
	memset(&selection->listed, 0, sizeof selection->listed);
}

static void destroy(void *thing)
{
	struct selection *selection = thing;

	lineage_deinit(&selection->lineage);
	forget_listed(selection);
	free(selection);
}

void selection_choose(struct selection *selection, size_t number)
{
	selection->number = number;
	forget_listed(selection);
}

/* The first of the program's own in what stood at the point: below abort() of libc, its caller. */
static size_t own_frame(const struct selection *selection)
{
	const struct segment *here = &selection->lineage.segments[0];
	size_t number = 0, i;

	for (i = 0; here->frames && i < here->frames->count; i++) {
		const struct frame *frame = &here->frames->rows[i];

		if (!frame_is_numbered(frame, selection->options.full))
			continue;
		if (frame->function && frame->file && !frames_is_libc(frame))
			return number;
		number++;
	}
	return 0;
}

static bool is_same(const struct selection *selection, const struct point *point,
	const struct lineage_options *options)
{
	const struct lineage_options *before = &selection->options;

	return selection->lineage.point.kind == point->kind &&
	       selection->lineage.point.id == point->id && before->by == options->by &&
	       before->full == options->full && before->depth == options->depth;
}

void selection_take(
	struct session *session, struct lineage *lineage, const struct lineage_options *options)
{
	struct selection *selection = session_attached(session, SESSION_SELECTION);
	bool same =
		selection && !selection->is_empty && is_same(selection, &lineage->point, options);

	if (!same) {
		selection = calloc(1, sizeof *selection);
		session_attach(session, SESSION_SELECTION, selection, destroy);
	}
	if (!selection) {
		lineage_deinit(lineage);
		return;
	}
	lineage_deinit(&selection->lineage);
	selection->lineage = *lineage;
	selection->lineage.log.text = NULL; /* was borrowed */
	selection->lineage.log.text_length = 0;
	selection->options = *options;
	selection->is_kept = reader_state(session->recording) != RECORDING_GROWING;
	*lineage = (struct lineage){0};
	if (!same)
		selection->number = own_frame(selection);
}

static int load(struct session *session, const struct point *point,
	const struct lineage_options *options, struct error *err)
{
	struct lineage lineage;

	if (lineage_init(&lineage, session->recording, session->cache, point, options, err))
		return -1;
	selection_take(session, &lineage, options);
	return session_attached(session, SESSION_SELECTION) ? 0 : error_set(err, "out of memory");
}

int selection_load(struct session *session, const struct point *point, struct selection **ret,
	struct error *err)
{
	struct selection *selection = session_attached(session, SESSION_SELECTION);
	struct lineage_options options = {.by = EDGE_LINK, .depth = UNKNOWN};
	struct point which;
	bool is_new;

	if (selection && selection->is_empty)
		selection = NULL;
	is_new = point || !selection;
	if (!point && !selection) {
		if (session_point(session, NULL, &which, err))
			return -1;
		point = &which;
	}
	if (!point && !selection->is_kept) {
		which = selection->lineage.point;
		options = selection->options;
		point = &which;
	}
	if (point && load(session, point, &options, err))
		return -1;
	*ret = session_attached(session, SESSION_SELECTION);
	if (is_new)
		session_look_at(session, &(*ret)->lineage.point);
	return 0;
}

struct selection *selection_as_is(struct session *session)
{
	struct selection *selection = session_attached(session, SESSION_SELECTION);

	if (selection || !(selection = calloc(1, sizeof *selection)))
		return selection;
	selection->is_empty = true;
	session_attach(session, SESSION_SELECTION, selection, destroy);
	return selection;
}

bool selection_frame(const struct selection *selection, size_t number, struct selected *ret)
{
	const struct lineage *lineage = &selection->lineage;
	size_t next = 0, i, j;

	*ret = (struct selected){0};
	for (i = 0; i < lineage->count; i++) {
		const struct frames *frames = lineage->segments[i].frames;

		for (j = 0; frames && j < frames->count; j++) {
			if (!frame_is_numbered(&frames->rows[j], selection->options.full))
				continue;
			*ret = (struct selected){i, next, &frames->rows[j]};
			if (next++ == number)
				return true;
		}
	}
	return ret->frame;
}
