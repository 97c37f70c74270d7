/*
 * `info` of a resource: what adds up over many rows. See info_sums.h. Reads a bounded number of
 * rows by key or index and says when that was not all.
 */
#include "debugger/info/info_sums.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/id.h"
#include "debugger/text/quantity.h"

#include <string.h>

#define ROWS_MAX 100000

/* Sums of whole numbers over rows; what would run over stays where it is. */
static void add_to(int64_t *sum, int64_t number)
{
	if (number > 0 && __builtin_add_overflow(*sum, number, sum))
		*sum = INT64_MAX;
}

struct sum {
	int64_t count, total, longest;
	int64_t rows;	  /* that were read */
	int64_t from, to; /* what the rows are of */
};

/*
 * Requests are made in the order of their IDs, those on a handle after it and before its end. Of a
 * handle that lived long only the first are read.
 */
static int written(struct inquiry *inquiry, const struct resource_row *resource, struct sum *ret,
	struct error *err)
{
	static const char sql[] = "SELECT async_id - handle_delta, bytes, status, created_ns"
				  " FROM main.packed_request WHERE async_id > ?1 AND async_id < ?2"
				  " ORDER BY async_id LIMIT 100000";
	const int64_t skew_ns = 1000000000; /* by which IDs may be out of step with time */
	sqlite3_stmt *row;
	int step = SQLITE_DONE;

	if (sqlite3_prepare_v2(reader_database(inquiry->recording), sql, -1, &row, NULL))
		return reader_error(inquiry->recording, NULL, err);
	sqlite3_bind_int64(row, 1, resource->async_id);
	sqlite3_bind_int64(row, 2, id_main(id_process(resource->async_id) + 1));
	while ((step = sqlite3_step(row)) == SQLITE_ROW) {
		int64_t created_ns = lookup_column(row, 3);

		if (resource->destroyed_ns >= 0 && created_ns > resource->destroyed_ns &&
			created_ns - resource->destroyed_ns > skew_ns)
			break;
		ret->rows++;
		if (lookup_column(row, 0) != resource->async_id ||
			lookup_column(row, 1) == UNKNOWN || sqlite3_column_int64(row, 2) < 0)
			continue;
		ret->count++;
		add_to(&ret->total, sqlite3_column_int64(row, 1));
	}
	sqlite3_finalize(row);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return reader_error(inquiry->recording, NULL, err);
	return 0;
}

static bool is_stream(const struct resource_row *resource)
{
	static const char *const names[] = {"uv_tcp_t", "uv_pipe_t", "uv_tty_t", "uv_udp_t"};
	size_t i;

	for (i = 0; resource->type.name && i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(resource->type.name, names[i]))
			return true;
	return false;
}

static void add_sum(struct strbuf *words, const struct sum *sum, const char *verb,
	const char *single, const char *several)
{
	strbuf_add_string(words, words->length ? ", " : "");
	quantity_add_count(words, sum->total);
	strbuf_printf(words, " %s in ", verb);
	quantity_add_count(words, sum->count);
	strbuf_add_string(words, sum->count == 1 ? single : several);
}

int info_bytes(struct inquiry *inquiry, const struct resource_row *resource, struct error *err)
{
#define LAST_READ                                                                                  \
	" FROM (SELECT bytes FROM main.packed_run WHERE async_id = ?1"                             \
	" ORDER BY run_id DESC LIMIT 100000) WHERE bytes > 0"
	struct strbuf *words = inquiry_words(inquiry);
	struct sum in = {0}, out = {0};

	if (!is_stream(resource))
		return 0;
	in.count = inquiry_number(inquiry, "SELECT count(*)" LAST_READ, resource->async_id);
	in.total = inquiry_number(inquiry, "SELECT total(bytes)" LAST_READ, resource->async_id);
	if (written(inquiry, resource, &out, err))
		return -1;
	inquiry_integer(inquiry, "bytes_read", in.total);
	inquiry_integer(inquiry, "read_count", in.count);
	inquiry_integer(inquiry, "bytes_written", out.total);
	inquiry_integer(inquiry, "write_count", out.count);
	if (in.count > 0)
		add_sum(words, &in, "read", " run", " runs");
	if (in.count >= ROWS_MAX)
		strbuf_add_string(words, " (the last ones)");
	if (out.count > 0)
		add_sum(words, &out, "written", " request", " requests");
	if (out.rows >= ROWS_MAX)
		strbuf_add_string(words, out.count ? " (the first ones)" : "");
	if (words->length)
		inquiry_line(inquiry, "bytes");
	return 0;
}

/* "92.3 %" */
static void add_share(struct strbuf *words, int64_t part, int64_t whole)
{
	strbuf_printf(words, "%.1f %%", 100.0 * (double)part / (double)whole);
}

int info_polls(struct inquiry *inquiry, int64_t loop_id, struct error *err)
{
	static const char sql[] =
		"SELECT count(*), total(wait_ns), max(wait_ns), min(entered_ns),"
		" max(entered_ns + wait_ns) FROM (SELECT entered_ns, wait_ns FROM main.packed_poll"
		" WHERE loop_id = ?1 ORDER BY entered_ns DESC LIMIT 100000)";
	struct strbuf *words = inquiry_words(inquiry);
	struct sum sum;
	sqlite3_stmt *row;

	if (sqlite3_prepare_v2(reader_database(inquiry->recording), sql, -1, &row, NULL))
		return reader_error(inquiry->recording, NULL, err);
	sqlite3_bind_int64(row, 1, loop_id);
	if (sqlite3_step(row) != SQLITE_ROW) {
		sqlite3_finalize(row);
		return reader_error(inquiry->recording, NULL, err);
	}
	sum = (struct sum){.count = lookup_column(row, 0),
		.total = lookup_column(row, 1),
		.longest = lookup_column(row, 2),
		.from = lookup_column(row, 3),
		.to = lookup_column(row, 4)};
	sqlite3_finalize(row);
	inquiry_integer(inquiry, "poll_count", sum.count);
	inquiry_integer(inquiry, "poll_ns", sum.total);
	inquiry_integer(inquiry, "poll_max_ns", sum.longest);
	inquiry_integer(inquiry, "poll_from_ns", sum.from);
	inquiry_integer(inquiry, "poll_to_ns", sum.to);
	if (sum.count < 1 || sum.total < 0 || sum.from < 0 || sum.to <= sum.from)
		return 0;
	add_share(words, sum.total, sum.to - sum.from);
	strbuf_add_string(words, " of ");
	quantity_add_duration(words, sum.to - sum.from);
	strbuf_add_string(words, " in the kernel, ");
	quantity_add_count(words, sum.count);
	strbuf_add_string(words, sum.count == 1 ? " time" : " times");
	if (sum.count >= ROWS_MAX)
		strbuf_add_string(words, " (the last ones)");
	strbuf_add_string(words, ", the longest ");
	quantity_add_duration(words, sum.longest);
	if (sum.total <= sum.to - sum.from) {
		strbuf_add_string(words, "; running ");
		add_share(words, sum.to - sum.from - sum.total, sum.to - sum.from);
	}
	inquiry_line(inquiry, "waited");
	return 0;
}

/* ", waited 1.9 ms on average, 30 ms at most" */
static void add_average(
	struct strbuf *words, const char *verb, int64_t total, int64_t count, int64_t longest)
{
	if (total <= 0 || count <= 0)
		return;
	strbuf_printf(words, "; %s ", verb);
	quantity_add_duration(words, total / count);
	if (count > 1) {
		strbuf_add_string(words, " on average, ");
		quantity_add_duration(words, longest);
		strbuf_add_string(words, " at most");
	}
}

int info_alike(struct inquiry *inquiry, const struct resource_row *resource, struct error *err)
{
	static const char sql[] =
		"SELECT created, destroyed, runs, wait_ns, wait_max_ns, run_ns, run_max_ns"
		" FROM main.stack_total WHERE stack_id = ?1 AND type_id = ?2 LIMIT 1";
	static const char *const keys[] = {"alike_created", "alike_destroyed", "alike_runs",
		"alike_wait_ns", "alike_wait_max_ns", "alike_run_ns", "alike_run_max_ns"};
	struct strbuf *words = inquiry_words(inquiry);
	int64_t numbers[7];
	sqlite3_stmt *row;
	size_t i;
	bool found;

	if (resource->stack_id == UNKNOWN ||
		!reader_finds(inquiry->recording, "stack_total", "stack_id"))
		return 0;
	if (sqlite3_prepare_v2(reader_database(inquiry->recording), sql, -1, &row, NULL))
		return reader_error(inquiry->recording, NULL, err);
	sqlite3_bind_int64(row, 1, resource->stack_id);
	sqlite3_bind_int64(row, 2, resource->type.type_id);
	found = sqlite3_step(row) == SQLITE_ROW;
	for (i = 0; i < 7; i++) {
		numbers[i] = found ? lookup_column(row, (int)i) : UNKNOWN;
		inquiry_integer(inquiry, keys[i], numbers[i]);
	}
	sqlite3_finalize(row);
	if (!found || numbers[0] <= 1)
		return 0;
	quantity_add_count(words, numbers[0]);
	strbuf_add_string(words, " made here");
	if (numbers[1] != UNKNOWN && numbers[1] < numbers[0]) {
		strbuf_add_string(words, ", ");
		quantity_add_count(words, numbers[0] - (numbers[1] > 0 ? numbers[1] : 0));
		strbuf_add_string(words, " never destroyed");
	}
	/* Of a handle that runs often how long it waited each time is not known: armings are. */
	if (resource->type.class && !strcmp(resource->type.class, "request"))
		add_average(words, "waited", numbers[3], numbers[2], numbers[4]);
	add_average(words, "ran", numbers[5], numbers[2], numbers[6]);
	inquiry_line(inquiry, "alike");
	return 0;
}
