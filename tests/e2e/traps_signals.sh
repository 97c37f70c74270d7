# Signals, cancellation and the end of the stack, in the midst of calls that are recorded: the program
# does what it does without us, and the recording is whole.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

program=$BUILD/tests/trap_signals

trap_by() { # TRAP EXPECTED_STATUS
	timeout 30 "$program" "$1" >"$1.plain" 2>plain.err
	equal "$1 ends as it should" $? "$2"
	timeout 60 "$ACAUSAL" record -o "$1.db" "$program" "$1" >"$1.out" 2>"$1.err"
	equal "$1, recorded" $? "$2"
	equal "$1: what it prints" "$(cat "$1.out")" "$(cat "$1.plain")"
}

trap_by storm 0
check_recording storm.db
# Lines of one handler within another's write would not be counted alike.
equal 'each write of the handler is a log line' "$(grep -ac '^\.$' storm.err)" \
	"$(sql storm.db "SELECT count(*) FROM log WHERE text = '.' AND fd = 2")"
equal 'each of its sends has a run, and none is its own cause' \
	"$(sql storm.db "SELECT count(*) FROM cause JOIN run ON run.cause_id = cause.cause_id
		WHERE kind = 'send' AND cause.run_id >= run.run_id")" 0
equal 'all timers have run, once each' \
	"$(sql storm.db "SELECT count(*), count(DISTINCT resource.async_id) FROM resource
		JOIN type USING (type_id) JOIN run USING (async_id)
		WHERE name = 'uv_timer_t' AND part = 'callback'" | tr '|' ' ' | awk '{ print $1 == $2 }')" 1
equal 'every callback has a known maker' \
	"$(sql storm.db "SELECT count(*) FROM run_edge WHERE link_run_id IS NULL
		AND run_id NOT IN (SELECT root_run_id FROM thread)")" 0

trap_by fork 0
check_recording fork.db
equal 'the children of the handler have spoken' "$(grep -ac '^child$' fork.err)" 20

trap_by return 0
# Of the call that was interrupted, what it still had to write is lost, and counted.
equal 'PRAGMA integrity_check' "$(sql return.db 'PRAGMA integrity_check')" ok
equal 'each of the children is its parent'"'"'s' \
	"$(sql return.db 'SELECT count(*), count(DISTINCT parent_process_id) FROM process WHERE parent_process_id IS NOT NULL')" '100|1'

equal 'return, when children are not followed' "$("$ACAUSAL" record --no-follow -o alone.db "$program" return 2>alone.err)" \
	"$(cat return.plain)"

# What a handler leaves behind in the midst of an event is given up at the next turn of the loop.
trap_by leave 0
equal 'after handlers that were left, all is recorded again' \
	"$(sql leave.db "SELECT count(*) FROM run JOIN resource USING (async_id) JOIN type USING (type_id)
		WHERE name = 'uv_timer_t' AND part = 'callback'")" 10

trap_by cancel 0
equal 'cancelled threads have ended' \
	"$(sql cancel.db 'SELECT count(*), count(ended_ns) FROM thread WHERE role = '\''user'\''')" '100|100'
equal 'PRAGMA integrity_check' "$(sql cancel.db 'PRAGMA integrity_check')" ok

trap_by overflow 0
check_recording overflow.db
equal "a fault that the program's own handler catches is no crash" \
	"$(sql overflow.db 'SELECT count(*) FROM crash')" 0

trap_by crash 139
equal 'an overflow that kills is one, in the callback' \
	"$(sql crash.db "SELECT signal, count(*) FROM crash JOIN run USING (run_id)
		JOIN source ON source.frame_id = callback_frame_id
		WHERE function = 'on_overflowing' GROUP BY 1")" '11|1'
contains 'and its stack is shown' "$(cat crash.err)" overflow

done_testing
