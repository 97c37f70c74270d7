#!/usr/bin/env bash
# `query`: the library listed, found, replaced by the user's own, its parameters bound and its results
# written; at the shell and at the prompt.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING XDG_CONFIG_HOME COLUMNS NO_COLOR PAGER
A=$ACAUSAL
cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/library.sql" "$ROOT/schema/indexes.sql" |
	sqlite3 -batch acausal.db
own=$HOME/.config/acausal/queries

one_line() { # WORDS STATUS TEXT COMMAND...
	local words=$1 status=$2 text=$3
	shift 3
	status "$words" "$status" "$@"
	contains "$words: it says" "$(<err)" "$text"
	equal "$words: in one line of ours" "$(grep -vc '^acausal: ' err) $(wc -l <err)" '0 1'
}

# --- the list ------------------------------------------------------------------------------------

names=$(cd "$ROOT/schema/queries" && printf '%s\n' *.sql | sed 's/\.sql$//' | LC_ALL=C sort)
equal 'the library is what stands in the folder' "$("$A" query | grep -v '^ ' | sed 's/ .*//')" "$names"
equal 'it needs no recording' "$(cd / && "$A" query | wc -l)" "$("$A" query | wc -l)"
equal 'in JSON' "$("$A" query --format json | json "SELECT group_concat(json_extract(value, '\$.name'), char(10))
	FROM json_data, json_each(data)")" "$names"
equal 'with parameters' "$("$A" query --format json | json "SELECT group_concat(json_extract(p.value, '\$.name')
	|| ' ' || json_extract(p.value, '\$.type') || ' ' || coalesce(json_extract(p.value, '\$.default'), '-'), ', ')
	FROM json_data, json_each(data) q, json_each(q.value, '\$.parameters') p
	WHERE json_extract(q.value, '\$.name') = 'stalls'")" 'at_least duration 10ms, limit integer 20'
for name in $names; do
	point=
	[[ $name != critical-path ]] || point=point=run:5000
	equal "$name: its comment gives its name and what it is" \
		"$(sed -n "1s/^-- $name: ..*/yes/p" "$ROOT/schema/queries/$name.sql")" yes
	check "$name: --show is the file" diff <("$A" query --show "$name") "$ROOT/schema/queries/$name.sql"
	for format in text json csv; do
		status "$name: as $format" 0 "$A" query --format $format "$name" ${point:+"$point"}
	done
done

# --- a user's own --------------------------------------------------------------------------------

mkdir -p "$own"
cat >"$own/mine.sql" <<'END'
-- mine: what I look for
--
-- :word text              has to be given
-- :n integer = 3          a number
-- :r real = 1.5
-- :d duration = 2ms       a time
-- :i id = NULL
-- :p point = NULL
SELECT :word AS word, typeof(:word) AS t, :n AS n, typeof(:n) AS tn, :r AS r, :d AS d, :i AS i, :p AS p;
END
contains 'a query of my own is listed' "$("$A" query)" $'mine word [n=3] [r=1.5] [d=2ms] [i] [p]\n        what I look for ['"$own"
mine() {
	"$A" query --format csv mine "$@" | tr -d '\r' | sed 1d
}
equal 'defaults' "$(mine x)" 'x,text,3,integer,1.5,2000000,,'
equal 'in their order' "$(mine x 4 2 10us '#2:7' run:9)" 'x,text,4,integer,2.0,10000,1099511627783,run:9'
equal 'by name, and the others around them' "$(mine d=1s x i=8)" 'x,text,3,integer,1.5,1000000000,8,'
equal 'bound, not pasted' "$(mine "'); DROP TABLE x --")" "'); DROP TABLE x --,text,3,integer,1.5,2000000,,"
equal 'a value may have =' "$(mine word=a=b)" 'a=b,text,3,integer,1.5,2000000,,'
one_line 'what has to be given' 2 "it needs its 'word', a text" "$A" query mine
one_line 'a number that is none' 2 "'n' takes a whole number, not 'x'" "$A" query mine x x
one_line 'a number out of bounds' 2 "'n' takes a whole number" "$A" query mine x 99999999999999999999
one_line 'a duration that is none' 2 "'d' takes a duration such as 500us, 10ms or 2s, not '3 parsecs'" \
	"$A" query mine x d='3 parsecs'
one_line 'an ID that is none' 2 "'i' takes an async ID" "$A" query mine x i=run:3
one_line 'a point that is none' 2 "'p' takes a POINT" "$A" query mine x p=crush
one_line 'an unknown parameter' 2 "no parameter 'm'" "$A" query mine x m=3
one_line 'too many' 2 "too many arguments, from '1' on" "$A" query mine x 1 1 1 1 run:1 1
one_line 'an unknown query' 1 "no query 'xyzzy': there are " "$A" query xyzzy
one_line '… that is nearly one' 1 "no query 'leeks': did you mean 'leaks'? There are " "$A" query leeks
one_line 'a recording in its place' 2 'type -r acausal.db' "$A" query acausal.db
one_line 'no recording' 1 "no recording 'none.db'" "$A" query -r none.db leaks

echo "SELECT 'mine' AS leaks" >"$own/leaks.sql"
equal 'my own takes the place of one by its name' "$("$A" query --format csv leaks | tr -d '\r')" $'leaks\nmine'
equal 'and is listed once' "$("$A" query | grep -c '^leaks')" 1
rm "$own/leaks.sql"
mkdir -p config/acausal/queries
echo "SELECT 1 AS elsewhere" >config/acausal/queries/there.sql
equal '$XDG_CONFIG_HOME' "$(XDG_CONFIG_HOME=$TMP/config "$A" query --format json there | tr -d '\n')" \
	'[{"elsewhere": 1}]'
contains '… instead of ~/.config' "$(XDG_CONFIG_HOME=$TMP/config "$A" query mine 2>&1)" "no query 'mine'"

bad() { # WORDS TEXT SQL: a query of that text is refused, and the library goes on
	printf '%s\n' "$3" >"$own/bad.sql"
	one_line "$1" 1 "$2" "$A" query bad
	status "$1: the others stay" 0 "$A" query mine x
}
bad 'an error in it' 'query bad: near "SELEC"' 'SELEC 1'
bad 'nothing in it' 'must be one statement' '-- bad: nothing'
bad 'two statements' 'must be one statement' 'SELECT 1; SELECT 2'
bad 'a parameter without a type' 'has no type' '-- :x number = 3
SELECT :x'
for sql in 'DELETE FROM log' 'CREATE TEMP TABLE x (a)' "ATTACH 'x.db' AS x" 'PRAGMA query_only = OFF' \
	"SELECT load_extension('x')"; do
	bad "refused: $sql" 'query bad: ' "$sql"
done
printf 'SELECT :x' >"$own/bad.sql"
one_line 'a parameter that is not told of' 2 'a parameter :x that its comment does not tell' "$A" query bad
printf 'SELECT 1\0' >"$own/bad.sql"
one_line 'no text' 1 'is no text' "$A" query bad
rm "$own/bad.sql"
ln -s nowhere "$own/dangling.sql"
mkdir "$own/folder.sql"
: >"$own/.hidden.sql"
: >"$own/not a name.sql"
status 'what cannot be read is in nobody'\''s way' 0 "$A" query mine x
one_line '… and says why' 1 'cannot read' "$A" query dangling
equal 'other names are no queries' "$("$A" query | grep -c 'hidden\|not a name')" 0
rm -r "$own/dangling.sql" "$own/folder.sql"

# --- results -------------------------------------------------------------------------------------

cat >"$own/words.sql" <<'END'
SELECT 1500 AS wait_ns, 1500000000 AS created_ns, (1 << 40) + 7 AS async_id, 9 AS run_id, NULL AS link_run_id,
	'a (a.c:1) < b < c' AS stack
END
equal 'a table for people' "$("$A" query words)" $'  wait      created  async_id  run_id  link_run_id
1.5 us  +1.500000 s       2:7   run:9
      a (a.c:1)
      b
      c'
cat >"$own/shared.sql" <<'END'
SELECT column1 AS n, column2 AS stack FROM (VALUES (1, 'a < b'), (2, 'a < b'), (3, 'a < b'), (4, 'c'), (5, NULL), (6, NULL))
END
equal 'an equal stack is shown once' "$("$A" query shared)" $'n
1
2
3
    all 3:
      a
      b
4
      c
5
6'
cat >"$own/wide.sql" <<'END'
SELECT 1 AS n, 'begin ' || hex(zeroblob(60)) || ' end' AS text, 'short' AS word
END
equal 'on a terminal a row fits' "$(COLUMNS=60 "$A" query wide)" \
	'n  text                                                word
1  begin 0000000000000000...000000000000000000000 end  short'
check '… and else is whole' grep -q '0\{120\}' <("$A" query wide)
equal 'JSON has the numbers' "$("$A" query --format json words | tr -d '\n')" \
	'[{"wait_ns": 1500, "created_ns": 1500000000, "async_id": 1099511627783, "run_id": 9, "link_run_id": null, "stack": "a (a.c:1) < b < c"}]'
echo "SELECT char(27) || '[31m' AS x, 'a' || char(7) || ' < b' AS stack" >"$own/paint.sql"
equal 'nothing paints the terminal' "$("$A" query paint | tr -d '\n' | tr -d '[:print:]')" ''
echo "SELECT 1 AS x WHERE :n > 0" >"$own/none.sql"
sed -i '1i-- none: rows or none\n-- :n integer = 0' "$own/none.sql"
equal 'no rows, in words' "$("$A" query none)" 'none: no rows'
equal 'no rows as JSON' "$("$A" query --format json none | tr -d ' \n')" '[]'
status '--fail-on-rows without rows' 0 "$A" query --fail-on-rows none
one_line '--fail-on-rows with a row' 1 'query none: 1 row' "$A" query none 1 --fail-on-rows
contains '… and shows it' "$(<out)" x
one_line '--fail-on-rows with more' 1 'query stalls: 1 row' "$A" query stalls --fail-on-rows
status 'without it' 0 "$A" query stalls

# --- at the prompt -------------------------------------------------------------------------------

prompt() {
	printf '%s\n' "$@" | "$A" debug acausal.db 2>&1
}
contains 'it lists' "$(prompt query)" 'callbacks that held a loop, and what waited behind them'
contains 'it runs' "$(prompt 'query stalls at_least=1ms')" reload_config
contains 'parameters' "$(prompt 'query mine "x y" 7 --format csv')" 'x y,text,7'
contains 'an error, and the prompt goes on' "$(prompt 'query nothing' 'query none')" 'none: no rows'
# At a terminal. What is typed comes from the fifo; what is shown is in `shown`.
mkfifo keys
begin() {
	: >shown
	TERM=dumb script -qefc "stty cols 200; $A debug acausal.db" shown <keys >/dev/null 2>&1 &
	terminal=$!
	exec 7>keys
	wait_for 20 grep -q '(acausal) ' shown
}
type_until() { # KEYS TEXT: at most 20 times
	local i
	for ((i = 0; i < 20; i++)); do
		printf '%s' "$1" >&7
		wait_for 0 grep -qaF -e "$2" shown && return
	done
	return 1
}
begin
check 'Tab completes a name' type_until $'\x15query destr\t' 'query destroy-coverage '
check '… of my own too' type_until $'\x15query min\t' 'query mine '
check '… after options' type_until $'\x15query --fail-on-rows lat\t' 'query --fail-on-rows latency '
cat >"$own/endless.sql" <<'END'
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n
END
# With Ctrl-C the terminal throws away what was typed and not yet read: then once more.
interrupt() {
	local i
	for ((i = 0; i < 10; i++)); do
		printf '\x15query endless\n' >&7
		sleep 0.3
		printf '\x03' >&7
		wait_for 5 grep -qaF 'acausal: interrupted' shown && return
	done
	return 1
}
check 'Ctrl-C ends a query' interrupt
check '… and not the prompt' type_until $'query none\n' 'none: no rows'
printf 'quit\n' >&7
exec 7>&-
wait "$terminal"
done_testing
