#!/usr/bin/env bash
# A timer that arms itself again 300,000 times: the trace of its end is folded, complete and short.
. "$ROOT/tests/e2e/lib.sh"

hops=300000
status 'the chain is recorded' 0 "$ACAUSAL" record -o chain.db "$BUILD/tests/timer_chain" $hops
equal 'its output is its own' "$(<out)" 'the chain ends'
check_recording chain.db
equal 'every hop is a run' \
	"$(sql chain.db "SELECT count(*) FROM run JOIN source ON frame_id = callback_frame_id
		WHERE function = 'on_hop'")" $hops
equal 'each is linked to the one before' "$(sql chain.db "
	SELECT count(*) FROM run_edge JOIN thread USING (thread_id)
	WHERE run_id <> root_run_id AND link_run_id <> max(
		(SELECT max(run_id) FROM packed_run before WHERE before.run_id < run_edge.run_id),
		(SELECT coalesce(max(run_id), 0) FROM packed_shot before WHERE before.run_id < run_edge.run_id))
		AND link_run_id <> root_run_id")" 0

"$ACAUSAL" trace -r chain.db --format json log:1 >trace.json
equal 'the trace reaches the root' "$(json "SELECT data ->> '$.complete' FROM json_data" <trace.json)" 1
equal 'it is folded: few segments' "$(json "
	SELECT json_array_length(data, '$.segments') < 10 FROM json_data" <trace.json)" 1
equal 'segments and folded repeats add up to the whole chain' "$(json "
	SELECT sum(1 + coalesce((value ->> '$.folded.segments') * (value ->> '$.folded.times'), 0))
	FROM json_data, json_each(data, '$.segments')" <trace.json)" $((hops + 2))
contains 'the text says so too' "$("$ACAUSAL" trace -r chain.db log:1)" on_hop
done_testing
