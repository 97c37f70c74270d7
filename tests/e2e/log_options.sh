# Which lines `acausal record` keeps, by its options; how much of them; where they went.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

writer=$BUILD/tests/log_options

kept() { # OPTION... -- WORD...: where the lines that were kept went
	local options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	"$ACAUSAL" record "${options[@]}" "$writer" "$@" >out 2>err || { cat err && return 1; }
	sql acausal.db 'SELECT text FROM log ORDER BY log_id' | sed 's/^to //' | paste -sd' '
}

# An error line of ours, status 125, and nothing done.
wrong() { # WORDS PART_OF_LINE OPTION...
	local words=$1 part=$2
	shift 2
	rm -f acausal.db* ran
	status "$words: status" 125 "$ACAUSAL" record "$@" "$writer" ran
	equal "$words: one line" "$(grep -c '^acausal: ' err) $(wc -l <err)" '1 1'
	contains "$words: it says why" "$(cat err)" "$part"
	equal "$words: nothing ran" "$(ls acausal.db ran 2>/dev/null)" ''
}

mkdir sub 'a[b'

# --- which ----------------------------------------------------------------------------------------

all=(1 2 plain.txt +appended.txt app.log sub/app.log sub/deep.txt)
equal 'by default: 1, 2, what is appended to, *.log' "$(kept -- "${all[@]}")" \
	'1 2 appended.txt app.log sub/app.log'
check_recording acausal.db
equal 'a name names files in any folder' "$(kept --log deep.txt -- "${all[@]}")" \
	'1 2 appended.txt app.log sub/app.log sub/deep.txt'
equal 'several patterns' "$(kept --log 'd*.txt' --log='plain.???' -- "${all[@]}")" \
	'1 2 plain.txt appended.txt app.log sub/app.log sub/deep.txt'
equal '--no-log' "$(kept --no-log -- "${all[@]}")" ''
equal '--no-log: no line, no place' "$(sql acausal.db 'SELECT count(*) FROM sink')" 0
equal '--no-log --log' "$(kept --no-log --log 'app*' -- "${all[@]}")" 'appended.txt app.log sub/app.log'
equal '--log --no-log: whichever comes first' "$(kept --log 'app*' --no-log -- "${all[@]}")" \
	'appended.txt app.log sub/app.log'
equal '--log stderr' "$(kept --no-log --log stderr -- "${all[@]}")" 2
equal 'a whole path' "$(kept --no-log --log "$TMP/sub/*.txt" -- "${all[@]}")" sub/deep.txt
equal 'a path from here' "$(kept --no-log --log 'sub/*' -- "${all[@]}")" 'sub/app.log sub/deep.txt'
equal 'a path from here, said so' "$(kept --no-log --log './*.txt' -- "${all[@]}")" \
	'plain.txt appended.txt'
equal 'a path from the folder above' "$(cd sub && kept --no-log --log '../pl*' -- ../plain.txt deep.txt)" \
	'../plain.txt'
equal 'a folder whose name looks like a pattern' \
	"$(cd 'a[b' && kept --no-log --log './one' -- one two)" one

# --- what is said of them ---------------------------------------------------------------------------

kept -- 2 1 app.log 1 +app.log sub/app.log >/dev/null
equal 'where they went: each path by its name, its lines counted' \
	"$(sql acausal.db "SELECT kind, replace(log.path, '$TMP/', ''), fd > 2, line_number FROM log
		JOIN sink USING (sink_id) WHERE kind = 'file' AND text LIKE '%app%' ORDER BY log_id")" \
	$'file|app.log|1|1\nfile|app.log|1|2\nfile|sub/app.log|1|1'
equal 'the file is the one that it is' \
	"$(sql acausal.db "SELECT device || ':' || inode FROM sink WHERE path = '$TMP/sub/app.log'")" \
	"$(stat -c %d:%i sub/app.log)"
equal 'each line has its run' "$(sql acausal.db 'SELECT count(DISTINCT run_id), count(*) FROM log')" '6|6'
equal 'and its call' "$(sql acausal.db 'SELECT DISTINCT api FROM log')" write

rm -f app.log
kept -- app.log mv,app.log,app.log.1 app.log >/dev/null
equal 'a file that was renamed is found' \
	"$(sql acausal.db "SELECT replace(path, '$TMP/', ''), replace(moved_to, '$TMP/', ''), line_number
		FROM sink JOIN log USING (sink_id, path) ORDER BY sink_id")" \
	$'app.log|app.log.1|1\napp.log||2'

# --- how much -----------------------------------------------------------------------------------------

lengths() { # OPTION... -- WORD...
	kept "$@" >/dev/null
	sql acausal.db 'SELECT length(text), full_length FROM log ORDER BY log_id' | paste -sd' '
}

equal 'a MiB, unless told otherwise' "$(lengths -- x5 x1048576 x1048577 x3000000 1)" \
	'5|5 1048576|1048576 1048576|1048577 1048576|3000000 4|4'
equal '--log-max' "$(lengths --log-max 100 -- x99 x100 x101 x90000 1)" \
	'99|99 100|100 100|101 100|90000 4|4'
equal '--log-max in K' "$(lengths --log-max=4K -- x4096 x4097)" '4096|4096 4096|4097'
equal '--log-max in M' "$(lengths --log-max 2M -- x3000000)" '2097152|3000000'
equal 'of a line in pieces' "$(lengths --log-max 10 -- x,3 x,4 x,5 x,6 x2 1)" '10|20 4|4'
equal 'what was written is whole' "$(wc -c <out)" 26

"$ACAUSAL" record "$writer" x,5 x,6 kill >out 2>err
equal 'what a killed process had begun' "$(sql acausal.db 'SELECT text FROM log')" xxxxxxxxxxx
"$ACAUSAL" record "$writer" x,5 x,6 x,500 >out 2>err
equal 'what a process ends without' "$(sql acausal.db 'SELECT full_length FROM log')" 511

# --- what an outer recording is told is not for an inner one --------------------------------------------

equal 'what was told before does not matter' "$(ACAUSAL_LOG=- ACAUSAL_LOG_MAX=1 ACAUSAL_TAG_LINES=1 \
	kept -- 1 plain.txt)" 1
equal 'nor its tags' "$(cat out)" 'to 1'
equal 'a recording within one has its own options' \
	"$("$ACAUSAL" record -o outer.db --no-log "$ACAUSAL" record -o inner.db "$writer" 1 >out 2>err
	sql inner.db 'SELECT text FROM log')" 'to 1'
told() { # OPTION...
	# shellcheck disable=SC2016  # a shell within expands these
	ACAUSAL_LOG=- "$ACAUSAL" record "$@" sh -c \
		'echo ${ACAUSAL_LOG-no} ${ACAUSAL_LOG_MAX-no} ${ACAUSAL_TAG_LINES-no}' 2>err
}
equal 'nothing is told that goes without saying' "$(told --log-max 1M)" 'no no no'
equal 'what is told' "$(told --log q --no-log --log-max 2K)" '- q 2048 no'
matches 'what is told of tags' "$(told --tag-lines)" '^no no 1'

# --- command lines that are wrong -------------------------------------------------------------------------

wrong 'an empty pattern' 'is empty' --log ''
wrong 'a newline in a pattern' 'newline' --log $'a\nb'
wrong 'a pattern that is too long' 'too long' --log "$(printf 'x%.0s' {1..1100})"
long=$(printf 'x%.0s' {1..400})
wrong 'patterns that are too long together' 'too long' --log "a$long" --log "b$long" --log "c$long"
for size in 0 -1 x 1G 1KB 1.5M '' ' 1' 65M 99999999999999999999 0K; do
	wrong "--log-max '$size'" '--log-max is' --log-max "$size"
done
status '--log without its pattern: status' 125 "$ACAUSAL" record --log
contains '--log without its pattern: it says why' "$(cat err)" '--log wants'
wrong '--no-log has no value' 'no option' --no-log=1

done_testing
