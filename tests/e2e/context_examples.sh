#!/usr/bin/env bash
# The examples about contexts: a server whose log lines know their request, with the library, recorded,
# and without; a pool that mixes requests up, the query that finds the place, and the same one mended.
. "$ROOT/tests/e2e/lib.sh"

ask() { # PORT NAME: the answer's body
	local line
	exec 3<>"/dev/tcp/127.0.0.1/$1" || return
	printf 'GET /%s HTTP/1.1\r\nHost: here\r\nX-Name: "%s"\r\n\r\n' "$2" "$2" >&3
	while read -r line && [[ $line != $'\r' ]]; do :; done <&3
	cat <&3
	exec 3>&-
}

# Starts the server, which ends after two requests, and asks it both at once: files NAME.one, NAME.two,
# NAME.log.
serve() { # NAME COMMAND...
	local name=$1 port pid
	shift
	"$@" 0 --requests 2 >"$name.out" 2>"$name.log" &
	pid=$!
	wait_for 10 grep -q . "$name.out" || return
	port=$(sed 's/.*:\([0-9]*\)\/$/\1/' "$name.out")
	ask "$port" one >"$name.one" &
	ask "$port" two >"$name.two"
	wait $!
	wait "$pid"
}

server=$BUILD/examples/context_server
id_in() { # FILE: the ID that an answer has
	json "SELECT data ->> '\$.id' FROM json_data" <"$1"
}

check 'without the library it serves' serve without "$server"
equal 'there is no context' "$(id_in without.one)$(id_in without.two)" ''
equal 'each line of the log says so' "$(sort without.log | uniq -c | sed 's/^ *//')" \
	'2 [no context] answered
2 [no context] asked
2 [no context] found the size
2 [no context] hashed
2 [no context] hashing'

for way in preloaded recorded; do
	case $way in
	preloaded) command=(env LD_PRELOAD="$BUILD/libacausal.so" "$server") ;;
	recorded) command=("$ACAUSAL" record -o server.db "$server") ;;
	esac
	check "$way it serves" serve "$way" "${command[@]}"
	one=$(id_in $way.one) two=$(id_in $way.two)
	matches "$way: each has an ID" "$one $two" '^[0-9a-f]{8} [0-9a-f]{8}$'
	[[ $one != "$two" ]] && ok 'two of them' || not_ok 'two of them'
	for name in one two; do
		equal "$way: and its own headers" \
			"$(json "SELECT data ->> '\$.headers.\"X-Name\"' FROM json_data" <$way.$name)" "\"$name\""
		equal "$way: and its own lines in the log, in their order" \
			"$(grep "^\[${!name}\]" $way.log)" "[${!name}] asked
[${!name}] found the size
[${!name}] hashing
[${!name}] hashed
[${!name}] answered"
	done
	equal "$way: there are no other lines" "$(grep -vc "^\[\($one\|$two\)\]\|^acausal: " $way.log)" 0
done
check_recording server.db
equal 'the recording has the two IDs' \
	"$(sql server.db "SELECT value FROM context WHERE key = 'request_id' ORDER BY value")" \
	"$(printf '%s\n' "$one" "$two" | sort)"
equal 'a callback begins with that of the request that it came of' "$(sql server.db "
	SELECT count(*), min(l.text LIKE '[' || c.value || ']%') FROM log l JOIN run r USING (run_id)
	JOIN context c ON c.context_id = r.context_id WHERE l.fd = 2")" '8|1'
if command -v valgrind >/dev/null; then
	check 'under valgrind it serves, and has freed all contexts in the end' \
		serve checked env LD_PRELOAD="$BUILD/libacausal.so" valgrind --quiet --error-exitcode=9 \
		--leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all "$server"
else
	skip 'under valgrind it serves, and has freed all contexts in the end' 'there is no valgrind'
fi

# --- a pool that answers in another request's name ------------------------------------------------------

run_pool() { # NAME [--fixed]
	status "pool_mixup ${2:-}" 0 "$ACAUSAL" record -o "$1.db" "$BUILD/examples/pool_mixup" "${@:2}"
	cp out "$1.out"
	check_recording "$1.db"
	"$ACAUSAL" query -r "$1.db" lost-context --format json >"$1.json"
}

run_pool before
equal 'two get what is not theirs' "$(grep -c 'carol gets.*carol\|dave gets.*dave' before.out)" 0
equal 'the query names one place: where one request gives another its turn' \
	"$(json "SELECT value ->> '\$.key', value ->> '\$.type', value ->> '\$.count',
		value ->> '\$.stack' LIKE '%pool_give_back%' FROM json_data, json_each(data)" <before.json)" \
	'request|uv_async_t|2|1'
matches '… and that what waits is to be bound where it is queued' \
	"$(json "SELECT value ->> '\$.bind_at' FROM json_data, json_each(data)" <before.json)" \
	'^pool_wait \(examples/pool_mixup.c:[0-9]+\)$'
matches '… as `context` says of the line' \
	"$("$ACAUSAL" context -r before.db log:7 request | tr -s '\n ' ' ')" \
	'bind at pool_wait \(examples/pool_mixup.c:[0-9]+\), where what is run here begins to wait: acausal_bind there'
run_pool after --fixed
equal 'mended, each gets its own' "$(grep -c 'alice.*alice\|bob.*bob\|carol.*carol\|dave.*dave' after.out)" 4
equal 'and the query finds nothing' \
	"$(json "SELECT json_array_length(data) FROM json_data" <after.json)" 0
equal 'what waited was made where it was queued' "$(sql after.db "
	SELECT DISTINCT t.name, r.api, f.function FROM resource r JOIN type t USING (type_id)
	JOIN stack_frame f USING (stack_id) WHERE t.class = 'user' AND f.depth = 0")" \
	'turn|acausal_bind|pool_wait'
equal 'and answers as the request that waited' "$(sql after.db "
	SELECT l.text LIKE 'request ' || c.value || ' %' FROM log l JOIN run r USING (run_id)
	JOIN context c ON c.context_id = r.context_id WHERE l.text LIKE '%answered%'")" '1
1
1
1'

done_testing
