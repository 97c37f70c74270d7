-- latency: from arming to callback, by function and stack, with percentiles
--
-- Of requests from their creation; of timers beyond their timeout, which is how late they were; of other
-- handles from each arming to its first run; of asyncs from the first send that the run answers. Sorted by
-- the 99th percentile (right to within 3 %). `run_id` is the run that waited longest: `trace` and `info` on
-- it tell where the time went. What waits for others to connect, to send or to signal is left out, unless
-- idle=1 or it is asked for by its name: there the time says what they did.
--
-- :api text = NULL         only these: uv_fs_read …
-- :at_least integer = 1    only where there were so many
-- :limit integer = 30      rows at most
-- :idle integer = 0        1: also uv_read_start, uv_listen and their like
WITH waited AS (
	SELECT tally(o.stack_id * 1024 + o.api_id, max(0, q.wait_ns), q.run_id) AS json
	FROM packed_request q CROSS JOIN origin o ON o.origin_id = q.origin_id
	UNION ALL
	SELECT tally(o.stack_id * 1024 + o.api_id, max(0, s.wait_ns - coalesce(s.timeout_ms, 0) * 1000000),
		s.run_id)
	FROM packed_shot s CROSS JOIN origin o ON o.origin_id = s.origin_id
	UNION ALL
	SELECT tally(o.stack_id * 1024 + o.api_id, max(0, r.began_ns - a.armed_ns - coalesce(a.timeout_ms, 0) * 1000000),
		r.run_id, r.arming_id)
	FROM packed_run r CROSS JOIN packed_arming a ON a.arming_id = r.arming_id
	CROSS JOIN origin o ON o.origin_id = a.origin_id
	UNION ALL
	SELECT tally(o.stack_id * 1024 + o.api_id, max(0, r.began_ns - c.caused_ns), r.run_id, r.cause_id)
	FROM packed_run r CROSS JOIN packed_cause c ON c.cause_id = r.cause_id
	CROSS JOIN origin o ON o.origin_id = c.origin_id
	WHERE o.kind = 'send'
),
places AS (
	SELECT i.name AS api, json_extract(value, '$.key') / 1024 AS stack_id, max(json_extract(value, '$.p50')) AS p50_ns,
		max(json_extract(value, '$.p90')) AS p90_ns, max(json_extract(value, '$.p99')) AS p99_ns,
		sum(json_extract(value, '$.count')) AS count, sum(json_extract(value, '$.sum')) AS sum_ns,
		max(json_extract(value, '$.max')) AS max_ns, json_extract(value, '$.max_id') AS run_id
	FROM waited JOIN json_each(waited.json)
	LEFT JOIN api i ON i.api_id = json_extract(value, '$.key') % 1024
	WHERE CASE WHEN :api IS NOT NULL THEN i.name = :api
		ELSE :idle OR i.name IS NULL OR i.name NOT IN ('uv_read_start', 'uv_listen', 'uv_udp_recv_start',
			'uv_poll_start', 'uv_signal_start', 'uv_signal_start_oneshot', 'uv_fs_event_start',
			'uv_fs_poll_start') END
	GROUP BY json_extract(value, '$.key')
	HAVING count >= :at_least
	ORDER BY p99_ns DESC, run_id
	LIMIT :limit
)
SELECT api, count, p50_ns, p90_ns, p99_ns, max_ns, sum_ns, run_id, stack_words(stack_id) AS stack
FROM places
ORDER BY p99_ns DESC, run_id
