# What `live` and `running` say of a moment against the contract's views, row by row: for tests of them.
# shellcheck shell=bash

# Differences at one moment, one a line; nothing when there are none.
differences() { # FILE NS
	"$ACAUSAL" live -r "$1" --all --format json "${2}ns" >"$TMP/live.json" 2>&1 || { cat "$TMP/live.json"; return; }
	"$ACAUSAL" running -r "$1" --format json "${2}ns" >"$TMP/running.json" 2>&1 || { cat "$TMP/running.json"; return; }
	sqlite3 -batch -noheader -init /dev/null -readonly "$1" "
		CREATE TEMP TABLE present AS SELECT process_id FROM process
			WHERE (ended_ns IS NULL OR ended_ns >= $2) AND (started_ns <= $2 OR started_ns IS NULL
				OR EXISTS (SELECT 1 FROM resource WHERE async_id = ((process.process_id - 1) << 40) + 1
					AND created_ns <= $2));
		CREATE TEMP TABLE standing AS SELECT async_id FROM arming
			WHERE armed_ns <= $2 AND (disarmed_ns IS NULL OR disarmed_ns > $2);
		CREATE TEMP TABLE going AS SELECT run_id, async_id, part FROM run
			WHERE began_ns <= $2 AND (ended_ns IS NULL OR ended_ns > $2)
			AND run_id NOT IN (SELECT root_run_id FROM thread) AND (run_id >> 40) + 1 IN present;
		CREATE TEMP TABLE expected AS SELECT async_id AS id, class,
			async_id IN (SELECT async_id FROM standing) AS armed,
			async_id IN (SELECT async_id FROM going WHERE part <> 'work') AS running,
			CASE WHEN resource.has_ref IS NULL THEN 0 ELSE coalesce(
				(SELECT has_ref FROM ref WHERE ref.async_id = resource.async_id AND at_ns <= $2
					ORDER BY at_ns DESC LIMIT 1),
				(SELECT NOT has_ref FROM ref WHERE ref.async_id = resource.async_id AND at_ns > $2
					ORDER BY at_ns LIMIT 1), resource.has_ref) = 0 END AS unreferenced,
			resource.type_id, resource.stack_id
			FROM resource LEFT JOIN type USING (type_id)
			WHERE created_ns <= $2 AND (destroyed_ns IS NULL OR destroyed_ns > $2) AND process_id IN present;
		CREATE TEMP TABLE json AS SELECT CAST(readfile('$TMP/live.json') AS TEXT) AS live,
			CAST(readfile('$TMP/running.json') AS TEXT) AS running;
		CREATE TEMP TABLE said AS SELECT value ->> '\$.async_id' AS id, value ->> '\$.armed_ns' IS NOT NULL AS armed,
			value ->> '\$.state' AS state, value ->> '\$.unreferenced' AS unreferenced
			FROM json, json_each(live, '\$.resources');
		SELECT 'not told: ' || id FROM (SELECT id FROM expected EXCEPT SELECT id FROM said);
		SELECT 'told twice, or was not there: ' || id FROM said GROUP BY id
			HAVING count(*) > 1 OR id NOT IN (SELECT id FROM expected);
		SELECT 'armed or not: ' || id || ' ' || state FROM expected JOIN said USING (id)
			WHERE class NOT IN ('request', 'root', 'thread') AND expected.armed <> said.armed;
		SELECT 'in its callback or not: ' || id || ' ' || state FROM expected JOIN said USING (id)
			WHERE class NOT IN ('root', 'thread') AND running <> (state = 'running');
		SELECT 'reference: ' || id FROM expected JOIN said USING (id) WHERE expected.unreferenced <> said.unreferenced;
		SELECT 'group: ' || count FROM (
			SELECT stack_id, count(*) AS count FROM expected GROUP BY type_id, stack_id
			EXCEPT SELECT value ->> '\$.stack_id', value ->> '\$.count' FROM json, json_each(live, '\$.groups'));
		SELECT 'total' FROM json WHERE live ->> '\$.total.count' <> (SELECT count(*) FROM expected);
		CREATE TEMP TABLE ran AS SELECT run.value ->> '\$.run_id' AS id
			FROM json, json_each(running, '\$.threads') thread, json_each(thread.value, '\$.runs') run;
		SELECT 'run not told: ' || run_id FROM (SELECT run_id FROM going EXCEPT SELECT id FROM ran);
		SELECT 'run told twice, or was not going on: ' || id FROM ran GROUP BY id
			HAVING count(*) > 1 OR id NOT IN (SELECT run_id FROM going);" 2>&1 | sed "s/^/$2: /"
}

# Moments of a recording at random: COUNT of them, and as many at which something happened.
moments() { # FILE COUNT
	sqlite3 -batch -noheader -init /dev/null -readonly "$1" "
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
		SELECT abs(random()) % (1 + (SELECT max(created_ns) + 1000000 FROM resource)) FROM n;
		SELECT * FROM (SELECT created_ns FROM resource ORDER BY random() LIMIT $(($2 / 4 + 1)));
		SELECT * FROM (SELECT destroyed_ns FROM resource WHERE destroyed_ns > 0 ORDER BY random() LIMIT $(($2 / 4 + 1)));
		SELECT * FROM (SELECT began_ns FROM run WHERE began_ns > 0 ORDER BY random() LIMIT $(($2 / 4 + 1)));
		SELECT * FROM (SELECT disarmed_ns FROM arming WHERE disarmed_ns > 0 ORDER BY random() LIMIT $(($2 / 4 + 1)));"
}

# agrees WORDS FILE COUNT: at COUNT random moments, and as many of events, live and running are what the views say.
agrees() {
	local ns found=
	for ns in $(moments "$2" "$3"); do
		found+=$(differences "$2" "$ns")
	done
	equal "$1" "$found" ''
}
