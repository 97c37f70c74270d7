# What the tests of crashes have in common: a program is run with and without us, and what is
# recorded of its crash is put into one line.
# shellcheck shell=bash
. "$ROOT/tests/e2e/lib.sh"

ulimit -c 0
program=$BUILD/tests/crash_ways

# The last crash: signal, code, whether it has an address, callback of its run, functions up to that.
crash_of() { # FILE
	sql "$1" "WITH last AS (SELECT * FROM crash ORDER BY crash_id DESC LIMIT 1)
		SELECT signal, code, fault_address IS NOT NULL,
			(SELECT coalesce(source.function, '-') FROM run JOIN source
				ON source.frame_id = callback_frame_id WHERE run.run_id = last.run_id LIMIT 1),
			(SELECT group_concat(coalesce(function, '?'), ' ') FROM
				(SELECT function FROM stack_frame JOIN last USING (stack_id)
					WHERE depth < 20 ORDER BY depth, inline_depth)) FROM last"
}

# Plain and recorded: the same status and output. Leaves NAME.db.
crash() { # NAME ARGUMENT...
	local name=$1 plain
	shift
	# Bash has words of its own for these.
	{ timeout 20 "$program" "$@" >"$name.plain"; } 2>/dev/null
	plain=$?
	timeout 60 "$ACAUSAL" record -o "$name.db" "$program" "$@" >"$name.out" 2>"$name.err"
	equal "${*:-$name}: it ends as without us" "$? $(cat "$name.out")" "$plain $(cat "$name.plain")"
}
