# Callbacks that do not come back the way they were called: left by longjmp and by exceptions,
# switched away from to coroutines' stacks, interrupted on a signal's. Who armed what is right, or
# said to be unknown, and never somebody else.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

# who FILE CALLBACK...: for each callback, by whom it was armed, on which stack (innermost first,
# without the loader's frames).
who() {
	local file=$1 callback
	shift
	for callback; do
		sql "$file" "
			WITH name (run_id, callback) AS (
				SELECT run_id, source.function FROM run
				LEFT JOIN source ON source.frame_id = callback_frame_id AND inline_depth =
					(SELECT max(inline_depth) FROM source
					 WHERE frame_id = callback_frame_id)
				WHERE run_id NOT IN (SELECT root_run_id FROM thread)
				UNION ALL
				SELECT root_run_id, role FROM thread)
			SELECT DISTINCT me.callback || ': ' || ifnull(link.callback, 'unknown') || ', ' ||
				ifnull((SELECT group_concat(function, ' < ') FROM (
					SELECT function FROM stack_frame
					WHERE stack_id = link_stack_id AND inline_depth = 0
						AND function NOT LIKE '\\_%' ESCAPE '\\'
						AND function <> 'arm' ORDER BY depth LIMIT 4)), 'nothing')
			FROM run_edge JOIN name me USING (run_id) JOIN run USING (run_id)
			LEFT JOIN name link ON link.run_id = link_run_id
			WHERE me.callback = '$callback' AND part <> 'close' ORDER BY 1"
	done
}

# --- longjmp and coroutines ---------------------------------------------------------------------

"$BUILD/tests/trap_stacks" >plain 2>&1
equal 'the program works unrecorded' "$? $(tail -n 1 plain)" '0 done'
status 'and recorded' 0 "$ACAUSAL" record -o stacks.db "$BUILD/tests/trap_stacks"
equal 'with the same output' "$(cat out)" "$(cat plain)"
check_recording stacks.db
equal 'no run has ended before it began, or never' \
	"$(sql stacks.db 'SELECT count(*) FROM run WHERE ended_ns < began_ns')" 0

equal 'after longjmp out of a callback the one who jumped is not the maker' \
	"$(who stacks.db on_after_single on_after_nested)" \
	'on_after_single: main, leave_single < main
on_after_nested: main, leave_nested < main'
# Below so many frames nobody looks for the uv_run that was left as well: unknown it may be.
matches '… nor far below where it was' "$(who stacks.db on_after_deep)" \
	'^on_after_deep: (main|unknown), arm_below < arm_below'
matches '… however far' "$(who stacks.db on_after_deeper)" \
	'^on_after_deeper: (main|unknown), arm_below < arm_below'
matches '… nor within the callback that it jumped to' "$(who stacks.db on_after_inner)" \
	'^on_after_inner: (on_staying|unknown), arm_below < arm_below'
equal 'what the left callback was armed by is known' "$(who stacks.db on_leaving)" \
	'on_leaving: main, leave_by < leave_and_go_deep < main
on_leaving: main, leave_by < leave_single < main
on_leaving: on_leaving_nested, on_leaving_nested
on_leaving: on_staying, leave_by < on_staying'

equal 'a coroutine does what it does for the callback that resumes it' \
	"$(who stacks.db on_armed_first on_armed_second on_armed_by_main | sed 's/waiter_body < //')" \
	'on_armed_first: on_resuming, coroutine_main < on_resuming
on_armed_second: on_resuming_again, coroutine_main < on_resuming_again
on_armed_by_main: main, callbacks_that_resume < main'
equal 'a callback on a coroutine is a callback' "$(who stacks.db on_armed_on_runner)" \
	'on_armed_on_runner: on_runner, on_runner'
equal 'callbacks on two stacks that take turns: each has its own' \
	"$(who stacks.db on_armed_by_left on_armed_by_right)" \
	'on_armed_by_left: on_left, on_left
on_armed_by_right: on_right, on_right'
equal 'what a third makes meanwhile, nobody does' \
	"$(who stacks.db on_armed_when_all_is_over | sed 's/,.*//')" 'on_armed_when_all_is_over: main'
for late in left right; do
	matches "… and what is done on going on later is its own, or unknown ($late)" \
		"$(who stacks.db on_armed_by_${late}_late)" \
		"^on_armed_by_${late}_late: (on_$late|unknown), "
done
equal 'a switch of stacks that no unwind information describes' \
	"$(who stacks.db on_armed_by_assembly)" \
	'on_armed_by_assembly: on_assembly, assembly_body < on_assembly'
equal "a coroutine whose stack lies in a function's frame" \
	"$(who stacks.db on_armed_within on_armed_after_within | sed 's/within_body < //')" \
	'on_armed_within: on_within, coroutine_main < on_within
on_armed_after_within: on_within, on_within'
equal 'a send from a signal handler on a stack of its own is of the run that it interrupts' \
	"$(sql stacks.db "SELECT function FROM cause JOIN run USING (run_id)
		JOIN source ON source.frame_id = callback_frame_id AND inline_depth = 0
		WHERE kind = 'send'")" on_raising

# --- exceptions ---------------------------------------------------------------------------------

"$BUILD/tests/trap_exceptions" >plain 2>&1
equal 'exceptions work unrecorded' "$? $(tail -n 1 plain)" '0 done 0'
status 'and recorded' 0 "$ACAUSAL" record -o exceptions.db "$BUILD/tests/trap_exceptions"
equal 'with the same output: all that is left is destroyed' "$(cat out)" "$(cat plain)"
check_recording exceptions.db
equal 'after an exception out of callback and loop' \
	"$(who exceptions.db on_after_throw on_after_nested_throw)" \
	'on_after_throw: main, throw_out_of_loop < main
on_after_nested_throw: main, throw_out_of_nested_loop < main'
equal 'where it is caught in the callback outside' \
	"$(who exceptions.db on_caught_inside on_in_catch | sed 's/on_catching < //')" \
	'on_caught_inside: on_catching, on_catching
on_in_catch: on_catching, on_catching'

done_testing
