#!/usr/bin/env bash
# A program that is killed at any moment under load: all that it had done by then is recorded.
#
#     ROUNDS=1000 make test T=e2e/kill_program      (make kills)
# time limit: 3000
# shellcheck shell=bash
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/kill.bash"
rounds=${ROUNDS:-3}

for ((round = 1; round <= rounds; round++)); do
	after=$((RANDOM * RANDOM % 200000))
	rm -f killed.db* journal
	status "killed after $after us" 137 \
		timeout 60 "$ACAUSAL" record -o killed.db "$BUILD/tests/kill_load" journal self $after $RANDOM
	check_recording killed.db
	equal 'what it had done is recorded' "$(journal_differs killed journal killed.db | head -n 12)" ''
	equal 'nothing was armed again before it fired' "$(sql killed.db \
		"SELECT api, times FROM arming WHERE times > 1 LIMIT 3")" ''
	equal 'every chain ends' "$(chains_break killed.db)" ''
	[[ $failures == 0 ]] || break
done
done_testing
