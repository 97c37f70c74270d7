#!/usr/bin/env bash
# Flight mode where something ends: a crash is told, a child whose parent's call was overwritten says
# that; options that do not go together; a file that somebody else writes.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/flight.bash"
parent=$BUILD/tests/flight_parent

status 'a program that crashes in flight mode' 139 "$ACAUSAL" record --flight 1M -o crash.db \
	"$parent" 30000 crash
contains 'is told' "$(<err)" "SIGSEGV ended $parent"
matches 'since when all is there' "$(<err)" 'flight mode: all since \+'
matches 'with its async stack' "$(<err)" '#[0-9]+ +on_hop '
matches 'what repeats is folded' "$(<err)" 'the same segment [0-9,]+ times more'
contains 'that leads to main' "$(<err)" 'back to main'

# The call that made a child is older than what was kept, and the child begins later than that.
status 'a child of old' 0 "$ACAUSAL" record --flight 1M -o old.db \
	"$parent" 60000 "$BUILD/tests/process_family" leaf 5
matches 'has a parent' "$(sql old.db 'SELECT parent_process_id, is_foreign FROM process WHERE process_id = 2')" \
	'^1\|0$'
at_least 'whose oldest events are gone' \
	"from=$(sql old.db 'SELECT history_from_ns FROM process WHERE process_id = 1')" from 1
status 'its chain ends' 0 "$ACAUSAL" trace -r old.db 2:3
contains 'in words that say so' "$(<out)" \
	'ends here: the call that started this process is older than the history that was kept'
status 'for scripts, too' 0 "$ACAUSAL" trace -r old.db --format json 2:3
contains 'by a name' "$(<out)" '"ended_code": "overwritten"'
check_recording old.db

# With a later beginning, as after a long start: it was told all the same, and that is gone.
sqlite3 old.db 'UPDATE process SET started_ns = 1000000000000 WHERE process_id = 2'
status 'one that took long to start' 0 "$ACAUSAL" trace -r old.db 2:3
contains 'says the same' "$(<out)" \
	'ends here: the call that started this process is older than the history that was kept'

status '--on-full beside --flight' 125 "$ACAUSAL" record --flight 1M --on-full drop -o none.db true
contains 'is refused' "$(<err)" '--on-full does not go with --flight'
equal 'and nothing was made' "$(ls none.db* 2>/dev/null)" ''

# A file that is being written by a recorder is not taken from it.
fly 1M "$world" book 1 20000 1
flown=$pid
wait_for 20 grep -q quiet flown
"$ACAUSAL" record -o busy.db "$world" book2 2 20000 1 >said 2>&1 &
recorder=$!
wait_for 20 has_come_to book2 10000
status 'a snapshot into a recording that grows' 1 "$ACAUSAL" snapshot -o busy.db "$flown"
contains 'is refused' "$(<err)" 'busy.db'
equal 'in one line' "$(wc -l <err)" 1
kill -TERM "$recorder"
wait "$recorder" 2>/dev/null

# Nor the other way round: while its snapshot is being made.
status 'a snapshot' 0 "$ACAUSAL" snapshot -o mine.db "$flown"
if command -v strace >/dev/null; then
	strace -o calls -e trace=fcntl "$ACAUSAL" snapshot -o mine.db "$flown" 2>/dev/null
	contains 'keeps others away from its file' "$(<calls)" F_OFD_SETLK
else
	skip 'keeps others away from its file' 'strace is not here'
fi
end "$flown"
done_testing
