-- pending: what was armed and never ran, when the recording ended
--
-- Requests whose callback did not come; armings that stood and had not fired once; child processes that
-- had not ended; asyncs that nobody had sent to. What came along with fork is left out. Rows with the
-- same stack are one, with their count; `async_id` is the oldest.
--
-- :type text = NULL     only these: uv_timer_t …
-- :limit integer = 50   rows at most
-- In half the keys it is a request or its like that has not run, in the others an arming that has not fired.
WITH waiting (key, since_ns, async_id) AS (
	SELECT (coalesce(r.origin_id, 0) * 1024 + coalesce(r.type_id, 0)) * 2, r.created_ns, r.async_id
	FROM packed_resource r NOT INDEXED -- all may live: then an index is a detour
	WHERE r.lifetime_ns IS NULL
		AND (r.type_id IN (SELECT type_id FROM type WHERE armed_by_creation)
			OR r.type_id IS NULL AND r.origin_id IN (
				SELECT o.origin_id FROM origin o JOIN type y ON y.type_id = o.type_id WHERE y.armed_by_creation))
		AND (r.async_id - r.trigger_delta) >> 40 = r.async_id >> 40
		AND NOT is_among(r.async_id, 'SELECT async_id FROM packed_run WHERE entry_id IN (
			SELECT entry_id FROM entry WHERE part <> ''work'')')
	UNION ALL
	SELECT (coalesce(a.origin_id, 0) * 1024 + (a.timeout_ms IS NOT NULL)) * 2 + 1, a.armed_ns, a.async_id
	FROM packed_arming a
	WHERE a.end_code IS NULL
		AND (a.run_id IS NULL OR a.run_id >> 40 = a.async_id >> 40)
		AND NOT is_among(a.arming_id, 'SELECT arming_id FROM packed_run')
		AND (:type IS NULL OR a.async_id IN (
			SELECT m.async_id FROM packed_resource m LEFT JOIN origin n ON n.origin_id = m.origin_id
			JOIN type z ON z.type_id = coalesce(m.type_id, n.type_id) WHERE z.name = :type))
),
counted (key, count, first_ns, first_id, last_ns) AS (
	SELECT json_extract(value, '$.key'), json_extract(value, '$.count'),
		json_extract(value, '$.min'), json_extract(value, '$.min_id'), json_extract(value, '$.max')
	FROM json_each((SELECT tally(key, since_ns, async_id) FROM waiting))
),
stood AS (
	SELECT CASE key % 2
			WHEN 1 THEN CASE
				WHEN key / 2 % 1024 THEN 2
				WHEN i.name IN ('uv_close', 'uv_tcp_close_reset') THEN 6
				ELSE 3 END
			ELSE CASE
				WHEN y.class = 'process' THEN 4
				WHEN y.name = 'uv_async_t' THEN 5
				WHEN y.name IN ('uv_write_t', 'uv_shutdown_t', 'uv_connect_t', 'uv_udp_send_t') THEN 1
				ELSE 0 END
		END AS kind, i.name AS api, o.stack_id, count, first_ns, last_ns, first_id
	FROM counted
	LEFT JOIN origin o ON o.origin_id = key / 2 / 1024
	LEFT JOIN api i ON i.api_id = o.api_id
	LEFT JOIN type y ON key % 2 = 0 AND y.type_id = coalesce(nullif(key / 2 % 1024, 0), o.type_id)
	WHERE key % 2 OR y.class NOT IN ('root', 'thread') AND (:type IS NULL OR y.name = :type)
),
groups AS (
	SELECT kind, api, stack_id, sum(count) AS count, min(first_ns) AS armed_ns,
		max(last_ns) AS last_armed_ns, min(first_id) AS async_id
	FROM stood
	GROUP BY kind, api, stack_id
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
