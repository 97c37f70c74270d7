-- The worst case for what looks for the living: ten million timers of which none was closed and each is armed;
-- every other one repeats and has run. To be read after schema/tables.sql and what library.sql says before its
-- ten million.
CREATE TEMP TABLE made AS WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i <= 10000000)
	SELECT i, abs(random()) AS r FROM n;
INSERT INTO packed_resource (async_id, origin_id, trigger_delta, run_id, created_ns, has_ref)
	SELECT i, 2 + r % 499 * 2, 1 + r % min(60, i - 1), i - 1, i * 10000, 1 FROM made;
INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns, timeout_ms, repeat_ms)
	SELECT i, i, i - 1, 2 + r % 499 * 2, i * 10000, 60000, CASE i % 2 WHEN 0 THEN 60000 END FROM made;
INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns, duration_ns)
	SELECT 20000000 + i, i, i, 1 + r % 1000, i * 10000 + 1000000 + r % 100000, r % 30000 FROM made WHERE i % 2 = 0;
