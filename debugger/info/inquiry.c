/* What `info` has found out: see inquiry.h. Promises printable words. */
#include "debugger/info/inquiry.h"

#include "debugger/lineage/describe.h"
#include "debugger/lineage/place.h"
#include "debugger/recording/point.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>

int inquiry_set_process(struct inquiry *inquiry, int64_t process_id, struct error *err)
{
	struct process_row process;

	if (lookup_process(inquiry->recording, process_id, &process, err) < 0)
		return -1;
	inquiry->executable = process.executable;
	return 0;
}

struct strbuf *inquiry_words(struct inquiry *inquiry)
{
	strbuf_clear(&inquiry->words);
	return &inquiry->words;
}

void inquiry_line(struct inquiry *inquiry, const char *label)
{
	facts_add_line(&inquiry->facts, label, strbuf_string(&inquiry->words));
}

void inquiry_integer(struct inquiry *inquiry, const char *key, int64_t number)
{
	facts_add_integer(&inquiry->facts, key, number);
}

void inquiry_string(struct inquiry *inquiry, const char *key, const char *text)
{
	facts_add_string(&inquiry->facts, key, text);
}

void inquiry_add_moment(struct inquiry *inquiry, int64_t ns)
{
	struct strbuf *words = &inquiry->words;

	if (ns == UNKNOWN)
		return;
	strbuf_add_string(words, words->length ? ", at " : "at ");
	quantity_add_moment(words, ns);
}

int inquiry_add_run(struct inquiry *inquiry, int64_t run_id, int64_t thread_id, struct error *err)
{
	struct strbuf *words = &inquiry->words;
	int found;

	execution_forget(&inquiry->in);
	if (run_id == UNKNOWN) {
		strbuf_add_string(words, "an unknown run");
		return 0;
	}
	point_add_run(words, run_id);
	found = execution_load(
		inquiry->recording, inquiry->cache, run_id, thread_id, &inquiry->in, err);
	if (found < 0)
		return -1;
	if (found) {
		strbuf_add_string(words, " (");
		describe_execution(words, &inquiry->in);
		strbuf_add_char(words, ')');
	}
	return 0;
}

int inquiry_add_resource(struct inquiry *inquiry, int64_t async_id, struct error *err)
{
	struct resource_row resource;

	if (lookup_resource(inquiry->recording, async_id, &resource, err) < 0)
		return -1;
	describe_resource(&inquiry->words, resource.type.name, async_id, resource.detail);
	return 0;
}

int inquiry_add_thread(struct inquiry *inquiry, int64_t thread_id, struct error *err)
{
	struct thread_row thread;

	if (thread_id == UNKNOWN)
		return 0;
	if (lookup_thread(inquiry->recording, thread_id, &thread, err) < 0)
		return -1;
	strbuf_add_string(&inquiry->words, inquiry->words.length ? ", on " : "");
	describe_thread(&inquiry->words, &thread);
	return 0;
}

bool inquiry_add_frame(struct inquiry *inquiry, const struct frame *frame)
{
	struct strbuf *words = &inquiry->words;

	if (!frame->function)
		return false;
	printable_add_string(words, frame->function);
	if (!frame->file)
		return true;
	strbuf_add_string(words, " (");
	place_add_file(words, frame->file, frame->directory, inquiry->executable);
	if (frame->line != UNKNOWN)
		strbuf_printf(words, ":%" PRId64, frame->line);
	strbuf_add_char(words, ')');
	return true;
}

bool inquiry_add_place(struct inquiry *inquiry, const struct frames *frames)
{
	size_t i = 0;

	while (frames && i < frames->count && frames->rows[i].is_aside)
		i++;
	return frames && i < frames->count && inquiry_add_frame(inquiry, &frames->rows[i]);
}

int64_t inquiry_number(struct inquiry *inquiry, const char *sql, int64_t async_id)
{
	sqlite3_stmt *statement;
	int64_t number = UNKNOWN;

	if (sqlite3_prepare_v2(reader_database(inquiry->recording), sql, -1, &statement, NULL))
		return UNKNOWN;
	sqlite3_bind_int64(statement, 1, async_id);
	if (sqlite3_step(statement) == SQLITE_ROW)
		number = lookup_column(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

void inquiry_add_count(struct inquiry *inquiry, int64_t count)
{
	if (count > INQUIRY_COUNT_MAX)
		strbuf_add_string(&inquiry->words, "more than ");
	quantity_add_count(&inquiry->words, count > INQUIRY_COUNT_MAX ? INQUIRY_COUNT_MAX : count);
}

void inquiry_add_command(struct inquiry *inquiry, const char *command, int64_t async_id)
{
	session_add_command(inquiry->session, &inquiry->words, command);
	strbuf_add_string(&inquiry->words, " ");
	point_add_async(&inquiry->words, async_id);
}

int inquiry_add_stack(struct inquiry *inquiry, const char *key, int64_t stack_id, struct error *err)
{
	const struct frames *frames;

	if (execution_stack(
		    inquiry->recording, inquiry->cache, &inquiry->in, stack_id, &frames, err))
		return -1;
	facts_add_frames(&inquiry->facts, key, frames, inquiry->executable);
	return 0;
}
