#!/usr/bin/env bash
# Contexts and resources of a program's own, as they stand in what is left of it: a recording, of what was
# killed too, a core, a snapshot, flight mode; and in a child that was forked. tests/programs/context_world.c
# says what has to be in force where.
. "$ROOT/tests/e2e/core.bash"

world=$BUILD/tests/context_world
library=$BUILD/libacausal.so

# NAME KEY=VALUE… of what was alive at the end: of the program's own, of the request, of the armed timer.
in_force() { # FILE
	"$ACAUSAL" sql -r "$1" --format csv "
	WITH RECURSIVE alive (name, context_id) AS (
		SELECT t.name, r.context_id FROM resource r JOIN type t USING (type_id)
		WHERE r.destroyed_ns IS NULL AND t.class IN ('user', 'request')
		UNION ALL
		SELECT 'timer', a.context_id FROM arming a
		WHERE a.timeout_ms > 1000 AND a.\"end\" IS NULL
	),
	up (name, key, value, at, parent) AS (
		SELECT name, key, value, c.context_id, c.parent_context_id
		FROM alive LEFT JOIN context c USING (context_id)
		UNION ALL
		SELECT up.name, c.key, c.value, c.context_id, c.parent_context_id
		FROM up JOIN context c ON c.context_id = up.parent
	),
	latest AS (SELECT name, key, value, max(at) FROM up GROUP BY name, key)
	SELECT name || coalesce(' ' || group_concat(key || '=' || value, ' '), '')
	FROM (SELECT * FROM latest ORDER BY name, key) GROUP BY name ORDER BY name" | tail -n +2 | tr -d '\r'
}

expected='CUT user=bob
INNER request=b user=ann
JOB request=a
OUTSIDE
timer request=a
uv_work_t request=c'

status 'recorded' 0 "$ACAUSAL" record -o exit.db "$world" exit
check_recording exit.db
equal 'what is in force of what is alive' "$(in_force exit.db)" "$expected"
equal 'where each was set' "$(sql exit.db "SELECT key, value, function FROM context c
	LEFT JOIN stack_frame f ON f.stack_id = c.stack_id AND f.depth = 0
	WHERE run_id IS NOT NULL AND key IS NOT NULL ORDER BY context_id")" \
	'request|a|make_job
request|b|make_inner
user|ann|make_inner
user|bob|make_cut
request||make_cut
request|c|queue'
equal 'in which execution' "$(sql exit.db "SELECT c.key || '=' || c.value, c.async_id = r.async_id, t.name
	FROM context c JOIN run r USING (run_id) JOIN resource s ON s.async_id = r.async_id
	JOIN type t USING (type_id) WHERE value IN ('a', 'ann') ORDER BY value")" \
	'request=a|1|uv_timer_t
user=ann|1|uv_timer_t'
equal 'a run begins with what its arming has' "$(sql exit.db "SELECT a.context_id = r.context_id, c.value
	FROM run r JOIN arming a USING (arming_id) JOIN context c ON c.context_id = r.context_id
	WHERE r.context_id IS NOT NULL")" '1|a'

status 'killed' 137 "$ACAUSAL" record -o kill.db "$world" kill
check_recording kill.db
equal 'the same' "$(in_force kill.db)" "$expected"
equal 'it ran as its resource' "$(sql kill.db "SELECT t.name, r.arming_id, r.ended_ns FROM thread h
	JOIN run r ON r.run_id = h.last_run_id JOIN resource s USING (async_id) JOIN type t USING (type_id)
	WHERE h.role = 'main'")" 'JOB||'

status 'a child that was forked' 0 "$ACAUSAL" record -o fork.db "$world" fork
check_recording fork.db
equal 'its parent has what is in force' \
	"$(in_force fork.db | grep -v CHILD)" "$expected"
equal 'it has none where nothing was in force' "$(in_force fork.db | grep CHILD)" CHILD
equal 'types have the same name in both' \
	"$(sql fork.db "SELECT count(*) = count(DISTINCT name) FROM type WHERE class = 'user'")" 1

# --- without a recorder ----------------------------------------------------------------------------------

fly() { # FILE CHURN: a snapshot of the program as it waits
	LD_PRELOAD=$library ACAUSAL_FLIGHT=1M "$world" wait "$2" >"$1.said" 2>&1 &
	wait_for 20 grep -q ready "$1.said"
	"$ACAUSAL" snapshot -o "$1" $! >"$1.report" 2>&1
	kill $!
	wait $! 2>/dev/null
}

fly snapshot.db 2
check_recording snapshot.db
equal 'a snapshot' "$(in_force snapshot.db)" "$expected"
fly overwritten.db 100000
check_recording overwritten.db
equal 'what was overwritten is not known, and nothing else is in its place' \
	"$(in_force overwritten.db)" "$(sed 's/ .*//' <<<"$expected")"
equal 'though that there was something is' "$(sql overwritten.db "SELECT t.name FROM resource r
	JOIN type t USING (type_id) WHERE r.context_id IS NOT NULL AND t.class = 'user' ORDER BY 1")" \
	$'CUT\nINNER\nJOB'

need_cores
make_core recorded "$ACAUSAL" record "$world" crash
equal 'a core of a recorded program: types' \
	"$(in_force recorded/core | sed 's/ .*//')" "$(sed 's/ .*//' <<<"$expected")"
make_core flying env LD_PRELOAD="$library" ACAUSAL_FLIGHT=1M "$world" crash
equal 'a core in flight mode' "$(in_force flying/core)" "$expected"

done_testing
