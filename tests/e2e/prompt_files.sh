# The prompt without a terminal: commands from the input, from files and from the command line.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/prompt.bash"
A=$ACAUSAL

debug() {
	"$A" debug "$@" made.db </dev/null 2>&1
}
one() { # N: a command that prints it
	printf "sql SELECT 'line %s'\n" "$1"
}
has() { # prints the numbers that were printed
	sed -n 's/^line \(.*\)/\1/p' | tr '\n' ' '
}

# --- -x, --ex, --batch ---------------------------------------------------------------------------

one 1 >first
one 2 >second
equal 'files and commands in their order' \
	"$(debug -x first --ex "$(one 3)" -x second -ex "$(one 4)" --batch | has)" '1 3 2 4 '
equal 'then the input' "$(one 9 | "$A" debug -x first made.db | has)" '1 9 '
equal '… not with --batch' "$(one 9 | "$A" debug -x first --batch made.db | has)" '1 '
equal '… but when there is nothing else' "$(one 9 | "$A" debug -batch made.db | has)" '9 '
status '--batch ends at the first that fails' 1 "$A" debug --batch --ex 'trace 99999' --ex "$(one 5)" made.db
equal '… with what it says' "$(wc -l <err) $(grep -c '^acausal: 99999 is not in made.db' err) $(has <out)" '1 1 '
status '… with its status' 2 "$A" debug --batch --ex 'nonsense' made.db
status 'without --batch it goes on' 2 "$A" debug --ex nonsense --ex "$(one 5)" made.db
equal '… and does the rest' "$(has <out)" '5 '
status 'quit in a file' 0 "$A" debug -x <(echo quit) --ex nonsense made.db
status '--ex without a command' 2 "$A" debug made.db --ex
status 'a pipe fails as in a shell' 1 "$A" debug --batch --ex "pipe $(one 6) | grep -q 7" made.db
equal '… and says nothing' "$(<err)" ''
status '… or not' 0 "$A" debug --batch --ex "pipe $(one 6) | grep -q 6" made.db
status '!command fails so, too' 1 "$A" debug --batch --ex '!exit 3' made.db
status 'a recording that is not there' 1 "$A" debug --batch --ex quit nothing.db
mapfile -t many < <(yes -- -xfirst | head -n 60)
equal 'many of them' "$(debug --batch "${many[@]}" | has | wc -w)" 60
matches 'too many' "$(debug --batch "${many[@]}" "${many[@]}")" 'more than 64 options'

# --- source --------------------------------------------------------------------------------------

mkdir -p deep
{ echo '# words'; echo; one 1; echo 'source deep/second'; one 3; } >nested
{ one 2; printf 'sql \\\nSELECT '\''line long'\'' \\\n\n'; } >deep/second
equal 'files in files, comments, lines that go on' "$(debug --batch -x nested | has)" '1 2 long 3 '
printf 'sql SELECT '\''line crlf'\''\r\n' >crlf
equal 'lines that end as on other systems' "$(debug --batch -x crlf | has)" 'crlf '
printf "sql SELECT 'line cut'" >unended
equal 'a last line without its end' "$(debug --batch -x unended | has)" 'cut '
{ one 1; echo 'source wrong'; one 3; } >outer
printf '\n\ntrace 99999\n%s\n' "$(one 2)" >wrong
equal 'an error names file and line' "$(debug --batch -x outer | grep acausal:)" \
	'acausal: outer:2: wrong:3: 99999 is not in made.db: the last is 43'
equal '… and ends the files' "$(debug --ex 'source outer' --ex "$(one 4)" | has)" '1 4 '
echo 'source itself' >itself
matches 'a file that sources itself' "$(debug --batch -x itself)" "itself:1: .*source: 16 files in each other"
equal '… in one line' "$(debug --batch -x itself | wc -l)" 1
contains 'no such file' "$(debug --batch -x missing)" "acausal: cannot read commands from 'missing'"
contains 'a folder' "$(debug --batch -x deep)" 'Is a directory'
contains 'a file that is not text' "$(debug --batch -x made.db)" 'acausal: made.db:1:'
head -c 3000000 /dev/zero | tr '\0' x >giant
contains 'a giant line' "$(debug --batch -x giant)" 'giant:1: a command of more than'
equal 'set echo' "$(debug --batch --ex 'set echo on' -x second)" "(acausal) sql SELECT 'line 2'
$(debug --batch -x second)"

# --- settings ------------------------------------------------------------------------------------

equal 'show as JSON' "$(debug --batch --ex 'set width 77' --ex 'show --format json' |
	json "SELECT data ->> '$.width', data ->> '$.pager' FROM json_data")" '77|on'
equal 'width' "$(debug --batch --ex 'set width 60' --ex 'trace crash' | awk 'length > 60 && !/^ +[0-9]+ \|/' | wc -l)" 0
equal 'names that gdb has' "$(debug --batch --ex 'set pagination off' --ex 'show pager' | cut -c 1-17)" 'pager        off '

# --- cores and snapshots: the same prompt --------------------------------------------------------

equal 'nothing is held between commands' "$(
	"$A" debug --batch made.db --ex '!sqlite3 made.db "BEGIN IMMEDIATE; UPDATE meta SET value = value; COMMIT"' 2>&1
	echo $?
)" 0

# A recording that grows while a prompt looks at it, and ends as one file all the same.
mkfifo go
cat >commands <<'END'
sql SELECT count(*) > 0 AS "line rows" FROM run
!: >go
!until test -e recorded; do sleep 0.05; done
sql SELECT 'line ' || value FROM meta WHERE key = 'complete'
END
(
	"$A" record -o grown.db "$BUILD/tests/prompt_waits" go 2>record.err
	touch recorded
) &
wait_for 10 test -s grown.db
wait_for 10 "$A" info -r grown.db run:5
equal 'a recording that grows' "$("$A" debug --batch -x commands grown.db 2>&1)" $'line rows\n        1\n'"'line ' || value
line 1"
wait
check_recording grown.db
done_testing
