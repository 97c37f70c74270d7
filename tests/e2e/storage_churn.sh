# Values of storages and contexts that come and go by the thousand: each is given back exactly once, none
# while it can be seen; alone and recorded, under valgrind, and with the library's sources built with
# sanitizers.
# time limit: 180
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

churn=$BUILD/tests/storage_churn
library=$BUILD/libacausal.so

status 'without the library it says so' 3 "$churn" 10
for runs in 1 100 30000; do
	status "$runs runs, not recorded" 0 env LD_PRELOAD="$library" timeout 60 "$churn" $runs
	contains "$runs runs, not recorded: nothing left" "$(<out)" 'left 0 faults 0'
done
status 'memory stays flat' 0 env LD_PRELOAD="$library" timeout 60 "$churn" 300000 flat
status 'recorded' 0 timeout 60 "$ACAUSAL" record -o churn.db "$churn" 30000 flat
contains 'recorded: nothing left' "$(<out)" 'left 0 faults 0'
equal 'no event is lost' "$(sql churn.db "SELECT value FROM meta WHERE key = 'lost_events'")" 0
equal 'parents are older' "$(sql churn.db 'SELECT count(*) FROM context WHERE parent_context_id >= context_id')" 0
equal 'what was handed on is known' "$(sql churn.db 'SELECT (SELECT count(*) FROM arming_context LEFT JOIN context
	USING (context_id) WHERE key IS NULL), (SELECT count(*) FROM resource_context LEFT JOIN context
	USING (context_id) WHERE key IS NULL)')" '0|0'
# Each run of a timer began with the number that was set last in the run that armed it (main sets several).
equal 'and it is what was set last' "$(sql churn.db "
	CREATE TEMP TABLE last AS SELECT run_id, max(context_id) AS context_id FROM context
		WHERE key IS NOT NULL GROUP BY run_id;
	CREATE INDEX temp.last_by_run ON last (run_id);
	SELECT count(*) > 10000, sum(s.context_id IS NOT last.context_id) FROM arming_context s
	JOIN arming a USING (arming_id) JOIN last ON last.run_id = a.run_id
	JOIN context c ON c.context_id = last.context_id WHERE a.api = 'uv_timer_start' AND a.run_id > 1")" '1|0'
status 'in flight mode' 0 env LD_PRELOAD="$library" ACAUSAL_FLIGHT=4M timeout 60 "$churn" 30000
contains 'in flight mode: nothing left' "$(<out)" 'left 0 faults 0'

if command -v valgrind >/dev/null; then
	status 'valgrind finds nothing' 0 env LD_PRELOAD="$library" timeout 120 valgrind -q --leak-check=full \
		--error-exitcode=99 "$churn" 2000
	equal 'valgrind says nothing' "$(grep -c '^==' err)" 0
else
	skip 'valgrind finds nothing' 'valgrind is not here'
fi

setarch=$(command -v setarch && setarch -R true 2>/dev/null && echo "$(uname -m) -R")
read -r -d '' -a plainly <<<"${setarch//$'\n'/ }"
for kind in thread address; do
	sanitized=$BUILD/sanitized/$kind/storage_churn
	if [[ ! -x $sanitized ]]; then
		skip "$kind sanitizer" 'gcc has none here'
		continue
	fi
	status "$kind sanitizer: nothing left" 0 env TSAN_OPTIONS=report_signal_unsafe=0 timeout 120 \
		"${plainly[@]}" "$sanitized" 5000
	equal "$kind sanitizer: no report" "$(grep -aE '^SUMMARY: |runtime error:' err | grep -av 'libuv\.so')" ''
done

done_testing
