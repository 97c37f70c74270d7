#!/usr/bin/env bash
# The names that users' scripts rely on: tables, views and columns of a recording as SQLite's own shell
# reads it, the keys of JSON, and how integers and what is not known stand there. Names may be added.
. "$ROOT/tests/e2e/lib.sh"

status 'a crash is recorded' 139 \
	"$ACAUSAL" record "$BUILD/examples/render_server" "$ROOT/examples/prices.csv"

# --- the file -----------------------------------------------------------------------------------

equal 'its marks, its journal mode' "$(sql acausal.db \
	'PRAGMA application_id; PRAGMA user_version; PRAGMA journal_mode' | tr '\n' ' ')" \
	'1633902965 1 delete '
equal 'nobody else may read it' "$(stat -c %a acausal.db)" 600
equal 'it is one file' "$(echo acausal.db*)" acausal.db
equal 'nothing in it needs an SQLite later than 3.26' "$(sql acausal.db "SELECT name FROM sqlite_master
	WHERE sql LIKE '%) STRICT%' OR sql LIKE '%MATERIALIZED%' OR sql LIKE '%iif(%'
	OR sql LIKE '%->%' OR sql LIKE '%NULLS %' OR sql LIKE '%GENERATED ALWAYS%'")" ''
equal 'meta has its keys' "$(sql acausal.db "SELECT count(*) FROM meta WHERE key IN ('acausal_version',
	'started_at', 'command', 'complete', 'lost_events', 'max_skew_ns') AND value <> ''")" 6

# What the tables and views have at least; a line that begins with a tab goes on.
columns=$(sed -e ':join' -e '$!N' -e 's/\n\t/ /' -e 't join' -e 'P' -e 'D' <<'END'
meta: key value
process: process_id os_pid parent_process_id spawned_by_async_id executable arguments runtime
	runtime_version started_ns ended_ns exit_code exit_signal is_foreign
thread: thread_id process_id os_tid name role root_run_id last_run_id started_ns ended_ns
module: module_id path build_id
mapping: module_id process_id start_address end_address load_bias mapped_ns unmapped_ns
frame: frame_id module_id address
source: frame_id inline_depth function file line column
stack: stack_id caller_id frame_id signature
type: type_id name class hook_type armed_by_creation
resource: async_id process_id type_id trigger_id run_id thread_id stack_id api created_ns
	destroyed_ns address loop_id handle_id context_id has_ref detail fd
arming: arming_id async_id run_id thread_id stack_id api armed_ns timeout_ms repeat_ms
	context_id disarmed_ns disarmed_run_id disarmed_stack_id end times
run: run_id async_id arming_id part thread_id outer_run_id outer_stack_id callback_frame_id
	began_ns ended_ns status bytes cause_id context_id
cause: cause_id kind async_id run_id thread_id stack_id api caused_ns caused_run_id first_id
log: log_id process_id thread_id run_id stack_id written_ns fd path line_number text full_length
	sink_id writer_id api at_flush
sink: sink_id kind path device inode born_ns size_before met_ns moved_to
context: context_id parent_context_id async_id run_id key value set_ns stack_id
poll: thread_id loop_id entered_ns left_ns timeout_ms
pool: async_id thread_id began_ns ended_ns estimated
ref: async_id run_id at_ns has_ref
crash: crash_id process_id thread_id run_id stack_id signal code fault_address message
	crashed_ns
gap: gap_id thread_id from_ns to_ns lost
stack_total: type_id stack_id created destroyed runs wait_ns wait_max_ns run_ns run_max_ns
	buckets
run_edge: run_id async_id thread_id began_ns ended_ns status link_run_id link_stack_id link_api
	link_ns cause_run_id cause_stack_id cause_api cause_ns trigger_id outer_run_id outer_stack_id
stack_frame: stack_id depth inline_depth function file line module address
resource_named: async_id process_id type_id trigger_id run_id thread_id stack_id api created_ns
	destroyed_ns address loop_id handle_id context_id has_ref detail fd type hook_type
log_named: log_id process_id thread_id run_id stack_id written_ns fd path line_number text
	full_length async_id type
END
)
missing=
while IFS=: read -r name wanted; do
	has=" $(sql acausal.db "SELECT group_concat(name, ' ') FROM pragma_table_info('$name')") "
	for column in $wanted; do
		[[ $has == *" $column "* ]] || missing+="$name.$column "
	done
	sql acausal.db "SELECT * FROM $name LIMIT 1" >/dev/null || missing+="$name "
done <<<"$columns"
equal 'no table, view or column is missing' "$missing" ''

# --- JSON, read by SQLite as well ---------------------------------------------------------------

ask() { # JSON EXPRESSION-OF-j
	sqlite3 :memory: "WITH t(j) AS (SELECT '${1//\'/\'\'}') SELECT $2 FROM t"
}

trace=$("$ACAUSAL" trace --format json crash)
equal 'trace: its keys' "$(ask "$trace" "(SELECT group_concat(key, ' ') FROM json_each(j))")" \
	'version point process_id segments complete ended ended_code'
segment='edge async_id type run_id thread_id callback status api ns wait_ns armed wait cause context folded
	frames'
wait='due_ns pool_queue_ns pool_ns pool_thread_id pool_run_id estimated loop_ns loop_waiting_ns held_by'
frame='function file line column module address inlined'
missing=$(
	for key in $segment; do
		ask "$trace" "(SELECT '$key ' || fullkey FROM json_each(j, '\$.segments')
			WHERE json_type(value, '\$.$key') IS NULL)"
	done
	for key in $wait; do
		ask "$trace" "(SELECT '$key ' || fullkey FROM json_each(j, '\$.segments')
			WHERE json_type(value, '\$.wait') = 'object'
			AND json_type(value, '\$.wait.$key') IS NULL)"
	done
	for key in $frame; do
		ask "$trace" "(SELECT '$key ' || f.fullkey FROM json_each(j, '\$.segments') s,
			json_each(s.value, '\$.frames') f WHERE json_type(f.value, '\$.$key') IS NULL)"
	done
)
equal 'trace: no key of a segment or frame is left out, also where nothing is known' \
	"$(tr -d '\n' <<<"$missing")" ''
equal 'trace: from the point by links to the root' "$(ask "$trace" "(SELECT group_concat(edge, ' ')
	FROM (SELECT DISTINCT json_extract(value, '\$.edge') AS edge FROM json_each(j, '\$.segments')))
	|| ' ' || json_extract(j, '\$.complete') || ' ' || json_type(j, '\$.ended_code')")" \
	'here link 1 null'
equal 'info: named as the columns' "$(ask "$("$ACAUSAL" info --format json crash)" \
	"(SELECT group_concat(key, ' ') FROM json_each(j))")" \
	'crash_id process_id thread_id run_id stack_id signal code fault_address message crashed_ns frames'
timer=$(sql acausal.db "SELECT async_id FROM resource WHERE api = 'uv_timer_init' LIMIT 1")
equal 'info: what a handle has beside its columns' "$(ask "$("$ACAUSAL" info --format json "${timer:-1}")" \
	"(SELECT count(DISTINCT key) FROM json_each(j) WHERE key IN ('fd', 'has_ref', 'detail', 'refs',
		'ref_count', 'armings', 'arming_count', 'run_count', 'run_ns', 'run_max_ns', 'first_run_id',
		'last_run_id', 'alike_created', 'alike_destroyed', 'alike_runs', 'frames'))")" 16
equal 'info: what an arming has' "$(ask "$("$ACAUSAL" info --format json "${timer:-1}")" \
	"(SELECT group_concat(key, ' ') FROM json_each(j, '\$.armings[0]'))")" \
	'arming_id run_id thread_id stack_id api armed_ns timeout_ms repeat_ms times disarmed_ns disarmed_run_id end disarmed_stack_id disarmed_function disarmed_file disarmed_line'
equal 'sql: integers above 2^53 are strings, NULL is null' "$("$ACAUSAL" sql --format json \
	'SELECT 9007199254740992 AS a, 9007199254740993 AS b, -9007199254740993 AS c, NULL AS d' |
	tr -d '\n')" '[{"a": 9007199254740992, "b": "9007199254740993", "c": "-9007199254740993", "d": null}]'
equal 'sql: no rows' "$("$ACAUSAL" sql --format json 'SELECT 1 WHERE 0' | tr -d ' \n')" '[]'

columns() { # of a table-valued function, without its parameters
	"$ACAUSAL" sql --format csv "SELECT group_concat(name, ' ') FROM pragma_table_xinfo('$1') WHERE NOT hidden" |
		tr -d '\r' | tail -1
}
contains 'async_stack(): its columns' "$(columns async_stack)" \
	'segment depth edge async_id type run_id api function file line module address'
equal 'ancestors()' "$(columns ancestors)" 'async_id distance type'
equal 'descendants()' "$(columns descendants)" 'async_id distance type'
for query in leaks destroy-coverage stalls latency pool hot pending fan-out errors lost-context critical-path; do
	status "query $query" 0 "$ACAUSAL" query --format json $query
done
status 'query: no rows for continuous integration' 0 "$ACAUSAL" query --fail-on-rows stalls 1h
status 'query: rows' 1 "$ACAUSAL" query --fail-on-rows hot
contains 'query: … in one line of ours' "$(<err)" 'acausal: query hot: '

# --- which recording, and what the exit status says ----------------------------------------------

mv acausal.db other.db
status '-r before the command' 0 "$ACAUSAL" -r other.db trace '#1'
status '-r after the command' 0 "$ACAUSAL" trace 1:1 -r other.db
status 'ACAUSAL_RECORDING' 0 env ACAUSAL_RECORDING=other.db "$ACAUSAL" info 1
status '-r goes before it' 0 env ACAUSAL_RECORDING=none.db "$ACAUSAL" info -r other.db 1
status 'no recording' 1 "$ACAUSAL" trace
status 'what is not there' 1 "$ACAUSAL" trace -r other.db 2:1
status 'no rows' 0 "$ACAUSAL" sql -r other.db 'SELECT 1 WHERE 0'
status 'a wrong command line' 2 "$ACAUSAL" trace -r other.db --nonsense
status 'a recording for a point' 2 "$ACAUSAL" trace other.db
contains 'it says what to type' "$(<err)" '-r other.db'
status 'also beside the one that is looked at' 2 env ACAUSAL_RECORDING=other.db "$ACAUSAL" sql other.db
contains 'it says what to type' "$(<err)" '-r other.db'
done_testing
