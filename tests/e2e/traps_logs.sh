#!/usr/bin/env bash
# Lines of programs that make it hard to know where they went: descriptors that are used again by
# many threads, files that are opened for each line, signal handlers that write in the middle of a
# line, and programs that allow no questions.
. "$ROOT/tests/e2e/lib.sh"

writer=$BUILD/tests/trap_logs

record() { # NAME: in a folder of its own
	mkdir "$1"
	cd "$1" || exit 1
	status "$1: exit status" 0 "$ACAUSAL" record -o ../"$1.db" "$writer" "$1"
	cd .. || exit 1
	check_recording "$1.db"
}

# All the lines of the files that are logs, as they are there and as they were recorded: the latter
# with the name of the file that they are said to be in.
there() { # FOLDER
	(cd "$1" && grep -H '' ./*.log | sed 's|^\./||' | sort)
}

recorded() { # DATABASE
	sql "$1" "SELECT replace(path, rtrim(path, replace(path, '/', '')), '') || ':' || text
		FROM log WHERE path LIKE '%.log'" | sort
}

record reuse
equal 'descriptors used again: each line is in its file' "$(recorded reuse.db | md5sum)" \
	"$(for t in 0 1 2 3; do for ((i = 0; i < 1500; i++)); do
		echo "t$t-$((i % 8)).log:t$t-$((i % 8)).log $i"; done; done | sort | md5sum)"
equal 'and each file is known once' \
	"$(sql reuse.db "SELECT count(*), count(DISTINCT path) FROM sink WHERE path LIKE '%.log'")" '32|32'

record again
# More often than there is room for files.
equal 'opened for each line: all lines' "$(sql again.db "SELECT count(*), min(text), max(full_length)
	FROM log WHERE path LIKE '%/again.log'")" '6000|again.log 0|14'

record handed
equal 'given to another file: each line is in its file' "$(recorded handed.db)" "$(there handed)"

record signals
equal 'a signal handler writes: each line is whole' "$(recorded signals.db | md5sum)" \
	"$(there signals | md5sum)"
matches 'and it came often' "$(wc -l <signals/handler.log)" '^[1-9][0-9]{2,}$'

for mode in strict filter; do
	record $mode
	equal "$mode: what was known before, and standard output and error" \
		"$(sql $mode.db "SELECT text FROM log ORDER BY log_id" | paste -sd,)" \
		'out 1,known.log 1,out 2,known.log 2,err 1'
	equal "$mode: those are known" "$(sql $mode.db "SELECT count(DISTINCT sink_id) FROM log
		WHERE text LIKE 'out%' OR text LIKE 'err%'")" 2
done

# It cannot be recorded any more; it must not be killed for our trying.
record child
equal 'a child that shuts itself in: its parent goes on' \
	"$(sql child.db "SELECT text FROM log" | paste -sd,)" 'parent 1'

record forked
equal 'forked while a thread prints: the lines of a thread that lies where that one did' \
	"$(recorded forked.db)" "$(there forked)"
equal 'which are there' "$(wc -l <forked/forked.log)" 5

done_testing
