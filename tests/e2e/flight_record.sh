#!/usr/bin/env bash
# `record --flight`: the newest history of each process, and how what is alive came to be.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/flight.bash"

# Of a program that ends.
status 'a program in flight mode' 0 "$ACAUSAL" record --flight 1M -o made.db "$world" book 1 60000 2 end
equal 'its output is its own' "$(<out)" quiet
matches 'what there is' "$(<err)" 'acausal: [0-9,]+ resources, .* 6 threads, 0 lost; .* in made.db'
matches 'since when it is whole' "$(<err)" \
	'flight mode: all since \+0\.[0-9]+ s is there; of what came before, how it led to what is still alive'
look book now
compare 'all that is there is true, and what is alive is there' made.db now now
check_recording made.db
counts=$(compared made.db now now)
at_least 'much was overwritten' "$counts" from 1
at_least 'newest history is there' "$counts" runs 1000
at_least 'what is alive is old and new' "$counts" stays 150
equal 'the process has ended' "$(sql made.db 'SELECT exit_code, exit_signal FROM process')" '0|'

# With more room than it needs nothing is missing.
status 'with much room' 0 "$ACAUSAL" record --flight 64M -o all.db "$world" book2 2 20000 2 end
contains 'it is said' "$(<err)" 'flight mode: nothing was overwritten'
look book2 now
compare 'all is there' all.db now now
check_recording all.db
equal 'every callback that ran is there' "$(compared all.db now now | grep -o 'runs=[0-9]*')" \
	"runs=$(awk -F'|' '$6 == "o" && $4 != "on_far_away" && $5 != "s"' now | wc -l)"

# The oracle, with its children: as it was, row for row, when there is room.
mkdir truth work
status 'a random program and its children' 0 "$ACAUSAL" record --flight 64M -o oracle.db \
	"$BUILD/tests/oracle" 5 truth "$TMP/work"
check 'the recording is equal to what they knew' "$BUILD/tests/oracle_check" oracle.db truth

# While it runs.
"$ACAUSAL" record --flight 1M -o later.db "$world" book3 3 100000 2 >flown 2>said &
recorder=$!
wait_for 20 has_come_to book3 20000
pid=$(pgrep -P "$recorder" -x flight_world)
look book3 before
check 'a snapshot in the middle' "$ACAUSAL" snapshot -o middle.db "$pid"
look book3 after
compare 'all that is there is true' middle.db before after
check_recording middle.db
wait_for 20 grep -q quiet flown
look book3 before
check 'and one when it rests' "$ACAUSAL" snapshot -o rest.db "$pid"
compare 'all that is there is true at rest' rest.db before before rest
kill -TERM "$recorder"
wait "$recorder"
equal 'SIGTERM goes to the program' "$?" $((128 + 15))
contains 'which is told' "$(<said)" "SIGTERM ended $world"
compare 'what the recorder made of it is true, too' later.db before before
at_least 'and as much' "$(compared later.db before before)" stays 150

# Without the recorder it goes on as before.
"$ACAUSAL" record --flight 1M -o later.db "$world" book4 4 100000 2 >flown 2>said &
recorder=$!
wait_for 20 has_come_to book4 10000
pid=$(pgrep -P "$recorder" -x flight_world)
kill -KILL "$recorder"
wait "$recorder" 2>/dev/null
wait_for 20 grep -q quiet flown
look book4 now
status 'the recorder was killed: a snapshot' 0 "$ACAUSAL" snapshot -o killed.db "$pid"
matches 'has all that there is' "$(<err)" 'flight mode: all since \+[0-9.]+ s is there'
equal 'and is of nothing that was taken out' "$(grep -c 'taken out' err)" 0
compare 'all that is there is true, and what is alive is there' killed.db now now rest
kill -KILL "$pid"

# Wrong words.
for size in 0 1 1023K 2G 1025M 64Q x '' 1M1 -1; do
	status "--flight '$size'" 125 "$ACAUSAL" record --flight "$size" -o none.db true
	contains 'is told' "$(<err)" '--flight is '
done
equal 'and nothing was made' "$(ls none.db* 2>/dev/null)" ''
done_testing
