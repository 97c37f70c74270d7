# acausal.h where control does not come back the way it went (tests/programs/own_odd.c), and its hooks
# (own_hooks.c): recorded, in flight mode, in a process that nobody records, and with sanitizers.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

library=$BUILD/libacausal.so

every_way() { # PROGRAM WAY...
	local program=$1 way
	shift
	for way; do
		status "$program $way" 0 env LD_PRELOAD="$library" timeout 20 "$BUILD/tests/$program" "$way"
		status "$program $way, recorded" 0 \
			timeout 20 "$ACAUSAL" record -o "$way.db" "$BUILD/tests/$program" "$way"
		status "$program $way, in flight mode" 0 \
			env LD_PRELOAD="$library" ACAUSAL_FLIGHT=1M timeout 20 "$BUILD/tests/$program" "$way"
	done
}

setarch=$(command -v setarch && setarch -R true 2>/dev/null && echo "$(uname -m) -R")
read -r -d '' -a plainly <<<"${setarch//$'\n'/ }"

sanitized() { # KIND PROGRAM WAY...
	local kind=$1 program=$BUILD/sanitized/$1/$2 way
	shift 2
	if [[ ! -x $program ]]; then
		skip "$kind sanitizer" 'gcc has none here'
		return
	fi
	for way; do
		status "$kind sanitizer: $way" 0 env TSAN_OPTIONS=report_signal_unsafe=0 timeout 60 \
			"${plainly[@]}" "$program" "$way"
		equal "$kind sanitizer: $way: no report" "$(grep -aE '^SUMMARY: |runtime error:' err)" ''
	done
}

every_way own_odd longjmp coroutines deep other_thread at_once late thread_end keys forks
every_way own_hooks left order churn thread
for kind in thread address; do
	sanitized $kind own_odd longjmp deep other_thread late thread_end keys forks
	sanitized $kind own_hooks order churn thread
done
# Not with threads looked at: that there is an arena now is seen by plain reads, for speed.
sanitized address own_odd at_once

# Without anything of libuv, `keys` sets values alone.
equal 'no event is lost' "$(sql keys.db "SELECT value FROM meta WHERE key = 'lost_events'")" 0
equal 'a key that was taken away is not below others' "$(sql keys.db 'SELECT count(*) FROM context c
	JOIN context p ON p.context_id = c.parent_context_id WHERE p.key IS NOT NULL AND p.value IS NULL')" 0
equal 'the main thread is 1, whichever was known first' "$(sql other_thread.db "SELECT r.async_id
	FROM thread h JOIN run r ON r.run_id = h.root_run_id WHERE h.role = 'main'")" 1

done_testing
