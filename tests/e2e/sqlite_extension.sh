#!/usr/bin/env bash
# The loadable extension in SQLite's own shell: functions, views, the library's queries; recordings that
# are hostile, and files that are none.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING
make() { # FILE FIXTURE SQL
	cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/$2.sql" "$ROOT/schema/indexes.sql" - <<<"${3-}" |
		sqlite3 -batch "$1"
}
make server.db server
make library.db library

with() { # FILE SQL...: with the extension, in at most 10 seconds
	timeout 10 sqlite3 -batch -init /dev/null -cmd ".load $BUILD/acausal_sqlite" "$@" 2>&1
}

plain() { # CSV of two dialects
	tr -d '\r"'
}

# --- what it answers ---------------------------------------------------------------------------------

equal 'SELECT * FROM async_stack(42)' "$(with server.db 'SELECT segment, depth, edge, function FROM async_stack(42)')" \
	'0|0|here|read_page
0|1|here|key_hashed
1|0|link|handle_get
1|1|link|on_read
2|0|link|on_connection
3|0|link|main'
for sql in "SELECT * FROM async_stack('crash')" "SELECT * FROM async_stack('run:97', 'cause')" \
	'SELECT * FROM ancestors(43)' 'SELECT * FROM descendants(5)' 'SELECT * FROM fan_out()' \
	'SELECT stack_words(stack_id), stack_place(stack_id) FROM stack' "SELECT status_name(-125)" \
	'SELECT tally(stack_id, address, frame_id) FROM stack JOIN frame USING (frame_id)'; do
	check "as in the program: $sql" diff <(with -csv -header server.db "$sql" | plain) \
		<("$ACAUSAL" sql -r server.db --format csv "$sql" | plain)
done
equal 'a point that is not there' "$(with server.db 'SELECT * FROM async_stack(4711)' | grep -c '4711 is not in')" 1
equal 'its version' "$(with server.db 'SELECT acausal_version()')" "$("$ACAUSAL" --version | grep -o '[0-9.]*')"
equal 'loaded twice' "$(with server.db -cmd ".load $BUILD/acausal_sqlite" 'SELECT count(*) FROM async_stack(42)')" 6
for query in leaks hot latency; do
	{
		echo ".parameter init"
		for name in verdict type api; do echo ".parameter set :$name NULL"; done
		echo ".parameter set :limit 50"
		echo ".parameter set :at_least 1"
		echo ".mode csv"
		echo ".headers on"
		cat "$ROOT/schema/queries/$query.sql"
		echo ';'
	} >script
	check "the library's $query runs there" diff <(with library.db <script | plain) \
		<("$ACAUSAL" query -r library.db --format csv $query limit=50 | plain)
done

# --- recordings that grow, other clients, other databases ----------------------------------------------

# Names that come later, as a recorder writes them, are there at the next call.
cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/library.sql" - <<<"PRAGMA journal_mode = WAL;
	UPDATE meta SET value = '0' WHERE key = 'complete'" | sqlite3 -batch grow.db >/dev/null
printf '%s\n' 'SELECT stack_words(4); SELECT count(*) FROM async_stack(1003); SELECT function FROM async_stack(1003) LIMIT 1;' \
	".shell sqlite3 grow.db \"UPDATE source SET function = 'named_later'; DELETE FROM packed_request WHERE async_id = 1005\"" \
	'SELECT stack_words(4); SELECT function FROM async_stack(1003) LIMIT 1; SELECT * FROM async_stack(1005);' >script
with grow.db <script >grown
equal 'a recording that grows: what comes later is seen' "$(grep -c 'named_later' grown) $(sed -n 1p grown | grep -c named_later)" '2 0'
contains '… and what is gone is not there' "$(<grown)" '1005 is not in'
equal '… also while it is being read' "$(printf '%s\n' "SELECT (SELECT count(*) FROM async_stack(d.async_id)) > 0
	FROM descendants(1) d, (SELECT stack_words(4)) LIMIT 3;" | with grow.db)" $'1\n1\n1'

cp library.db other_library.db
equal 'two databases: functions and views are of the one that was opened' "$(with server.db "ATTACH 'other_library.db' AS other;
	SELECT count(*) FROM async_stack(42); SELECT count(*) FROM run; SELECT count(*) FROM other.packed_run;")" \
	"6
$(with server.db 'SELECT count(*) FROM run')
$(sqlite3 other_library.db 'SELECT count(*) FROM packed_run')"
contains '… and say so, when that is no recording' "$(with :memory: "ATTACH 'server.db' AS s; SELECT * FROM async_stack(42)")" \
	'not one that was attached'
for hostile in "async_stack('run:99999999999999999999')" "async_stack(x'ff00')" "async_stack(1e300)" "async_stack(char(27) || '[31m')" \
	"async_stack(42, 'sideways')" "async_stack(42, NULL)" "async_stack(printf('%.*c', 1000000, 'x'))" 'ancestors(NULL)' \
	"ancestors('run:3')" 'descendants(-9223372036854775808)' "descendants('')" 'descendants(0.5)'; do
	with server.db "SELECT count(*) FROM $hostile" >said
	[[ $? -lt 124 && $(tr -d '[:print:]\n' <said | wc -c) == 0 && $(wc -c <said) -lt 3000 ]] || hostile_failed+="$hostile "
done
equal 'hostile arguments end in words' "${hostile_failed-}" ''
with server.db "SELECT tally('a', 'b', 'c'), tally(1, 2, 3, 4), is_among('a', 'SELECT 1'), stack_words('x'), frame_words(-1),
	status_name(1e300)" >said
check '… those of other functions too' test $? -lt 124
contains 'a view of a file cannot call what runs SQL' "$(
	make direct.db server "CREATE VIEW mine AS SELECT is_among(1, 'SELECT 1') AS x"
	with direct.db 'SELECT x FROM mine')" 'is_among'

python=
for python in /usr/bin/python3 python3; do
	"$python" -c 'import sqlite3; sqlite3.connect(":memory:").enable_load_extension(True)' 2>/dev/null && break
	python=
done
if [[ $python ]]; then
	equal "Python's sqlite3" "$("$python" - "$BUILD/acausal_sqlite" <<'END'
import sqlite3, sys
with sqlite3.connect("server.db") as db:
    db.enable_load_extension(True)
    db.load_extension(sys.argv[1])
    print([row[0] for row in db.execute("SELECT function FROM async_stack(?)", (42,))])
    print(db.execute("SELECT type FROM resource_named WHERE async_id = 42").fetchone())
    try:
        db.execute("SELECT * FROM async_stack('crush')")
    except sqlite3.OperationalError as error:
        print("crush" in str(error))
END
	)" "['read_page', 'key_hashed', 'handle_get', 'on_read', 'on_connection', 'main']
('uv_fs_t',)
True"
else
	skip "Python's sqlite3" 'it has no extensions here'
fi

# --- what is not trusted -------------------------------------------------------------------------------

endless='WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT'
make view.db server "DROP VIEW resource; CREATE VIEW resource AS $endless max(i) AS async_id FROM n;
	DROP VIEW stack_frame; CREATE VIEW stack_frame AS $endless max(i) AS stack_id FROM n"
equal 'views of the file are not used' "$(with view.db 'SELECT count(*) FROM resource')" \
	"$(with server.db 'SELECT count(*) FROM resource')"
equal '… nor by functions' "$(with view.db 'SELECT count(*) FROM async_stack(42)')" 6
make table.db server "ALTER TABLE packed_run RENAME TO kept; CREATE VIEW packed_run AS $endless max(i) AS run_id,
	1 AS async_id, 1 AS arming_id, 1 AS entry_id, 1 AS began_ns, 1 AS duration_ns, 1 AS status, 1 AS bytes,
	1 AS cause_id FROM n"
contains 'a view where a table belongs: refused' "$(with table.db 'SELECT count(*) FROM async_stack(42)')" \
	"'packed_run' is missing or no plain table"
make circle.db server 'UPDATE packed_arming SET run_id = 97 WHERE arming_id = 1;
	UPDATE stack SET caller_id = 12 WHERE stack_id = 10; UPDATE packed_resource SET trigger_delta = 0 WHERE async_id = 5'
contains 'circles end in words' "$(with circle.db "SELECT function FROM async_stack('crash')")" damaged
equal 'no circle of triggers' "$(with circle.db 'SELECT count(*) FROM ancestors(43); SELECT count(*) FROM descendants(5)')" \
	"$("$ACAUSAL" sql -r circle.db --format csv 'SELECT count(*) FROM ancestors(43)' | tail -1 | tr -d '\r')
$("$ACAUSAL" sql -r circle.db --format csv 'SELECT count(*) FROM descendants(5)' | tail -1 | tr -d '\r')"
make far.db server 'INSERT INTO packed_resource (async_id, trigger_delta) VALUES (9223372036854775807, 9223372036854775806),
	(-9223372036854775808, NULL), (9223372036854775806, -1)'
equal 'numbers at the ends of what there is' "$(with far.db 'SELECT count(*) >= 5, max(descendants) > 5 FROM fan_out();
	SELECT count(*) > 5 FROM descendants(1); SELECT count(*) FROM ancestors(9223372036854775807)')" $'1|1\n1\n1'
head -c 20000 server.db >short.db
with short.db 'SELECT * FROM async_stack(42)' >short.txt
check 'a file cut short: no crash, no hang' test $? -lt 124
sqlite3 other.db 'CREATE TABLE x (a)'
contains 'a database that is no recording' "$(with other.db 'SELECT * FROM async_stack(42)')" 'not a recording'
contains 'a database in memory' "$(with :memory: 'SELECT * FROM async_stack(42)')" 'this database is no file'
equal 'such a database works as before' "$(with other.db 'CREATE TABLE y (b); INSERT INTO y VALUES (3);
	SELECT b, (SELECT count(*) FROM temp.sqlite_master) FROM y')" '3|0'

# The functions' own connection must not drop the locks of the client's.
printf '%s\n' 'BEGIN;' 'SELECT count(*) FROM crash;' 'SELECT count(*) FROM async_stack(42);' \
	".shell sqlite3 server.db 'UPDATE meta SET value = value'" 'COMMIT;' >script
contains "the client's lock is kept" "$(with server.db <script)" 'database is locked'

# --- the file itself -------------------------------------------------------------------------------------

equal 'it needs libc alone' "$(readelf -dW "$BUILD/acausal_sqlite.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')" libc.so.6
equal 'it exports its entry alone' "$(readelf --dyn-syms -W "$BUILD/acausal_sqlite.so" |
	awk '$1 ~ /^[0-9]+:$/ && $5 != "LOCAL" && $6 != "HIDDEN" && $7 != "UND" { print $8 }')" sqlite3_acausalsqlite_init
equal 'it refers to no function of SQLite' "$(readelf --dyn-syms -W "$BUILD/acausal_sqlite.so" |
	awk '$7 == "UND" && $8 ~ /^sqlite3/ { print $8 }')" ''
done_testing
