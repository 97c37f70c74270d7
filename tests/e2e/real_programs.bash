# What the tests of real programs (real_*.sh) have in common.
# shellcheck shell=bash
. "$ROOT/tests/e2e/lib.sh"

# A program that is not installed is no failure; the test says so and ends.
need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null && return
	skip "$1" "not installed (package $2)"
	done_testing
}

# A TCP port of the loopback address that nobody listens on.
free_port() {
	local port
	for _ in $(seq 50); do
		port=$((20000 + RANDOM % 12000))
		(: </dev/tcp/127.0.0.1/$port) 2>/dev/null || break
	done
	echo "$port"
}

# What the recording has at least: rows of resources and runs.
has_rows() { # FILE RESOURCES RUNS
	local resources runs
	resources=$(sql "$1" 'SELECT count(*) FROM resource')
	runs=$(sql "$1" 'SELECT count(*) FROM run')
	note "$resources resources, $runs runs, $(stat -c %s "$1") bytes"
	if [[ $resources -ge $2 && $runs -ge $3 ]]; then
		ok "at least $2 resources and $3 runs are recorded"
	else
		not_ok "at least $2 resources and $3 runs are recorded"
	fi
}

# Random resources, as many as COUNT, each traced: the async stack must reach a root run.
traces_reach_root() { # FILE COUNT
	local point trace traced=0 ended=() points
	points=$(sql "$1" "
		SELECT CASE WHEN process_id = 1 THEN '' ELSE process_id || ':' END
			|| (async_id & ((1 << 40) - 1))
		FROM resource ORDER BY random() LIMIT $2")
	for point in $points; do
		trace=$("$ACAUSAL" trace -r "$1" --format json "$point" 2>&1)
		traced=$((traced + 1))
		[[ $(tr -d ' \n\t' <<<"$trace") == *'"complete":true'* ]] ||
			ended+=("$point: $(tr -d '\n' <<<"$trace" | grep -o '"ended":.*' || head -c 200 <<<"$trace")")
	done
	if [[ ${#ended[@]} == 0 && $traced -gt 0 ]]; then
		ok "the async stacks of $traced resources reach a root run"
	else
		not_ok "the async stacks of $traced resources reach a root run"
		note "${#ended[@]} do not:"
		note "$(printf '%s\n' "${ended[@]}" | head -n 10)"
	fi
}

# Runs of which it is not known who armed them: there should be none.
no_unknown_links() { # FILE
	equal 'of every run but the roots it is known who armed it' "$(sql "$1" "
		SELECT coalesce(group_concat(words, ', '), 'all') FROM (
			SELECT count(*) || ' of ' || type.name || ' ' || run.part AS words
			FROM run_edge
			JOIN run USING (run_id)
			JOIN thread ON thread.thread_id = run.thread_id
			JOIN resource ON resource.async_id = run.async_id
			JOIN type USING (type_id)
			WHERE run_edge.link_run_id IS NULL AND run.run_id <> thread.root_run_id
			GROUP BY type.name, run.part)")" all
}

# A configuration of BIND's named that listens on PORT of the loopback address alone and keeps its
# files below $TMP; what else it is to have comes from stdin.
named_configuration() { # PORT
	local rest
	rest=$(cat)
	cat <<-END
		options {
			directory "$TMP";
			pid-file none;
			session-keyfile "$TMP/session.key";
			listen-on port $1 { 127.0.0.1; };
			listen-on-v6 { none; };
			recursion no;
			dnssec-validation no;
			notify no;
		};
		controls { };
		$rest
	END
}
