#!/usr/bin/env bash
# `list`: which lines of which file, where files are looked for, what is no source file, debuginfod.
# time limit: 180
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING ACAUSAL_SOURCE_PATH DEBUGINFOD_URLS COLUMNS NO_COLOR PAGER
export COLUMNS=100

make() { # FILE [SQL]
	[[ -e server.base ]] || { echo 'PRAGMA synchronous = OFF;' && cat "$ROOT"/schema/{tables,views}.sql \
		"$ROOT/tests/fixtures/server.sql" "$ROOT/schema/indexes.sql"; } | sqlite3 -batch server.base >/dev/null
	cp server.base "$1"
	sqlite3 -batch "$1" <<<"PRAGMA synchronous = OFF; ${2-}" >/dev/null
}

at_prompt() { # COMMAND...
	printf '%s\n' "$@" | timeout 60 "$ACAUSAL" debug acausal.db 2>&1
}

# numbers TEXT: the lines that were listed, "84 85 …", the marked one as "88>".
numbers() {
	sed -n 's/^ \([> ]\) *\([0-9]*\) |.*/\2\1/p' <<<"$1" | tr -d ' ' | paste -sd ' '
}

make acausal.db
mkdir -p here/src elsewhere
# What the recording calls /srv/app/src/render.c; the crash is on its line 88.
{
	seq -f 'line %g' 1 79
	printf '%s\n' 'void *render_row(void);' 'static void' 'render_row(int x)' '{' '	indented' 'a' 'b' 'c'
	printf 'the row\n'
	seq -f 'line %g' 89 200
} >here/src/render.c
touch -d 2026-01-01 here/src/render.c
export ACAUSAL_SOURCE_PATH=/srv/app=$PWD/here

# --- which lines --------------------------------------------------------------------------------

equal 'around the frame' "$(numbers "$(at_prompt list)")" '83 84 85 86 87 88> 89 90 91 92'
equal 'again, it goes on' "$(numbers "$(at_prompt list list)")" \
	'83 84 85 86 87 88> 89 90 91 92 93 94 95 96 97 98 99 100 101 102'
equal '- is before' "$(numbers "$(at_prompt list 'list -')")" \
	'83 84 85 86 87 88> 89 90 91 92 73 74 75 76 77 78 79 80 81 82'
equal '+ is after' "$(numbers "$(at_prompt 'list 20' 'list +')")" \
	'15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34'
equal 'another frame, anew' "$(numbers "$(at_prompt list list up 'list')" | cut -d' ' -f22-)" \
	'126 127 128 129 130 131> 132 133 134 135'
equal 'around a line' "$(numbers "$(at_prompt 'list 3')")" '1 2 3 4 5 6 7 8 9 10'
equal 'a range' "$(numbers "$(at_prompt 'list 86,89')")" '86 87 88> 89'
equal 'FILE:LINE, by the end of its name' "$(numbers "$(at_prompt 'list render.c:100')")" \
	'95 96 97 98 99 100 101 102 103 104'
equal 'a function, where it is defined' "$(numbers "$(at_prompt 'list render_row')" | cut -d' ' -f6)" 82
equal 'the last line' "$(numbers "$(at_prompt 'list 199,300' list 2>&1)")" '199 200'
contains '… and then none' "$(at_prompt 'list 199,300' list)" "has 200 lines, and no line 201"
contains '- at the beginning' "$(at_prompt 'list 1' 'list -')" 'acausal: list: the file begins here'
contains 'the file is named' "$(at_prompt list)" 'src/render.c  #0 render_row'
contains 'a tab is blanks' "$(at_prompt 'list 84,84')" '84 |         indented'
equal 'in the shell' "$(numbers "$("$ACAUSAL" list)")" '83 84 85 86 87 88> 89 90 91 92'
equal 'JSON' "$("$ACAUSAL" list --format json | json "SELECT data ->> '$.file', data ->> '$.path' LIKE '%/here/src/render.c',
	data ->> '$.marked', data ->> '$.first', json_array_length(data, '$.lines'), data ->> '$.lines[5]',
	data ->> '$.newer', data ->> '$.fetched' FROM json_data")" '/srv/app/src/render.c|1|88|83|10|the row|0|0'

one_line() { # WORDS STATUS PART COMMAND...
	status "$1: status $2" "$2" "${@:4}"
	equal "$1: one line" "$(wc -l <"$TMP/err")" 1
	contains "$1: its words" "$(cat "$TMP/err")" "$3"
	equal "$1: nothing on stdout" "$(cat "$TMP/out")" ''
}
one_line 'no such function' 1 "no function 'nosuch'" "$ACAUSAL" list nosuch
one_line 'no such file' 1 "no file 'nosuch.c'" "$ACAUSAL" list nosuch.c:3
one_line 'no line' 2 'is no line' "$ACAUSAL" list 3x
one_line 'a range backwards' 2 'is no line' "$ACAUSAL" list 9,3

# --- where files are ----------------------------------------------------------------------------

cp -p here/src/render.c elsewhere/render.c
for path in "/srv/app=$PWD/here" "/srv/app/=$PWD/here/" "/nowhere:$PWD/elsewhere" "$PWD/elsewhere" \
	"/srv/app/src/render.c=$PWD/here/src/render.c" "/=$PWD/:/srv=$PWD:/srv/app=$PWD/here"; do
	contains "found by $path" "$(ACAUSAL_SOURCE_PATH=$path at_prompt list)" '| the row'
done
for path in "/srv/ap=$PWD/here" "=$PWD/here" "/srv/app=" ':::' "$PWD/here/src/render.c"; do
	contains "not by $path" "$(ACAUSAL_SOURCE_PATH=$path at_prompt list)" \
		'is not here: say where it is by ACAUSAL_SOURCE_PATH=FOLDER'
done
contains 'set at the prompt' "$(ACAUSAL_SOURCE_PATH='' at_prompt "set source-path /srv/app=$PWD/here" list)" \
	'| the row'
contains 'trace shows it too' "$("$ACAUSAL" trace)" '88 | the row'
touch here/src/render.c -d 2030-01-01
contains 'a file that was changed later' "$(at_prompt list)" 'the file has changed since it was recorded'
touch here/src/render.c -d 2026-01-01
equal '… and one that was not' "$(at_prompt list | grep -c changed)" 0
mv here/src/render.c here/src/gone.c
one_line 'one that is not here' 1 'ACAUSAL_SOURCE_PATH=FOLDER' "$ACAUSAL" list

# --- what is no source file ---------------------------------------------------------------------

# hostile FILE WORDS [LINE]: of a recording whose crash is there.
hostile() {
	make acausal.db "UPDATE source SET file = '$1', line = ${3-1} WHERE function = 'render_row'"
	one_line "${1:0:40}" 1 "$2" timeout 20 "$ACAUSAL" list
	status "trace with ${1:0:40}" 0 timeout 20 "$ACAUSAL" trace --source 3
}
mkfifo "$PWD/fifo"
truncate -s 3G "$PWD/sparse"
hostile "$PWD/fifo" 'it is no regular file'
hostile /dev/zero 'it is no regular file'
hostile /dev/tty 'it is no regular file'
hostile "$PWD" 'it is a folder'
hostile "$PWD/sparse" 'it is larger than 16 MiB'
hostile /proc/self/mem 'has 0 lines'
hostile '' 'are not known' NULL
hostile "$(head -c 5000 /dev/zero | tr '\0' x)" 'is not here'
printf 'a\033[31mred\007\r\n%s\n\0\377\n' "$(head -c 100000 /dev/zero | tr '\0' y)" >odd.c
make acausal.db "UPDATE source SET file = '$PWD/odd.c', line = 2 WHERE function = 'render_row'"
shown=$(at_prompt list)
contains 'control characters are not painted' "$shown" 'a\x1b[31mred\x07'
equal '… none of them' "$(tr -d '\n[:print:]' <<<"$shown")" ''
equal 'a giant line is cut' "$(awk 'length($0) > 100' <<<"$shown")" ''
contains 'bytes that are no text' "$shown" '\x00\xff'
status 'as JSON' 0 "$ACAUSAL" list --format json
check '… it is valid' json 'SELECT 1 / json_valid(data) FROM json_data' <"$TMP/out"
make acausal.db "UPDATE source SET line = 9223372036854775807 WHERE function = 'render_row'"
one_line 'a giant line number' 1 'are not known' "$ACAUSAL" list
make acausal.db "UPDATE source SET line = 2000000000 WHERE function = 'render_row'"
mv here/src/gone.c here/src/render.c
one_line 'a line that the file has not' 1 'has 200 lines' "$ACAUSAL" list
make acausal.db "INSERT INTO source (frame_id, inline_depth, function, file, line)
	VALUES (9001, 0, 'twin', '/srv/app/a.c', 5), (9002, 0, 'twin', '/srv/app/b.c', 6),
		(9003, 0, 'space::only(int)', '/srv/app/src/render.c', 30)"
one_line 'a name that two have' 1 '/srv/app/a.c:5, /srv/app/b.c:6' "$ACAUSAL" list twin
equal 'a C++ function by its last part' "$(numbers "$("$ACAUSAL" list only)" | cut -d' ' -f6)" 30

# --- debuginfod ---------------------------------------------------------------------------------

rm -r here
unset ACAUSAL_SOURCE_PATH
if ! command -v python3 >/dev/null || ! ldconfig -p | grep -q 'libdebuginfod\.so\.1'; then
	skip 'debuginfod' 'no python3 or no libdebuginfod1'
	done_testing
fi
# A server that has the file for the module aa, knows nothing of others, and for bb never answers.
cat >server.py <<'END'
import http.server, sys, threading, urllib.parse
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = urllib.parse.unquote(self.path)
        open("asked", "a").write(path + "\n")
        if path.startswith("/buildid/bb/"):
            threading.Event().wait(60)
        found = path == "/buildid/aa/source/srv/app/src/render.c"
        body = b"".join(b"fetched %d\n" % i for i in range(1, 201)) if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
END
coproc python3 server.py
server=$COPROC_PID
read -r -u "${COPROC[0]}" port
make acausal.db "UPDATE module SET build_id = 'aa' WHERE path = '/srv/app/server'"
one_line 'without DEBUGINFOD_URLS nobody is asked' 1 'or set DEBUGINFOD_URLS' "$ACAUSAL" list
equal '… and was not' "$(cat asked 2>/dev/null)" ''
export DEBUGINFOD_URLS=http://127.0.0.1:$port DEBUGINFOD_TIMEOUT=20
status 'fetched' 0 "$ACAUSAL" list
contains '… what it is' "$(cat "$TMP/out")" ' > 88 | fetched 88'
contains '… and from where' "$(cat "$TMP/out")" 'src/render.c  by debuginfod  #0 render_row'
contains '… which is said before' "$(cat "$TMP/err")" 'acausal: fetching /srv/app/src/render.c by debuginfod'
equal '… once' "$(cat asked)" '/buildid/aa/source/srv/app/src/render.c'
status 'again, of the cache' 0 "$ACAUSAL" list
equal '… without a word' "$(cat "$TMP/err")" ''
equal 'trace asks nobody' "$("$ACAUSAL" trace >/dev/null; wc -l <asked)" 1
make acausal.db "UPDATE module SET build_id = 'cc' WHERE path = '/srv/app/server'"
status 'what no server has' 1 "$ACAUSAL" list
contains '… is said' "$(cat "$TMP/err")" 'debuginfod has it not either'
for id in '../../etc' 'a' 'zz' ''; do
	make acausal.db "UPDATE module SET build_id = '$id' WHERE path = '/srv/app/server'"
	rm -f asked
	status "a build ID that is none: '$id'" 1 "$ACAUSAL" list
	equal '… is not asked for' "$(cat asked 2>/dev/null)" ''
done
# Ctrl-C ends the wait and not the prompt.
make acausal.db "UPDATE module SET build_id = 'bb' WHERE path = '/srv/app/server'"
mkfifo typed
"$ACAUSAL" debug acausal.db <typed >out 2>&1 &
prompt=$!
exec 7>typed
printf 'list\n' >&7
wait_for 20 grep -q fetching out
kill -INT $prompt
printf 'frame\n' >&7
exec 7>&-
wait $prompt
contains 'an interruption' "$(cat out)" 'acausal: interrupted'
contains '… ends not the prompt' "$(cat out)" ' #0   render_row'
kill $server
wait

done_testing
