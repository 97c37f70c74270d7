#!/usr/bin/env bash
# Real programs in flight mode with little room: BIND's named under load, looked at in the middle, and
# nvim. They answer as ever, and how what is alive came to be is known.
# time limit: 180
. "$ROOT/tests/e2e/real_programs.bash"
PATH=$PATH:/usr/sbin

# What was alive when the snapshot was made: each async stack must reach a root run.
live_traces_reach_root() { # FILE COUNT
	local point traced=0 ended=() trace
	for point in $(sql "$1" "SELECT async_id FROM resource JOIN type USING (type_id)
		WHERE class = 'handle' AND destroyed_ns IS NULL ORDER BY random() LIMIT $2"); do
		trace=$("$ACAUSAL" trace -r "$1" --format json "$point" 2>&1)
		traced=$((traced + 1))
		[[ $(tr -d ' \n\t' <<<"$trace") == *'"complete":true'* ]] ||
			ended+=("$point: $(tr -d '\n' <<<"$trace" | grep -o '"ended":.*')")
	done
	equal "$1: the async stacks of what is alive reach a root run" "${ended[*]-}" ''
	[[ $traced -ge 3 ]] && ok "$1: $traced of them were traced" ||
		not_ok "$1: only $traced were there"
}

if ! command -v named >/dev/null || ! command -v dnsperf >/dev/null || ! command -v dig >/dev/null; then
	skip named 'not installed (packages bind9, dnsperf, bind9-dnsutils)'
else
	port=$(free_port)
	named_configuration "$port" >named.conf <<-END
		zone "example.test" { type primary; file "example.test.zone"; };
	END
	printf '$TTL 300\n@ SOA ns hostmaster 1 3600 900 86400 300\n@ NS ns\nns A 127.0.0.1\n' \
		>example.test.zone
	for i in $(seq 100); do
		echo "h$i A 192.0.2.$i" >>example.test.zone
		echo "h$i.example.test A"
	done >queries
	LD_PRELOAD="$BUILD/libacausal.so" ACAUSAL_FLIGHT=1M \
		named -n 2 -g -c "$TMP/named.conf" >named.out 2>&1 &
	pid=$!
	wait_for 30 dig -p "$port" @127.0.0.1 +tries=1 +time=1 ns.example.test
	dnsperf -s 127.0.0.1 -p "$port" -d queries -l 3 -c 8 >udp.out 2>&1 &
	load=$!
	sleep 1.5
	status 'a snapshot of named under load' 0 "$ACAUSAL" snapshot -o busy.db "$pid"
	matches 'it was overwriting' "$(<err)" 'all since \+[0-9.]+ s is there'
	wait "$load"
	dnsperf -s 127.0.0.1 -p "$port" -d queries -n 4 -c 8 -m tcp >tcp.out 2>&1
	contains 'every query over TCP was answered' "$(<tcp.out)" '(100.00%)'
	status 'a snapshot of named at rest' 0 "$ACAUSAL" snapshot -o rest.db "$pid"
	kill -TERM "$pid"
	wait "$pid"
	equal 'named ends with status 0' "$?" 0
	contains 'named says that it exits' "$(<named.out)" exiting
	for file in busy.db rest.db; do
		check_recording $file
		live_traces_reach_root $file 25
		# That is what these tests are worth.
		equal "$file: its loops and sockets are older than its history" \
			"$(sql $file "SELECT count(*) > 3 FROM resource JOIN type USING (type_id), process
				WHERE class = 'handle' AND destroyed_ns IS NULL
					AND created_ns < history_from_ns")" 1
	done
fi

if ! command -v nvim >/dev/null; then
	skip nvim 'not installed (package neovim)'
else
	cat >wait.vim <<-'END'
		let g:ticks = 0
		function! Tick(timer)
			let g:ticks += 1
			if g:ticks == 300
				call writefile(['ready'], 'ready')
			endif
		endfunction
		call timer_start(1, 'Tick', {'repeat': -1})
	END
	mkfifo input
	LD_PRELOAD="$BUILD/libacausal.so" ACAUSAL_FLIGHT=1M \
		nvim --headless -u NONE -i NONE -n -c 'source wait.vim' <input >nvim.out 2>&1 &
	pid=$!
	exec 9>input
	wait_for 30 test -s ready
	# Later versions have the editor in a process of its own.
	editor=$(pgrep -P "$pid" -x nvim)
	editor=${editor:-$pid}
	status 'a snapshot of nvim' 0 "$ACAUSAL" snapshot -o nvim.db "$editor"
	check_recording nvim.db
	live_traces_reach_root nvim.db 25
	kill -TERM "$pid"
	wait "$pid"
	exec 9>&-
fi
done_testing
