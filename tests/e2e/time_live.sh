#!/usr/bin/env bash
# `live` and `running`: what was alive, armed, on its way and executing at a moment. Against answers that are
# known, and against the contract's views at random moments.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/time.bash"

unset ACAUSAL_RECORDING COLUMNS
A=$ACAUSAL
make() { # FILE INDEXES FIXTURE...
	local file=$1 indexes=$2
	shift 2
	cat "$ROOT"/schema/{tables,views}.sql "$@" "$indexes" | sqlite3 -batch "$file"
}
make acausal.db "$ROOT/schema/indexes.sql" "$ROOT/tests/fixtures/time.sql"
make bare.db /dev/null "$ROOT/tests/fixtures/time.sql"

# states TIME: the ID and state of each resource.
states() {
	"$A" live --all --format json "$1" |
		json "SELECT group_concat((value ->> '\$.async_id') || ' ' || (value ->> '\$.state')
			|| CASE WHEN value ->> '\$.unreferenced' THEN ' unref' ELSE '' END, ', ')
			FROM json_data, json_each(data, '\$.resources')"
}
equal 'before anything' "$(states start)" '1 alive'
equal 'pool: in its queue' "$(states 130ms)" \
	'1 alive, 2 alive, 3 armed, 4 armed, 5 armed, 6 alive, 7 alive, 8 pool_queue, 9 pool_queue'
equal 'pool: at work' "$(states 150ms | tail -c 21)" '8 pool, 9 pool_queue'
equal 'pool: done' "$(states 165ms | tail -c 15)" '8 done, 9 pool'
equal 'in the callback' "$(states 191ms | tail -c 10)" '9 running'
equal 'unref of then; the kernel; a nested run' "$(states 225ms)" \
	'1 alive, 2 alive, 3 running, 4 armed, 5 running unref, 6 alive, 7 alive, 10 kernel_or_done'
equal 'not armed; ref again' "$(states 380ms)" '1 alive, 2 alive, 3 idle, 4 armed, 5 running, 6 alive, 7 alive'
equal 'being closed' "$(states 395ms | cut -d, -f3)" ' 3 closing'
equal 'two processes, the moment of the fork' "$(states 500ms)" \
	'1 alive, 2 alive, 4 armed, 5 armed, 6 alive, 7 alive, 1099511627777 alive, 1099511627778 armed'
equal 'a process that has ended has nothing' "$(states 950ms)" \
	'1 alive, 2 alive, 4 armed, 5 running, 7 alive'
equal 'at the end: its work was begun and never done' "$(states end | tail -c 8)" '11 pool'
equal 'without a time: the end' "$("$A" live --format json | json "SELECT data ->> '\$.ns' FROM json_data")" 1000000000
contains 'a timer is due' "$("$A" live --all 110ms)" 'timer 3  armed for 100 ms, since 90.0 ms, due in 10.0 ms; 100.0 ms old'
contains 'a timer of the child is overdue' "$("$A" live 815ms)" 'armed, due since 5.0 ms'
equal 'one type' "$("$A" live --type fs --format json 150ms | json "SELECT data ->> '\$.total.count' FROM json_data")" 1
equal 'one group' "$("$A" live --format json 150ms 8 | json \
	"SELECT data ->> '\$.resources[0].async_id', json_array_length(data, '\$.resources') FROM json_data")" '8|1'
contains 'a moment as it is printed, of two words' "$("$A" live +0.150000 s)" '+0.150000 s  9 alive'
equal 'a moment of two words, and a group' "$("$A" live --format json 8 +0.15 s | json "SELECT data ->> '\$.ns',
	data ->> '\$.resources[0].async_id' FROM json_data")" '150000000|8'
status 'two TIMEs' 2 "$A" live 1s 2s
contains 'two TIMEs: which is too many' "$(cat err)" "live: '2s' is one TIME too many"
status 'two IDs' 2 "$A" live 1 8
contains 'a group of which nothing was there' "$("$A" live 50ms 8)" '! of the type and the stack of that one nothing was alive then'
contains 'by the clock' "$("$A" live 2026-11-22T00:10:00.65Z)" '+0.150000 s'
status 'no TIME' 2 "$A" live yesterday
contains 'no TIME: what one is' "$(cat err)" "'yesterday' is no TIME: type +1.2s"
status 'no such ID' 2 "$A" live 4711

running() { # TIME
	"$A" running --format json "$1" | json "SELECT group_concat((t.value ->> '\$.thread_id') || ' ' || (t.value ->> '\$.state')
		|| coalesce(' ' || (SELECT group_concat(r.value ->> '\$.run_id', ' in ') FROM json_each(t.value, '\$.runs') r), '')
		|| coalesce(' since ' || ((t.value ->> '\$.since_ns') / 1000000), ''), ', ')
		FROM json_data, json_each(data, '\$.threads') t"
}
equal 'running: nested' "$(running 225ms)" '1 running 9 in 8 since 224, 2 idle, 3 outside'
equal 'running: the pool without a run, and the kernel' "$(running 150ms)" '1 polling since 126, 2 pool since 140, 3 outside'
equal 'running: the pool, by its run' "$(running 165ms)" '1 polling since 126, 2 running 5 since 161, 3 outside'
equal 'running: since when not' "$(running 425ms)" '1 outside since 420, 2 idle, 3 outside'
equal 'running: another process' "$(running 822ms)" '1 polling since 430, 2 idle, 4 running 1099511627778 since 820'
equal 'running: never ended' "$(running end)" '1 running 14 since 950, 2 running 15 since 970'
contains 'running: a moment as it is printed' "$("$A" running +0.150000 s)" '+0.150000 s'
status 'running: two TIMEs' 2 "$A" running 1s 2s
cp acausal.db names.db
sqlite3 names.db "UPDATE thread SET name = 'isc-net-0000' WHERE thread_id = 3"
contains 'running: of long names what they do stands in one column' "$("$A" running -r names.db 425ms)" \
	'  thread:1 (main)          in no callback, since run:12 ended 5.0 ms before
  thread:2 (pool)          nothing of the pool'"'"'s, as far as is recorded
  thread:3 (isc-net-0000)  in no callback'
contains 'running: in words' "$("$A" running 225ms)" 'thread:1 (main)   run:9  on_read of tcp 5, for 1.0 ms of 2.0 ms
                    inside run:8  on_timer of timer 3, for 3.0 ms of 10.0 ms'

# What the recording lacks is said.
cp acausal.db gaps.db
sqlite3 gaps.db "INSERT INTO gap VALUES (1, 1, 100000000, 200000000, NULL, 'paused'), (2, 1, 300000000, 310000000, 7, NULL);
	UPDATE process SET history_from_ns = 600000000 WHERE process_id = 1"
contains 'a pause' "$("$A" live -r gaps.db 150ms)" '! recording was paused then, from +0.100000 s'
contains 'overwritten' "$("$A" running -r gaps.db 150ms)" '! of process 1 what ended before +0.600000 s has been overwritten'
contains 'lost' "$("$A" live -r gaps.db 400ms)" '! 7 events had been lost by then'
equal 'nothing lacks' "$("$A" live 400ms | grep -c '^!')" 0
sqlite3 bare.db "UPDATE meta SET value = '0' WHERE key = 'complete'"
contains 'cut short' "$("$A" live -r bare.db 400ms)" '! the recording was cut short'

agrees 'the views, at random moments' acausal.db 6
agrees 'the views, without indexes' bare.db 4

# What a recording claims may be anything: each command ends, with an answer or a reason.
cat >commands <<'END'
at 225ms
step
next
back 2
rback
rback --by cause
goto 8
goto thread:2
step 3
watch 3
watch 4
at start
step 30
back 30
unwatch
goto run:14
next
running
live
at end
live --all --format json
running --format json
END
failed=
for ((i = 0; i < 15; i++)); do
	cp acausal.db hostile.db
	sqlite3 hostile.db "SELECT 'UPDATE OR IGNORE ' || t.name || ' SET ' || c.name || ' = ' ||
		json_extract('[\"NULL\", \"-1\", \"0\", \"9223372036854775807\", \"-9223372036854775807 - 1\", \"4611686018427387904\",
			\"''x''\", \"abs(random()) % 1000000000\", \"rowid\", \"1\"]', '\$[' || (abs(random()) % 10) || ']') ||
		' WHERE abs(random()) % 3 = 0;'
		FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT IN ('meta', 'packed_poll')
		AND abs(random()) % 9 = 0" >mutation.sql
	sqlite3 hostile.db <mutation.sql >/dev/null 2>&1
	timeout 20 "$A" debug -r hostile.db -x commands </dev/null >out 2>err
	[[ $? -lt 2 && $(grep -c 'runtime error\|Sanitizer' err) == 0 ]] ||
		failed+="$(cat mutation.sql err | head -c 3000)"
done
equal 'hostile recordings: every command ends' "$failed" ''
done_testing
