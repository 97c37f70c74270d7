#!/usr/bin/env bash
# Random programs on libuv: thousands of calls on handles in all states, from all callbacks. All that
# such a program prints hangs on the order of its callbacks and on what every call returned.
. "$ROOT/tests/e2e/differential.bash"

seeds=25

for ((seed = 1; seed <= seeds; seed++)); do
	differ "seed_$seed" 17 "$BUILD/tests/uv_generated" "$seed"
done
check_recording "$TMP/seed_1.db"

# What is compared is worth comparing.
matches 'a program prints thousands of lines' "$(wc -l <"$TMP/seed_1.plain/out")" '^[0-9]{4,}$'
refuse 'and another one others' cmp -s "$TMP/seed_1.plain/out" "$TMP/seed_2.plain/out"

done_testing
