#!/usr/bin/env bash
# Where the time went between an arming and its run, as `trace` tells it: what the rows prove is said,
# and nothing that they do not. On recordings written by SQL.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING NO_COLOR PAGER
export COLUMNS=160

# base.db: a process whose main thread (run 1) has begun. Callbacks: entry 2 on_first, 3 on_second, 4 in
# a pool's thread, 5 on another thread, 6 a close callback.
cat "$ROOT"/schema/{tables,views}.sql - "$ROOT/schema/indexes.sql" <<<"
	INSERT INTO meta VALUES ('complete', '1');
	INSERT INTO process (process_id, os_pid, executable, started_ns) VALUES (1, 100, '/srv/app/server', 0);
	INSERT INTO thread VALUES (1, 1, 100, 'server', 'main', 1, NULL, 0, NULL, 0),
		(2, 1, 101, 'pool', 'pool', 2, NULL, 0, NULL, 0), (3, 1, 102, 'loop', 'user', 3, NULL, 0, NULL, 0);
	INSERT INTO type VALUES (1, 'main', 'root', 'ROOT', 0), (2, 'uv_timer_t', 'handle', 'Timeout', 0),
		(3, 'uv_fs_t', 'request', 'FSREQCALLBACK', 1), (4, 'uv_async_t', 'handle', 'ASYNC', 1),
		(5, 'uv_write_t', 'request', 'WRITEWRAP', 1), (6, 'uv_signal_t', 'handle', 'SIGNALWRAP', 0),
		(7, 'uv_process_t', 'process', 'PROCESSWRAP', 1), (8, 'uv_work_t', 'request', 'WORK', 1),
		(9, 'uv_loop_t', 'loop', 'LOOP', 0);
	INSERT INTO api VALUES (1, 'uv_timer_start'), (2, 'uv_fs_read'), (3, 'uv_timer_init'), (4, 'uv_async_init'),
		(5, 'uv_async_send'), (6, 'uv_write'), (7, 'uv_close'), (8, 'kill'), (9, 'uv_signal_start'),
		(10, 'uv_spawn'), (11, 'uv_queue_work'), (12, 'uv_timer_again'), (13, 'uv_read_start');
	INSERT INTO module VALUES (1, '/srv/app/server', 'aa');
	INSERT INTO frame (frame_id, module_id, address) VALUES (1, 1, 100), (2, 1, 200), (3, 1, 300), (4, 1, 400);
	INSERT INTO source (frame_id, inline_depth, function, file, line) VALUES (1, 0, 'main', '/srv/app/main.c', 9),
		(2, 0, 'on_first', '/srv/app/first.c', 5), (3, 0, 'on_second', '/srv/app/second.c', 7),
		(4, 0, 'work', '/srv/app/work.c', 8);
	INSERT INTO stack (stack_id, caller_id, frame_id) VALUES (1, NULL, 1), (2, NULL, 2), (3, NULL, 3);
	INSERT INTO origin (origin_id, thread_id, type_id, api_id, stack_id, loop_id, kind) VALUES
		(1, 1, 2, 3, 1, 9, NULL), (2, 1, NULL, 1, 1, NULL, NULL), (3, 1, 3, 2, 1, 9, NULL),
		(4, 1, 4, 4, 1, 9, NULL), (5, 1, NULL, 5, 2, NULL, 'send'), (6, 1, 5, 6, 1, 9, NULL),
		(7, 1, NULL, 7, 2, NULL, 'close'), (8, 1, NULL, 8, 2, NULL, 'kill'), (9, 1, 6, 3, 1, 9, NULL),
		(10, 1, NULL, 9, 1, NULL, NULL), (11, 1, 7, 10, 1, 9, NULL), (12, 1, 8, 11, 1, 9, NULL),
		(13, 2, NULL, NULL, NULL, NULL, 'work'), (14, 1, NULL, 12, 2, NULL, 'again'),
		(15, 1, NULL, 13, 1, NULL, NULL), (16, 1, 9, NULL, 1, NULL, NULL);
	INSERT INTO entry VALUES (1, 1, 'callback', NULL), (2, 1, 'callback', 2), (3, 1, 'callback', 3),
		(4, 2, 'work', 4), (5, 3, 'callback', 2), (6, 1, 'close', 3);
	INSERT INTO packed_resource (async_id, origin_id, type_id, trigger_delta, run_id, created_ns)
		VALUES (1, NULL, 1, NULL, NULL, 0), (9, 16, NULL, 8, 1, 0), (20, 1, NULL, 19, 1, 1000);
	INSERT INTO packed_run (run_id, async_id, entry_id, began_ns) VALUES (1, 1, 1, 0), (2, 1, 4, 0), (3, 1, 5, 0);" |
	sqlite3 -batch base.db

# make FILE SQL: base.db and what SQL adds. Times in SQL are microseconds: they are written as `us(N)`.
make() {
	cp base.db "$1"
	sed -E 's/us\(([0-9]+)\)/\1000/g' <<<"$2" | sqlite3 -batch "$1"
}

# The first boundary of run 50's trace and the lines that belong to it.
boundary() { # FILE [OPTION...]
	"$ACAUSAL" trace -r "$1" run:50 "${@:2}" | sed -n '/^-- /,/^ #/{/^ #/q;p}' | sed 's/ --* / -- /; s/  */ /g'
}

told() { # WORDS SQL EXPECTED
	make wait.db "$2"
	equal "$1" "$(boundary wait.db)" "$3"
}

# --- the pool -----------------------------------------------------------------------------------

read_of_10_ms="INSERT INTO packed_request (async_id, origin_id, trigger_delta, creator_delta, created_ns,
	run_id, entry_id, wait_ns, duration_ns) VALUES (30, 3, 29, 49, us(1000), 50, 2, us(10000), us(10));"
told 'a request of which the pool is not known' "$read_of_10_ms" \
	'-- run:50 armed by uv_fs_read on fs 30 in run:1 -- 10.0 ms before'
told "the pool's times of a request, an estimate" "$read_of_10_ms
	INSERT INTO packed_pool VALUES (30, 2, us(4000), us(6900), 1);" \
	'-- run:50 armed by uv_fs_read on fs 30 in run:1 -- 10.0 ms before: pool queue ~3.0, in pool ~6.9, loop 0.1'
told 'no estimate' "$read_of_10_ms
	INSERT INTO packed_pool VALUES (30, 2, us(4000), us(6990), 0);" \
	'-- run:50 armed by uv_fs_read on fs 30 in run:1 -- 10.0 ms before: pool queue 3.0, in pool 7.0, loop 10 us'
told 'times that cannot be are not told: before it was asked for' "$read_of_10_ms
	INSERT INTO packed_pool VALUES (30, 2, us(900), us(6900), 1);" \
	'-- run:50 armed by uv_fs_read on fs 30 in run:1 -- 10.0 ms before'
told '… and after the callback' "$read_of_10_ms
	INSERT INTO packed_pool VALUES (30, 2, us(4000), us(7900), 1);" \
	'-- run:50 armed by uv_fs_read on fs 30 in run:1 -- 10.0 ms before'
held="INSERT INTO packed_pool VALUES (30, 2, us(1500), us(500), 1);
	INSERT INTO packed_run (run_id, async_id, entry_id, began_ns, duration_ns)"
told 'a callback that had the loop meanwhile' "$read_of_10_ms $held VALUES (40, 20, 3, us(1800), us(9100));" \
	"-- run:50 armed by uv_fs_read on fs 30 in run:1 -- 10.0 ms before: pool queue ~0.5, in pool ~0.5, loop 9.0
 ! loop held 8.9 ms by run:40 on_second (second.c:7) acausal trace -r wait.db run:40"
told '… several of which none had it for long' "$read_of_10_ms $held VALUES (40, 20, 3, us(2000), us(3000)),
	(41, 20, 2, us(5000), us(3000)), (42, 20, 3, us(8000), us(2900));" \
	"-- run:50 armed by uv_fs_read on fs 30 in run:1 -- 10.0 ms before: pool queue ~0.5, in pool ~0.5, loop 9.0"
told "… another thread's holds up nobody" "$read_of_10_ms $held VALUES (40, 20, 5, us(1800), us(9100));" \
	"-- run:50 armed by uv_fs_read on fs 30 in run:1 -- 10.0 ms before: pool queue ~0.5, in pool ~0.5, loop 9.0"
told '… and one that went on for longer was not before it' "$read_of_10_ms $held VALUES (40, 20, 3, us(1800), us(9900));" \
	"-- run:50 armed by uv_fs_read on fs 30 in run:1 -- 10.0 ms before: pool queue ~0.5, in pool ~0.5, loop 9.0"
told '… the outer one of two counts' "$read_of_10_ms $held VALUES (40, 20, 3, us(1800), us(9100)),
	(41, 20, 2, us(1900), us(8950)); INSERT INTO packed_outer VALUES (41, 40, 3);" \
	"-- run:50 armed by uv_fs_read on fs 30 in run:1 -- 10.0 ms before: pool queue ~0.5, in pool ~0.5, loop 9.0
 ! loop held 8.9 ms by run:40 on_second (second.c:7) acausal trace -r wait.db run:40"
told 'work of the program itself' "INSERT INTO packed_request (async_id, origin_id, trigger_delta, creator_delta,
	created_ns, run_id, entry_id, wait_ns, duration_ns, cause_id)
	VALUES (30, 12, 29, 49, us(1000), 50, 2, us(10000), us(10), 1);
	INSERT INTO packed_run (run_id, async_id, entry_id, began_ns, duration_ns) VALUES (45, 30, 4, us(3000), us(7500));
	INSERT INTO packed_cause VALUES (1, 30, 45, 13, us(10500), NULL, 5, NULL);" \
	'-- run:50 armed by uv_queue_work on work 30 in run:1 -- 10.0 ms before: pool queue 2.0, run:45 work 7.5, loop 0.5'

# --- the loop -----------------------------------------------------------------------------------

write_of_10_ms="INSERT INTO packed_request (async_id, origin_id, trigger_delta, creator_delta, created_ns,
	run_id, entry_id, wait_ns, duration_ns, cause_id)
	VALUES (30, 6, 29, 49, us(1000), 50, 2, us(10000), us(10), 1);"
told 'a request that no pool has: the loop waited or ran' "$write_of_10_ms
	INSERT INTO packed_poll VALUES (9, us(500), 1, us(400), -1), (9, us(2000), 1, us(6000), -1),
		(9, us(9000), 1, us(1500), 1), (8, us(3000), 3, us(1000), 1);" \
	'-- run:50 armed by uv_write on write 30 in run:1 -- 10.0 ms before: loop waiting 7.5, running 2.5'
told 'a timer that was in time' "INSERT INTO packed_shot VALUES (50, 20, 49, 2, 49, us(1000), 10, 2, us(10900), us(5), NULL);" \
	'-- run:50 armed by uv_timer_start(10 ms) on timer 20 in run:1 -- 10.9 ms before'
late="INSERT INTO packed_shot VALUES (50, 20, 49, 2, 49, us(1000), 10, 2, us(30000), us(5), NULL);"
told 'a timer that was late' "$late" \
	'-- run:50 armed by uv_timer_start(10 ms) on timer 20 in run:1 -- 30.0 ms before, 20.0 ms late'
told '… and what had the loop' "$late INSERT INTO packed_run (run_id, async_id, entry_id, began_ns, duration_ns)
	VALUES (40, 20, 3, us(2000), us(28500));" \
	"-- run:50 armed by uv_timer_start(10 ms) on timer 20 in run:1 -- 30.0 ms before, 20.0 ms late
 ! loop held 19.5 ms by run:40 on_second (second.c:7) acausal trace -r wait.db run:40"
told '… packed with its arming' "$late INSERT INTO packed_shot
	VALUES (40, 20, 39, 2, 39, us(900), 1, 3, us(1100), us(28500), NULL);" \
	"-- run:50 armed by uv_timer_start(10 ms) on timer 20 in run:1 -- 30.0 ms before, 20.0 ms late
 ! loop held 19.5 ms by run:40 on_second (second.c:7) acausal trace -r wait.db run:40"
told '… a request' "$late INSERT INTO packed_request (async_id, origin_id, creator_delta, created_ns, run_id,
	entry_id, wait_ns, duration_ns) VALUES (31, 3, 39, us(900), 40, 3, us(1100), us(28500));" \
	"-- run:50 armed by uv_timer_start(10 ms) on timer 20 in run:1 -- 30.0 ms before, 20.0 ms late
 ! loop held 19.5 ms by run:40 on_second (second.c:7) acausal trace -r wait.db run:40"
told 'what had the loop before the timer was due held nothing up' "$late
	INSERT INTO packed_run (run_id, async_id, entry_id, began_ns, duration_ns) VALUES (40, 20, 3, us(1100), us(9900));" \
	'-- run:50 armed by uv_timer_start(10 ms) on timer 20 in run:1 -- 30.0 ms before, 20.0 ms late'
repeating="INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns, timeout_ms, repeat_ms)
	VALUES (1, 20, 1, 2, us(1000), 10, 50);
	INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns, duration_ns)"
told 'the first run of a repeating timer' "$repeating VALUES (50, 20, 1, 2, us(40000), us(10));" \
	'-- run:50 armed by uv_timer_start(10 ms, repeat 50) on timer 20 in run:1 -- 39.0 ms before, 29.0 ms late'
told 'a later one: when it was due is not known' "$repeating VALUES (50, 20, 1, 2, us(140000), us(10)),
	(40, 20, 1, 3, us(60000), us(79000));" \
	'-- run:50 armed by uv_timer_start(10 ms, repeat 50) on timer 20 in run:1 -- 139.0 ms before'
told 'reading: when something came is not known' "INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id,
	armed_ns) VALUES (1, 20, 1, 15, us(1000));
	INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns, duration_ns)
	VALUES (50, 20, 1, 2, us(140000), us(10)), (40, 20, 1, 3, us(2000), us(137000));" \
	'-- run:50 armed by uv_read_start on timer 20 in run:1 -- 139.0 ms before'

# --- what made it fire --------------------------------------------------------------------------

sent="INSERT INTO packed_resource (async_id, origin_id, trigger_delta, run_id, created_ns) VALUES (30, 4, 29, 1, us(100));
	INSERT INTO packed_run (run_id, async_id, entry_id, began_ns, duration_ns, cause_id)
	VALUES (40, 20, 2, us(1000), us(19500), NULL), (50, 30, 3, us(21000), us(10), 1);
	INSERT INTO packed_cause VALUES (1, 30, 40, 5, us(2000), NULL, 10, NULL)"
told 'a send, and what had the loop after it' "$sent;" \
	"-- run:50 armed by uv_async_init on async 30 in run:1 -- 20.9 ms before
 !! fired by uv_async_send in run:40 (on_first of timer 20), 19.0 ms before
 !! on_first first.c:5 acausal trace -r wait.db run:40
 ! loop held 18.5 ms by run:40 on_first (first.c:5) acausal trace -r wait.db run:40"
told 'of several sends the first' "$sent, (2, 30, 40, 5, us(2100), 1, NULL, NULL), (3, 29, 40, 5, us(2100), NULL, NULL, NULL),
	(4, 30, 40, 5, us(2200), 3, NULL, NULL);" \
	"-- run:50 armed by uv_async_init on async 30 in run:1 -- 20.9 ms before
 !! fired by uv_async_send in run:40 (on_first of timer 20), 19.0 ms before, first of 3 sends
 !! on_first first.c:5 acausal trace -r wait.db run:40
 ! loop held 18.5 ms by run:40 on_first (first.c:5) acausal trace -r wait.db run:40"
equal '… also for scripts' "$("$ACAUSAL" trace -r wait.db run:50 --format json | json "SELECT
	data ->> '$.segments[1].cause.count', data ->> '$.segments[1].wait.due_ns',
	data ->> '$.segments[1].wait.held_by.run_id', data ->> '$.segments[1].wait.held_by.ns',
	data ->> '$.segments[1].wait.held_by.line' FROM json_data")" '3|2000000|40|18500000|5'
equal '… by cause' "$(boundary wait.db --by cause)" \
	"-- run:50 fired by uv_async_send on async 30 in run:40 -- 19.0 ms before
 ! loop held 18.5 ms by run:40 on_first (first.c:5)"
told 'a request that was cancelled by closing its handle' "$write_of_10_ms
	INSERT INTO packed_run (run_id, async_id, entry_id, began_ns, duration_ns) VALUES (40, 20, 2, us(10000), us(900));
	INSERT INTO packed_cause VALUES (1, 20, 40, 7, us(10500), NULL, 10, NULL);" \
	"-- run:50 armed by uv_write on write 30 in run:1 -- 10.0 ms before
 !! cancelled by uv_close in run:40 (on_first of timer 20), 500 us before
 !! on_first first.c:5 acausal trace -r wait.db run:40"
signalled="INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns, duration_ns, cause_id)
	VALUES (40, 20, NULL, 2, us(1000), us(19500), NULL), (50, 30, 1, 3, us(21000), us(10), 1);
	INSERT INTO packed_cause VALUES (1, NULL, 40, 8, us(2000), NULL, 10, NULL), (2, NULL, 40, 8, us(2050), 1, NULL, NULL);"
told 'a signal that the program sent to itself' "$signalled
	INSERT INTO packed_resource (async_id, origin_id, trigger_delta, run_id, created_ns) VALUES (30, 9, 29, 1, us(100));
	INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns) VALUES (1, 30, 1, 10, us(200));
	INSERT INTO detail VALUES (30, 'SIGUSR1', NULL);" \
	"-- run:50 armed by uv_signal_start on signal 30 (SIGUSR1) in run:1 -- 20.8 ms before
 !! signalled by kill in run:40 (on_first of timer 20), 19.0 ms before, first of 2 signals
 !! on_first first.c:5 acausal trace -r wait.db run:40
 ! loop held 18.5 ms by run:40 on_first (first.c:5) acausal trace -r wait.db run:40"
told 'a child that it ended takes its own time' "${signalled/30, 1, 3/30, NULL, 3}
	INSERT INTO packed_resource (async_id, origin_id, trigger_delta, run_id, created_ns) VALUES (30, 11, 29, 1, us(100));" \
	"-- run:50 armed by uv_spawn on process 30 in run:1 -- 20.9 ms before
 !! signalled by kill in run:40 (on_first of timer 20), 19.0 ms before, first of 2 signals
 !! on_first first.c:5 acausal trace -r wait.db run:40"
again="INSERT INTO packed_run (run_id, async_id, entry_id, began_ns, duration_ns) VALUES (40, 20, 2, us(1000), us(5000));
	INSERT INTO packed_arming (arming_id, async_id, run_id, origin_id, armed_ns, timeout_ms, repeat_ms)
	VALUES (1, 20, 1, 2, us(500), 10, 20);
	INSERT INTO packed_run (run_id, async_id, arming_id, entry_id, began_ns, duration_ns, cause_id)
	VALUES (50, 20, 1, 3, us(32000), us(10), 1);
	INSERT INTO packed_cause VALUES (1, 20, 40, 14, us(2000), NULL, 10, NULL);"
make again.db "$again"
equal 'uv_timer_again puts off' "$("$ACAUSAL" trace -r again.db run:50 --format json | json "SELECT
	data ->> '$.segments[1].wait.due_ns', data ->> '$.segments[1].wait.loop_ns' FROM json_data")" '22000000|10000000'
equal '… also by cause' "$("$ACAUSAL" trace -r again.db run:50 --by cause --format json | json "SELECT
	json_type(data, '$.segments[1].wait.due_ns') FROM json_data")" null

done_testing
