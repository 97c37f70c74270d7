# `why`: in words and as JSON, on recordings written by SQL and on real ones: what held a loop, who filled the
# pool, who cancelled, what was nested, why something was never destroyed, what is not known.
#
# UPDATE=1 rewrites the golden files from what is printed now.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING NO_COLOR PAGER
export COLUMNS=100
A=$ACAUSAL golden=$ROOT/tests/golden

for name in server library; do
	cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/$name.sql" "$ROOT/schema/indexes.sql" |
		sqlite3 -batch "$name.db"
done

why() { # -r FILE POINT: the words, on one line
	"$A" why "$@" 2>&1 | sed '$d' | tr -s '\n ' ' '
}

fact() { # PATH -r FILE POINT
	local path=$1
	shift
	"$A" why --format json "$@" | json "SELECT data ->> '\$.$path' FROM json_data"
}

same_as_golden() { # NAME TEXT
	[[ -z ${UPDATE-} ]] || printf '%s\n' "$2" >"$golden/$1"
	equal "golden $1" "$2" "$(cat "$golden/$1" 2>/dev/null)"
}

# --- written by SQL -------------------------------------------------------------------------------

for point in crash run:84 33 log:2; do
	same_as_golden "why-${point//:/-}" "$("$A" why -r server.db $point)"
done
same_as_golden why-80 "$(COLUMNS=80 "$A" why -r server.db run:84)"
equal 'a pipe has lines of 100 columns' "$(env -u COLUMNS "$A" why -r server.db 33 | wc -L)" 100
equal 'who held the loop, as JSON' "$(fact 'held_by[0].callback' -r server.db run:84)" reload_config
equal '… how long' "$(fact 'held_by[0].ns' -r server.db run:84)" 8200000
equal '… the wait' "$(fact pool_queue_ns -r server.db run:84) $(fact pool_ns -r server.db run:84)" '300000 500000'
equal 'who armed it' "$(fact armed.run_id -r server.db run:97) $(fact armed.api -r server.db run:97)" '90 uv_timer_start'
equal 'who made it fire' "$(fact fired.run_id -r server.db run:97) $(fact fired.kind -r server.db run:97)" '94 again'
contains 'and what to type next' "$("$A" why -r server.db run:97)" 'acausal trace -r server.db run:94'
contains 'from the kernel' "$(why -r server.db run:9)" 'The loop came back from the kernel at +68.699000 s'
contains 'a thread' "$(why -r server.db thread:1)" 'thread:1 (main) was killed in run:97 (on_retry of timer 43).'
contains 'a process' "$(why -r server.db process:1)" 'It is where the program begins: nothing that is recorded started server --port 3000.'
contains 'a timer without a reference' "$(why -r server.db 33)" \
	'It is not referenced, and so does not keep its loop running: uv_unref in run:1 (the main thread).'
equal 'without a point: the crash' "$("$A" why -r server.db)" "$("$A" why -r server.db crash)"
status 'no such run' 1 "$A" why -r server.db run:98
status 'no such point' 2 "$A" why -r server.db nothing

contains 'who filled the pool' "$(why -r library.db 1100)" \
	'Meanwhile the pool had uv_fs_read of fs 1001, fs 1002, fs 1003 and'
equal '… as JSON' "$(fact 'pool_had[0].async_id' -r library.db 1100)" 1001
contains '… and estimates are said to be some' "$(why -r library.db 1100)" 'at least 50.0 ms went in the pool'
contains 'armed, not due yet' "$(why -r library.db 301)" \
	'timer 301, armed by uv_timer_start in keep (keep.c:5), in run:1 (the main thread), at +0.001100 s, still waited for its time, due at +60.001100 s, when its process ended at +1.000000 s.'
contains '… and keeps its loop running' "$(why -r library.db 301)" 'It is referenced, and so keeps its loop running.'
equal 'being closed' "$(fact resource.state -r library.db 303)" closing
contains '… by whom' "$(why -r library.db 303)" 'It was closed by uv_close in keep (keep.c:5), in run:1'
equal 'never armed' "$(fact resource.state -r library.db 304)" never_armed
contains '… so it never ran' "$(why -r library.db 304)" 'Nothing ever armed it, and so it never ran. It was never destroyed'
equal 'a request that has not come back' "$(fact resource.state -r library.db 305)" pending
contains '… on what' "$(why -r library.db 305)" 'Its callback had not run when its process ended at +1.000000 s; it was a request on tcp 304.'

# --- what is not known ----------------------------------------------------------------------------

cp server.db odd.db
sqlite3 -batch odd.db "UPDATE packed_run SET arming_id = NULL WHERE run_id = 62;
	INSERT INTO gap (gap_id, thread_id, from_ns, to_ns, lost) VALUES (1, 1, 80000000000, 80100000000, 7)"
contains 'lost events' "$(why -r odd.db run:62)" "Who armed it is not known: 7 events were lost at +80.000000 s, this run's arming probably among them."
equal '… as JSON' "$(fact ended -r odd.db run:62)" "7 events were lost at +80.000000 s, this run's arming probably among them"
sqlite3 -batch odd.db "UPDATE gap SET reason = 'paused'"
contains 'a pause' "$(why -r odd.db run:62)" 'Who armed it is not known: recording was paused at +80.000000 s'
sqlite3 -batch odd.db "DELETE FROM gap; UPDATE packed_run SET arming_id = 77 WHERE run_id = 62"
contains 'a row that is missing' "$(why -r odd.db run:62)" 'Who armed it is not known: arming 77 is missing in the recording.'
cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/library.sql" - <<<"UPDATE meta SET value = 0 WHERE key = 'complete'" |
	sqlite3 -batch cut.db
contains 'without an index' "$(why -r cut.db 301)" 'is not told: an unfinished recording has no index for that.'
check '… a request' "$A" why -r cut.db 1100

# --- real -----------------------------------------------------------------------------------------

run_of() { # FILE CALLBACK
	sql "$1" "SELECT min(run_id) FROM run JOIN source ON frame_id = callback_frame_id AND function = '$2'"
}

check 'a loop that is held is recorded' "$A" record -o held.db "$BUILD/tests/uv_held"
hog=$(run_of held.db on_hog)
for callback in on_late on_sent on_closed on_worked on_stated; do
	equal "$callback was held up by on_hog" "$(fact 'held_by[0].run_id' -r held.db "run:$(run_of held.db $callback)")" "$hog"
done
matches 'a timer that was late' "$(why -r held.db "run:$(run_of held.db on_late)")" \
	"and it ran [0-9.]+ ms late. The loop was held meanwhile by run:$hog, on_hog \([^ ]*uv_held.c:[0-9]+\) of timer [0-9]+, for [0-9.]+ ms"
cp held.db early.db
sqlite3 -batch early.db "UPDATE packed_shot SET timeout_ms = 60000 WHERE run_id = $(run_of held.db on_late);
	UPDATE packed_arming SET timeout_ms = 60000 WHERE timeout_ms > 0"
early=$(why -r early.db "run:$(run_of held.db on_late)")
matches 'a timer that was early: its loop had not looked at the clock' "$early" \
	'It ran [0-9.]+ s before its time was over: libuv counts from when the loop last looked at the clock'
[[ $early != *'on time'* ]] && ok '… and not on time' || not_ok '… and not on time'
matches 'what the hog did' "$(why -r held.db "run:$hog")" \
	'It made .* it armed timer [0-9]+; it closed idle [0-9]+; it fired async [0-9]+ by uv_async_send\.'

check 'nested loops are recorded' "$A" record -o edges.db "$BUILD/tests/uv_edges"
inner=$(run_of edges.db on_inner_timer) outer=$(run_of edges.db on_outer_timer)
contains 'a nested run' "$(why -r edges.db "run:$inner")" \
	"It ran inside of run:$outer (on_outer_timer of timer"
contains '… in a loop of its own' "$(why -r edges.db "run:$inner")" 'which was in a loop of its own (a nested uv_run).'
contains '… and the other way' "$(why -r edges.db "run:$outer")" "Inside of it ran run:$inner (on_inner_timer of timer"
cancelled=$(run_of edges.db on_after_cancelled)
contains 'a cancelled request' "$(why -r edges.db "run:$cancelled")" 'It was cancelled by uv_cancel in on_canceller ('
contains '… its status' "$(why -r edges.db "run:$cancelled")" 'Its status was ECANCELED.'

check 'a leak is recorded' "$A" record -o leak.db "$BUILD/examples/handle_leak"
leaked=$("$A" query -r leak.db leaks leaked --format json | json "SELECT data ->> '\$[0].async_id' FROM json_data")
equal 'why it is not destroyed' "$(fact resource.state -r leak.db "$leaked")" stopped
contains '… in words' "$(why -r leak.db "$leaked")" 'was stopped in refuse ('
contains '… nobody closed it' "$(why -r leak.db "$leaked")" 'and nothing armed it again. It was never destroyed: nobody had called uv_close on it when its process ended'
closed=$(sql leak.db "SELECT async_id FROM arming WHERE \"end\" = 'closed' LIMIT 1")
contains 'a deadline that was met' "$(why -r leak.db "$closed")" 'It is the closing that was asked for by uv_close in end_connection ('
contains '… had not fired' "$(why -r leak.db "$closed")" 'Until then it had waited, armed by uv_timer_start(30000 ms) in run:'

# --- hostile --------------------------------------------------------------------------------------

cp server.db hostile.db
sqlite3 -batch hostile.db "
	UPDATE packed_run SET began_ns = 9223372036854775807, duration_ns = 9223372036854775807 WHERE run_id = 80;
	UPDATE packed_run SET began_ns = -9223372036854775807, duration_ns = -1, cause_id = 9223372036854775807 WHERE run_id = 94;
	UPDATE packed_cause SET caused_ns = -9223372036854775808, run_id = 97, async_id = -1 WHERE cause_id = 1;
	UPDATE packed_arming SET armed_ns = -9223372036854775807, timeout_ms = 9223372036854775807, times = 9223372036854775807;
	UPDATE packed_pool SET began_ns = -1, duration_ns = 9223372036854775807;
	UPDATE packed_poll SET wait_ns = 9223372036854775807 WHERE entered_ns > 130000000;
	INSERT INTO packed_outer VALUES (97, 97, -5), (62, 9223372036854775807, NULL), (90, 62, 1);
	INSERT INTO packed_run (run_id, async_id, entry_id, began_ns, duration_ns) SELECT value, 33, 10, value, 9223372036854775807
		FROM json_each('[1000, 9223372036854775807, 1099511627777]');
	UPDATE source SET function = char(27) || ']0;' || function || char(8238), file = char(10, 27) || file"
for point in crash run:97 run:94 run:90 run:84 run:80 run:71 run:62 run:9 run:1 run:1000 run:2:1 \
	43 41 33 12 5 1 log:2 thread:2 process:1; do
	text=$(timeout 20 "$A" why -r hostile.db $point 2>&1)
	matches "hostile: $point ends" $? '^[01]$'
	[[ $text != *$'\e'* ]] || not_ok "hostile: $point leaves the terminal alone"
done

done_testing
