#!/usr/bin/env bash
# `live` and `running` against the contract's views at random moments: of rows that lasted any time, with the
# indexes and without, and of a program of many threads and processes.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/time.bash"

unset ACAUSAL_RECORDING COLUMNS
A=$ACAUSAL
make() { # FILE FIXTURE
	cat "$ROOT"/schema/{tables,views}.sql "$2" "$ROOT/schema/indexes.sql" | sqlite3 -batch "$1"
}

# Rows that lasted anything from nanoseconds to weeks, or for ever, in two processes; IDs out of step by up to 20 ms.
# (Number 1 is that of the threads own runs.)
cat >random.sql <<'END'
INSERT INTO meta VALUES ('complete', '1'), ('max_skew_ns', '20000000');
INSERT INTO process (process_id, started_ns) VALUES (1, 0), (2, 0);
INSERT INTO thread (thread_id, process_id, root_run_id, started_ns) VALUES (1, 1, 1, 0), (2, 2, (1 << 40) + 1, 0);
INSERT INTO type VALUES (1, 'uv_tcp_t', 'handle', NULL, 0), (2, 'uv_write_t', 'request', NULL, 1);
INSERT INTO origin (origin_id, thread_id, type_id, stack_id) VALUES (1, 1, 1, 1), (2, 1, 2, 2), (3, 1, 1, 3);
INSERT INTO entry VALUES (1, 1, 'callback', NULL), (2, 2, 'callback', NULL);
CREATE TEMP TABLE made AS WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
	SELECT i + (i % 2 << 40) AS id, (i / 50) * (i / 50) * 5000000000000 + abs(random()) % 20000000 AS ns,
		abs(random()) % (2 << abs(random()) % 53) AS span, abs(random()) % (2 << abs(random()) % 53) AS other, abs(random()) AS r FROM n;
INSERT INTO packed_resource (async_id, origin_id, created_ns, lifetime_ns, has_ref)
	SELECT id, 1 + r % 2 * 2, ns, CASE WHEN r % 9 THEN span END, r % 3 > 0 FROM made WHERE r % 2;
INSERT INTO packed_request (async_id, origin_id, created_ns, run_id, entry_id, wait_ns, duration_ns)
	SELECT id, 2, ns, id, 1 + id % 2, span, CASE WHEN r % 19 THEN other END FROM made WHERE r % 2 = 0;
INSERT INTO packed_arming (arming_id, async_id, origin_id, armed_ns, stood_ns)
	SELECT id, id, 1, ns, CASE WHEN r % 9 THEN other END FROM made WHERE r % 2;
INSERT INTO packed_run (run_id, async_id, entry_id, began_ns, duration_ns)
	SELECT id + 2000, id, 1 + id % 2, ns, CASE WHEN r % 9 THEN other END FROM made WHERE r % 2;
INSERT INTO packed_shot (run_id, async_id, arming_delta, origin_id, armed_ns, entry_id, wait_ns, duration_ns)
	SELECT 4000 + row_number() OVER (ORDER BY ns + span) + (id >> 40 << 40), id, 1, 3, ns, 1 + id % 2, span,
	CASE WHEN r % 9 THEN other END FROM made WHERE r % 8 = 1;
INSERT INTO ref SELECT id, NULL, ns + other % 1000000000, r % 3 = 0 FROM made WHERE r % 2 AND r % 5 = 0;
END
make random.db random.sql
check 'any time: the indexes are used' test "$(sqlite3 random.db "SELECT count(*) FROM sqlite_master
	WHERE type = 'index' AND name LIKE '%_by_span'")" = 5
agrees 'any time: the views, at random moments' random.db 10
cp random.db unindexed.db
for table in resource request run shot arming; do
	sqlite3 unindexed.db "DROP INDEX packed_${table}_by_span"
done
sqlite3 unindexed.db 'CREATE INDEX packed_run_by_span ON packed_run (duration_ns)'
at=$(sqlite3 random.db 'SELECT created_ns FROM resource ORDER BY created_ns LIMIT 1 OFFSET 700')
equal 'any time: the same without indexes, or with one that is another' \
	"$("$A" live -r unindexed.db --all --format json "${at}ns")" "$("$A" live -r random.db --all --format json "${at}ns")"

# A program of many threads and processes.
mkdir truth work
check 'a random program is recorded' "$A" record -o real.db "$BUILD/tests/oracle" 11 truth work
agrees 'real: the views, at random moments' real.db 8
done_testing
