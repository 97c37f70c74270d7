# A recorder that does not drain, for whatever reason, holds the program up no longer than it has to;
# and a terminal or pipe that takes nothing more holds up neither.
# time limit: 180
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

flood=$BUILD/tests/trap_flood

meta() { # FILE KEY
	sql "$1" "SELECT value FROM meta WHERE key = '$2'"
}

# --- a stopped recorder -------------------------------------------------------------------------

status 'the recorder is stopped, and goes on' 0 "$ACAUSAL" record -o stop.db "$flood" stop 150000
equal 'the program waited for it' "$(cat out)" $'stood still for a while\ndone 150000'
check_recording stop.db
equal 'and nothing is missing' \
	"$(sql stop.db "SELECT count(*) FROM resource JOIN type USING (type_id) WHERE name = 'uv_timer_t'")" 150000
check 'the wait is counted' test "$(meta stop.db waits)" -gt 0

status 'the same, where events may be dropped' 0 \
	"$ACAUSAL" record --on-full drop -o drop.db "$flood" stop 150000
equal 'the program did not wait' "$(cat out)" $'never stood still\ndone 150000'
check 'what is lost is counted' test "$(meta drop.db lost_events)" -gt 0
equal 'and the recording is whole' "$(meta drop.db complete)" 1

status 'the recorder is stopped for good' 0 "$ACAUSAL" record -o good.db "$flood" stop-for-good 150000
equal 'the program waited for ten seconds, once, and went on without it' \
	"$(cat out)" $'stood still for a while\ndone 150000'
equal 'that too is counted' "$(meta good.db waits)" 1
check 'with what was lost' test "$(meta good.db lost_events)" -gt 0

# --- a terminal and a pipe that take nothing ----------------------------------------------------

status 'the terminal is held by Ctrl-S while the program works' 0 \
	"$BUILD/tests/trap_terminal" held "$ACAUSAL" record -o held.db "$flood" quiet held
contains 'it has worked meanwhile' "$(cat out)" '[FILE is there]'
matches 'the rest came when the terminal went on' "$(cat out)" 'FILE is there.*held\.db'
check_recording held.db

mkfifo pipe
exec 8<>pipe
head -c 65536 /dev/zero >&8
"$ACAUSAL" record -o pipe.db "$flood" quiet worked >out 2>pipe &
recorder=$!
touch worked.go
check 'nobody reads stderr, whose pipe is full: the program works' wait_for 20 test -e worked
cat <&8 >said &
reader=$!
wait $recorder
equal 'and the recorder ends once somebody does' $? 0
wait_for 10 grep -aq pipe.db said
kill $reader
exec 8>&-
check_recording pipe.db

# --- a program that leaves no processor to anybody ----------------------------------------------

if taskset -c 0 chrt -f 50 true 2>/dev/null; then
	status 'SCHED_FIFO, on the only processor that the recorder has' 0 \
		timeout 60 taskset -c 0 "$ACAUSAL" record -o fifo.db chrt -f 50 "$flood" run 200000
	check_recording fifo.db
	equal 'nothing is missing' \
		"$(sql fifo.db "SELECT count(*) FROM resource JOIN type USING (type_id) WHERE name = 'uv_timer_t'")" 200000
else
	skip 'SCHED_FIFO on one processor' 'chrt or taskset may not do that here'
fi

done_testing
