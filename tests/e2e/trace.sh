# `trace`, `info`, `sql`, `debug` and help on recordings written by SQL: the rendering against golden
# files, JSON, points, ends in words, hostile and unfinished recordings, exit statuses.
#
# UPDATE=1 rewrites the golden files from what is printed now.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING COLUMNS NO_COLOR PAGER
golden=$ROOT/tests/golden

# make FILE SQL: a recording by the schema, filled by tests/fixtures/server.sql and then SQL.
make() {
	[[ -e server.base ]] || cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/server.sql" \
		"$ROOT/schema/indexes.sql" | sqlite3 -batch server.base
	cp server.base "$1"
	sqlite3 -batch "$1" <<<"${2-}"
}

# bare FILE SQL: the schema with one process and its main thread, filled by SQL.
bare() {
	rm -f "$1"
	cat "$ROOT"/schema/{tables,views}.sql - "$ROOT/schema/indexes.sql" <<<"
		INSERT INTO meta VALUES ('complete', '${3-1}');
		INSERT INTO process (process_id, os_pid, executable, started_ns) VALUES (1, 100, '/srv/app/server', 0);
		INSERT INTO thread VALUES (1, 1, 100, 'server', 'main', 1, NULL, 0, NULL, 0);
		INSERT INTO type VALUES (1, 'main', 'root', 'ROOT', 0), (2, 'uv_timer_t', 'handle', 'Timeout', 0),
			(3, 'uv_fs_t', 'request', 'FSREQCALLBACK', 1), (8, 'uv_thread_t', 'thread', 'THREAD', 1);
		INSERT INTO api VALUES (1, 'uv_timer_start'), (2, 'uv_fs_read'), (3, 'uv_timer_init');
		INSERT INTO frame (frame_id, module_id, address) VALUES (1, 1, 100), (2, 1, 200), (3, 1, 300), (4, 1, 151), (5, 1, 251);
		INSERT INTO module VALUES (1, '/srv/app/server', 'aa');
		INSERT INTO source (frame_id, inline_depth, function, file, line) VALUES (1, 0, 'main', '/srv/app/main.c', 9),
			(2, 0, 'on_tick', '/srv/app/tick.c', 5), (3, 0, 'on_data', '/srv/app/data.c', 7),
			(4, 0, 'on_tick', '/srv/app/tick.c', 2), (5, 0, 'on_data', '/srv/app/data.c', 3);
		INSERT INTO stack (stack_id, caller_id, frame_id) VALUES (1, NULL, 1), (2, NULL, 2), (3, NULL, 3);
		INSERT INTO origin (origin_id, thread_id, type_id, api_id, stack_id)
			VALUES (1, 1, 2, 1, 2), (2, 1, 2, 3, 1), (3, 1, 3, 2, 3), (4, 1, 2, 1, 1);
		INSERT INTO entry VALUES (1, 1, 'callback', NULL), (2, 1, 'callback', 4), (3, 1, 'callback', 5);
		INSERT INTO packed_resource (async_id, origin_id, type_id, trigger_delta, run_id, created_ns)
			VALUES (1, NULL, 1, NULL, NULL, 0), (2, 2, NULL, 1, 1, 10);
		INSERT INTO packed_run (run_id, async_id, entry_id, began_ns) VALUES (1, 1, 1, 0);
		$2" | sqlite3 -batch "$1"
}

trace() {
	"$ACAUSAL" trace "$@"
}

same_as_golden() { # NAME TEXT
	[[ -z ${UPDATE-} ]] || printf '%s\n' "$2" >"$golden/$1"
	equal "golden $1" "$2" "$(cat "$golden/$1" 2>/dev/null)"
}

make acausal.db

# --- the rendering ------------------------------------------------------------------------------

for columns in 80 100 160; do
	same_as_golden "trace-crash-$columns" "$(COLUMNS=$columns trace)"
done
same_as_golden trace-pipe "$(trace)"
same_as_golden trace-log "$(COLUMNS=100 trace log:2)"
same_as_golden trace-cause "$(COLUMNS=100 trace --by cause)"
same_as_golden trace-trigger "$(COLUMNS=100 trace --by trigger)"
same_as_golden trace-thread "$(COLUMNS=100 trace thread:2)"
same_as_golden trace-full-log "$(COLUMNS=100 trace --full log:1)"
same_as_golden info-timer "$(COLUMNS=100 "$ACAUSAL" info 43)"
same_as_golden info-stream "$(COLUMNS=100 "$ACAUSAL" info 31)"
same_as_golden info-stopped "$(COLUMNS=80 "$ACAUSAL" info 33)"
same_as_golden info-write "$(COLUMNS=100 "$ACAUSAL" info 35)"
same_as_golden info-file "$(COLUMNS=100 "$ACAUSAL" info 42)"
same_as_golden info-work "$(COLUMNS=100 "$ACAUSAL" info 41)"
same_as_golden info-loop "$(COLUMNS=100 "$ACAUSAL" info 2)"
same_as_golden info-run "$(COLUMNS=100 "$ACAUSAL" info run:84)"
same_as_golden info-crash "$(COLUMNS=100 "$ACAUSAL" info)"
same_as_golden overview "$(COLUMNS=100 "$ACAUSAL")"

for columns in 40 80 100 160; do
	equal "no line is wider than $columns columns" \
		"$(COLUMNS=$columns trace | awk -v w=$columns 'length($0) > w')" ''
done
equal 'a pipe gets no colour' "$(trace | tr -dc '\033')" ''
equal 'a terminal gets colour' \
	"$(script -qec "$ACAUSAL trace | cat; stty cols 90; PAGER=cat $ACAUSAL trace" /dev/null | grep -c $'\033\\[36m--')" 5
equal 'NO_COLOR is heeded on a terminal' \
	"$(NO_COLOR=1 PAGER=cat script -qec "$ACAUSAL trace" /dev/null | tr -dc '\033')" ''

# --- points -------------------------------------------------------------------------------------

functions() { # POINT [OPTION...]
	trace --format json "$@" |
		json "SELECT group_concat(f.value ->> '$.function', ' ') FROM json_data,
			json_each(data, '$.segments') s, json_each(s.value, '$.frames') f"
}
chain='schedule_retry on_page_read read_page key_hashed handle_get on_read on_connection main'
equal 'crash' "$(functions crash)" "render_row send_page on_retry $chain"
equal 'nothing named is the crash' "$(functions)" "render_row send_page on_retry $chain"
equal 'crash:1' "$(functions crash:1)" "render_row send_page on_retry $chain"
equal 'run:97' "$(functions run:97)" "on_retry $chain"
equal 'an async ID' "$(functions 43)" "${chain#* }"
equal '#42' "$(functions '#42')" "${chain#* * }"
equal '1:42' "$(functions 1:42)" "${chain#* * }"
equal 'log:2' "$(functions log:2)" '__GI___libc_write log_line on_read on_connection main'
equal 'thread:2' "$(functions thread:2)" 'handle_get on_read on_connection main'
equal '--by cause' "$(functions --by cause)" \
	'render_row send_page on_retry kick_retries on_flush main'
equal '--full shows how C starts main' "$(functions --full 5)" \
	'main __libc_start_main_impl _start'

for point in 1 2 5 12 31 33 35 40 41 42 43 run:1 run:9 run:62 run:70 run:71 run:80 run:84 log:1 crash thread:2; do
	for by in link cause trigger; do
		equal "trace --by $by $point is valid JSON and complete" \
			"$(trace --by $by --format json $point |
				json "SELECT json_valid(data), data ->> '$.complete' FROM json_data")" '1|1'
	done
	equal "info $point is valid JSON" \
		"$("$ACAUSAL" info --format json $point | json 'SELECT json_valid(data) FROM json_data')" 1
done
equal 'depth is the code when it was' \
	"$(trace --depth 2 --format json | json "SELECT data ->> '$.ended_code',
		json_array_length(data, '$.segments') FROM json_data")" 'depth|3'
equal 'a cause beside the link' \
	"$(trace --format json | json "SELECT data ->> '$.segments[1].cause.api',
		data ->> '$.segments[1].cause.run_id', data ->> '$.segments[1].cause.frames[0].function'
		FROM json_data")" 'uv_timer_again|94|kick_retries'

# --- what cannot be done ------------------------------------------------------------------------

one_line() { # WORDS STATUS PART COMMAND...
	local words=$1 expected=$2 part=$3
	shift 3
	status "$words: status $expected" "$expected" "$@"
	equal "$words: one line" "$(wc -l <"$TMP/err")" 1
	contains "$words: the line" "$(cat "$TMP/err")" "acausal: "
	contains "$words: its words" "$(cat "$TMP/err")" "$part"
	equal "$words: nothing on stdout" "$(cat "$TMP/out")" ''
}
A=$ACAUSAL
one_line 'an unknown ID' 1 '99999 is not in acausal.db' "$A" trace 99999
one_line 'an unknown run' 1 'run:99999 is not in' "$A" trace run:99999
one_line 'an unknown log line' 1 'log:9 is not in' "$A" info log:9
one_line 'no POINT' 2 'is no POINT' "$A" trace bogus
one_line 'a number too large' 2 'is no POINT' "$A" trace 99999999999999999999
one_line 'two POINTs' 2 'too many arguments' "$A" trace 1 2
one_line 'an unknown option' 2 "unknown option '--bogus'" "$A" trace --bogus
one_line 'a bad choice' 2 'link|cause|trigger' "$A" trace --by magic
one_line 'a bad depth' 2 'takes a number' "$A" trace --depth -1
one_line 'an unknown command' 2 "did you mean 'trace'" "$A" tarce
one_line 'a missing recording' 1 'acausal record COMMAND' "$A" trace -r nowhere.db
one_line 'a folder' 1 'a folder' "$A" trace -r .
one_line 'an executable' 1 "acausal record $A" "$A" trace -r "$A"
one_line 'a device' 1 'a device' "$A" trace -r /dev/null
: >empty.db
one_line 'an empty file' 1 'an empty file' "$A" trace -r empty.db
echo 'just some text, but long enough to hold a header of a hundred bytes or so: this is no recording' >text.db
one_line 'a text' 1 'not a recording' "$A" trace -r text.db
sqlite3 -batch foreign.db 'CREATE TABLE t (a)'
one_line 'a database of another program' 1 'another program' "$A" trace -r foreign.db
make newer.db 'PRAGMA user_version = 99'
one_line 'a newer schema' 1 'newer acausal (schema 99' "$A" trace -r newer.db
one_line 'a recording where a POINT belongs' 2 'type -r acausal.db' "$A" trace acausal.db
one_line 'a recording where a command belongs' 2 'acausal trace -r acausal.db' "$A" acausal.db
one_line 'a recording where a query belongs' 2 'type -r acausal.db' "$A" sql acausal.db

equal '-r before the command' "$("$A" -r acausal.db trace 43)" "$(trace -r acausal.db 43)"
contains 'what to type next names the recording that was named' "$(trace -r acausal.db 43)" \
	'acausal trace -r acausal.db run:80'
equal '$ACAUSAL_RECORDING' "$(ACAUSAL_RECORDING=acausal.db "$A" trace 43)" "$(trace 43)"

# --- folding ------------------------------------------------------------------------------------

# 1,000 runs of one timer that re-arms itself: run N + 1 was armed in run N. No fold rows.
chain="WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
	INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns, duration_ns)
		SELECT i, 2, i, 2, i * 1000, 10 FROM n;
	INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns, timeout_ms, end_code)
		SELECT run_id, 2, run_id - 1, CASE run_id WHEN 2 THEN 4 ELSE 1 END, run_id * 1000 - 900, 1, 1
		FROM packed_run WHERE run_id > 1;"
bare chain.db "$chain"
fold="SELECT json_array_length(data, '$.segments'), data ->> '$.segments[1].folded.segments',
	data ->> '$.segments[1].folded.times', data ->> '$.complete',
	data ->> '$.segments[2].frames[0].function' FROM json_data"
equal 'a streak is folded' "$(trace -r chain.db --format json run:1001 | json "$fold")" '3|1|998|1|main'
equal 'in the middle of it' "$(trace -r chain.db --format json run:501 | json "$fold")" '3|1|498|1|main'
equal 'two are not folded' \
	"$(trace -r chain.db --format json run:4 | json "SELECT json_array_length(data, '$.segments') FROM json_data")" 4
same_as_golden trace-folded "$(COLUMNS=100 trace -r chain.db run:1001)"
equal '--full folds nothing' \
	"$(trace -r chain.db --full --format json run:1001 | json "SELECT json_array_length(data, '$.segments') FROM json_data")" 1001
# The same with the runs between the fold's ends taken away: only a jump can reach main.
bare jump.db "$chain INSERT INTO fold VALUES (900, 1, 898, 2);
	DELETE FROM packed_run WHERE run_id BETWEEN 4 AND 898;"
equal 'a fold row is jumped' "$(trace -r jump.db --format json run:1001 | json "$fold")" '3|1|998|1|main'
# Repeats of two: odd runs are armed by one origin, even ones by another.
bare two.db "$chain UPDATE packed_arming SET origin_id = 3 WHERE run_id % 2 AND run_id > 1;
	INSERT INTO fold VALUES (901, 2, 449, 3);
	DELETE FROM packed_run WHERE run_id BETWEEN 6 AND 898;"
equal 'a fold row of period 2 is jumped' \
	"$(trace -r two.db --format json run:1001 |
		json "SELECT data ->> '$.segments[2].folded.segments', data ->> '$.segments[2].folded.times',
			data ->> '$.complete' FROM json_data")" '2|498|1'

# The same streak, its runs packed with the armings that they used up.
bare shot.db "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
	INSERT INTO packed_shot (run_id, async_id, arming_delta, origin_id, armer_delta, armed_ns, timeout_ms, entry_id,
			wait_ns, duration_ns)
		SELECT i, 2, 1, CASE i WHEN 2 THEN 4 ELSE 1 END, 1, i * 1000 - 900, 1, 2, 900, 10 FROM n;"
equal 'runs packed with their armings' "$(COLUMNS=100 trace -r shot.db run:1001)" "$(cat "$golden/trace-folded")"
equal 'info counts those' "$("$A" info -r shot.db --format json 2 |
	json "SELECT data ->> '$.run_count', data ->> '$.arming_count', data ->> '$.last_run_id',
		data ->> '$.armings[0].arming_id' FROM json_data")" '1000|1000|1001|1000'

# --- frames that are set aside ------------------------------------------------------------------

frames_of() { # FILE [OPTION...]
	trace -r "$1" --format json "${@:2}" run:3 | json "SELECT group_concat(f.value ->> '$.function', ' ')
		FROM json_data, json_each(data, '$.segments[1].frames') f"
}
# Run 2 arms run 3. Frame 4 is where its callback begins, 2 is in the middle of it, 3 of another function.
again="INSERT INTO stack (stack_id, caller_id, frame_id) VALUES (5, NULL, 4), (6, 5, 2), (7, 5, 3);
	INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns) VALUES (2, 2, 1, 2, 500), (3, 2, 2, 3, 600);
	INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns) VALUES (1, 2, 1, 4, 100), (2, 2, 2, 1, 550);"
bare tail.db "$again UPDATE origin SET stack_id = 7 WHERE origin_id = 1;"
equal 'a callback left by a tail call' "$(frames_of tail.db)" 'on_data on_tick'
contains '… is marked' "$(trace -r tail.db run:3)" 'tick.c:2  left by a tail call'
bare cold.db "$again UPDATE origin SET stack_id = 6 WHERE origin_id = 1;"
equal 'a callback whose split-off part stands there already' "$(frames_of cold.db)" on_tick
equal '… with --full' "$(frames_of cold.db --full)" 'on_tick on_tick'
bare cold_bare.db "$again UPDATE origin SET stack_id = 6 WHERE origin_id = 1;
	UPDATE source SET function = 'on_tick.cold' WHERE frame_id = 2;"
equal '… by the name of its part' "$(frames_of cold_bare.db)" on_tick.cold
bare wrapper.db "$again INSERT INTO module VALUES (2, '/usr/lib/libacausal.so', 'bb');
	INSERT INTO frame (frame_id, module_id, address) VALUES (6, 2, 100);
	INSERT INTO source (frame_id, inline_depth, function) VALUES (6, 0, 'uv_timer_start');
	INSERT INTO stack (stack_id, caller_id, frame_id) VALUES (8, 2, 6), (9, 8, 3);
	UPDATE origin SET stack_id = 9 WHERE origin_id = 1;"
equal "the recorder's wrapper is not the program's" "$(frames_of wrapper.db)" 'on_data on_tick'
equal '… with --full' "$(frames_of wrapper.db --full)" 'on_data uv_timer_start on_tick'

# --- long stacks --------------------------------------------------------------------------------

# What does not fold: run N was armed from one of two places, as the digits of N's square say.
bare long.db "$chain UPDATE packed_arming SET origin_id = 3 WHERE (run_id * run_id / 7) % 2;"
equal 'the middle of a long stack is left out' \
	"$(($(trace -r long.db run:1001 | wc -l) < 320))" 1
matches '… and counted' "$(trace -r long.db run:1001)" ' [0-9]+ segments more are left out, back to run:[0-9]+ at'
equal 'its end is shown' "$(trace -r long.db run:1001 | tail -n 1 | cut -c 1-40)" 'complete: 1,000 callbacks back to main  '
equal '--full leaves nothing out' "$(trace -r long.db --full run:1001 | grep -c '^-- ')" 1000
bare endless.db "${chain/i < 1001/i < 30001} UPDATE packed_arming SET origin_id = 3 WHERE (run_id * run_id / 7) % 2;"
equal 'the longest is not gone to its end' \
	"$(trace -r endless.db --format json run:30001 | json "SELECT data ->> '$.ended_code' FROM json_data")" depth
contains '… it says how to go on' "$(trace -r endless.db run:30001)" "go on with 'acausal trace run:"

# --- ends in words ------------------------------------------------------------------------------

ending() { # FILE POINT
	trace -r "$1" --format json "$2" | json "SELECT data ->> '$.ended_code' FROM json_data"
}
run3='INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns) VALUES'
bare unknown.db "$run3 (3, 2, NULL, 2, 500);"
equal 'unknown link' "$(ending unknown.db run:3)" unknown_link
bare gap.db "$run3 (3, 2, NULL, 2, 500); INSERT INTO gap VALUES (1, 1, 400, 450, 12, NULL);"
equal 'gap' "$(ending gap.db run:3)" gap
contains 'gap: in words' "$(trace -r gap.db run:3)" '12 events were lost'
bare before.db "$run3 (3, 77, NULL, 2, 500);"
equal 'before the recording' "$(ending before.db run:3)" before_recording
bare foreign_thread.db "INSERT INTO thread VALUES (2, 1, 101, 'x', 'user', 3, NULL, 0, NULL, 1);
	INSERT INTO entry VALUES (9, 2, 'callback', NULL); $run3 (3, NULL, NULL, 9, 500);"
equal 'a foreign thread' "$(ending foreign_thread.db run:3)" foreign_thread
cut="$run3 (9, 2, 9, 2, 900); INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns)
	VALUES (9, 2, 7, 1, 700);"
bare cut.db "$cut" 0
equal 'cut short' "$(ending cut.db run:9)" cut_short
contains 'cut short: in words' "$(trace -r cut.db run:9)" 'cut short before run:7 was written'
bare missing.db "$cut"
equal 'a run that is missing' "$(ending missing.db run:9)" damaged
# Without an index, and the root run not written yet, as while a recorder is at work.
bare growing.db "DELETE FROM packed_run WHERE run_id = 1; DROP TABLE IF EXISTS x;
	INSERT INTO packed_request (async_id, origin_id, trigger_delta, creator_delta, created_ns, run_id, entry_id, wait_ns)
		WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
		SELECT i, 3, i - 1, CASE i WHEN 3 THEN 2 ELSE 1 END, i * 10, i, 3, 5 FROM n;
	UPDATE packed_request SET run_id = 70000, creator_delta = 70000 - 4 WHERE async_id = 5;
	UPDATE packed_request SET run_id = 5, creator_delta = 1 WHERE async_id = 6;
	UPDATE packed_request SET run_id = 70001, creator_delta = 1 WHERE async_id = 60000;" 0
sqlite3 -batch growing.db 'DROP INDEX packed_request_by_run'
equal 'without an index: near and far' \
	"$(trace -r growing.db --full --format json run:70001 | json "SELECT data ->> '$.segments[1].run_id',
		data ->> '$.segments[2].run_id', data ->> '$.complete' FROM json_data")" '70000|4|1'

# --- hostile recordings -------------------------------------------------------------------------

make view.db 'ALTER TABLE packed_run RENAME TO hidden;
	CREATE VIEW packed_run AS WITH RECURSIVE r (run_id) AS (SELECT 1 UNION ALL SELECT run_id + 1 FROM r) SELECT * FROM r;'
one_line 'a view in place of a table' 1 'no plain table' timeout 10 "$A" trace -r view.db
make missing_table.db 'DROP TABLE fold'
one_line 'a missing table' 1 "'fold' is missing" "$A" trace -r missing_table.db
make column.db 'ALTER TABLE crash RENAME COLUMN signal TO sig'
one_line 'a missing column' 1 "lacks its column 'signal'" "$A" trace -r column.db
rm -f keyless.db
sed 's/run_id INTEGER PRIMARY KEY/run_id INTEGER/' "$ROOT/schema/tables.sql" | sqlite3 -batch keyless.db
one_line 'a table without its key' 1 'lacks its column' "$A" trace -r keyless.db
# The contract's own names as endless views: ours are used instead.
make trap.db 'DROP VIEW resource; CREATE VIEW resource AS WITH RECURSIVE r (a) AS (SELECT 1 UNION ALL SELECT a FROM r) SELECT * FROM r;'
equal "the recording's own views are not used" \
	"$(timeout 10 "$A" sql -r trap.db --format csv 'SELECT count(*) AS n FROM resource' | tr -d '\r')" $'n\n11'
make circle.db "UPDATE packed_arming SET run_id = 97 WHERE arming_id = 3;"
equal 'a link that leads forward' "$(ending circle.db crash)" damaged
make circle2.db "UPDATE packed_cause SET run_id = 97 WHERE cause_id = 1;"
equal 'a cause in a circle' \
	"$(timeout 10 "$A" trace -r circle2.db --by cause --format json | json "SELECT data ->> '$.ended_code' FROM json_data")" damaged
make circle3.db "UPDATE packed_resource SET trigger_delta = 31 - 43 WHERE async_id = 31;"
equal 'triggers in a circle' \
	"$(timeout 10 "$A" trace -r circle3.db --by trigger --format json | json "SELECT data ->> '$.ended_code' FROM json_data")" damaged
make stack.db "UPDATE stack SET caller_id = 12 WHERE stack_id = 10;"
contains 'a stack in a circle' "$(timeout 10 "$A" trace -r stack.db)" 'the stack is damaged'
make fold_lie.db "INSERT INTO fold VALUES (97, 1, 9223372036854775807, 96), (90, -5, 3, 1), (84, 8, 100, 84), (62, 3, 1000, -7);"
check 'fold rows that lie' timeout 10 "$A" trace -r fold_lie.db
make control.db "UPDATE source SET function = 'evil' || char(27) || '[31m' || char(10) || 'x' || char(8238) || 'y'
	WHERE function = 'render_row'; UPDATE process SET executable = '/x/' || char(27) || ']0;t' || char(7);
	UPDATE crash SET message = char(155) || '2J'; UPDATE detail SET text = CAST(x'c3280a1b' AS TEXT);
	UPDATE packed_log SET text = x'1b5b324aff' WHERE log_id = 2;"
for command in 'trace' 'trace log:2' 'info' 'info log:2' 'info 42' 'sql SELECT*FROM(source)' 'sql SELECT*FROM(log)' ''; do
	equal "no control characters from: $command" \
		"$("$A" -r control.db $command | LC_ALL=C tr -dc '\000-\010\013-\037\177' | od -c)" "$(printf '' | od -c)"
	equal "valid UTF-8 from: $command" "$("$A" -r control.db $command | iconv -f UTF-8 -t UTF-8 2>&1 >/dev/null)" ''
done
contains 'they are written out' "$("$A" trace -r control.db)" 'evil\x1b[31m\nx\u{202e}y'
for command in 'trace' 'trace log:2' 'info log:2' 'info 42' 'sql SELECT*FROM(source)' 'sql SELECT*FROM(log)'; do
	equal "valid JSON from: $command" \
		"$("$A" -r control.db $command --format json | json 'SELECT json_valid(data) FROM json_data')" 1
done
make giant.db "UPDATE source SET function = hex(zeroblob(5000000)), file = hex(zeroblob(5000000)); UPDATE packed_log SET text = hex(zeroblob(20000000));"
check 'giant texts' timeout 20 "$A" trace -r giant.db
check 'giant log line' timeout 20 "$A" trace -r giant.db log:2
equal 'they are cut' "$(($("$A" trace -r giant.db | wc -c) < 400000))" 1
for bytes in 100 512 5000 20000 60000; do
	head -c $bytes acausal.db >truncated.db
	status "truncated to $bytes bytes" 1 timeout 10 "$A" trace -r truncated.db
	equal "truncated to $bytes bytes: one line" "$(wc -l <err)" 1
done

# --- sql ----------------------------------------------------------------------------------------

equal 'sql text' "$("$A" sql 'SELECT thread_id, role FROM thread')" $'thread_id  role\n        1  main\n        2  pool'
equal 'sql json' "$("$A" sql --format json 'SELECT 9007199254740993 AS big, NULL AS n, 1.5 AS r')" \
	$'[\n{"big": "9007199254740993", "n": null, "r": 1.5}]'
equal 'sql csv' "$("$A" sql --format csv "SELECT 'a,\"b' AS x" | tr -d '\r')" $'x\n"a,""b"'
equal 'sql from stdin' "$(echo 'SELECT 1 AS one' | "$A" sql --format csv | tr -d '\r')" $'one\n1'
equal 'no rows is no failure' "$("$A" sql 'SELECT 1 AS x WHERE 0'; echo $?)" $'x\n0'
one_line 'an error with its place' 1 'at character 8' "$A" sql 'SELECT nowhere FROM run'
for query in 'DELETE FROM log' 'CREATE TABLE x (a)' "ATTACH 'x.db' AS x" 'PRAGMA journal_mode = DELETE' \
	'CREATE TEMP TABLE x (a)' "SELECT load_extension('x')" 'PRAGMA writable_schema = 1' 'VACUUM' "VACUUM INTO 'x.db'"; do
	status "refused: $query" 1 "$A" sql "$query"
done
check 'nothing was made' test ! -e x.db
contains '.tables' "$("$A" sql .tables)" run_edge
contains '.schema' "$("$A" sql .schema packed_run)" 'run_id INTEGER PRIMARY KEY'
equal 'the views of the contract answer' \
	"$(for view in resource run arming cause run_edge stack_frame resource_named log_named; do
		"$A" sql --format csv "SELECT count(*) > 0 FROM $view" | tail -n 1 | tr -d '\r\n'; done)" 11111111

# --- the prompt ---------------------------------------------------------------------------------

# What is to be typed next needs no name of a program there.
at_prompt() {
	trace 43 | sed 's/acausal trace/        trace/'
}
equal 'the prompt without a terminal' \
	"$(printf 'trace 43\nsql SELECT '"'it''s'"' AS x\nquit\nnever\n' | "$A" debug 2>&1)" "$(at_prompt; printf "x\nit's")"
equal 'beginnings and aliases' "$(echo 'tr 43' | "$A" debug)" "$(at_prompt)"
status 'a failing line' 1 bash -c "echo 'trace 99999' | '$A' debug"
printf 'info 43\ntrace nowhere\ninfo 5\n' >commands
status '--batch ends at the first failure' 2 "$A" debug --batch -x commands
equal '--batch: what came before' "$(cat out)" "$("$A" info 43 | sed 's/acausal trace/trace/')"

# --- help ---------------------------------------------------------------------------------------

for command in record trace info log sql debug help; do
	contains "acausal help lists $command" "$("$A" help)" "  $command "
	check "help $command" "$A" help $command
	check "$command --help" "$A" $command --help
	matches "a manual page for $command" "$("$A" help --man $command)" "^.TH ACAUSAL"
	equal "the manual page of $command is clean roff" \
		"$(command -v groff >/dev/null && "$A" help --man $command | groff -man -ww -z 2>&1)" ''
done
contains 'columns of a manual page stay' "$("$A" help --man log)" $'\nacausal log \'timeout|refused\'             lines that match'
contains '… of what goes on in a line of its own too' "$("$A" help --man diff)" $'\n                 the other one'
contains '--version' "$("$A" --version)" 'acausal '
mkdir nothing && cd nothing || exit 1
contains 'no recording here: how to make one' "$("$A")" 'acausal record ./program'
one_line 'no recording here, but asked for' 1 'acausal record COMMAND' "$A" trace
done_testing
