-- hot: the stacks that create most
--
-- `percent` is of all resources. `run_ns` is the time in the callbacks of those made there, `run_max_ns`
-- the longest of them (both only in a recording that was finished). `async_id` is the first made there.
--
-- :type text = NULL     only these: uv_timer_t …
-- :limit integer = 20   rows at most
WITH counted (origin_id, type_id, made, first_id) AS (
	SELECT json_extract(value, '$.key'), NULL, json_extract(value, '$.count'),
		json_extract(value, '$.min')
	FROM json_each((SELECT tally(coalesce(origin_id, 0), async_id, async_id) FROM packed_request))
	UNION ALL
	SELECT json_extract(value, '$.key') / 1024, nullif(json_extract(value, '$.key') % 1024, 0),
		json_extract(value, '$.count'), json_extract(value, '$.min')
	FROM json_each((
		SELECT tally(coalesce(origin_id, 0) * 1024 + coalesce(type_id, 0), async_id, async_id)
		FROM packed_resource))
),
places AS (
	SELECT y.name AS type, o.stack_id, sum(made) AS made, min(first_id) AS async_id
	FROM counted c
	LEFT JOIN origin o ON o.origin_id = c.origin_id
	JOIN type y ON y.type_id = coalesce(c.type_id, o.type_id)
	WHERE y.class <> 'root' AND (:type IS NULL OR y.name = :type)
	GROUP BY y.name, o.stack_id
	ORDER BY made DESC, async_id
	LIMIT :limit
)
SELECT type, made, round(100.0 * made / (SELECT sum(made) FROM counted), 1) AS percent,
	(SELECT sum(s.runs) FROM stack_total s JOIN type y ON y.type_id = s.type_id
		WHERE s.stack_id = places.stack_id AND y.name = places.type) AS runs,
	(SELECT sum(s.run_ns) FROM stack_total s JOIN type y ON y.type_id = s.type_id
		WHERE s.stack_id = places.stack_id AND y.name = places.type) AS run_ns,
	(SELECT max(s.run_max_ns) FROM stack_total s JOIN type y ON y.type_id = s.type_id
		WHERE s.stack_id = places.stack_id AND y.name = places.type) AS run_max_ns,
	async_id, stack_words(stack_id) AS stack
FROM places
ORDER BY made DESC, async_id
