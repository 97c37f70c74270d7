#!/usr/bin/env bash
# Core dumps of programs that died in many ways: their async stacks with the recording, with only
# what the core carries, and their native ones when they were never recorded.
. "$ROOT/tests/e2e/core.bash"
need_cores
death=$BUILD/tests/core_death

# The recording's own trace of the crash is the measure.
for way in null overflow abort heap bus thread work handler jump; do
	make_core "$way" "$ACAUSAL" record -o made.db "$death" "$way" || continue
	recorded=$("$ACAUSAL" trace -r "$way/made.db" --format json crash | chain)
	equal "$way: the core's own history leads where the recording does" \
		"$("$ACAUSAL" core --format json "$way/core" | crashed | chain)" "$recorded"
	equal "$way: joined with the recording, too" \
		"$("$ACAUSAL" core --format json -r "$way/made.db" "$way/core" | crashed | chain)" \
		"$recorded"
	[[ $way == null ]] || rm -f "$way/core"
done
equal 'the chain is that of the program' "$recorded" $'die\nmain'

# A call of a pointer to nowhere, and a signal that the recorder does not watch for.
make_core call "$ACAUSAL" record -o made.db "$death" call
equal 'a jump to nowhere: the caller is found' \
	"$("$ACAUSAL" core --format json call/core | crashed | chain)" $'die\non_second\non_first\nmain'
make_core quit "$ACAUSAL" record -o made.db "$death" quit
said=$("$ACAUSAL" core quit/core)
contains 'a signal without a crash event is told' "$said" 'SIGQUIT (sent by kill)'
matches 'its thread stands in its callback' "$said" 'run:[0-9]+ armed by uv_timer_start\(2 ms\)'
rm -f call/core

# Without a crash event, the run is what the arena and the native stack say together.
make_core nested "$ACAUSAL" record -o made.db "$death" nested
equal 'in a loop within a callback it is the inner run' \
	"$("$ACAUSAL" core --format json nested/core | crashed | chain | tail -n 6)" \
	$'die\non_inner\nrun_inner\non_second\non_first\nmain'
make_core left "$ACAUSAL" record -o made.db "$death" left
contains 'after a longjmp out of a callback it is main again' "$("$ACAUSAL" core left/core)" \
	'complete: straight from main'
rm -f nested/core left/core

# Threads that wait.
make_core waits "$ACAUSAL" record -o made.db "$death" work
said=$("$ACAUSAL" core waits/core)
matches 'threads that wait are told together' "$said" \
	'thread:[0-9]+(, thread:[0-9]+)+ wait for another thread'
contains 'and the loop' "$said" 'thread:1 waits for events of its loop'

# A core where a recording is asked for.
status 'trace -r CORE' 0 "$ACAUSAL" trace -r null/core
contains 'it begins at the crash' "$(<out)" 'crash:1   SIGSEGV at address 0x0'
contains 'and leads to main' "$(<out)" 'complete: 2 callbacks back to main'
status 'sql -r CORE' 0 "$ACAUSAL" sql -r null/core --format csv 'SELECT count(*) FROM crash'
equal 'has its tables' "$(tail -n 1 out | tr -d '\r')" 1
printf 'trace thread:1\ninfo crash\n' >commands
mkdir temporary
status 'debug CORE' 0 env TMPDIR="$TMP/temporary" "$ACAUSAL" debug -x commands --batch null/core
contains 'traces a thread' "$(<out)" 'thread:1'
equal 'nothing is left of the temporary recording' "$(ls temporary)" ''
status 'a folder that is not there for it' 1 env TMPDIR="$TMP/nowhere" "$ACAUSAL" trace -r null/core
contains 'is told with what to do' "$(<err)" 'set TMPDIR to another folder'

# The wrong recording, and what is no core.
status 'a recording of another process' 1 "$ACAUSAL" core -r abort/made.db null/core
contains 'is refused' "$(<err)" "is not the recording of this core's process"
: >empty
head -c 300 null/core >short
printf '\x7fELF\x01' >narrow
head -c 100 /dev/zero >>narrow
for file in empty short narrow null/made.db "$BUILD/acausal" /dev/null nowhere; do
	status "core ${file##*/} is refused" 1 "$ACAUSAL" core "$file"
	matches 'in one line' "$(<err)" '^acausal: [^'$'\n'']+$'
done
status 'trace CORE says what to type' 2 env -u ACAUSAL_RECORDING "$ACAUSAL" trace null/core
contains 'namely -r' "$(<err)" 'type -r null/core'
status 'a core as a command' 2 "$ACAUSAL" null/core
contains 'says what to type' "$(<err)" 'acausal core null/core'

# A core that was cut: said, and as much as there is shown.
head -c 200000 null/core >shortened
status 'a truncated core' 0 "$ACAUSAL" core shortened
matches 'is said to be one' "$(<out)" 'the core is truncated: 200,000 of [0-9,]+ bytes'

# The executable is known by its build ID.
cp "$death" moving
make_core moved "$ACAUSAL" record -o made.db "$TMP/moving" null
build_id=$(readelf -n moving | sed -n 's/.*Build ID: //p')
mv moving elsewhere
said=$("$ACAUSAL" core moved/core)
contains 'a missing executable is named with its build ID' "$said" \
	"$TMP/moving, build ID $build_id, is not here: name it with -e"
equal '-e names it' "$("$ACAUSAL" core --format json -e elsewhere moved/core | crashed | chain)" \
	$'die\non_second\non_first\nmain'
status 'another one is refused' 1 "$ACAUSAL" core -e "$BUILD/acausal" moved/core
contains 'for its build ID' "$(<err)" "that one's build ID is $build_id"
rm -f moved/core

# A core without the memory that is shared with the recorder (bit 1 of the filter).
if echo 0x31 2>/dev/null >"/proc/$BASHPID/coredump_filter"; then
	make_core filtered "$ACAUSAL" record -o made.db "$death" null
	echo 0x33 >"/proc/$BASHPID/coredump_filter"
	said=$("$ACAUSAL" core filtered/core)
	contains 'history that is not in the core is not denied' "$said" \
		"the recorder's memory is not in the core"
	contains 'and it is told how to get at it' "$said" "'acausal core -r RECORDING CORE' joins the two"
	equal 'the recording has it' "$("$ACAUSAL" core --format json -r filtered/made.db filtered/core |
		crashed | chain)" $'die\non_second\non_first\nmain'
	rm -f filtered/core
else
	skip 'a core without shared memory' 'the filter cannot be set'
fi

# Never recorded.
make_core never "$death" null
said=$("$ACAUSAL" core never/core)
contains 'of a program that was not recorded it is said' "$said" 'not recorded: this is where'
equal 'its native stack is shown' \
	"$("$ACAUSAL" core --format json never/core | crashed | chain | grep -v '^$')" \
	$'die\non_second\nuv_run\nmain'
status 'it has no recording' 1 "$ACAUSAL" trace -r never/core
contains 'and the message says so' "$(<err)" 'that was not recorded'
equal 'JSON: signal and threads' "$("$ACAUSAL" core --format json never/core | json "
	SELECT data ->> '\$.signal', data ->> '\$.recorded', json_array_length(data, '\$.threads'),
		data ->> '\$.threads[0].trace.ended_code' FROM json_data")" '11|0|1|not_recorded'
printf '%s\n' core trace 'core never/core' >commands
status 'a prompt on it opens, and ends with the status of what failed' 1 "$ACAUSAL" debug never/core <commands
equal '… and shows it, and what has no answer says why' "$(cat out err)" "$said
$said
acausal: 'never/core' is the core of a program that was not recorded: 'acausal core never/core' shows its threads"
status 'nothing is wrong with it' 0 "$ACAUSAL" debug never/core </dev/null
status 'a core of nothing' 1 "$ACAUSAL" debug short </dev/null

# At a prompt on a recording or a recorded core, which stays open.
echo 'trace crash' | "$ACAUSAL" debug null/core >expected
printf '%s\n' core 'trace crash' | "$ACAUSAL" debug null/core >said
equal 'core at the prompt of one' "$(grep -v '^core  ' said | head -n 3)" \
	"$("$ACAUSAL" core null/core | grep -v '^core  ' | head -n 3)"
check '… goes on with it' diff expected <(tail -n "$(wc -l <expected)" said)
echo 'core null/core' | "$ACAUSAL" debug null/made.db >said
contains 'at that of its recording it is joined with that' "$(<said)" 'joined with the recording null/made.db'
echo 'core null/core' | "$ACAUSAL" debug abort/made.db >said
contains '… and at that of another it is not' "$(<said)" 'with the history that the core carries'
status 'core needs one' 2 "$ACAUSAL" core

done_testing
