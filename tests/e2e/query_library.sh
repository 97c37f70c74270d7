#!/usr/bin/env bash
# The queries of the library against a recording whose answers are known (tests/fixtures/library.sql), and
# the functions that they use against SQLite's own, on random data.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING XDG_CONFIG_HOME COLUMNS
A=$ACAUSAL
make() { # FILE FIXTURE
	cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/$2.sql" "$ROOT/schema/indexes.sql" |
		sqlite3 -batch "$1"
}
make acausal.db library
make server.db server

# answers QUERY [ARGUMENT...]: its rows, without the heading, are those on the input.
answers() {
	equal "$*" "$("$A" query --format csv "$@" 2>&1 | tr -d '\r' | sed 1d)" "$(cat)"
}

answers leaks <<'END'
leaked,uv_timer_t,40,50,10 10 10 10,0,975000000,101,open_session (session.c:40) < on_connection (http.c:112)
leaked,uv_loop_t,1,,1 0 0 0,0,0,11,main (main.c:10)
growing,uv_tcp_t,32,,8 8 8 8,0,968750000,401,on_connection (http.c:112)
idle,uv_tcp_t,1,,0 0 1 0,600000000,600000000,1099511627779,keep (keep.c:5)
pending,uv_write_t,1,,1 0 0 0,5000000,5000000,305,keep (keep.c:5)
closing,uv_tcp_t,1,,1 0 0 0,3000000,3000000,303,keep (keep.c:5)
needed,uv_loop_t,1,,1 0 0 0,0,0,10,main (main.c:10)
needed,uv_timer_t,1,,1 0 0 0,1000000,1000000,301,keep (keep.c:5)
needed,uv_tcp_t,1,,1 0 0 0,4000000,4000000,304,keep (keep.c:5)
unreferenced,uv_timer_t,1,,1 0 0 0,2000000,2000000,302,keep (keep.c:5)
running,uv_thread_t,1,,1 0 0 0,0,0,12,main (main.c:10)
inherited,uv_timer_t,1,50,0 0 1 0,500000000,500000000,1099511627778,open_session (session.c:40) < on_connection (http.c:112)
END
answers leaks leaked uv_loop_t <<'END'
leaked,uv_loop_t,1,,1 0 0 0,0,0,11,main (main.c:10)
END
# Of a process that was killed, what is idle may be in use, unless there are ever more of them.
cp acausal.db killed.db
sqlite3 killed.db 'UPDATE process SET exit_code = NULL, exit_signal = 15'
equal 'leaks: of what was killed' "$("$A" query -r killed.db --format csv leaks | tr -d '\r' |
	sed -n 's/^\(leaked\|idle\),\([^,]*,[^,]*\),.*/\1 \2/p')" 'leaked uv_timer_t,40
idle uv_loop_t,1
idle uv_tcp_t,1'
answers destroy-coverage <<'END'
uv_timer_t,handle,54,11,43,20.4
uv_tcp_t,handle,35,0,35,0.0
uv_loop_t,loop,2,0,2,0.0
uv_thread_t,thread,1,0,1,0.0
uv_write_t,request,1,0,1,0.0
uv_fs_t,request,100,100,0,100.0
uv_async_t,handle,1,1,0,100.0
uv_work_t,request,1,1,0,100.0
END
answers hot limit=3 <<'END'
uv_fs_t,100,51.0,,,,1001,read_page (cache.c:64)
uv_timer_t,51,26.0,70,7000,200,101,open_session (session.c:40) < on_connection (http.c:112)
uv_tcp_t,32,16.3,,,,401,on_connection (http.c:112)
END
answers pending <<'END'
its time,uv_timer_t,uv_timer_start,2,1100000,2100000,301,keep (keep.c:5)
its close,uv_tcp_t,uv_close,1,3100000,3100000,303,keep (keep.c:5)
the kernel,uv_write_t,uv_write,1,5000000,5000000,305,keep (keep.c:5)
END
answers fan-out <<'END'
main,1,189,195,195,1,
uv_timer_t,2,4,1,6,101,open_session (session.c:40) < on_connection (http.c:112)
uv_fs_t,1,1,1,1,1003,read_page (cache.c:64)
END
answers errors <<'END'
ENOENT,uv_fs_read,3,610000000,630000000,1010,read_page (cache.c:64)
ECONNRESET,uv_read_start,1,2000000,2000000,10401,on_connection (http.c:112)
END
answers errors eof=1 limit=2 <<'END'
ENOENT,uv_fs_read,3,610000000,630000000,1010,read_page (cache.c:64)
EOF,uv_fs_read,1,640000000,640000000,1040,read_page (cache.c:64)
END
# The percentiles are within 3 % of 50, 90 and 99 ms.
answers latency uv_fs_read <<'END'
uv_fs_read,100,50331647,90177535,100000000,100000000,5050000000,1100,read_page (cache.c:64)
END
answers latency limit=5 at_least=2 <<'END'
uv_timer_start,6,40894463,240400000,240400000,240400000,401300000,5003,keep (keep.c:5)
uv_fs_read,100,50331647,90177535,100000000,100000000,5050000000,1100,read_page (cache.c:64)
END
answers latency uv_read_start <<'END'
uv_read_start,32,2000000,2000000,2000000,2000000,64000000,10401,on_connection (http.c:112)
END
answers latency limit=5 at_least=2 idle=1 <<'END'
uv_timer_start,6,40894463,240400000,240400000,240400000,401300000,5003,keep (keep.c:5)
uv_fs_read,100,50331647,90177535,100000000,100000000,5050000000,1100,read_page (cache.c:64)
uv_read_start,32,2000000,2000000,2000000,2000000,64000000,10401,on_connection (http.c:112)
END
answers latency uv_async_send <<'END'
uv_async_send,1,10500000,10500000,10500000,10500000,10500000,5004,hash_key (hash.c:12)
END
answers pool <<'END'
uv_queue_work,1,2000000,2000000,2000000,2000000,300000000,75.0,1201,hash_key (hash.c:12)
uv_fs_read,100,25165823,50000000,50000000,2525000000,100000000,25.0,1100,read_page (cache.c:64)
END
answers stalls <<'END'
reload_config (config.c:210),1,200000000,200000000,200000000,300100000,5000,4,200000000,"on_retry,on_page"
END
answers stalls 201ms </dev/null
# Functions that have no name are said by where they are.
cp acausal.db nameless.db
sqlite3 nameless.db "DELETE FROM source"
matches 'stalls: of what has no name' "$("$A" query -r nameless.db --format csv stalls | sed -n 2p)" \
	'^server\+0x[0-9a-f]+,1,200000000,.*,"?server\+0x[0-9a-f]+(,server\+0x[0-9a-f]+)?"?'
matches 'critical-path too' "$("$A" query -r nameless.db --format csv critical-path run:5001)" 'server\+0x'
answers lost-context </dev/null

# A real one: of 40 deadlines 10 are never closed.
check 'an example is recorded' "$A" record -o leak.db "$BUILD/examples/handle_leak"
equal 'what it leaks' "$("$A" query -r leak.db leaks leaked --format csv | tr -d '\r' | sed 1d | cut -d, -f1-4)" \
	'leaked,uv_timer_t,10,40'
contains '… where' "$("$A" query -r leak.db leaks leaked | sed -n 3p)" 'start_deadline (examples/handle_leak.c:'
status '… for continuous integration' 1 "$A" query -r leak.db leaks leaked --fail-on-rows

# A recording that was cut short has no indexes and no totals.
cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/library.sql" - \
	<<<"DELETE FROM stack_total; UPDATE meta SET value = 0 WHERE key = 'complete'" | sqlite3 -batch cut.db
for query in destroy-coverage pending fan-out errors latency pool stalls 'critical-path run:5001'; do
	# shellcheck disable=SC2086  # a query and its argument are two words
	check "cut short: $query" diff <("$A" query --format csv $query) <("$A" query -r cut.db --format csv $query)
done

# Whatever a recording claims, a query ends, and in words when it fails.
odd() { # FILE VALUE: in every column of numbers, in every third row
	sqlite3 -batch "$1" "SELECT 'UPDATE ' || m.name || ' SET ' || c.name || ' = VALUE WHERE rowid % 3 = 0;'
		FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.pk = 0
		AND c.type = 'INTEGER' AND m.sql NOT LIKE '%WITHOUT ROWID%'" | sed "s/VALUE/$2/" >updates
	sqlite3 -batch "$1" <updates
}
for value in 9223372036854775807 -9223372036854775808 NULL "'text'" "x'ff'" 1e300; do
	cp acausal.db odd.db
	odd odd.db "$value"
	failed=
	for query in $(cd "$ROOT/schema/queries" && printf '%s\n' *.sql | sed 's/\.sql$//'); do
		point=
		[[ $query != critical-path ]] || point=run:5001
		timeout 20 "$A" query -r odd.db --format json $query ${point:+"$point"} >out 2>err
		[[ $? -le 1 && ($(wc -l <err) -le 1) ]] || failed+="$query "
	done
	equal "every third number $value" "$failed" ''
done

# --- critical-path, on the server that crashes ------------------------------------------------------

path=$("$A" query -r server.db --format json critical-path)
equal 'critical-path: its parts follow one another, from the root to the crash' "$(json "
	WITH part AS (SELECT value ->> '\$.at_ns' AS at, value ->> '\$.took_ns' AS took FROM json_data, json_each(data))
	SELECT min(at), max(at + took), sum(took), count(*) FROM part" <<<"$path")" '0|81200331000|81200331000|16'
equal 'critical-path: where the time went' "$(json "SELECT group_concat(what || ' ' || took, ', ') FROM (
	SELECT value ->> '\$.what' AS what, sum(value ->> '\$.took_ns') AS took FROM json_data, json_each(data)
	GROUP BY 1 ORDER BY 1)" <<<"$path")" 'a cause 362000000, in the pool 1100000, kernel 80678900000, loop 8800000, pool queue 1500000, running 148031000'
contains 'critical-path: who held the loop' "$path" '"by": "reload_config run:80"'
equal 'critical-path: of a point' "$("$A" query -r server.db --format csv critical-path run:62 1s | tr -d '\r' | cut -d, -f1-5,8)" \
	"at_ns,took_ns,percent,what,run_id,by
120000000,68580000000,84.9,kernel,9,uv_listen
68700100000,12098900000,15.0,kernel,62,uv_read_start"

# --- the functions ----------------------------------------------------------------------------------

# Random trees of three processes, half of them requests; damaged links among them.
{
	cat "$ROOT"/schema/{tables,views}.sql
	echo "INSERT INTO meta VALUES ('complete', '1');
		INSERT INTO type VALUES (1, 'one', 'handle', '', 0), (2, 'two', 'request', '', 1);
		INSERT INTO origin (origin_id, type_id) VALUES (1, 1), (2, 2);
		CREATE TEMP TABLE made AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
			SELECT i + ((i / 1000) << 40) AS id, abs(random()) % 2 AS is_request, CASE
				WHEN abs(random()) % 50 = 0 THEN -5 WHEN abs(random()) % 50 = 0 THEN NULL
				WHEN i % 1000 = 0 THEN 1 + (1 << 40)
				ELSE 1 + abs(random()) % min(200, max(1, i % 1000)) END AS delta FROM n;
		INSERT INTO packed_request (async_id, origin_id, trigger_delta, created_ns, run_id, wait_ns, duration_ns)
			SELECT id, 2, delta, 0, id, abs(random()) % 100000000, 1 FROM made WHERE is_request;
		INSERT INTO packed_resource (async_id, origin_id, trigger_delta) SELECT id, 1, delta FROM made
			WHERE NOT is_request;"
	cat "$ROOT/schema/indexes.sql"
	echo 'PRAGMA application_id = 0x61636175'
} | sqlite3 -batch random.db >/dev/null
edges="edge (child, parent) AS (SELECT async_id, async_id - trigger_delta FROM packed_request WHERE trigger_delta > 0
	UNION ALL SELECT async_id, async_id - trigger_delta FROM packed_resource WHERE trigger_delta > 0)"
for id in 1 2 7 300 $(((1 << 40) + 1200)) $(((2 << 40) + 2500)); do
	for way in 'descendants child parent' 'ancestors parent child'; do
		read -r function to from <<<"$way"
		equal "$function($id) are those of a recursion" \
			"$("$A" sql -r random.db --format csv "SELECT async_id, distance FROM $function($id) ORDER BY 2, 1" | tr -d '\r' | sed 1d)" \
			"$(sqlite3 -batch -csv random.db "WITH RECURSIVE $edges, kin (id, distance) AS (SELECT $id, 0
				UNION SELECT edge.$to, distance + 1 FROM kin JOIN edge ON edge.$from = kin.id)
				SELECT id, distance FROM kin WHERE distance ORDER BY 2, 1" | tr -d '\r')"
	done
done
equal 'their types' "$("$A" sql -r random.db "SELECT count(*) FROM descendants(1) d
	JOIN packed_request USING (async_id) WHERE d.type <> 'two'" | tail -1)" '       0'
equal 'fan_out() counts them' "$("$A" sql -r random.db --format csv "SELECT count(*) > 100,
	sum(descendants <> (SELECT count(*) FROM descendants(f.async_id))),
	sum(children <> (SELECT count(*) FROM descendants(f.async_id) WHERE distance = 1)) FROM fan_out() f
	WHERE async_id % 7 = 0" | tail -1 | tr -d '\r')" '1,0,0'
equal 'tally() counts as GROUP BY does' "$("$A" sql -r random.db --format csv "
	WITH t AS (SELECT value FROM json_each((SELECT tally(run_id % 7, wait_ns, run_id) FROM packed_request)))
	SELECT count(*), sum(json_extract(value, '\$.count') <> c), sum(json_extract(value, '\$.sum') <> s),
		sum(json_extract(value, '\$.min') <> low), sum(json_extract(value, '\$.max') <> high),
		sum((SELECT wait_ns FROM packed_request WHERE run_id = json_extract(value, '\$.max_id')) <> high),
		sum(abs(1.0 * json_extract(value, '\$.p50') / median - 1) > 0.04)
	FROM t JOIN (SELECT run_id % 7 AS k, count(*) AS c, sum(wait_ns) AS s, min(wait_ns) AS low, max(wait_ns) AS high
		FROM packed_request GROUP BY 1) ON k = json_extract(value, '\$.key')
	JOIN (SELECT k AS m, wait_ns AS median FROM (SELECT run_id % 7 AS k, wait_ns,
		row_number() OVER (PARTITION BY run_id % 7 ORDER BY wait_ns) AS n,
		count(*) OVER (PARTITION BY run_id % 7) AS c FROM packed_request) WHERE n = (c + 1) / 2) ON m = k" |
	tail -1 | tr -d '\r')" '7,0,0,0,0,0,0'
equal 'tally() takes the first of each ONCE, and leaves NULL out' "$("$A" sql --format csv "
	SELECT tally(column1, column2, column3, column4) FROM (VALUES (1, 10, 1, 5), (1, 20, 2, 5), (1, 40, 3, 6),
		(NULL, 7, 4, NULL), (2, NULL, 5, 7), (1, 80, 6, NULL))" | tail -1)" \
	"\"[{\"\"key\"\":null,\"\"count\"\":1,\"\"sum\"\":7,\"\"min\"\":7,\"\"min_id\"\":4,\"\"max\"\":7,\"\"max_id\"\":4,\"\"p50\"\":7,\"\"p90\"\":7,\"\"p99\"\":7},{\"\"key\"\":1,\"\"count\"\":3,\"\"sum\"\":130,\"\"min\"\":10,\"\"min_id\"\":1,\"\"max\"\":80,\"\"max_id\"\":6,\"\"p50\"\":40,\"\"p90\"\":80,\"\"p99\"\":80}]\""$'\r'
equal 'tally() of nothing' "$("$A" sql --format csv 'SELECT tally(1, 2, 3) WHERE 0' | tail -1)" $'[]\r'
status 'ancestors needs an ID' 1 "$A" sql 'SELECT * FROM ancestors()'
contains '… and says so' "$(<err)" 'ancestors needs an async ID'
status 'an ID in words' 0 "$A" sql "SELECT * FROM ancestors('#2:3')"

for point in crash run:62 log:2 42 thread:2; do
	for by in link cause trigger; do
		"$A" trace -r server.db --format json --by $by $point | json "
			SELECT coalesce(json_extract(s.value, '\$.edge'), ''), coalesce(json_extract(s.value, '\$.async_id'), ''),
				coalesce(json_extract(s.value, '\$.run_id'), ''), coalesce(json_extract(s.value, '\$.api'), ''),
				coalesce(json_extract(f.value, '\$.function'), ''), coalesce(json_extract(f.value, '\$.line'), '')
			FROM json_data, json_each(data, '\$.segments') s LEFT JOIN json_each(s.value, '\$.frames') f" >trace.txt
		"$A" sql -r server.db --format csv "SELECT edge || '|' || coalesce(async_id, '') || '|' || coalesce(run_id, '')
			|| '|' || coalesce(api, '') || '|' || coalesce(function, '') || '|' || coalesce(line, '') AS row
			FROM async_stack('$point', '$by') WHERE edge <> 'end'" | tr -d '\r' | sed 1d >stack.txt
		check "async_stack('$point', '$by') is what trace shows" diff trace.txt stack.txt
	done
done
equal 'async_stack: segments, depths, why it ends' "$("$A" sql --format csv "SELECT segment, depth, edge, function
	FROM async_stack('thread:3')" | tr -d '\r' | sed 1d | tr -d '"')" "0,,here,
1,,end,$("$A" trace --format json thread:3 | json "SELECT json_extract(data, '\$.ended') FROM json_data")"
equal 'async_stack: a number is an async ID, none the crash' "$("$A" sql -r server.db --format csv "SELECT
	(SELECT type FROM async_stack(42) LIMIT 1), (SELECT run_id FROM async_stack() LIMIT 1)" | tail -1)" $'uv_work_t,97\r'
status 'a point that is not there' 1 "$A" sql "SELECT * FROM async_stack('run:77777')"
contains '… is said' "$(<err)" 'run:77777 is not in acausal.db'
status 'joined with a table' 0 "$A" sql -r server.db "SELECT crash_id, s.function FROM crash, async_stack('run:' || crash.run_id) s"
done_testing
