#!/usr/bin/env bash
# Recordings that want to do harm: each command that there is, asked of each, ends in time, with an
# answer or an error in words, and leaves the terminal alone.
# time limit: 300
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

ulimit -c 0
trap '' PIPE # the prompt may have ended before it is told all
ulimit -v $((4 << 20)) 2>/dev/null # kB: what takes more than that is no answer either
[[ ${ASAN_OPTIONS-} == '' ]] || ulimit -v unlimited

# make_hostile KIND FILE: a recording of two processes, spoilt.
cat >make_hostile.py <<'END'
import sqlite3, sys

kind, path, *sources = sys.argv[1:]
db = sqlite3.connect(path, isolation_level=None)
for source in sources:
    db.executescript(open(source).read())
db.execute("BEGIN")
tables = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
columns = [(table, row[1], row[2], row[5]) for table in tables
           for row in db.execute(f"PRAGMA table_info({table})")]
painted = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\r\x08\x7f\u0000end"
endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"

def each(wanted, change):
    for table, column, type, key in columns:
        if not key and wanted(table, column, type):
            change(table, column)

def control():
    # What tells kinds apart stays, so that everything is shown.
    kinds = ("class", "role", "part", "kind", "complete", "reason")
    each(lambda t, c, y: y == "TEXT" and c not in kinds and t != "meta",
         lambda t, c: db.execute(f"UPDATE {t} SET {c} = ? || {c} || ?", (painted, painted)))
    for name in ("type", "api"):
        db.execute(f"UPDATE {name} SET name = name || ?", (painted,))
    db.execute("UPDATE meta SET value = ? || value WHERE key NOT IN ('complete', 'lost_events')", (painted,))
    db.execute("UPDATE packed_log SET text = CAST(? || text AS BLOB) WHERE log_id % 2", (painted,))
    db.execute("UPDATE source SET function = CAST(x'1b5b324aff9bc3' AS TEXT) WHERE frame_id % 3 = 1")
    db.execute("UPDATE process SET arguments = '[\"' || ? || '\", 5, null, {\"a\": [1]}]'", (painted,))

def numbers():
    values = [-2**63, 2**63 - 1, -1, 0, None, 1e308, "text", b"\x00\x01", 2**40, -2**40]
    def spoil(table, column):
        rows = [row for row, in db.execute(f"SELECT DISTINCT {column} FROM {table}")]
        for place, value in enumerate(values):
            db.execute(f"UPDATE {table} SET {column} = ? WHERE abs(random()) % 40 = ?", (value, place))
    each(lambda t, c, y: y == "INTEGER", spoil)
    for table, column, type, key in columns:
        if type == "INTEGER" and key and "WITHOUT" not in table:
            for value in (2**63 - 1, -2**63, -1, 2**62):
                db.execute(f"INSERT OR IGNORE INTO {table} ({column}) VALUES (?)", (value,)) \
                    if table not in ("source", "packed_poll") else None

def circles():
    # Everything leads to itself, to what is after it, or to nothing.
    for way in range(3):
        each(lambda t, c, y: c.endswith("_delta"),
             lambda t, c: db.execute(f"UPDATE {t} SET {c} = ? WHERE rowid % 3 = ?", ([0, -1, 1][way], way)))
    each(lambda t, c, y: c in ("caller_id", "outer_run_id", "parent_context_id", "parent_process_id", "run_id",
                               "to_run_id", "cause_id", "arming_id", "spawned_by_async_id"),
         lambda t, c: db.execute(f"UPDATE {t} SET {c} = (SELECT rowid FROM {t} s WHERE s.rowid >= {t}.rowid"
                                 f" ORDER BY abs(random()) % 2, s.rowid DESC LIMIT 1)")
         if t not in ("meta", "source", "packed_poll") else None)
    db.execute("INSERT OR REPLACE INTO fold SELECT run_id, 1, 9223372036854775807, run_id FROM packed_run")

def giant():
    each(lambda t, c, y: y == "TEXT" and c not in ("class", "role", "part", "kind") and t != "meta",
         lambda t, c: db.execute(f"UPDATE {t} SET {c} = {c} || replace(hex(zeroblob(100000)), '00', 'long ')"
                                 f" WHERE rowid = (SELECT max(rowid) FROM {t})")
         if t not in ("source",) else None)
    db.execute("UPDATE source SET function = replace(hex(zeroblob(20000)), '00', 'f()') WHERE frame_id % 5 = 0")
    db.execute("UPDATE packed_log SET text = zeroblob(20000000), full_length = 9223372036854775807 WHERE log_id = 7")
    # Deep: stacks, timers that make timers, contexts.
    db.execute("WITH RECURSIVE n (i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
               " INSERT INTO stack (stack_id, caller_id, frame_id) SELECT i, i - 1, 3 FROM n")
    db.execute("UPDATE origin SET stack_id = 5999 WHERE origin_id % 2")
    db.execute("WITH RECURSIVE n (i) AS (SELECT 5000 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
               " INSERT INTO packed_resource (async_id, origin_id, trigger_delta, run_id, created_ns)"
               " SELECT i, 1, 1, i - 1, i FROM n")
    db.execute("WITH RECURSIVE n (i) AS (SELECT 5000 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
               " INSERT INTO packed_shot (run_id, async_id, arming_delta, origin_id, armer_delta, armed_ns, wait_ns,"
               " duration_ns, entry_id) SELECT i, i, 1, 1 + i % 9, 1, i, 1, 1, 1 FROM n")
    db.execute("WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
               " INSERT INTO context (context_id, parent_context_id, key, value, run_id)"
               " SELECT i, i - 1, 'key ' || i, 'value', 97 FROM n")
    db.execute("INSERT OR REPLACE INTO resource_context SELECT async_id, 6000 FROM packed_resource")

def schema():
    db.execute("COMMIT")
    for name in ("resource", "run", "arming", "cause", "run_edge", "stack_frame", "log", "poll", "pool",
                 "resource_named", "log_named"):
        db.execute(f"CREATE VIEW IF NOT EXISTS {name} AS {endless} i AS x FROM n")
        db.execute(f"DROP VIEW {name}")
        db.execute(f"CREATE VIEW {name} AS {endless} i AS async_id, i AS run_id, i AS stack_id FROM n")
    for table in tables:
        for when in ("INSERT", "UPDATE", "DELETE"):
            db.execute(f"CREATE TRIGGER t_{table}_{when} AFTER {when} ON {table} BEGIN SELECT i FROM run; END")
    db.execute("CREATE INDEX slow ON packed_run (abs(run_id) || 'x')")
    db.execute("BEGIN")

{"control": control, "numbers": numbers, "circles": circles, "giant": giant, "schema": schema,
 "plain": lambda: None}[kind]()
db.execute("COMMIT")
END

# looks_clean FILE...: no byte in them moves a cursor, rings, or is no UTF-8. Colours are let be.
cat >looks_clean.py <<'END'
import re, sys

for path in sys.argv[1:]:
    data = open(path, "rb").read()
    data = re.sub(rb"\x1b\[[0-9;]*m|\x1b\[K|\x1b\[\?2004[hl]|\r\n", b"", data) if "pty" in path else data
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        sys.exit(f"{path}: no UTF-8: {data[max(0, error.start - 60):error.end + 20]!r}")
    found = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", text)
    if found:
        sys.exit(f"{path}: {text[max(0, found.start() - 60):found.end() + 20]!r}")
END

# What is asked: every command that help names, with every kind of argument; wrong ones are errors.
commands_of() { # WORDS that are not asked
	echo help | "$ACAUSAL" -r plain.db debug --batch 2>/dev/null | sed -n 's/^  \([a-z-]\+\)  .*/\1/p' |
		grep -vxE "$1"
}

questions() { # FILE
	local command argument
	echo overview
	for command in "${commands[@]}"; do
		for argument in '' crash 43 9223372036854775807 run:97 run:2 log:7 thread:1 process:1 +1s render; do
			echo "$command $argument"
		done
	done
	echo "diff $1"
	echo "diff $1 run:97"
	echo 'find type=timer' 'find e'
	echo 'log --trace -F e'
	echo 'log --file server.log:2'
	for argument in "${queries[@]}"; do
		echo "query $argument"
	done
	for argument in resource run run_edge stack_frame log log_named context crash resource_named pool; do
		echo "sql SELECT * FROM $argument LIMIT 20"
	done
	echo "sql SELECT * FROM async_stack('crash') LIMIT 50"
	echo 'sql SELECT count(*) FROM ancestors(43)'
	echo 'sql SELECT count(*) FROM descendants(1)'
}

for kind in plain control numbers circles giant schema; do
	python3 make_hostile.py $kind $kind.db "$ROOT/schema/tables.sql" "$ROOT/schema/views.sql" \
		"$ROOT/tests/fixtures/server.sql" || not_ok "$kind can be made"
done
mapfile -t commands < <(commands_of 'debug|quit|shell|pipe|set|show|source|core|record|snapshot|help|sql|query|overview')
mapfile -t queries < <("$ACAUSAL" -r plain.db query --format json | json "SELECT value ->> 'name' FROM json_data, json_each(data)")
check 'there is what to ask' test ${#commands[@]} -gt 5 -a ${#queries[@]} -gt 5

ask() { # KIND: all of it at the prompt
	local kind=$1 code
	questions "$kind.db" >asked
	timeout 100 "$ACAUSAL" debug "$kind.db" <asked >"$kind.out" 2>"$kind.err"
	code=$?
	# The last command may have been an error.
	matches "$kind: all ${#commands[@]} commands end at the prompt" "$code" '^[0-2]$' ||
		note "$(tail -n 5 "$kind.out" "$kind.err")"
	equal "$kind: an error is one line that begins as it must" "$(grep -v '^acausal: ' "$kind.err" | head -n 3)" ''
	check "$kind: they answer" test "$(wc -l <"$kind.out")" -gt 50
}
for kind in plain control numbers circles giant schema; do
	ask $kind
done
check 'and leave the terminal alone' python3 looks_clean.py {plain,control,numbers,circles,giant,schema}.{out,err}
equal 'views and triggers of the file change no answer' \
	"$(grep -v 'schema.db\|plain.db' schema.out | md5sum)" "$(grep -v 'schema.db\|plain.db' plain.out | md5sum)"
contains 'painted names are shown as what they are' "$(<control.out)" '\x1b[2J'

# As JSON: one value after the other.
cat >is_json.py <<'END'
import json, sys

for path in sys.argv[1:]:
    text, at, count = open(path).read().rstrip(), 0, 0
    decode = json.JSONDecoder().raw_decode
    while at < len(text):
        value, at = decode(text, at)
        while at < len(text) and text[at].isspace():
            at += 1
        count += 1
    if count <= 10:
        sys.exit(f"{path}: only {count} values")
END
for kind in control numbers circles giant; do
	questions $kind.db | grep -v '^\(overview\|sql\)' | sed 's/\(^[a-z]*\)/\1 --format json/' >asked.json
	timeout 60 "$ACAUSAL" debug $kind.db <asked.json >$kind.json 2>$kind.json.err
	matches "$kind: as JSON all end" "$?" '^[0-2]$' || note "$(tail -n 3 $kind.json.err)"
done
check 'which is JSON' python3 is_json.py {control,numbers,circles,giant}.json
check 'and leaves the terminal alone' python3 looks_clean.py {control,numbers,circles,giant}.{json,json.err}

# On a terminal, with colours.
cat >on_pty.py <<'END'
import os, pty, sys

out = open(sys.argv[1], "wb")
pid, descriptor = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm-256color", PAGER="cat", COLUMNS="80", LINES="24")
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try:
        data = os.read(descriptor, 65536)
    except OSError:
        break
    if not data:
        break
    out.write(data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
grep -v '^\(at\|watch\)' asked >asked.pty
for kind in control circles; do
	timeout 100 python3 on_pty.py $kind.pty "$ACAUSAL" debug --batch -x asked.pty $kind.db >out 2>&1
	matches "$kind: on a terminal" "$?" '^[0-2]$'
	check "$kind: which is left alone" python3 looks_clean.py $kind.pty
done

# Cut short, on the disk and while it is open.
size=$(stat -c %s plain.db)
for part in 5 2; do
	head -c $((size / part)) plain.db >short.db
	questions short.db | timeout 60 "$ACAUSAL" debug short.db >out 2>err
	matches "the first part of $part" "$?" '^[0-2]$'
	check '… which is said in words' python3 looks_clean.py out err
done
cp plain.db open.db
mkfifo typed
timeout 60 "$ACAUSAL" debug open.db <typed >out 2>err &
debugger=$!
exec 3>typed
echo 'trace crash' >&3
wait_for 20 grep -q 'complete:' out || wait_for 1 true
truncate -s $((size / 3)) open.db
questions open.db >&3
exec 3>&-
wait $debugger
matches 'cut short while it is open' "$?" '^[0-2]$'
check '… which is said in words' python3 looks_clean.py out err

# Tables that are none.
for change in 'ALTER TABLE packed_run RENAME TO kept; CREATE VIEW packed_run AS SELECT * FROM kept' \
	'DROP TABLE stack; CREATE VIRTUAL TABLE stack USING fts5(stack_id, caller_id, frame_id, signature)' \
	'DROP TABLE crash; CREATE TABLE crash (crash_id INTEGER PRIMARY KEY, run_id AS (crash_id + 1))' \
	'CREATE TABLE json_each (x); CREATE TABLE y (x)' 'CREATE VIEW PRAGMA_Table_Info AS SELECT 1; CREATE TABLE y (x)'; do
	cp plain.db none.db
	sqlite3 none.db "$change" >out 2>err || {
		skip "$change" 'this SQLite cannot'
		continue
	}
	status "$change" 1 timeout 20 "$ACAUSAL" trace -r none.db
	matches 'is refused in one line' "$(<err)" '^acausal: none.db: damaged, or not made by acausal: [^
]*$'
done
done_testing
