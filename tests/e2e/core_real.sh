#!/usr/bin/env bash
# Cores of real programs, each with its recording, with only what the core carries, and never
# recorded: the example that crashes, Neovim in a callback of Lua's, and named under load.
# time limit: 180
. "$ROOT/tests/e2e/core.bash"
. "$ROOT/tests/e2e/real_programs.bash"
need_cores

# The same chains, however they are come by.
same_chains() { # WORDS FOLDER
	local recorded own
	recorded=$("$ACAUSAL" trace -r "$2/made.db" --format json crash | chain)
	equal "$1: joined, the core leads where the recording does" \
		"$("$ACAUSAL" core --format json -r "$2/made.db" "$2/core" | crashed | chain)" "$recorded"
	# What the recorder had taken is not in the core: that far, it is the same.
	own=$("$ACAUSAL" core --format json "$2/core" | crashed | chain)
	if [[ -n $own && $recorded == "$own"* ]]; then
		ok "$1: what the core carries is the beginning of that, at least"
	else
		not_ok "$1: what the core carries is the beginning of that, at least"
		note "$(diff <(echo "$recorded") <(echo "$own"))"
	fi
}

# In which run each thread was, the core's stacks and the recorder say independently. A thread that
# was stopped where a callback is just being entered or left is in none that is known.
same_runs() { # WORDS FOLDER MOST: threads of which it is not known
	"$ACAUSAL" core --format json -r "$2/made.db" "$2/core" | json "
		SELECT (thread.value ->> '\$.thread_id') || ':'
			|| coalesce(thread.value ->> '\$.trace.segments[0].run_id', '?')
		FROM json_data, json_each(data, '\$.threads') AS thread
		WHERE thread.value ->> '\$.thread_id' IS NOT NULL
		ORDER BY thread.value ->> '\$.thread_id'" >"$2/runs"
	equal "$1: every thread is in the run that the recorder saw it in" "$(grep -v '?' "$2/runs")" \
		"$(sql "$2/made.db" "SELECT thread_id || ':' || last_run_id FROM thread
			WHERE last_run_id IS NOT NULL ORDER BY thread_id" |
			grep -v -x -f <(grep '?' "$2/runs" | sed 's/?/.*/'))"
	check "$1: and that is known" test "$(grep -c '?' "$2/runs")" -le "$3"
}

native() { # FOLDER: functions of the crashed thread, those with names
	"$ACAUSAL" core --format json "$1/core" | crashed | chain | grep .
}

server=("$BUILD/examples/render_server" "$ROOT/examples/prices.csv")
make_core server "$ACAUSAL" record -o made.db "${server[@]}"
same_chains 'the example' server
same_runs 'the example' server 0
contains 'the example: to main' "$("$ACAUSAL" core server/core)" 'complete: 6 callbacks back to main'
make_core server-alone "${server[@]}"
contains 'the example, not recorded' "$(native server-alone)" $'append_cell\nrender_row\nsend_batch\non_pace'
rm -f server*/core

if command -v nvim >/dev/null; then
	lua='lua local t = vim.loop.new_timer() t:start(50, 0, function() vim.loop.kill(vim.loop.os_getpid(), 6) end)'
	edit=(nvim --headless -u NONE -i NONE -n -c "$lua")
	make_core nvim "$ACAUSAL" record -o made.db "${edit[@]}"
	same_chains Neovim nvim
	matches 'Neovim: in a timer of Lua' "$("$ACAUSAL" core nvim/core)" 'run:[0-9]+ armed by uv_timer_start\(50 ms\)'
	make_core nvim-alone "${edit[@]}"
	contains 'Neovim, not recorded' "$(native nvim-alone)" uv_kill
	equal 'Neovim, not recorded: as many handles and requests as libuv counted' \
		"$("$ACAUSAL" core --format json nvim-alone/core | json "SELECT count(*) > 0,
			sum(NOT loop.value ->> '\$.complete')
			FROM json_data, json_each(data, '\$.loops') AS loop")" '1|0'
	matches 'Neovim, not recorded: its loop, and one of its signals' "$("$ACAUSAL" core nvim-alone/core)" \
		$'OS thread [0-9]+ runs it, now in .*\n +signal .*SIGHUP'
	rm -f nvim*/core
else
	skip Neovim 'not installed'
fi

PATH=$PATH:/usr/sbin
if ! command -v named >/dev/null || ! command -v dnsperf >/dev/null; then
	skip named 'it or dnsperf is not installed'
	done_testing
fi
port=$(free_port)
named_configuration "$port" >named.conf <<END
zone "example.test" { type primary; file "$TMP/example.test.zone"; };
END
printf '$TTL 300\n@ SOA ns hostmaster 1 3600 900 86400 300\n@ NS ns\nns A 127.0.0.1\n' >example.test.zone
echo 'ns.example.test A' >queries

# named is killed while it answers, in a core of its own.
kill_named() { # FOLDER COMMAND...
	local folder=$1 load pid job
	shift
	mkdir -p "$folder"
	(cd "$folder" && exec "$@" named -n 2 -g -c "$TMP/named.conf" >output 2>&1) &
	job=$!
	# shellcheck disable=SC2016  # a port that answers
	wait_for 20 dnsperf -s 127.0.0.1 -p "$port" -d queries -n 1 -c 1 -t 1
	dnsperf -s 127.0.0.1 -p "$port" -d queries -l 10 -c 8 -t 1 >"$folder/load" 2>&1 &
	load=$!
	sleep 1
	pid=$(pgrep -f "^named -n 2 -g -c $TMP/named.conf")
	kill -ABRT "$pid"
	wait "$job"
	kill "$load" 2>/dev/null
	wait "$load" 2>/dev/null
	mv core "$folder/core" # it stands in the folder of its configuration
	[[ -s $folder/core ]] || not_ok "a core of named in $folder"
}

kill_named named "$ACAUSAL" record -o made.db 2>/dev/null
same_chains named named
same_runs named named 1
matches 'named: all its threads are known, and none but main is without a maker' \
	"$("$ACAUSAL" core --format json -r named/made.db named/core | json "
		SELECT sum(thread.value ->> '\$.thread_id' IS NULL),
			sum(NOT thread.value ->> '\$.trace.complete')
		FROM json_data, json_each(data, '\$.threads') AS thread")" '^0\|[01]$'
kill_named named-alone env 2>/dev/null
matches 'named, not recorded: loops and what they wait for' "$("$ACAUSAL" core named-alone/core)" \
	$'loop +at 0x[0-9a-f]+: [0-9]+ active handle.*\n +(udp|tcp|async|timer) '
# What is told of a thread that waits, no other thread can be changing.
equal 'named, not recorded: as many handles as libuv counted, on each waiting loop' \
	"$("$ACAUSAL" core --format json named-alone/core | json "SELECT count(*) > 0,
		sum(NOT loop.value ->> '\$.complete')
		FROM json_data, json_each(data, '\$.loops') AS loop WHERE loop.value ->> '\$.waiting'")" '1|0'
equal 'named, not recorded: a thread for each loop' \
	"$("$ACAUSAL" core --format json named-alone/core | json "SELECT count(*)
			- count(DISTINCT loop.value ->> '\$.os_tid')
		FROM json_data, json_each(data, '\$.loops') AS loop")" 0
rm -f named*/core
done_testing
