-- lost-context: where values of a context were lost or replaced on the way, and where to bind
--
-- A callback has the values that were in force where it was armed. What made it fire, a send, a write, may
-- have had others: a row is a key that was in force there and in the callback was not (`what` lost) or was
-- another (replaced), by type and the stack of that call, with their count. `was` is the value there and
-- `now` that of the callback, of the first such one, `run_id`. `acausal context run:N` tells more of one,
-- also what was set too late. No rows when no context was recorded.
--
-- Bind (acausal_bind, acausal.h) at `bind_at` what is to run later. Of what was lost, and where many share one
-- handle, that is where it was handed over; of a handle that waits for its own turn, where that was armed.
-- What runs then has its own values, whoever calls it. A callback that does nothing but call what is bound, or
-- sets the key itself before it does anything, has lost nothing, and is not listed.
--
-- :key text = NULL      only this key
-- :limit integer = 50   rows at most
WITH fired (run_id, async_id, arming_id, cause_id) AS (
	-- Nothing is read when there is no context at all.
	SELECT * FROM (
		SELECT run_id, async_id, arming_id, cause_id FROM packed_run WHERE cause_id IS NOT NULL
		UNION ALL
		SELECT run_id, async_id, NULL, cause_id FROM packed_request WHERE cause_id IS NOT NULL
		UNION ALL
		SELECT run_id, async_id, run_id - arming_delta, cause_id FROM packed_shot
		WHERE cause_id IS NOT NULL)
	LIMIT (SELECT CASE WHEN EXISTS (SELECT 1 FROM context) THEN -1 ELSE 0 END)
),
crossing (run_id, async_id, arming_id, origin_id, own, there) AS (
	SELECT f.run_id, f.async_id, f.arming_id, c.origin_id,
		CASE WHEN f.arming_id IS NULL
			THEN (SELECT context_id FROM resource_context r WHERE r.async_id = f.async_id)
			ELSE (SELECT context_id FROM arming_context a WHERE a.arming_id = f.arming_id) END,
		context_at(c.run_id, c.caused_ns)
	FROM fired f CROSS JOIN packed_cause c ON c.cause_id = f.cause_id
	-- What the thread pool's part of a uv_work_t sets stays there.
	WHERE coalesce(c.origin_id, -1) NOT IN (SELECT origin_id FROM origin WHERE kind = 'work')
),
differing AS MATERIALIZED (
	SELECT c.run_id, c.async_id, c.arming_id, c.origin_id, t.key, t.value AS was, o.value AS now
	FROM crossing c
	CROSS JOIN context_values(c.there) t
	LEFT JOIN context_values(c.own) o ON o.key = t.key
	WHERE c.there IS NOT NULL AND c.there IS NOT c.own AND o.value IS NOT t.value
		AND (:key IS NULL OR t.key = :key)
),
-- Runs in which others ran, or something was set: they may have made it good before they did anything.
suspect AS MATERIALIZED (
	SELECT run_id, async_id, key, now FROM differing
	WHERE is_among(run_id, 'SELECT outer_run_id FROM packed_outer')
		OR is_among(run_id, 'SELECT run_id FROM context')
),
-- What they did, with what was in force; but for what they did with their own handle.
done (run_id, context_id) AS (
	SELECT r.run_id, x.context_id
	FROM packed_resource r LEFT JOIN resource_context x ON x.async_id = r.async_id
	WHERE EXISTS (SELECT 1 FROM suspect) AND r.run_id IN (SELECT run_id FROM suspect)
	UNION ALL
	SELECT q.run_id - q.creator_delta, x.context_id
	FROM packed_request q LEFT JOIN resource_context x ON x.async_id = q.async_id
	WHERE EXISTS (SELECT 1 FROM suspect) AND q.run_id - q.creator_delta IN (SELECT run_id FROM suspect)
	UNION ALL
	SELECT a.run_id, x.context_id
	FROM packed_arming a LEFT JOIN arming_context x ON x.arming_id = a.arming_id
	WHERE EXISTS (SELECT 1 FROM suspect) AND a.run_id IN (SELECT run_id FROM suspect)
		AND (a.run_id, a.async_id) NOT IN (SELECT run_id, async_id FROM suspect)
	UNION ALL
	SELECT s.run_id - s.armer_delta, x.context_id
	FROM packed_shot s LEFT JOIN arming_context x ON x.arming_id = s.run_id - s.arming_delta
	WHERE EXISTS (SELECT 1 FROM suspect) AND s.run_id - s.armer_delta IN (SELECT run_id FROM suspect)
		AND (s.run_id - s.armer_delta, s.async_id) NOT IN (SELECT run_id, async_id FROM suspect)
	UNION ALL
	SELECT c.run_id, context_at(c.run_id, c.caused_ns) FROM packed_cause c
	WHERE EXISTS (SELECT 1 FROM suspect) AND c.run_id IN (SELECT run_id FROM suspect)
	UNION ALL
	SELECT l.run_id, context_at(l.run_id, l.written_ns) FROM packed_log l
	WHERE EXISTS (SELECT 1 FROM suspect) AND l.run_id IN (SELECT run_id FROM suspect)
	UNION ALL
	SELECT o.outer_run_id, context_at(o.run_id, NULL) FROM packed_outer o
	WHERE EXISTS (SELECT 1 FROM suspect) AND o.outer_run_id IN (SELECT run_id FROM suspect)
),
unmended AS (
	SELECT s.run_id, s.key FROM done d CROSS JOIN suspect s ON s.run_id = d.run_id
	WHERE (SELECT v.value FROM context_values(d.context_id) v WHERE v.key = s.key) IS s.now
),
counted AS (
	SELECT key, now IS NULL AS is_lost, origin_id, count(*) AS count, min(run_id) AS run_id, async_id, arming_id,
		was, now
	FROM differing
	WHERE (run_id, key) NOT IN (SELECT run_id, key FROM suspect EXCEPT SELECT run_id, key FROM unmended)
	GROUP BY 1, 2, 3
),
placed AS (
	SELECT c.*, o.api_id, o.stack_id,
		coalesce(r.type_id, made.type_id) AS type_id,
		CASE WHEN c.arming_id IS NULL THEN made.stack_id
			ELSE (SELECT stack_id FROM origin WHERE origin_id = coalesce(
				(SELECT origin_id FROM packed_arming a WHERE a.arming_id = c.arming_id),
				(SELECT origin_id FROM packed_shot s WHERE s.run_id = c.run_id)))
			END AS armed_stack_id,
		c.is_lost OR (SELECT count(*) FROM (SELECT 1 FROM packed_run n
			WHERE n.async_id = c.async_id AND n.cause_id IS NOT NULL LIMIT 2)) > 1 AS is_shared
	FROM counted c
	LEFT JOIN origin o ON o.origin_id = c.origin_id
	LEFT JOIN packed_resource r ON r.async_id = c.async_id
	LEFT JOIN packed_request q ON q.async_id = c.async_id
	LEFT JOIN origin made ON made.origin_id = coalesce(r.origin_id, q.origin_id)
)
SELECT key, CASE WHEN is_lost THEN 'lost' ELSE 'replaced' END AS what, type.name AS type, api.name AS api,
	sum(count) AS count, was, now, min(run_id) AS run_id,
	stack_place(CASE WHEN is_shared THEN stack_id ELSE coalesce(armed_stack_id, stack_id) END) AS bind_at,
	stack_words(stack_id) AS stack
FROM placed
LEFT JOIN type ON type.type_id = placed.type_id
LEFT JOIN api ON api.api_id = placed.api_id
GROUP BY key, is_lost, type.name, api.name, stack_id
ORDER BY count DESC, run_id
LIMIT :limit
