-- leaks: what was never destroyed, by type and creating stack
--
-- Rows with the same type and creating stack are one, with their count. The verdict tells apart:
--
--   leaked        nothing is armed on it, nobody closes it, and its process exited or made ever more
--   growing       armed or without a reference, but more of them in each quarter of the recording
--   idle          nothing is armed on it, but its process was killed, crashed, or had not ended
--   pending       a request whose callback has not run
--   closing       uv_close was called, and the recording ended before its callback
--   needed        armed, a child process that runs, a stream with a request, a loop with handles
--   unreferenced  uv_unref: meant to be there to the end
--   running       a thread
--   inherited     a copy that came along with fork
--
-- `grew` is how many of them were made in the first, second, third and last quarter of the recording, of
-- `made` in all at that stack. `async_id` is the oldest of them.
--
-- :verdict text = NULL     only these
-- :type text = NULL        only these: uv_timer_t …
-- :limit integer = 50      rows at most
WITH span (from_ns, to_ns) AS (
	SELECT coalesce((SELECT min(started_ns) FROM process), 0),
		max(coalesce((SELECT max(ended_ns) FROM process), 0),
			coalesce((SELECT created_ns FROM packed_resource ORDER BY async_id DESC LIMIT 1), 0),
			coalesce((SELECT created_ns FROM packed_request ORDER BY async_id DESC LIMIT 1), 0))
),
-- What never ended, with how it stood: 0 a copy, 1 being closed, 2 without a reference, 3 armed, 4 with a
-- request on it, 5 none of these in a process that exited, 6 in another. A loop is a group of its own.
live (tallied) AS (
	SELECT tally(CASE
			WHEN (r.async_id - r.trigger_delta) >> 40 IS r.async_id >> 40 AND (r.type_id IN (
					SELECT type_id FROM type WHERE class = 'loop')
				OR r.type_id IS NULL AND r.origin_id IN (
					SELECT o.origin_id FROM origin o JOIN type y ON y.type_id = o.type_id
					WHERE y.class = 'loop'))
				THEN 0 - r.async_id
			ELSE ((coalesce(r.origin_id, 0) * 1024 + coalesce(r.type_id, 0)) * 8 + CASE
				WHEN (r.async_id - r.trigger_delta) >> 40 <> r.async_id >> 40 THEN 0
				WHEN is_among(r.async_id, '
					SELECT async_id FROM packed_arming WHERE end_code IS NULL AND origin_id IN (
						SELECT o.origin_id FROM origin o JOIN api a ON a.api_id = o.api_id
						WHERE a.name IN (''uv_close'', ''uv_tcp_close_reset''))')
					THEN 1
				WHEN r.has_ref = 0 THEN 2
				WHEN is_among(r.async_id, 'SELECT async_id FROM packed_arming WHERE end_code IS NULL')
					THEN 3
				WHEN is_among(r.async_id, '
					SELECT p.async_id - p.handle_delta FROM packed_resource p NOT INDEXED
					LEFT JOIN origin o ON o.origin_id = p.origin_id
					JOIN type y ON y.type_id = coalesce(p.type_id, o.type_id)
					WHERE p.lifetime_ns IS NULL AND p.handle_delta IS NOT NULL AND y.class = ''request''')
					THEN 4
				WHEN r.async_id >> 40 IN (SELECT process_id - 1 FROM process WHERE exit_code IS NOT NULL)
					THEN 5
				ELSE 6 END) * 4
				+ max(0, min(3, (r.created_ns - from_ns) * 4 / max(1, to_ns - from_ns)))
		END, r.created_ns, r.async_id)
	FROM span CROSS JOIN packed_resource r NOT INDEXED -- all may live: then an index is a detour
	WHERE r.lifetime_ns IS NULL
),
counted (key, count, first_ns, first_id, last_ns) AS (
	SELECT json_extract(value, '$.key'), json_extract(value, '$.count'),
		json_extract(value, '$.min'), json_extract(value, '$.min_id'),
		json_extract(value, '$.max')
	FROM live CROSS JOIN json_each(live.tallied)
),
groups AS (
	SELECT coalesce(m.origin_id, key / 32 / 1024) AS origin_id,
		coalesce(m.type_id, nullif(key / 32 % 1024, 0)) AS type_id,
		CASE WHEN key >= 0 THEN key / 4 % 8 END AS state,
		CASE WHEN key >= 0 THEN key % 4
			ELSE max(0, min(3, (first_ns - from_ns) * 4 / max(1, to_ns - from_ns))) END AS quarter,
		count, first_ns, last_ns, first_id
	FROM counted CROSS JOIN span
	LEFT JOIN packed_resource m ON key < 0 AND m.async_id = 0 - key
),
stood AS (
	SELECT y.name AS type, o.stack_id, quarter, count, first_ns, last_ns, first_id, CASE
			WHEN state = 0 THEN 6
			WHEN y.class = 'request' THEN 1
			WHEN y.class = 'thread' THEN 5
			WHEN y.class = 'loop' THEN CASE
				WHEN a.name = 'uv_default_loop' OR first_id IN (
					SELECT l.loop_id FROM groups g JOIN origin l ON l.origin_id = g.origin_id) THEN 3
				WHEN first_id >> 40 IN (SELECT process_id - 1 FROM process WHERE exit_code IS NOT NULL) THEN 0
				ELSE 7 END
			WHEN state = 1 THEN 2
			WHEN state = 2 THEN 4
			WHEN state IN (3, 4) OR y.armed_by_creation THEN 3
			WHEN state = 5 THEN 0
			ELSE 7
		END AS verdict
	FROM groups
	LEFT JOIN origin o ON o.origin_id = groups.origin_id
	LEFT JOIN api a ON a.api_id = o.api_id
	JOIN type y ON y.type_id = coalesce(groups.type_id, o.type_id)
	WHERE y.class <> 'root' AND (:type IS NULL OR y.name = :type)
),
quarters AS (
	SELECT type, stack_id, verdict, sum(count) AS count,
		sum(CASE quarter WHEN 0 THEN count ELSE 0 END) AS q1,
		sum(CASE quarter WHEN 1 THEN count ELSE 0 END) AS q2,
		sum(CASE quarter WHEN 2 THEN count ELSE 0 END) AS q3,
		sum(CASE quarter WHEN 3 THEN count ELSE 0 END) AS q4,
		min(first_ns) AS first_created_ns, max(last_ns) AS last_created_ns,
		min(first_id) AS async_id
	FROM stood
	GROUP BY type, stack_id, verdict
),
judged AS (
	SELECT CASE
			WHEN verdict IN (3, 4, 7) AND count >= 20 AND min(q1, q2, q3, q4) * 8 >= count
				THEN CASE verdict WHEN 7 THEN 'leaked' ELSE 'growing' END
			ELSE json_extract('["leaked","pending","closing","needed","unreferenced","running",
				"inherited","idle"]', '$[' || verdict || ']')
		END AS verdict, *
	FROM quarters
)
SELECT verdict, type, count,
	(SELECT sum(s.created) FROM stack_total s JOIN type y ON y.type_id = s.type_id
		WHERE s.stack_id = judged.stack_id AND y.name = judged.type) AS made,
	q1 || ' ' || q2 || ' ' || q3 || ' ' || q4 AS grew,
	first_created_ns, last_created_ns, async_id, stack_words(stack_id) AS stack
FROM judged
WHERE :verdict IS NULL OR verdict = :verdict
ORDER BY CASE verdict WHEN 'leaked' THEN 0 WHEN 'growing' THEN 1 WHEN 'idle' THEN 2
	WHEN 'pending' THEN 3 WHEN 'closing' THEN 4 WHEN 'needed' THEN 5 WHEN 'unreferenced' THEN 6
	WHEN 'running' THEN 7 ELSE 8 END, count DESC, async_id
LIMIT :limit
