#!/usr/bin/env bash
# `tree` and `children`: of random programs the tree is, edge for edge, what run_edge says backwards, with
# an index and without; what is folded, what is left out, hostile recordings, what cannot be done.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING COLUMNS NO_COLOR PAGER
A=$ACAUSAL

tree() {
	timeout 60 "$A" tree "$@"
}

# What differs between a tree by link or by cause and run_edge, of the runs that are in the tree: one line
# a kind of difference with a count, nothing when there is none. Runs that a cause made happen are leaves
# of a tree by link. The runs of a resource that is POINT are not looked at: all of them hang on it.
differences() { # FILE POINT BY
	tree -r "$1" --full --by "$3" --format json "$2" >tree.json || return
	sqlite3 -batch -noheader -init /dev/null :memory: "
		ATTACH '$1' AS r;
		CREATE TABLE n AS SELECT value ->> 'node' AS node, value ->> 'parent' AS parent,
			value ->> 'kind' AS kind, CAST(value ->> 'id' AS INTEGER) AS id
			FROM json_each((SELECT CAST(readfile('tree.json') AS TEXT)), '\$.nodes');
		CREATE INDEX n_by_node ON n (node);
		CREATE TABLE up AS WITH RECURSIVE u (node, at, via) AS (
				SELECT node, parent, '' FROM n WHERE kind = 'run' AND parent IS NOT NULL
				UNION ALL
				SELECT u.node, n.parent, CASE WHEN n.kind = 'cause' THEN 'cause' ELSE u.via END
				FROM u JOIN n ON n.node = u.at WHERE n.kind <> 'run')
			SELECT c.id AS run_id, p.id AS by_run_id, u.via FROM u
			JOIN n p ON p.node = u.at AND p.kind = 'run' JOIN n c ON c.node = u.node;
		CREATE TABLE met AS SELECT DISTINCT id FROM n WHERE kind = 'run' AND ('$3' = 'cause' OR node NOT IN
			(SELECT c.node FROM n c JOIN n p ON p.node = c.parent WHERE p.kind = 'cause'));
		CREATE TABLE e AS SELECT run_id, link_run_id, cause_run_id,
			'$3' = 'cause' AND cause_run_id IS NOT NULL AS fired FROM r.run_edge;
		CREATE TABLE want AS SELECT run_id, iif(fired, cause_run_id, link_run_id) AS by_run_id,
			iif(fired, 'cause', '') AS via FROM e WHERE by_run_id IN (SELECT id FROM met)
			AND run_id NOT IN (SELECT run_id FROM r.run WHERE async_id || '' = '$2');
		CREATE TABLE want_beside AS SELECT e.run_id, e.cause_run_id, 'cause' FROM e
			JOIN r.run USING (run_id) JOIN r.cause USING (cause_id)
			WHERE '$3' = 'link' AND cause.kind <> 'work' AND e.cause_run_id IN (SELECT id FROM met);
		WITH report (words, number) AS (
			SELECT 'nothing to compare', count(*) = 0 FROM n
			UNION ALL SELECT 'runs that are there twice', count(*) - count(DISTINCT run_id)
				FROM up WHERE via = '' OR '$3' = 'cause'
			UNION ALL SELECT 'missing', count(*) FROM (SELECT * FROM want EXCEPT SELECT * FROM up)
			UNION ALL SELECT 'too many', count(*) FROM (SELECT * FROM up
				WHERE '$3' = 'cause' OR via = '' EXCEPT SELECT * FROM want)
			UNION ALL SELECT 'causes missing', count(*) FROM (SELECT * FROM want_beside
				EXCEPT SELECT * FROM up)
			UNION ALL SELECT 'causes too many', count(*) FROM (SELECT * FROM up
				WHERE '$3' = 'link' AND via = 'cause' EXCEPT SELECT * FROM want_beside))
		SELECT words, number FROM report WHERE number > 0"
}

# --- random programs ----------------------------------------------------------------------------

for seed in 9 6; do
	rm -rf work truth
	mkdir work truth
	check "seed $seed is recorded" "$A" record -o "$seed.db" "$BUILD/tests/oracle" "$seed" truth "$TMP/work"
	for by in link cause; do
		equal "seed $seed: from main by $by" "$(differences "$seed.db" run:1 $by)" ''
	done
	matches "seed $seed: that were some runs" "$(sqlite3 :memory: \
		"SELECT count(*) FROM json_each((SELECT CAST(readfile('tree.json') AS TEXT)), '\$.nodes')
			WHERE value ->> 'kind' = 'run'")" '^[1-9][0-9]'
	points=$(sql "$seed.db" "SELECT coalesce(nullif((run_id >> 40) + 1, 1) || ':', '') ||
		(run_id & 1099511627775) FROM run ORDER BY run_id * 2654435761 % 1000003 LIMIT 2")
	for point in $points; do
		equal "seed $seed: from run:$point" "$(differences "$seed.db" "run:$point" link)" ''
	done
done

# Of a resource all its runs, whoever armed them.
for id in $(sql 6.db 'SELECT async_id FROM run WHERE async_id < 1000000 GROUP BY 1 ORDER BY count(*) DESC LIMIT 2'); do
	equal "the runs of resource $id" "$(differences 6.db "$id" link)
$(sqlite3 :memory: "ATTACH '6.db' AS r; SELECT count(*) FROM r.run WHERE async_id = $id EXCEPT
		SELECT count(DISTINCT value ->> 'id') FROM json_each((SELECT CAST(readfile('tree.json') AS TEXT)),
		'\$.nodes') WHERE value ->> 'kind' = 'run' AND value ->> 'async_id' = $id")" $'\n'
done

# A comparison that cannot fail shows nothing: a tree of a recording with one edge bent is found out.
cp 6.db bent.db
sqlite3 bent.db "UPDATE packed_arming SET run_id = 1 WHERE arming_id IN (SELECT p.arming_id FROM packed_run p
	JOIN packed_arming a USING (arming_id) WHERE a.run_id > 1 LIMIT 1)"
matches 'a bent edge is found out' "$(
	tree() { "$A" tree -r bent.db --full --format json run:1; }
	differences 6.db run:1 link)" 'missing|too many'

# Without an index the same, as of a recording that still grows.
cp 6.db plain.db
sqlite3 plain.db "$(sql 6.db "SELECT 'DROP INDEX ' || name || ';' FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
	UPDATE meta SET value = '0' WHERE key = 'complete'"
for by in link cause; do
	equal "without an index, by $by" "$(differences plain.db run:1 $by)" ''
done
equal 'without an index as many things' "$(tree -r plain.db --format json run:1 | json "SELECT data ->> 'things' FROM json_data")" \
	"$(tree -r 6.db --format json run:1 | json "SELECT data ->> 'things' FROM json_data")"

equal 'by trigger: the descendants' "$(tree -r 6.db --full --by trigger --format json 1 |
	json "SELECT count(*) - 1 FROM json_data, json_each(data, '$.nodes')")" \
	"$("$A" sql -r 6.db --format json 'SELECT count(*) AS n FROM descendants(1)' | json "SELECT data -> 0 ->> 'n' FROM json_data")"

# --- folding ------------------------------------------------------------------------------------

# bare FILE SQL: one process whose main thread has a timer (2) and makes requests (type 3), filled by SQL.
# Frames: main, on_tick, on_data; origins: 1 arms in on_tick, 2 makes a timer and 4 arms it in main, 3 makes a
# request in on_data, 5 one in main.
bare() {
	rm -f "$1"
	cat "$ROOT"/schema/{tables,views}.sql - "$ROOT/schema/indexes.sql" <<<"
		INSERT INTO meta VALUES ('complete', '1'), ('max_skew_ns', '0');
		INSERT INTO process (process_id, os_pid, executable, started_ns) VALUES (1, 100, '/srv/app/server', 0);
		INSERT INTO thread VALUES (1, 1, 100, 'server', 'main', 1, NULL, 0, NULL, 0);
		INSERT INTO type VALUES (1, 'main', 'root', 'ROOT', 1), (2, 'uv_timer_t', 'handle', 'Timeout', 0),
			(3, 'uv_fs_t', 'request', 'FSREQCALLBACK', 1);
		INSERT INTO api VALUES (1, 'uv_timer_start'), (2, 'uv_fs_read'), (3, 'uv_timer_init');
		INSERT INTO module VALUES (1, '/srv/app/server', 'aa');
		INSERT INTO frame (frame_id, module_id, address) VALUES (1, 1, 100), (2, 1, 200), (3, 1, 300), (4, 1, 151), (5, 1, 251);
		INSERT INTO source (frame_id, inline_depth, function, file, line) VALUES (1, 0, 'main', '/srv/app/main.c', 9),
			(2, 0, 'on_tick', '/srv/app/tick.c', 5), (3, 0, 'on_data', '/srv/app/data.c', 7),
			(4, 0, 'on_tick', '/srv/app/tick.c', 2), (5, 0, 'on_data', '/srv/app/data.c', 3);
		INSERT INTO stack (stack_id, caller_id, frame_id) VALUES (1, NULL, 1), (2, NULL, 2), (3, NULL, 3);
		INSERT INTO origin (origin_id, thread_id, type_id, api_id, stack_id)
			VALUES (1, 1, NULL, 1, 2), (2, 1, 2, 3, 1), (3, 1, 3, 2, 3), (4, 1, NULL, 1, 1), (5, 1, 3, 2, 1);
		INSERT INTO entry VALUES (1, 1, 'callback', NULL), (2, 1, 'callback', 4), (3, 1, 'callback', 5);
		INSERT INTO packed_resource (async_id, origin_id, type_id, trigger_delta, run_id, created_ns)
			VALUES (1, NULL, 1, NULL, NULL, 0), (2, 2, NULL, 1, 1, 10);
		INSERT INTO packed_run (run_id, async_id, entry_id, began_ns) VALUES (1, 1, 1, 0);
		$2" | sqlite3 -batch "$1"
}

# A timer that arms itself 1,000 times, as one-shot runs: run N + 1 was armed in run N.
chain="WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
	INSERT INTO packed_shot (run_id, async_id, arming_delta, origin_id, armer_delta, armed_ns, timeout_ms, entry_id, wait_ns,
		duration_ns) SELECT i, 2, 0, iif(i = 2, 4, 1), 1, (i - 1) * 1000 + 5, 1, 2, 995, 10 FROM n;"
bare chain.db "$chain"
text=$(tree -r chain.db run:1)
contains 'a timer that arms itself is one line' "$text" 'then the same again 999 times, the last run:1001'
matches '… that names the first' "$text" 'run:2 on_tick of timer 2'
equal 'that main ended is no news' "$(grep -c 'did not end' <<<"$text")" 0
contains '… and below it how it comes to the next' "$text" '999 x timer, first 2  by uv_timer_start(1 ms) in on_tick'
contains '… in words' "$text" 'leads to the same again'
equal '… and nothing else' "$(grep -c on_tick <<<"$text")" 2
equal '--full folds nothing' "$(tree -r chain.db --full run:1 | grep -c 'run:[0-9]* on_tick')" 1000
equal '--depth' "$(tree -r chain.db --depth 3 --full run:1 | grep -c 'run:[0-9]* on_tick')" 3
equal '--limit' "$(tree -r chain.db --full --limit 5 run:1 | grep -c 'run:[0-9]* ')" 5
contains '… and says what it left out' "$(tree -r chain.db --full --limit 5 run:1)" '996 lines left out'
contains 'children: one level' "$("$A" children -r chain.db run:1)" '1 runs not followed'
equal 'JSON: the repeats' "$(tree -r chain.db --format json run:1 | json "SELECT count(*), max(value ->> 'repeats'),
	max(value ->> '$.ns.max') FROM json_data, json_each(data, '$.nodes')")" '5|999|1001000'

# 40 requests from one place, of which every fourth makes another in its callback.
bare many.db "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39)
	INSERT INTO packed_request (async_id, origin_id, trigger_delta, creator_delta, created_ns, run_id, entry_id, wait_ns,
		duration_ns, status) SELECT 100 + i, 5, 99 + i, 99 + i, 1000 + i, 100 + i, 3, 10000 + i * 1000, 500, 0 FROM n;
	WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 4 FROM n WHERE i < 36)
	INSERT INTO packed_request (async_id, origin_id, trigger_delta, creator_delta, created_ns, run_id, entry_id, wait_ns,
		duration_ns, status) SELECT 200 + i, 3, 100, 100, 11100 + i * 1001, 200 + i, 3, 200000, 500, -2 FROM n;"
text=$(tree -r many.db run:1)
contains 'equal ones are one line' "$text" '30 x on_data of fs, first run:101'
contains '… apart from those with something else below' "$text" '10 x on_data of fs, first run:100'
contains '… which is folded too, and failed' "$text" 'status ENOENT'
contains 'least, median, most' "$text" 'waited 11 us / 29 us / 49 us'
equal 'a status makes a kind of its own' "$(tree -r many.db --format json run:1 | json "SELECT value ->> 'status', value ->> 'count'
	FROM json_data, json_each(data, '$.nodes') WHERE value ->> 'kind' = 'run' AND value ->> 'parent' IS NOT NULL ORDER BY 2, 1")" \
	$'-2|10\n0|10\n0|30'
for columns in 40 80 100; do
	equal "no line is wider than $columns columns" \
		"$(COLUMNS=$columns tree -r 6.db run:1 | awk -v w=$columns 'length($0) > w')" ''
done

# --- hostile ------------------------------------------------------------------------------------

# Links to themselves, forwards, in a circle; numbers at the end of what there is; nothing known.
bare hostile.db "$chain
	INSERT INTO packed_request (async_id, origin_id, trigger_delta, creator_delta, created_ns, run_id, entry_id, wait_ns, duration_ns)
		VALUES (5000, 5, 0, 0, 20, 5000, 2, 5, 100), (5001, 5, -1, -1, 20, 5001, 2, 5, 100),
			(5002, 5, 0, 1, 9223372036854775807, 5003, 2, 9223372036854775807, 9223372036854775807),
			(5003, 5, 0, 5002, NULL, 5004, NULL, NULL, NULL), (-7, NULL, NULL, NULL, NULL, -7, NULL, NULL, NULL),
			(9223372036854775807, 5, 9223372036854775807, -9223372036854775807, -9223372036854775807, 9223372036854775807, 9, -1, -1);
	INSERT INTO packed_resource (async_id, origin_id, run_id, created_ns) VALUES (6000, 99, 9223372036854775807, -5), (6001, 2, -1, NULL);
	INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns, times) VALUES (7000, 2, 7001, 1, 30, 9), (7001, 2, 7000, 1, 30, NULL),
		(7002, 2, 1, 1, 9223372036854775807, -3);
	INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns, duration_ns, cause_id) VALUES
		(7000, 2, 7000, 2, 31, 9223372036854775807, 1), (7001, 2, 7001, 2, 31, -9, 1);
	INSERT INTO packed_cause (cause_id, async_id, run_id, origin_id, caused_ns, caused_delta) VALUES (1, 2, 7000, 1, 32, 0),
		(2, NULL, 7001, NULL, NULL, -9223372036854775807);
	INSERT INTO process (process_id) VALUES (2), (8388607), (9223372036854775807), (-4);
	UPDATE source SET function = char(27) || '[2J' WHERE frame_id = 3;"
full=--full
for point in run:1 run:5000 run:5003 run:7000 run:7001 2 5003 6000 thread:1; do
	for by in link cause trigger; do
		[[ $full == --full ]] && full=--limit=50 || full=--full
		tree -r hostile.db --by $by $full $point >out 2>err
		case $? in
		0) ;;
		1) [[ -s err ]] || not_ok "hostile $point $by $full: a reason" ;;
		*) not_ok "hostile: tree --by $by $full $point ends in order: $(cat err)" ;;
		esac
		[[ $(<out) != *$'\033'* ]] || not_ok "hostile $point: no control characters"
	done
done
ok 'hostile recordings end in order'

# --- what cannot be done ------------------------------------------------------------------------

status 'an unknown resource' 1 "$A" tree -r chain.db 77
contains '… says so' "$(cat err)" '77 is not in chain.db'
status 'an unknown run' 1 "$A" children -r chain.db run:99999
status 'a bad depth' 2 "$A" tree -r chain.db --depth x run:1
contains '… says so' "$(cat err)" "tree: --depth takes a number, not 'x'"
status 'a bad edge' 2 "$A" tree -r chain.db --by magic run:1
equal 'nothing came of it' "$(tree -r chain.db run:1001 | tail -n 1)" 'nothing came of it'

done_testing
