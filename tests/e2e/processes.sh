# Child processes: whatever a recorded program makes is recorded too, and leads back to the call.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

family=$BUILD/tests/process_family

# For each process: its parent, what its main thread was made by and in which callback, what stands
# for it, how it ended. The callback of a root run is not shown.
tree() { # FILE
	sql "$1" "SELECT p.process_id, ifnull(p.parent_process_id, '-'), ifnull(e.link_api, '-'),
		CASE WHEN e.link_run_id IS NULL THEN '-' WHEN l.outer_run_id IS NULL THEN 'main'
			ELSE ifnull(s.function, '?') END,
		ifnull((SELECT y.name FROM resource r JOIN type y USING (type_id)
			WHERE r.async_id = p.spawned_by_async_id), '-'),
		ifnull(p.exit_code, '-'), ifnull(p.exit_signal, '-')
		FROM process p LEFT JOIN run_edge e ON e.run_id = ((p.process_id - 1) << 40) + 1
		LEFT JOIN run l ON l.run_id = e.link_run_id
		LEFT JOIN source s ON s.frame_id = l.callback_frame_id AND s.inline_depth = 0
		ORDER BY p.process_id"
}

# The async stack of the last run of a process, as "process:function" for each frame that is ours.
functions() { # FILE POINT
	"$ACAUSAL" trace -r "$1" "$2" --format json | json "
		SELECT group_concat(line, ' ') FROM (SELECT
			(((segment.value ->> '\$.run_id') >> 40) + 1) || ':' || (frame.value ->> '\$.function') AS line
		FROM json_data, json_each(data, '\$.segments') segment,
			json_each(segment.value, '\$.frames') frame
		WHERE frame.value ->> '\$.module' LIKE '%process_family'
			AND frame.value ->> '\$.function' NOT LIKE '\\_%' ESCAPE '\\');
		SELECT (data ->> '\$.complete') || ' ' || ifnull(data ->> '\$.ended_code', '-') FROM json_data"
}

leaf_run() { # FILE PROCESS: the run of its leaf's timer
	sql "$1" "SELECT 'run:$2:' || (r.run_id & 0xffffffffff) FROM run r JOIN source s
		ON s.frame_id = r.callback_frame_id WHERE s.function = 'on_leaf' AND r.run_id >> 40 = $2 - 1"
}

# --- uv_spawn -----------------------------------------------------------------------------------

status 'a child' 0 "$ACAUSAL" record -o spawn.db "$family" spawn
equal 'what it says is its own' "$(cat out)" 'child: status 5, signal 0'
contains 'the summary counts processes' "$(cat err)" '2 processes'
check_recording spawn.db
equal 'it leads back to uv_spawn' "$(tree spawn.db)" $'1|-|-|-|-|0|-\n2|1|uv_spawn|on_spawn|uv_process_t|5|-'
equal 'through the boundary, to the end' "$(functions spawn.db "$(leaf_run spawn.db 2)")" \
	$'2:on_leaf 2:main 1:make_child 1:on_spawn 1:main\n1 -'
equal 'its programs are known' "$(sql spawn.db "SELECT executable, json_array_length(arguments),
	arguments ->> 1, runtime FROM process ORDER BY process_id")" \
	"$family|2|spawn|libuv"$'\n'"$family|3|leaf|libuv"
equal 'its trigger is the uv_process_t' "$(sql spawn.db "SELECT r.trigger_id = p.spawned_by_async_id
	FROM resource r JOIN process p ON p.process_id = 2 WHERE r.async_id = (1 << 40) + 1")" 1
equal 'by trigger it goes on, too' "$("$ACAUSAL" trace -r spawn.db 2:1 --by trigger --format json |
	json "SELECT data ->> '\$.complete', data ->> '\$.segments[1].armed.type', data ->> '\$.segments[2].armed.type'
	FROM json_data")" '1|main|uv_process_t'
export COLUMNS=100
matches 'in words' "$("$ACAUSAL" trace -r spawn.db "$(leaf_run spawn.db 2)")" \
	'-- process 2 \(process_family leaf 5\) started by uv_spawn in run:[0-9]+, process 1 -'
matches 'a process is a point' "$("$ACAUSAL" trace -r spawn.db process:2)" 'started by uv_spawn in run'
matches 'info tells of it' "$("$ACAUSAL" info -r spawn.db process:2)" \
	'made +by uv_spawn in run:.*as +process .*end +exit status 5'
equal 'also in JSON' "$("$ACAUSAL" info -r spawn.db process:1 --format json | json "SELECT
	data ->> '\$.exit_code', data ->> '\$.children[0].process_id' FROM json_data")" '0|2'
refuse 'there is no third' "$ACAUSAL" info -r spawn.db process:3

cp spawn.db unknown.db
sqlite3 unknown.db "UPDATE packed_resource SET run_id = NULL, trigger_delta = NULL WHERE async_id = (1 << 40) + 1;
	UPDATE process SET spawned_by_async_id = NULL, is_foreign = 1 WHERE process_id = 2"
contains 'where the call is not known, that is said' "$("$ACAUSAL" trace -r unknown.db process:2)" \
	'ends here: process 2 was started by process 1, by a call that was not seen'
equal 'and the stack is not complete' "$("$ACAUSAL" trace -r unknown.db 2:1 --by trigger --format json |
	json "SELECT data ->> '\$.complete', data ->> '\$.ended_code' FROM json_data")" '0|unknown_link'
sqlite3 unknown.db 'UPDATE process SET parent_process_id = NULL WHERE process_id = 2'
contains 'nor where its maker is not there' "$("$ACAUSAL" trace -r unknown.db process:2)" \
	'was started by one that is not in the recording'
status 'a shell between them' 0 "$ACAUSAL" record -o shell.db "$family" shell
check_recording shell.db
equal 'each is the child of the one before' "$(tree shell.db)" "$(printf '%s\n' '1|-|-|-|-|0|-' \
	'2|1|uv_spawn|on_shell|uv_process_t|8|-' "3|2|$(sql shell.db 'SELECT link_api FROM run_edge
		WHERE run_id = (2 << 40) + 1')|main|-|3|-")"
equal 'only those that use libuv have a runtime' \
	"$(sql shell.db "SELECT group_concat(ifnull(runtime, '-')) FROM process")" 'libuv,-,libuv'
cp spawn.db cut.db
sqlite3 -batch cut.db "DELETE FROM packed_resource WHERE async_id = (1 << 40) + 1;
	UPDATE process SET spawned_by_async_id = NULL; DELETE FROM meta WHERE key = 'complete';
	INSERT INTO gap VALUES (1, 1, 0, 1, 5, NULL)" # lost by another process: no reason
contains 'what is not written yet is not said to be unseen' "$("$ACAUSAL" trace -r cut.db "$(leaf_run spawn.db 2)")" \
	"ends here: the recording was cut short before this process's start was written"
contains '… nor by info' "$("$ACAUSAL" info -r cut.db process:2)" 'by process 1, by a call that was not written'
status 'three deep' 0 "$ACAUSAL" record -o nest.db "$family" nest 3
check_recording nest.db
equal 'the innermost leads back through all' "$(functions nest.db "$(leaf_run nest.db 4)")" \
	$'4:on_leaf 4:main 3:make_child 3:on_nest 3:main 2:make_child 2:on_nest 2:main 1:make_child 1:on_nest 1:main\n1 -'
status 'an environment of its own' 0 "$ACAUSAL" record -o environment.db "$family" environment
equal 'keeps the recorder in' "$(tree environment.db | tail -n 1)" '2|1|uv_spawn|on_environment|uv_process_t|6|-'
status '--no-follow' 0 "$ACAUSAL" record --no-follow -o alone.db "$family" spawn
equal 'records the command alone' "$(cat out; tree alone.db)" $'child: status 5, signal 0\n1|-|-|-|-|0|-'
check_recording alone.db

# --- other calls --------------------------------------------------------------------------------

status 'system and popen' 0 "$ACAUSAL" record -o libc.db "$family" libc
equal 'their results are their own' "$(cat out)" $'system: 1\npopen: 1'
check_recording libc.db
equal 'the shells lead back to them' "$(tree libc.db | grep -E '\|(system|popen)\|')" "$(printf '%s\n' \
	'2|1|system|on_libc|-|1|-' '4|1|popen|on_libc|-|1|-')"
status 'fork' 0 "$ACAUSAL" record -o fork.db "$family" fork
check_recording fork.db
equal 'its child has a main thread of its own' "$(tree fork.db)" \
	$'1|-|-|-|-|0|-\n2|1|fork|on_fork|-|4|-'
equal 'that leads back to the fork' "$(functions fork.db "$(leaf_run fork.db 2)")" \
	$'2:on_leaf 2:be_child 2:on_fork 1:on_fork 1:main\n1 -'
status 'exec after exec' 9 "$ACAUSAL" record -o exec.db "$family" exec 3
check_recording exec.db
equal 'each is a row, and the last has the end' "$(tree exec.db)" "$(printf '%s\n' '1|-|-|-|-|-|-' \
	'2|1|execve|on_exec|-|-|-' '3|2|execve|on_exec|-|-|-' '4|3|execve|on_exec|-|9|-' |
	sed "s/execve/$(sql exec.db 'SELECT link_api FROM run_edge WHERE run_id = (1 << 40) + 1')/")"
equal 'one process of the system' "$(sql exec.db "SELECT count(DISTINCT os_pid), sum(ended_ns IS NULL) FROM process")" '1|0'
contains 'it is said what it became' "$("$ACAUSAL" info -r exec.db process:1)" 'became process 2 by exec'

# --- ends ---------------------------------------------------------------------------------------

status 'a child that crashes' 0 "$ACAUSAL" record -o crash.db "$family" crash
check_recording crash.db
equal 'has its signal' "$(tree crash.db | tail -n 1)" '2|1|uv_spawn|on_crash|uv_process_t|-|11'
matches 'its async stack is shown' "$(cat err)" \
	'SIGSEGV ended process 2:.*on_fault.*process 2 \(.*fault\) started by uv_spawn.*make_child'
status 'the parent is killed' 137 "$ACAUSAL" record -o killed.db "$family" killed
check_recording killed.db
equal 'its child is recorded to its end' "$(tree killed.db)" \
	$'1|-|-|-|-|-|9\n2|1|uv_spawn|on_killed|uv_process_t|0|-'
status 'a child that outlives its parent' 0 "$ACAUSAL" record -o outlive.db "$family" outlive
check_recording outlive.db
equal 'is recorded to its end' "$(tree outlive.db)" $'1|-|-|-|-|0|-\n2|1|uv_spawn|on_outlive|uv_process_t|0|-'
matches 'and it is said that it is waited for' "$(cat err)" 'has ended, 1 process that came of it has not'
status 'a daemon' 0 "$ACAUSAL" record -o daemon.db "$family" daemonise 700
check_recording daemon.db
equal 'leads back to its makers' "$(functions daemon.db "$(sql daemon.db "SELECT 'process:' || max(process_id)
	FROM process WHERE arguments ->> 1 = 'late'")" | tail -n 1)" '1 -'

: >late
"$ACAUSAL" record -o stopped.db "$family" daemonise 60000 >said 2>&1 &
recorder=$!
wait_for 20 grep -q 'has not' said
# shellcheck disable=SC2317  # wait_for calls it
daemon_is_there() {
	[[ $(sql stopped.db "SELECT count(*) FROM process WHERE arguments ->> 1 = 'late'") == 1 ]]
}
check 'the daemon is there' wait_for 20 daemon_is_there
kill -TERM $recorder
wait $recorder
equal 'a signal ends the recording' "$?" 0
check_recording stopped.db
contains 'and it is said that it went on' "$("$ACAUSAL" -r stopped.db)" 'still there when the recording ended'
equal 'and not the daemon' "$(sql stopped.db "SELECT count(*) FROM process WHERE ended_ns IS NULL")" 1
check 'which goes on' test -e late
kill "$(sql stopped.db 'SELECT os_pid FROM process WHERE ended_ns IS NULL')"

status 'a child whose limits leave no room' 0 "$ACAUSAL" record -o limits.db sh -c "
	(ulimit -f 100; '$family' leaf 0); '$family' spawn"
contains 'is missed' "$(cat err)" '1 process could not be recorded: a limit on memory or on the size of files'
check_recording limits.db

status 'strangers at the door' 0 "$ACAUSAL" record -o knock.db "$family" knock
equal 'do no harm' "$(cat out; tree knock.db)" \
	$'child: status 5, signal 0\n1|-|-|-|-|0|-\n2|1|uv_spawn|on_knock|uv_process_t|5|-'
check_recording knock.db

# --- two recorders --------------------------------------------------------------------------------

status 'recording what records' 0 "$ACAUSAL" record -o around.db sh -c "
	'$ACAUSAL' record -o inside.db '$family' spawn; '$family' spawn"
check_recording around.db
check_recording inside.db
equal 'the inner one has its own' "$(tree inside.db)" "$(tree spawn.db)"
equal 'the outer one has its own' "$(sql around.db "SELECT count(*) FROM process
	WHERE executable LIKE '%/process_family'")" 2

# --- many ---------------------------------------------------------------------------------------

status 'two hundred short ones' 0 "$ACAUSAL" record -o many.db sh -c "
	i=0; while [ \$i -lt 200 ]; do /bin/true; i=\$((i + 1)); done; exec '$family' spawn"
check_recording many.db
equal 'all are there, with how they ended' "$(sql many.db "SELECT count(*), sum(exit_code = 0)
	FROM process WHERE executable LIKE '%/true'")" '200|200'
equal 'all have their parent and the call' "$(sql many.db "SELECT count(*) FROM process p JOIN run_edge e
	ON e.run_id = ((p.process_id - 1) << 40) + 1
	WHERE p.parent_process_id = 1 AND e.link_run_id = 1 AND e.link_api IS NOT NULL")" 201
equal 'each ended when it did, and not when libuv was first used' "$(sql many.db "SELECT
	(SELECT min(ended_ns) FROM process) < (SELECT max(started_ns) FROM process WHERE runtime IS NULL)")" 1
matches 'the overview is short' "$("$ACAUSAL" -r many.db)" 'and [0-9]+ processes more'
matches 'and has what uses libuv' "$("$ACAUSAL" -r many.db)" 'process_family spawn, pid [0-9]+, libuv'
matches 'and names something to look at' "$("$ACAUSAL" -r many.db)" 'acausal info -r many.db [0-9]+:([2-9]|1[0-9])'
status 'more than are kept before libuv is used' 0 "$ACAUSAL" record -o more.db sh -c "
	i=0; while [ \$i -lt 1100 ]; do /bin/true; i=\$((i + 1)); done; sleep 0.3; exec '$family' spawn"
matches 'are left out, and it is said' "$(cat err)" \
	'[0-9]+ processes that ended before libuv was first used are not in the recording'
check_recording more.db
status 'no libuv in any' 0 "$ACAUSAL" record -o nothing.db sh -c 'ls; true | cat'
refuse 'leaves no recording' test -e nothing.db

done_testing
