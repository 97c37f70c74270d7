#!/usr/bin/env bash
# Two streams of requests, mixed on eight connections, through a pool, the file system, the thread pool
# and timers: no line of the log has another request's ID, in the process or in the recording. Where the
# pool does not bind what waits, the query names that place and no other.
#
#     MILLISECONDS=60000 tests/run e2e/context_load     for longer
# time limit: 400
. "$ROOT/tests/e2e/lib.sh"

program=$BUILD/tests/context_load
milliseconds=${MILLISECONDS:-1000}

# Of lines "ID PLACE: ID": right, without an ID, with another's.
count_lines() { # FILE
	awk '{ kind = $3 == $1 ? "right" : $3 == "-" ? "none" : "wrong"; n[kind]++ }
		END { print n["right"] + 0, n["none"] + 0, n["wrong"] + 0 }' "$1"
}

# The same of the recording: what was in force in the line's run when it was written.
count_recorded() { # FILE
	sqlite3 -batch -noheader -init /dev/null "$1" "
	CREATE TEMP TABLE place AS SELECT run_id, set_ns, context_id FROM context;
	CREATE INDEX temp.place_of_run ON place (run_id);
	CREATE TEMP TABLE here AS SELECT l.log_id, l.text,
		coalesce((SELECT max(c.context_id) FROM place c
			WHERE c.run_id = l.run_id AND c.set_ns <= l.written_ns), r.context_id) AS context_id
	FROM log l JOIN run r USING (run_id) WHERE l.fd = 1;
	WITH RECURSIVE up (log_id, context_id) AS (
		SELECT log_id, context_id FROM here
		UNION ALL
		SELECT up.log_id, c.parent_context_id FROM up JOIN context c USING (context_id)
		WHERE c.key IS NOT 'request'
	),
	said (text, value) AS (
		SELECT here.text, c.value FROM up JOIN here USING (log_id)
		LEFT JOIN context c USING (context_id) WHERE c.key = 'request' OR up.context_id IS NULL
	)
	SELECT count(*) FILTER (WHERE text LIKE value || ' %: ' || value)
		|| ' ' || count(*) FILTER (WHERE value IS NULL) || ' ' || count(*) FROM said"
}

lines_of() { # COMMAND...: how many it says that it wrote
	sed -n 's/.* requests, \([0-9]*\) lines$/\1/p' err
}

status 'not recorded' 0 env LD_PRELOAD="$BUILD/libacausal.so" "$program" "$milliseconds"
equal 'each line has its own ID' "$(count_lines out)" "$(lines_of) 0 0"
[[ $(lines_of) -gt 100 ]] && ok 'there are many' || not_ok 'there are many'
equal 'of both streams, and what waited' "$(awk '{ print substr($1, 1, 1), $2 }' out | sort -u | tr '\n' ' ')" \
	'a asked: a closed: a stat: a timer: a waits: a work: a worked: a worker: b asked: b closed: b stat: b timer: b waits: b work: b worked: b worker: '

status 'recorded' 0 "$ACAUSAL" record -o bound.db "$program" "$milliseconds"
equal 'each line has its own ID' "$(count_lines out)" "$(lines_of) 0 0"
check_recording bound.db
equal 'so it stands in the recording' "$(count_recorded bound.db)" "$(lines_of) 0 $(lines_of)"
equal 'no context is lost' \
	"$("$ACAUSAL" query -r bound.db lost-context --format json |
		json "SELECT json_array_length(data) FROM json_data")" 0

status 'unbound' 0 "$ACAUSAL" record -o unbound.db "$program" "$milliseconds" unbound
read -r right none wrong <<<"$(count_lines out)"
equal 'no line has the ID of another' "$wrong" 0
[[ $right -gt 0 && $none -gt 0 ]] && ok 'some lines have none' || not_ok "some lines have none: $right, $none"
equal 'so it stands in the recording' "$(count_recorded unbound.db)" "$right $none $((right + none))"
equal 'the query names one place: where the pool gives a worker back' \
	"$("$ACAUSAL" query -r unbound.db lost-context --format json |
		json "SELECT value ->> '\$.key', value ->> '\$.what', value ->> '\$.type',
			value ->> '\$.stack' LIKE '%give_worker_back%',
			value ->> '\$.bind_at' LIKE 'give_worker_back (%' FROM json_data, json_each(data)")" \
	'request|lost|uv_async_t|1|1'

done_testing
