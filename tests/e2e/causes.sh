#!/usr/bin/env bash
# What made a callback fire: sends from other threads, from the pool and from signal handlers,
# signals that the process sends to itself and to its children, handles closed under requests. And
# that nothing is named where nothing is known.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/named.bash"

recording=causes.db
status 'the program is recorded' 0 "$ACAUSAL" record -o causes.db "$BUILD/tests/uv_causes"
check_recording causes.db

answers 'a cause is older than what it made run' \
	"SELECT count(*) FROM run_edge WHERE cause_run_id >= run_id" 0
answers 'what is fired by a cause is fired by one of its own resource' \
	"SELECT count(*) FROM run JOIN cause USING (cause_id)
	 WHERE kind = 'send' AND cause.async_id <> run.async_id" 0

# Sends: three from each place, one run.
for place in thread:thread pool:on_sending_work handler:on_interrupted; do
	answers "three sends of the ${place%:*}: one run, caused by the first" \
		"SELECT cause, cause_api, named.cause_id = (SELECT min(cause_id) FROM cause
			WHERE async_id = named.async_id)
		 FROM named WHERE callback = 'on_sent_by_${place%:*}'" "${place#*:}|uv_async_send|1"
	answers "… and the others name it" \
		"SELECT count(*), count(first_id), min(first_id) = named.cause_id FROM cause
		 JOIN named USING (async_id) WHERE callback = 'on_sent_by_${place%:*}'" '3|2|1'
done
answers "a send's stack is the sender's" \
	"SELECT function FROM stack_of JOIN cause USING (stack_id) JOIN named USING (cause_id)
	 WHERE callback = 'on_sent_by_thread' ORDER BY depth" $'send_three\non_sending_thread'

# Signals to the process itself.
answers 'each way to send a signal is the cause of its run' \
	"SELECT cause, cause_api FROM named WHERE callback = 'on_first' ORDER BY run_id LIMIT 9" \
	'on_kill|kill
on_kill_group|kill
on_kill_own_group|kill
on_killpg|killpg
on_raise|raise
on_pthread_kill|pthread_kill
on_sigqueue|sigqueue
on_uv_kill|uv_kill
thread|kill'
answers '… and the link stays who armed' \
	"SELECT DISTINCT link, link_api FROM named WHERE callback = 'on_first'" 'main|uv_signal_start'
answers 'a signal from elsewhere has no cause' \
	"SELECT ifnull(cause_id, 'none') FROM named WHERE callback = 'on_first'
	 ORDER BY run_id LIMIT 1 OFFSET 9" none
answers 'three deliveries are three runs, each with its own cause' \
	"SELECT count(*), count(DISTINCT cause_id), min(cause) FROM named
	 WHERE callback = 'on_first' AND cause = 'on_raises_three'" '3|3|on_raises_three'
answers 'of three that were merged while blocked the first counts' \
	"SELECT count(*), count(DISTINCT named.cause_id),
		named.cause_id = (SELECT min(cause_id) FROM cause JOIN name USING (run_id)
			WHERE name.callback = 'on_raises_blocked')
	 FROM named WHERE callback = 'on_first' AND cause = 'on_raises_blocked'" '1|1|1'
answers '… and the others name it' \
	"SELECT count(*), count(first_id) FROM cause JOIN name USING (run_id)
	 WHERE name.callback = 'on_raises_blocked'" '3|2'
answers 'one send is answered by each handle, on each loop' \
	"SELECT callback, cause, cause_api FROM named
	 WHERE cause_id = (SELECT max(cause_id) FROM cause WHERE api = 'raise') ORDER BY callback" \
	$'on_first|on_raise|raise\non_other_loop|on_raise|raise\non_second|on_raise|raise'
answers 'who begins to wait later does not answer what was sent before' \
	"SELECT callback, count(*) FROM named WHERE callback IN ('on_second', 'on_other_loop')
	 GROUP BY 1 ORDER BY 1" $'on_other_loop|1\non_second|1'
answers 'a send is to one handle, or to nobody in particular' \
	"SELECT async_id = (SELECT async_id FROM named WHERE callback = 'on_first'), count(*)
	 FROM cause WHERE kind = 'kill' AND run_id IN
		(SELECT run_id FROM named WHERE callback LIKE 'on_rais%') GROUP BY 1 ORDER BY 1" \
	$'|1\n1|7'
answers 'signal 0 and refused sends are no causes' \
	"SELECT count(*) FROM cause JOIN name USING (run_id)
	 WHERE name.callback IN ('on_probe', 'on_nonsense')" 0
answers 'a handle is known by its signal' \
	"SELECT DISTINCT detail FROM resource JOIN type USING (type_id)
	 WHERE type.name = 'uv_signal_t'" SIGUSR1

# Signals to children.
answers 'a child ended by the first send of the signal that it ended by' \
	"SELECT callback, cause, cause_api, cause_id = (SELECT min(cause_id) FROM cause
		WHERE cause.async_id = named.async_id AND cause.api = cause_api) FROM named
	 WHERE callback IN ('on_terminated', 'on_killed', 'on_killed_by_number') ORDER BY 1" \
	$'on_killed|on_killer|uv_process_kill|1\non_killed_by_number|on_killer|uv_kill|1\non_terminated|on_killer|uv_process_kill|0'
answers '… of the two that were the same' \
	"SELECT count(*), sum(first_id = named.cause_id) FROM cause JOIN named USING (async_id)
	 WHERE callback = 'on_terminated'" '3|1'
answers 'what a child did not end by is no cause of its end' \
	"SELECT callback, ifnull(cause_id, 'none') FROM named
	 WHERE callback IN ('on_killed_itself', 'on_exited') ORDER BY 1" \
	$'on_exited|none\non_killed_itself|none'

# Closing.
answers 'requests cancelled by closing were caused by who closed' \
	"SELECT callback, cause, cause_api, count(*), count(DISTINCT cause_id) FROM named
	 WHERE cause_api LIKE 'uv%close%' GROUP BY 1, 2, 3 ORDER BY callback" \
	'on_connect_closed|on_closes_connecting|uv_close|1|1
on_shutdown_closed|on_closer|uv_close|1|1
on_write_closed|on_closer|uv_close|2|1
on_write_reset|on_resetter|uv_tcp_close_reset|2|1'
answers '… by one cause for each handle, with the stack of the closing' \
	"SELECT DISTINCT kind, function FROM cause JOIN stack_of USING (stack_id)
	 WHERE kind = 'close' AND depth = 0 ORDER BY function" \
	$'close|on_closer\nclose|on_closes_connecting\nclose|on_resetter'
answers '… and none where nothing was pending' "SELECT count(*) FROM cause WHERE kind = 'close'" 3
answers 'a write cancelled because connecting failed was not caused by closing' \
	"SELECT status < 0, ifnull(cause_id, 'none') FROM named
	 WHERE callback = 'on_write_unconnected'" '1|none'
answers 'cancelled requests were linked to who made them, and belong to their stream' \
	"SELECT link, link_api, count(DISTINCT handle_id) FROM named JOIN resource USING (async_id)
	 WHERE callback = 'on_write_closed' GROUP BY 1, 2" 'on_writers_connected|uv_write|1'
answers 'nobody knows how much of a cancelled write was written' \
	"SELECT count(bytes) FROM named WHERE callback = 'on_write_closed'" 0

# Putting off.
answers 'uv_timer_again of timers that do not repeat, never started or are closing is no cause' \
	"SELECT count(*) FROM cause WHERE kind = 'again'" 0

done_testing
