-- A recording of ten million resources for the queries of the library: 7 million requests, of which 4 million
-- had the thread pool; 3 million timers, one of ten never closed, with 6 million runs. To be read after
-- schema/tables.sql.
PRAGMA synchronous = OFF;
PRAGMA journal_mode = OFF;
INSERT INTO meta VALUES ('complete', '1');
INSERT INTO process (process_id, executable, started_ns, ended_ns, exit_code) VALUES (1, '/x/server', 0, 100000000000, 0);
INSERT INTO thread (thread_id, process_id, role, root_run_id) VALUES (1, 1, 'main', 1), (2, 1, 'pool', 2);
INSERT INTO type VALUES (1, 'main', 'root', 'ROOT', 0), (2, 'uv_timer_t', 'handle', 'Timeout', 0),
	(3, 'uv_fs_t', 'request', 'FSREQCALLBACK', 1);
INSERT INTO api VALUES (1, 'uv_timer_init'), (2, 'uv_timer_start'), (3, 'uv_fs_read');
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO frame (frame_id, address) SELECT i, i * 64 FROM n;
INSERT INTO source (frame_id, inline_depth, function, file, line)
	SELECT frame_id, 0, 'function_' || frame_id, 'file.c', frame_id FROM frame;
INSERT INTO stack (stack_id, caller_id, frame_id) SELECT frame_id, nullif(frame_id / 8, 0), frame_id FROM frame;
INSERT INTO origin (origin_id, thread_id, type_id, api_id, stack_id)
	SELECT frame_id, 1, 2 + frame_id % 2, CASE frame_id % 2 WHEN 0 THEN 1 ELSE 3 END, frame_id FROM frame;
INSERT INTO entry SELECT frame_id, 1, 'callback', frame_id FROM frame;
INSERT INTO packed_resource (async_id, type_id, created_ns) VALUES (1, 1, 0);
INSERT INTO packed_run (run_id, async_id, entry_id, began_ns) VALUES (1, 1, 1, 0);
CREATE TEMP TABLE made AS WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= 10000000)
	SELECT i, abs(random()) AS r FROM n;
INSERT INTO packed_request (async_id, origin_id, trigger_delta, creator_delta, created_ns, run_id, entry_id, wait_ns,
	duration_ns, status)
	SELECT i, 1 + r % 500 * 2, 1 + r % min(60, i - 1), 1 + r % min(60, i - 1), i * 10000, i, 1 + r % 1000, r % 1000000,
		CASE r % 1000000 WHEN 0 THEN 20000000 ELSE r % 30000 END, CASE r % 1000 WHEN 0 THEN -5 ELSE 0 END
	FROM made WHERE i % 10 < 7;
INSERT INTO packed_pool SELECT i, 2, i * 10000 + r % 1000000 / 2, r % 1000000 / 4, 1 FROM made WHERE i % 10 < 4;
INSERT INTO packed_resource (async_id, origin_id, trigger_delta, run_id, created_ns, lifetime_ns, has_ref)
	SELECT i, 2 + r % 499 * 2, 1 + r % min(60, i - 1), i - 1, i * 10000, CASE WHEN r % 10 THEN 1000000 END, 1
	FROM made WHERE i % 10 >= 7;
INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns, timeout_ms, repeat_ms, stood_ns, end_code)
	SELECT i, i, i - 1, 2 + r % 499 * 2, i * 10000, 1, 1, CASE WHEN r % 20 THEN 3000000 END, CASE WHEN r % 20 THEN 2 END
	FROM made WHERE i % 10 >= 7;
INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns, duration_ns)
	SELECT 20000000 + i * 2, i, i, 1 + r % 1000, i * 10000 + 1000000 + r % 100000, r % 30000 FROM made WHERE i % 10 >= 7
	UNION ALL
	SELECT 20000001 + i * 2, i, i, 1 + r % 1000, i * 10000 + 2000000 + r % 100000, r % 30000 FROM made WHERE i % 10 >= 7;
INSERT INTO stack_total SELECT 2 + frame_id % 2, frame_id, 10000, 9900, 20000, 20000000, 1000000, 300000000, 20000000, '[]'
	FROM frame;
