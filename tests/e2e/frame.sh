#!/usr/bin/env bash
# `frame`, `up`, `down` and `trace --source` on recordings written by SQL and on a real crash: numbers
# through all segments, boundaries, ends, folded and left-out segments, JSON, hostile stacks.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING ACAUSAL_SOURCE_PATH COLUMNS NO_COLOR PAGER
export COLUMNS=100

make() { # FILE [SQL]
	[[ -e server.base ]] || { echo 'PRAGMA synchronous = OFF;' && cat "$ROOT"/schema/{tables,views}.sql \
		"$ROOT/tests/fixtures/server.sql" "$ROOT/schema/indexes.sql"; } | sqlite3 -batch server.base >/dev/null
	cp server.base "$1"
	sqlite3 -batch "$1" <<<"PRAGMA synchronous = OFF; ${2-}" >/dev/null
}

# at_prompt COMMAND...: what these print, one after another.
at_prompt() {
	printf '%s\n' "$@" | "$ACAUSAL" debug acausal.db 2>&1
}

# number_of TEXT: the frame that was shown last, as "#4 on_page_read".
number_of() {
	sed -n 's/^ \(#[0-9]*\) *\([^ ]*\).*/\1 \2/p' <<<"$1" | tail -n 1
}

make acausal.db

# --- where one is -------------------------------------------------------------------------------

equal 'without a trace yet: the crash, innermost' "$(number_of "$(at_prompt frame)")" '#0 render_row'
equal 'frame 4' "$(number_of "$(at_prompt 'frame 4')")" '#4 on_page_read'
equal 'as it stands on the screen' "$(number_of "$(at_prompt 'frame #4')")" '#4 on_page_read'
equal 'up goes over a boundary' "$(number_of "$(at_prompt 'frame 2' up)")" '#3 schedule_retry'
equal 'up N and down N' "$(number_of "$(at_prompt 'up 7' 'down 2')")" '#5 read_page'
equal 'up beyond the end goes to the end' "$(number_of "$(at_prompt 'up 999999999999')")" '#10 main'
equal 'down beyond the beginning too' "$(number_of "$(at_prompt 'up 4' 'down 99')")" '#0 render_row'
equal 'after trace of another point, its stack' \
	"$(number_of "$(at_prompt 'frame 4' 'trace 31' 'up')")" '#1 main'
equal 'tracing the same again leaves the frame' \
	"$(number_of "$(at_prompt trace 'frame 4' 'trace crash' frame)")" '#4 on_page_read'
equal 'by another rule it is another stack' \
	"$(number_of "$(at_prompt 'trace --by cause' 'frame 3')")" '#3 kick_retries'
equal 'with --full the numbers are those that it shows' \
	"$(number_of "$(at_prompt 'trace --full log:1' 'frame 2')")" '#2 __libc_start_main_impl'
equal '. remains what was traced' \
	"$(at_prompt 'trace 31' 'up' 'info .' | grep -c '^next *trace 31$')" 1
equal '… also when nothing was' "$(at_prompt 'up' 'info .' | grep -c '^crash  *SIGSEGV')" 1
equal 'a frame leaves what was looked at since' \
	"$(at_prompt trace 'info 31' 'frame 3' 'info .' | grep -c '^next *trace 31$')" 2
equal 'info of another thing leaves the stack' \
	"$(number_of "$(at_prompt 'trace crash' 'info 31' 'frame')")" '#0 render_row'
equal 'another recording has another stack' \
	"$(printf 'frame 4\n' | "$ACAUSAL" debug acausal.db | grep -c on_page_read)" 2

shown=$(at_prompt 'frame 2' up)
contains 'the boundary that was crossed' "$shown" \
	'-- run:97 armed by uv_timer_start(500 ms, repeat 50) on timer 43 in run:90 -'
contains 'what made it fire is not left out' "$shown" 'fired by uv_timer_again in run:94'
contains 'in which run it stood' "$shown" 'in run:90, on_page_read of fs 42 (fd 11), on thread:1, at +80.837890 s'
shown=$(at_prompt 'frame 4' 'down 2')
contains 'downwards the same boundary' "${shown#*run:90, on_page}" '-- run:97 armed by'
contains 'over more than one' "$(at_prompt 'frame 9')" '3 segments between'
equal '… there and back' "$(at_prompt 'frame 10' 'down 99' | grep -c '4 segments between')" 2
equal 'within a segment none' "$(at_prompt 'frame 5' 'up' | grep -c '^-- ')" 1

# --- what cannot be done ------------------------------------------------------------------------

contains 'up at the end' "$(at_prompt 'frame 10' up)" 'acausal: up: #10 is the outermost frame'
contains 'down at the beginning' "$(at_prompt down)" 'acausal: down: #0 is the innermost frame'
contains 'no such frame' "$(at_prompt 'frame 11')" 'acausal: frame: there is no #11: the last is #10'
contains 'no number' "$(at_prompt 'frame main')" "a frame's number is wanted"
contains 'a negative one' "$(at_prompt 'up -1' 2>&1)" 'acausal: '
status 'in the shell, a frame of any point' 0 "$ACAUSAL" frame 1 --of 31
contains '… that one' "$(cat "$TMP/out")" ' #1   main'
status 'up is for the prompt' 2 "$ACAUSAL" up
status 'a point that is not there' 1 "$ACAUSAL" frame --of 999
equal 'one line of it' "$(wc -l <"$TMP/err")" 1

# --- JSON ---------------------------------------------------------------------------------------

frame_json() { # N COLUMNS
	"$ACAUSAL" frame "$1" --format json | json "SELECT $2 FROM json_data"
}
equal 'JSON' "$(frame_json 5 "data ->> '$.number', data ->> '$.segment', data ->> '$.edge',
	data ->> '$.run_id', data ->> '$.frame.function', data ->> '$.frame.line', data ->> '$.point'")" \
	'5|2|link|84|read_page|64|crash:1'
# Every frame of the trace, by its number.
equal 'frame N is frame N of trace' \
	"$(for n in {0..10}; do frame_json "$n" "data ->> '$.frame.function'"; done)" \
	"$("$ACAUSAL" trace --format json | json "SELECT f.value ->> '$.function' FROM json_data,
		json_each(data, '$.segments') s, json_each(s.value, '$.frames') f")"
for columns in 40 80 160; do
	equal "no line is wider than $columns columns" \
		"$(for n in {0..10}; do COLUMNS=$columns "$ACAUSAL" frame "$n"; done |
			awk -v w=$columns 'length($0) > w')" ''
done

# --- long stacks --------------------------------------------------------------------------------

# 300 segments that differ from their neighbours: the middle is left out. On every stack stands also
# why it ends, which has no number.
make acausal.db "
	INSERT INTO frame (frame_id, end_reason) VALUES (900, 'the stack could not be read further');
	INSERT INTO stack (stack_id, caller_id, frame_id) VALUES (900, NULL, 900);
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
		INSERT INTO frame (frame_id, module_id, address) SELECT 1000 + i, 1, 9000 + i FROM n;
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
		INSERT INTO source (frame_id, inline_depth, function, file, line)
		SELECT 1000 + i, 0, 'step_' || i, '/srv/app/src/step.c', i FROM n;
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
		INSERT INTO stack (stack_id, caller_id, frame_id) SELECT 1000 + i, 900, 1000 + i FROM n;
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
		INSERT INTO origin (origin_id, thread_id, type_id, api_id, stack_id)
		SELECT 1000 + i, 1, (SELECT type_id FROM type WHERE name = 'uv_timer_t'),
			(SELECT api_id FROM api WHERE name = 'uv_timer_start'), 1000 + i FROM n;
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
		INSERT INTO packed_resource (async_id, origin_id, trigger_delta, run_id, created_ns)
		SELECT 1000 + i, 1000 + i, 1, CASE i WHEN 1 THEN 1 ELSE 1000 + i - 1 END, i FROM n;
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
		INSERT INTO packed_shot (run_id, async_id, arming_delta, origin_id, armer_delta, armed_ns,
			entry_id, wait_ns, duration_ns)
		SELECT 1000 + i, 1000 + i, 0, 1000 + i, CASE i WHEN 1 THEN 1000 ELSE 1 END, i,
			(SELECT min(entry_id) FROM entry), 10, 5 FROM n;"
traced=$("$ACAUSAL" trace run:1300)
contains 'the middle is left out' "$traced" 'segments more are left out'
last=$(sed -n 's/^ #\([0-9]*\) *step_1 .*/\1/p' <<<"$traced")
number=$("$ACAUSAL" frame "$last" --of run:1300 --format json |
	json "SELECT data ->> '$.frame.function' FROM json_data")
equal 'numbers after it are those of frame' "$number" 'step_1'
equal '… and of --full' "$("$ACAUSAL" trace --full run:1300 | sed -n 's/^ #\([0-9]*\) *step_1 .*/\1/p')" \
	"$last"
contains 'a frame in the middle can be chosen' "$("$ACAUSAL" frame 150 --of run:1300)" 'step_'

# --- a real one, and source beside it -----------------------------------------------------------

"$ACAUSAL" record -o real.db "$BUILD/examples/render_server" "$ROOT/examples/prices.csv" >/dev/null 2>&1
line=$(grep -n 'for (i = 0; cell\[i\]\|used, size - used' "$ROOT/examples/render_server.c" | head -n 1)
contains 'what is written where it crashed' "$("$ACAUSAL" frame -r real.db)" "${line%%:*} | "
contains 'up shows what its caller wrote' "$(printf 'up\n' | "$ACAUSAL" debug real.db)" \
	'append_cell(request->output, sizeof request->output'
shown=$("$ACAUSAL" trace --source 3 -r real.db)
contains 'trace --source' "$shown" '> '
equal '… three lines for each frame that has a file' \
	"$(grep -c '^      [> ] *[0-9]* |' <<<"$shown")" \
	"$((3 * $(grep -c '^ #' <<<"$shown")))"
equal '… and nothing else is different' \
	"$(grep -v '^      [> ] *[0-9]* |' <<<"$shown")" \
	"$("$ACAUSAL" trace -r real.db | grep -v '^        [0-9]* |')"
status 'a bad number of lines' 2 "$ACAUSAL" trace --source x -r real.db

# A recording that grows is opened anew for each command: nothing of the one before may be used.
# Somebody who has it open and is called with the word "record" passes for a recorder.
sqlite3 real.db "PRAGMA journal_mode = WAL; UPDATE meta SET value = '0' WHERE key = 'complete'" >/dev/null
coproc python3 -c 'import sqlite3, sys
base = sqlite3.connect(sys.argv[2])
base.execute("SELECT key FROM meta").fetchall()
print("open", flush=True)
sys.stdin.read()' record real.db
read -r -u "${COPROC[0]}" _
printf 'trace\nup\nup\nlist\nlist\nframe\n' >commands
contains 'it counts as growing' "$("$ACAUSAL" trace -r real.db)" 'the recording is still growing'
equal 'in one that grows as in a finished one' \
	"$("$ACAUSAL" debug real.db <commands 2>&1 | grep -v 'still growing')" \
	"$(cp real.db done.db; sqlite3 done.db "UPDATE meta SET value = '1' WHERE key = 'complete'"
		"$ACAUSAL" debug done.db <commands 2>&1)"
eval "exec ${COPROC[1]}>&-"
wait

done_testing
