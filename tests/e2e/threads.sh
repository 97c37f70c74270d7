#!/usr/bin/env bash
# Threads: their names, whoever gives them, their ends, and what they do after that; and `threads`,
# which lists them.
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

# --- `threads` ----------------------------------------------------------------------------------

unset ACAUSAL_RECORDING COLUMNS NO_COLOR PAGER
export COLUMNS=100

# thread COLUMNS WHERE: of the threads' JSON.
thread() {
	"$ACAUSAL" threads -r "$recording" --format json |
		json "SELECT $1 FROM (SELECT value AS v FROM json_data, json_each(data, '$.threads')) WHERE $2"
}

recording=threads.db
equal 'all are there' "$("$ACAUSAL" threads -r threads.db --format json | json "SELECT data ->> '$.version',
	data ->> '$.count' = json_array_length(data, '$.threads') FROM json_data")" '1|1'
equal 'by their names' "$(thread "v ->> '$.name', v ->> '$.role', v ->> '$.state', v ->> '$.words' LIKE 'ended at +%'" \
	"v ->> '$.name' IN ('kernel', 'itself') ORDER BY 1")" $'itself|user|ended|1\nkernel|user|ended|1'
contains '… in text' "$("$ACAUSAL" threads -r threads.db)" 'itself'
recording=many.db
equal 'callbacks are counted' "$(thread "sum(v ->> '$.callbacks')" 1)" \
	"$(sql many.db 'SELECT count(*) FROM run WHERE run_id NOT IN (SELECT root_run_id FROM thread)')"
contains 'of many the first are shown' "$("$ACAUSAL" threads -r many.db)" ' ended'
equal '… and how many more there are' \
	"$("$ACAUSAL" threads -r many.db | sed -n 's/,//g; s/^ *\.\.\. \([0-9]*\) more threads.*--all$/\1/p')" \
	"$(sql many.db 'SELECT count(*) - 40 FROM thread')"
equal '--all leaves none out' "$("$ACAUSAL" threads --all -r many.db | grep -c '^  thread:')" \
	"$(sql many.db 'SELECT count(*) FROM thread')"

# bare FILE SQL: the schema, a program of two threads, and SQL.
bare() {
	rm -f "$1"
	{
		echo 'PRAGMA synchronous = OFF;'
		cat "$ROOT"/schema/{tables,views}.sql
		cat "$ROOT/tests/fixtures/server.sql" "$ROOT/schema/indexes.sql"
		echo "$2"
	} | sqlite3 -batch "$1" >/dev/null
}

bare crash.db ''
recording=crash.db
equal 'what crashed' "$(thread "v ->> '$.state', v ->> '$.crash_id', v ->> '$.run_id', v ->> '$.words'" \
	"v ->> '$.thread_id' = 1")" 'crashed|1|97|crash:1, SIGSEGV in run:97, on_retry of timer 43'
equal 'what was in no callback' "$(thread "v ->> '$.state', v ->> '$.words'" "v ->> '$.thread_id' = 2")" \
	'outside|outside any callback'
bare killed.db 'DELETE FROM crash; UPDATE process SET exit_signal = 9'
recording=killed.db
equal 'what was running when it was killed' "$(thread "v ->> '$.words'" "v ->> '$.thread_id' = 1")" \
	'in run:97, on_retry of timer 43, since +81.200290 s, for 110 us'
bare waited.db 'UPDATE thread SET last_run_id = 1 WHERE thread_id = 1; DELETE FROM crash;
	DELETE FROM packed_poll;
	INSERT INTO packed_poll VALUES (2, 1000, 1, 5000, 10), (2, 9000, 1, 1000000, 10), (2, 90000, 2, 7, 0)'
recording=waited.db
equal 'when a loop was last back from the kernel' "$(thread "v ->> '$.left_poll_ns'" 1)" $'\n90007'
sqlite3 waited.db "DELETE FROM packed_poll WHERE thread_id = 2;
	INSERT INTO packed_poll VALUES (3, 100, 1, 5, 0)"
equal '… the last of its loops; that of another thread says nothing' "$(thread "v ->> '$.left_poll_ns', v ->> '$.words'" \
	"v ->> '$.thread_id' = 1")" \
	'1009000|outside any callback; its loop was last back from the kernel at +0.001009 s'

# Ten thousand threads in a thousand processes and more.
bare crowd.db "
	WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
		INSERT INTO process (process_id, os_pid, executable, started_ns, ended_ns, exit_code)
		SELECT i, 9000 + i, '/bin/sh', i, i * 1000000, 0 FROM n;
	WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 10009)
		INSERT INTO thread SELECT i, 1 + i % 1000, i, 'worker', CASE WHEN i < 1010 THEN 'main' ELSE 'user' END,
			NULL, NULL, i, i * 1000, 0 FROM n;
	UPDATE thread SET last_run_id = 97 WHERE thread_id = 7777"
recording=crowd.db
shown=$("$ACAUSAL" threads -r crowd.db)
check 'a crowd fits on two screens' test "$(wc -l <<<"$shown")" -lt 140
contains 'what crashed is shown' "$shown" 'crash:1, SIGSEGV in run:97'
contains 'what was in a callback too' "$shown" 'thread:7777'
contains 'the others are counted' "$shown" 'more processes with'
equal '… all of them' "$(sed -n 's/,//g; s/^.*\.\.\. .*[^0-9]\([0-9]\{1,\}\) \(more \)*threads*: .*/\1/p
	s/^ *\.\.\. \([0-9]*\) more threads*: .*/\1/p' <<<"$shown" | awk '{ sum += $1 } END { print sum }')" "$((10002 - 40))"
equal 'one process' "$("$ACAUSAL" threads process:500 -r crowd.db | grep -c '^  thread:')" 10
for columns in 40 80 100; do
	equal "no line is wider than $columns columns" \
		"$(COLUMNS=$columns "$ACAUSAL" threads -r crowd.db | awk -v w=$columns 'length($0) > w')" ''
done

# What a recording may claim.
bare odd.db "UPDATE thread SET started_ns = -9223372036854775807, ended_ns = 9223372036854775807,
		name = char(27) || '[31m' || hex(zeroblob(9999)), role = char(7) WHERE thread_id = 2;
	UPDATE packed_run SET duration_ns = 9223372036854775807;
	UPDATE packed_shot SET duration_ns = 9223372036854775807, wait_ns = 9223372036854775807;
	INSERT INTO packed_poll VALUES (-5, 9223372036854775807, 1, 9223372036854775807, 0), (NULL, 1, 1, 1, 1);
	INSERT INTO thread VALUES (50, NULL, NULL, NULL, NULL, NULL, 5, NULL, NULL, NULL), (51, 77, 1, 'x', 'y', 1, 2, 3, 4, 5);
	INSERT INTO crash (crash_id, thread_id) VALUES (7, 51), (8, NULL), (9, 4242);" 2>/dev/null
status 'odd rows' 0 timeout 20 "$ACAUSAL" threads -r odd.db
equal '… paint nothing' "$(tr -d '\n[:print:]' <"$TMP/out")" ''
status '… as JSON' 0 timeout 20 "$ACAUSAL" threads -r odd.db --format json
check '… which is valid' json 'SELECT 1 / json_valid(data) FROM json_data' <"$TMP/out"
status 'no such process' 1 "$ACAUSAL" threads process:9999 -r crowd.db
contains '… in words' "$(cat "$TMP/err")" 'process:9999 is not in crowd.db: the last is process:1000'
status 'no process' 2 "$ACAUSAL" threads run:5 -r crowd.db

done_testing
