# `acausal record`: exit statuses, what the command sees of us, and what becomes of recordings.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

guest=$BUILD/tests/record_guest

# A command that nothing was recorded of, with one line of ours on stderr.
one_line() { # WORDS EXPECTED_STATUS PART_OF_LINE COMMAND...
	local words=$1 expected=$2 part=$3
	shift 3
	status "$words: status" "$expected" "$@"
	equal "$words: one line" "$(grep -c '^acausal: ' err) $(wc -l <err)" '1 1'
	contains "$words: it says why" "$(cat err)" "$part"
}

# --- exit statuses ------------------------------------------------------------------------------

for n in 0 1 2 77 124 125 126 127 128 255; do
	status "exit status $n is passed on" $n "$ACAUSAL" record "$guest" exit $n
done
contains 'the summary begins with acausal:' "$(cat err)" 'acausal: '
for n in 1 2 6 9 11 15; do
	status "death by signal $n is $((128 + n))" $((128 + n)) "$ACAUSAL" record "$guest" raise $n
done
contains 'the signal is named' "$(cat err)" 'SIGTERM'
rm -f acausal.db*

one_line 'no such command' 127 'nonexistent_command: No such file' "$ACAUSAL" record nonexistent_command
one_line 'no such path' 127 './nonexistent: No such file' "$ACAUSAL" record ./nonexistent
one_line 'an empty name' 127 'empty' "$ACAUSAL" record ''
echo text >plain
one_line 'a file that is not executable' 126 './plain: Permission denied' "$ACAUSAL" record ./plain
one_line 'a folder' 126 'Permission denied' "$ACAUSAL" record "$TMP"
printf '#!/nonexistent/interpreter\n' >orphan
chmod +x orphan
one_line 'a script without its interpreter' 127 '/nonexistent/interpreter' "$ACAUSAL" record ./orphan
one_line 'no command' 125 'which command' "$ACAUSAL" record
one_line 'an unknown option' 125 '-x' "$ACAUSAL" record -x "$guest"
one_line 'an option without its value' 125 '-o' "$ACAUSAL" record -o
one_line 'a wrong value' 125 'wait or drop' "$ACAUSAL" record --on-full often "$guest"
one_line 'a static program' 125 'statically' "$ACAUSAL" record "$BUILD/tests/static_guest"
equal 'the static program did not run' "$(cat out)" ''
one_line 'a program without libuv' 3 'no libuv' "$ACAUSAL" record sh -c 'exit 3'
one_line 'a script whose child would be it' 4 'child' "$ACAUSAL" record --no-follow \
	"$(printf '#!/bin/sh\n"%s" exit 4\nexit $?\n' "$guest" >parent && chmod +x parent && echo ./parent)"
equal 'none of these left a file' "$(ls)" "$(printf '%s\n' err orphan out parent plain | sort)"

status 'help' 0 "$ACAUSAL" record --help
contains 'help is on stdout' "$(cat out)" 'usage: acausal record'

# --- how the command line is read ---------------------------------------------------------------

status 'options end at the command' 0 "$ACAUSAL" record ls -l -o
contains 'its options are its own' "$(cat out)" total
status '-- ends options' 7 "$ACAUSAL" record -o dashes.db -- "$guest" exit 7
check 'the recording is there' test -s dashes.db
status 'a name found in PATH' 5 env PATH="$BUILD/tests:$PATH" "$ACAUSAL" record -o path.db record_guest exit 5
equal 'the command is noted as it was given' \
	"$(sql path.db "SELECT value FROM meta WHERE key = 'command'")" '["record_guest","exit","5"]'
equal 'it may be read by its owner alone' "$(stat -c %a path.db)" 600
mkdir deeper
status 'a relative name' 0 "$ACAUSAL" record -o deeper/../deeper/there.db "$guest"
check 'it is there' test -s deeper/there.db
check 'a whole recording' check_recording deeper/there.db
one_line 'a folder that is not there' 125 'nowhere' "$ACAUSAL" record -o nowhere/x.db "$guest"

# --- recordings that are there ------------------------------------------------------------------

rm -f ./*.db
status 'a first recording' 1 "$ACAUSAL" record "$guest" exit 1
first=$(sha256sum <acausal.db)
status 'a second one' 2 "$ACAUSAL" record "$guest" exit 2
equal 'the first became FILE.old' "$(sha256sum <acausal.db.old)" "$first"
second=$(sha256sum <acausal.db)
echo log >acausal.db-wal
echo index >acausal.db-shm
status 'a third one' 3 "$ACAUSAL" record "$guest" exit 3
equal 'the second became FILE.old' "$(sha256sum <acausal.db.old)" "$second"
equal 'what was beside it went along' "$(cat acausal.db.old-wal acausal.db.old-shm)" $'log\nindex'
equal 'nothing is beside the third' "$(ls acausal.db-* 2>/dev/null)" ''
third=$(sha256sum <acausal.db)
status 'a fourth one' 3 "$ACAUSAL" record "$guest" exit 3
equal 'what was beside the second did not outlive it' "$(ls acausal.db.old-* 2>/dev/null)" ''
equal 'the third became FILE.old' "$(sha256sum <acausal.db.old)" "$third"
fourth=$(sha256sum <acausal.db)
one_line 'a program without libuv' 0 'no libuv' "$ACAUSAL" record true
one_line 'a static program' 125 statically "$ACAUSAL" record "$BUILD/tests/static_guest"
one_line 'no program' 127 'No such file' "$ACAUSAL" record nonexistent_command
equal 'these leave both recordings as they were' \
	"$(sha256sum <acausal.db; sha256sum <acausal.db.old)" "$fourth"$'\n'"$third"

one_line 'a recording as the command' 126 "acausal trace -r ./acausal.db'" "$ACAUSAL" record ./acausal.db

echo precious >mine
one_line 'a file that is no recording' 125 'mine is no recording' "$ACAUSAL" record -o mine "$guest"
sqlite3 other.db 'CREATE TABLE t (x)'
one_line 'a database of somebody else' 125 'no recording' "$ACAUSAL" record -o other.db "$guest"
: >empty
one_line 'an empty file' 125 'no recording' "$ACAUSAL" record -o empty "$guest"
one_line 'a folder as the recording' 125 'no recording' "$ACAUSAL" record -o deeper "$guest"
echo precious >acausal.db.old
one_line 'FILE.old that is no recording' 125 'acausal.db.old is no recording' "$ACAUSAL" record "$guest"
equal 'nothing was lost' "$(cat mine acausal.db.old; sha256sum <acausal.db)" \
	$'precious\nprecious\n'"$fourth"
equal 'and none of them ran' "$(cat out)" ''
rm acausal.db.old
ln -s there/real.db link.db
mkdir there
one_line 'a link to nothing' 125 'link' "$ACAUSAL" record -o link.db "$guest"
cp acausal.db there/real.db
status 'a link to a recording' 0 "$ACAUSAL" record -o link.db "$guest"
check 'stays a link, and the old one is beside what it leads to' test -L link.db -a -s there/real.db.old

# --- two at a time ------------------------------------------------------------------------------

mkfifo gate
"$ACAUSAL" record -o busy.db "$guest" copy <gate >/dev/null 2>&1 &
recorder=$!
exec 9>gate
wait_for 10 test -s busy.db
wait_for 10 sql busy.db 'SELECT count(*) FROM meta'
one_line 'a recording that is being written' 125 'another acausal record' "$ACAUSAL" record -o busy.db "$guest"
check 'it can be read meanwhile' sql busy.db 'SELECT count(*) FROM resource'
exec 9>&-
wait "$recorder"
equal 'the first recorder ended well' "$?" 0
check_recording busy.db

# --- what the command sees ----------------------------------------------------------------------

# What a program sees in both cases; the runtime's own signal handlers apart.
same_state() { # WORDS
	"$guest" state >state.bare 2>/dev/null
	"$ACAUSAL" record "$guest" state >state.recorded 2>/dev/null
	sed -i -e '/^SigCgt/d' -e '/^SigQ/d' -e 's/state\.recorded/state.bare/' -e 's/pipe:\[[0-9]*\]/pipe/' state.bare state.recorded
	equal "$1" "$(cat state.recorded)" "$(cat state.bare)"
}
exec 7</dev/null
same_state 'descriptors, signals, limits, folder, environment are untouched'
(
	trap '' INT USR1 CHLD PIPE
	ulimit -n 100
	umask 027
	cd deeper || exit
	same_state 'also with ignored signals and limits'
	[[ $failures == 0 ]]
) || failures=$((failures + 1))
exec 7<&-
same_state 'also without stdin' <&-
# libuv itself aborts when its descriptors are below 3, so the program opens them again.
"$ACAUSAL" record -o closed.db sh -c "exec '$guest' exit 3 </dev/null >/dev/null 2>&0" <&- >&- 2>&-
equal 'without any of the three' $? 3
check_recording closed.db
"$ACAUSAL" record -o pipe.db "$guest" exit 3 2> >(exec 0<&-)
equal 'with nobody reading stderr' $? 3
check_recording pipe.db
status 'odd arguments' 0 "$ACAUSAL" record -o odd.db "$guest" exit 0 $'\xff\xe2\x82' $'"\n\\' 'größe'
equal 'are noted as JSON' "$(sql odd.db \
	"SELECT value ->> 3, hex(value ->> 4), value ->> 5 FROM meta WHERE key = 'command'")" \
	$'\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|220A5C|größe'
head -c 300000 /dev/urandom >bytes
"$ACAUSAL" record "$guest" copy <bytes 2>/dev/null | cmp - bytes
equal 'stdin and stdout pass through' "${PIPESTATUS[*]}" '0 0'

# --- exec and scripts ---------------------------------------------------------------------------

printf '#!/bin/sh\nexec "%s" exit 9\n' "$guest" >script
chmod +x script
status 'a script that becomes the program' 9 "$ACAUSAL" record -o script.db ./script
check_recording script.db
matches 'the last process is the program' \
	"$(sql script.db 'SELECT executable FROM process ORDER BY process_id DESC LIMIT 1')" 'record_guest$'
status 'a program that becomes another' 0 "$ACAUSAL" record -o exec.db "$guest" exec "$guest" exec true
equal 'each exec is a process' "$(sql exec.db 'SELECT count(*) FROM process')" 3
check_recording exec.db
status 'a script whose child is the program' 4 "$ACAUSAL" record -o child.db ./parent
check_recording child.db
matches 'both are recorded' "$(sql child.db 'SELECT group_concat(executable) FROM process')" \
	'^[^,]*sh,[^,]*record_guest$'
printf 'exit 6\n' >bare_script
chmod +x bare_script
status 'a script without #!' 6 "$ACAUSAL" record ./bare_script

# --- signals ------------------------------------------------------------------------------------

for signal in TERM HUP INT USR1; do
	: >said
	# Not in the background of the script itself: there, INT is ignored.
	(
		trap - INT
		exec "$BUILD/tests/pty_job" ready '' "$ACAUSAL" record -o "$signal.db" "$guest" wait
	) >said &
	job=$!
	wait_for 10 grep -q ready said
	recorder=$(pgrep -f "^$ACAUSAL record -o $signal.db")
	kill -$signal "$recorder"
	wait $job
	equal "SIG$signal sent to the recorder reaches the program" "$? $(grep -c "^signal" said)" '0 1'
	check_recording $signal.db
done
"$BUILD/tests/pty_job" ready $'\x03' "$ACAUSAL" record -o ctrl_c.db "$guest" wait >said
equal 'Ctrl-C reaches the program, once' "$? $(grep -c 'signal 2' said)" '0 1'
contains 'and the recorder goes on to its end' "$(cat said)" 'ctrl_c.db'
check_recording ctrl_c.db
"$BUILD/tests/pty_job" ready $'\x1a' "$ACAUSAL" record -o ctrl_z.db "$guest" wait >said &
job=$!
wait_for 10 grep -q '\[stopped\]' said
recorder=$(pgrep -f "^$ACAUSAL record -o ctrl_z.db")
kill -TERM "$recorder"
wait $job
equal 'Ctrl-Z stops the job, and it goes on when continued' \
	"$? $(grep -c '\[stopped\]' said) $(grep -c '^signal 15' said)" '0 1 1'
check_recording ctrl_z.db

# --- a crash ------------------------------------------------------------------------------------

status 'a crash' 139 "$ACAUSAL" record -o crash.db "$guest" crash
contains 'is named' "$(cat err)" 'SIGSEGV'
matches 'its async stack follows on stderr' "$(cat err)" 'on_crash.*uv_timer_start.*crash_in_callback'
equal 'and not on stdout, which is the program'"'"'s' "$(cat out)" ''
check_recording crash.db

# --- the recorder is killed ---------------------------------------------------------------------

mkfifo gate2
"$ACAUSAL" record -o killed.db "$guest" copy <gate2 >copied 2>/dev/null &
recorder=$!
exec 9>gate2
wait_for 10 test -s killed.db
wait_for 10 sql killed.db 'SELECT count(*) FROM resource'
kill -KILL $recorder
wait $recorder 2>/dev/null
echo 'still here' >&9
exec 9>&-
check 'the program goes on without its recorder' wait_for 10 grep -q 'still here' copied
equal 'what there is opens' "$(sql killed.db "PRAGMA integrity_check")" ok
equal 'and says that it was cut short' "$(sql killed.db "SELECT value FROM meta WHERE key = 'complete'")" 0
status 'it is moved like any other' 0 "$ACAUSAL" record -o killed.db "$guest"
check 'to FILE.old' test -s killed.db.old

"$ACAUSAL" record -o chain.db "$BUILD/tests/timer_chain" 3000000 >chain.out 2>/dev/null &
recorder=$!
wait_for 10 test -s chain.db
kill -KILL $recorder
wait $recorder 2>/dev/null
refuse 'the program was not done when its recorder died' grep -q 'the chain ends' chain.out
check 'a program that waits for room is not held up for ever' \
	wait_for 20 grep -q 'the chain ends' chain.out
equal 'what there is opens' "$(sql chain.db "PRAGMA integrity_check")" ok

done_testing
