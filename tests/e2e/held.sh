#!/usr/bin/env bash
# A callback that keeps its loop, as the waits of what it kept waiting tell: recorded, not written by SQL.
. "$ROOT/tests/e2e/lib.sh"

status 'the program is recorded' 0 "$ACAUSAL" record "$BUILD/tests/uv_held"
check_recording acausal.db

run_of() { # CALLBACK [PART]
	sql acausal.db "SELECT run_id FROM run JOIN source ON frame_id = callback_frame_id
		WHERE function = '$1' AND part = '${2:-callback}' ORDER BY run_id LIMIT 1"
}

hog=$(run_of on_hog)
held_by() { # CALLBACK [PART]: which run held it up, and whether for most of what on_hog took
	"$ACAUSAL" trace --format json "run:$(run_of "$@")" | json "SELECT data ->> '\$.segments[1].wait.held_by.run_id',
		data ->> '\$.segments[1].wait.held_by.callback', data ->> '\$.segments[1].wait.held_by.ns' > 50000000
		FROM json_data"
}
equal 'a timer that came late' "$(held_by on_late)" "$hog|on_hog|1"
equal 'a send' "$(held_by on_sent)" "$hog|on_hog|1"
equal 'a close callback' "$(held_by on_closed close)" "$hog|on_hog|1"
equal 'a file request' "$(held_by on_stated)" "$hog|on_hog|1"
equal 'work' "$(held_by on_worked after)" "$hog|on_hog|1"
equal 'nothing held the first timer' "$(held_by on_hog)" '||'

contains 'in words' "$("$ACAUSAL" trace "run:$(run_of on_stated)")" "by run:$hog on_hog (tests/programs/uv_held.c:"
matches '… with the time in the pool, which is estimated' "$("$ACAUSAL" trace "run:$(run_of on_stated)")" \
	'queue ~[0-9].*, (in )?pool ~[0-9].*, loop [0-9]'
matches '… and that of work, which is known' "$("$ACAUSAL" trace "run:$(run_of on_worked after)")" \
	"queue [0-9].*, run:$(run_of do_work work) do_work [0-9].*, loop [0-9]"

equal 'the pool had both, once each, within their waits' \
	"$(sql acausal.db "SELECT r.api, p.estimated, p.began_ns >= r.created_ns, p.ended_ns <= r.destroyed_ns, t.role
		FROM pool p JOIN resource r USING (async_id) JOIN thread t ON t.thread_id = p.thread_id ORDER BY r.api")" \
	$'uv_fs_stat|1|1|1|pool\nuv_queue_work|0|1|1|pool'
equal 'the loop waited for its first timer, and not while it was kept' \
	"$(sql acausal.db "SELECT max(left_ns - entered_ns) > 5000000, sum(entered_ns < hog.ended_ns
			AND left_ns > hog.began_ns), count(DISTINCT loop_id), count(DISTINCT thread_id)
		FROM poll, (SELECT began_ns, ended_ns FROM run WHERE run_id = $hog) hog")" '1|0|1|1'
matches 'info of the loop' "$("$ACAUSAL" info "$(sql acausal.db 'SELECT DISTINCT loop_id FROM poll')")" \
	'waited +[0-9.]+ % of .* in the kernel, [0-9]+ times?, the longest .*; running [0-9.]+ %'
equal 'handles have a reference, requests and loops have none' \
	"$(sql acausal.db "SELECT DISTINCT class, has_ref FROM resource JOIN type USING (type_id)
		WHERE class IN ('handle', 'request', 'loop') ORDER BY 1")" $'handle|1\nloop|\nrequest|'

done_testing
