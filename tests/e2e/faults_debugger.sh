#!/usr/bin/env bash
# Recordings that cannot be read, or hardly: on a full disk, in a folder that is read-only, locked,
# without permission, gone. Finished ones, and ones whose recorder was killed.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

ulimit -c 0
"$ACAUSAL" record -o whole.db "$BUILD/tests/timer_chain" 1000 >out 2>err
equal 'a recording is there' "$?" 0
# In a shell of its own, which has a word to say of who was killed.
bash -c '"$0" record -o cut.db "$1" journal parent 150000 1; true' "$ACAUSAL" "$BUILD/tests/kill_load" \
	>out 2>err
wait_for 20 compgen -G 'journal.[0-9]*'
touch journal.go
check 'and one whose recorder was killed' test -s cut.db
run=run:$(sql cut.db 'SELECT max(run_id) FROM run')

nothing_else() { # WORDS: the output is that one line
	equal '… in one line' "$(cat out err)" "acausal: $1"
}

# --- gone, and without permission ---------------------------------------------------------------

status 'gone' 1 "$ACAUSAL" trace -r gone.db run:5
nothing_else "no recording 'gone.db': make one with 'acausal record COMMAND', or name one with -r FILE"
as=()
[[ $(id -u) != 0 ]] || as=(unshare -U) # the same user, for whom permissions count
mkdir closed readonly bare
cp whole.db cut.db closed
chmod 000 closed/*.db
if "${as[@]}" test ! -r closed/whole.db 2>/dev/null; then
	status 'without permission' 1 "${as[@]}" "$ACAUSAL" trace -r closed/whole.db run:5
	nothing_else "cannot read 'closed/whole.db': Permission denied"
	cp whole.db cut.db cut.db-wal readonly
	cp cut.db bare
	chmod 444 readonly/* bare/*
	chmod 555 readonly bare
	status 'a folder that is read-only' 0 "${as[@]}" "$ACAUSAL" trace -r readonly/whole.db run:50
	if [[ -s cut.db-wal ]]; then
		status '… a killed one: what is in its -wal file is not passed over' 1 \
			"${as[@]}" "$ACAUSAL" trace -r readonly/cut.db "$run"
		nothing_else "readonly/cut.db: cannot be read here, because a file has to be made beside it and nothing may be written there: copy it with its -wal file to another folder"
	fi
	status '… and without that file what there is' 0 \
		"${as[@]}" "$ACAUSAL" sql -r bare/cut.db 'SELECT count(*) FROM process'
else
	skip 'without permission' 'root has all permissions, and cannot be without them here'
fi

# --- locked -------------------------------------------------------------------------------------

cat >lock.py <<-'END'
	import os, sqlite3, sys, time

	db = sqlite3.connect(sys.argv[1], isolation_level=None)
	db.execute("PRAGMA locking_mode = EXCLUSIVE")
	db.execute("BEGIN EXCLUSIVE")
	db.execute("SELECT count(*) FROM meta").fetchall()
	open("locked", "w").close()
	time.sleep(float(sys.argv[2]))
END
for file in whole.db cut.db; do
	rm -f locked
	python3 lock.py $file 60 &
	locker=$!
	wait_for 10 test -e locked
	status "$file: locked for ever" 1 timeout 30 "$ACAUSAL" trace -r $file "$run"
	nothing_else "$file: locked by another program for too long: try again"
	kill $locker
	wait $locker 2>/dev/null
done
rm -f locked
python3 lock.py whole.db 0.7 &
wait_for 10 test -e locked
status 'locked for a moment' 0 timeout 30 "$ACAUSAL" trace -r whole.db run:50
wait

# --- a full disk --------------------------------------------------------------------------------

private=(unshare -m)
[[ $(id -u) == 0 ]] || private=(unshare -Urm)
mkdir full
if "${private[@]}" mount -t tmpfs -o size=64k none full 2>/dev/null; then
	size=$(($(stat -c %s cut.db) + $(stat -c %s cut.db-wal) + 65536))
	"${private[@]}" bash -c 'mount -t tmpfs -o size='$size' none full && cp cut.db cut.db-wal full
		cat /dev/zero >full/filling 2>/dev/null
		exec "$0" trace -r full/cut.db "$1"' "$ACAUSAL" "$run" >out 2>err
	status=$?
	if [[ -s cut.db-wal ]]; then
		equal 'a full disk' "$status $(cat out err)" "1 acausal: full/cut.db: cannot be read here, because a file has to be made beside it and there is no room on that disk: copy it with its -wal file to another folder"
	else
		equal 'a full disk' "$status $(cat err)" '0 '
	fi
	"${private[@]}" bash -c 'mount -t tmpfs -o size=1m none full && cp whole.db full
		cat /dev/zero >full/filling 2>/dev/null
		exec "$0" trace -r full/whole.db run:50' "$ACAUSAL" >out 2>err
	equal '… of a finished one' "$? $(cat err)" '0 '
else
	skip 'a full disk' 'nothing may be mounted here'
fi
done_testing
