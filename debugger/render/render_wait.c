/*
 * Where the time went: see render_wait.h. An estimate is marked "~"; what the recording does not
 * prove is not said.
 */
#include "debugger/render/render_wait.h"

#include "debugger/lineage/place.h"
#include "debugger/recording/point.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

/* A timer that is so late is told of, of a loop's clock in milliseconds and a kernel's slack. */
#define LATE_NS 3000000

static void add_part(
	struct strbuf *words, const char *label, const char *mark, int64_t ns, int64_t whole_ns)
{
	strbuf_add_string(words, label);
	strbuf_add_string(words, mark);
	quantity_add_part(words, ns, whole_ns);
}

static void add_pool(struct strbuf *words, const struct wait *wait, int64_t whole_ns, bool in_short)
{
	const char *mark = wait->is_estimated ? "~" : "";

	add_part(words, in_short ? ": queue " : ": pool queue ", mark, wait->pool_queue_ns,
		whole_ns);
	if (wait->pool_run_id != UNKNOWN) {
		strbuf_add_string(words, ", ");
		point_add_run(words, wait->pool_run_id);
		strbuf_add_char(words, ' ');
		printable_add_string(words, wait->pool_callback ? wait->pool_callback : "work");
		add_part(words, " ", mark, wait->pool_ns, whole_ns);
	} else {
		add_part(words, in_short ? ", pool " : ", in pool ", mark, wait->pool_ns, whole_ns);
	}
	add_part(words, ", loop ", "", wait->loop_ns, whole_ns);
}

static void add_words(struct strbuf *words, const struct segment *segment, bool in_short)
{
	const struct wait *wait = segment->wait;
	int64_t whole_ns = segment->wait_ns;

	quantity_add_duration(words, whole_ns < 0 ? 0 : whole_ns);
	if (!in_short)
		strbuf_add_string(words, " before");
	if (!wait)
		return;
	if (wait->pool_ns != UNKNOWN && wait->loop_ns != UNKNOWN) {
		add_pool(words, wait, whole_ns, in_short);
	} else if (wait->polled_ns != UNKNOWN) {
		add_part(words, ": loop waiting ", "", wait->polled_ns, whole_ns);
		add_part(words, ", running ", "", whole_ns - wait->polled_ns, whole_ns);
	} else if (segment->armed.timeout_ms != UNKNOWN && wait->loop_ns != UNKNOWN &&
		   !segment->has_firing && wait->loop_ns >= LATE_NS) {
		strbuf_add_string(words, ", ");
		quantity_add_duration(words, wait->loop_ns);
		strbuf_add_string(words, " late");
	}
}

void render_wait_words(struct strbuf *words, const struct segment *segment, size_t room)
{
	size_t before = words->length;

	if (segment->wait_ns == UNKNOWN)
		return;
	add_words(words, segment, false);
	if (!segment->wait || printable_width(strbuf_string(words) + before) <= room)
		return;
	strbuf_truncate(words, before);
	add_words(words, segment, true);
	if (printable_width(strbuf_string(words) + before) <= room)
		return;
	strbuf_truncate(words, before);
	add_words(words, segment, false);
}

bool render_holder_words(
	struct strbuf *words, const struct segment *segment, const char *executable)
{
	const struct wait *wait = segment->wait;
	const struct frame *frame;

	if (!wait || wait->holder.run_id == UNKNOWN)
		return false;
	strbuf_add_string(words, "loop held ");
	quantity_add_duration(words, wait->holder.held_ns);
	strbuf_add_string(words, " by ");
	point_add_run(words, wait->holder.run_id);
	if (!wait->holder.place || !wait->holder.place->count)
		return true;
	frame = &wait->holder.place->rows[0];
	if (frame->function) {
		strbuf_add_char(words, ' ');
		printable_add_string(words, frame->function);
	}
	if (frame->file) {
		strbuf_add_string(words, " (");
		place_add_file(words, frame->file, frame->directory, executable);
		if (frame->line != UNKNOWN)
			strbuf_printf(words, ":%lld", (long long)frame->line);
		strbuf_add_char(words, ')');
	}
	return true;
}

static void holder_json(struct json *json, const struct wait *wait)
{
	const struct frame *frame = wait->holder.place && wait->holder.place->count
					    ? &wait->holder.place->rows[0]
					    : NULL;

	json_key(json, "held_by");
	if (wait->holder.run_id == UNKNOWN) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	json_key_integer(json, "run_id", wait->holder.run_id);
	json_key_integer(json, "ns", wait->holder.held_ns);
	json_key_string(json, "callback", frame ? frame->function : NULL);
	json_key_string(json, "file", frame ? frame->file : NULL);
	json_key_integer(json, "line", frame ? frame->line : UNKNOWN);
	json_close(json, '}');
}

void render_wait_json(struct json *json, const struct segment *segment)
{
	const struct wait *wait = segment->wait;

	json_key(json, "wait");
	if (!wait) {
		json_null(json);
		return;
	}
	json_open(json, '{');
	json_key_integer(json, "due_ns", wait->due_ns);
	json_key_integer(json, "pool_queue_ns", wait->pool_queue_ns);
	json_key_integer(json, "pool_ns", wait->pool_ns);
	json_key_integer(json, "pool_thread_id", wait->pool_thread_id);
	json_key_integer(json, "pool_run_id", wait->pool_run_id);
	json_key(json, "estimated");
	json_boolean(json, wait->is_estimated);
	json_key_integer(json, "loop_ns", wait->loop_ns);
	json_key_integer(json, "loop_waiting_ns", wait->polled_ns);
	holder_json(json, wait);
	json_close(json, '}');
}
