#!/usr/bin/env bash
# Threads: their names, whoever gives them, their ends, and what they do after that.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/named.bash"

recording=threads.db
status 'the program is recorded' 0 "$ACAUSAL" record -o threads.db "$BUILD/tests/uv_threads"
check_recording threads.db

answers 'the names that threads were given, by whomever' \
	"SELECT name FROM thread WHERE role = 'user' AND NOT is_foreign ORDER BY thread_id" \
	$'by another\nitself\nkernel\ncancelled'
answers '… and the main thread' "SELECT name FROM thread WHERE role = 'main' AND process_id = 1" \
	"main's own"
answers 'all of them have ended' \
	"SELECT count(*) FROM thread WHERE role = 'user' AND ended_ns IS NULL" 0

# A thread whose destructors go on after the recorder's own.
status 'threads that outlive their own end are recorded' 0 \
	"$ACAUSAL" record -o many.db "$BUILD/tests/uv_threads" many
check_recording many.db
recording=many.db
answers 'what such a thread does is recorded' \
	"SELECT count(*) FROM named WHERE callback = 'on_last_act'" 4500
answers '… and that it ended, but for the last' \
	"SELECT count(*) FROM thread WHERE role = 'user' AND ended_ns IS NULL" 1

done_testing
