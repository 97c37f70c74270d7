#!/usr/bin/env bash
# 1,000 callbacks write the same text by every way, each into a file of its own: a line of a file, as an
# editor or grep names it, leads to the callback that wrote it.
# time limit: 240
. "$ROOT/tests/e2e/log_truth.bash"

for buffering in none line full; do
	rm -f by_*
	check "$buffering buffers, each way to a file of its own" to_file "$routes" truth files $buffering
	same "$buffering buffers, each way to a file of its own" truth 51000 1000
done

# One line of each file. Where writes may reach a file in another order than they were made in, all
# lines of the text are named, and the right one among them.
for file in by_*; do
	number=$((RANDOM % 1000 + 1))
	"$ACAUSAL" log --file "$file:$number" --format json 2>err | json "
		SELECT '$file', $number, value ->> '$.sure', value ->> '$.async_id'
		FROM json_data, json_each(data)" || note "$file:$number: $(head -n 1 err)"
done | tr '|' '\t' >asked
# All lines of the other files, as grep prints them.
shopt -s extglob
grep -Hn '' by_!(pwrite*|uv_fs_write*) | "$ACAUSAL" log - --format json >answers.json 2>err ||
	not_ok "log - finds all of them: $(head -n 3 err)"
equal 'log --file and log - name the callbacks that wrote the lines' "$(
	with_truth acausal.db truth \
		'thread INTEGER, address INTEGER, route TEXT, place TEXT, text TEXT' <<-'SQL'
		CREATE TABLE asked (place TEXT, number INTEGER, sure TEXT, async_id INTEGER);
		.mode tabs
		.import asked asked
		.mode list
		CREATE TABLE wrote AS SELECT place, route, address,
			row_number() OVER (PARTITION BY place ORDER BY number) AS number FROM truth;
		CREATE TABLE found AS SELECT place, number, route,
				group_concat(DISTINCT sure) AS sure, count(asked.async_id) AS many,
				sum(resource.address IS wrote.address) AS is_found
			FROM wrote JOIN asked USING (place, number)
			LEFT JOIN recording.resource USING (async_id) GROUP BY place, number;
		CREATE TABLE answered AS
			SELECT value ->> '$.async_id' AS async_id, value ->> '$.path' AS path,
				value ->> '$.sure' AS sure,
				row_number() OVER (PARTITION BY value ->> '$.path' ORDER BY key) AS number
			FROM json_each(CAST(readfile('answers.json') AS TEXT));
		SELECT 'not found: ' || place || ':' || number, sure, many FROM found
			WHERE NOT is_found OR CASE WHEN route GLOB 'pwrite*' OR route GLOB 'uv_fs_write*'
				THEN sure NOT IN ('exact', 'ambiguous') ELSE sure <> 'exact' OR many <> 1 END;
		SELECT 'not answered: ' || path || ' ' || answered.number, sure, coalesce(async_id, '')
			FROM answered LEFT JOIN recording.resource USING (async_id)
			LEFT JOIN wrote ON wrote.number = answered.number
				AND substr(path, -length(place) - 1) = '/' || place
			WHERE wrote.address IS NOT resource.address OR sure IS NOT 'exact' LIMIT 5;
		SELECT (SELECT count(*) FROM found), (SELECT count(*) FROM answered);
	SQL
)" '51|43000'
done_testing
