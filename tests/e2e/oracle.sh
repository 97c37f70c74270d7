#!/usr/bin/env bash
# Random libuv programs that know who armed each of their callbacks: what was recorded must be equal
# to that, callback for callback. `make oracle SEEDS=1000` is the long form of this test.
# time limit: 240
. "$ROOT/tests/e2e/lib.sh"

seeds=24

# The program is only worth its name if its callbacks do end in jumps.
tail_calls=$(objdump -d --no-show-raw-insn "$BUILD/tests/oracle" | awk '
	/^[0-9a-f]+ <.*>:/ { name = $2 }
	name ~ /tail/ && /[ \t]jmp +.*(<uv_|<close_as_tail|\*%)/ { print name }' | tr -d '<>:' | sort -u)
for function in close_as_tail on_after_tail_work on_fs_tail_stat on_timer_tail_close \
	on_timer_tail_helper on_timer_tail_pointer on_timer_tail_send on_timer_tail_start walked_tail; do
	contains "$function ends in a tail call" $'\n'"$tail_calls"$'\n' $'\n'"$function"$'\n'
done

record() { # SEED
	rm -rf work acausal.db*
	mkdir work
	"$ACAUSAL" record "$BUILD/tests/oracle" "$1" truth "$TMP/work"
}

for ((seed = 1; seed <= seeds; seed++)); do
	check "seed $seed is recorded" record "$seed" || continue
	check "seed $seed: the recording is equal to what the program knew" \
		"$BUILD/tests/oracle_check" acausal.db truth
done
check_recording acausal.db

# A comparison that cannot fail shows nothing.
for lie in 1 2 3; do
	ORACLE_LIE=$lie record 5 >/dev/null 2>&1
	status "lie $lie about the truth is found out" 1 "$BUILD/tests/oracle_check" acausal.db truth
done

done_testing
