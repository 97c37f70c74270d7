#!/usr/bin/env bash
# Random calls of stdio on several streams, in random modes of buffering: what each returns, what it
# leaves in the buffers and in the files is the same with and without us.
. "$ROOT/tests/e2e/differential.bash"

seeds=8

for ((seed = 1; seed <= seeds; seed++)); do
	differ "seed_$seed" 28 "$BUILD/tests/libc_random" "$seed"
done
check_recording "$TMP/seed_1.db"
matches 'lines were recorded' "$(sql "$TMP/seed_1.db" 'SELECT count(*) FROM log')" '^[0-9]{4,}$'

done_testing
