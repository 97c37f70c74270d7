# Crashes of every kind, from every place: the process dies as without us, and the recording has the
# signal, the run, the stack with the very function innermost, and libc's words.
# shellcheck shell=bash source=tests/e2e/crash.bash
. "$ROOT/tests/e2e/crash.bash"

# --- how, in a callback -------------------------------------------------------------------------

check_how() { # HOW SIGNAL|CODE|ADDRESS FUNCTIONS
	crash "$1" "$1" callback
	equal "$1: signal, run and stack" "$(crash_of "$1.db")" "$2|on_timer|$3 on_timer"
	equal "$1: one crash" "$(sql "$1.db" 'SELECT count(*) FROM crash')" 1
}
check_how null '11|1|1' 'null'
check_how bus '7|2|1' 'bus'
check_how jump '11|1|1' 'jump'
check_how wild '11|1|1' '? wild'
check_how divide '8|1|1' 'divide'
check_how trap '4|2|1' 'trap'
check_how kills '7|0|0' '__kill kill kills'
# Nothing leads further; where it was and in which run is known all the same.
crash lost lost callback
matches 'lost: signal, run and innermost frame' "$(crash_of lost.db)" '^11\|1\|1\|on_timer\|lost'

# Only the walk from outside gets through that frame.
check_how strange '11|1|1' 'null called_strangely strange'

message() { # NAME EXPECTED
	equal "$1: what it says" "$(sql "$1.db" 'SELECT message FROM crash')" "$2"
}
for how in aborts says asserts heap twice smash breakpoint raises; do
	crash "$how" "$how" callback
	# What libc calls in between is libc's own affair.
	matches "$how: the stack goes from libc to the callback" "$(crash_of "$how.db")" \
		"^[0-9]+\|-6\|0\|on_timer\|.*raise .*$how on_timer$"
done
message null ''
message aborts ''
message says 'cannot go on: 42'
matches 'asserts: what it says' "$(sql asserts.db 'SELECT message FROM crash')" \
	"asserts.*: Assertion .zero == 1' failed\.$"
message heap 'double free or corruption (out)'
message twice 'free(): double free detected in tcache 2'
message smash '*** stack smashing detected ***: terminated'
contains 'the message is in the heading' "$("$ACAUSAL" trace -r twice.db)" \
	'free(): double free detected'
equal 'and in JSON' "$(json "SELECT data ->> '$.message' FROM json_data" \
	< <("$ACAUSAL" info -r twice.db --format json crash))" 'free(): double free detected in tcache 2'

# --- where --------------------------------------------------------------------------------------

check_where() { # WHERE CALLBACK FUNCTIONS
	crash "at_$1" null "$1"
	equal "$1: signal, run and stack" "$(crash_of "at_$1.db")" "11|1|1|$2|$3"
	crash "deep_$1" overflow "$1"
	matches "$1: an overflow, its innermost frames and its run" "$(crash_of "deep_$1.db")" \
		"^11\|[12]\|1\|$2\|overflow_by overflow_by .*overflow_by$"
}
check_where pool on_work 'null on_work'
check_where thread in_thread 'null in_thread'
check_where handler on_timer_signalled \
	'null on_usr1 __restore_rt __pthread_kill_implementation raise raise on_timer_signalled'
check_where coroutine on_timer_resumes 'null in_coroutine __start_context on_timer_resumes'
crash at_main null main
matches 'main: signal, no callback, and the whole stack' "$(crash_of at_main.db)" \
	'^11\|1\|1\|\|null start_at main .*_start$'
equal 'main: in its root run' "$(sql at_main.db 'SELECT run_id = root_run_id FROM crash
	JOIN thread USING (thread_id)')" 1

# --- what no handler sees -----------------------------------------------------------------------

for how in blocked killed; do
	crash "$how" "$how" callback
	equal "$how: no crash, but what the thread was running" \
		"$(sql "$how.db" "SELECT (SELECT count(*) FROM crash), source.function FROM thread
			JOIN run ON run.run_id = last_run_id
			JOIN source ON source.frame_id = callback_frame_id")" '0|on_timer'
	contains "$how: it is shown so" "$("$ACAUSAL" trace -r "$how.db")" 'on_timer'
done
crash exits exits callback
equal '_exit in a callback: the run has begun and not ended' \
	"$(sql exits.db "SELECT source.function, run.ended_ns IS NULL, exit_code FROM run
		JOIN source ON source.frame_id = callback_frame_id, process
		WHERE part = 'callback' AND source.function = 'on_timer'")" 'on_timer|1|7'

# --- C++ ----------------------------------------------------------------------------------------

program=$BUILD/tests/crash_terminate
crash terminate
message terminate \
	"terminate called after throwing an instance of 'std::runtime_error': what():  no such luck"
matches 'terminate: the stack goes from libc to the callback' "$(crash_of terminate.db)" \
	'^6\|-6\|0\|on_timer.*\|.*raise .*on_timer'

for db in *.db; do
	equal "integrity of $db" "$(sql "$db" 'PRAGMA integrity_check')" ok
done

done_testing
