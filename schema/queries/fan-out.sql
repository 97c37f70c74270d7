-- fan-out: what most came of: descendants along trigger edges
--
-- A descendant was made in the execution of a resource, or of a descendant. Resources with the same type
-- and creating stack are one row: `count` of them had any; `children` is the most that one made itself,
-- `descendants_p50` the median, `descendants` the most, of `async_id`. Follow that with
-- `SELECT * FROM descendants(ID)` or `info ID`.
--
-- :type text = NULL     only these: uv_timer_t …
-- :limit integer = 20   rows at most
WITH counted AS (
	SELECT tally(coalesce(o.stack_id, 0) * 1024 + coalesce(o.type_id, 0), f.descendants, f.async_id)
			AS descendants,
		tally(coalesce(o.stack_id, 0) * 1024 + coalesce(o.type_id, 0), f.children, f.async_id) AS children
	FROM fan_out() f LEFT JOIN origin o ON o.origin_id = f.origin_id
),
places AS (
	SELECT nullif(json_extract(d.value, '$.key') / 1024, 0) AS stack_id,
		nullif(json_extract(d.value, '$.key') % 1024, 0) AS type_id,
		json_extract(d.value, '$.count') AS count, json_extract(c.value, '$.max') AS children,
		json_extract(d.value, '$.p50') AS descendants_p50, json_extract(d.value, '$.max') AS descendants,
		json_extract(d.value, '$.max_id') AS async_id
	FROM counted
	JOIN json_each(counted.descendants) d
	JOIN json_each(counted.children) c ON c.key = d.key
)
SELECT coalesce(y.name, n.type) AS type, count, children, descendants_p50, descendants, places.async_id,
	stack_words(places.stack_id) AS stack
FROM places
LEFT JOIN type y ON y.type_id = places.type_id
LEFT JOIN (
	SELECT r.async_id, t.name AS type FROM packed_resource r JOIN type t ON t.type_id = r.type_id
	WHERE r.type_id IS NOT NULL AND t.class = 'root') n ON n.async_id = places.async_id
WHERE :type IS NULL OR y.name = :type
ORDER BY descendants DESC, places.async_id
LIMIT :limit
