#!/usr/bin/env bash
# Recording is switched off and on in a program that runs: what happens meanwhile is not written, but
# what is alive and how it came to be is known when it goes on.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/flight.bash"

fly 4M "$world" book 1 300000 2
wait_for 20 has_come_to book 20000
check 'pause at full load' "$ACAUSAL" snapshot --pause "$pid"
wait_for 20 has_come_to book 40000
look book before
check 'a snapshot while it is paused' "$ACAUSAL" snapshot -o paused.db "$pid"
look book after
without=history
compare 'paused: all that is there is true, and what is alive is there' paused.db before after
check_recording paused.db
matches 'the pause is told, which goes on' "$(sql paused.db "SELECT from_ns > 0, to_ns, reason FROM gap
	WHERE thread_id IS NULL")" '^1\|\|paused$'
wait_for 20 has_come_to book 80000
check 'resume' "$ACAUSAL" snapshot --resume "$pid"
wait_for 30 grep -q quiet flown
look book now
check 'a snapshot after that' "$ACAUSAL" snapshot -o on.db "$pid"
compare 'gone on: all that is there is true, what is alive is there, and what has ended is not' \
	on.db now now rest
check_recording on.db
end "$pid"

# In record mode, too; what is missing then is told as a pause and not as a loss.
rm -f book
"$ACAUSAL" record -o made.db "$world" book 2 60000 2 >flown 2>said &
recorder=$!
wait_for 20 has_come_to book 10000
pid=$(pgrep -P "$recorder" -x flight_world)
check 'pause of a program that is being recorded' "$ACAUSAL" snapshot --pause "$pid"
wait_for 20 has_come_to book 25000
check 'resume of it' "$ACAUSAL" snapshot --resume "$pid"
wait_for 30 grep -q quiet flown
kill -TERM "$pid"
wait "$recorder"
equal 'it ends as ever' "$?" $((128 + 15))
contains 'nothing was lost' "$(<said)" ' 0 lost;'
look book now
without='history chains'
compare 'all that is there is true, and what ended in the pause is not alive' made.db now now rest
check_recording made.db
at_least 'what came before and after is there' "$(compared made.db now now)" runs 20000
matches 'the pause is told' "$(sql made.db 'SELECT DISTINCT reason FROM gap')" paused
equal 'no arming stands of what has ended' "$(sql made.db 'SELECT count(*) FROM arming
	JOIN resource USING (async_id) WHERE disarmed_ns IS NULL AND destroyed_ns IS NOT NULL')" 0
done_testing
