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
closing_api (api_id) AS (
	SELECT api_id FROM api WHERE name IN ('uv_close', 'uv_tcp_close_reset')
),
live AS (
	SELECT r.async_id, r.created_ns, coalesce(r.origin_id, 0) AS origin_id, y.type_id,
		CASE
			WHEN (r.async_id - r.trigger_delta) >> 40 <> r.async_id >> 40 THEN 6
			WHEN y.class = 'request' THEN 1
			WHEN y.class = 'thread' THEN 5
			WHEN y.class = 'loop' THEN
				CASE WHEN a.name = 'uv_default_loop' OR r.async_id IN (
						SELECT po.loop_id FROM packed_resource p
						JOIN origin po ON po.origin_id = p.origin_id
						WHERE p.lifetime_ns IS NULL) THEN 3
					WHEN r.async_id >> 40 IN (
						SELECT process_id - 1 FROM process WHERE exit_code IS NOT NULL) THEN 0
					ELSE 7 END
			WHEN r.async_id IN (
				SELECT c.async_id FROM packed_arming c JOIN origin co ON co.origin_id = c.origin_id
				WHERE c.end_code IS NULL AND co.api_id IN closing_api) THEN 2
			WHEN r.has_ref = 0 THEN 4
			WHEN y.armed_by_creation OR r.async_id IN (
				SELECT c.async_id FROM packed_arming c WHERE c.end_code IS NULL) THEN 3
			WHEN r.async_id IN (
				SELECT p.async_id - p.handle_delta FROM packed_resource p
				JOIN origin po ON po.origin_id = p.origin_id
				JOIN type py ON py.type_id = coalesce(p.type_id, po.type_id)
				WHERE p.lifetime_ns IS NULL AND p.handle_delta IS NOT NULL AND py.class = 'request')
				THEN 3
			WHEN r.async_id >> 40 IN (
				SELECT process_id - 1 FROM process WHERE exit_code IS NOT NULL) THEN 0
			ELSE 7
		END AS verdict
	FROM packed_resource r
	LEFT JOIN origin o ON o.origin_id = r.origin_id
	LEFT JOIN api a ON a.api_id = o.api_id
	JOIN type y ON y.type_id = coalesce(r.type_id, o.type_id)
	WHERE r.lifetime_ns IS NULL AND y.class <> 'root' AND (:type IS NULL OR y.name = :type)
),
counted (key, count, first_ns, first_id, last_ns) AS (
	SELECT json_extract(value, '$.key'), json_extract(value, '$.count'),
		json_extract(value, '$.min'), json_extract(value, '$.min_id'),
		json_extract(value, '$.max')
	FROM json_each((
		SELECT tally(((origin_id * 1024 + type_id) * 8 + verdict) * 4
			+ max(0, min(3, (created_ns - from_ns) * 4 / max(1, to_ns - from_ns))), created_ns, async_id)
		FROM span CROSS JOIN live))
),
quarters AS (
	SELECT y.name AS type, o.stack_id, key / 4 % 8 AS verdict, sum(count) AS count,
		sum(CASE key % 4 WHEN 0 THEN count ELSE 0 END) AS q1,
		sum(CASE key % 4 WHEN 1 THEN count ELSE 0 END) AS q2,
		sum(CASE key % 4 WHEN 2 THEN count ELSE 0 END) AS q3,
		sum(CASE key % 4 WHEN 3 THEN count ELSE 0 END) AS q4,
		min(first_ns) AS first_created_ns, max(last_ns) AS last_created_ns,
		min(first_id) AS async_id
	FROM counted
	LEFT JOIN origin o ON o.origin_id = key / 32 / 1024
	LEFT JOIN type y ON y.type_id = key / 32 % 1024
	GROUP BY y.name, o.stack_id, key / 4 % 8
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
