-- lost-context: where values of a context were lost or replaced on the way
--
-- A callback has the values that were in force where it was armed. What made it fire, a send, a write, may
-- have had others: a row is a key that was in force there and in the callback was not (`what` lost) or was
-- another (replaced), by type and the stack of that call, with their count. `was` is the value there and
-- `now` that of the callback, of the first such one, `run_id`. `acausal context run:N` tells more of one,
-- also what was set too late. No rows when no context was recorded.
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
crossing (run_id, async_id, origin_id, own, there) AS (
	SELECT f.run_id, f.async_id, c.origin_id,
		CASE WHEN f.arming_id IS NULL
			THEN (SELECT context_id FROM resource_context r WHERE r.async_id = f.async_id)
			ELSE (SELECT context_id FROM arming_context a WHERE a.arming_id = f.arming_id) END,
		context_at(c.run_id, c.caused_ns)
	FROM fired f CROSS JOIN packed_cause c ON c.cause_id = f.cause_id
),
lost AS (
	SELECT c.run_id, c.async_id, c.origin_id, t.key, t.value AS was, o.value AS now
	FROM crossing c
	CROSS JOIN context_values(c.there) t
	LEFT JOIN context_values(c.own) o ON o.key = t.key
	WHERE c.there IS NOT NULL AND c.there IS NOT c.own AND o.value IS NOT t.value
		AND (:key IS NULL OR t.key = :key)
),
counted AS (
	SELECT key, now IS NULL AS is_lost, origin_id, count(*) AS count, min(run_id) AS run_id, async_id, was, now
	FROM lost
	GROUP BY 1, 2, 3
),
typed AS (
	SELECT *, coalesce((SELECT r.type_id FROM packed_resource r WHERE r.async_id = counted.async_id),
		(SELECT o.type_id FROM packed_resource r JOIN origin o ON o.origin_id = r.origin_id
			WHERE r.async_id = counted.async_id),
		(SELECT o.type_id FROM packed_request r JOIN origin o ON o.origin_id = r.origin_id
			WHERE r.async_id = counted.async_id)) AS type_id
	FROM counted
)
SELECT key, CASE WHEN is_lost THEN 'lost' ELSE 'replaced' END AS what, type.name AS type, api.name AS api,
	sum(count) AS count, was, now, min(run_id) AS run_id, stack_words(origin.stack_id) AS stack
FROM typed
LEFT JOIN type ON type.type_id = typed.type_id
LEFT JOIN origin ON origin.origin_id = typed.origin_id
LEFT JOIN api ON api.api_id = origin.api_id
GROUP BY key, is_lost, type.name, api.name, origin.stack_id
ORDER BY count DESC, run_id
LIMIT :limit
