#!/usr/bin/env bash
# Lines written by stdio: what came into the file is what was recorded, and what the program does is
# what it does by itself, whatever its buffers hide.
. "$ROOT/tests/e2e/lib.sh"

program=$BUILD/tests/log_stdio

# The lines of one sink as they lie in the file. Text without a newline at its end is a line too.
lines() { # RECORDING PATH ORDER
	sql "$1" "SELECT text FROM log WHERE path = '$TMP/$2' ORDER BY $3"
}

# same WORDS STATUS FILE COMMAND...: the command is recorded, with its stderr in the file errors. It
# ends and writes as it does by itself; and what it wrote to FILE was recorded.
same() {
	local words=$1 expected=$2 file=$3
	shift 3
	rm -f recording.db plain.* "$file"
	"$@" >plain.out 2>plain.errors </dev/null
	[[ $? == "$expected" ]] || not_ok "$words: the program by itself ends with $expected"
	[[ ! -e $file ]] || mv "$file" plain.file
	"$ACAUSAL" record -o recording.db sh -c '"$@" 2>errors' - "$@" >out 2>err </dev/null
	equal "$words: status" $? "$expected"
	equal "$words: stdout and stderr are the program's" "$(cmp plain.out out; cmp plain.errors errors)" ''
	[[ ! -e plain.file ]] || check "$words: so is its file" cmp plain.file "$file"
	equal "$words: what is in $file was recorded" \
		"$(lines recording.db "$file" log_id)" "$(cat "$file")"
}

seed=0
for mode in full line none; do
	for size in 0 1 7 64 500 5000; do
		[[ $mode != none || $size == 0 ]] || continue
		seed=$((seed + 1))
		same "$mode, buffer of $size" 0 random.log \
			"$program" random random.log $((seed + 7000)) "$mode" "$size"
		equal "$mode, buffer of $size: lines seen at a flush are of full buffers only" \
			"$(sql recording.db "SELECT count(*) > 0 FROM log WHERE at_flush AND path LIKE '%/random.log'")" \
			"$([[ $mode == full ]] && echo 1 || echo 0)"
	done
done

same 'messages' 7 errors "$program" messages
equal 'messages: each by its own function' \
	"$(sql recording.db "SELECT DISTINCT api FROM log WHERE fd = 2 AND api <> 'syslog' ORDER BY api")" \
	"$(printf '%s\n' err error error_at_line fprintf perror psiginfo psignal warn warnx)"
equal 'messages: what error flushed came before' \
	"$(sql recording.db "SELECT text FROM log WHERE fd = 1")" 'text that error flushes'
if [[ -e /dev/log ]]; then
	skip 'messages: to syslog' 'there is a /dev/log, which is not to be written to'
else
	equal 'messages: to syslog' "$(sql recording.db "SELECT text FROM log WHERE fd IS NULL")" \
		"$(printf '%s\n' 'before openlog, nothing is copied' \
			'a message: No such file or directory' 'with its newline' 'the name stays' \
			'not masked')"
fi

rm -f recording.db
status 'threads' 0 "$ACAUSAL" record -o recording.db "$program" threads threads.log
equal 'threads: their lines are recorded in the order of the file' \
	"$(lines recording.db threads.log written_ns)" "$(cat threads.log)"

same 'conversions' 0 conversions.log "$program" conversions conversions.log

rm -f recording.db
status 'callbacks' 0 "$ACAUSAL" record -o recording.db "$program" callbacks callbacks.log
recording=recording.db
. "$ROOT/tests/e2e/named.bash"
answers 'a line is of the callback that wrote its first byte' \
	"SELECT text, callback, at_flush FROM log JOIN named USING (run_id)
	 WHERE path LIKE '%/callbacks.log' ORDER BY log_id" \
	'the first|on_first|
begun by the first, ended by the second|on_first|
seen by the third|on_third|1
the third|on_third|'

done_testing
