#!/usr/bin/env bash
# How armings are moved, changed and ended, and by whom; also by what looks like something else.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/named.bash"

recording=armings.db
status 'the program is recorded' 0 "$ACAUSAL" record -o armings.db "$BUILD/tests/uv_armings"
check_recording armings.db

answers 'a timeout that is moved over and over is one row with a count' \
	"SELECT count(*), max(times), \"end\", timeout_ms FROM arming
	 JOIN named USING (arming_id) WHERE callback = 'on_timed_out'" '1|50|fired|20'
answers '… also one that uv_timer_again puts off, with the last time as its cause' \
	"SELECT count(*), max(c.times), max(named.cause), max(c.cause_id = named.cause_id)
	 FROM cause c JOIN named ON named.async_id = c.async_id WHERE callback = 'on_put_off'" \
	'1|50|on_moves_timeout|1'
answers 'the repeat of a timer is the one in force when it fired' \
	"SELECT timeout_ms, repeat_ms FROM arming JOIN named USING (arming_id)
	 WHERE callback = 'on_changed' ORDER BY arming_id LIMIT 1" '3|7'
answers '… and it has fired for good when that was taken away' \
	"SELECT DISTINCT \"end\" FROM arming JOIN named USING (arming_id)
	 WHERE callback = 'on_changed'" fired
answers 'whatever is stopped was stopped by whoever did, once, with the stack' \
	"SELECT arming.api, \"end\", count(*), group_concat(DISTINCT function) FROM arming
	 JOIN name ON name.run_id = disarmed_run_id
	 JOIN stack_of ON stack_of.stack_id = disarmed_stack_id AND depth = 0
	 WHERE name.callback = 'on_stops' GROUP BY 1, 2 ORDER BY 1" \
	'uv_check_start|stopped|1|stop_all
uv_fs_event_start|stopped|1|stop_all
uv_fs_poll_start|stopped|1|stop_all
uv_idle_start|stopped|1|stop_all
uv_listen|closed|1|stop_all
uv_prepare_start|stopped|1|stop_all
uv_read_start|stopped|1|stop_all
uv_signal_start|stopped|1|stop_all
uv_timer_start|stopped|1|stop_all
uv_udp_recv_start|stopped|1|stop_all'
answers 'a poll is stopped by waiting for nothing, and by uv_poll_stop' \
	"SELECT \"end\", name.callback, disarmed_stack_id IS NOT NULL FROM arming
	 JOIN name ON name.run_id = disarmed_run_id WHERE api = 'uv_poll_start'" \
	$'stopped|main|1\nstopped|main|1\nstopped|main|1'
answers 'a signal that was waited for once has fired' \
	"SELECT \"end\" FROM arming JOIN named USING (arming_id)
	 WHERE callback = 'on_signal_once'" fired
answers '… and is stopped afterwards, by nobody, also when it was started again meanwhile' \
	"SELECT arming.api, \"end\", disarmed_run_id IS NULL FROM arming
	 JOIN name USING (run_id) WHERE name.callback = 'on_signal_again'" \
	'uv_signal_start|stopped|1'
answers '… and also when it is started for good later' \
	"SELECT arming.api, \"end\" FROM arming JOIN named USING (arming_id)
	 WHERE callback = 'on_sticky_signal'" 'uv_signal_start|fired'
answers 'a signal handle is stopped by a start that is refused' \
	"SELECT arming.api, \"end\" FROM arming JOIN stack_of ON stack_of.stack_id =
	 disarmed_stack_id WHERE function = 'stop_signal_by_refusal'" 'uv_signal_start|stopped'
answers 'a timer that one thread puts off and another runs was put off by the former' \
	"SELECT c.api, t.role FROM named JOIN cause c USING (cause_id)
	 JOIN thread t ON t.thread_id = c.thread_id WHERE callback = 'on_put_off_here'" \
	'uv_timer_again|main'

done_testing
