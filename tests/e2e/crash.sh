#!/usr/bin/env bash
# `crash`: one, several and none, what is shown of each, what is current after it, JSON.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING ACAUSAL_SOURCE_PATH COLUMNS NO_COLOR PAGER
export COLUMNS=100

make() { # FILE [SQL]
	[[ -e server.base ]] || { echo 'PRAGMA synchronous = OFF;' && cat "$ROOT"/schema/{tables,views}.sql \
		"$ROOT/tests/fixtures/server.sql" "$ROOT/schema/indexes.sql"; } | sqlite3 -batch server.base >/dev/null
	cp server.base "$1"
	sqlite3 -batch "$1" <<<"PRAGMA synchronous = OFF; ${2-}" >/dev/null
}

make acausal.db
for columns in 80 100; do
	shown=$(COLUMNS=$columns "$ACAUSAL" crash)
	[[ -z ${UPDATE-} ]] || printf '%s\n' "$shown" >"$ROOT/tests/golden/crash-$columns"
	equal "golden crash-$columns" "$shown" "$(cat "$ROOT/tests/golden/crash-$columns")"
done
equal 'what it begins with is the trace' "$("$ACAUSAL" crash | head -n 10)" "$("$ACAUSAL" trace | head -n 10)"
equal 'by its number' "$("$ACAUSAL" crash 1)" "$("$ACAUSAL" crash)"
equal 'by its point' "$("$ACAUSAL" crash crash:1)" "$("$ACAUSAL" crash)"
equal 'at the prompt its stack is the current one' \
	"$(printf 'trace 31\ncrash\nup\nup\nup\nlist\n' | "$ACAUSAL" debug acausal.db 2>/dev/null |
		grep -c ' #3   schedule_retry')" 1
equal '… and . is the crash' \
	"$(printf 'trace 31\ncrash\ninfo .\n' | "$ACAUSAL" debug acausal.db | grep -c '^crash  *SIGSEGV')" 1

one_line() { # WORDS STATUS PART COMMAND...
	status "$1: status $2" "$2" "${@:4}"
	equal "$1: one line" "$(wc -l <"$TMP/err")" 1
	contains "$1: its words" "$(cat "$TMP/err")" "$3"
	equal "$1: nothing on stdout" "$(cat "$TMP/out")" ''
}
one_line 'no such crash' 1 'crash:2 is not in acausal.db: the last is crash:1' "$ACAUSAL" crash 2
one_line '… as JSON' 1 'crash:2 is not in acausal.db' "$ACAUSAL" crash 2 --format json
one_line 'no number' 2 "a crash's number is wanted" "$ACAUSAL" crash x
one_line 'too large a one' 2 "a crash's number is wanted" "$ACAUSAL" crash 99999999999999999999
make none.db 'DELETE FROM crash'
one_line 'no crash' 1 "'threads' tells" "$ACAUSAL" crash -r none.db

make several.db "INSERT INTO crash (crash_id, process_id, thread_id, run_id, stack_id, signal, code, message, crashed_ns)
	SELECT 2, 1, 2, 70, stack_id, 6, -6, 'it is ' || char(27) || '[31mover', 81200340000 FROM crash;
	INSERT INTO crash (crash_id, process_id, signal) VALUES (3, 1, 11)"
shown=$("$ACAUSAL" crash -r several.db)
contains 'how many' "$shown" '3 crashes'
equal 'all of them, the last one last' "$(grep -o '^crash:[0-9]' <<<"$shown" | paste -sd ' ')" \
	'crash:1 crash:2 crash:3'
contains 'of those before the frames in short' "$shown" '          render_row src/render.c:88  < send_page'
contains 'the message, which paints nothing' "$shown" 'SIGABRT (raised by the program): it is \x1b[31mover'
contains 'of which nothing is known but the signal' "$shown" 'ends here: '
equal 'JSON' "$("$ACAUSAL" crash --format json -r several.db | json "SELECT data ->> '$.version', data ->> '$.count',
	data ->> '$.crashes[0].point', data ->> '$.crashes[0].signal_name', data ->> '$.crashes[0].run_id',
	data ->> '$.crashes[0].fault_address', data ->> '$.crashes[0].callback',
	data ->> '$.crashes[0].frames[1].function', data ->> '$.crashes[1].thread_id',
	data ->> '$.crashes[2].run_id' IS NULL FROM json_data")" '1|3|crash:1|SIGSEGV|97|24|on_retry|send_page|2|1'
make many.db "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
	INSERT INTO crash SELECT i, process_id, thread_id, run_id, stack_id, signal, code, fault_address, NULL, crashed_ns
		FROM n, crash WHERE crash_id = 1"
contains 'of many the last' "$("$ACAUSAL" crash -r many.db)" '5,000 crashes, of which these are the last 20'
equal '… twenty' "$("$ACAUSAL" crash -r many.db | grep -c '^crash:')" 20
for columns in 40 80 160; do
	equal "no line is wider than $columns columns" \
		"$(COLUMNS=$columns "$ACAUSAL" crash -r several.db | awk -v w=$columns 'length($0) > w')" ''
done

# A real one.
"$ACAUSAL" record -o real.db "$BUILD/examples/render_server" "$ROOT/examples/prices.csv" >/dev/null 2>&1
shown=$("$ACAUSAL" crash -r real.db)
contains 'a real one: the signal' "$shown" 'SIGSEGV at address 0x'
contains '… what was written there' "$shown" 'snprintf(output + used, size - used'
contains '… what armed the run' "$shown" 'armed by uv_timer_start(5 ms, repeat 5) on timer'

done_testing
