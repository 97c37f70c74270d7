#!/usr/bin/env bash
# What a process and its children see of themselves: environment, descriptors, limits, masks, groups,
# folder, terminal, modules and mappings; and what the ways of making a process answer. The same with
# and without us, whether children are followed or not.
. "$ROOT/tests/e2e/differential.bash"

compare world 9 "$BUILD/tests/seen_world" 'an argument' ''
compare spawns 16 "$BUILD/tests/uv_spawns"
differ exec 12 "$BUILD/tests/libc_exec"
differ_with --no-follow world "$BUILD/tests/seen_world" 'an argument' ''
differ_with --no-follow spawns "$BUILD/tests/uv_spawns"
differ_with --no-follow exec "$BUILD/tests/libc_exec"

# An environment and limits that are not the usual ones.
unusual=(env -i PATH=/usr/bin:/bin LD_PRELOAD=libm.so.6 EMPTY= 'WORDS=two words' sh -c
	'ulimit -n 64; ulimit -c 0; ulimit -s 1024; umask 077; trap "" USR1; exec nice -n 3 "$0"')
run_in "$TMP/unusual.plain" "${unusual[@]}" "$BUILD/tests/seen_world"
run_in "$TMP/unusual.recorded" "${unusual[@]/exec nice -n 3/exec nice -n 3 $ACAUSAL record -o $TMP/unusual.db}" \
	"$BUILD/tests/seen_world"
same 'in unusual surroundings' "$TMP/unusual.plain" "$TMP/unusual.recorded"
contains 'which the program did see' "$(<"$TMP/unusual.plain/out")" 'umask 77'

# A terminal of its own, where a shell leads the session and not what it runs.
if command -v script >/dev/null; then
	in_terminal() { # FILE COMMAND
		script -qec "$2; exit" /dev/null </dev/null 2>&1 | tr -d '\r' | without_ours >"$1"
	}
	in_terminal terminal.plain "$BUILD/tests/seen_world"
	in_terminal terminal.recorded "$ACAUSAL record -o terminal.db $BUILD/tests/seen_world"
	contains 'there is a terminal' "$(<terminal.plain)" 'tty 1'
	equal 'on a terminal' "$(<terminal.recorded)" "$(<terminal.plain)"
else
	skip 'on a terminal' 'not installed (package bsdutils)'
fi

done_testing
