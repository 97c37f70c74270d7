# Runs and armings by the names of their callbacks, in $recording: for tests that ask a recording for
# what one callback of their program did.
# shellcheck shell=bash disable=SC2154  # the test sets $recording

# The query's rows. `named` is each run with its callback, and its link, cause and outer run by
# their callbacks ('main', 'thread' for a root run); `named_arming` each arming of a handle with
# the callback that ran of it, or the function that armed it.
ask() { # QUERY
	sql "$recording" "
		WITH name (run_id, callback) AS (
			SELECT run_id, source.function FROM run
			LEFT JOIN source ON source.frame_id = callback_frame_id AND inline_depth =
				(SELECT max(inline_depth) FROM source WHERE frame_id = callback_frame_id)
			WHERE run_id NOT IN (SELECT root_run_id FROM thread)
			UNION ALL
			SELECT root_run_id, CASE role WHEN 'main' THEN 'main' ELSE 'thread' END FROM thread),
		named AS (
			SELECT run.*, me.callback, link.callback AS link, cause_of.callback AS cause,
				outside.callback AS outer, edge.link_api, edge.cause_api, edge.trigger_id,
				edge.link_stack_id
			FROM run
			JOIN run_edge edge USING (run_id)
			LEFT JOIN name me ON me.run_id = run.run_id
			LEFT JOIN name link ON link.run_id = edge.link_run_id
			LEFT JOIN name cause_of ON cause_of.run_id = edge.cause_run_id
			LEFT JOIN name outside ON outside.run_id = run.outer_run_id
			WHERE run.run_id NOT IN (SELECT root_run_id FROM thread)),
		stack_of AS (SELECT stack_id, depth, function FROM stack_frame WHERE inline_depth = 0)
		$1"
}

answers() { # WORDS QUERY EXPECTED
	equal "$1" "$(ask "$2")" "$3"
}
