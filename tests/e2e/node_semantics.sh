#!/usr/bin/env bash
# Hooks, storages and resources of acausal.h mean what Node's async_hooks and AsyncLocalStorage do: the
# same scenarios run by node and as a C program, not recorded and recorded, print the same. The table of
# the scenarios, and where Node differs in kind: tests/programs/node_semantics.c.
. "$ROOT/tests/e2e/lib.sh"

program=$BUILD/tests/node_semantics
script=$ROOT/tests/node/semantics.cjs
library=$BUILD/libacausal.so

in_node() { # SCENARIO
	env -u NODE_OPTIONS node "$script" "$1" 2>&1 | sort
}

not_recorded() { # SCENARIO
	LD_PRELOAD=$library "$program" "$1" 2>&1 | sort
}

recorded() { # SCENARIO
	NODE_SEMANTICS_IDS=$1.ids "$ACAUSAL" record -o "$1.db" -- "$program" "$1" 2>"$1.err" | sort
}

# The lines `made` of those that are named once, as the recording has them.
made_in_recording() { # SCENARIO
	sed 's/ /|/' "$1.ids" >ids.csv
	sqlite3 -batch -noheader -init /dev/null :memory: "ATTACH 'file:$1.db?mode=ro' AS r" \
		'CREATE TABLE n (id INTEGER PRIMARY KEY, name)' '.import ids.csv n' "
		SELECT 'made ' || n.name || ': in ' || x.name || ', trigger ' || t.name
		FROM n JOIN r.resource s ON s.async_id = n.id
		JOIN r.run u ON u.run_id = s.run_id JOIN n x ON x.id = u.async_id
		JOIN n t ON t.id = s.trigger_id" | sort
}

refuse 'without the library it says so' "$program" timers
equal 'both have the same scenarios' "$(node "$script" 2>/dev/null || "$program")" "$("$program")"
for scenario in $("$program"); do
	in_node "$scenario" >node 2>/dev/null &
	recorded "$scenario" >recorded &
	alone=$(not_recorded "$scenario")
	wait
	matches "$scenario: it says something" "$alone" ': '
	equal "$scenario: recorded, the same" "$(<recorded)" "$alone"
	if command -v node >/dev/null; then
		equal "$scenario: in Node, the same" "$(<node)" "$alone"
	else
		skip "$scenario: in Node, the same" 'there is no node'
	fi
done

# What the hooks were told stands in the recording. (Where the maker has no name, Node's normal form
# names what triggered it: those lines have no match there.)
for scenario in timers nested fs pool enter exit storages user bind; do
	equal "$scenario: the recording has the same" "$(made_in_recording "$scenario")" \
		"$(not_recorded "$scenario" | grep '^made')"
done
equal 'a type of the program its own' "$(sql user.db "SELECT r.api, t.name, t.class, t.armed_by_creation
	FROM resource r JOIN type t USING (type_id) WHERE t.class = 'user' ORDER BY r.async_id")" \
	'acausal_resource_init|ONE|user|1
acausal_resource_init|TWO|user|1
acausal_resource_init|THREE|user|1'
equal 'a promise was resolved' "$(sql promise.db "SELECT kind, api FROM cause WHERE kind = 'resolve'")" \
	'resolve|acausal_resource_resolve
resolve|acausal_resource_resolve'
for scenario in timers user promise hook_makes; do
	check_recording "$scenario.db"
done

done_testing
