#!/usr/bin/env bash
# Libraries of the program's that call functions and variables of their own as libc does some of its
# functions which we stand in the place of: they get their own, and who means libc's is recorded.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

sources=$ROOT/tests/programs/names
build=("${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -g -fno-builtin)
{
	"${build[@]}" -fPIC -shared -o liblibrary.so "$sources/library.c" &&
		"${build[@]}" -fPIC -shared -o libbystander.so "$sources/bystander.c" &&
		"${build[@]}" -o host "$sources/host.c" ./liblibrary.so ./libbystander.so -luv
} >build.out 2>&1
equal 'the libraries are built' "$?" 0 || note "$(cat build.out)"

./host >plain.out 2>plain.err
status 'recorded: exit status' 0 "$ACAUSAL" record -o host.db ./host
equal 'recorded: its own names' "$(<out)" "$(<plain.out)"
equal "recorded: libc's" "$(grep -v '^acausal: ' err)" "$(<plain.err)"
check_recording host.db
equal 'each line is the run'"'"'s that wrote it, and who wrote it is known' "$(sql host.db "
	SELECT text, log.api, run.part FROM log JOIN run USING (run_id) ORDER BY log_id")" \
	"own careful 8 1|vfprintf|callback
own careful 9 2|vfprintf|callback
host: libc's: No such file or directory|vwarn|callback
./host:file:3: libc's: Operation not permitted|error_at_line|callback"

done_testing
