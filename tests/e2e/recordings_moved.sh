#!/usr/bin/env bash
# Recordings move: copied with and without what belongs to them, onto media that nothing can be written
# to, in the midst of being written, under other names. Each can be looked at, or it is said what is
# missing.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

ulimit -c 0
"$ACAUSAL" record -o whole.db "$BUILD/tests/timer_chain" 1000 >out 2>err
equal 'a recording is there' "$?" 0
# In a shell of its own, which has a word to say of who was killed.
bash -c '"$0" record -o cut.db "$1" journal parent 400000 1; true' "$ACAUSAL" "$BUILD/tests/kill_load" \
	>out 2>err
wait_for 20 compgen -G 'journal.[0-9]*'
touch journal.go
check 'and one whose recorder was killed' test -s cut.db-wal

looks() { # FILE: everything that is asked of a recording first works
	local file=$1 command
	for command in '' 'trace run:1' 'info process:1' 'query destroy-coverage' 'sql .tables' \
		"diff $file"; do
		# shellcheck disable=SC2086  # several words
		timeout 30 "$ACAUSAL" -r "$file" $command >looked 2>looked.err || {
			not_ok "$file: '$command' works"
			note "$(cat looked.err)"
			return 1
		}
	done
	ok "$file: can be looked at"
}

rows_of() { # FILE: as the debugger sees it
	"$ACAUSAL" sql -r "$1" --format csv 'SELECT count(*), max(run_id) FROM run' 2>&1 | tail -n 1
}

# --- copied -------------------------------------------------------------------------------------

mkdir copied alone
cp cut.db cut.db-wal copied
cp cut.db alone
before=$(sha256sum <copied/cut.db)
looks copied/cut.db
equal 'with its -wal all of it is there' "$(rows_of copied/cut.db)" "$(rows_of cut.db)"
equal 'looking at it changes nothing' "$(sha256sum <copied/cut.db)" "$before"
contains 'it is said that it was cut short' "$("$ACAUSAL" -r copied/cut.db)" \
	'cut short: what came last may be missing'
status 'without it' 0 "$ACAUSAL" -r alone/cut.db
contains 'it is said what is missing' "$(tr -s ' \n' ' ' <out)" \
	'cut short, and no -wal file is beside it: what came last, or all, may be missing'
status 'what is not in it' 1 "$ACAUSAL" trace -r alone/cut.db run:999999999
contains 'is said to be so for that' "$(<err)" 'it was cut short, and its -wal file is not beside it'
check 'all of it can still be asked' "$ACAUSAL" sql -r alone/cut.db 'SELECT count(*) FROM run'
status 'compared with the whole of it' 0 "$ACAUSAL" diff -r cut.db alone/cut.db
contains '… that is said too' "$(tr -s ' \n' ' ' <out)" 'and no -wal file is beside it'
# Another program, that may write, puts it in order: there is no -wal then, and nothing is missing.
cp -r copied settled
sqlite3 settled/cut.db 'PRAGMA journal_mode = DELETE' >out 2>err
check 'settled by SQLite: no -wal' test ! -e settled/cut.db-wal
equal 'all of it is there' "$(rows_of settled/cut.db)" "$(rows_of cut.db)"
matches 'and nothing is said to be missing' "$("$ACAUSAL" -r settled/cut.db)" \
	'cut short: what came last may be missing'

# Any names and places.
mkdir 'a folder?#%'
cp whole.db 'a folder?#%/x y.db'
looks 'whole.db'
status 'a name with all kinds of letters' 0 "$ACAUSAL" trace -r 'a folder?#%/x y.db' run:50
ln -s "$TMP/whole.db" link.db
status 'by a symbolic link' 0 "$ACAUSAL" trace -r link.db run:50
cp cut.db linked.db
cp cut.db-wal linked.db-wal
ln -s linked.db link-cut.db
equal 'by a link, with a -wal beside what it leads to' "$(rows_of link-cut.db)" "$(rows_of cut.db)"

# --- media that nothing can be written to -------------------------------------------------------

private=(unshare -m)
[[ $(id -u) == 0 ]] || private=(unshare -Urm)
mkdir medium
if "${private[@]}" mount -t tmpfs none medium 2>/dev/null; then
	cat >on_medium.sh <<-'END'
		mount -t tmpfs none medium && mkdir medium/all medium/two medium/alone || exit 9
		cp whole.db cut.db cut.db-wal cut.db-shm medium/all 2>/dev/null
		cp cut.db cut.db-wal medium/two
		cp cut.db medium/alone
		mount -o remount,ro medium || exit 9
		touch medium/writable 2>/dev/null && exit 9
		for file in medium/all/whole.db medium/all/cut.db medium/two/cut.db medium/alone/cut.db; do
			timeout 30 "$1" sql -r $file --format csv 'SELECT count(*), max(run_id) FROM run' 2>&1 | tail -n 1
			timeout 30 "$1" trace -r $file run:1 >trace.out 2>&1
			echo "$?"
		done
	END
	"${private[@]}" bash on_medium.sh "$ACAUSAL" >answers 2>err
	mapfile -t answers <answers
	equal 'read-only: a whole one' "${answers[0]} ${answers[1]}" "$(rows_of whole.db) 0"
	# Once it was looked at, a -shm file is there too.
	equal 'read-only: a cut one with all its files' "${answers[2]} ${answers[3]}" "$(rows_of cut.db) 0"
	equal 'read-only: with its -wal alone it is said what to do' "${answers[4]} ${answers[5]}" \
		'acausal: medium/two/cut.db: cannot be read here, because a file has to be made beside it and nothing may be written there: copy it with its -wal file to another folder 1'
	equal 'read-only: without it, as anywhere' "${answers[6]}" "$(rows_of alone/cut.db)"
else
	skip 'read-only media' 'nothing may be mounted here'
fi

# --- while it grows -----------------------------------------------------------------------------

mkfifo go
"$ACAUSAL" record -o growing.db bash -c "$BUILD/tests/diff_ways 200; read -r _ <go; $BUILD/tests/diff_ways 50" \
	>out 2>err &
recorder=$!
# shellcheck disable=SC2317  # wait_for calls it
is_written() {
	[[ $("$ACAUSAL" sql -r growing.db --format csv 'SELECT count(*) FROM run' 2>/dev/null | tail -n 1 | tr -d '\r') -gt 100 ]]
}
wait_for 30 is_written || not_ok 'it grows'
looks growing.db
contains 'it is said that it grows' "$("$ACAUSAL" -r growing.db)" 'still growing'
mkdir midst bare
cp growing.db growing.db-wal midst
cp growing.db bare
looks midst/growing.db
matches 'a copy of that moment grows no more' "$("$ACAUSAL" -r midst/growing.db)" 'cut short'
matches 'nor does one without its -wal' "$("$ACAUSAL" -r bare/growing.db 2>&1)" \
	'no -wal file is beside it|cut short before anything was recorded'
status 'one that grows, compared with a copy' 0 "$ACAUSAL" diff -r growing.db midst/growing.db
# As by `mv`: the -wal stays. The recorder, which ends when its file is gone, still finds it.
ln growing.db moved.db
status 'taken away while it grows' 0 timeout 30 "$ACAUSAL" sql -r moved.db 'SELECT count(*) FROM process'
rm moved.db
timeout 20 bash -c "echo >go"
wait "$recorder"
check_recording growing.db
looks growing.db
equal 'and then it is whole' "$("$ACAUSAL" -r growing.db | grep -c 'growing,\|cut short')" 0

# --- cut, by bytes ------------------------------------------------------------------------------

size=$(stat -c %s whole.db)
for part in 0 1 50 99 100 4096 $((size / 3)) $((size - 4096)) $((size - 1)); do
	head -c "$part" whole.db >part.db
	timeout 30 "$ACAUSAL" trace -r part.db run:50 >out 2>err
	code=$?
	[[ $code == 1 && $(wc -l <err) == 1 && $(<err) == 'acausal: '* ]] || {
		[[ $code == 0 && ! -s err ]] || {
			not_ok "the first $part bytes of it"
			note "$code: $(<err)"
			continue
		}
	}
	ok "the first $part bytes of it: an answer, or why there is none"
done
# Half of the last transaction in the -wal: SQLite knows it by its checksum.
cp cut.db part.db
size=$(stat -c %s cut.db-wal)
for part in 10 32 1000 $((size / 2)) $((size - 1)); do
	rm -f part.db-shm
	head -c "$part" cut.db-wal >part.db-wal
	check "the first $part bytes of its -wal" timeout 30 "$ACAUSAL" sql -r part.db 'SELECT count(*) FROM run'
done
done_testing
