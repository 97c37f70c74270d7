#!/usr/bin/env bash
# Files of lines that are moved, cut, deleted and exchanged below the program that writes to them, and
# writers that end in the middle: what a recording says of each.
. "$ROOT/tests/e2e/lib.sh"

program=$BUILD/tests/trap_sinks

# Records one trap in a folder of its own. Its output is what it is without us.
record() { # TRAP [OPTION-OF-RECORD...]
	local trap=$1 plain
	shift
	mkdir -p "plain.$trap" "$trap"
	(cd "plain.$trap" && "$program" "$trap" >out 2>err)
	plain=$?
	(cd "$trap" && "$ACAUSAL" record "$@" -o trap.db -- "$program" "$trap" >out 2>err)
	equal "$trap: status" $? $plain
	sed -i -e '/^acausal: /d' -e 's/acausal: [0-9]* resources.*//' "$trap/err"
	(cd "plain.$trap" && find . -type f -exec sha256sum {} + | sort -k 2) >"$trap.expected"
	(cd "$trap" && find . -type f ! -name 'trap.db*' -exec sha256sum {} + | sort -k 2) >"$trap.files"
	# The kernel alone says in which order threads write.
	[[ $trap == interleave ]] ||
		equal "$trap: the same files" "$(<"$trap.files")" "$(<"$trap.expected")"
	db=$trap/trap.db
	equal "$trap: complete, nothing lost" "$(sql "$db" "SELECT key, value FROM meta
		WHERE key IN ('complete', 'lost_events') ORDER BY key")" $'complete|1\nlost_events|0'
	equal "$trap: each line has its run and stack" \
		"$(sql "$db" "SELECT count(*) FROM log WHERE run_id IS NULL OR stack_id IS NULL")" 0
}

# The lines with the last part of their files' paths, in the order of their first bytes.
lines() {
	sql "$db" "SELECT coalesce(replace(path, rtrim(path, replace(path, '/', '')), ''), '-') || ': ' || text
		FROM log ORDER BY written_ns, log_id"
}

# --- files --------------------------------------------------------------------------------------

record rotate
equal 'rotate: lines are of the name that they were written under' "$(lines)" \
	$'app.log: before\napp.log: moved\napp.log: after'
equal 'rotate: of two files, one of which was moved' "$(sql "$db" "SELECT
	replace(moved_to, rtrim(moved_to, replace(moved_to, '/', '')), ''), group_concat(text, ' ')
	FROM (SELECT * FROM log ORDER BY log_id) JOIN sink USING (sink_id)
	GROUP BY inode ORDER BY moved_to IS NULL")" $'app.log.1|before moved\n|after'

record truncate
equal 'truncate: both lines are there' "$(lines)" $'app.log: a line that goes\napp.log: stays'

record unlink
equal 'unlink: the name is as it was' "$(lines)" $'app.log: before\napp.log: after'

record unseen
equal 'unseen: what the kernel alone knows is noticed after a while' "$(lines)" \
	$'app.log: a line\nout: out\nother.log: in the other\nout: out again'

record kinds
equal 'kinds: only files are logs by their name, and standard output always is one' \
	"$(sql "$db" "SELECT text, kind FROM log JOIN sink USING (sink_id) ORDER BY log_id")" \
	$'in memory|file\nin a pipe|pipe\nin a socket|socket\nin memory again|file\nnowhere|other'

record many
equal 'many: 5,000 files, a line each' "$(sql "$db" 'SELECT count(*), count(DISTINCT text) FROM log')" \
	'5000|5000'
equal 'many: no line is said to be in another file' "$(sql "$db" "SELECT count(*) FROM log
	WHERE path IS NOT NULL AND path NOT LIKE '%/' || substr(text, 9) || '.log'")" 0
matches 'many: of most the file is known' \
	"$(sql "$db" 'SELECT count(*) FROM log WHERE path IS NOT NULL')" '^(4[0-9]{3}|5000)$'

if [[ $(id -u) == 0 ]]; then
	record chroot
	equal 'chroot: what is standard output or appended to is a log without a name too' \
		"$(sql "$db" 'SELECT text FROM log ORDER BY log_id')" $'out\nappended'
else
	skip 'chroot' 'for root alone'
fi

# --- writers ------------------------------------------------------------------------------------

record vfork
equal 'vfork: what it writes is its parent'"'"'s, whose descriptors stay as they are' \
	"$(lines)" $'out: before\nout: in the child\nerr: after\nout: after'

record limit
equal 'limit: what was written, and no more' "$(lines)" 'app.log: only ten o and the rest'

record interleave
equal 'interleave: each thread has its lines' \
	"$(sql "$db" "SELECT text, count(*), count(DISTINCT thread_id) FROM log GROUP BY text
		HAVING text NOT GLOB '*, second, third' OR count(*) <> 1")" ''
equal 'interleave: all of them' "$(sql "$db" "SELECT count(*), count(DISTINCT thread_id),
	count(DISTINCT writer_id) FROM log")" '300|3|3'

record killed 2>/dev/null
equal 'killed: what it had begun is there' "$(lines)" $'out: whole\nout: unended'

record exec
equal 'exec: and what goes on with it is another'"'"'s' "$(lines)" $'out: unended, \nout: and another'
equal 'exec: which is another process' "$(sql "$db" 'SELECT count(DISTINCT process_id) FROM log')" 2

record fork
equal 'fork: each has its own line' "$(sql "$db" "SELECT process_id, text FROM log
	ORDER BY process_id, log_id")" $'1|parent, and on\n2|child\n2|unended'

record thread
equal 'thread: what it left unended is its line' "$(sql "$db" "SELECT text, name FROM log
	JOIN run USING (run_id) JOIN resource USING (async_id) JOIN type USING (type_id)
	ORDER BY log_id")" $'unended by its thread|pthread_t\nmain|uv_timer_t'

record pieces
equal 'pieces: of several files are put together' "$(lines)" \
	$'one.log: one one one end\ntwo.log: two two two end\nout: out out out end'

# --- which lines are kept -------------------------------------------------------------------------

record names
equal 'names: by default' "$(lines)" \
	$'app.log: app\nappended: appended\nout: out\nerr: err'
for option in '--no-log:' '--log=data.*:data.bin: data
app.log: app
appended: appended
out: out
err: err'; do
	rm -rf names plain.names
	record names "${option%%:*}"
	equal "names: ${option%%:*}" "$(lines)" "${option#*:}"
done
rm -rf names plain.names
record names --no-log --log 'data.*'
equal 'names: one alone' "$(lines)" 'data.bin: data'
rm -rf names plain.names
record names --no-log --log "$TMP/names/app*"
equal 'names: by whole paths' "$(lines)" $'app.log: app\nappended: appended'
rm -rf names plain.names
record names --no-log --log stderr
equal 'names: standard error' "$(lines)" 'err: err'

done_testing
