#!/usr/bin/env bash
# acausal_snapshot() from inside: in a signal handler, whatever its thread was doing, while others go
# on. What it writes is taken in the place of a recording. And cores of programs in flight mode.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/flight.bash"

# Asked at full load, several times.
for seed in 1 2; do
	rm -f world.image
	fly 1M "$world" book "$seed" 600000 2
	wait_for 20 has_come_to book $((seed * 8000))
	look book before
	kill -USR1 "$pid"
	wait_for 10 grep -q image flown
	equal "seed $seed: it has written one" "$(<flown)" image
	look book after
	equal "seed $seed: for its owner only" "$(stat -c %a world.image)" 600
	status "seed $seed: a recording of it" 0 "$ACAUSAL" snapshot -o image.db world.image
	contains "seed $seed: it says since when it is whole" "$(<err)" 'flight mode: all since +'
	compare "seed $seed: all that is there is true, and what is alive is there" \
		image.db before after
	check_recording image.db
	end "$pid"
	rm -f book
done
equal 'the recording knows the program' "$(sql image.db 'SELECT executable FROM process')" "$world"

# The image itself, wherever a recording is.
status 'sql -r IMAGE' 0 "$ACAUSAL" sql --format csv -r world.image 'SELECT count(*) FROM run'
equal 'says the same as the recording' "$(tail -n 1 out | tr -d '\r')" \
	"$(sql image.db 'SELECT count(*) FROM run')"
id=$(sql image.db "SELECT min(async_id) FROM arming WHERE timeout_ms = 1000000000")
status 'trace -r IMAGE' 0 "$ACAUSAL" trace -r world.image "$id"
contains 'leads to main' "$(<out)" 'back to main'
contains 'with the names of functions' "$(<out)" ' on_tick '

# Not recorded, or the file is there.
"$world" book 1 1000 1 >flown &
pid=$!
wait_for 20 grep -q quiet flown
kill -USR1 "$pid"
wait_for 10 grep -q image flown
contains 'a program that is not recorded is told so' "$(<flown)" 'no image'
end "$pid"
rm -f book
fly 1M "$world" book 1 1000 1
wait_for 20 grep -q quiet flown
before=$(sha256sum world.image)
kill -USR1 "$pid"
wait_for 10 grep -q image flown
contains 'a file that is there' "$(<flown)" 'no image'
equal 'stays as it is' "$(sha256sum world.image)" "$before"

# A crash: the core has it all.
ulimit -c unlimited
look book now
if [[ $(</proc/sys/kernel/core_pattern) == core && $(</proc/sys/kernel/core_uses_pid) == 0 ]]; then
	rm -rf book
	fly 1M "$world" book 4 40000 2
	wait_for 20 grep -q quiet flown
	look book now
	kill -ABRT "$pid"
	wait "$pid" 2>/dev/null
	status 'a core' 0 "$ACAUSAL" core core
	# A recording of a core has no name: its tables are asked for one by one.
	for id in $(awk -F'|' '($6 == "s" || $6 == "a") && $5 == "t" { print $1 }' now | head -n 4); do
		printf 'SELECT async_id FROM arming WHERE repeat_ms = %s;\n' "$id"
	done >questions
	chains=0
	while read -r question; do
		async=$("$ACAUSAL" sql --format csv -r core "$question" | tail -n 1 | tr -d '\r')
		"$ACAUSAL" trace -r core "$async" | grep -q 'back to main' && chains=$((chains + 1))
	done <questions
	equal 'has the whole chain of all that was alive' "$chains" "$(wc -l <questions)"
else
	end "$pid"
	skip 'a core' "the kernel does not name them 'core' here"
fi
done_testing
