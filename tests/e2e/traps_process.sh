# What a program does to its own process, and what limits it is given: it does as without us, and is
# recorded, or one line says why it is not.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

limits=$BUILD/tests/trap_limits

# same WORDS COMMAND...: leaves the recorder's lines in `ours`, a recording in same.db.
same() {
	local words=$1 plain
	shift
	timeout 30 "$@" >plain.out 2>plain.err
	plain=$?
	rm -f same.db*
	timeout 60 "$ACAUSAL" record -o same.db -- "$@" >recorded.out 2>recorded.err
	equal "$words: status" $? $plain
	grep -a '^acausal: ' recorded.err >ours
	equal "$words: stdout" "$(cat recorded.out)" "$(cat plain.out)"
}

# --- what it does itself ------------------------------------------------------------------------

for trap in none closefrom standard mlockall memory files scan treat hook; do
	same "$trap" "$limits" $trap
	check_recording same.db
	equal "$trap: the work is recorded to its end" "$(sql same.db "SELECT count(*) % 20, count(*) >= 40
		FROM run JOIN resource USING (async_id) JOIN type USING (type_id)
		WHERE name = 'uv_timer_t' AND part = 'callback'")" '0|1'
done
equal 'calls that go through a hook of the program'"'"'s are made by who calls it' \
	"$(sql same.db "SELECT function, count(DISTINCT arming_id) FROM arming
		JOIN stack_frame USING (stack_id) WHERE function IN ('hook') GROUP BY 1")" 'hook|40'
# At work the recorder makes no system call of its own, but for room: see the filter's list.
same 'a filter that kills' "$limits" seccomp
equal 'a filter that kills: it was there, and nobody died of it' \
	"$(tail -n 1 recorded.out) $(grep -c 'filter that kills: 20' recorded.out)" 'and out 1'

# --- ways to end --------------------------------------------------------------------------------

ending() { # WAY
	same "ending by $1" "$BUILD/tests/trap_exit" "$1"
	equal "ending by $1: the recording is whole" \
		"$(sql same.db "SELECT value FROM meta WHERE key IN ('complete', 'lost_events') ORDER BY key" | tr '\n' ' ')" '1 0 '
}
for way in exit quick_exit _exit _Exit pthread_exit thread handler; do
	ending $way
done
ending abort 2>/dev/null

# --- limits that it is given --------------------------------------------------------------------

limited() { # WORDS LIMIT...
	local words=$1
	shift
	(
		ulimit "$@" || exit
		same "$words" "$limits" none
		[[ $failures == 0 ]]
	) || failures=$((failures + 1))
}

limited 'little memory' -v 400000
check_recording same.db
limited 'files of 40 MB' -f 40000
check_recording same.db
limited 'few descriptors' -n 16
check_recording same.db
limited 'no locked memory' -l 0
check_recording same.db
limited 'a small stack' -s 256
check_recording same.db
limited 'files of 100 kB' -f 100
equal 'files of 100 kB: one line says why' "$(wc -l <ours) $(ls same.db 2>/dev/null)" '1 '
contains 'files of 100 kB: it names the limit' "$(cat ours)" 'ulimit -f'
limited 'next to no memory' -v 80000
matches 'next to no memory: recorded, or one line says why' "$(cat ours)" ' 0 lost|ulimit -v'

# The recording itself may not grow any more.
(
	ulimit -f 33000
	timeout 60 "$ACAUSAL" record -o small.db "$BUILD/tests/trap_flood" run 600000 >out 2>err
	equal 'a recording that may not grow: the program goes on' "$? $(cat out)" '0 done 600000'
	equal '… and that is said' "$(grep -c 'recording failed: .*small.db' err)" 1
	[[ $failures == 0 ]]
) || failures=$((failures + 1))

# --- without what most processes have -----------------------------------------------------------

if unshare -m true 2>/dev/null; then
	# shellcheck disable=SC2016  # the inner shell's word
	timeout 60 unshare -m "$ACAUSAL" record -o noproc.db \
		sh -c 'mount -t tmpfs none /proc && exec "$0" none' "$limits" >out 2>err
	equal 'without /proc: status' $? 0
	equal 'without /proc: it works' "$(tail -n 1 out)" 'after: 20 timers, sent 1, 1 stat, 2 work'
	check_recording noproc.db
else
	skip 'without /proc' 'namespaces may not be made here'
fi
if unshare -pf --kill-child true 2>/dev/null; then
	timeout 60 unshare -pf --kill-child "$ACAUSAL" record -o first.db "$limits" none >out 2>err
	equal 'the recorder is process 1: status' $? 0
	check_recording first.db
	timeout 60 "$ACAUSAL" record -o inner.db unshare -pf --kill-child "$limits" none >out 2>err
	equal 'the program is process 1 of a namespace: status' "$? $(tail -n 1 out)" \
		'0 after: 20 timers, sent 1, 1 stat, 2 work'
	check_recording inner.db
else
	skip 'as process 1' 'namespaces may not be made here'
fi

done_testing
