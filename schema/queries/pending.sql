-- pending: what was armed and never ran, when the recording ended
--
-- Requests whose callback did not come; armings that stood and had not fired once; child processes that
-- had not ended; asyncs that nobody had sent to. What came along with fork is left out. Rows with the
-- same stack are one, with their count; `async_id` is the oldest.
--
-- :type text = NULL     only these: uv_timer_t …
-- :limit integer = 50   rows at most
WITH waiting (origin_id, kind, since_ns, async_id) AS (
	SELECT r.origin_id, CASE
			WHEN y.class = 'process' THEN 4
			WHEN y.name = 'uv_async_t' THEN 5
			WHEN y.name IN ('uv_write_t', 'uv_shutdown_t', 'uv_connect_t', 'uv_udp_send_t') THEN 1
			ELSE 0 END,
		r.created_ns, r.async_id
	FROM packed_resource r
	LEFT JOIN origin o ON o.origin_id = r.origin_id
	JOIN type y ON y.type_id = coalesce(r.type_id, o.type_id)
	WHERE r.lifetime_ns IS NULL AND y.armed_by_creation AND y.class NOT IN ('root', 'thread')
		AND (r.async_id - r.trigger_delta) >> 40 = r.async_id >> 40
		AND (:type IS NULL OR y.name = :type)
		AND r.async_id NOT IN (
			SELECT p.async_id FROM packed_run p JOIN entry e ON e.entry_id = p.entry_id
			WHERE e.part <> 'work' AND p.async_id IN (
				SELECT m.async_id FROM packed_resource m LEFT JOIN origin n ON n.origin_id = m.origin_id
				JOIN type z ON z.type_id = coalesce(m.type_id, n.type_id)
				WHERE m.lifetime_ns IS NULL AND z.armed_by_creation))
	UNION ALL
	SELECT a.origin_id, CASE
			WHEN a.timeout_ms IS NOT NULL THEN 2
			WHEN i.name IN ('uv_close', 'uv_tcp_close_reset') THEN 6
			ELSE 3 END,
		a.armed_ns, a.async_id
	FROM packed_arming a
	LEFT JOIN origin o ON o.origin_id = a.origin_id
	LEFT JOIN api i ON i.api_id = o.api_id
	WHERE a.end_code IS NULL
		AND (a.run_id IS NULL OR a.run_id >> 40 = a.async_id >> 40)
		AND (:type IS NULL OR a.async_id IN (
			SELECT m.async_id FROM packed_resource m LEFT JOIN origin n ON n.origin_id = m.origin_id
			JOIN type z ON z.type_id = coalesce(m.type_id, n.type_id) WHERE z.name = :type))
		AND a.arming_id NOT IN (
			SELECT p.arming_id FROM packed_run p CROSS JOIN packed_arming b
			ON b.arming_id = p.arming_id WHERE b.end_code IS NULL)
),
counted (key, count, first_ns, first_id, last_ns) AS (
	SELECT json_extract(value, '$.key'), json_extract(value, '$.count'),
		json_extract(value, '$.min'), json_extract(value, '$.min_id'), json_extract(value, '$.max')
	FROM json_each((SELECT tally(coalesce(origin_id, 0) * 8 + kind, since_ns, async_id) FROM waiting))
),
groups AS (
	SELECT key % 8 AS kind, i.name AS api, o.stack_id, sum(count) AS count, min(first_ns) AS armed_ns,
		max(last_ns) AS last_armed_ns, min(first_id) AS async_id
	FROM counted
	LEFT JOIN origin o ON o.origin_id = key / 8
	LEFT JOIN api i ON i.api_id = o.api_id
	GROUP BY key % 8, i.name, o.stack_id
)
SELECT json_extract('["the thread pool","the kernel","its time","an event","the child''s end","a send",
		"its close"]', '$[' || kind || ']') AS waits_for,
	(SELECT y.name FROM packed_resource r LEFT JOIN origin o ON o.origin_id = r.origin_id
		JOIN type y ON y.type_id = coalesce(r.type_id, o.type_id)
		WHERE r.async_id = groups.async_id) AS type,
	api, count, armed_ns, last_armed_ns, async_id, stack_words(stack_id) AS stack
FROM groups
ORDER BY kind IN (3, 5), count DESC, armed_ns
LIMIT :limit
