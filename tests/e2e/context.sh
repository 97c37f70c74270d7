# `context`, and what else shows values of a context: `trace`, `info`, `log --with`, `lost-context`, SQL;
# on a recording written by SQL: tests/fixtures/contexts.sql says what happens in it.
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_RECORDING NO_COLOR PAGER
export COLUMNS=100
A=$ACAUSAL

cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/contexts.sql" >all.sql
cat all.sql "$ROOT/schema/indexes.sql" | sqlite3 -batch acausal.db
# The same without an index, as when it was cut short.
cat all.sql - <<<"UPDATE meta SET value = 0 WHERE key = 'complete'" | sqlite3 -batch cut.db

# object POINT [KEY]: the values in force, as JSON.
object() { # [-r FILE] POINT [KEY]
	"$A" context --format json "$@" | json "SELECT data -> '\$.context' FROM json_data"
}

# Of each change: what edge key value other_value run other_run.
changes() { # POINT [KEY]
	"$A" context --format json "$@" | json "SELECT (e.value ->> '\$.what') || ' ' || (e.value ->> '\$.edge') || ' ' ||
		(e.value ->> '\$.key') || ' ' || coalesce(e.value ->> '\$.value', '-') || ' ' ||
		(e.value ->> '\$.other_value') || ' ' || (e.value ->> '\$.run_id') || ' ' || (e.value ->> '\$.other_run_id')
		FROM json_data, json_each(data, '\$.changes') e"
}

# --- what is in force -----------------------------------------------------------------------------

for recording in acausal.db cut.db; do
	equal "$recording: main, at its end" "$(object -r "$recording" run:1)" '{"service":"api"}'
	equal "$recording: … before it was set" "$(object -r "$recording" log:1)" '{}'
	equal "$recording: in a handler, after the first set" "$(object -r "$recording" log:2)" '{"request_id":"A"}'
	equal "$recording: … after all of them" "$(object -r "$recording" run:10)" '{"request_id":"A2","user":"alice"}'
	equal "$recording: of a resource, where it was made" "$(object -r "$recording" 4)" '{"user":"alice","request_id":"A"}'
	equal "$recording: inherited over fs" "$(object -r "$recording" run:11)" '{"user":"alice","request_id":"A"}'
	equal "$recording: … over work, in the pool" "$(object -r "$recording" run:14)" '{"user":"alice","request_id":"A"}'
	equal "$recording: … and after it" "$(object -r "$recording" run:15)" '{"user":"alice","request_id":"A"}'
	equal "$recording: … over a timer, with what was set there" "$(object -r "$recording" run:12)" \
		'{"step":"two","user":"alice","request_id":"A"}'
	equal "$recording: taken away" "$(object -r "$recording" run:13)" '{"step":"two","user":"alice"}'
	equal "$recording: … not yet" "$(object -r "$recording" log:4)" '{"step":"two","user":"alice","request_id":"A"}'
	equal "$recording: … and so not inherited" "$(object -r "$recording" run:16)" '{"step":"two","user":"alice"}'
	equal "$recording: armed too early" "$(object -r "$recording" run:33)" '{}'
	equal "$recording: of one key" "$(object -r "$recording" run:10 user)" '{"user":"alice"}'
done

# --- where it was set -----------------------------------------------------------------------------

set_at=$("$A" context run:10 request_id --format json | json "SELECT (data ->> '\$.values[0].run_id') || ' ' ||
	(data ->> '\$.values[0].set_ns') || ' ' || (data ->> '\$.values[0].replaced_value') || ' ' ||
	(data ->> '\$.values[0].frames[0].function') FROM json_data")
equal 'the run, the moment, what it replaced, the place' "$set_at" '10 100800000 A begin_request'
text=$("$A" context run:16)
contains 'in words, of another run' "$text" 'user=alice, set in run:10 (on_request of tcp 2), at +0.100200 s'
contains 'what was taken away, where' "$text" 'request_id was taken away in run:13 (on_retry of timer 23)'
contains '… the place' "$text" 'end_request  http.c:120'
contains '… in place of what' "$text" 'in place of A of run:10'
contains 'set here' "$("$A" context log:2)" 'request_id=A, set here, in run:10'

# --- where it was lost ----------------------------------------------------------------------------

equal 'a connection that requests share: link and cause differ' "$(changes run:31 request_id)" \
	$'replaced cause request_id A B 31 30\nlate link request_id A A2 31 10'
contains '… with the stack at that boundary' "$("$A" context run:31)" 'send_query  pool.c:40'
equal 'a queue that main made: lost at its send' "$(changes run:32 request_id)" \
	'lost cause request_id - B 32 30'
equal '… and so further on' "$(changes run:34 request_id)" 'lost cause request_id - B 32 30'
contains '… in words' "$("$A" context run:34 request_id | tr -s '\n ' ' ')" \
	'run:32 (drain_queue of async 3) began without request_id: request_id=B was in force where it was fired, by uv_async_send in run:30'
contains '… and what to type next' "$("$A" context run:34 request_id)" 'acausal trace run:30'
equal 'set after arming' "$(changes run:33 request_id)" 'late link request_id - B 33 30'
contains '… how long after' "$("$A" context run:33 request_id | tr -s '\n ' ' ')" \
	'request_id=B was set 50 us after it was armed, by uv_timer_start in run:30'
equal 'nothing was lost' "$(changes run:16 step)" ''
contains '… in words' "$("$A" context run:16 step)" 'nothing was lost or replaced on the way back to main'
# A recorder that forgets: what the arming should have had.
cp acausal.db forgot.db
sqlite3 -batch forgot.db 'DELETE FROM arming_context WHERE arming_id = 4'
equal 'lost along the link' "$(changes -r forgot.db run:13 user)" 'lost link user - alice 13 12'
# What was overwritten is not lost.
cp acausal.db over.db
sqlite3 -batch over.db 'DELETE FROM context WHERE context_id = 2'
equal 'values whose row is not there are not said to be lost' "$(changes -r over.db run:31 request_id)" ''
contains '… but that some may be missing' "$("$A" context -r over.db run:15)" 'older values may be missing'

# --- what is not there ----------------------------------------------------------------------------

status 'a key that was never set' 1 "$A" context run:16 session
contains '… says which there are' "$(cat err)" "no 'session' was ever set in acausal.db: its keys are request_id, service, step, user"
cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/server.sql" "$ROOT/schema/indexes.sql" | sqlite3 -batch none.db
status 'a recording without context' 1 "$A" context -r none.db
contains '… says so' "$(cat err)" 'acausal: no context was recorded in none.db'
status '… at the log too' 1 "$A" log -r none.db --with request_id
contains '… says so' "$(cat err)" 'no context was recorded in none.db'
status 'no such point' 1 "$A" context run:99
status 'no point at all' 2 "$A" context a b c
# Recordings of old have no tables for it.
sqlite3 -batch none.db 'DROP VIEW run; DROP VIEW arming; DROP VIEW resource; DROP TABLE resource_context; DROP TABLE arming_context; DROP INDEX context_by_run'
status 'a recording of old' 1 "$A" context -r none.db
check '… is traced all the same' "$A" trace -r none.db

# --- elsewhere ------------------------------------------------------------------------------------

contains 'trace: at the head' "$("$A" trace run:13)" 'step=two (set in run:12), user=alice (set in run:10)'
contains '… set here' "$("$A" trace log:2)" 'request_id=A (set in it)'
contains '… of a cause, what differs' "$("$A" trace run:31 | tr -s '\n ' ' ')" 'before; request_id=B differs'
contains '… what is lost' "$("$A" trace run:32 | tr -s '\n ' ' ')" 'before; request_id=B is lost here'
equal '… in JSON, of each segment and cause' "$("$A" trace run:31 --format json |
	json "SELECT (s.value -> '\$.context') || coalesce(s.value -> '\$.cause' -> '\$.context', '')
		FROM json_data, json_each(data, '\$.segments') s")" \
	$'{"user":"alice","request_id":"A"}\n{"user":"alice","request_id":"A"}{"request_id":"B"}\n{}'
contains 'info of a run' "$("$A" info run:31)" 'context     user=alice, request_id=A (set in run:10)'
contains 'info of a resource' "$("$A" info 23)" 'context     step=two (set in run:12), user=alice, request_id=A (set in run:10)'
equal 'info of a line, in JSON' "$("$A" info log:3 --format json | json "SELECT data -> '\$.context' FROM json_data")" \
	'{"request_id":"A2","user":"alice"}'
equal 'log --with' "$("$A" log --with request_id | tr -s ' ' | cut -d' ' -f6-)" $'request_id=- listening
request_id=A request begins\nrequest_id=A2 request goes on\nrequest_id=A retry\nrequest_id=- request ends
request_id=A reply\nrequest_id=- drained'
equal '… with several, both ways' "$("$A" log --with user,step --with request_id 'goes' | tr -s ' ' | cut -d' ' -f6-)" \
	'user=alice step=- request_id=A2 request goes on'
equal '… in JSON' "$("$A" log --with user,step goes --format json | json "SELECT data -> '\$[0].context' FROM json_data")" \
	'{"user":"alice","step":null}'
status '… without a key' 2 "$A" log --with ,

equal 'lost-context' "$("$A" query lost-context --format csv | tr -d '\r' | sed 1d | cut -d, -f1-8)" \
	$'request_id,replaced,uv_tcp_t,uv_write,1,B,A,31\nrequest_id,lost,uv_async_t,uv_async_send,1,B,,32'
equal '… without an index' "$("$A" query -r cut.db lost-context --format csv | sed 1d | wc -l)" 2
equal '… of one key' "$("$A" query lost-context key=user --format csv | sed 1d)" ''
equal 'context_at' "$("$A" sql --format csv 'SELECT context_at(10, 100150000), context_at(10, NULL), context_at(33, NULL)' | sed 1d | tr -d '\r')" '2,4,'
equal 'context_values' "$("$A" sql --format csv 'SELECT key, value FROM context_values(context_at(13, NULL))' | sed 1d | tr -d '\r')" \
	$'step,two\nuser,alice'

# --- hostile --------------------------------------------------------------------------------------

cp acausal.db hostile.db
sqlite3 -batch hostile.db "
	UPDATE context SET parent_context_id = 6 WHERE context_id = 5; -- forward: not followed
	UPDATE context SET key = x'1b5d303b' || request.key, value = char(27) || '[2J' || char(8238)
		FROM (SELECT key FROM context WHERE context_id = 2) request WHERE context_id = 4;
	WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
	INSERT INTO context SELECT i, i - 1, 9223372036854775807, 34, 'k' || i % 1000, NULL, 9223372036854775807, -1 FROM n;
	UPDATE context SET set_ns = -9223372036854775807, value = hex(zeroblob(1000000)) WHERE context_id = 7"
for point in run:10 run:13 run:16 run:34 run:30 run:31 log:3 4 run:1; do
	text=$(timeout 20 "$A" context -r hostile.db $point 2>&1)
	matches "hostile: context $point ends" $? '^[01]$'
	[[ $text != *$'\e'* ]] || not_ok "hostile: $point leaves the terminal alone"
	check "… trace" timeout 20 "$A" trace -r hostile.db $point
	equal '… JSON' "$(timeout 20 "$A" trace -r hostile.db $point --format json |
		json 'SELECT json_valid(data) FROM json_data')" 1
done
check 'hostile: the log' timeout 20 "$A" log -r hostile.db --with request_id,k1
check 'hostile: lost-context' timeout 20 "$A" query -r hostile.db lost-context

done_testing
