-- critical-path: where the time between a root and a point went
--
-- Along the links that lead to the point, oldest first: how long each callback ran until it armed the
-- next, and what that one then waited for. `what` is one of:
--
--   running        in the callback, up to the call of `function`
--   pool queue     in the thread pool's queue
--   in the pool    a thread of the pool had it
--   timer          until the timer was due
--   kernel         until something came: a connection, bytes, a child's end
--   a cause        until another callback made it fire, by the call in `by`
--   loop           it was due, and the loop did something else: `by` is the callback that had the loop
--   waiting        what for is not known; `kernel` of it the loop was in the kernel
--   repeats        the same callbacks over and over, left out
--
-- :point point = NULL          where to begin: 42, run:7, log:3; without one the crash
-- :at_least duration = 0       parts that took less are left out
WITH stack AS (
	SELECT * FROM async_stack(:point) WHERE edge <> 'end' AND coalesce(depth, 0) = 0
),
named AS (
	SELECT *, coalesce(callback, (SELECT frame_words(e.callback_frame_id) FROM entry e
		WHERE e.entry_id = coalesce(
			(SELECT r.entry_id FROM packed_run r WHERE r.run_id = stack.run_id),
			(SELECT r.entry_id FROM packed_shot r WHERE r.run_id = stack.run_id),
			(SELECT r.entry_id FROM packed_request r WHERE r.run_id = stack.run_id)))) AS ran
	FROM stack
),
steps AS (
	SELECT segment, edge, run_id, ran AS callback, began_ns, ns, wait_ns, api, armed_run_id, due_ns,
		timeout_ms, coalesce(pool_queue_ns, 0) AS queue, coalesce(pool_ns, 0) AS pool,
		coalesce(loop_ns, 0) AS held, pool_queue_ns, polled_ns, held_by_run_id, cause_api, folded_times,
		folded_segments, place, lag(ran) OVER (ORDER BY segment) AS next_callback
	FROM named
),
parts (segment, part, at_ns, took_ns, what, run_id, callback, place, by) AS (
	SELECT segment, 2, began_ns, ns - began_ns, 'running', run_id, callback, place, api
	FROM steps
	UNION ALL
	SELECT segment, 3, ns, queue, 'pool queue', armed_run_id, next_callback, NULL, api FROM steps
	UNION ALL
	SELECT segment, 4, ns + queue, pool, 'in the pool', armed_run_id, next_callback, NULL, api FROM steps
	UNION ALL
	SELECT segment, 5, ns + queue + pool, wait_ns - queue - pool - held,
		CASE WHEN cause_api IS NOT NULL AND due_ns IS NOT NULL THEN 'a cause'
			WHEN timeout_ms IS NOT NULL AND due_ns IS NOT NULL THEN 'timer'
			WHEN api IN ('uv_read_start', 'uv_listen', 'uv_udp_recv_start', 'uv_poll_start', 'uv_spawn',
				'uv_signal_start', 'uv_signal_start_oneshot', 'uv_fs_event_start') THEN 'kernel'
			ELSE 'waiting' END,
		armed_run_id, next_callback, NULL, coalesce(cause_api, api)
	FROM steps
	UNION ALL
	SELECT segment, 6, ns + wait_ns - held, held, 'loop', armed_run_id, next_callback, NULL,
		(SELECT coalesce(coalesce(s.function, frame_words(e.callback_frame_id)) || ' ', '') || 'run:' || CASE WHEN held_by_run_id >> 40 > 0
				THEN ((held_by_run_id >> 40) + 1) || ':' ELSE '' END || (held_by_run_id & 1099511627775)
			FROM entry e LEFT JOIN source s ON s.frame_id = e.callback_frame_id
			WHERE e.entry_id = coalesce(
				(SELECT r.entry_id FROM packed_run r WHERE r.run_id = held_by_run_id),
				(SELECT r.entry_id FROM packed_shot r WHERE r.run_id = held_by_run_id),
				(SELECT r.entry_id FROM packed_request r WHERE r.run_id = held_by_run_id))
			ORDER BY s.inline_depth DESC LIMIT 1)
	FROM steps
	UNION ALL
	SELECT s.segment, 1, n.ns + n.wait_ns, s.began_ns - n.ns - n.wait_ns,
		'repeats', s.run_id, NULL, NULL,
		s.folded_segments || ' segments ' || s.folded_times || ' times more'
	FROM steps s JOIN steps n ON n.segment = s.segment + 1
	WHERE s.folded_times IS NOT NULL
),
total (ns) AS (
	SELECT (SELECT ns FROM steps WHERE segment = 0)
		- (SELECT began_ns FROM steps WHERE began_ns IS NOT NULL ORDER BY segment DESC LIMIT 1)
)
SELECT at_ns, took_ns, round(100.0 * took_ns / nullif((SELECT ns FROM total), 0), 1) AS percent, what,
	run_id, callback, place AS function, by
FROM parts
WHERE took_ns > 0 AND took_ns >= :at_least
ORDER BY segment DESC, part
