#!/usr/bin/env bash
# What explaining needs and only the process can say: waits in the kernel, who had a request in the
# pool, references, descriptors and addresses.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/named.bash"

recording=facts.db
status 'the program is recorded' 0 "$ACAUSAL" record -o facts.db "$BUILD/tests/uv_facts" facts.truth
check_recording facts.db

# The pool.
answers 'each request that a thread of the pool had is known, and no other' \
	"SELECT type.name, count(*), sum(estimated) FROM pool JOIN resource USING (async_id)
	 JOIN type USING (type_id) GROUP BY 1 ORDER BY 1" \
	'uv_fs_t|5|5
uv_getaddrinfo_t|1|1
uv_getnameinfo_t|1|1
uv_random_t|1|1
uv_work_t|5|0'
answers '… between its submission and its callback' \
	"SELECT count(*) FROM pool JOIN resource USING (async_id) JOIN run USING (async_id)
	 WHERE run.part <> 'work' AND NOT (created_ns <= pool.began_ns
		AND pool.began_ns <= pool.ended_ns AND pool.ended_ns <= run.began_ns)" 0
answers '… by a thread of the pool' \
	"SELECT DISTINCT role FROM pool JOIN thread USING (thread_id)" pool
answers '… which had one at a time' \
	"SELECT count(*) FROM pool a JOIN pool b USING (thread_id)
	 WHERE a.async_id <> b.async_id AND a.began_ns < b.began_ns AND a.ended_ns > b.began_ns" 0
answers 'a request that was cancelled was in no thread' \
	"SELECT count(pool.async_id) FROM named LEFT JOIN pool USING (async_id)
	 WHERE callback = 'on_cancelled'" 0
answers 'operations on files are known by path or descriptor' \
	"SELECT api, detail FROM resource
	 WHERE api IN ('uv_fs_open', 'uv_fs_read', 'uv_fs_fstat', 'uv_fs_rename') ORDER BY async_id" \
	"uv_fs_open|/proc/self/cmdline
uv_fs_read|fd $(awk '$1 == "file" { print $2 }' facts.truth)
uv_fs_fstat|fd $(awk '$1 == "file" { print $2 }' facts.truth)
uv_fs_rename|no such file -> nor this"

# Waits in the kernel.
for callback in on_outer_wait on_inner_wait; do
	answers "the wait of a loop for a timer: $callback" \
		"SELECT count(*) > 0 FROM poll JOIN named ON callback = '$callback'
		 JOIN resource ON resource.async_id = named.async_id
			AND resource.loop_id = poll.loop_id
		 JOIN arming ON arming.arming_id = named.arming_id
		 WHERE poll.timeout_ms BETWEEN 1 AND arming.timeout_ms
		 AND entered_ns >= armed_ns AND left_ns <= began_ns" 1
done
answers '… each loop by itself' \
	"SELECT count(DISTINCT loop_id) FROM poll" 2
answers '… on the thread that ran it' \
	"SELECT DISTINCT role FROM poll JOIN thread USING (thread_id)" main
answers 'no wait is shorter than 5 us, or has no timeout' \
	"SELECT count(*) FROM poll WHERE timeout_ms = 0 OR left_ns - entered_ns < 1000" 0
answers 'a loop that was never idle waited for nothing' \
	"SELECT count(*) FROM poll WHERE entered_ns BETWEEN
		(SELECT min(began_ns) FROM named WHERE callback = 'on_idle') AND
		(SELECT max(began_ns) FROM named WHERE callback = 'on_idle')" 0

answers 'what runs at every turn of the loop has one arming and no causes' \
	"SELECT api, (SELECT count(*) FROM run WHERE run.arming_id = arming.arming_id)
		BETWEEN 990 AND 1001, (SELECT count(*) FROM cause WHERE cause.async_id = arming.async_id)
	 FROM arming WHERE arming_id IN (SELECT arming_id FROM named WHERE callback IN ('on_idle', 'on_check'))
	 ORDER BY api" \
	$'uv_check_start|1|0\nuv_idle_start|1|0'

# References.
answers 'references are written down when they change' \
	"SELECT ref.has_ref FROM ref JOIN resource USING (async_id) ORDER BY at_ns" $'0\n1\n0'
answers '… with who changed them, and what is so in the end' \
	"SELECT DISTINCT name.callback, resource.has_ref FROM ref JOIN name USING (run_id)
	 JOIN resource USING (async_id)" 'main|0'

# Descriptors and addresses.
while read -r name fd address; do
	[[ $name != file ]] || continue
	case $name in
	server | client | accepted | adopted) type=uv_tcp_t ;;
	bound | joined | adopted_udp) type=uv_udp_t ;;
	poll_handle) type=uv_poll_t ;;
	*) type=uv_pipe_t ;;
	esac
	answers "$name: its descriptor and address" \
		"SELECT count(*) > 0 FROM resource JOIN type USING (type_id)
		 WHERE type.name = '$type' AND fd = $fd AND ifnull(detail, '') = '$address'" 1
done <<<"$(sed "s|^\(pipe_server [0-9]*\).*|\1 facts.socket|" facts.truth)"
equal 'all of them were looked at' "$(wc -l <facts.truth)" 13
answers 'writes, sends and connects belong to their handles' \
	"SELECT resource.api, type.name, count(*) FROM resource
	 JOIN resource AS handle ON handle.async_id = resource.handle_id
	 JOIN type ON type.type_id = handle.type_id
	 WHERE resource.api IN ('uv_write', 'uv_udp_send', 'uv_tcp_connect', 'uv_pipe_connect')
	 GROUP BY 1, 2 ORDER BY 1, 2" \
	'uv_pipe_connect|uv_pipe_t|1
uv_tcp_connect|uv_tcp_t|1
uv_udp_send|uv_udp_t|1
uv_write|uv_pipe_t|1
uv_write|uv_tcp_t|1'

# Bytes.
answers 'bytes read, written, sent and received' \
	"SELECT link_api, sum(bytes) FROM named
	 WHERE link_api IN ('uv_write', 'uv_udp_send', 'uv_read_start', 'uv_udp_recv_start')
	 AND part = 'callback' GROUP BY 1 ORDER BY 1" \
	'uv_read_start|18
uv_udp_recv_start|13
uv_udp_send|13
uv_write|18'

done_testing
