#!/usr/bin/env bash
# `sql` with the comfort of SQLite's own shell: scripts, dot commands, modes, files, errors with their place,
# and its own prompt.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING XDG_CONFIG_HOME COLUMNS NO_COLOR PAGER
A=$ACAUSAL
cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/library.sql" "$ROOT/schema/indexes.sql" |
	sqlite3 -batch acausal.db >/dev/null
sum=$(sha256sum acausal.db)

one_line() { # WORDS STATUS TEXT COMMAND...
	local words=$1 status=$2 text=$3
	shift 3
	status "$words" "$status" "$@"
	contains "$words: it says" "$(<err)" "$text"
	equal "$words: in one line of ours" "$(grep -vc '^acausal: ' err) $(wc -l <err)" '0 1'
}

answer() { # LINES...: what they print
	printf '%s\n' "$@" | "$A" sql 2>&1
}

own() { # the same lines in SQLite's own shell
	printf '%s\n' "$@" | sqlite3 -batch -init /dev/null -readonly acausal.db 2>&1
}

# --- modes ---------------------------------------------------------------------------------------

rows="SELECT 1 AS a, 'it''s | \"x\" <&>' AS b, NULL AS c, 2.5 AS d UNION ALL SELECT -70, '-', x'41', 1e300;"
for mode in list tabs line quote csv; do
	for headers in on off; do
		equal "mode $mode with headers $headers is that of SQLite's shell" \
			"$(answer ".mode $mode" ".headers $headers" "$rows")" "$(own ".mode $mode" ".headers $headers" "$rows")"
	done
done
equal 'list: separators and a word for NULL' "$(answer '.mode list' '.separator " ; " "\n--\n"' '.nullvalue none' "$rows")" \
	"1 ; it's | \"x\" <&> ; none ; 2.5
--
-70 ; - ; A ; 1.0e+300
--"
equal 'another mode has its own separators again' "$(answer '.mode list' '.separator X' '.mode tabs' 'SELECT 1, 2;')" $'1\t2'
equal 'column, the usual one' "$(answer "$rows")" "  a  b               c         d
  1  it's | \"x\" <&>          2.5
-70  -               A  1.0e+300"
equal 'box' "$(answer '.mode box' "$rows")" "┌─────┬────────────────┬───┬──────────┐
│   a │ b              │ c │        d │
├─────┼────────────────┼───┼──────────┤
│   1 │ it's | \"x\" <&> │   │      2.5 │
│ -70 │ -              │ A │ 1.0e+300 │
└─────┴────────────────┴───┴──────────┘"
equal 'table' "$(answer '.mode table' 'SELECT 1 AS a, NULL AS b;')" "+---+---+
| a | b |
+---+---+
| 1 |   |
+---+---+"
equal 'markdown' "$(answer '.mode markdown' "SELECT 'x|y' AS a, 12 AS b;")" '| a    |  b |
|------|---:|
| x\|y | 12 |'
equal 'words: as query writes' "$(answer '.mode words' 'SELECT 1500 AS wait_ns, 7 AS run_id;')" "  wait  run_id
1.5 us   run:7"
equal 'json' "$(answer '.mode json' 'SELECT 1 AS a;' 'SELECT 2 AS b;' | tr -d '\n')" '[{"a": 1}][{"b": 2}]'
equal 'insert: what it writes is read back the same' "$(
	answer '.mode insert t' "$rows" | sqlite3 -batch -init /dev/null :memory: -cmd 'CREATE TABLE t (a, b, c, d)' \
		'.mode quote' '.read /dev/stdin' 'SELECT * FROM t')" "$(own '.mode quote' "$rows")"
contains 'html' "$(answer '.mode html' '.headers on' "$rows")" '<td>it&#39;s | &quot;x&quot; &lt;&amp;&gt;</td><td></td>'
equal 'widths' "$(answer '.width 4 -4' "SELECT 'abcdefgh' AS a, 'x' AS b, 12345 AS c;")" $'a        b      c\nabcd     x  12345'
equal 'a thousand columns' "$(answer '.mode box' "SELECT $(seq -s, 1000);" | wc -l)" 5
equal 'no rows' "$(answer '.mode box' 'SELECT 1 AS a WHERE 0;' | wc -l)" 4
equal 'more rows than are measured' "$(answer '.mode box' \
	'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i FROM n;' | sort | uniq -c | wc -l)" 3004
for mode in list tabs csv json line quote insert html box words; do
	"$A" sql "SELECT char(27) || '[31m' || x'ff' || char(0) || 'x' AS x" >/dev/null
	TERM=dumb script -qec "$A sql '.mode $mode
		SELECT char(27) || \"[31m\" || char(8238) AS x'" /dev/null >painted
	equal "mode $mode does not paint a terminal" "$(tr -d '\n\r\t' <painted | LC_ALL=C tr -d '[:print:]\200-\377' | wc -c)" 0
done
status 'exact in a pipe' 0 "$A" sql $'.mode list\nSELECT char(27, 10, 9) || \'x\''
equal '… to the byte' "$(od -An -tx1 out)" ' 1b 0a 09 78 0a'

# --- what there is -------------------------------------------------------------------------------

equal '.tables has what the schema has' "$(answer .tables | tr -s ' \n' '\n' | sort)" \
	"$(sqlite3 acausal.db "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')" | LC_ALL=C.UTF-8 sort)"
equal '.tables PATTERN' "$(answer '.tables packed_r%')" 'packed_request   packed_resource  packed_run'
equal '.tables as JSON' "$("$A" sql --format json '.tables packed_run' | tr -d '\n')" '[{"name": "packed_run", "type": "table"}]'
check '.tables in 80 columns' test "$(COLUMNS=80 "$A" sql .tables | awk 'length > m { m = length } END { print m }')" -le 80
equal '.schema NAME' "$(answer '.schema api' | head -2)" $'CREATE TABLE api (\n\tapi_id INTEGER PRIMARY KEY,'
contains '.schema of a view is ours' "$(answer '.schema run_edge;')" 'CREATE VIEW run_edge AS'
equal '… and only that' "$(answer '.schema run_edge' | grep -c '^CREATE')" 1
contains '.schema with its indexes' "$(answer '.schema packed_run')" 'CREATE INDEX packed_run_by_resource'
contains '.indexes' "$(answer '.indexes packed_run')" packed_run_by_resource
contains '.databases' "$(answer .databases)" acausal.db
contains '.help' "$(answer .help)" '.mode [MODE [TABLE]]'
equal '.help NAME' "$(answer '.help timer' | wc -l)" 1
contains '.show' "$(answer '.mode box' '.nullvalue x' .show)" '   nullvalue: "x"'
contains '.mode alone' "$(answer .mode)" '* column'
equal 'a beginning will do, as in that shell' "$(answer '.mo list' '.he on' 'SELECT 1 AS a;')" $'a\n1'
plan="SELECT count(*) FROM run WHERE run_id = 3"
equal 'EXPLAIN QUERY PLAN as a tree' "$(answer "EXPLAIN QUERY PLAN $plan;" | sed 1d | grep -c '^\(|  \|   \)*\(|--\|`--\)')" \
	"$(($(answer "EXPLAIN QUERY PLAN $plan;" | wc -l) - 1))"
equal '.eqp on: the plan, and the rows' "$(answer '.eqp on' '.mode list' 'SELECT 7;' | sed -n '1p;$p')" $'QUERY PLAN\n7'
matches '.timer on' "$(answer '.timer on' '.mode list' 'SELECT 7;')" $'^7\nRun Time: real [0-9.]+ user [0-9.]+ sys [0-9.]+$'
equal '.parameter' "$(answer '.mode list' '.parameter set :n 3' '.parameter set $t it' ".parameter set :q \"'5'\"" \
	'SELECT :n + 1, $t, typeof(:q), :none IS NULL;' '.parameter unset :n' 'SELECT :n IS NULL;' '.parameter clear' 'SELECT $t;')" \
	$'4|it|text|1\n1'
{
	printf '%s\n' '.parameter set :limit 3' '.mode csv'
	cat "$ROOT/schema/queries/hot.sql"
} >hot.sql
equal 'a query may begin with a comment' "$("$A" sql --format csv $'-- words\nSELECT 1 AS a' | tr -d '\r')" $'a\n1'
check 'a query of the library can be pasted' diff <("$A" sql <hot.sql) <("$A" query --format csv hot limit=3)

# --- scripts and files ---------------------------------------------------------------------------

equal 'a statement of many lines, and several on one' "$(answer '.mode list' 'SELECT' '  1' ';' "SELECT ';'; SELECT 3; -- and" 'SELECT 4')" \
	$'1\n;\n3\n4'
equal 'a dot within a statement is no command' "$(answer '.mode list' "SELECT 'a" ".mode box" "b'")" $'a\n.mode box\nb'
printf '%s\n' '.mode list' 'SELECT 5;' '.read inner.sql' 'SELECT 7;' >outer.sql
echo 'SELECT 6' >inner.sql
equal '.read' "$(answer '.read outer.sql' 'SELECT 8;')" $'5\n6\n7\n8'
echo '.read loop.sql' >loop.sql
one_line 'files that read themselves' 1 'files that read files' "$A" sql '.read loop.sql'
printf 'SELECT 1;\nSELECT\n nowhere\nFROM run;\n' >wrong.sql
one_line 'an error with file and line' 1 'no such column: nowhere, wrong.sql:3, at character 2: nowhere' "$A" sql '.read wrong.sql'
one_line 'an error with its line' 1 'near "*": syntax error, line 3, at character 3: * 3 FROM run' "$A" sql $'SELECT 1;\nSELECT 2 +\n  * 3 FROM run;'
status '… and what came before is there' 1 "$A" sql $'.mode list\nSELECT 1;\nSELEC'
equal '… just that' "$(<out)" 1
status '.output FILE' 0 "$A" sql $'.mode list\n.output rows.txt\nSELECT 1;\nSELECT 2;\n.output\nSELECT 3;\n.once one.txt\nSELECT 4;\nSELECT 5;'
equal '… and .once FILE' "$(<rows.txt) $(<one.txt) $(<out)" $'1\n2 4 3\n5'
one_line 'a file that cannot be written' 1 "cannot write 'none/x'" "$A" sql '.output none/x'
one_line 'a file that is a recording' 1 'results are not written over it' "$A" sql '.output acausal.db'
one_line 'a file that is not there' 1 "cannot read 'none.sql'" "$A" sql '.read none.sql'
status '.quit' 0 "$A" sql $'SELECT 1;\n.quit\nSELEC'
one_line 'a name that is nearly right' 2 "unknown '.tabels': did you mean '.tables'?" "$A" sql .tabels
one_line 'a name that is not' 2 "'.help' lists" "$A" sql .xyzzy
one_line 'what SQLite has and we have not' 2 'a recording is only read' "$A" sql '.import x y'
one_line 'a switch' 2 'takes on or off' "$A" sql '.timer maybe'
one_line 'a mode' 2 "no mode 'cube': there are column, words" "$A" sql '.mode cube'
one_line 'too few words' 2 'it is .once FILE' "$A" sql .once
one_line 'too many' 2 'it is .timer on|off' "$A" sql '.timer on on'
one_line 'a parameter without a sign' 2 "begins with :" "$A" sql '.parameter set n 3'
one_line 'JSON is for one statement' 2 'one statement at a time' "$A" sql --format json 'SELECT 1; SELECT 2'
one_line 'an empty query' 2 'the query is empty' "$A" sql ' '
for sql in 'DELETE FROM meta' 'CREATE TABLE x (a)' "ATTACH 'y.db' AS y" 'PRAGMA journal_mode = WAL' 'VACUUM' 'BEGIN IMMEDIATE' \
	"SELECT is_among(1, 'DELETE FROM meta')" "SELECT is_among(1, 'PRAGMA query_only = OFF')"; do
	one_line "refused: $sql" 1 'sql: ' "$A" sql "$sql"
done
equal 'nothing was written' "$(sha256sum acausal.db)" "$sum"

# --- is_among --------------------------------------------------------------------------------------

in_set='SELECT async_id FROM packed_request WHERE run_id % 3'
equal 'is_among() is IN' "$(answer '.mode list' "SELECT count(*), sum(is_among(async_id, '$in_set') <> (async_id IN ($in_set)))
	FROM (SELECT async_id FROM packed_request UNION ALL SELECT async_id FROM packed_resource);" \
	"SELECT is_among(NULL, 'SELECT 1'), is_among(1, 'SELECT NULL'), is_among(-5, 'SELECT -5'), is_among(5, 'SELECT -5'),
		is_among(9223372036854775807, 'SELECT -1 UNION SELECT 9223372036854775807');")" $'196|0\n0|0|1|0|1'
equal 'a text that is no constant' "$(answer '.mode list' "SELECT group_concat(is_among(column1, 'SELECT ' || column2))
	FROM (VALUES (1, 1), (1, 2), (2, 2));")" 1,0,1
one_line 'an error in its query' 1 'no such table: nowhere' "$A" sql "SELECT is_among(1, 'SELECT 1 FROM nowhere')"
one_line 'no query' 1 'must be one that reads' "$A" sql "SELECT is_among(1, '')"

# --- at the prompt ---------------------------------------------------------------------------------

prompt() {
	printf '%s\n' "$@" | "$A" debug acausal.db 2>&1
}
equal 'settings stay' "$(prompt 'sql .mode list' 'sql SELECT 1, 2' 'debug acausal.db' 'sql SELECT 3, 4' | grep -v debug)" $'1|2\n3|4'
equal '--format is for once' "$(prompt 'sql .mode list' 'sql --format csv SELECT 1, 2' 'sql SELECT 3, 4' | tr -d '\r')" $'1,2\n1,2\n3|4'
equal 'sql alone takes lines' "$(prompt 'sql' '.mode list' 'SELECT' '1, 2;' 'selec;' 'SELECT 3;' '.quit' 'sql SELECT 4')" \
	'1|2
acausal: sql: near "selec": syntax error, at character 1: selec;
3
4'
equal '… and quit, as at other prompts' "$(prompt sql '.mode list' quit 'sql SELECT 4')" 4
equal '… to the end of the input' "$(prompt 'sql' '.mode list' 'SELECT 5')" 5

# At a terminal, from the prompt and from the shell. What is typed comes from the fifo.
mkfifo keys
begin() { # COMMAND
	: >shown
	TERM=dumb script -qefc "stty cols 200; $1" shown <keys >/dev/null 2>&1 &
	terminal=$!
	exec 7>keys
	wait_for 20 grep -q '> \|(acausal) ' shown
}
type_until() { # KEYS TEXT: at most 20 times
	local i
	for ((i = 0; i < 20; i++)); do
		printf '%s' "$1" >&7
		wait_for 0 grep -qaF -e "$2" shown && return
	done
	return 1
}
begin "$A debug acausal.db"
check 'sql alone asks' type_until $'\x15sql\n' 'sql> '
check 'a line that does not end it' type_until $'SELECT 40 +\n' '...> '
check '… and one that does' type_until $'2 AS answer;\n' '    42'
endless='WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;'
# With Ctrl-C the terminal throws away what was typed and not yet read: then once more.
interrupt() {
	local i
	for ((i = 0; i < 10; i++)); do
		printf '\x15%s\n' "$endless" >&7
		sleep 0.3
		printf '\x03' >&7
		wait_for 5 grep -qaF 'acausal: interrupted' shown && return
	done
	return 1
}
check 'Ctrl-C ends a statement' interrupt
check '… and not the prompt' type_until $'\x15SELECT 6 * 111 AS n;\n' 666
check 'Tab completes a table' type_until $'\x15SELECT * FROM packed_sh\t' 'packed_shot'
check '.quit goes back' type_until $'\x15.quit\n' $'\n(acausal) '
printf '\x15quit\nquit\n' >&7
exec 7>&-
wait "$terminal"
begin "$A sql"
check 'from the shell too' type_until $'\x15SELECT 7 * 111 AS n;\n' 777
exec 7>&-
wait "$terminal"
done_testing
