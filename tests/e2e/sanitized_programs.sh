# Programs with a sanitizer in them, and a program under valgrind, recorded: the same output, no
# report that is not there without us, and a recording that is worth having.
# time limit: 180
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

unset ASAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS MSAN_OPTIONS
setarch=$(command -v setarch && setarch -R true 2>/dev/null && echo "$(uname -m) -R")
read -r -d '' -a plainly <<<"${setarch//$'\n'/ }"

# Reports, by place; those of libuv's own descriptors come and go (it is not built with the
# sanitizer).
reports() { # FILE
	grep -aE '^SUMMARY: |runtime error:|ERROR: |^==[0-9]+== ' "$1" | grep -avE 'libuv\.so|WARNING: ASan doesn|in (__interceptor_)?(pipe2|eventfd|epoll_create1)$' | sort
}

useful() { # FILE
	equal "$1: who armed each timer of the thread's is known" "$(sql "$1" \
		"SELECT count(*), count(link_run_id) FROM run_edge JOIN resource USING (async_id)
		 JOIN type USING (type_id) JOIN run USING (run_id)
		 WHERE type.name = 'uv_timer_t' AND part = 'callback'")" '160|160'
	matches "$1: with a stack in the program" "$(sql "$1" \
		"SELECT DISTINCT function FROM arming JOIN stack_frame USING (stack_id)
		 WHERE function LIKE 'arm\_%' ESCAPE '\'")" 'arm_(left|right)'
}

try_compiler() { # NAME COMPILER FLAG...
	local name=$1 compiler=$2
	shift 2
	if ! "$compiler" "$@" -std=gnu11 -D_GNU_SOURCE -I"$ROOT" -O1 -g -o "$name" \
		"$ROOT/tests/programs/trap_churn.c" -luv -lpthread -ldl 2>compiled ||
		! timeout 60 "${plainly[@]}" "./$name" 1 1 >/dev/null 2>&1; then
		skip "a program with $name" 'it cannot be built, or does not run, here'
		return
	fi
	timeout 60 "${plainly[@]}" "./$name" 5 4 >plain 2>plain.err
	equal "$name: unrecorded it works" $? "$expected"
	timeout 100 "${plainly[@]}" "$ACAUSAL" record -o "$name.db" "./$name" 5 4 >out 2>err
	equal "$name, recorded: status" $? "$expected"
	equal "$name, recorded: output" "$(cat out)" "$(cat plain)"
	equal "$name, recorded: no reports" "$(reports err)" ''
	check_recording "$name.db"
	useful "$name.db"
}

# ThreadSanitizer counts what it sees in libuv, too.
expected=0
export TSAN_OPTIONS=exitcode=0 ASAN_OPTIONS=detect_leaks=0
try_compiler gcc-address gcc -fsanitize=address
try_compiler gcc-undefined gcc -fsanitize=undefined -fno-sanitize-recover=all
try_compiler gcc-thread gcc -fsanitize=thread
try_compiler clang-address clang -fsanitize=address,undefined
try_compiler clang-thread clang -fsanitize=thread

# --- valgrind -----------------------------------------------------------------------------------

if command -v valgrind >/dev/null; then
	valgrind=(valgrind -q --error-exitcode=99 --trace-children=no)
	timeout 100 "${valgrind[@]}" "$BUILD/tests/trap_churn" 5 4 >plain 2>plain.err
	equal 'valgrind finds nothing in the program' "$? $(reports plain.err)" '0 '
	timeout 150 "$ACAUSAL" record -o valgrind.db "${valgrind[@]}" "$BUILD/tests/trap_churn" 5 4 >out 2>err
	equal 'recorded under valgrind: status' $? 0
	equal 'recorded under valgrind: output' "$(cat out)" "$(cat plain)"
	equal 'recorded under valgrind: it finds nothing of ours' "$(reports err)" ''
	check_recording valgrind.db
	useful valgrind.db
else
	skip 'a program under valgrind' 'valgrind is not here'
fi

done_testing
