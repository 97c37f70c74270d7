# `log` on recordings written by SQL and on one of the recorder's: the list against golden files, what
# stands on a terminal and in JSON, patterns, lines from the input, --trace, tags, what cannot be done,
# and a recording of a million lines.
#
# UPDATE=1 rewrites the golden files from what is printed now.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING COLUMNS NO_COLOR PAGER
golden=$ROOT/tests/golden
A=$ACAUSAL

# make FILE SQL: the fixture's recording, and SQL.
make() {
	[[ -e server.base ]] || cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/server.sql" \
		"$ROOT/schema/indexes.sql" | sqlite3 -batch server.base
	cp server.base "$1"
	sqlite3 -batch "$1" <<<"${2-}"
}

same_as_golden() { # NAME TEXT
	[[ -z ${UPDATE-} ]] || printf '%s\n' "$2" >"$golden/$1"
	equal "golden $1" "$2" "$(cat "$golden/$1" 2>/dev/null)"
}

one_line() { # WORDS STATUS PART COMMAND...
	local words=$1 expected=$2 part=$3
	shift 3
	status "$words: status $expected" "$expected" "$@"
	equal "$words: one line" "$(wc -l <"$TMP/err")" 1
	contains "$words: its words" "$(cat "$TMP/err")" "$part"
	equal "$words: nothing on stdout" "$(cat "$TMP/out")" ''
}

# line ID ORIGIN RUN TEXT [FULL_LENGTH]: an SQL value of packed_log; TEXT is an SQL expression
line() {
	printf "INSERT INTO packed_log VALUES (%s, %s, %s, 71, 8081%07d000, %s, %s, %s);\n" \
		"$1" "$2" "$3" "$1" "$1" "${5-NULL}" "$4"
}

make acausal.db "
	INSERT INTO sink (sink_id, kind, path) VALUES (2, 'file', '/srv/app/app.log');
	INSERT INTO log_origin VALUES (3, 1, 1, 7, 2, 2, 13, NULL), (4, 1, 2, 7, 2, 3, 13, 1), (5, 1, 2, NULL, NULL, NULL, NULL, NULL);
	$(line 3 3 62 "'GET /pages/8 from 127.0.0.1'")
	$(line 4 4 70 "'made earlier, seen at the flush'")
	$(line 5 3 NULL "'nobody knows which run'")
	$(line 6 3 84 "char(27) || '[31mred' || char(7) || ' ' || char(0x202e) || 'tfel'")
	$(line 7 3 84 "x'6e6f2055544620ff00fe'")
	$(line 8 3 84 "'the beginning of a long one'" 1048576)
	$(line 9 3 84 "'long ' || hex(zeroblob(30000)) || ' needle ' || hex(zeroblob(494280))")
	$(line 10 5 62 "'from the other thread'")
	$(line 11 3 62 "'GET /pages/8 from 127.0.0.1'")
	$(line 12 3 62 "''")"

# --- the list -----------------------------------------------------------------------------------

for columns in 80 100; do
	same_as_golden "log-$columns" "$(COLUMNS=$columns "$A" log)"
	equal "no line is wider than $columns columns" \
		"$(COLUMNS=$columns "$A" log | awk -v w=$columns 'length($0) > w')" ''
done
same_as_golden log-pipe "$("$A" log)"
same_as_golden log-trace "$(COLUMNS=100 "$A" log --trace GET)"
same_as_golden log-heading "$(COLUMNS=100 "$A" trace log:4; COLUMNS=100 "$A" trace log:5; COLUMNS=100 "$A" trace log:8)"
same_as_golden info-log "$(COLUMNS=100 "$A" info log:8)"
equal 'a pipe gets no colour' "$("$A" log GET | tr -dc '\033')" ''
contains 'a terminal gets what matched in colour' \
	"$(PAGER="cat" script -qec "stty cols 90; $A log pages" /dev/null)" $'GET /\033[1;31mpages\033[0m/7'
contains 'what matched is seen, wherever it stands' "$(COLUMNS=80 "$A" log needle)" ' needle '
equal 'a line of 1 MiB is bounded' "$(($("$A" log 'long ' | wc -c) < 6000))" 1
equal 'nothing reaches a terminal raw' "$(LC_ALL=C "$A" log | LC_ALL=C tr -d '\n' | LC_ALL=C grep -c '[[:cntrl:]]')" 0
equal 'in JSON it is whole' \
	"$("$A" log --format json needle | json "SELECT length(data ->> '\$[0].text') FROM json_data")" 1048573
equal 'all lines are JSON' "$("$A" log --format json | json 'SELECT json_array_length(data) FROM json_data')" 12
equal 'the keys of the contract' \
	"$("$A" log --format json 'pages/7' | json "SELECT json_remove(data -> '\$[0]', '\$.type', '\$.process_id', '\$.fd',
		'\$.sink', '\$.moved_to', '\$.api', '\$.stack_id', '\$.writer_id', '\$.at_flush', '\$.full_length') FROM json_data")" \
	'{"log_id":2,"async_id":31,"run_id":62,"thread_id":1,"ns":80812000000,"path":null,"line_number":2,"text":"GET /pages/7 from 127.0.0.1"}'
equal 'what is said of lines' \
	"$("$A" log --format json | json "SELECT group_concat(value ->> '\$.log_id', ' ') FROM json_data, json_each(data)
		WHERE value ->> '\$.at_flush' OR value ->> '\$.run_id' IS NULL OR value ->> '\$.full_length' > length(CAST(value ->> '\$.text' AS BLOB)) AND value ->> '\$.log_id' <> 7")" '4 5 8'
equal '--trace in JSON' \
	"$("$A" log --trace --format json 'pages/8' | json "SELECT group_concat(value ->> '\$.trace.point' || ' ' ||
		json_array_length(value, '\$.trace.segments'), ', ') FROM json_data, json_each(data)")" 'log:3 3, log:11 3'
equal '--limit' "$("$A" log --limit 2 | head -n 2 | grep -c log:)$("$A" log --limit 2 --format json | json 'SELECT json_array_length(data) FROM json_data')" 22
contains '--limit says that there is more' "$("$A" log --limit 2)" 'more lines match than --limit 2'
contains '--trace shows so many different stacks' "$("$A" log --trace --limit 1)" 'async stacks more: --limit'
equal 'the prompt' "$(echo "log 'pages/7'" | "$A" debug)" "$("$A" log pages/7)"
contains 'the overview leads here' "$("$A")" 'acausal log'

# --- patterns -----------------------------------------------------------------------------------

count() { "$A" log "$@" 2>/dev/null | grep -c 'thread:'; }
equal 'a regular expression' "$(count '^GET .*/[78] from (\d+\.){3}1$')" 3
equal '-i' "$(count -i get)$(count get)" 30
equal '(?i)' "$(count '(?i)get')" 3
equal '-F' "$(count -F 'pages/.')$(count 'pages/.')" 03
equal 'bytes that are no UTF-8' "$(count '^no UTF')" 1
equal 'an empty line' "$(count '^$')" 1
equal 'a pattern that begins with a dash' "$(count -- '-')" 0
equal 'REGEXP in SQL' "$("$A" sql --format csv "SELECT log_id FROM log WHERE text REGEXP '/[78] from' AND NULL REGEXP 'x' IS NULL" | tr -d '\r' | tr '\n' ' ')" 'log_id 2 3 11 '
one_line 'a bad pattern in SQL' 1 'is no regular expression' "$A" sql "SELECT count(*) FROM (SELECT 'x' REGEXP '(')"
one_line 'no match' 1 "no recorded line matches 'nowhere'" "$A" log nowhere
one_line 'no match, JSON' 1 "no recorded line matches" "$A" log --format json nowhere
one_line 'a bad pattern: place and reason' 2 'missing closing parenthesis, at its end' "$A" log '(a'
one_line 'a bad pattern in its middle' 2 'quantifier does not follow a repeatable item, at character 4: *)' "$A" log 'a*+*)'
one_line 'a bad pattern with escapes' 2 'is no regular expression' "$A" log $'\033[2J('
one_line 'PATTERN and --file' 2 'ask one' "$A" log x --file y:1
one_line 'a bad --limit' 2 '--limit takes a number' "$A" log --limit 0
one_line 'a recording as a PATTERN' 2 'type -r acausal.db' "$A" log acausal.db
one_line '-i without a PATTERN' 2 'about a PATTERN' "$A" log -i --file a:1
make none.db 'DELETE FROM packed_log'
one_line 'no line at all' 1 'holds no log line' "$A" log -r none.db
one_line 'no line at all, of a pattern' 1 'holds no log line' "$A" log -r none.db x
make slow.db "$(line 3 1 62 "'$(printf 'a%.0s' {1..60})'")"
one_line 'a pattern that takes too long' 1 'takes too long on a line' timeout 20 "$A" log -r slow.db '(a|a|a?)+[^a]$'
make view.db 'DROP TABLE log_origin; CREATE VIEW log_origin AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS log_origin_id FROM n'
one_line 'a hostile recording' 1 "no plain table" timeout 10 "$A" log -r view.db
make wild.db "UPDATE packed_log SET run_id = -1, written_ns = 'soon', stack_id = 1 << 62, text = 3.5, full_length = -7, log_origin_id = 1 << 60;
	INSERT INTO sink VALUES (-9, 7, x'ff00', 'x', 'y', 'z', -1, 'q', 12)"
status 'wild values' 0 timeout 10 "$A" log -r wild.db
echo 3.5 >wild.log
check 'wild values at a place' timeout 10 bash -c "'$A' log -r wild.db --file wild.log:1; test \$? -lt 2"

# --- lines from the input -----------------------------------------------------------------------

ids() { "$A" log --format json - 2>/dev/null | json "SELECT group_concat(value ->> '\$.log_id' || ' ' || (value ->> '\$.sure'), ', ') FROM json_data, json_each(data)"; }
equal 'a text' "$(echo 'GET /pages/7 from 127.0.0.1' | ids)" '2 exact'
equal 'with a carriage return' "$(printf 'from the other thread\r\n' | ids)" '10 exact'
equal 'grep -n' "$(echo '17:GET /pages/7 from 127.0.0.1' | ids)" '2 narrowed'
equal 'journalctl' "$(echo 'Nov 26 04:30:13 host server[4711]: GET /pages/7 from 127.0.0.1' | ids)" '2 likely'
equal 'docker compose' "$(echo 'web_1  | from the other thread' | ids)" '10 likely'
contains '… is marked' "$(echo 'web_1  | from the other thread' | "$A" log -)" '#31 ? from the other thread'
contains '… and told before traces' "$(echo 'web_1  | from the other thread' | "$A" log - --trace | head -n 1)" 'one, but not certainly'
equal "grep -n's line of context" "$(echo '17-GET /pages/7 from 127.0.0.1' | ids)" '2 narrowed'
equal "grep's colours" "$(printf '\033[32m\033[K17\033[m\033[K\033[36m\033[K:\033[m\033[KGET \033[01;31m\033[K/pages\033[m\033[K/7 from 127.0.0.1\n' | ids)" '2 narrowed'
equal 'other colours' "$(printf 'GET \033[0m\033[1;31m/pages\033[0m/7 from 127.0.0.1 [#31]\n' | ids)" '2 exact'
equal 'colours of the program' "$(printf '\033[31mred\a \xe2\x80\xaetfel\n' | ids)" '6 exact'
equal '… and of grep in them' "$(printf '\033[36m\033[K--\033[m\033[K\nfrom \033[01;31m\033[Kthe\033[m\033[K other thread\n' | ids)" '10 exact'
equal 'not in the middle of a word' "$(echo 'xfrom the other thread' | ids)" ''
equal 'the same text twice' "$(echo 'GET /pages/8 from 127.0.0.1' | ids)" '3 ambiguous, 11 ambiguous'
equal '… is said once' "$(yes 'GET /pages/8 from 127.0.0.1' | head -n 50 | ids)" '3 ambiguous, 11 ambiguous'
equal 'a tag' "$(echo 'GET /pages/7 from 127.0.0.1 [#31]' | ids)" '2 exact'
equal 'a tag of another' "$(echo 'GET /pages/7 from 127.0.0.1 [#5]' | ids)" '2 exact'
equal 'bytes that are no UTF-8' "$(printf 'no UTF \xff\0\xfe\n' | ids)" '7 exact'
one_line 'nothing on the input' 1 'nothing on the input' "$A" log - </dev/null
status 'some are found, some are not' 1 "$A" log - <<<$'GET /pages/7 from 127.0.0.1\nnever said\n\n--\nneither'
equal '… those that are' "$(grep -c 'log:2 ' out)" 1
contains '… those that are not' "$(cat err)" 'line 2 of the input was not recorded: never said'
contains '… how many' "$(cat err)" '2 of 3 lines of the input were not found'
contains 'marks are told' "$(echo 'GET /pages/8 from 127.0.0.1' | "$A" log -)" 'more than one recorded line: those are marked with ?'
contains '--trace of the input' "$(echo 'from the other thread' | "$A" log --trace -)" 'armed by uv_listen'
one_line 'not at the prompt' 2 "piped to 'acausal log -'" "$A" debug <<<'log -'
head -c 300000 /dev/urandom >garbage
check 'garbage on the input' timeout 20 bash -c "'$A' log - <garbage >out 2>err; test \$? = 1"
equal '… is not put on the terminal' "$(LC_ALL=C tr -d '\n' <err | LC_ALL=C grep -c '[[:cntrl:]]')" 0

# --- files that are no logs of it ---------------------------------------------------------------

printf 'GET /pages/7 from 127.0.0.1\nunheard of\nGET /pages/8 from 127.0.0.1\n' >some.log
echo 'of another program' >other.log
: >empty.log
one_line 'no such file' 1 "no such file: 'nowhere.log'" "$A" log --file nowhere.log:3
one_line 'no line named' 2 "as 'some.log:LINE'" "$A" log --file some.log
one_line 'fewer lines' 1 "'some.log' has 3 lines, and so no line 4" "$A" log --file some.log:4
one_line 'an empty file' 1 "'empty.log' has 0 lines" "$A" log --file empty.log:1
one_line 'another program' 1 "nothing in 'other.log' was recorded" "$A" log --file other.log:1
one_line 'never recorded' 1 'some.log:2 was not recorded, as others of its file were' "$A" log --file some.log:2
one_line 'a folder' 1 'is no plain file' "$A" log --file .:1
one_line 'a device' 1 'is no plain file' "$A" log --file /dev/null:1
mkfifo fifo
one_line 'a pipe does not hang' 1 'is no plain file' timeout 10 "$A" log --file fifo:1
xz -k some.log
one_line 'compressed' 1 'is compressed (xz)' "$A" log --file some.log.xz:1
for place in some.log:1 some.log:1: some.log:1:7 some.log:1:7: 'some.log:1:GET /pages/7 from 127.0.0.1' \
	'some.log:1:7:GET /pages/7 from 127.0.0.1'; do
	contains "$place" "$("$A" log --file "$place" 2>&1)" 'some.log:1 may be log:2, or none: '
done
contains 'a line that says otherwise now is looked for by its text' \
	"$("$A" log --file 'some.log:2:GET /pages/7 from 127.0.0.1')" 'log:2'
cp some.log 'some.log:2'
contains 'the longest path wins' "$("$A" log --file some.log:2:1 2>&1)" 'some.log:2:1 may be log:2'
check 'a file of garbage' timeout 20 bash -c "'$A' log --file garbage:1 >out 2>err; test \$? = 1"
head -c 9000000 /dev/zero | tr '\0' x >long.log
check 'a line of 9 MB' timeout 20 bash -c "'$A' log --file long.log:1 >out 2>err; test \$? = 1"
grep -n '' some.log | sed 's/^/some.log:/' >grepped
equal 'grep -Hn: the file is looked at' \
	"$(head -n 1 grepped | "$A" log --format json - | json "SELECT data ->> '\$[0].why' LIKE '%stands in the file once%' FROM json_data")" 1
equal 'what grep said is in the file no more: by its text' "$(echo 'some.log:2:from the other thread' | ids)" '10 likely'
grep -Hn --color=always -A1 pages/7 some.log >coloured
equal 'grep -A in colours: both lines are looked at' \
	"$("$A" log --format json - <coloured 2>err | json "SELECT data ->> '\$[0].why' LIKE '%stands in the file once%' FROM json_data") $(grep -c 'some.log:2 was not recorded' err)" '1 0'
contains '… and the one of context' "$(<err)" 'line 2 of the input was not recorded, as others of its file were'

# A file that was cut short, which is noticed only some time after: what was written to it before may
# stand in it still.
printf 'begun anew\nsame\nand on\n' >cut.log
make cut.db "INSERT INTO sink (sink_id, kind, path, device, inode, size_before, met_ns)
	SELECT id, 'file', '$PWD/cut.log', $(stat -c '%d, %i' cut.log), 0, id FROM (SELECT 2 AS id UNION SELECT 3);
	INSERT INTO log_origin VALUES (3, 1, 1, 7, 2, 2, 13, NULL), (4, 1, 1, 7, 3, 3, 13, NULL);
	$(line 3 3 62 "'before'") $(line 4 3 62 "'same'") $(line 5 3 62 "'the last'")
	$(line 6 4 62 "'begun anew'") $(line 7 4 62 "'same'") $(line 8 4 62 "'and on'")"
contains 'a file that was cut short: a text of before and after' "$("$A" log -r cut.db --file cut.log:2 2>&1)" 'cut.log:2 may be any of 2 recorded lines: '
contains '… a text that was written once' "$("$A" log -r cut.db --file cut.log:1 2>&1)" 'cut.log:1 is most likely, but not certainly, log:6: '

# --- a million lines ----------------------------------------------------------------------------

make million.db "DELETE FROM packed_log;
	INSERT INTO sink (sink_id, kind, path) VALUES (2, 'file', '/srv/app/million.log');
	INSERT INTO log_origin VALUES (3, 1, 1, 7, 2, 2, 13, NULL);
	WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
	INSERT INTO packed_log SELECT i, 3, 62, 71, i * 1000, i, NULL, printf('%d request %d of 10.0.0.%d', i / 1000, i, i % 256) FROM n"
check 'a million lines: a pattern' timeout 20 bash -c \
	"[[ \$('$A' log -r million.db ' request 77777 ') == *log:77777\\ * ]]"
check 'a million lines: no match' timeout 20 bash -c "'$A' log -r million.db '(timeout|refused)'; test \$? = 1"
sql million.db 'SELECT text FROM packed_log WHERE log_id % 100 = 0' >asked
check 'a million lines: 10,000 of the input' timeout 20 bash -c \
	"[[ \$('$A' log -r million.db - <asked | wc -l) == 10000 ]]"
done_testing
