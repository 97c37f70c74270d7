/*
 * Compares what the oracle wrote of its own causality with the recording of the same run.
 *
 *     oracle_check RECORDING TRUTH
 *
 * On each thread the recorded runs in the order of their IDs must be the callbacks that the program
 * itself counted, one for one; so each token of the truth names a run, and then all else can be
 * compared: who armed (link), with what and where (api, stack), what it ran inside of (outer), what
 * made it fire (cause), where and by whom it was made. Runs of alloc callbacks are left out: the
 * program does not follow those.
 *
 * Exit status 0 when all is equal, 1 with the first differences when not, 2 when it cannot tell.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_DIFFERENCES = 12 };

struct run {
	/* what the program says */
	uint64_t token, armed_by, outer, born;
	char *part, *function, *api, *site;
	uint64_t address;
	char cause;
	size_t cause_count;
	uint64_t *causes;
	/* the recorded run of the same place in the order; 0: none */
	int64_t run_id;
};

struct thread {
	int tid;
	char *kind, *function, *api, *site;
	uint64_t token, armed_by;
	struct run *runs;
	size_t count, room;
};

struct recorded {
	int64_t run_id, outer, outer_stack, link, link_stack, cause_id, cause_run, address, born;
	int64_t callback;
	int tid;
	bool is_root;
	char *part, *api;
	bool joined;
};

struct node {
	int64_t caller, frame;
};

struct place {
	char *inner, *outer;
	int outer_depth;
};

static struct thread *threads;
static size_t thread_count;
static uint64_t seed;
static int pid;

static struct recorded *recorded;
static size_t recorded_count;
static struct node *nodes;
static int64_t node_count;
static struct place *places;
static int64_t place_count;

/* Run of each token. */
static int64_t *run_of;
/* Function that each token's run executes; NULL for a thread's root. */
static const char **function_of;
static uint64_t token_count;

/* What is compared, and how often it was equal and not. */
#define ASPECTS(X)                                                                                 \
	X(ORDER, "runs")                                                                           \
	X(PART, "parts")                                                                           \
	X(CALLBACK, "callbacks")                                                                   \
	X(LINK, "links")                                                                           \
	X(API, "apis")                                                                             \
	X(STACK, "arming stacks")                                                                  \
	X(OUTER, "outer runs")                                                                     \
	X(CAUSE, "causes")                                                                         \
	X(MADE, "addresses and makers")                                                            \
	X(THREAD, "threads")

#define X(tag, words) tag,
enum aspect { ASPECTS(X) ASPECT_COUNT };
#undef X
#define X(tag, words) words,
static const char *const aspect_names[] = {ASPECTS(X)};
#undef X

static size_t compared[ASPECT_COUNT], different[ASPECT_COUNT];

__attribute__((format(printf, 2, 3))) static void differs(
	enum aspect aspect, const char *format, ...)
{
	static int shown;
	va_list list;

	different[aspect]++;
	if (shown++ >= SHOWN_DIFFERENCES)
		return;
	printf("seed %" PRIu64 ": ", seed);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list list;

	fprintf(stderr, "oracle_check: ");
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fprintf(stderr, "\n");
	exit(2);
}

static void *grow(void *array, size_t count, size_t size)
{
	/* Room for a power of two. */
	if (count & (count - 1))
		return array;
	array = realloc(array, (count ? 2 * count : 1) * size);
	if (!array)
		fail("out of memory");
	return array;
}

/* --- the truth ---------------------------------------------------------------------------------
 */

static char *next_word(char **line)
{
	char *word = strtok_r(NULL, " \n", line);

	if (!word)
		fail("the truth is cut short");
	return word;
}

static uint64_t next_number(char **line)
{
	return strtoull(next_word(line), NULL, 10);
}

static char *next_copy(char **line)
{
	return strdup(next_word(line));
}

static void note_token(uint64_t token)
{
	if (token >= token_count)
		token_count = token + 1;
}

static void read_thread(char **line)
{
	struct thread *thread;

	threads = grow(threads, thread_count, sizeof *threads);
	thread = &threads[thread_count++];
	*thread = (struct thread){.tid = (int)next_number(line)};
	thread->kind = next_copy(line);
	thread->token = next_number(line);
	thread->armed_by = next_number(line);
	thread->api = next_copy(line);
	thread->site = next_copy(line);
	thread->function = next_copy(line);
	note_token(thread->token);
}

static void read_run(char **line)
{
	const int tid = (int)next_number(line);
	struct thread *thread = NULL;
	struct run *run;

	if (thread_count)
		thread = &threads[thread_count - 1];
	if (!thread || thread->tid != tid)
		fail("the truth has a run of a thread that it does not know");
	thread->runs = grow(thread->runs, thread->count, sizeof *thread->runs);
	run = &thread->runs[thread->count++];
	*run = (struct run){.token = next_number(line)};
	run->armed_by = next_number(line);
	run->outer = next_number(line);
	run->part = next_copy(line);
	run->function = next_copy(line);
	run->address = next_number(line);
	run->api = next_copy(line);
	run->site = next_copy(line);
	run->born = next_number(line);
	run->cause = next_word(line)[0];
	run->cause_count = next_number(line);
	run->causes = calloc(run->cause_count + 1, sizeof *run->causes);
	for (size_t i = 0; i < run->cause_count; i++)
		run->causes[i] = next_number(line);
	note_token(run->token);
}

static void read_truth(const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL, *rest, *word;
	size_t size = 0;

	if (!file)
		fail("cannot read %s", path);
	while (getline(&line, &size, file) > 0) {
		word = strtok_r(line, " \n", &rest);
		if (!word)
			continue;
		if (*word == 'P') {
			pid = (int)next_number(&rest);
			seed = next_number(&rest);
		} else if (*word == 'T') {
			read_thread(&rest);
		} else {
			read_run(&rest);
		}
	}
	free(line);
	fclose(file);
	if (!thread_count)
		fail("%s says nothing", path);
	run_of = calloc(token_count, sizeof *run_of);
	function_of = calloc(token_count, sizeof *function_of);
	for (size_t t = 0; t < thread_count; t++)
		for (size_t i = 0; i < threads[t].count; i++)
			function_of[threads[t].runs[i].token] = threads[t].runs[i].function;
}

/* --- the recording -----------------------------------------------------------------------------
 */

static sqlite3_stmt *query(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL))
		fail("%s", sqlite3_errmsg(db));
	return statement;
}

static bool row(sqlite3 *db, sqlite3_stmt *statement)
{
	const int result = sqlite3_step(statement);

	if (result == SQLITE_ROW)
		return true;
	if (result != SQLITE_DONE)
		fail("%s", sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	return false;
}

static char *text(sqlite3_stmt *statement, int column)
{
	const char *words = (const char *)sqlite3_column_text(statement, column);

	return words ? strdup(words) : NULL;
}

static int64_t largest(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = query(db, sql);
	int64_t result = 0;

	while (row(db, statement))
		result = sqlite3_column_int64(statement, 0);
	return result;
}

static void read_stacks(sqlite3 *db)
{
	sqlite3_stmt *statement;

	node_count = largest(db, "SELECT max(stack_id) FROM stack") + 1;
	place_count = largest(db, "SELECT max(frame_id) FROM frame") + 1;
	nodes = calloc((size_t)node_count, sizeof *nodes);
	places = calloc((size_t)place_count, sizeof *places);
	statement = query(db, "SELECT stack_id, caller_id, frame_id FROM stack");
	while (row(db, statement))
		nodes[sqlite3_column_int64(statement, 0)] = (struct node){
			sqlite3_column_int64(statement, 1), sqlite3_column_int64(statement, 2)};
	statement = query(db, "SELECT frame_id, inline_depth, function FROM source");
	while (row(db, statement)) {
		const int64_t frame = sqlite3_column_int64(statement, 0);
		const int depth = sqlite3_column_int(statement, 1);
		struct place *place = &places[frame];

		if (frame < 0 || frame >= place_count)
			fail("source of frame %" PRId64 ", which is not there", frame);
		if (depth == 0)
			place->inner = text(statement, 2);
		if (!place->outer || depth > place->outer_depth) {
			place->outer = text(statement, 2);
			place->outer_depth = depth;
		}
	}
}

static void read_runs(sqlite3 *db)
{
	/* Views over views are slow to join: their rows first. */
	static const char *const prepare[] = {
		"CREATE TEMP TABLE e AS SELECT * FROM run_edge",
		"CREATE TEMP TABLE r AS SELECT run_id, part, callback_frame_id, cause_id FROM run",
		"CREATE INDEX temp.r_run ON r (run_id)",
		"CREATE TEMP TABLE s AS SELECT async_id, address, run_id FROM resource",
		"CREATE INDEX temp.s_async ON s (async_id)",
	};
	sqlite3_stmt *statement;
	int64_t process;
	char *sql;

	for (size_t i = 0; i < sizeof prepare / sizeof *prepare; i++)
		if (sqlite3_exec(db, prepare[i], NULL, NULL, NULL))
			fail("%s", sqlite3_errmsg(db));
	sql = sqlite3_mprintf("SELECT process_id FROM process WHERE os_pid = %d", pid);
	process = largest(db, sql);
	sqlite3_free(sql);
	if (!process)
		fail("process %d is not in the recording", pid);
	sql = sqlite3_mprintf(
		"SELECT e.run_id, t.os_tid, e.run_id = t.root_run_id, r.part, e.outer_run_id, "
		"e.outer_stack_id, e.link_run_id, e.link_api, e.link_stack_id, r.cause_id, "
		"e.cause_run_id, s.address, s.run_id, r.callback_frame_id "
		"FROM temp.e JOIN temp.r ON r.run_id = e.run_id "
		"JOIN thread t ON t.thread_id = e.thread_id "
		"LEFT JOIN temp.s ON s.async_id = e.async_id "
		"WHERE t.process_id = %lld AND coalesce(r.part, '') <> 'alloc' ORDER BY e.run_id",
		(long long)process);
	statement = query(db, sql);
	sqlite3_free(sql);
	while (row(db, statement)) {
		struct recorded *run;

		recorded = grow(recorded, recorded_count, sizeof *recorded);
		run = &recorded[recorded_count++];
		*run = (struct recorded){
			.run_id = sqlite3_column_int64(statement, 0),
			.tid = sqlite3_column_int(statement, 1),
			.is_root = sqlite3_column_int(statement, 2),
			.part = text(statement, 3),
			.outer = sqlite3_column_int64(statement, 4),
			.outer_stack = sqlite3_column_int64(statement, 5),
			.link = sqlite3_column_int64(statement, 6),
			.api = text(statement, 7),
			.link_stack = sqlite3_column_int64(statement, 8),
			.cause_id = sqlite3_column_int64(statement, 9),
			.cause_run = sqlite3_column_int64(statement, 10),
			.address = sqlite3_column_int64(statement, 11),
			.born = sqlite3_column_int64(statement, 12),
			.callback = sqlite3_column_int64(statement, 13),
		};
	}
}

/* The function of a frame in the source; inlined calls apart. */
static const char *function_at(int64_t frame)
{
	const char *name = NULL;

	if (frame > 0 && frame < place_count)
		name = places[frame].outer;
	return name ? name : "?";
}

static const struct node *node_at(int64_t stack)
{
	return stack > 0 && stack < node_count ? &nodes[stack] : NULL;
}

/* --- the comparison ----------------------------------------------------------------------------
 */

static bool is_same(const char *a, const char *b)
{
	return strcmp(a ? a : "-", b) == 0;
}

static const char *or_nothing(const char *words)
{
	return words ? words : "-";
}

/* Gives each token of a thread its run. */
static void join_thread(const struct thread *thread)
{
	size_t i = 0, first = different[ORDER];
	struct recorded *root = NULL;

	for (size_t k = 0; k < recorded_count; k++) {
		struct recorded *run = &recorded[k];
		struct run *truth;

		if (run->tid != thread->tid)
			continue;
		run->joined = true;
		if (run->is_root) {
			root = run;
			continue;
		}
		compared[ORDER]++;
		if (i == thread->count) {
			if (different[ORDER] == first)
				differs(ORDER,
					"thread %d: run %" PRId64
					" (%s of %s) after the last of the program's %zu runs",
					thread->tid, run->run_id, or_nothing(run->part),
					function_at(run->callback), thread->count);
			continue;
		}
		truth = &thread->runs[i++];
		compared[CALLBACK]++;
		if (!is_same(truth->function, function_at(run->callback)))
			differs(CALLBACK,
				"thread %d, place %zu: run %" PRId64 " is %s, program says %s",
				thread->tid, i, run->run_id, function_at(run->callback),
				truth->function);
		truth->run_id = run->run_id;
		run_of[truth->token] = run->run_id;
	}
	if (i < thread->count)
		differs(ORDER, "thread %d: %zu runs recorded, program had %zu, the next is %s",
			thread->tid, i, thread->count, thread->runs[i].function);
	compared[THREAD]++;
	if (!root)
		differs(THREAD, "thread %d (%s) has no root run", thread->tid, thread->kind);
	else
		run_of[thread->token] = root->run_id;
}

static int64_t run_of_token(uint64_t token)
{
	return token < token_count ? run_of[token] : 0;
}

static const struct thread *thread_of_root(uint64_t token)
{
	for (size_t t = 0; t < thread_count; t++)
		if (threads[t].token == token)
			return &threads[t];
	return NULL;
}

/* The stack of an arming: innermost the function that armed, outermost the callback of the run. */
static void compare_stack(const struct recorded *run, uint64_t armed_by, const char *site)
{
	const struct node *node = node_at(run->link_stack);
	const struct thread *root = thread_of_root(armed_by);
	const char *inner = "?", *outer = "?", *expected;
	bool met_entry = false;

	if (strcmp(site, "-") == 0)
		return;
	compared[STACK]++;
	if (node && node->frame > 0 && node->frame < place_count)
		inner = or_nothing(places[node->frame].inner);
	for (int depth = 0; node && depth < 200; depth++) {
		outer = function_at(node->frame);
		if (root && strcmp(outer, root->function) == 0)
			met_entry = true;
		node = node_at(node->caller);
	}
	expected = root ? root->function : or_nothing(function_of[armed_by]);
	if (strcmp(inner, site) != 0)
		differs(STACK, "run %" PRId64 " armed in %s, program says %s", run->run_id, inner,
			site);
	else if (root ? !met_entry : strcmp(outer, expected) != 0)
		differs(STACK, "run %" PRId64 ": stack of its arming ends in %s, program says %s",
			run->run_id, outer, expected);
}

static void compare_cause(const struct recorded *run, const struct run *truth)
{
	if (truth->cause == '?')
		return;
	compared[CAUSE]++;
	if (!run->cause_id) {
		if (truth->cause == '=')
			differs(CAUSE,
				"run %" PRId64 " (%s) has no cause, program says run %" PRId64,
				run->run_id, truth->function, run_of_token(truth->causes[0]));
		return;
	}
	for (size_t i = 0; i < truth->cause_count; i++)
		if (run->cause_run == run_of_token(truth->causes[i]))
			return;
	differs(CAUSE, "run %" PRId64 " (%s) caused by run %" PRId64 ", program says run %" PRId64,
		run->run_id, truth->function, run->cause_run,
		truth->cause_count ? run_of_token(truth->causes[0]) : 0);
}

static void compare_run(const struct recorded *run, const struct run *truth)
{
	const int64_t link = run_of_token(truth->armed_by), outer = run_of_token(truth->outer);
	const int64_t born = run_of_token(truth->born);
	const struct thread *root = thread_of_root(truth->outer);

	compared[PART]++;
	if (!is_same(run->part, truth->part))
		differs(PART, "run %" PRId64 " (%s) is part %s, program says %s", run->run_id,
			truth->function, or_nothing(run->part), truth->part);
	compared[LINK]++;
	if (run->link != link || !link)
		differs(LINK,
			"run %" PRId64 " (%s) linked to run %" PRId64
			" (%s), program says run %" PRId64 " (%s)",
			run->run_id, truth->function, run->link, or_nothing(run->api), link,
			truth->api);
	compared[API]++;
	if (!is_same(run->api, truth->api))
		differs(API, "run %" PRId64 " (%s) armed by %s, program says %s", run->run_id,
			truth->function, or_nothing(run->api), truth->api);
	compared[OUTER]++;
	if (run->outer != outer)
		differs(OUTER, "run %" PRId64 " (%s) inside run %" PRId64 ", program says %" PRId64,
			run->run_id, truth->function, run->outer, outer);
	else if (!root && !run->outer_stack)
		differs(OUTER, "run %" PRId64 " (%s) has no stack of the uv_run around it",
			run->run_id, truth->function);
	compared[MADE]++;
	if ((uint64_t)run->address != truth->address || run->born != born)
		differs(MADE,
			"run %" PRId64 " (%s): made at %#" PRIx64 " by run %" PRId64
			", program says %#" PRIx64 " by %" PRId64,
			run->run_id, truth->function, (uint64_t)run->address, run->born,
			truth->address, born);
	compare_stack(run, truth->armed_by, truth->site);
	compare_cause(run, truth);
}

static void compare_root(const struct recorded *run, const struct thread *thread)
{
	const int64_t link = run_of_token(thread->armed_by);

	if (strcmp(thread->kind, "pool") == 0)
		return;
	compared[LINK]++;
	if (run->link != link)
		differs(LINK,
			"root run %" PRId64 " of thread %d (%s) linked to run %" PRId64
			", program says run %" PRId64,
			run->run_id, thread->tid, thread->kind, run->link, link);
	if (!link)
		return;
	compared[API]++;
	if (!is_same(run->api, thread->api))
		differs(API, "thread %d made by %s, program says %s", thread->tid,
			or_nothing(run->api), thread->api);
	compare_stack(run, thread->armed_by, thread->site);
}

static void compare_all(void)
{
	for (size_t t = 0; t < thread_count; t++)
		join_thread(&threads[t]);
	for (size_t k = 0; k < recorded_count; k++)
		if (!recorded[k].joined && !recorded[k].is_root)
			differs(THREAD,
				"run %" PRId64 " on thread %d, which the program does not know",
				recorded[k].run_id, recorded[k].tid);
	for (size_t t = 0; t < thread_count; t++) {
		size_t i = 0;

		for (size_t k = 0; k < recorded_count; k++) {
			if (recorded[k].tid != threads[t].tid)
				continue;
			if (recorded[k].is_root)
				compare_root(&recorded[k], &threads[t]);
			else if (i < threads[t].count)
				compare_run(&recorded[k], &threads[t].runs[i++]);
		}
	}
}

int main(int argc, char **argv)
{
	bool equal = true;
	sqlite3 *db;

	if (argc != 3)
		fail("usage: oracle_check RECORDING TRUTH");
	read_truth(argv[2]);
	if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL))
		fail("%s: %s", argv[1], sqlite3_errmsg(db));
	read_stacks(db);
	read_runs(db);
	sqlite3_close(db);
	compare_all();
	printf("seed %" PRIu64 ":", seed);
	for (int i = 0; i < ASPECT_COUNT; i++) {
		printf("%s %zu %s", i ? "," : "", compared[i], aspect_names[i]);
		if (different[i])
			printf(" (%zu DIFFERENT)", different[i]);
		equal = equal && !different[i];
	}
	printf("\n");
	return equal ? 0 : 1;
}
