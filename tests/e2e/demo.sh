#!/usr/bin/env bash
# The three examples, each with its bug, recorded and asked: the crash's async stack, the log line
# that names the wrong request, the handles that leak. Expected lines are found in the sources.
. "$ROOT/tests/e2e/lib.sh"

# place FILE PATTERN: FILE:LINE of the only line that matches
place() {
	local lines
	lines=$(grep -nE -- "$2" "$ROOT/examples/$1" | cut -d: -f1)
	[[ $(wc -w <<<"$lines") == 1 ]] || lines="not one line matches $2"
	echo "$1:$lines"
}

# chain: `segment edge api function file:line` for the frames of the program itself in the trace on
# stdin; what stands in the C library or libuv is left out.
chain() {
	json "SELECT s.key || ' ' || (s.value ->> '\$.edge') || ' ' ||
			coalesce(s.value ->> '\$.api', '-') || ' ' || (f.value ->> '\$.function') || ' ' ||
			replace(f.value ->> '\$.file', rtrim(f.value ->> '\$.file', replace(f.value ->> '\$.file', '/', '')), '')
			|| ':' || (f.value ->> '\$.line')
		FROM json_data, json_each(data, '\$.segments') AS s, json_each(s.value, '\$.frames') AS f
		WHERE f.value ->> '\$.module' LIKE '%/examples/%'
		ORDER BY s.key, f.key"
}

# --- a crash far from its cause -----------------------------------------------------------------

s=render_server
status 'record ends as its command did, by SIGSEGV' 139 \
	"$ACAUSAL" record -o crash.db -- "$BUILD/examples/$s" "$ROOT/examples/prices.csv"
equal "the program's own output is left alone" "$(cat out)" \
	'columns=name,price: HTTP/1.0 200 OK
columns=name,stock: HTTP/1.0 200 OK
columns=name,price,supplier: HTTP/1.0 200 OK'
contains 'the stack is printed at once' "$(cat err)" append_cell
contains 'down to main' "$(sed -n '/append_cell/,$p' err)" main
equal 'each line of ours begins with acausal:, or belongs to the stack' \
	"$(sed '/^crash:1/,$d' err | grep -v '^acausal: ' | grep .)" ''
check_recording crash.db

"$ACAUSAL" trace -r crash.db --format json >crash.json
equal 'the chain of the crash: callbacks, arming functions, main, with files and lines' \
	"$(chain <crash.json)" \
	"0 here - append_cell $(place $s.c 'column->width, column->width')
0 here - render_row $(place $s.c '[[:space:]]append_cell\(request')
0 here - send_batch $(place $s.c 'render_row\(request, row\);')
0 here - on_pace $(place $s.c 'send_batch\(request\);')
1 link uv_timer_start start_sending $(place $s.c 'uv_timer_start\(')
1 link uv_timer_start on_list_read $(place $s.c '[[:space:]]start_sending\(request\);')
2 link uv_fs_read on_list_opened $(place $s.c 'uv_fs_read\(')
3 link uv_fs_open on_token_checked $(place $s.c 'uv_fs_open\(')
4 link uv_queue_work handle_get $(place $s.c 'uv_queue_work\(')
4 link uv_queue_work on_read $(place $s.c 'handle_get\(request\);')
5 link uv_read_start on_connection $(place $s.c 'uv_read_start\(')
6 link uv_listen start_server $(place $s.c 'uv_listen\(')
6 link uv_listen main $(place $s.c '= start_server\(')"
equal 'the trace is complete' \
	"$(json "SELECT data ->> '$.complete', data ->> '$.ended' FROM json_data" <crash.json)" '1|'
equal 'the crash in the recording' \
	"$(sql crash.db "SELECT signal, fault_address, run_id IS NOT NULL FROM crash")" '11|20|1'

# --- a pool that answers in another request's name ----------------------------------------------

status 'record of a program that ends well' 0 \
	"$ACAUSAL" record -o pool.db -- "$BUILD/examples/pool_mixup"
check_recording pool.db
equal 'all that was written to stderr is in the log' \
	"$(sql pool.db 'SELECT text FROM log WHERE fd = 2 ORDER BY log_id')" \
	"$(grep '^request' err)"
# The lines of a request that waited, answered later in the name of another one: the answer's log
# line leads by its links to the run in which that request said that it waits.
for customer in carol dave; do
	answers=$(sql pool.db "SELECT log_id FROM log WHERE text LIKE '%answered%' ORDER BY log_id LIMIT -1 OFFSET 2")
	led=
	for answer in $answers; do
		"$ACAUSAL" trace -r pool.db --format json "log:$answer" >answer.json
		run=$(json "SELECT s.value ->> '\$.run_id' FROM json_data, json_each(data, '\$.segments') AS s,
			json_each(s.value, '\$.frames') AS f
			WHERE f.value ->> '\$.function' = 'pool_wait' LIMIT 1" <answer.json)
		said=$(sql pool.db "SELECT text FROM log WHERE run_id = ${run:-0}")
		[[ $said != *"($customer) waits"* ]] || led="$answer $(sql pool.db \
			"SELECT text LIKE '%($customer)%' FROM log WHERE log_id = $answer")"
	done
	matches "an answer that names another request leads to $customer, who waited" "$led" '^[0-9]+ 0$'
done
equal 'how a connection handed over came to its answer' \
	"$(chain <answer.json | sed 's/:[0-9]*$//')" \
	'0 here - say pool_mixup.c
0 here - on_database_answer pool_mixup.c
1 link uv_read_start query_cart pool_mixup.c
1 link uv_read_start on_turn pool_mixup.c
2 link uv_async_init pool_wait pool_mixup.c
2 link uv_async_init handle_request pool_mixup.c
2 link uv_async_init on_line pool_mixup.c
3 link uv_read_start on_connection pool_mixup.c
4 link uv_listen main pool_mixup.c'
equal 'and who handed it over, beside it' \
	"$(json "SELECT s.value ->> '\$.cause.api', f.value ->> '\$.function'
		FROM json_data, json_each(data, '\$.segments') AS s, json_each(s.value, '\$.cause.frames') AS f
		WHERE s.key = 2 AND f.value ->> '\$.module' LIKE '%/examples/%' ORDER BY f.key" <answer.json)" \
	'uv_async_send|pool_give_back
uv_async_send|on_database_answer'

# --- what the documents show ----------------------------------------------------------------------

frames() { # the frames in the examples that a text shows, without the alignment
	grep -E '^ #[0-9]+ .*examples/' | sed 's/  */ /g' | sort -u
}
without_core() { # nor what is typed at the prompt: prompt_stories.sh
	sed '/^\$ build\/acausal core core$/,/^```$/d; /^\$ build\/acausal debug/,/^```$/d'
}
documents=(cat "$ROOT/README.md" "$ROOT/examples/README.md")
equal 'the frames in README.md and examples/README.md are those that one sees' \
	"$("${documents[@]}" | without_core | frames)" \
	"$({ "$ACAUSAL" trace -r crash.db; "$ACAUSAL" trace -r pool.db "log:$answer"; } | frames)"
(ulimit -c unlimited && exec "$BUILD/examples/render_server" "$ROOT/examples/prices.csv") >/dev/null 2>&1
if [[ -s core ]]; then
	equal 'and those of the core' "$("${documents[@]}" | sed -n '/^\$ build\/acausal core core$/,/^```$/p' | frames)" \
		"$("$ACAUSAL" core core | frames)"
	rm core
else
	skip 'and those of the core' 'none was written here'
fi

# --- handles that leak --------------------------------------------------------------------------

status 'record of the server that leaks' 0 \
	"$ACAUSAL" record -o leak.db -- "$BUILD/examples/handle_leak"
check_recording leak.db
leaks="SELECT r.type, f.function, count(*)
	FROM resource_named AS r JOIN stack_frame AS f ON f.stack_id = r.stack_id AND f.depth = 0 AND f.inline_depth = 0
	WHERE r.destroyed_ns IS NULL AND r.type = 'uv_timer_t' GROUP BY 1, 2"
equal 'ten timers were never closed, all made in one place' "$(sql leak.db "$leaks")" \
	'uv_timer_t|start_deadline|10'
equal 'acausal sql says the same' \
	"$("$ACAUSAL" sql -r leak.db --format json "$leaks" |
		json "SELECT value ->> '\$.function', value ->> '\$.count(*)' FROM json_data, json_each(data)")" \
	'start_deadline|10'
equal 'all other timers were closed' \
	"$(sql leak.db "SELECT count(*) FROM resource_named WHERE type = 'uv_timer_t' AND destroyed_ns IS NOT NULL")" 30

done_testing
