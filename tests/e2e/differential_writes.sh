#!/usr/bin/env bash
# What functions that write to descriptors return and leave behind, messages of libc's own and C++
# streams, where they work and where they fail: the same with and without us.
. "$ROOT/tests/e2e/differential.bash"

compare writes 23 "$BUILD/tests/libc_writes"
compare messages 24 "$BUILD/tests/libc_messages"
compare cxx 25 "$BUILD/tests/cxx_streams"
compare cxx_apart 25 "$BUILD/tests/cxx_streams" apart
[[ -e $TMP/messages.plain/files ]] && grep -q syslog "$TMP/messages.plain/files" ||
	skip 'messages to syslog' 'a daemon listens on this machine'

# On outputs where it fails.
for output in /dev/full closed; do
	in_shell() { # COMMAND: with that for its standard output
		if [[ $output == closed ]]; then
			printf 'exec %s >&-' "$*"
		else
			printf 'exec %s >%s' "$*" "$output"
		fi
	}
	for how in together apart; do
		name=cxx_${output##*/}_$how
		differ "$name" 25 sh -c "$(in_shell "$BUILD/tests/cxx_streams" "$how")"
	done
done

done_testing
