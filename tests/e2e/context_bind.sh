#!/usr/bin/env bash
# Where the query and `context` say that one should bind, and that what is done right is not told of: a
# batcher that does what requests hand over to it, in each of the ways of tests/programs/context_batch.c.
. "$ROOT/tests/e2e/lib.sh"

export COLUMNS=100
program=$BUILD/tests/context_batch

# KEY WHAT COUNT WAS NOW: BIND_AT of each row.
rows() { # MODE
	"$ACAUSAL" query -r "$1.db" lost-context --format json | json "SELECT (value ->> '\$.key') || ' ' ||
		(value ->> '\$.what') || ' ' || (value ->> '\$.count') || ' ' || (value ->> '\$.was') || ' ' ||
		coalesce(value ->> '\$.now', '-') || ': ' || coalesce(value ->> '\$.bind_at', '-')
		FROM json_data, json_each(data)" | sed 's/:[0-9]*)$/)/' | sort
}

for mode in unbound bound partly set state lazy worked; do
	status "recorded: $mode" 0 "$ACAUSAL" record -o "$mode.db" "$program" "$mode"
	check_recording "$mode.db"
	# The same without an index, as when it was cut short.
	cp "$mode.db" cut.db
	sqlite3 -batch cut.db "UPDATE meta SET value = 0 WHERE key = 'complete'; DROP INDEX context_by_run;
		DROP INDEX packed_run_by_resource"
	equal "$mode: without an index, the same" "$(rows cut)" "$(rows "$mode")"
done

here='hand_over (tests/programs/context_batch.c)'
equal 'unbound: lost, and to be bound where it is handed over' "$(rows unbound)" "request lost 2 A -: $here
tenant lost 2 one -: $here"
equal 'bound: nothing is lost' "$(rows bound)" ''
equal 'partly: what the batcher does besides has none' "$(rows partly)" "request lost 2 A -: $here
tenant lost 2 one -: $here"
equal 'set: the key is in force again, and the other is not' "$(rows set)" "tenant lost 2 one -: $here"
equal 'state: nothing is lost' "$(rows state)" ''
equal 'lazy: one request has the name of another; who made the handle does not matter' "$(rows lazy)" \
	"request replaced 1 B A: $here"
equal 'worked: what is set in the pool is of the pool' "$(rows worked)" ''

# The same of one point, in words.
at_batch() { # MODE
	"$ACAUSAL" sql -r "$1.db" --format csv "SELECT 'run:' || max(r.run_id) FROM run r
		JOIN resource_named n USING (async_id) WHERE n.type = 'uv_async_t' AND r.part = 'callback'" |
		tail -n 1 | tr -d '\r'
}
text=$("$ACAUSAL" context -r unbound.db "$(at_batch unbound)" request | tr -s '\n ' ' ')
contains 'context: lost' "$text" "bind at hand_over (tests/programs/context_batch.c:"
contains '… what to do' "$text" ', which hands over what is run here: acausal_bind there, and acausal_bound_call where it is run'
text=$("$ACAUSAL" context -r lazy.db "$(at_batch lazy)" request --format json)
matches 'context: replaced, of a handle that many share' \
	"$(json "SELECT data ->> '\$.changes[0].bind_at' FROM json_data" <<<"$text")" '^hand_over '

done_testing
