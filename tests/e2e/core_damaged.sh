#!/usr/bin/env bash
# Core dumps that are huge, and core dumps that are damaged: hostile input ends in an answer or in one
# line, and soon. (core_damage says how it damages them.)
. "$ROOT/tests/e2e/core.bash"
need_cores
death=$BUILD/tests/core_death
make_core null "$ACAUSAL" record -o made.db "$death" null
make_core never "$death" null

# Much memory: only what is needed is read. (The file is sparse.)
make_core huge "$ACAUSAL" record -o made.db "$death" huge
if [[ $(stat -c %s huge/core) -gt 1073741824 ]]; then
	status 'a core of more than 1 GiB' 0 timeout 20 "$ACAUSAL" core huge/core
	contains 'is read' "$(<out)" 'complete: 2 callbacks back to main'
else
	not_ok 'the huge core is huge'
fi
rm -f huge/core

# Damaged at random.
check 'damaged cores end in an answer or in one line' \
	"$BUILD/tests/core_damage" never/core 40 1 "$ACAUSAL" core
check 'so do those with a history' \
	"$BUILD/tests/core_damage" null/core 60 2 "$ACAUSAL" core --format json
contains 'the undamaged one is as it was' "$("$ACAUSAL" core null/core)" \
	'complete: 2 callbacks back to main'
done_testing
