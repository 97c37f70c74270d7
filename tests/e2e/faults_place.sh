#!/usr/bin/env bash
# A recording that another process locks, a system without /proc or memfd, a stderr that takes
# nothing.
# shellcheck shell=bash source=tests/e2e/faults.bash
. "$ROOT/tests/e2e/faults.bash"

# --- locked -------------------------------------------------------------------------------------

# lock FILE FOLDER: locks the recording as soon as it is there, until FOLDER/unlock is.
cat >lock.py <<-'END'
	import os, sqlite3, sys, time

	while not os.path.exists(sys.argv[1]):
	    time.sleep(0.005)
	db = sqlite3.connect(f"file:{sys.argv[1]}?mode=rw", uri=True, timeout=60, isolation_level=None)
	while True:
	    try:
	        db.execute("BEGIN EXCLUSIVE")
	        break
	    except sqlite3.OperationalError:
	        time.sleep(0.005)
	open("locked", "w").close()
	while not os.path.exists("unlock"):
	    time.sleep(0.005)
END
# Without making processes, of which each would be a row.
mkfifo nothing
cat >while.sh <<-'END'
	"$1" 2000 >first
	until [[ -e locked ]]; do read -rt 0.02 _ <>nothing; done
	"$1" 2000 >second
	sleep "$2"
	touch "$3"
	"$1" 3000
END
python3 lock.py moment.db &
locker=$!
"$ACAUSAL" record -o moment.db bash while.sh "$chain" 0.3 unlock >out 2>err
status=$?
wait $locker
equal 'locked for a moment' "$(untouched $status moment.db)" ''
check_recording moment.db
rm -f locked unlock
python3 lock.py ever.db &
locker=$!
"$ACAUSAL" record -o ever.db bash while.sh "$chain" 3 late >out 2>err
status=$?
touch unlock
wait $locker
equal 'locked for ever' "$(untouched $status ever.db)" ''
contains '… and that is said' "$(cat err)" 'another process keeps it locked; end that one, or name another file'

# --- no /proc -----------------------------------------------------------------------------------

private=(unshare -m)
[[ $(id -u) == 0 ]] || private=(unshare -Urm)
if "${private[@]}" mount -t tmpfs none /proc 2>/dev/null; then
	"${private[@]}" bash -c 'mount -t tmpfs none /proc && exec "$0" record -o noproc.db "$1" 3000' \
		"$ACAUSAL" "$chain" >out 2>err
	equal 'there is no /proc' "$(untouched $? noproc.db)" ''
	equal '… and all is recorded' "$(sql noproc.db 'SELECT count(*) FROM run')" 3002
	"$ACAUSAL" record -o hidden.db "${private[@]}" bash -c 'mount -t tmpfs none /proc && exec "$0" 3000' \
		"$chain" >out 2>err
	equal 'the program has no /proc' "$(untouched $? hidden.db)" ''
else
	skip 'no /proc' 'nothing may be mounted here'
fi
if "${private[@]}" mount -t proc -o hidepid=2 none /proc 2>/dev/null; then
	"${private[@]}" bash -c 'mount -t proc -o hidepid=2 none /proc && exec "$0" record -o pid.db "$1" 3000' \
		"$ACAUSAL" "$chain" >out 2>err
	equal 'other processes are hidden in /proc' "$(untouched $? pid.db)" ''
else
	skip 'hidepid' '/proc may not be mounted here'
fi

# --- no memfd -----------------------------------------------------------------------------------

cat >forbid.c <<-'END'
	#include <errno.h>
	#include <linux/filter.h>
	#include <linux/seccomp.h>
	#include <stddef.h>
	#include <sys/prctl.h>
	#include <sys/syscall.h>
	#include <unistd.h>

	int main(int argc, char **argv)
	{
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_create, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog program = {sizeof code / sizeof *code, code};

		if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
			return 9;
		execv(argv[1], argv + 1);
		return 9;
	}
END
check 'a filter of system calls is built' "${CC:-cc}" -o forbid forbid.c
if ./forbid "$(command -v true)"; then
	"$ACAUSAL" record -o memfd.db ./forbid "$chain" 3000 >out 2>err
	equal 'memfd_create is forbidden' "$(untouched $? memfd.db)" ''
	equal '… and there is no recording, in one line' "$(grep -c '^acausal: ' err) $(ls memfd.db 2>&1)" \
		"1 ls: cannot access 'memfd.db': No such file or directory"
	note "$(cat err)"
else
	skip 'memfd_create is forbidden' 'no filter can be set here'
fi

# --- a stderr that takes nothing ----------------------------------------------------------------

"$ACAUSAL" record -o full.db "$chain" 3000 >out 2>/dev/full
equal 'stderr is full' "$? $(cat out)" '0 the chain ends'
check_recording full.db
"$chain" 3000 >plain 2>&-
plain=$?
"$ACAUSAL" record -o closed.db "$chain" 3000 >out 2>&-
equal 'stderr is closed' "$? $(cat out)" "$plain $(cat plain)"
check_recording closed.db
"$ACAUSAL" record -o gone.db "$chain" 3000 2> >(exec true) >out
equal 'nobody reads stderr' "$? $(cat out)" '0 the chain ends'
check_recording gone.db
done_testing
