#!/usr/bin/env bash
# LD_PRELOAD with ACAUSAL_FLIGHT and no recorder: a program does not notice, whatever it does, and
# nor do its children. Of sizes that cannot be meant it hears nothing either.
# time limit: 180
. "$ROOT/tests/e2e/differential.bash"

fly() { # SIZE NAME EXPECTED-STATUS COMMAND...
	local size=$1 name=$2 expected=$3
	shift 3
	[[ -d $TMP/$name.plain ]] || run_in "$TMP/$name.plain" "$@"
	equal "$name ends as it should" "$(<"$TMP/$name.plain/status")" "$expected"
	run_in "$TMP/$name.$size" env LD_PRELOAD="$BUILD/libacausal.so" ACAUSAL_FLIGHT="$size" "$@"
	same "$name, in flight mode with ACAUSAL_FLIGHT='$size'" "$TMP/$name.plain" "$TMP/$name.$size"
}

fly 1M world 9 "$BUILD/tests/seen_world" 'an argument' ''
fly 1M spawns 16 "$BUILD/tests/uv_spawns"
fly 1M exec 12 "$BUILD/tests/libc_exec"
fly 1M requests 6 "$BUILD/tests/uv_requests"
fly 1M reuse 15 "$BUILD/tests/uv_reuse"
fly 1M threads 0 "$BUILD/tests/uv_threads"
fly 1M libc 13 "$BUILD/tests/libc_calls"
for size in 1G nonsense '' 99T; do
	fly "$size" world 9 "$BUILD/tests/seen_world" 'an argument' ''
done

# Whether there is anything in it, only asking tells: also its children are in flight mode.
LD_PRELOAD="$BUILD/libacausal.so" ACAUSAL_FLIGHT=2M \
	bash -c 'echo $BASHPID; "$0" book 1 1000 1 & echo $!; wait' "$BUILD/tests/flight_world" >pids &
shell=$!
wait_for 20 grep -q quiet pids
child=$(sed -n 2p pids)
status 'a child is in flight mode, too' 0 "$ACAUSAL" snapshot -o child.db "$child"
equal 'it knows who made it' "$(sql child.db 'SELECT os_pid FROM process')" "$child"
kill -KILL "$child"
wait "$shell"

# A process that nobody asked for.
"$BUILD/tests/flight_world" book 1 1000 1 >quiet &
pid=$!
LD_PRELOAD="$BUILD/libacausal.so" ACAUSAL_FLIGHT=none "$BUILD/tests/flight_world" book2 1 1000 1 >quiet2 &
other=$!
wait_for 20 grep -q quiet quiet
wait_for 20 grep -q quiet quiet2
status 'one without the library' 1 "$ACAUSAL" snapshot -o none.db "$pid"
contains 'is not recorded' "$(<err)" "process $pid is not recorded"
status 'one whose size makes no sense' 1 "$ACAUSAL" snapshot -o none.db "$other"
contains 'is not recorded' "$(<err)" "process $other is not recorded"
kill -KILL "$pid" "$other"
wait "$pid" "$other" 2>/dev/null
done_testing
