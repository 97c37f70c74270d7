# Helper functions of the end-to-end tests; `. "$ROOT/tests/e2e/lib.sh"` is a test's first line.
#
# tests/run gives $ACAUSAL (the program), $BUILD (the build folder), $ROOT (the sources) and $TMP,
# an empty folder where the test stands. Each check prints one line `ok - words` or `not ok -
# words`; a failing one tells more in lines beginning with `#`. The test's exit status is non-zero
# when a check failed, and 1 when the script broke off before its end: the last line of a test is
# `done_testing`.
# shellcheck shell=bash
set -u

failures=0
finished=

trap 'status=$?; [[ $finished ]] || { echo "not ok - the script reached its end (status $status)"; exit 1; }' EXIT

ok() { # WORDS
	printf 'ok - %s\n' "$*"
}

not_ok() { # WORDS
	printf 'not ok - %s\n' "$*"
	failures=$((failures + 1))
	return 1
}

skip() { # WORDS REASON
	printf 'ok - %s # SKIP %s\n' "$1" "$2"
}

note() { # TEXT: lines of explanation below a check
	printf '%s\n' "$*" | sed 's/^/#   /'
}

# check WORDS COMMAND...: ok when the command succeeds; what it printed is shown when not.
check() {
	local words=$1 output status
	shift
	output=$("$@" 2>&1)
	status=$?
	if [[ $status == 0 ]]; then
		ok "$words"
	else
		not_ok "$words"
		note "exit status $status of: $*"
		[[ -z $output ]] || note "$output"
		return 1
	fi
}

# refuse WORDS COMMAND...: ok when the command fails (but is not killed by a signal).
refuse() {
	local words=$1 output status
	shift
	output=$("$@" 2>&1)
	status=$?
	if [[ $status != 0 && $status -lt 128 ]]; then
		ok "$words"
	else
		not_ok "$words"
		note "exit status $status of: $*"
		[[ -z $output ]] || note "$output"
		return 1
	fi
}

# status WORDS EXPECTED COMMAND...: ok when the command's exit status is EXPECTED. Its stdout and
# stderr are left in the files `out` and `err` of $TMP.
status() {
	local words=$1 expected=$2 status
	shift 2
	"$@" >"$TMP/out" 2>"$TMP/err"
	status=$?
	if [[ $status == "$expected" ]]; then
		ok "$words"
	else
		not_ok "$words"
		note "exit status $status, not $expected, of: $*"
		note "$(head -c 4000 "$TMP/out" "$TMP/err")"
		return 1
	fi
}

equal() { # WORDS ACTUAL EXPECTED
	if [[ $2 == "$3" ]]; then
		ok "$1"
	else
		not_ok "$1"
		note "$(diff <(printf '%s\n' "$3") <(printf '%s\n' "$2") | sed 's/^</expected:/; s/^>/     got:/' | head -n 60)"
		return 1
	fi
}

contains() { # WORDS TEXT PART
	if [[ $2 == *"$3"* ]]; then
		ok "$1"
	else
		not_ok "$1"
		note "not found: $3"
		note "in: $(printf '%s' "$2" | head -c 4000)"
		return 1
	fi
}

matches() { # WORDS TEXT REGEX
	if [[ $2 =~ $3 ]]; then
		ok "$1"
	else
		not_ok "$1"
		note "no match of: $3"
		note "in: $(printf '%s' "$2" | head -c 4000)"
		return 1
	fi
}

# wait_for SECONDS COMMAND...: tries until the command succeeds; 1 when time is up.
wait_for() {
	local until=$((SECONDS + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[[ $SECONDS -lt $until ]] || return 1
		sleep 0.05
	done
}

# sql FILE QUERY: the rows as plain text, one a line, columns parted by |. With SQLite's own shell,
# so that what is tested is the recording and not our reading of it.
sql() {
	sqlite3 -batch -noheader -init /dev/null -readonly "$1" "$2"
}

# json QUERY: the query's result where json_data holds what stdin said:
# "$ACAUSAL" info 3 --format json | json "SELECT data ->> '$.type' FROM json_data"
json() {
	local file
	file=$(mktemp "$TMP/json.XXXXXX") || return 1
	cat >"$file"
	sqlite3 -batch -noheader -init /dev/null :memory: \
		"CREATE TABLE json_data AS SELECT CAST(readfile('$file') AS TEXT) AS data; $1"
	status=$?
	rm -f "$file"
	return $status
}

# The checks that every finished recording stands up to.
check_recording() { # FILE
	equal "$1: integrity_check" "$(sql "$1" 'PRAGMA integrity_check')" ok
	equal "$1: complete, nothing lost" \
		"$(sql "$1" "SELECT key, value FROM meta WHERE key IN ('complete', 'lost_events') ORDER BY key")" \
		$'complete|1\nlost_events|0'
	equal "$1: one file" "$(ls "$1"-wal "$1"-shm 2>/dev/null)" ''
}

done_testing() {
	finished=yes
	[[ $failures == 0 ]]
	exit
}
