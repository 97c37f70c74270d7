#!/usr/bin/env bash
# `find`: resources by type, function, file, detail, context, thread, process, address; coalesced, ranked; what
# is not found.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING COLUMNS NO_COLOR PAGER
export ACAUSAL_RECORDING=found.db
A=$ACAUSAL

# The library's fixture with contexts, details, addresses and names: on_connection (frame 3) makes timers in
# open_session; request_id=7f3a is set in context 1, replaced in 3, and 2 adds a user.
cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/library.sql" - "$ROOT/schema/indexes.sql" <<<"
	INSERT INTO context (context_id, parent_context_id, key, value) VALUES (1, NULL, 'request_id', '7f3a'),
		(2, 1, 'user', 'Ada'), (3, 2, 'request_id', '9c11');
	INSERT INTO resource_context VALUES (1005, 1), (1006, 2), (1007, 3), (1008, 3);
	INSERT OR REPLACE INTO detail (async_id, text) VALUES (1010, '/etc/hosts'), (1011, '/ETC/passwd'), (1012, '/srv/etcetera'),
		(403, '192.0.2.7:53'), (404, 'a' || char(27) || '[2J');
	UPDATE packed_resource SET address_delta = 4096 WHERE async_id = 405;
	UPDATE origin SET address = 65536 WHERE origin_id = 5;
	UPDATE thread SET name = 'reader-thread' WHERE thread_id = 3;" | sqlite3 -batch found.db

find() {
	timeout 60 "$A" find "$@"
}

# COUNT of the resources that are found.
count() { # WORD...
	find --format json "$@" | json "SELECT data ->> 'count' FROM json_data"
}
ids() { # WORD...
	find --all --format json --limit 100 "$@" | json "SELECT group_concat(value ->> 'async_id', ' ')
		FROM json_data, json_each(data, '$.resources')"
}
expected() { # WHERE
	sql found.db "SELECT count(*) FROM resource_named WHERE $1"
}

# --- what is found ------------------------------------------------------------------------------

equal 'type' "$(count type=tcp)" "$(expected "type = 'uv_tcp_t'")"
equal "type, by Node's name" "$(count type=TCPWRAP)" "$(expected "type = 'uv_tcp_t'")"
equal 'upper and lower case' "$(count type=UV_TCP)" "$(expected "type = 'uv_tcp_t'")"
equal 'a regular expression' "$(count 'type=/^uv_(tcp|timer)_t$/')" "$(expected "type IN ('uv_tcp_t', 'uv_timer_t')")"
equal 'api' "$(count api=uv_fs_read)" "$(expected "api = 'uv_fs_read'")"
equal 'a detail' "$(ids detail=hosts)" 1010
equal 'a detail with a star' "$(ids 'detail=/etc/*')" '1011 1010'
equal 'a detail as a bare word' "$(ids 192.0.2.7)" 403
equal 'an address' "$(ids address=0x11000)" 405
equal 'a context that is in force' "$(ids request_id=7f3a)" '1006 1005'
equal '… where it was replaced' "$(ids context=request_id=9c11)" '1008 1007'
equal '… what was set before another key' "$(ids user=ada)" '1008 1007 1006'
equal '… any key' "$(ids context=ada)" '1008 1007 1006'
equal 'a thread by name: what was made on it' "$(count thread=reader-thread)" "$(expected 'thread_id = 3')"
equal 'a process: what is of it' "$(count process=/srv/app/server type=tcp)" "$(expected "type = 'uv_tcp_t'")"
equal 'alive=end' "$(count type=timer alive=end)" "$(expected "type = 'uv_timer_t' AND destroyed_ns IS NULL")"
equal 'a function anywhere in the creating stack' "$(count function=on_connection type=timer)" \
	"$(expected "type = 'uv_timer_t' AND stack_id = 3")"
equal 'a callback that ran' "$(count function=on_retry type=timer)" \
	"$(sql found.db "SELECT count(DISTINCT async_id) FROM run JOIN source ON frame_id = callback_frame_id
		JOIN resource_named USING (async_id) WHERE source.function = 'on_retry' AND type = 'uv_timer_t'")"
equal 'a function where it was armed' "$(ids function=keep api=uv_timer_init alive=end | tr ' ' '\n' | grep -cx 301)" 1
equal 'a line of a file' "$(count file=session.c:40)" "$(count function=open_session)"
equal '… and no other line' "$(find file=session.c:41 >/dev/null 2>&1; echo $?)" 1
equal 'several words: all of them' "$(count tcp on_connection)" "$(expected "type = 'uv_tcp_t' AND stack_id IN (2, 3)")"

# --- how it is shown ----------------------------------------------------------------------------

text=$(COLUMNS=100 find on_connection)
contains 'kinds with their number and the newest' "$text" ' 51 x timer'
contains '… and where they were made' "$text" 'by uv_timer_init in open_session'
contains '… and where the match is, when it is further out' "$text" 'called from on_connection'
contains 'what is still there' "$text" '41 still there'
matches 'the nearest match first' "$text" $'^ *3[0-9] x tcp.*\n(.*\n)* *51 x timer'
contains 'what to type next' "$text" 'acausal info'
equal 'no control characters' "$(find 'detail=[2J' 2>/dev/null | tr -dc '\033')" ''
contains 'one that has some is found' "$(find 'detail=[2J')" '404'
for columns in 40 80; do
	equal "no line is wider than $columns columns" "$(COLUMNS=$columns find server.c uv 2>/dev/null
		COLUMNS=$columns find uv | awk -v w=$columns 'length($0) > w')" ''
done
equal '--limit' "$(find --limit 2 uv_ | grep -c ' x ')" 2
contains '… and says what it left out' "$(find --limit 2 uv_)" 'more left out (--limit)'
equal '--all: single ones, the newest first' "$(ids type=async)" '2002'
equal 'JSON: by what' "$(find --format json file=retry.c type=timer | json "SELECT value ->> 'by', value ->> 'matching_function'
	FROM json_data, json_each(data, '$.kinds') LIMIT 1")" 'run|on_retry'
sqlite3 found.db "SELECT 'DROP INDEX ' || name || ';' FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL" >drop.sql
cp found.db plain.db
sqlite3 plain.db <drop.sql
equal 'without an index the same' "$(find -r plain.db --format json function=on_retry)" "$(find --format json function=on_retry)"

# --- what is not --------------------------------------------------------------------------------

one_line() { # WORDS STATUS PART COMMAND...
	local words=$1 expected=$2 part=$3
	shift 3
	status "$words: status $expected" "$expected" "$@"
	equal "$words: one line" "$(wc -l <err)" 1
	contains "$words: its words" "$(cat err)" "$part"
	equal "$words: nothing on stdout" "$(cat out)" ''
}
one_line 'nothing' 1 "nothing matches 'zzzzqqq'" "$A" find zzzzqqq
one_line 'a name that is nearly one' 1 'did you mean on_connection' "$A" find function=on_conection
one_line 'a type that is nearly one' 1 'uv_timer_t' "$A" find type=uv_timr_t
one_line 'each but not all' 1 'each of it alone' "$A" find type=async detail=hosts
one_line 'no word' 2 'find' "$A" find
one_line 'a bad pattern' 2 'is no regular expression' "$A" find '/(/'
one_line 'a bad address' 2 'takes an address' "$A" find address=here
one_line 'a bad limit' 2 'takes a number' "$A" find --limit many tcp
one_line 'a moment' 2 "alive= takes 'end'" "$A" find alive=+3s

# A damaged recording: IDs of names that are far apart, circles of callers and contexts.
cp found.db damaged.db
sqlite3 damaged.db "UPDATE stack SET caller_id = stack_id WHERE stack_id = 2; UPDATE context SET parent_context_id = 3 WHERE context_id = 1;
	INSERT INTO packed_resource (async_id, origin_id) VALUES (9223372036854775807, 9223372036854775807), (-5, -1);
	UPDATE packed_request SET origin_id = NULL, entry_id = 4611686018427387904 WHERE async_id = 1005"
for words in tcp on_connection request_id=7f3a 'type=timer alive=end' address=0x11000 process=server; do
	# shellcheck disable=SC2086
	find -r damaged.db $words >out 2>err
	[[ $? -le 1 ]] || not_ok "damaged: $words ends in order: $(cat err)"
done
sqlite3 damaged.db 'INSERT INTO stack VALUES (9000000000, NULL, 1, 0)'
one_line 'numbers that no recorder wrote' 1 'damaged' "$A" find -r damaged.db tcp

done_testing
