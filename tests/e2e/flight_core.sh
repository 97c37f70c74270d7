#!/usr/bin/env bash
# Cores of programs in flight mode, without any recorder: what is left of their events, and the whole
# lineage of what is alive, however old, are compared with what the programs themselves have noted.
. "$ROOT/tests/e2e/core.bash"
. "$ROOT/tests/e2e/flight.bash"
need_cores

# The tables that `compare` asks, as a database of their own. What is NULL is '' in CSV.
tables_of() { # CORE DATABASE
	local table columns names
	for table in process thread run resource arming run_edge fold source; do
		"$ACAUSAL" sql -r "$1" --format csv "SELECT * FROM $table" | tr -d '\r' >table.csv
		names=$(head -n 1 table.csv | sed 's/,/" "/g; s/.*/"&"/')
		columns=${names//\" \"/\" NUMERIC, \"}
		echo "CREATE TABLE $table ($columns NUMERIC);"
		echo ".import --csv --skip 1 table.$table.csv $table"
		for columns in $names; do
			echo "UPDATE $table SET $columns = NULL WHERE $columns = '';"
		done
		mv table.csv "table.$table.csv"
	done >import
	sqlite3 -batch -init /dev/null "$2" <import 2>&1
}

# An aborted world in a folder of its own: `core`, and its notebook before and after.
fly() { # FOLDER SEED HOPS THREADS [quiet]
	local pid i
	mkdir "$1" && cd "$1" || return
	LD_PRELOAD=$BUILD/libacausal.so ACAUSAL_FLIGHT=1M "$world" notebook "${@:2:3}" >output 2>&1 &
	pid=$!
	for ((i = 0; i < 300; i++)); do
		if [[ ${5-} ]]; then
			! grep -q quiet output || break
		elif [[ $(head -c 4 notebook 2>/dev/null | od -An -tu4) -gt 20000 ]]; then
			break
		fi
		sleep 0.1
	done
	look notebook before
	kill -ABRT "$pid"
	wait "$pid" 2>/dev/null
	look notebook after
	cd ..
	[[ -s $1/core ]] && return
	not_ok "a core of the world $*"
	note "$(tail -n 5 "$1/output")"
	return 1
}

fly rest 1 60000 2 quiet 2>/dev/null
tables_of rest/core rest.db
compare 'of a program at rest all is as it was' rest.db rest/before rest/after rest
counts=$(compared rest.db rest/before rest/after)
matches 'there was something to be compared' "$counts" \
	'runs=[0-9]{4}.*stays=[0-9]{2,}.*folds=[0-9]+.*whole=[0-9]{3}.*from=[0-9]{8}'
equal 'nothing that was there made no sense' \
	"$("$ACAUSAL" sql -r rest/core --format csv "SELECT value FROM meta WHERE key = 'lost_events'" |
		tail -n 1 | tr -d '\r')" 0

# What people see of it.
contains 'the core says since when all is there' "$("$ACAUSAL" core rest/core)" \
	'with the history that the core carries: all since +'
said=$("$ACAUSAL" -r rest/core)
matches 'so does the overview' "$said" 'history +flight mode: all since \+[0-9.]+ s; before that,'
old=$(sqlite3 rest.db "SELECT min(async_id) FROM resource r, process p WHERE destroyed_ns IS NULL
	AND r.run_id > 100 AND created_ns < history_from_ns AND api IN ('uv_timer_init', 'uv_tcp_init')")
matches 'what is old and alive is traced to main' "$("$ACAUSAL" trace -r rest/core "$old")" \
	'complete: [0-9,]+ callbacks? back to main'
contains 'its history has a beginning' "$("$ACAUSAL" info -r rest/core "$old")" 'history     all since +'
gone=$(sqlite3 rest.db "SELECT async_id FROM resource, process WHERE destroyed_ns = history_from_ns
	AND created_ns NOT NULL LIMIT 1")
contains 'of what has ended before, that is all that is known' \
	"$("$ACAUSAL" info -r rest/core "$gone")" 'at the latest: its end was overwritten'
missing=$(sqlite3 rest.db "SELECT e.run_id FROM run_edge e WHERE link_run_id NOT NULL
	AND link_run_id NOT IN (SELECT run_id FROM run) AND run_id NOT IN (SELECT run_id FROM fold)
	LIMIT 1")
said=$("$ACAUSAL" trace -r rest/core --full --format json "run:$missing" |
	json "SELECT (data ->> '\$.ended_code') || ': ' || (data ->> '\$.ended') FROM json_data")
matches 'a chain that was overwritten ends so' "$said" \
	'overwritten: (run:[0-9]+|arming [0-9]+) is older than the history that was kept, which begins at \+'
rm -f rest/core

# In the middle of it all.
fly flight 2 10000000 3 2>/dev/null
tables_of flight/core flight.db
compare 'of a program that was killed in flight, too' flight.db flight/before flight/after
rm -f flight/core
done_testing
