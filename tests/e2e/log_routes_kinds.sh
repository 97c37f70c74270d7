#!/usr/bin/env bash
# Ways to write a line that 1,000 callbacks cannot take by turns on one descriptor: the last words of a
# program, streams of C++, syslog; and those whose text shows only when a buffer is emptied.
# time limit: 240
. "$ROOT/tests/e2e/log_truth.bash"
streams=$BUILD/tests/log_streams

# Those that end the program.
ends() { # WAY STATUS
	status "$1 ends the program" "$2" to_pipe "$routes" truth end "$1"
	same "$1 is recorded before it ends the program" truth 1 1
}
for way in err errx verr verrx error_status error_at_line_status; do
	ends $way 5
done
ulimit -c 0
for way in assert_fail assert_perror_fail assert; do
	ends $way 134
done

# Inlined putc_unlocked shows only when the buffer is emptied: the lines are there, and marked, but for
# those whose first byte was the one that made the buffer overflow.
flushed() { # WORDS LINES
	equal "$1: recorded, and marked as of a flush" "$(
		with_truth acausal.db truth \
			'thread INTEGER, address INTEGER, route TEXT, place TEXT, text TEXT' <<-'SQL'
			CREATE TABLE read AS
				SELECT text, at_flush, address, row_number() OVER (ORDER BY written_ns, log_id) AS number
				FROM recording.log LEFT JOIN recording.run USING (run_id)
				LEFT JOIN recording.resource USING (async_id);
			SELECT count(*), count(DISTINCT read.text), min(read.text = truth.text),
				sum(at_flush) >= count(*) * 0.98,
				total(at_flush IS NULL AND read.address IS NOT truth.address)
				FROM read JOIN truth USING (number);
		SQL
	)" "$2 1 1 1 0.0"
}
check 'inlined putc_unlocked, full buffers' to_pipe "$routes" truth flush full
flushed 'inlined putc_unlocked, full buffers' 1000
for buffering in line none; do
	check "inlined putc_unlocked, $buffering buffers" to_pipe "$routes" truth flush $buffering
	same "inlined putc_unlocked, $buffering buffers" truth 1000 1000
done

# C++.
for kind in synced wide; do
	check "streams of C++, $kind" to_pipe "$streams" truth $kind
	same "streams of C++, $kind" truth "$(wc -l <truth)" 1000
done
check 'streams of C++ with buffers of their own' to_pipe "$streams" truth unsynced
flushed 'streams of C++ with buffers of their own' 8000
check 'std::ofstream' to_pipe "$streams" truth file
flushed 'std::ofstream' 1000
equal 'std::ofstream: the file is named' \
	"$(sql acausal.db "SELECT DISTINCT path LIKE '%/streams.log' FROM log")" 1

# A system's log of our own at /dev/log, which nobody else sees.
cat >private.sh <<-'END'
	mkdir -p dev && mount -t tmpfs none dev && cd dev && mkdir shm pts || exit 125
	for node in null zero full random urandom tty; do
		: >$node && mount --bind /dev/$node $node || exit 125
	done
	mount --rbind /dev/shm shm && mount --rbind /dev/pts pts && cd .. &&
		mount --move dev /dev && ! test -e /dev/log || exit 125
	exec "$@"
END
private=(unshare -m)
[[ $(id -u) == 0 ]] || private=(unshare -Urm)
if "${private[@]}" sh private.sh true 2>/dev/null; then
	check 'to syslog' to_pipe "${private[@]}" sh private.sh "$routes" truth syslog full
	same 'to syslog' truth 8000 1000
	equal 'to syslog: it is named' "$(sql acausal.db 'SELECT DISTINCT kind FROM log JOIN sink USING (sink_id)')" syslog
else
	skip 'to syslog' 'no mount namespace of our own'
fi
done_testing
