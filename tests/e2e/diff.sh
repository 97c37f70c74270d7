#!/usr/bin/env bash
# `acausal diff`: the same program twice differs in nothing; what one of them does beside is told, and
# that alone. By names of functions, so that another build can be compared; and by their points.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

ways=$BUILD/tests/diff_ways
make_recording() { # NAME FLAG...
	local name=$1
	shift
	"$ACAUSAL" record -o "$name.db" "$ways" 40 "$@" >out 2>err </dev/null ||
		not_ok "$name is recorded"
}

# What differs, one a line: its kind, and the call or callback and the function it is in.
told() { # BASE OTHER [OPTION...]
	local base=$1 other=$2
	shift 2
	"$ACAUSAL" diff -r "$base.db" "$other.db" "$@" --format json | json "
		SELECT DISTINCT value ->> 'kind' || ' ' || coalesce(value ->> 'callback', value ->> 'api') ||
			coalesce(' ' || (value ->> '\$.stack[0]'), '')
		FROM json_data, json_each(data, '\$.differences') WHERE NOT (value ->> 'rare') ORDER BY 1"
}

# The same without times, which a busy machine makes.
counted() { # BASE OTHER [OPTION...]
	told "$@" | grep -v '^[a-z]*_time '
}

make_recording plain
make_recording again nothing
status 'the same program twice' 0 "$ACAUSAL" diff -r plain.db again.db
equal 'differs in nothing' "$(counted plain again)" ''
status 'a recording and itself' 0 "$ACAUSAL" diff --exit-code -r plain.db plain.db
matches 'differ in nothing, which is one line' "$(<out)" $'\n\nno difference: [^\n]*$'
equal 'and says nothing on stderr' "$(<err)" ''

# Something else each time. What waits longer behind it may be told too.
for flag in leak path fail twice; do
	make_recording $flag $flag
done
equal 'a leak' "$(counted plain leak)" 'only_other uv_timer_init keep_forever'
equal 'from the other side' "$(counted leak plain)" 'only_base uv_timer_init keep_forever'
status '--exit-code' 1 "$ACAUSAL" diff --exit-code -r plain.db leak.db
equal 'without words' "$(<err)" ''
status 'none without it' 0 "$ACAUSAL" diff -r plain.db leak.db
contains 'its stack is told' "$(<out)" 'keep_forever'
contains 'and that it is one' "$(<out)" 'timer created by uv_timer_init, 39 times, none of them ever destroyed'
contains 'and its way' "$(<out)" 'in on_stat  <  uv_fs_stat in on_tick  <  uv_timer_start in on_tick'
contains 'the first round is no other one' "$(<out)" 'and by 1 other way'
point=$(sed -n 's/.*acausal trace -r leak.db \([0-9]*\)$/\1/p' out)
status 'what it says to type' 0 "$ACAUSAL" trace -r leak.db "$point"
contains 'is it' "$(<out)" 'keep_forever'
equal 'another path, there and not here' "$(counted plain path)" \
	'only_base uv_timer_init open_session
only_base uv_timer_start open_session
only_other uv_timer_init open_session
only_other uv_timer_start open_session'
equal 'errors' "$(counted plain fail)" 'status on_stat'
matches 'which' "$("$ACAUSAL" diff -r plain.db fail.db)" 'on_stat of fs: ENOENT in 0 of 39 runs -> 39 of 39'
equal 'more of it' "$(counted plain twice)" 'created uv_fs_stat look'
contains 'for one run' "$("$ACAUSAL" diff -r plain.db twice.db)" 'created 1 -> 2 in each run (39 -> 78 in all)'

make_recording slow slow
contains 'what is made and armed is said in one' "$("$ACAUSAL" diff -r plain.db path.db)" \
	'timer created by uv_timer_init and armed by uv_timer_start, 39 times'
contains 'a slower callback' "$(told plain slow --by time)" 'run_time on_session'
equal 'and nothing is in one alone' "$(counted plain slow)" ''
equal 'comes first by time' "$("$ACAUSAL" diff -r plain.db slow.db --by time |
	grep -A1 '^how long callbacks run' | grep -o '  on_session of timer is slower: median' | head -n 1)" \
	'  on_session of timer is slower: median'
make_recording late late
contains 'slower work' "$(told plain late)" 'run_time on_work'
contains 'is waited for longer' "$(told plain late)" 'wait_time on_worked'

# Only once, of 40 times: that may be chance.
make_recording once once
status 'what happens once in one of them' 0 "$ACAUSAL" diff --exit-code -r plain.db once.db
contains 'is said to be too little to tell' "$(<out)" 'too seldom to tell from chance: --all shows'
status '--all' 0 "$ACAUSAL" diff --all -r plain.db once.db
contains 'shows it' "$(<out)" 'recover'

equal '--type of another' "$(counted plain leak --type uv_fs_t)" ''
equal '--type in short' "$(counted plain leak --type timer)" 'only_other uv_timer_init keep_forever'
make_recording all leak path fail
contains '--limit' "$("$ACAUSAL" diff -r plain.db all.db --limit 1)" 'more: --limit N'

# How long it went on is no difference: half as many rounds.
"$ACAUSAL" record -o half.db "$ways" 20 >out 2>err
equal 'another number of rounds' "$(counted plain half)" ''

# What was not destroyed when a program was cut off is no leak, unless there is more and more of it.
cp plain.db cut.db
sqlite3 cut.db "UPDATE process SET exit_code = NULL, ended_ns = NULL;
	UPDATE packed_resource SET lifetime_ns = NULL WHERE async_id =
		(SELECT min(async_id) FROM resource JOIN type USING (type_id) WHERE type.name = 'uv_timer_t')"
equal 'what a program had when it was cut off' "$(counted plain cut)" ''
sqlite3 cut.db "UPDATE process SET exit_code = 0"
matches 'and at its end' "$(told plain cut)" '^alive '
sqlite3 cut.db "UPDATE process SET exit_code = NULL; UPDATE packed_resource SET lifetime_ns = NULL"
matches 'all that it made' "$(told plain cut)" '^alive uv_timer_init open_session'

# --- points -------------------------------------------------------------------------------------

# Each is its own like, the how manieth it is.
for recording in plain path; do
	for point in 5 20 100 run:3 run:50 run:200; do
		"$ACAUSAL" diff -r $recording.db $recording.db $point --format json >out 2>err
		equal "$recording: $point is its own like" \
			"$(json "SELECT data ->> '\$.match', data ->> '\$.base.point', data ->> '\$.other.point',
				data ->> '\$.different' FROM json_data" <out)" "same|$point|$point|0"
	done
done
point=$(sql path.db "SELECT async_id FROM stack_frame JOIN resource USING (stack_id)
	WHERE function = 'open_by_cache' ORDER BY async_id LIMIT 1 OFFSET 9")
status 'two points' 0 "$ACAUSAL" diff -r plain.db path.db "$(sql plain.db "SELECT async_id
	FROM stack_frame JOIN resource USING (stack_id) WHERE function = 'open_session'
	ORDER BY async_id LIMIT 1 OFFSET 9")" "$point"
contains 'the first divergence' "$(<out)" \
	'they part in on_stat, 3 callbacks from main: plain.db calls open_session, path.db calls open_by_cache'
matches 'what is only in the other' "$(<out)" $'\n\\+ +open_by_cache '
matches 'what both have' "$(<out)" $'\n    on_stat '
status 'one point' 0 "$ACAUSAL" diff -r path.db plain.db "$point"
contains 'finds what comes nearest' "$(<out)" 'nothing there has the same async stack, this comes nearest'
contains 'and where they part' "$(<out)" 'they part in on_stat'
status 'a log line' 0 "$ACAUSAL" diff -r plain.db again.db log:1
contains 'has the same' "$(<out)" 'the same async stack'
status '--exit-code of points' 1 "$ACAUSAL" diff --exit-code -r path.db plain.db "$point"

# --- another build ------------------------------------------------------------------------------

if command -v cc >/dev/null; then
	mkdir other
	{
		echo 'static int unused_here[4]; void *nothing(void); void *nothing(void) { return unused_here; }'
		cat "$ROOT/tests/programs/diff_ways.c"
	} >other/changed.c
	# shellcheck disable=SC2046  # several words
	if cc -O1 -g -o other/changed other/changed.c $(pkg-config --cflags --libs libuv) 2>err; then
		"$ACAUSAL" record -o built.db other/changed 40 >out 2>err
		equal 'another build of it, under another name' "$(counted plain built)" ''
		cp "$ways" other/bare
		strip -s other/bare 2>/dev/null
		"$ACAUSAL" record -o bare.db other/bare 40 >out 2>err
		"$ACAUSAL" record -o bare2.db other/bare 40 >out 2>err
		equal 'without names, the same build' "$(counted bare bare2)" ''
		equal 'is not worth a word' "$("$ACAUSAL" diff -r bare.db bare2.db | grep 'without a name')" ''
		# shellcheck disable=SC2046
		cc -O0 -o other/bare other/changed.c $(pkg-config --cflags --libs libuv) 2>err
		strip -s other/bare 2>/dev/null
		"$ACAUSAL" record -o bare3.db other/bare 40 >out 2>err
		matches 'without names, another build' "$("$ACAUSAL" diff -r bare.db bare3.db)" \
			'bare is another build in bare3.db, and has [0-9]+ functions without a name'
		matches 'with names and without' "$(told plain bare)" 'only_other'
	else
		skip 'another build' 'the compiler does not find libuv'
	fi
else
	skip 'another build' 'there is no compiler'
fi

# --- what cannot be -----------------------------------------------------------------------------

status 'no other' 2 "$ACAUSAL" diff -r plain.db
status 'one that is not there' 1 "$ACAUSAL" diff -r plain.db gone.db
contains 'is said' "$(<err)" "no recording 'gone.db'"
status 'no point of it' 1 "$ACAUSAL" diff -r plain.db again.db 99999
status 'no number' 2 "$ACAUSAL" diff -r plain.db again.db --limit many
echo text >text
status 'no recording' 1 "$ACAUSAL" diff -r plain.db text
equal '… in one line' "$(wc -l <err)" 1
"$ACAUSAL" diff -r plain.db leak.db --format json | json "SELECT json_valid(data) FROM json_data" >out
equal 'JSON' "$(<out)" 1
done_testing
