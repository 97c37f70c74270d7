#!/usr/bin/env bash
# Processes that a recorded one makes, in every way there is: they are recorded too, know where they
# come from, and notice nothing. What they get in their environment, what an exec that fails leaves
# behind, programs that our library cannot be loaded into.
# shellcheck shell=bash source=tests/e2e/lib.sh
# time limit: 180
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_SOCKET ACAUSAL_PID ACAUSAL_ON_FULL ACAUSAL_FROM
guest=$BUILD/tests/fork_guest
library=$BUILD/libacausal.so

# What a process sees of us taken out of its output: our variables, and ourselves in LD_PRELOAD. The
# shell's `_` names the command that it was about to run.
without_us() { # FILE
	grep -av -e '^ACAUSAL_' -e '^_=' -e "^LD_PRELOAD=$library\$" "$1" | sed "s#^LD_PRELOAD=$library:#LD_PRELOAD=#"
}

# same NAME COMMAND...: recorded into NAME.db, it prints and returns what it does otherwise.
same() {
	local name=$1 plain recorded
	shift
	"$@" >plain.out 2>plain.err </dev/null
	plain=$?
	"$ACAUSAL" record -o "$name.db" "$@" >"$name.out" 2>"$name.all" </dev/null
	recorded=$?
	grep -v '^acausal: ' "$name.all" >"$name.err"
	equal "$name: exit status" "$recorded" "$plain"
	equal "$name: stdout" "$(without_us "$name.out")" "$(without_us plain.out)"
	equal "$name: stderr" "$(cat "$name.err")" "$(cat plain.err)"
}

# The processes of a recording: parent, last word of the executable, how made, in whose run.
tree() { # FILE
	sql "$1" "SELECT p.process_id, coalesce(p.parent_process_id, '-'),
			replace(p.executable, rtrim(p.executable, replace(p.executable, '/', '')), ''),
			coalesce(e.link_api, '-'), coalesce(maker.process_id, '-')
		FROM process p
		JOIN thread t ON t.process_id = p.process_id AND t.role = 'main'
		JOIN run_edge e ON e.run_id = t.root_run_id
		LEFT JOIN run_edge by ON by.run_id = e.link_run_id
		LEFT JOIN thread maker ON maker.thread_id = by.thread_id
		ORDER BY p.process_id"
}

# --- what is executed: its environment, and whose child it is -------------------------------------

for how in execve execve-preload execve-null execv execvp execvpe execl execlp execle fexecve execveat; do
	same "fork-$how" "$guest" fork $how /usr/bin/env
	equal "fork and $how" "$(tree "fork-$how.db")" $'1|-|fork_guest|-|-\n2|1|env|fork|1'
done
contains 'the library was put into an environment without it' "$(cat fork-execve.out)" "LD_PRELOAD=$library"
contains 'and before what others preload' "$(cat fork-execve-preload.out)" \
	"LD_PRELOAD=$library:libm.so.6 libdl.so.2"

same fork_ "$guest" _Fork execv /usr/bin/env
equal '_Fork' "$(tree fork_.db)" $'1|-|fork_guest|-|-\n2|1|env|_Fork|1'
for how in execve execvp; do
	same "vfork-$how" "$guest" vfork $how env
	[[ $how == execvp ]] &&
		equal "vfork and $how" "$(tree "vfork-$how.db")" $'1|-|fork_guest|-|-\n2|1|env|execvp|1'
done
for how in _exit kill; do
	same "vfork-$how" "$guest" vfork $how
	equal "a child of vfork that ends by $how is nobody else" "$(tree "vfork-$how.db")" '1|-|fork_guest|-|-'
	check "vfork and $how: nothing is lost" check_recording "vfork-$how.db"
done
equal "its exit code is not its parent's" "$(sql vfork-_exit.db 'SELECT exit_code FROM process')" 0
same exec "$guest" exec execvp env
equal 'exec in place: another row' "$(tree exec.db)" $'1|-|fork_guest|-|-\n2|1|env|execvp|1'
for how in plain own preload p-plain p-own; do
	api=posix_spawn
	[[ $how == p-* ]] && api=posix_spawnp
	same "spawn-$how" "$guest" spawn $how /usr/bin/env
	equal "$api, $how environment" "$(tree "spawn-$how.db")" $'1|-|fork_guest|-|-\n2|1|env|'$api'|1'
done
for how in own preload silent plain; do
	same "uv-$how" "$guest" uv $how env
	equal "uv_spawn, $how" "$(tree "uv-$how.db")" $'1|-|fork_guest|-|-\n2|1|env|uv_spawn|1'
	equal "uv_spawn, $how: by the handle" "$(sql "uv-$how.db" "
		SELECT type, p.exit_code FROM process p
		JOIN resource_named r ON r.async_id = p.spawned_by_async_id")" 'uv_process_t|0'
done
same system "$guest" shell system 'echo from the shell; exit 3'
matches 'system' "$(tree system.db)" '2\|1\|[a-z]*sh\|system\|1'
same popen "$guest" shell popen 'echo from the shell; exit 4'
matches 'popen' "$(tree popen.db)" '2\|1\|[a-z]*sh\|popen\|1'
same big "$guest" big execv /usr/bin/env
equal 'an environment of 300 kB' "$(tree big.db)" $'1|-|fork_guest|-|-\n2|1|env|fork|1'

same most "$guest" most

# --- what cannot be executed ----------------------------------------------------------------------

echo text >plain_text
for how in execve execvp execlp execle; do
	same "missing-$how" "$guest" fork $how /nonexistent
	same "text-$how" "$guest" fork $how ./plain_text
done
same missing-vfork "$guest" vfork execvp nonexistent_command
same missing-self "$guest" exec execve /nonexistent
equal 'a process whose exec fails goes on' "$(tree missing-self.db)" '1|-|fork_guest|-|-'
same missing-spawn "$guest" spawn p-plain nonexistent_command
same missing-uv "$guest" uv plain nonexistent_command

# --- programs that the library cannot be loaded into ----------------------------------------------

cat >tiny.c <<'END'
void _start(void);
void _start(void)
{
	int result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(1), "b"(42));
}
END
if ${CC:-cc} -m32 -O1 -ffreestanding -nostdlib -fPIE -pie -o tiny32 tiny.c 2>/dev/null && { ./tiny32; [[ $? == 42 ]]; }; then
	printf '#!%s\n' "$PWD/tiny32" >script32
	printf '#! %s -x\n' "$PWD/script32" >script_of_script
	chmod +x script32 script_of_script
	same class32 "$guest" fork execv ./tiny32
	same class32-script "$guest" fork execvp ./script32
	same class32-scripts "$guest" spawn plain ./script_of_script
	same class32-alone "$guest" vfork execve ./tiny32
else
	skip 'a program of 32 bits' 'the compiler makes none, or they do not run here'
fi
same static "$guest" fork execv "$BUILD/tests/static_guest"
printf 'echo no interpreter is named\n' >nameless
chmod +x nameless
same nameless "$guest" fork execvp ./nameless
same nameless-refused "$guest" fork execv ./nameless

mkdir gone
cp "$ACAUSAL" "$library" gone/
status 'a library that is not there any more' 0 gone/acausal record -o gone.db "$guest" shell system \
	'rm gone/libacausal.so; /usr/bin/env | grep -c LD_PRELOAD; true'
equal 'is not asked for: nobody complains' "$(cat out; grep -v '^acausal: ' err)" $'0\nsystem: 0'

echo 'int main(void) { return 5; }' >asan.c
if ${CC:-cc} -fsanitize=address -o asan asan.c 2>/dev/null && { ./asan; [[ $? == 5 ]]; }; then
	printf '#!/bin/sh\n./asan; ./show\n' >asan_script
	printf '#!/bin/sh\necho $LD_PRELOAD\n' >show
	chmod +x asan_script show
	same asan "$guest" fork execv ./asan
	same asan-uv "$guest" uv own ./asan
	same asan-shell "$guest" shell system './asan; echo $?'
	"$ACAUSAL" record -o asan.db "$guest" fork execv ./asan_script >out 2>&1
	matches "AddressSanitizer's library goes to who needs it alone" "$(cat out)" "(^|"$'\n'")$library"$'\n'
	status 'nor does it disturb others' 0 "$ACAUSAL" record --no-follow "$guest" shell system ./asan
	equal 'with --no-follow' "$(cat out; grep -v '^acausal: ' err)" 'system: 1280'
else
	skip 'a program with AddressSanitizer' 'the compiler makes none'
fi

# --- alone ------------------------------------------------------------------------------------------

"$ACAUSAL" record --no-follow -o alone.db "$guest" uv plain env >out 2>err
equal '--no-follow: children do not get the library' "$(grep -c LD_PRELOAD out)" 0
equal '--no-follow: one process' "$(tree alone.db)" '1|-|fork_guest|-|-'
"$ACAUSAL" record --no-follow -o alone.db "$BUILD/tests/fork_loops" timer >out 2>err
equal '--no-follow: a copy is not recorded' "$(tree alone.db)" '1|-|fork_loops|-|-'

# --- how they end -----------------------------------------------------------------------------------

ends() { # WORDS EXPECTED COMMAND...
	local words=$1 expected=$2
	shift 2
	"$ACAUSAL" record -o end.db "$guest" uv plain "$@" >out 2>err
	equal "a child that ends by $words" \
		"$(sql end.db 'SELECT exit_code, exit_signal FROM process WHERE process_id = 2')" "$expected"
}
ends 'exit' '7|' sh -c 'exit 7'
ends 'a signal' '|9' sh -c 'kill -9 $$'
ends '_exit, after an exec that failed' '77|' "$guest" exec execv /nonexistent
done_testing
