-- pool: the thread pool: who filled it, and who waited in its queue
--
-- By creating stack: how long requests were queued before a thread took them, and for how long they then
-- had one; `percent` is the share of all the time that threads of the pool were busy: who fills the pool
-- has most of it. `async_id` is the one that was queued longest. Of what is no uv_queue_work the time in
-- the pool is at most, and in the queue at least, as said.
--
-- :limit integer = 20   rows at most
WITH had (origin_id, queue_ns, pool_ns, async_id) AS (
	SELECT q.origin_id, p.began_ns - q.created_ns, p.duration_ns, p.async_id
	FROM packed_pool p CROSS JOIN packed_request q ON q.async_id = p.async_id
	UNION ALL
	SELECT r.origin_id, p.began_ns - r.created_ns, p.duration_ns, p.async_id
	FROM packed_pool p CROSS JOIN packed_resource r ON r.async_id = p.async_id
	UNION ALL
	SELECT coalesce(q.origin_id, m.origin_id), r.began_ns - coalesce(q.created_ns, m.created_ns),
		r.duration_ns, r.async_id
	FROM packed_run r
	LEFT JOIN packed_request q ON q.async_id = r.async_id
	LEFT JOIN packed_resource m ON m.async_id = r.async_id
	WHERE r.entry_id IN (SELECT entry_id FROM entry WHERE part = 'work')
),
counted AS (
	SELECT tally(coalesce(o.stack_id, 0) * 1024 + o.api_id, max(0, queue_ns), async_id) AS queue,
		tally(coalesce(o.stack_id, 0) * 1024 + o.api_id, coalesce(max(0, pool_ns), 0), async_id) AS pool
	FROM had CROSS JOIN origin o ON o.origin_id = had.origin_id
	WHERE queue_ns IS NOT NULL
),
places AS (
	SELECT nullif(json_extract(q.value, '$.key') / 1024, 0) AS stack_id, i.name AS api, json_extract(q.value, '$.count') AS count,
		json_extract(q.value, '$.p50') AS queue_p50_ns, json_extract(q.value, '$.p99') AS queue_p99_ns,
		json_extract(q.value, '$.max') AS queue_max_ns, json_extract(q.value, '$.max_id') AS async_id,
		json_extract(q.value, '$.sum') AS queue_ns, json_extract(p.value, '$.sum') AS pool_ns
	FROM counted
	JOIN json_each(counted.queue) q
	JOIN json_each(counted.pool) p ON p.key = q.key
	LEFT JOIN api i ON i.api_id = json_extract(q.value, '$.key') % 1024
)
SELECT api, count, queue_p50_ns, queue_p99_ns, queue_max_ns, queue_ns, pool_ns,
	round(100.0 * pool_ns / nullif((SELECT sum(pool_ns) FROM places), 0), 1) AS percent, async_id,
	stack_words(stack_id) AS stack
FROM places
ORDER BY pool_ns DESC, async_id
LIMIT :limit
