#!/usr/bin/env bash
# A line is the run's that wrote it, whichever way it was written: 1,000 callbacks write the same text
# by every way that a program has, to a file, a pipe and a terminal, through streams of every kind of
# buffer.
# time limit: 240
. "$ROOT/tests/e2e/log_truth.bash"

for buffering in full line none; do
	check "$buffering buffers, to a file" to_file "$routes" truth std $buffering
	same "$buffering buffers, to a file" truth 66000 6000

	check "$buffering buffers, to a pipe" to_pipe "$routes" truth std $buffering
	same "$buffering buffers, to a pipe" truth 60000 5000

	if command -v script >/dev/null; then
		check "$buffering buffers, to a terminal" to_terminal "$routes" truth std $buffering
		same "$buffering buffers, to a terminal" truth 60000 5000
	else
		skip "$buffering buffers, to a terminal" 'no script (package bsdutils)'
	fi
done

# The other end of a pipe that passes handles has to be a socket.
check 'uv_write2, to a socket' to_file "$routes" truth socket full
same 'uv_write2, to a socket' truth 1000 1000

done_testing
