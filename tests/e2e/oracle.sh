#!/usr/bin/env bash
# Random libuv programs that know who armed each of their callbacks, and the children that they make
# of themselves: what was recorded must be equal to that, row for row. `make oracle SEEDS=1000` is the
# long form of this test.
# time limit: 240
. "$ROOT/tests/e2e/lib.sh"

seeds=10

# The program is only worth its name if its callbacks do end in jumps.
tail_calls=$(objdump -d --no-show-raw-insn "$BUILD/tests/oracle" | awk '
	/^[0-9a-f]+ <.*>:/ { name = $2 }
	name ~ /tail/ && /[ \t]jmp +.*(<uv_|<close_as_tail|\*%)/ { print name }' | tr -d '<>:' | sort -u)
for function in close_as_tail on_after_tail_work on_fs_tail_stat on_timer_tail_close \
	on_timer_tail_helper on_timer_tail_pointer on_timer_tail_send on_timer_tail_start walked_tail; do
	contains "$function ends in a tail call" $'\n'"$tail_calls"$'\n' $'\n'"$function"$'\n'
done

record() { # SEED
	rm -rf work truth acausal.db*
	mkdir work truth
	"$ACAUSAL" record "$BUILD/tests/oracle" "$1" truth "$TMP/work"
}

for ((seed = 1; seed <= seeds; seed++)); do
	check "seed $seed is recorded" record "$seed" || continue
	check "seed $seed: the recording is equal to what the program knew" \
		"$BUILD/tests/oracle_check" acausal.db truth
done
check_recording acausal.db

# A comparison that cannot fail shows nothing: each lie about the truth must be found out, and by what
# compares just that. Not every program has all that there is to lie about.
for seed in 5 9 7; do
	ORACLE_LIES=1 record "$seed" >/dev/null 2>&1
	mkdir "lies$seed"
	mv acausal.db truth-* "lies$seed"
done
found_out() { # LIE ASPECT
	local folder found
	for folder in lies*; do
		found=$("$BUILD/tests/oracle_check" "$folder/acausal.db" "$folder/truth-$1")
		[[ $found =~ $2\ \([0-9]+\ DIFFERENT\) ]] && break
	done
	matches "a lie about $1 is found out" "$found" "$2 \([0-9]+ DIFFERENT\)"
}
while read -r lie aspect; do
	found_out "$lie" "$aspect"
done <<'END'
link links
function callbacks
missing runs
site stacks
outer outer runs
status results
bytes results
cause causes
kind causes
uncaused causes
thing resources
maker resources
trigger triggers
handle loops and handles
loop loops and handles
gone lives
has_ref references
ref references
pool pool rows
arming armings
end ends
ender ends
timeout times
repeat times
send sends
name threads
spawn links
exit processes
END

done_testing
