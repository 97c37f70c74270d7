-- destroy-coverage: how many resources of each type were made, and how many of them ended
--
-- A request ends with its callback, a handle with the callback of uv_close, a thread with its function.
-- Whether what is left should be there, `leaks` tells.
--
-- :type text = NULL   only these: uv_timer_t …
WITH counted (origin_id, type_id, made, destroyed) AS (
	SELECT json_extract(value, '$.key'), NULL, json_extract(value, '$.count'),
		json_extract(value, '$.sum')
	FROM json_each((
		SELECT tally(coalesce(origin_id, 0), duration_ns IS NOT NULL, async_id) FROM packed_request))
	UNION ALL
	SELECT json_extract(value, '$.key') / 1024, nullif(json_extract(value, '$.key') % 1024, 0),
		json_extract(value, '$.count'), json_extract(value, '$.sum')
	FROM json_each((
		SELECT tally(coalesce(origin_id, 0) * 1024 + coalesce(type_id, 0), lifetime_ns IS NOT NULL,
			async_id)
		FROM packed_resource))
)
SELECT y.name AS type, y.class, sum(made) AS made, sum(destroyed) AS destroyed,
	sum(made) - sum(destroyed) AS "left", round(100.0 * sum(destroyed) / sum(made), 1) AS percent
FROM counted c
LEFT JOIN origin o ON o.origin_id = c.origin_id
JOIN type y ON y.type_id = coalesce(c.type_id, o.type_id)
WHERE y.class <> 'root' AND (:type IS NULL OR y.name = :type)
GROUP BY y.name
ORDER BY 5 DESC, 3 DESC, 1
