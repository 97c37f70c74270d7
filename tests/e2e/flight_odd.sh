#!/usr/bin/env bash
# Flight mode in odd places: many threads that have little to say, a process in flight mode that
# starts `acausal record`, and acausal_snapshot() where it cannot be done.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/flight.bash"

# More threads than there are chunks of 16 KiB in 1M. What they keep open is not the others'.
fly 1M "$BUILD/tests/flight_crowd" 100 60000
wait_for 30 grep -q quiet flown
status 'a snapshot of a crowd' 0 "$ACAUSAL" snapshot -o crowd.db "$pid"
matches 'nothing was lost' "$(<err)" '101 threads, 0 lost;'
check_recording crowd.db
newest=$(sql crowd.db "SELECT count(*) FROM run WHERE thread_id = 1 AND part = 'callback'
	AND run_id > (SELECT max(run_id) FROM run) - 3000")
[[ $newest -ge 2990 ]] && ok 'the newest history is there' ||
	not_ok "the newest history is there: $newest of the last 3000 runs"
end "$pid"

# What a recorder is told of its own recording is not what it tells the command.
status 'record, in flight mode itself' 0 env LD_PRELOAD="$BUILD/libacausal.so" ACAUSAL_FLIGHT=1M \
	"$ACAUSAL" record -o inner.db sh -c 'env'
equal 'the command is in none' "$(grep -c ACAUSAL_FLIGHT out)" 0
equal 'and nothing is said of it' "$(grep -c 'flight mode' err)" 0

# Where nothing can be written.
status 'acausal_snapshot() at its limits' 0 env LD_PRELOAD="$BUILD/libacausal.so" \
	ACAUSAL_FLIGHT=1M "$BUILD/tests/flight_limits"
equal 'says what is wrong, leaves no file and no descriptor, and errno alone' "$(<out)" \
	"$(cat <<'END'
before libuv: errno kept, a file
again: EEXIST, a file
no folder: ENOENT
no name: ENOENT
RLIMIT_FSIZE: EFBIG
RLIMIT_NOFILE: EMFILE
RLIMIT_AS: ENOMEM
in the child of a fork: errno kept, a file
pause and resume: errno kept
END
)"
alone='unshare --user --map-root-user --mount'
if $alone true 2>/dev/null; then
	mkdir small
	# shellcheck disable=SC2016  # for the other shell
	status 'acausal_snapshot() on a full disk' 0 $alone sh -c 'mount -t tmpfs -o size=16k none small &&
		LD_PRELOAD=$1 ACAUSAL_FLIGHT=1M "$2" small/image && ls small' sh \
		"$BUILD/libacausal.so" "$BUILD/tests/flight_limits"
	equal 'says so, and leaves nothing there' "$(<out)" 'asked: ENOSPC'
else
	skip 'acausal_snapshot() on a full disk' 'no namespaces here'
fi
for image in first child; do
	check "$image.image opens" "$ACAUSAL" snapshot -o "$image.db" "$image.image"
	check_recording "$image.db"
done
done_testing
