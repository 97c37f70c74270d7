#!/usr/bin/env bash
# A process that forks in the middle of a loop's work: the child is recorded with an arena of its
# own, goes on with what it inherited, and each thing that runs there leads back over the fork.
# shellcheck shell=bash source=tests/e2e/lib.sh
# time limit: 120
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_SOCKET ACAUSAL_PID ACAUSAL_ON_FULL ACAUSAL_FROM
loops=$BUILD/tests/fork_loops

same() { # MODE: recorded into MODE.db
	local plain recorded
	"$loops" "$1" >plain.out 2>plain.err </dev/null
	plain=$?
	# What it leaves running writes on.
	[[ $1 == daemon || $1 == double ]] && wait_for 5 grep -q closed plain.out
	"$ACAUSAL" record -o "$1.db" "$loops" "$1" >"$1.out" 2>"$1.err" </dev/null
	recorded=$?
	equal "$1: exit status" "$recorded" "$plain"
	# Which of two timers comes first hangs on how long the other process took.
	equal "$1: stdout" "$(sort "$1.out")" "$(sort plain.out)"
	check "$1: the recording" check_recording "$1.db"
}

# Each process: its parent, its exit code, and by which call its main thread came, in whose run.
tree() { # FILE
	sql "$1" "SELECT p.process_id, coalesce(p.parent_process_id, '-'), coalesce(p.exit_code, '-'),
			coalesce(p.exit_signal, '-'), coalesce(e.link_api, '-'), coalesce(maker.process_id, '-')
		FROM process p
		JOIN thread t ON t.process_id = p.process_id AND t.role = 'main'
		JOIN run_edge e ON e.run_id = t.root_run_id
		LEFT JOIN run_edge by ON by.run_id = e.link_run_id
		LEFT JOIN thread maker ON maker.thread_id = by.thread_id
		ORDER BY p.process_id"
}

# The runs of handles and requests in a process, in order: type, call that armed it, the process
# that this was in, the function that made that call.
runs() { # FILE PROCESS
	sql "$1" "SELECT r.type, e.link_api, coalesce(maker.process_id, '-'),
			coalesce((SELECT function FROM stack_frame f
				WHERE f.stack_id = e.link_stack_id AND depth = 0 ORDER BY inline_depth LIMIT 1), '-')
		FROM run_edge e JOIN thread t ON t.thread_id = e.thread_id
		JOIN resource_named r ON r.async_id = e.async_id
		LEFT JOIN run_edge by ON by.run_id = e.link_run_id
		LEFT JOIN thread maker ON maker.thread_id = by.thread_id
		WHERE t.process_id = $2 AND e.run_id <> t.root_run_id
		ORDER BY e.run_id"
}

# What came along with the fork: type, and of which resource of the parent (its type).
inherited() { # FILE PROCESS
	sql "$1" "SELECT r.type, r.api, was.type, was.process_id FROM resource_named r
		JOIN resource_named was ON was.async_id = r.trigger_id AND was.process_id <> r.process_id
		WHERE r.process_id = $2 AND r.type <> 'main' ORDER BY r.async_id"
}

# --- timers -----------------------------------------------------------------------------------------

child_timers='uv_timer_t|uv_timer_start|2|on_fork
uv_timer_t|uv_close|1|on_fork
uv_timer_t|uv_close|2|on_fork
uv_timer_t|uv_close|2|on_again
uv_timer_t|uv_timer_start|1|mode_timer
uv_timer_t|uv_timer_start|1|mode_timer
uv_timer_t|uv_timer_start|1|mode_timer
uv_timer_t|uv_close|2|on_repeat'
same timer
equal 'a fork in a callback' "$(tree timer.db)" $'1|-|0|-|-|-\n2|1|1|-|fork|1'
equal 'its loop and timers came along' "$(inherited timer.db 2)" 'uv_loop_t|fork|uv_loop_t|1
uv_timer_t|fork|uv_timer_t|1
uv_timer_t|fork|uv_timer_t|1
uv_timer_t|fork|uv_timer_t|1
uv_timer_t|fork|uv_timer_t|1'
equal 'what runs in the child leads to where it was armed' "$(runs timer.db 2 | sort)" "$(sort <<<"$child_timers")"
equal 'the loop of the handles is the one of the child' "$(sql timer.db "
	SELECT DISTINCT l.process_id, l.type FROM resource r JOIN resource_named l ON l.async_id = r.loop_id
	WHERE r.process_id = 2")" '2|uv_loop_t'
equal 'a timer armed before is stopped in the child by the child' "$(sql timer.db "
	SELECT a.api, a.end, coalesce(a.disarmed_run_id >> 40, '-') FROM arming a
	JOIN resource r USING (async_id) WHERE r.process_id = 2 AND a.api = 'uv_timer_start' AND a.end = 'closed'")" \
	'uv_timer_start|closed|1'
same generations
equal 'generations of forks' "$(tree generations.db)" '1|-|0|-|-|-
2|1|1|-|fork|1
3|2|2|-|fork|2
4|3|3|-|fork|3'
equal 'a timer inherited three times' "$(inherited generations.db 4 | sort -u)" 'uv_loop_t|fork|uv_loop_t|3
uv_timer_t|fork|uv_timer_t|3'
same _Fork
equal '_Fork' "$(tree _Fork.db)" $'1|-|0|-|-|-\n2|1|1|-|_Fork|1'
equal 'what runs in its child' "$(runs _Fork.db 2 | sort)" "$(sort <<<"$child_timers")"
same raw
equal 'clone(2) behind our back: the parent is known, the call is not' "$(tree raw.db)" $'1|-|0|-|-|-\n2|1|1|-|-|-'
equal 'what runs in its child' "$(runs raw.db 2 | sort)" "$(sort <<<"$child_timers")"
same thread
equal 'a fork in another thread' "$(tree thread.db)" $'1|-|0|-|-|-\n2|1|0|-|fork|1'
equal 'what runs in its child' "$(runs thread.db 2 | sort)" "$(sort <<<"$child_timers")"

same closing
equal 'a fork in a close callback: what is made in the child is told apart' "$(sql closing.db "
	SELECT count(DISTINCT r.async_id), count(*) FROM run JOIN resource r USING (async_id)
	WHERE r.process_id = 2 AND r.api = 'uv_timer_init'")" '40|40'

# --- a server, requests -----------------------------------------------------------------------------

same server
equal 'a child that accepts' "$(runs server.db 2)" 'uv_tcp_t|uv_listen|1|mode_server
uv_tcp_t|uv_read_start|2|on_connection
uv_tcp_t|uv_read_start|2|on_connection
uv_tcp_t|uv_close|2|on_read
uv_tcp_t|uv_close|2|on_read'
equal "its connection's trigger is its server" "$(sql server.db "
	SELECT r.api, server.process_id, server.hook_type FROM resource_named r
	JOIN resource_named server ON server.async_id = r.trigger_id
	WHERE r.process_id = 2 AND r.api <> 'fork'")" 'uv_tcp_init|2|TCPSERVERWRAP'
same requests
equal 'a write that was pending' "$(runs requests.db 2 | grep uv_write_t)" 'uv_write_t|uv_write|1|mode_requests'
equal 'it is of the stream in the child' "$(sql requests.db "
	SELECT of.process_id, of.type FROM resource_named r JOIN resource_named of ON of.async_id = r.handle_id
	WHERE r.type = 'uv_write_t' AND r.process_id = 2")" '2|uv_pipe_t'
equal 'work stays with the threads that do it' "$(sql requests.db "
	SELECT process_id, count(*) FROM resource_named WHERE type = 'uv_work_t' GROUP BY process_id")" '1|2'

# --- daemons, crashes, children that share memory ---------------------------------------------------

same daemon
equal 'daemon' "$(tree daemon.db)" $'1|-|0|-|-|-\n2|1|0|-|daemon|1'
same double
equal 'a double fork' "$(tree double.db)" $'1|-|0|-|-|-\n2|1|0|-|fork|1\n3|2|0|-|fork|2'
same crash
equal 'a child that crashes' "$(tree crash.db)" $'1|-|0|-|-|-\n2|1|-|11|fork|1'
equal 'its crash is recorded' "$(sql crash.db 'SELECT process_id, signal FROM crash')" '2|11'
same borrowers
equal 'children of vfork killed at any moment leave nothing behind' "$(sql borrowers.db "
	SELECT count(*) FROM process")" 1
done_testing
