#!/usr/bin/env bash
# A recorder that is killed at any moment: the program ends as without us, and each thing that it
# did is in the recording, or in its memory, of which a snapshot makes another one.
#
#     ROUNDS=200 make test T=e2e/kill_recorder      (make kills)
# time limit: 3000
# shellcheck shell=bash
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/kill.bash"
rounds=${ROUNDS:-2}

# Becomes the parent of whoever loses his own, and writes how all of them ended.
adopt() { # COMMAND...
	python3 -c 'import ctypes, os, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
try:
    while True:
        print(os.waitstatus_to_exitcode(os.wait()[1]), file=sys.stderr)
except ChildProcessError:
    pass' "$@"
}

is_waiting() {
	compgen -G 'journal.[0-9]*'
}

for ((round = 1; round <= rounds; round++)); do
	after=$((RANDOM * RANDOM % 250000))
	rm -f killed.db* rest.db* journal*
	adopt "$ACAUSAL" record -o killed.db "$BUILD/tests/kill_load" journal parent $after $RANDOM \
		>program.out 2>program.err &
	job=$!
	check "the recorder is killed after $after us, the program goes on" wait_for 30 is_waiting
	pid=$(is_waiting)
	status "the rest of it is had by snapshot" 0 \
		timeout 60 "$ACAUSAL" snapshot -o rest.db "${pid#journal.}"
	touch journal.go
	wait $job
	equal 'the program has ended as without us' "$(cat program.out program.err)" $'done\n-9\n7'
	# It is made when the program first uses libuv: that may not have been seen yet.
	recordings=(rest.db)
	if [[ -e killed.db ]]; then
		recordings+=(killed.db)
		equal 'the recording was cut short' \
			"$(sql killed.db "SELECT value FROM meta WHERE key = 'complete'")" 0
		equal 'every chain ends' "$(chains_break killed.db)" ''
	fi
	equal 'all that it did is there' "$(journal_differs whole journal "${recordings[@]}" | head -n 12)" ''
	[[ $failures == 0 ]] || break
done
done_testing
