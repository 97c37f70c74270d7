#!/usr/bin/env bash
# The cursor in time: `at`, `goto`, `step`, `next`, `back`, `rback`, `watch`. What they come to is compared with what
# the contract's views say, on recordings whose every moment is known and on a program of many threads and processes.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING COLUMNS
A=$ACAUSAL
for name in time server; do
	cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/$name.sql" "$ROOT/schema/indexes.sql" |
		sqlite3 -batch "$name.db"
done

# prompt FILE LINE...: what the prompt answers.
prompt() {
	local file=$1
	shift
	printf '%s\n' "$@" >commands
	"$A" debug -r "$file" -x commands </dev/null 2>&1
}

# places FILE LINE...: where each line led: the moment in milliseconds, the thread, the run.
places() {
	local file=$1
	shift
	prompt "$file" "${@/%/ --format json}" | grep '^{' | paste -sd, | sed 's/.*/[&]/' |
		json "SELECT group_concat(((value ->> '\$.ns') / 1000000) || '@' || (value ->> '\$.thread_id') ||
			coalesce(' run:' || (value ->> '\$.run.run_id'), ''), ', ') FROM json_data, json_each(data)"
}

equal 'steps' "$(places time.db 'step' 'step' 'step' 'step 3' 'step' 'step')" \
	'0@1 run:1, 120@1 run:4, 180@1 run:6, 224@1 run:9, 240@1 run:10, 245@1 run:11'
equal 'step into, next over, back' "$(places time.db 'goto run:8' 'step' 'goto run:8' 'next' 'back' 'back' 'back 3')" \
	'222@1 run:8, 224@1 run:9, 222@1 run:8, 240@1 run:10, 224@1 run:9, 222@1 run:8, 120@1 run:4'
equal 'next in a nested run, and out of it' "$(places time.db 'goto run:9' 'next' 'at 396ms' 'next' 'at 399.5ms' 'next')" \
	'224@1 run:9, 240@1 run:10, 396@1 run:12, 950@1 run:14, 399@1 run:13, 950@1 run:14'
equal 'from a moment' "$(places time.db 'at 123ms' 'back' 'at 225ms' 'step' 'at 120ms' 'back' 'at 120ms' 'step')" \
	'123@1 run:4, 120@1 run:4, 225@1 run:9, 240@1 run:10, 120@1 run:4, 120@1 run:4, 120@1 run:4, 180@1 run:6'
equal 'before and after the cursor' "$(places time.db 'at 200ms' 'at -75ms' 'at .+100ms' 'at +0.4 s' 'at start' 'at end')" \
	'200@1 run:1, 125@1 run:1, 225@1 run:9, 400@1 run:12, 0@1 run:1, 1000@1 run:14'
equal 'by the clock of the recording' "$(places time.db 'at 2026-11-22T00:10:00.725Z')" '225@1 run:9'
equal 'to another thread, at the same moment' "$(places time.db 'at 165ms' 'goto thread:2' 'goto thread:1' 'goto thread:4' 'goto process:1')" \
	'165@1 run:1, 165@2 run:5, 165@1 run:1, 501@4 run:1099511627777, 501@1 run:1'
equal 'on another thread' "$(places time.db 'goto thread:2' 'step' 'step' 'back')" '60@2 run:3, 161@2 run:5, 970@2 run:15, 161@2 run:5'
equal 'to a resource' "$(places time.db 'goto 8' 'step' 'goto 2:2' 'step')" '123@1 run:4, 180@1 run:6, 500@1 run:1, 950@1 run:14'
equal 'back to the reason' "$(places time.db 'goto run:7' 'rback' 'rback' 'goto run:7' 'rback 2')" \
	'190@1 run:7, 124@1 run:4, 20@1 run:1, 190@1 run:7, 20@1 run:1'
equal 'to what made it fire' "$(places time.db 'goto run:10' 'rback --by cause')" '240@1 run:10, 230@3 run:2'
equal 'the reason from the middle of a run' "$(places time.db 'at 245.5ms' 'rback')" '245@1 run:11, 225@1 run:9'
equal 'across processes' "$(places time.db 'goto run:2:2' 'rback')" '820@4 run:1099511627778, 410@1 run:12'
equal 'a crash and its reasons' "$(places server.db 'goto crash' 'rback' 'rback' 'rback' 'rback' 'rback')" \
	'81200@1 run:97, 80837@1 run:90, 80835@1 run:84, 80824@1 run:62, 68700@1 run:9, 120@1 run:1'
equal 'backwards from the crash' "$(places server.db back)" '81200@1 run:97'
equal 'a log line' "$(places server.db 'goto log:2' | cut -d' ' -f2)" run:62

contains 'the last callback' "$(prompt time.db 'goto run:14' step)" 'no callback begins after that on thread:1'
contains 'a run that never ended' "$(prompt time.db 'goto run:14' next)" 'the run that the cursor is in never ended'
contains 'before the first' "$(prompt time.db 'at start' back back)" 'no callback began before that on thread:1'
contains 'no further reason' "$(prompt time.db 'goto run:1' rback)" "there is nothing further back: this is the program's own start"
contains 'fewer steps than asked for' "$(prompt time.db 'goto run:10' 'step 100')" 'run:14'
cp time.db later.db
sqlite3 later.db "UPDATE process SET started_ns = 10000000 WHERE process_id = 1; UPDATE thread SET started_ns = 10000000
	WHERE thread_id = 1; UPDATE packed_resource SET created_ns = 10000000 WHERE async_id = 1"
contains 'before the program' "$(prompt later.db 'at start')" '  thread:1 began later, at +0.010000 s'
contains 'after the program' "$(prompt time.db 'at 2s')" '  thread:1 had ended, at +1.000000 s'
contains 'two moments are none' "$(prompt time.db 'at 1 5')" "'1 5' is no TIME"
contains 'no TIME' "$(prompt time.db 'at noon')" "'noon' is no TIME"
contains 'nothing to be relative to' "$(prompt time.db 'at -5ms')" 'there is no cursor yet'
contains 'no count' "$(prompt time.db 'step -3')" "'-3' is no number of steps"
contains 'the words: what armed it, inside what it runs' "$(prompt time.db 'goto run:9')" 'took 2.0 ms
          inside run:8 (on_timer of timer 3)
          armed by uv_read_start in run:1 (the main thread), 184.0 ms before
            main main.c:10'
contains 'the words: back at the reason' "$(prompt time.db 'goto run:7' rback)" '+0.124000 s  in run:4 (on_timer of timer 3), on thread:1
          which here arms run:7 by uv_queue_work, which begins 66.0 ms later
            on_timer timer.c:40'
contains 'live at the cursor' "$(prompt time.db 'at 150ms' live)" '+0.150000 s  9 alive, 3 armed, 2 on the way'
contains 'running at the cursor' "$(prompt time.db 'at 225ms' running)" 'run:9  on_read of tcp 5, for 1.0 ms of 2.0 ms'

# Of a callback whose function is not known it is not thought that it is the thread's own start.
cp time.db unnamed.db
sqlite3 unnamed.db 'UPDATE entry SET part = 5 WHERE thread_id = 1 AND entry_id > 1;
	UPDATE packed_shot SET entry_id = 1; DELETE FROM packed_request; DELETE FROM entry WHERE thread_id = 1 AND entry_id > 1'
equal 'a step to a callback that has no name' "$(places unnamed.db 'goto run:1' step)" '0@1 run:1, 120@1 run:4'

# events FILE ID: what the views know of a resource, in order.
events() {
	sql "$1" "SELECT group_concat(ns || ' ' || kind, char(10)) FROM (SELECT DISTINCT * FROM (
		SELECT created_ns AS ns, 1 AS rank, async_id AS id, 'created' AS kind FROM resource WHERE async_id = $2
		UNION ALL SELECT destroyed_ns, 7, async_id, 'destroyed' FROM resource WHERE async_id = $2
		UNION ALL SELECT armed_ns, 2, arming_id, 'armed' FROM arming WHERE async_id = $2
		UNION ALL SELECT disarmed_ns, 4, arming_id, 'disarmed' FROM arming WHERE async_id = $2 AND \"end\" IS NOT 'fired'
		UNION ALL SELECT caused_ns, 3, cause_id, 'caused' FROM cause WHERE async_id = $2
			OR cause_id IN (SELECT cause_id FROM run WHERE async_id = $2)
		UNION ALL SELECT began_ns, 5, run_id, 'began' FROM run WHERE async_id = $2
		UNION ALL SELECT ended_ns, 6, run_id, 'ended' FROM run WHERE async_id = $2)
		WHERE ns IS NOT NULL ORDER BY ns, rank, id)"
}

# watched FILE ID COUNT DIRECTION: the events that steps stop at.
watched() {
	local from='at start' i
	local -a lines=()
	[[ $4 == step ]] || from='at 1000h'
	for ((i = 0; i < $3; i++)); do
		lines+=("$4 --format json")
	done
	prompt "$1" "$from" "watch $2" "${lines[@]}" | grep '^{' | sed 's/.*"ns": \([0-9]*\).*"event": {"kind": "\([a-z]*\)".*/\1 \2/'
}
for id in 3 4 5 8 9 10; do
	equal "watch $id: all of its events" "$(watched time.db $id 20 step)" "$(events time.db $id)"
	equal "watch $id: backwards" "$(watched time.db $id 20 back | tac)" "$(events time.db $id)"
done
equal 'two are watched, one no more' "$(prompt time.db 'watch 3' 'watch 4' 'unwatch 3' | tail -n 1)" 'steps stop at async 4'
contains 'what is watched goes across threads' "$(prompt time.db 'watch 4' 'at 229ms' step)" \
	'+0.230000 s  async 4 made to fire by uv_async_send
          in run:2 (other_thread, start of thread:3), on thread:3'
contains 'next skips what is inside' "$(prompt time.db 'watch 5' 'goto run:12' 'watch 3' 'next')" '+0.950000 s  tcp 5 run:14 begins'
contains 'nothing more' "$(prompt time.db 'watch 8' 'at end' step)" 'nothing happened to 8 after that'

# Every step on every thread of a real program, there and back, and all that happened to some of its resources.
mkdir truth work
check 'a random program is recorded' "$A" record -o real.db "$BUILD/tests/oracle" 5 truth work
walk() { # FIRST-LINE... WORD COUNT
	local count=${*: -1} word=${*: -2:1} i
	local -a lines=("${@:1:$#-2}")
	for ((i = 0; i < count; i++)); do
		lines+=("$word --format json")
	done
	prompt real.db "${lines[@]}" | grep '^{' | sed 's/.*"run": {"run_id": \([0-9]*\).*/\1/'
}
for thread in $(sql real.db "SELECT thread_id FROM run GROUP BY thread_id ORDER BY count(*) DESC LIMIT 4") \
	$(sql real.db "SELECT thread_id FROM thread WHERE role = 'pool' LIMIT 1"); do
	runs=$(sql real.db "SELECT run_id FROM run WHERE thread_id = $thread
		AND began_ns > (SELECT started_ns FROM thread WHERE thread_id = $thread) ORDER BY began_ns, run_id LIMIT 400")
	count=$(grep -c . <<<"$runs")
	equal "thread:$thread: $count steps" "$(walk "goto thread:$thread" step "$count")" "$runs"
	equal "thread:$thread: and back" "$(walk "goto run:$(tail -n 1 <<<"$runs" | awk -v n=1099511627776 '{
		p = int($1 / n); print p ? p + 1 ":" $1 - p * n : $1 }')" back $((count - 1)) | tac)" "$(sed '$d' <<<"$runs")"
done
for id in $(sql real.db "SELECT async_id FROM run WHERE async_id NOT IN (SELECT async_id FROM run WHERE run_id IN
	(SELECT root_run_id FROM thread)) AND async_id < 1 << 40 GROUP BY async_id ORDER BY count(*) DESC LIMIT 3"); do
	expected=$(events real.db "$id" | head -n 300)
	equal "real: events of $id" "$(watched real.db "$id" "$(wc -l <<<"$expected")" step)" "$expected"
done
# The same where there is no index.
cp real.db bare.db
for index in $(sql bare.db "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"); do
	sqlite3 bare.db "DROP INDEX $index"
done
equal 'without indexes: events' "$(watched bare.db "$id" "$(wc -l <<<"$expected")" back)" \
	"$(watched real.db "$id" "$(wc -l <<<"$expected")" back)"
done_testing
