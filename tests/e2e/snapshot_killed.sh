#!/usr/bin/env bash
# `acausal snapshot` of a program whose recorder was killed, and of processes of which there can be
# none: each in one line that says what to do.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/flight.bash"

# One line, and no recording.
refused() { # WORDS PART ARGUMENT...
	local words=$1 part=$2
	shift 2
	status "$words: refused" 1 "$ACAUSAL" snapshot -o refused.db "$@"
	contains "$words: it says why" "$(<err)" "$part"
	equal "$words: in one line, and leaves no file" "$(wc -l <err) $(ls refused.db* 2>/dev/null)" '1 '
}

"$ACAUSAL" record -o made.db "$world" book 1 30000 2 >flown 2>said &
recorder=$!
wait_for 20 has_come_to book 5000
pid=$(pgrep -P "$recorder" -x flight_world)
is_written() { [ "$(sql made.db 'SELECT count(*) FROM process')" = 1 ]; }
wait_for 20 is_written
refused 'one that is being recorded' \
	"process $pid is being recorded (by process $recorder): open its recording" "$pid"
kill -KILL "$recorder"
wait "$recorder" 2>/dev/null
wait_for 20 grep -q quiet flown && ok 'the program goes on without its recorder'
look book now
status 'the rest is saved' 0 "$ACAUSAL" snapshot -o rest.db "$pid"
contains 'and it is said where the beginning is' "$(<err)" \
	'had taken out what came before: that is in the recording that it left'
# How what is alive came to be, and what else was before, the killed recorder knew.
without='chains folds history'
compare 'all that is there is true' rest.db now now
unset without
check_recording rest.db
at_least 'there is much of it' "$(compared rest.db now now)" runs 100
equal 'the recording that was cut short opens' "$(sql made.db 'PRAGMA integrity_check')" ok
status 'and says so' 0 "$ACAUSAL" -r made.db info process:1

# Whether something is written may be said of it at any time.
status 'pause' 0 "$ACAUSAL" snapshot --pause "$pid"
contains 'it is said' "$(<err)" "recording of process $pid is paused: 'acausal snapshot --resume $pid' goes on"
status 'pause again' 0 "$ACAUSAL" snapshot --pause "$pid"
contains 'is no error' "$(<err)" 'was paused already'
status 'a paused one can be saved' 0 "$ACAUSAL" snapshot -o paused.db "$pid"
contains 'which is said' "$(<err)" "recording of process $pid is paused"
status 'resume' 0 "$ACAUSAL" snapshot --resume "$pid"
contains 'it is said, too' "$(<err)" "process $pid is recorded again"
status 'resume again' 0 "$ACAUSAL" snapshot --resume "$pid"
contains 'is no error either' "$(<err)" 'it was not paused'
end "$pid"
refused 'one that has ended' "process $pid" "$pid"

# What is no process that is recorded.
sleep 100 &
other=$!
refused 'one that is not recorded' "process $other is not recorded: start it with" "$other"
contains 'and how it could be' "$(<err)" 'ACAUSAL_FLIGHT=64M'
status '--pause of it' 1 "$ACAUSAL" snapshot --pause "$other"
contains 'the same words' "$(<err)" 'is not recorded'
kill -KILL "$other"
wait "$other" 2>/dev/null
refused 'no process' 'there is no process 4000000000' 4000000000
refused 'a number that is none' 'there is no process 99999999999999999999' 99999999999999999999
refused 'process 0' 'there is no process 0' 0
refused 'no file' "'nothing' is neither the number of a process nor a file" nothing
refused 'a recording' "'made.db' is a recording already" made.db
echo hello >text
refused 'any file' "'text' is no image of a recorded process" text
: >empty
refused 'an empty file' 'is no image of a recorded process' empty
refused 'a folder' 'is no image of a recorded process' .
status 'nothing named' 2 "$ACAUSAL" snapshot
status 'too much named' 2 "$ACAUSAL" snapshot 1 2
status 'both --pause and --resume' 2 "$ACAUSAL" snapshot --pause --resume 1
status '--pause with a file' 2 "$ACAUSAL" snapshot --pause -o a.db 1
status '--pause of no process' 2 "$ACAUSAL" snapshot --pause text

# A zombie: its memory is gone.
sh -c 'sleep 0 & echo $!; exec sleep 100' >zombie &
parent=$!
wait_for 10 grep -q Z "/proc/$(wait_for 5 test -s zombie; cat zombie)/stat"
refused 'a zombie' "process $(<zombie) has ended" "$(<zombie)"
kill -KILL "$parent"
wait "$parent" 2>/dev/null

# The recorder itself has the arenas of others.
"$ACAUSAL" record --flight 4M -o made.db "$world" book2 1 1000 1 >flown 2>said &
recorder=$!
wait_for 20 grep -q quiet flown
refused 'a recorder' "process $recorder is a recorder: name the process that it records" "$recorder"
end "$(pgrep -P "$recorder" -x flight_world)"
wait "$recorder"

# Somebody else's.
if [[ $(id -u) == 0 ]] && command -v setpriv >/dev/null; then
	chmod 755 "$TMP"
	fly 1M "$world" book3 1 1000 1
	wait_for 20 grep -q quiet flown
	cp "$ACAUSAL" "$TMP/acausal" 2>/dev/null
	as_nobody() {
		setpriv --reuid 65534 --regid 65534 --clear-groups "$TMP/acausal" "$@"
	}
	if as_nobody --version >/dev/null 2>&1; then
		status "another user's process" 1 as_nobody snapshot --pause "$pid"
		contains 'who may' "$(<err)" "process $pid may be read by root only: run this as root"
	else
		skip "another user's process" 'the program cannot be run as another user here'
	fi
	end "$pid"
else
	skip "another user's process" 'only root can be somebody else'
fi
done_testing
