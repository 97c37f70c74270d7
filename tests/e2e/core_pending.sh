#!/usr/bin/env bash
# A core of a program that was never recorded: what its event loop waits for, read from memory by
# libuv's layout.
. "$ROOT/tests/e2e/core.bash"
need_cores
make_core never "$BUILD/tests/core_pending"
"$ACAUSAL" core --format json never/core >never.json

pending() { # EXPRESSION: of each handle and request of the first loop, in the loop's order
	json "SELECT group_concat(line, char(10)) FROM (SELECT $1 AS line FROM json_data,
		json_each(data, '\$.loops[0].pending') AS p ORDER BY p.key)" <never.json
}

equal 'one loop is found, all of it' "$(json "SELECT json_array_length(data, '\$.loops'),
	data ->> '\$.loops_complete' FROM json_data" <never.json)" '1|1'
# A stream that only writes is not active by libuv's own count.
equal 'handles and requests, with their callbacks' \
	"$(pending "(p.value ->> '\$.type') || ' ' || coalesce(p.value ->> '\$.function', '-')
		|| CASE WHEN p.value ->> '\$.active' THEN '' ELSE ', not active' END
		|| CASE WHEN p.value ->> '\$.closing' THEN ', closing' ELSE '' END")" \
	'uv_timer_t on_hour
uv_timer_t on_hour, not active
uv_signal_t on_hangup
uv_async_t on_wake
uv_pipe_t -, not active
uv_write_t on_written
uv_udp_t on_datagram
uv_timer_t on_soon, not active
uv_idle_t on_closed, not active, closing'
matches 'a timer is due in its time' "$(pending "p.value ->> '\$.due_ms'" | head -n 1)" '^3[56][0-9]{5}$'
equal 'and repeats' "$(pending "p.value ->> '\$.repeat_ms'" | head -n 1)" 3600000
equal 'the signal that is watched for' "$(json "SELECT data ->> '\$.loops[0].pending[2].signal'
	FROM json_data" <never.json)" 1
address=$(nm "$BUILD/tests/core_pending" | sed -n 's/^0*\([0-9a-f]*\) . marked$/\1/p')
data=$(json "SELECT printf('%x', data ->> '\$.loops[0].pending[0].data') FROM json_data" <never.json)
equal "a handle's data pointer" "${data: -3}" "${address: -3}"

said=$("$ACAUSAL" core never/core)
contains 'it is said that this is no history' "$said" 'what the event loops were waiting for; not how'
contains 'what the pool has is counted' "$said" \
	'of which 1 cannot be listed: the thread pool has them'
matches 'a line of the text' "$said" 'timer +on_hour +tests/programs/core_pending.c:[0-9]+ +due in .*repeat 3600000 ms'
matches 'a request below its handle' "$said" $'pipe .*fd [0-9]+[^\n]*\n +write +on_written'

# A recorded one has its history instead.
make_core recorded "$ACAUSAL" record -o made.db "$BUILD/tests/core_pending"
equal 'a recorded one shows async stacks instead' "$("$ACAUSAL" core --format json recorded/core |
	json "SELECT data ->> '\$.loops' IS NULL, data ->> '\$.recorded' FROM json_data")" '1|1'
done_testing
