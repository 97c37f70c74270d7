#!/usr/bin/env bash
# The special cases of causality, one thing of each kind: a connection's trigger, nested loops, what
# made a callback fire, how armings end, callbacks that jump away, threads.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/named.bash"

recording=edges.db
status 'the program is recorded' 0 "$ACAUSAL" record -o edges.db "$BUILD/tests/uv_edges"
check_recording edges.db

# Of all runs.
answers 'every run but roots has an outer run' \
	"SELECT count(*) FROM named WHERE outer_run_id IS NULL" 0
answers 'every run has a known link' \
	"SELECT callback, part FROM named WHERE link IS NULL" ''
answers 'a link is older than what it made run' \
	"SELECT count(*) FROM run_edge WHERE link_run_id >= run_id OR cause_run_id >= run_id" 0
answers 'everything that was made is destroyed' \
	"SELECT name, count(*) FROM resource JOIN type USING (type_id)
	 WHERE class = 'handle' AND destroyed_ns IS NULL GROUP BY name" ''

# Connections.
answers "an accepted connection's trigger is the server" \
	"SELECT type.hook_type, made.handle_id = made.trigger_id FROM resource made
	 JOIN resource by ON by.async_id = made.trigger_id JOIN type ON type.type_id = by.type_id
	 WHERE made.async_id = (SELECT async_id FROM named WHERE callback = 'on_end_of_connection')" \
	'TCPSERVERWRAP|1'
answers '… and it was made in the run that accepted it' \
	"SELECT name.callback FROM resource JOIN name USING (run_id)
	 WHERE async_id = (SELECT async_id FROM named WHERE callback = 'on_end_of_connection')" \
	on_connection
answers 'a listening handle is a TCPSERVERWRAP, others are not' \
	"SELECT hook_type, count(*) FROM resource JOIN type USING (type_id)
	 WHERE name = 'uv_tcp_t' GROUP BY hook_type ORDER BY hook_type" \
	$'TCPSERVERWRAP|1\nTCPWRAP|3'
answers 'on_connection is linked to uv_listen' \
	"SELECT link, link_api FROM named WHERE callback = 'on_connection'" 'main|uv_listen'
answers 'the end of the file ends the reading as fired' \
	"SELECT arming.\"end\" FROM arming JOIN named USING (arming_id)
	 WHERE callback = 'on_end_of_connection'" fired
answers 'a refused second request leaves the first as it was' \
	"SELECT link, link_api, status < 0 FROM named WHERE callback = 'on_connect_refused'" \
	'main|uv_tcp_connect|1'

# Nested loops.
answers 'a callback of a nested loop runs inside the callback that ran the loop' \
	"SELECT outer, link FROM named WHERE callback = 'on_inner_timer' AND outer <> 'thread'" \
	'on_outer_timer|on_outer_timer'
answers '… and the stack of the nested uv_run is known' \
	"SELECT function FROM stack_of
	 WHERE stack_id = (SELECT outer_stack_id FROM named
		WHERE callback = 'on_inner_timer' AND outer <> 'thread') ORDER BY depth" \
	$'run_nested\non_outer_timer'
answers 'a callback that is not nested has none' \
	"SELECT outer, outer_stack_id IS NULL FROM named WHERE callback = 'on_outer_timer'" 'main|1'

# Causes.
answers 'of several sends the first counts' \
	"SELECT cause, cause_api, link, link_api FROM named WHERE callback = 'on_coalesced'" \
	'on_first_sender|uv_async_send|main|uv_async_init'
answers 'the sends that were coalesced are known too' \
	"SELECT name.callback, coalesce(first_id, cause.cause_id) = named.cause_id
	 FROM cause JOIN name USING (run_id) JOIN named ON named.async_id = cause.async_id
	 WHERE kind = 'send' AND named.callback = 'on_coalesced' ORDER BY cause.cause_id" \
	$'on_first_sender|1\non_second_sender|1\non_second_sender|1'
answers 'uv_timer_again is the cause of the next run only' \
	"SELECT link, link_api, ifnull(cause, 'none'), ifnull(cause_api, 'none') FROM named
	 WHERE callback = 'on_repeating' ORDER BY run_id" \
	$'main|uv_timer_start|on_again|uv_timer_again\nmain|uv_timer_start|none|none\nmain|uv_timer_start|none|none'
answers 'a cancelled request was caused by who cancelled it' \
	"SELECT part, link, cause, cause_api FROM named WHERE callback = 'on_after_cancelled'" \
	'after|main|on_canceller|uv_cancel'
answers 'the after part was caused by the work part' \
	"SELECT part, link, cause, count(*) FROM named WHERE callback = 'on_after_waits' GROUP BY 1, 2, 3" \
	'after|main|on_work_waits|4'
answers 'the work part ran in the pool' \
	"SELECT part, role, count(*) FROM named JOIN thread USING (thread_id)
	 WHERE callback = 'on_work_waits' GROUP BY 1, 2" 'work|pool|4'

# How armings end.
answers 'a one-shot timer fired' \
	"SELECT DISTINCT \"end\" FROM arming JOIN named USING (arming_id)
	 WHERE callback = 'on_ended_fired'" fired
answers 'stopped, replaced and closed before they fired' \
	"SELECT \"end\", name.callback FROM arming JOIN name ON name.run_id = disarmed_run_id
	 WHERE timeout_ms = 100000 AND api = 'uv_timer_start' AND repeat_ms IS NULL
	 ORDER BY arming_id" \
	$'stopped|main\nreplaced|main\nclosed|main'
answers 'a repeating timer made single ends as fired' \
	"SELECT \"end\" FROM arming JOIN named USING (arming_id)
	 WHERE callback = 'on_ended_single' ORDER BY arming_id DESC LIMIT 1" fired
answers 'close callbacks are runs of their own, linked to uv_close' \
	"SELECT part, link, link_api, count(*) FROM named WHERE callback = 'on_close_ended'
	 GROUP BY 1, 2, 3 ORDER BY link" \
	$'close|main|uv_close|5\nclose|on_tail_close|uv_close|1'

# Callbacks that end in a jump.
answers 'a callback that ended in a tail call is at the bottom of the stack' \
	"SELECT callback, link, group_concat(function, ' < ') FROM named
	 JOIN (SELECT * FROM stack_of ORDER BY depth) ON stack_id = link_stack_id
	 WHERE link IN ('on_tail_start', 'on_tail_close') GROUP BY run_id ORDER BY run_id" \
	$'on_tail_close|on_tail_start|on_tail_start\non_close_ended|on_tail_close|on_tail_close'

# longjmp.
answers 'what is made after a longjmp is not of the run that was left' \
	"SELECT name.callback FROM resource JOIN name USING (run_id)
	 WHERE async_id = (SELECT async_id FROM named WHERE callback = 'on_after_jump')" main
answers '… nor when it is made further down than that run was' \
	"SELECT name.callback, named.link, named.outer FROM resource JOIN name USING (run_id)
	 JOIN named USING (async_id) WHERE named.callback = 'on_below_jump'" 'main|main|main'
answers '… and that run has ended' \
	"SELECT count(*), count(ended_ns) FROM named WHERE callback = 'on_jump'" '2|2'

# Signals.
answers 'a signal handler on a stack within the own does what the run does that it interrupts' \
	"SELECT cause FROM named WHERE callback = 'on_signalled'" on_raising
answers '… and has not ended that run' \
	"SELECT link FROM named WHERE callback = 'on_after_signal'" on_raising

# Threads.
answers 'threads by role' \
	"SELECT role, count(*) FROM thread GROUP BY role ORDER BY role" $'main|1\npool|4\nuser|2'
answers 'no thread is foreign' "SELECT count(*) FROM thread WHERE is_foreign" 0
answers "a thread's root run is linked to who made it" \
	"SELECT thread.role, edge.link_api, maker.callback, count(*) FROM thread
	 JOIN run_edge edge ON edge.run_id = root_run_id
	 JOIN name maker ON maker.run_id = edge.link_run_id
	 GROUP BY 1, 2, 3 ORDER BY 1, 2" \
	$'pool|uv_thread_create|main|4\nuser|pthread_create|on_thread_maker|1\nuser|uv_thread_create|on_thread_maker|1'
answers 'the pool was started by the request that needed it first' \
	"SELECT DISTINCT function FROM stack_frame JOIN run_edge ON link_stack_id = stack_id
	 JOIN thread ON root_run_id = run_id WHERE role = 'pool' AND function IN ('causes', 'main')
	 ORDER BY function" $'causes\nmain'
answers "callbacks on a thread's own loop are linked to its root run" \
	"SELECT link, outer FROM named WHERE callback = 'on_inner_timer' AND outer = 'thread'" \
	'thread|thread'
answers 'threads ended' \
	"SELECT count(*) FROM thread WHERE role = 'user' AND ended_ns IS NULL" 0

done_testing
