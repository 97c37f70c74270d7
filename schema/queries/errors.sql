-- errors: callbacks that were told of a failure: runs with a negative status
--
-- Rows with the same error, function called and stack are one, with their count. `run_id` is the first of
-- those runs; the stack is that of the call that asked for it. The end of a stream (EOF) is left out,
-- unless eof=1.
--
-- :eof integer = 0      1: also the ends of streams
-- :limit integer = 50   rows at most
WITH failed (origin_id, status, began_ns, run_id) AS (
	SELECT origin_id, status, created_ns + wait_ns, run_id FROM packed_request WHERE status < 0
	UNION ALL
	SELECT coalesce(a.origin_id, m.origin_id, q.origin_id), r.status, r.began_ns, r.run_id
	FROM packed_run r
	LEFT JOIN packed_arming a ON a.arming_id = r.arming_id
	LEFT JOIN packed_resource m ON m.async_id = r.async_id
	LEFT JOIN packed_request q ON q.async_id = r.async_id
	WHERE r.status < 0
),
counted (key, count, first_ns, first_id, last_ns) AS (
	SELECT json_extract(value, '$.key'), json_extract(value, '$.count'),
		json_extract(value, '$.min'), json_extract(value, '$.min_id'), json_extract(value, '$.max')
	FROM json_each((
		SELECT tally(coalesce(origin_id, 0) * 65536 + min(-status, 65535), began_ns, run_id)
		FROM failed WHERE :eof OR status <> -4095))
),
groups AS (
	SELECT 0 - key % 65536 AS status, i.name AS api, o.stack_id, sum(count) AS count,
		min(first_ns) AS first_began_ns, max(last_ns) AS last_began_ns, min(first_id) AS run_id
	FROM counted
	LEFT JOIN origin o ON o.origin_id = key / 65536
	LEFT JOIN api i ON i.api_id = o.api_id
	GROUP BY key % 65536, i.name, o.stack_id
	ORDER BY count DESC, run_id
	LIMIT :limit
)
SELECT status_name(status) AS error, api, count, first_began_ns, last_began_ns, run_id,
	stack_words(stack_id) AS stack
FROM groups
ORDER BY count DESC, run_id
