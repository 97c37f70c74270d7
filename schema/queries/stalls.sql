-- stalls: callbacks that held a loop, and what waited behind them
--
-- By callback: how often one took at least `at_least`, how long all of them did, the longest and its run.
-- Behind that one waited `waited` callbacks: timers that were due, work that the thread pool had done,
-- asyncs that were sent to, handles that were closed while it ran; `waited_max_ns` is for how long at most,
-- `behind` names some. That is what is proven: what the kernel had for the loop meanwhile is not known.
-- A callback that had not ended when the recording did counts up to there.
--
-- :at_least duration = 10ms   callbacks that took less are left out
-- :limit integer = 20         rows at most
WITH over (ns) AS (
	SELECT max(coalesce((SELECT max(ended_ns) FROM process), 0),
		coalesce((SELECT began_ns FROM packed_run ORDER BY run_id DESC LIMIT 1), 0))
),
held (entry_id, took_ns, run_id) AS (
	SELECT entry_id, duration_ns, run_id FROM packed_request WHERE duration_ns >= :at_least
	UNION ALL
	SELECT entry_id, duration_ns, run_id FROM packed_shot WHERE duration_ns >= :at_least
	UNION ALL
	SELECT entry_id, coalesce(duration_ns, (SELECT ns FROM over) - began_ns), run_id FROM packed_run
	WHERE coalesce(duration_ns, (SELECT ns FROM over) - began_ns) >= :at_least
		AND run_id NOT IN (SELECT root_run_id FROM thread WHERE root_run_id IS NOT NULL)
),
places AS (
	SELECT json_extract(value, '$.key') AS frame_id, json_extract(value, '$.count') AS count,
		json_extract(value, '$.sum') AS total_ns, json_extract(value, '$.p50') AS p50_ns,
		json_extract(value, '$.max') AS max_ns, json_extract(value, '$.max_id') AS run_id
	FROM json_each((
		SELECT tally(e.callback_frame_id, h.took_ns, h.run_id) FROM held h
		LEFT JOIN entry e ON e.entry_id = h.entry_id
		WHERE e.part IS NOT 'work' AND h.run_id NOT IN (
			SELECT outer_run_id FROM packed_outer
			WHERE outer_run_id IS NOT NULL AND outer_stack_id IS NOT NULL)))
	ORDER BY max_ns DESC
	LIMIT :limit
),
longest AS (
	SELECT places.*, coalesce(
		(SELECT json_array(r.began_ns, e.thread_id) FROM packed_run r
			JOIN entry e ON e.entry_id = r.entry_id WHERE r.run_id = places.run_id),
		(SELECT json_array(s.armed_ns + s.wait_ns, e.thread_id) FROM packed_shot s
			JOIN entry e ON e.entry_id = s.entry_id WHERE s.run_id = places.run_id),
		(SELECT json_array(q.created_ns + q.wait_ns, e.thread_id) FROM packed_request q
			JOIN entry e ON e.entry_id = q.entry_id WHERE q.run_id = places.run_id)) AS at
	FROM places
),
stood AS (
	SELECT longest.*, json_extract(at, '$[0]') AS began_ns, json_extract(at, '$[0]') + max_ns AS end_ns,
		json_extract(at, '$[1]') AS thread_id
	FROM longest
),
-- Runs soon after the longest, with when they were due.
behind (run_id, due_ns, entry_id) AS (
	SELECT stood.run_id, s.armed_ns + coalesce(s.timeout_ms, 0) * 1000000, s.entry_id
	FROM stood CROSS JOIN packed_shot s
	WHERE s.run_id > stood.run_id AND s.run_id <= stood.run_id + 5000 AND s.armed_ns + s.wait_ns >= end_ns
	UNION ALL
	SELECT stood.run_id, c.caused_ns, r.entry_id
	FROM stood CROSS JOIN packed_run r CROSS JOIN packed_cause c
	JOIN origin o ON o.origin_id = c.origin_id
	WHERE r.run_id > stood.run_id AND r.run_id <= stood.run_id + 5000 AND r.began_ns >= end_ns
		AND c.cause_id = r.cause_id AND o.kind = 'send'
	UNION ALL
	SELECT stood.run_id, a.armed_ns + a.timeout_ms * 1000000, r.entry_id
	FROM stood CROSS JOIN packed_run r CROSS JOIN packed_arming a
	WHERE r.run_id > stood.run_id AND r.run_id <= stood.run_id + 5000 AND r.began_ns >= end_ns
		AND a.arming_id = r.arming_id AND a.timeout_ms IS NOT NULL
		AND r.began_ns < a.armed_ns + (a.timeout_ms + coalesce(a.repeat_ms, 0)) * 1000000
	UNION ALL
	SELECT stood.run_id, coalesce(
			(SELECT p.began_ns + p.duration_ns FROM packed_pool p WHERE p.async_id = q.async_id),
			(SELECT w.began_ns + w.duration_ns FROM packed_cause c JOIN packed_run w
				ON w.run_id = c.run_id JOIN origin o ON o.origin_id = c.origin_id
				WHERE c.cause_id = q.cause_id AND o.kind = 'work')),
		q.entry_id
	FROM stood CROSS JOIN packed_request q
	WHERE q.run_id > stood.run_id AND q.run_id <= stood.run_id + 5000
		AND q.created_ns + q.wait_ns >= end_ns
),
victims AS (
	SELECT stood.run_id, count(*) AS waited,
		max(stood.end_ns - max(behind.due_ns, stood.began_ns)) AS waited_max_ns,
		group_concat(DISTINCT coalesce((SELECT f.function FROM source f
			WHERE f.frame_id = e.callback_frame_id ORDER BY f.inline_depth DESC LIMIT 1),
			frame_words(e.callback_frame_id))) AS names
	FROM stood JOIN behind ON behind.run_id = stood.run_id
	JOIN entry e ON e.entry_id = behind.entry_id AND e.thread_id = stood.thread_id
	WHERE behind.due_ns < stood.end_ns
	GROUP BY stood.run_id
)
SELECT coalesce(frame_words(stood.frame_id), '?') AS callback,
	count, total_ns, p50_ns, max_ns, began_ns, stood.run_id, coalesce(waited, 0) AS waited, waited_max_ns,
	substr(names, 1, 80) AS behind
FROM stood LEFT JOIN victims ON victims.run_id = stood.run_id
ORDER BY max_ns DESC, stood.run_id
