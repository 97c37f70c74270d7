#!/usr/bin/env bash
# What a program sets and asks of its signals, and what comes of it: the same with and without us.
. "$ROOT/tests/e2e/differential.bash"

ulimit -c 0

compare signals 136 "$BUILD/tests/libc_signals"
equal 'the signal that ended it is its only crash' \
	"$(sql signals.db 'SELECT signal, code FROM crash JOIN process USING (process_id)
		WHERE parent_process_id IS NULL')" '8|-6'

done_testing
