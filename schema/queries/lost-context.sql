-- lost-context: where values of a context were lost or replaced on the way
--
-- A callback should have the values that were in force where it was armed. A row is a key that was in
-- force in the run that armed a callback (`edge` link) or made it fire (`edge` cause) and in the callback
-- was not (`what` lost) or was another (replaced), by type and the stack of that call, with their count.
-- `run_id` is the first such callback. No rows when no context was recorded.
--
-- :key text = NULL      only this key
-- :limit integer = 50   rows at most
WITH RECURSIVE chain (context_id, key, value, at, parent) AS (
	SELECT context_id, key, value, context_id, parent_context_id FROM context
	UNION ALL
	SELECT chain.context_id, c.key, c.value, c.context_id, c.parent_context_id
	FROM chain JOIN context c ON c.context_id = chain.parent
	WHERE c.context_id < chain.at
),
in_force (context_id, key, value, at) AS (
	SELECT context_id, key, value, max(at) FROM chain
	WHERE :key IS NULL OR key = :key
	GROUP BY context_id, key
),
-- Nothing is read when there is no context at all.
wanted (rows) AS (
	SELECT CASE WHEN EXISTS (SELECT 1 FROM context) THEN -1 ELSE 0 END
),
crossing (edge, run_id, async_id, stack_id, own, before) AS (
	SELECT * FROM (
		SELECT 'link', e.run_id, e.async_id, e.link_stack_id,
			(SELECT r.context_id FROM run r WHERE r.run_id = e.run_id),
			(SELECT r.context_id FROM run r WHERE r.run_id = e.link_run_id)
		FROM run_edge e LIMIT (SELECT rows FROM wanted))
	UNION ALL
	SELECT * FROM (
		SELECT 'cause', e.run_id, e.async_id, e.cause_stack_id,
			(SELECT r.context_id FROM run r WHERE r.run_id = e.run_id),
			(SELECT r.context_id FROM run r WHERE r.run_id = e.cause_run_id)
		FROM run_edge e WHERE e.cause_run_id IS NOT NULL LIMIT (SELECT rows FROM wanted))
),
lost AS (
	SELECT c.edge, c.run_id, c.async_id, c.stack_id, f.key, f.value AS was,
		(SELECT o.value FROM in_force o WHERE o.context_id = c.own AND o.key = f.key) AS now,
		EXISTS (SELECT 1 FROM in_force o WHERE o.context_id = c.own AND o.key = f.key) AS is_there,
		(SELECT type_id FROM resource r WHERE r.async_id = c.async_id) AS type_id
	FROM crossing c JOIN in_force f ON f.context_id = c.before
)
SELECT lost.key, CASE WHEN lost.is_there THEN 'replaced' ELSE 'lost' END AS what, lost.edge,
	type.name AS type, count(*) AS count, lost.was, lost.now, min(lost.run_id) AS run_id,
	stack_words(lost.stack_id) AS stack
FROM lost
LEFT JOIN type ON type.type_id = lost.type_id
WHERE NOT lost.is_there OR lost.now IS NOT lost.was
GROUP BY lost.key, lost.is_there, lost.edge, type.name, lost.stack_id
ORDER BY count DESC, run_id
LIMIT :limit
