#!/usr/bin/env bash
# A disk that is full or broken, and a recording that is taken away while it is written.
# shellcheck shell=bash source=tests/e2e/faults.bash
. "$ROOT/tests/e2e/faults.bash"

# --- each write, each sync, each truncation -----------------------------------------------------

check 'the preload that fails is built' faults_build
equal 'each write may fail, and all after it' "$(sweep write on 1 2 3 5 8 13 21 30 34 38 42 46 50 54 58 62 66 70)" ''
contains '… and that is said' "$(cat said)" 'database or disk is full; make room on that disk, or record'
equal 'each write may fail, once' "$(sweep write once 1 4 7 11 20 33 36 40 44 48 52 56 60)" ''
equal 'each sync may fail' "$(sweep sync on 1 2 3 4 5; sweep sync once 1 2 3)" ''
equal 'each truncation may fail' "$(sweep truncate on 1 2 3; sweep truncate once 1 2 3)" ''
equal 'each opening may fail' "$(sweep open on 1 2 3 4 5 6; sweep open once 1 2 3 4 5 6)" ''
rm -f said
sweep write on 100000 >wrong
equal 'a sweep ends where nothing fails any more' "$(cat wrong) $(ls hit 2>/dev/null)" ' '

# --- a small disk -------------------------------------------------------------------------------

private=(unshare -m)
[[ $(id -u) == 0 ]] || private=(unshare -Urm)
mkdir small
if "${private[@]}" mount -t tmpfs -o size=64k none small 2>/dev/null; then
	for size in 16k 400k 1500k 6m; do
		"${private[@]}" bash -c 'mount -t tmpfs -o size='"$size"' none small &&
			"$0" record -o small/a.db "$1" 100000 >out 2>err
			echo $? >status; cp small/a.db* . 2>/dev/null' "$ACAUSAL" "$chain"
		equal "a disk of $size is full" "$(untouched "$(cat status)" a.db)" ''
		contains "… and that is said" "$(cat err)" 'is full'
		rm -f a.db*
	done
	mkdir readonly
	"${private[@]}" bash -c 'mount -t tmpfs -o ro none readonly && "$0" record -o readonly/a.db "$1" 9 >out 2>err
		echo $? >status' "$ACAUSAL" "$chain"
	equal 'a file system that cannot be written is refused at once' "$(cat status out err)" \
		$'125\nacausal: no recording can be made in readonly: Read-only file system'
else
	skip 'a small disk' 'nothing may be mounted here'
fi

# --- no folder, no permission, a limit ----------------------------------------------------------

status 'a folder that is not there' 125 "$ACAUSAL" record -o nowhere/a.db "$chain" 9
equal '… is named' "$(cat out err)" 'acausal: no recording can be made in nowhere: No such file or directory'
mkdir closed
chmod 555 closed
as=()
[[ $(id -u) != 0 ]] || as=(unshare -U) # the same user, for whom permissions count
if "${as[@]}" test ! -w closed 2>/dev/null; then
	status 'a folder that one may not write to' 125 "${as[@]}" "$ACAUSAL" record -o closed/a.db "$chain" 9
	equal '… is named' "$(cat out err)" 'acausal: no recording can be made in closed: Permission denied'
else
	skip 'a folder without permission' 'root has all permissions, and cannot be without them here'
fi

cat >limited.sh <<-'END'
	prlimit --pid $PPID --fsize=600000
	exec "$1" 100000
END
"$ACAUSAL" record -o limited.db sh limited.sh "$chain" >out 2>err
equal 'the recorder may write no larger files' "$(untouched $? limited.db)" ''
matches '… and says what to do' "$(cat err)" 'a limit on the size of files: raise it .ulimit -f'

# --- taken away ---------------------------------------------------------------------------------

cat >away.sh <<-'END'
	"$1" 2000 >first
	until [ -s away.db ]; do sleep 0.02; done
	eval "$2"
	"$1" 2000
END
"$ACAUSAL" record -o away.db sh away.sh "$chain" 'rm away.db*' >out 2>err
equal 'removed while it is written' "$(untouched $? away.db)" ''
matches '… and that is said in one line' "$(cat err)" \
	'^acausal: recording failed: [^:]* away\.db [^.]*: No such file or directory[^.]*$'
"$ACAUSAL" record -o away.db sh away.sh "$chain" 'mv away.db b.db' >out 2>err
equal 'moved while it is written' "$(untouched $? away.db)" ''
matches '… and that is said' "$(cat err)" 'recording failed: .*away.db.* was moved'
"$ACAUSAL" record -o away.db sh away.sh "$chain" 'rm away.db*; echo hello >away.db' >out 2>err
equal 'replaced while it is written: the program is untouched' "$? $(cat out)" '0 the chain ends'
equal '… that is said in one line' "$(cat err)" \
	'acausal: recording failed: the recording away.db was replaced by another file while it was being written'
equal '… and the other file is let be' "$(cat away.db)" hello
done_testing
