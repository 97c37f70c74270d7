# What the tests of flight mode share; read after lib.sh. tests/programs/flight_world.c keeps a
# notebook of who armed what, and what it says is compared with a recording.
# shellcheck shell=bash disable=SC2034
world=$BUILD/tests/flight_world

# The notebook as it is now, in a file for `compare`.
look() { # NOTEBOOK FILE
	cp "$1" "$2.notes" && "$world" "$2.notes" dump >"$2" && rm -f "$2.notes"
}

# Tables for questions about a recording: `truth`, as the program says, `was`, the same before the
# snapshot was made, and `token`, which run of the recording is which.
compare_tables() { # RECORDING BEFORE AFTER
	cat <<END
.mode list
ATTACH '$1' AS r;
CREATE TABLE truth (token INTEGER PRIMARY KEY, parent INTEGER, thing INTEGER, function TEXT,
	kind TEXT, state TEXT, thread INTEGER);
CREATE TABLE was (token INTEGER PRIMARY KEY, parent INTEGER, thing INTEGER, function TEXT,
	kind TEXT, state TEXT, thread INTEGER);
.import $3 truth
.import $2 was
CREATE INDEX truth_thing ON truth (thing, token);
CREATE INDEX truth_parent ON truth (parent);
CREATE TABLE run AS SELECT * FROM r.run;
CREATE UNIQUE INDEX run_id ON run (run_id);
CREATE TABLE resource AS SELECT * FROM r.resource;
CREATE UNIQUE INDEX resource_id ON resource (async_id);
CREATE INDEX resource_address ON resource (address);
CREATE TABLE arming AS SELECT * FROM r.arming;
CREATE UNIQUE INDEX arming_id ON arming (arming_id);
CREATE INDEX arming_repeat ON arming (repeat_ms);
CREATE TABLE edge AS SELECT run_id, link_run_id FROM r.run_edge;
CREATE UNIQUE INDEX edge_run ON edge (run_id);
CREATE TABLE token AS
	SELECT run.run_id, arming.repeat_ms AS token FROM run JOIN arming USING (arming_id)
	WHERE arming.repeat_ms > 0 AND run.part = 'callback'
	UNION ALL
	SELECT run.run_id, truth.token FROM run JOIN resource USING (async_id)
	JOIN truth ON truth.thing = resource.address AND truth.kind = 'r'
	WHERE run.part IN ('callback', 'after')
	UNION ALL
	SELECT root_run_id, CASE role WHEN 'main' THEN 0 ELSE CAST(substr(name, 7) AS INTEGER) END
	FROM r.thread WHERE role = 'main' OR (role = 'user' AND name LIKE 'world _');
CREATE INDEX token_run ON token (run_id);
CREATE INDEX token_token ON token (token);
CREATE TABLE fold AS SELECT * FROM r.fold;
CREATE UNIQUE INDEX fold_run ON fold (run_id);
-- What was alive all the time, with the run that made it.
CREATE TABLE stays AS SELECT truth.token, truth.kind, truth.thing,
	(SELECT run_id FROM arming WHERE repeat_ms = truth.token AND truth.kind = 't'
		AND "end" IS NULL
	UNION ALL SELECT run_id FROM resource WHERE address = truth.thing AND truth.kind = 's'
		AND destroyed_ns IS NULL) AS run_id
	FROM truth JOIN was USING (token)
	WHERE truth.state IN ('s', 'a') AND was.state IN ('s', 'a');
CREATE TABLE history AS SELECT coalesce(max(history_from_ns), -1) AS from_ns FROM r.process;
END
}

# Each of these lists what is wrong, a line each; they print a word first, so that it is seen that they
# were asked.
compare_questions() {
	cat <<'END'
SELECT 'links';
SELECT edge.run_id, child.token, 'linked to', other.token, 'truly', truth.parent
FROM edge JOIN token child USING (run_id) JOIN truth ON truth.token = child.token
JOIN token other ON other.run_id = edge.link_run_id
WHERE truth.kind <> 'm' AND other.token <> truth.parent LIMIT 5;
SELECT 'tokens';
SELECT token, 'has', count(*), 'runs' FROM token GROUP BY token HAVING count(*) > 1 LIMIT 5;
SELECT token, 'is not known' FROM token WHERE token NOT IN (SELECT token FROM truth) LIMIT 5;
SELECT 'functions';
SELECT run_id, token.token, 'is', source.function, 'truly', truth.function
FROM token JOIN run USING (run_id) JOIN truth ON truth.token = token.token
JOIN r.source ON source.frame_id = run.callback_frame_id AND source.inline_depth =
	(SELECT max(inline_depth) FROM r.source s WHERE s.frame_id = run.callback_frame_id)
WHERE truth.kind <> 'm' AND source.function IS NOT truth.function LIMIT 5;
SELECT 'armings';
SELECT arming.arming_id, repeat_ms, 'armed in', armer.token, 'truly', truth.parent
FROM arming JOIN truth ON truth.token = repeat_ms
JOIN token armer ON armer.run_id = arming.run_id
WHERE repeat_ms > 0 AND armer.token <> truth.parent LIMIT 5;
SELECT arming_id, repeat_ms, 'of', resource.address, 'truly', truth.thing
FROM arming JOIN truth ON truth.token = repeat_ms JOIN resource USING (async_id)
WHERE repeat_ms > 0 AND resource.address <> truth.thing LIMIT 5;
SELECT repeat_ms, 'armed', count(*), 'times' FROM arming WHERE repeat_ms > 0 GROUP BY repeat_ms
HAVING count(*) > 1 LIMIT 5;
SELECT 'resources';
SELECT resource.async_id, 'made in', maker.token, 'truly', truth.parent
FROM resource JOIN truth ON truth.token =
	(SELECT min(token) FROM truth t WHERE t.thing = resource.address AND t.kind <> 'm')
JOIN token maker ON maker.run_id = resource.run_id
WHERE maker.token <> truth.parent LIMIT 5;
SELECT address, 'is', count(*), 'things' FROM resource
WHERE address IN (SELECT thing FROM truth WHERE kind <> 'm') GROUP BY address HAVING count(*) > 1
LIMIT 5;
SELECT 'alive';
SELECT token, kind, 'is alive and not there' FROM stays WHERE run_id IS NULL LIMIT 5;
-- A run that was never written, or whose arming was not (recording was paused), is no other one.
SELECT 'folds';
WITH RECURSIVE back (run_id, left, token) AS (
	SELECT fold.run_id, period * times, token.token FROM fold JOIN token USING (run_id)
	UNION ALL
	SELECT run_id, left - 1, truth.parent FROM back JOIN truth USING (token) WHERE left > 0
)
SELECT back.run_id, 'folded to', other.token, 'truly', back.token
FROM back JOIN fold USING (run_id) LEFT JOIN token other ON other.run_id = fold.to_run_id
WHERE left = 0 AND other.token IS NOT back.token AND (other.token IS NOT NULL OR EXISTS
	(SELECT 1 FROM run JOIN arming USING (arming_id) WHERE run.run_id = fold.to_run_id)) LIMIT 5;
SELECT 'chains';
WITH RECURSIVE chain (stays, run_id, hops) AS (
	SELECT token, run_id, 0 FROM stays WHERE run_id IS NOT NULL
	UNION ALL
	SELECT chain.stays, coalesce(fold.to_run_id, edge.link_run_id), hops + 1
	FROM chain JOIN edge USING (run_id) LEFT JOIN fold USING (run_id)
	WHERE hops < 100000 AND coalesce(fold.to_run_id, edge.link_run_id) IS NOT NULL
)
SELECT stays.token, 'ends after', max(hops), 'hops' FROM stays JOIN chain ON stays.token = chain.stays
GROUP BY stays.token
HAVING NOT max(chain.run_id = (SELECT run_id FROM token WHERE token = 0)) LIMIT 5;
SELECT 'history';
SELECT truth.token, 'of', truth.parent, 'is missing', truth.function
FROM truth JOIN was USING (token) JOIN token parent ON parent.token = truth.parent
JOIN run ON run.run_id = parent.run_id, history
WHERE was.state = 'o' AND truth.kind IN ('t', 'r') AND truth.function <> 'on_far_away'
	AND run.began_ns > history.from_ns AND truth.token NOT IN (SELECT token FROM token) LIMIT 5;
END
}

# Of what has ended before a snapshot of a process that had come to rest.
rest_questions() {
	cat <<'END'
SELECT 'rest';
SELECT async_id, 'has ended and is alive in the recording' FROM resource
WHERE destroyed_ns IS NULL AND address IN (SELECT thing FROM truth WHERE kind <> 'm')
	AND NOT EXISTS (SELECT 1 FROM truth WHERE thing = resource.address
		AND (state <> 'o' OR function = 'on_tick')) LIMIT 5;
END
}

# Questions that begin with one of the words in $without are not asked.
compare() { # WORDS RECORDING BEFORE AFTER [rest]
	local said word asked='links tokens functions armings resources alive folds chains history'
	asked+=${5+ rest}
	said=$({ compare_tables "$2" "$3" "$4"; compare_questions; ${5+rest_questions}; } |
		sqlite3 -batch -noheader -init /dev/null :memory: 2>&1 |
		awk -v without=" ${without-} " 'BEGIN { on = 1 } /^[a-z]+$/ { on = !index(without, " " $1 " ") } on')
	for word in ${without-}; do
		asked=${asked/$word/}
	done
	# shellcheck disable=SC2086  # words
	equal "$1" "$said" "$(printf '%s\n' $asked)"
}

# How much there was to be compared: runs, what stays, folds, runs after history begins.
compared() { # RECORDING BEFORE AFTER
	{
		compare_tables "$@"
		echo "SELECT 'runs=' || (SELECT count(*) FROM token), 'stays=' || (SELECT count(*) FROM stays),
			'folds=' || (SELECT count(*) FROM fold), 'whole=' || (SELECT count(*) FROM run, history
			WHERE began_ns > from_ns), 'from=' || (SELECT from_ns FROM history);"
	} | sqlite3 -batch -noheader -init /dev/null :memory: 2>&1
}

# A number of what `compared` says is at least so much.
at_least() { # WORDS COMPARED NAME LEAST
	local number=${2##*$3=}
	number=${number%%|*}
	[[ $number -ge $4 ]] && ok "$1" || not_ok "$1: $3 is $number, not $4 or more"
}

# Starts the program in flight mode and with no recorder; its number is left in $pid, what it prints
# in `flown`.
fly() { # SIZE COMMAND...
	local size=$1
	shift
	rm -f flown
	LD_PRELOAD="$BUILD/libacausal.so" ACAUSAL_FLIGHT=$size "$@" >flown 2>&1 &
	pid=$!
}

end() { # PID
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# When the program has done so many hops; its ticker takes a token each time, too.
has_come_to() { # NOTEBOOK TOKENS
	[[ $(od -An -N 4 -t u4 "$1" 2>/dev/null) -ge $2 ]]
}
