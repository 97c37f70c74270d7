/* POINT: see point.h. Promises that what point_add writes, point_parse reads. */
#include "debugger/recording/point.h"

#include "debugger/core/core_view.h"
#include "debugger/recording/file_kind.h"
#include "debugger/recording/lookup.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	enum point_kind kind;
	const char *name;
	bool in_process;    /* numbered within its process */
	bool number_may_go; /* the last one when there is no number */
} words[] = {
	{POINT_RUN, "run", true, false},
	{POINT_LOG, "log", false, false},
	{POINT_CRASH, "crash", false, true},
	{POINT_THREAD, "thread", false, false},
	{POINT_PROCESS, "process", false, false},
};

/* Decimal digits from *text on, up to 19 of them; moves *text behind. */
static bool read_number(const char **text, int64_t *ret)
{
	const char *begin = *text;
	int64_t number = 0;

	while (**text >= '0' && **text <= '9') {
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, **text - '0', &number))
			return false;
		++*text;
	}
	*ret = number;
	return *text > begin;
}

/* "N" or "P:N", up to the end of the text. */
static bool read_id(const char *text, bool in_process, int64_t *ret)
{
	const int64_t processes = INT64_C(1) << (62 - ID_PROCESS_SHIFT);
	int64_t first, second;

	if (!read_number(&text, &first))
		return false;
	if (in_process && *text == ':') {
		text++;
		if (!read_number(&text, &second) || first < 1 || first > processes || second < 1 ||
			second >> ID_PROCESS_SHIFT)
			return false;
		first = ((first - 1) << ID_PROCESS_SHIFT) + second;
	}
	*ret = first;
	return !*text && first > 0;
}

static int refuse(const char *text, struct error *err)
{
	switch (file_kind_of(text)) {
	case FILE_RECORDING:
	case FILE_CORE:
	case FILE_IMAGE:
		return error_set(err, "'%s' is %s, not a POINT: type -r %s", text,
			file_kind_words(file_kind_of(text)), text);
	case FILE_EXECUTABLE:
	case FILE_DATABASE:
		return error_set(
			err, "'%s' is %s, not a POINT", text, file_kind_words(file_kind_of(text)));
	default:
		return error_set(err,
			"'%s' is no POINT: type an async ID (42, or 2:42 in process 2),"
			" run:N, log:N, crash, thread:N or process:N",
			text);
	}
}

int point_parse(const char *text, struct point *ret, struct error *err)
{
	size_t i, length;

	*ret = (struct point){POINT_DEFAULT, UNKNOWN};
	if (!text)
		return 0;
	if (read_id(*text == '#' ? text + 1 : text, true, &ret->id)) {
		ret->kind = POINT_ASYNC;
		return 0;
	}
	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		length = strlen(words[i].name);
		if (strncmp(text, words[i].name, length))
			continue;
		ret->kind = words[i].kind;
		ret->id = UNKNOWN;
		if (!text[length] && words[i].number_may_go)
			return 0;
		if (text[length] == ':' &&
			read_id(text + length + 1, words[i].in_process, &ret->id))
			return 0;
	}
	return refuse(text, err);
}

/* Number 1 of a process stands for the process itself. */
static const char last_async_sql[] =
	"SELECT max(id) FROM (SELECT max(async_id) AS id FROM main.packed_request"
	" UNION ALL SELECT * FROM (SELECT async_id FROM main.packed_resource"
	" WHERE async_id & ((1 << 40) - 1) <> 1 ORDER BY async_id DESC LIMIT 1))";
static const char last_crash_sql[] = "SELECT max(crash_id) FROM main.crash";
static const char last_log_sql[] = "SELECT max(log_id) FROM main.packed_log";

/* Names a resource that there is, so that there is something to type. */
static int nothing_to_begin_at(struct reader *recording, struct error *err)
{
	struct strbuf id = {0};
	int64_t last = 1;

	if (reader_integer(recording, STATEMENT_LAST_RESOURCE, last_async_sql, UNKNOWN, UNKNOWN,
		    &last, err) < 0)
		return -1;
	point_add_async(&id, last);
	error_set(err,
		"no crash, no killed thread and no log line to begin at: name a POINT, an async"
		" ID (the last is %s), run:N or thread:N",
		strbuf_string(&id));
	strbuf_deinit(&id);
	return -1;
}

/* The last point of a kind. As reader_integer; 0 also for kinds of which that takes a scan. */
static int find_last(
	struct reader *recording, enum point_kind kind, int64_t *ret, struct error *err)
{
	switch (kind) {
	case POINT_ASYNC:
		return reader_integer(recording, STATEMENT_LAST_RESOURCE, last_async_sql, UNKNOWN,
			UNKNOWN, ret, err);
	case POINT_CRASH:
		return reader_integer(recording, STATEMENT_LAST_CRASH, last_crash_sql, UNKNOWN,
			UNKNOWN, ret, err);
	case POINT_LOG:
		return reader_integer(
			recording, STATEMENT_LAST_LOG, last_log_sql, UNKNOWN, UNKNOWN, ret, err);
	case POINT_THREAD:
		return reader_integer(recording, STATEMENT_LAST_THREAD,
			"SELECT max(thread_id) FROM main.thread", UNKNOWN, UNKNOWN, ret, err);
	case POINT_PROCESS:
		return reader_integer(recording, STATEMENT_LAST_PROCESS,
			"SELECT max(process_id) FROM main.process", UNKNOWN, UNKNOWN, ret, err);
	default:
		return 0;
	}
}

int point_not_there(struct reader *recording, const struct point *point, struct error *err)
{
	static const char *const why[] = {
		[RECORDING_COMPLETE] = "",
		[RECORDING_GROWING] = " (yet: it is still growing)",
		[RECORDING_CUT] = " (it was cut short)",
	};
	struct strbuf name = {0}, last = {0};
	struct point other = {.kind = point->kind};
	int found = find_last(recording, point->kind, &other.id, err);

	if (found < 0)
		return -1;
	point_add(&name, point);
	if (found) {
		strbuf_add_string(&last, ": the last is ");
		point_add(&last, &other);
	} else if (point->kind != POINT_RUN) {
		strbuf_add_string(&last, ": it has none");
	}
	error_set(err, "%s is not in %s%s%s", strbuf_string(&name), reader_path(recording),
		reader_lacks_log(recording)
			? " (it was cut short, and its -wal file is not beside it)"
			: why[reader_state(recording)],
		strbuf_string(&last));
	strbuf_deinit(&name);
	strbuf_deinit(&last);
	return -1;
}

static int find_default(struct reader *recording, struct point *point, struct error *err)
{
	static const struct {
		enum point_kind kind;
		enum statement_slot slot;
		const char *sql;
	} choices[] = {
		{POINT_CRASH, STATEMENT_LAST_CRASH, last_crash_sql},
		{POINT_THREAD, STATEMENT_KILLED_THREAD,
			"SELECT thread_id FROM main.thread WHERE last_run_id IS NOT NULL"
			" ORDER BY role = 'main' DESC, thread_id LIMIT 1"},
		{POINT_LOG, STATEMENT_LAST_LOG, last_log_sql},
	};
	struct core_view *core = core_view_of(recording);
	const struct core_stand *stand = core ? core_view_stand(core, 0) : NULL;
	size_t i;
	int found;

	/* Of a core, the thread that got the signal, or that it was taken in. */
	if (stand && stand->crash_id == UNKNOWN && stand->thread_id != UNKNOWN) {
		*point = (struct point){POINT_THREAD, stand->thread_id};
		return 0;
	}
	for (i = 0; i < sizeof choices / sizeof choices[0]; i++) {
		found = reader_integer(recording, choices[i].slot, choices[i].sql, UNKNOWN, UNKNOWN,
			&point->id, err);
		if (found < 0)
			return -1;
		if (found) {
			point->kind = choices[i].kind;
			return 0;
		}
	}
	return nothing_to_begin_at(recording, err);
}

int point_resolve(struct reader *recording, struct point *point, struct error *err)
{
	int found;

	if (point->kind == POINT_DEFAULT)
		return find_default(recording, point, err);
	if (point->kind != POINT_CRASH || point->id != UNKNOWN)
		return 0;
	found = find_last(recording, POINT_CRASH, &point->id, err);
	if (!found)
		return error_set(err,
			"no crash was recorded in %s: name another POINT, an async ID, run:N,"
			" log:N or thread:N",
			reader_path(recording));
	return found < 0 ? -1 : 0;
}

void point_add_async(struct strbuf *buffer, int64_t async_id)
{
	if (async_id == UNKNOWN)
		strbuf_add_char(buffer, '?');
	else if (id_process(async_id) == 1)
		strbuf_printf(buffer, "%" PRId64, async_id);
	else
		strbuf_printf(
			buffer, "%" PRId64 ":%" PRId64, id_process(async_id), id_number(async_id));
}

void point_add_run(struct strbuf *buffer, int64_t run_id)
{
	strbuf_add_string(buffer, "run:");
	point_add_async(buffer, run_id);
}

void point_add(struct strbuf *buffer, const struct point *point)
{
	size_t i;

	if (point->kind == POINT_ASYNC) {
		point_add_async(buffer, point->id);
		return;
	}
	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (words[i].kind != point->kind)
			continue;
		strbuf_add_string(buffer, words[i].name);
		if (point->id == UNKNOWN)
			return;
		strbuf_add_char(buffer, ':');
		if (words[i].in_process)
			point_add_async(buffer, point->id);
		else
			strbuf_printf(buffer, "%" PRId64, point->id);
	}
}
