/*
 * Why an async stack ends where something is missing: older than what flight mode has kept, made
 * while recording was paused, lost, taken by a recorder that died; and that it goes on where the
 * program itself has folded a chain. Also recordings of old, which cannot tell.
 */
#include "debugger/lineage/lineage.h"
#include "schema/schema.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/test_lineage_ends.XXXXXX";

/* Run 9 was armed in run 8, and that in run 7, of which there is nothing; resource 5 is missing. */
static const char story[] =
	"INSERT INTO meta VALUES ('complete', '1');"
	"INSERT INTO process (process_id, executable) VALUES (1, '/x/program');"
	"INSERT INTO thread (thread_id, process_id, role, root_run_id) VALUES (1, 1, 'main', 1);"
	"INSERT INTO type VALUES (1, 'main', 'root', 'ROOT', 0), (2, 'uv_timer_t', 'handle', "
	"'Timeout', 0);"
	"INSERT INTO api VALUES (1, 'uv_timer_start');"
	"INSERT INTO frame (frame_id, address) VALUES (1, 100), (2, 200);"
	"INSERT INTO stack (stack_id, frame_id) VALUES (1, 1);"
	"INSERT INTO origin (origin_id, thread_id, type_id, api_id, stack_id) VALUES (1, 1, 2, 1, "
	"1);"
	"INSERT INTO entry VALUES (1, 1, 'callback', NULL), (2, 1, 'callback', 2);"
	"INSERT INTO packed_resource (async_id, type_id, created_ns) VALUES (1, 1, 0), (2, 2, 0);"
	"INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns)"
	" VALUES (1, 1, NULL, 1, 0), (8, 2, 8, 2, 800), (9, 2, 9, 2, 900), (20, 2, 19, 2, 2000),"
	" (21, 5, NULL, 2, 2100);"
	"INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns)"
	" VALUES (8, 2, 7, 1, 750), (9, 2, 8, 1, 850);";

/* What times of the story are in. */
static const char milliseconds[] =
	"UPDATE packed_run SET began_ns = began_ns * 1000000;"
	"UPDATE packed_arming SET armed_ns = armed_ns * 1000000;"
	"UPDATE gap SET from_ns = from_ns * 1000000, to_ns = to_ns * 1000000;";

static const char flight[] = "UPDATE process SET history_from_ns = 790000000";

static void execute(sqlite3 *database, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(database, sql, NULL, NULL, &message))
		fail_msg("%s: %s", sql, message);
}

/* The stack of `run_id` in the story with what `sql` changes. */
static enum lineage_end trace(const char *sql, int64_t run_id, bool full, struct lineage *ret)
{
	const struct lineage_options options = {.by = EDGE_LINK, .full = full, .depth = UNKNOWN};
	struct frames_cache *cache = frames_cache_create();
	struct reader *recording;
	sqlite3 *database;
	struct error err;

	unlink(path);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	execute(database, "PRAGMA synchronous = OFF");
	execute(database, schema_tables_sql);
	execute(database, story);
	execute(database, sql);
	execute(database, milliseconds);
	sqlite3_close(database);
	if (reader_open(&recording, path, &err))
		fail_msg("%s", err.text);
	assert_int_equal(lineage_init(ret, recording, cache,
				 &(struct point){.kind = POINT_RUN, .id = run_id}, &options, &err),
		0);
	lineage_deinit(ret);
	reader_close(recording);
	frames_cache_destroy(cache);
	return ret->end;
}

static void check(const char *sql, int64_t run_id, enum lineage_end end, const char *words)
{
	struct lineage lineage;

	assert_int_equal(trace(sql, run_id, false, &lineage), end);
	assert_string_equal(lineage.ended, words);
	assert_false(lineage.complete);
}

static void test_overwritten(void **state)
{
	(void)state;
	check(flight, 9, LINEAGE_OVERWRITTEN,
		"run:7 is older than the history that was kept, which begins at +0.790000 s");
	check(flight, 20, LINEAGE_OVERWRITTEN,
		"arming 19 is older than the history that was kept, which begins at +0.790000 s");
	check(flight, 21, LINEAGE_OVERWRITTEN,
		"the resource is older than the history that was kept, which begins at"
		" +0.790000 s");
	/* It was running when history had begun: that was not overwritten. */
	check("UPDATE process SET history_from_ns = 700000000;"
	      "INSERT INTO gap VALUES (1, 1, 740, 760, 3, NULL)",
		9, LINEAGE_GAP,
		"3 events were lost at +0.740000 s, this run's arming probably among them");
	/* Events were lost, but later than that. */
	check("UPDATE process SET history_from_ns = 790000000;"
	      "INSERT INTO gap VALUES (1, 1, 700, 795, 3, NULL)",
		9, LINEAGE_OVERWRITTEN,
		"run:7 is older than the history that was kept, which begins at +0.790000 s");
}

static void test_paused(void **state)
{
	(void)state;
	check("INSERT INTO gap VALUES (1, 1, 740, 760, 3, 'paused')", 9, LINEAGE_PAUSED,
		"recording was paused at +0.740000 s, and this run was probably armed meanwhile");
	check("INSERT INTO gap VALUES (1, 1, 740, 760, 3, NULL)", 9, LINEAGE_GAP,
		"3 events were lost at +0.740000 s, this run's arming probably among them");
}

static void test_drained(void **state)
{
	static const char drained[] = "INSERT INTO meta VALUES ('drained', '1')";

	(void)state;
	check(drained, 9, LINEAGE_BEFORE_RECORDING,
		"run:7 is not in here, because a recorder had taken it: it is in that one's"
		" recording, which was cut short");
	check(drained, 21, LINEAGE_BEFORE_RECORDING,
		"the resource is not in here, because a recorder had taken it: it is in that one's"
		" recording, which was cut short");
	check("SELECT 1", 9, LINEAGE_DAMAGED, "run:7 is missing in the recording");
	check("SELECT 1", 21, LINEAGE_BEFORE_RECORDING, "armed before recording began");
}

static void test_parent_overwritten(void **state)
{
	(void)state;
	check("INSERT INTO process (process_id, parent_process_id, started_ns, is_foreign)"
	      " VALUES (2, 1, 500, 1); UPDATE process SET history_from_ns = 790000000 WHERE "
	      "process_id = "
	      "1;"
	      "INSERT INTO thread (thread_id, process_id, role, root_run_id)"
	      " VALUES (2, 2, 'main', (1 << 40) + 1);"
	      "INSERT INTO packed_run (run_id, async_id, began_ns, entry_id) VALUES ((1 << 40) + 1,"
	      " (1 << 40) + 1, 500, 3); INSERT INTO entry VALUES (3, 2, 'callback', NULL);"
	      "INSERT INTO packed_resource (async_id, type_id, created_ns) VALUES ((1 << 40) + 1, "
	      "1,"
	      " 500)",
		((int64_t)1 << 40) + 1, LINEAGE_OVERWRITTEN,
		"how its parent started this process is older than the history that was kept, which"
		" begins at +0.790000 s");
}

/* 1003 and 1002 are kept, 1001 to 3 are not, and 2 was armed by main. */
static void test_folded(void **state)
{
	static const char chain[] =
		"UPDATE process SET history_from_ns = 900000000000;"
		"INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns)"
		" VALUES (2, 2, 1, 2, 20), (1002, 2, 1002, 2, 10020), (1003, 2, 1003, 2, 10030);"
		"INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns)"
		" VALUES (1, 2, 1, 1, 10), (1002, 2, 1001, 1, 10015), (1003, 2, 1002, 1, 10025);"
		"INSERT INTO fold VALUES (1003, 1, 1001, 2), (1002, 1, 1000, 2)";
	struct lineage lineage;

	(void)state;
	assert_int_equal(trace(chain, 1003, false, &lineage), LINEAGE_NONE);
	assert_true(lineage.complete);
	assert_int_equal(lineage.hops, 1002);
	assert_int_equal(trace(chain, 1002, false, &lineage), LINEAGE_NONE);
	assert_int_equal(lineage.hops, 1001);
	assert_int_equal(trace(chain, 1003, true, &lineage), LINEAGE_OVERWRITTEN);
	assert_string_equal(lineage.ended,
		"run:1001 is older than the history that was kept, which begins at +900.000000 s");
}

static void test_recordings_of_old(void **state)
{
	static const char old[] = "ALTER TABLE process DROP COLUMN history_from_ns;"
				  "ALTER TABLE gap DROP COLUMN reason;";

	(void)state;
	check(old, 9, LINEAGE_DAMAGED, "run:7 is missing in the recording");
	check("ALTER TABLE process DROP COLUMN history_from_ns;"
	      "ALTER TABLE gap DROP COLUMN reason;"
	      "INSERT INTO gap VALUES (1, 1, 740, 760, 3)",
		9, LINEAGE_GAP,
		"3 events were lost at +0.740000 s, this run's arming probably among them");
}

/* A column that computes is none that may be missing. */
static void test_computing_column(void **state)
{
	struct reader *recording;
	sqlite3 *database;
	struct error err;

	(void)state;
	unlink(path);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	execute(database, schema_tables_sql);
	execute(database, "ALTER TABLE gap DROP COLUMN reason;"
			  "ALTER TABLE gap ADD COLUMN reason AS (lost + 1)");
	sqlite3_close(database);
	assert_int_equal(reader_open(&recording, path, &err), -1);
	assert_non_null(strstr(err.text, "lacks its column 'reason'"));
}

static int set_up(void **state)
{
	int descriptor = mkstemp(path);

	(void)state;
	return descriptor < 0 ? -1 : close(descriptor);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overwritten),
		cmocka_unit_test(test_paused),
		cmocka_unit_test(test_drained),
		cmocka_unit_test(test_parent_overwritten),
		cmocka_unit_test(test_folded),
		cmocka_unit_test(test_recordings_of_old),
		cmocka_unit_test(test_computing_column),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
