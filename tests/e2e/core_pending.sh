#!/usr/bin/env bash
# A core of a program that was never recorded: what its event loops wait for, read from memory by
# libuv's layout, item by item against what the program itself said of it. libuv is a library, a part
# of the program, or a part that nothing is known of any more; and it may have another layout.
. "$ROOT/tests/e2e/core.bash"
need_cores
program=$BUILD/tests/core_pending

# What `acausal core --format json` on stdin has of all loops, as the program says it.
items() {
	json "SELECT printf('%s %x %x %s%s%s%s', p.value ->> '\$.type', p.value ->> '\$.address',
			p.value ->> '\$.data',
			CASE WHEN p.value ->> '\$.active' THEN 'active ' ELSE '' END,
			CASE WHEN p.value ->> '\$.closing' THEN 'closing ' ELSE '' END,
			CASE WHEN p.value ->> '\$.ref' THEN 'ref ' ELSE '' END,
			coalesce(p.value ->> '\$.function', '-'))
		|| coalesce(' fd=' || (p.value ->> '\$.fd'), '')
		|| coalesce(' events=' || (p.value ->> '\$.events'), '')
		|| CASE WHEN p.value ->> '\$.listening' THEN ' listening' ELSE '' END
		|| CASE WHEN p.value ->> '\$.reading' THEN ' reading' ELSE '' END
		|| CASE WHEN p.value ->> '\$.sent' THEN ' sent' ELSE '' END
		|| CASE WHEN p.value ->> '\$.written' THEN ' written' ELSE '' END
		|| coalesce(' queue_size=' || (p.value ->> '\$.queue_size'), '')
		|| coalesce(' due_ms=' || (p.value ->> '\$.due_ms'), '')
		|| coalesce(' repeat_ms=' || (p.value ->> '\$.repeat_ms'), '')
		|| coalesce(' interval_ms=' || (p.value ->> '\$.interval_ms'), '')
		|| coalesce(' signal=' || (p.value ->> '\$.signal'), '')
		|| coalesce(' os_pid=' || (p.value ->> '\$.os_pid'), '')
		|| coalesce(' operation=' || (p.value ->> '\$.operation'), '')
		|| coalesce(' text=' || (p.value ->> '\$.text'), '')
		|| coalesce(' place=' || (p.value ->> '\$.place'), '')
		|| coalesce(' pool=' || (p.value ->> '\$.pool_callback.function'), '')
		FROM json_data, json_each(data, '\$.loops') AS l, json_each(l.value, '\$.pending') AS p
		WHERE p.value ->> '\$.operation' IS NOT 'stat' OR p.value ->> '\$.text' IS NOT 'watched'" |
		sort
}

of_loops() { # EXPRESSION: of each loop of FOLDER.json on stdin, in the order of addresses
	json "SELECT group_concat(line, char(10)) FROM (SELECT $1 AS line
		FROM json_data, json_each(data, '\$.loops') AS l ORDER BY l.value ->> '\$.address')"
}

# compare WORDS FOLDER: the core there with what the program said there.
compare() {
	"$ACAUSAL" core --format json "$2/core" >"$2.json"
	grep '^uv_' "$2/output" | sort >"$2.said"
	items <"$2.json" >"$2.items"
	check "$1: every handle and request is as the program said" diff "$2.said" "$2.items"
	equal "$1: libuv counted as many" \
		"$(of_loops "l.value ->> '\$.complete'" <"$2.json")" $'1\n1\n1'
	equal "$1: which threads run which loops" \
		"$(of_loops "printf('%x %d', l.value ->> '\$.address', coalesce(l.value ->> '\$.os_tid', 0))" <"$2.json" | sort)" \
		"$(sed -n 's/^loop [a-z]* //p' "$2/output" | sort)"
}

make_core dynamic "$program"
compare 'a library' dynamic
version=$(sed -n 's/^version //p' dynamic/output)
matches 'the layout is that of its version' \
	"$(of_loops "l.value ->> '\$.layout'" <dynamic.json | head -n 1)" "^that of libuv $version\$|debug information"
equal 'what the crashed thread was in' "$(of_loops "l.value ->> '\$.in.function'" <dynamic.json)" on_soon
matches 'how long one waits at most' "$(of_loops "l.value ->> '\$.wait_ms'" <dynamic.json)" '^7[12][0-9]{5}$'
equal "each pool thread has one thing in hand" "$(json "SELECT count(DISTINCT p.value ->> '\$.os_tid')
	FROM json_data, json_each(data, '\$.loops') AS l, json_each(l.value, '\$.pending') AS p
	WHERE p.value ->> '\$.place' = 'running'" <dynamic.json)" 3

make_core deliver "$program" deliver
compare 'while what is done is being delivered' deliver
equal 'in the callback of the first' "$(of_loops "l.value ->> '\$.in.function'" <deliver.json)" after_quick

said=$("$ACAUSAL" core dynamic/core)
contains 'it is said that this is no history' "$said" 'what the event loops were waiting for; not how'
contains 'and by what the layout is known' "$said" 'layout of libuv: '
matches 'a line of the text' "$said" 'timer +on_hour +tests/programs/core_pending.c:[0-9]+ +due in .*repeat 3600000 ms'
matches 'a request below its handle' "$said" $'pipe .*fd [0-9]+[^\n]*\n +write +on_first'
matches 'work, and what is called after it' "$said" \
	$'work +do_held[^\n]*OS thread [0-9]+ has it[^\n]*\n +then +after_held'
matches 'a thread that waits for a loop' "$said" 'OS thread [0-9]+ runs it, waiting in epoll for at most'
contains 'one that is in a callback' "$said" 'runs it, now in on_soon tests/programs/core_pending.c:'
contains 'a loop that nobody runs' "$said" 'which thread ran it, if any did, is not known'
if [[ $said == *'were found'* || $said == *'could not be found'* ]]; then
	not_ok 'nothing is missing' || note "$(grep found <<<"$said")"
else
	ok 'nothing is missing'
fi

# A part of the program, whose own debug information has the layout; and of which nothing is known.
archive=$(pkg-config --variable=libdir libuv)/libuv_a.a
if [[ -e $archive ]]; then
	"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O0 -g -o whole "$ROOT/tests/programs/core_pending.c" \
		"$archive" -lpthread -ldl
	strip -o bare whole
	make_core part "$TMP/whole"
	compare 'a part of the program' part
	matches 'the layout is that of debug information' \
		"$(of_loops "l.value ->> '\$.layout'" <part.json | head -n 1)" '^by the debug information of whole'
	equal 'a part of the program: what the crashed thread was in' \
		"$(of_loops "l.value ->> '\$.in.function'" <part.json)" on_soon

	# The debug information in a file of its own.
	objcopy --only-keep-debug whole whole.debug
	cp bare apart
	objcopy --add-gnu-debuglink=whole.debug apart
	make_core separate "$TMP/apart"
	compare 'separate debug information' separate
	contains 'the layout is that of separate debug information' \
		"$(of_loops "l.value ->> '\$.layout'" <separate.json)" 'by the debug information of apart'

	# Nothing but names.
	"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -rdynamic -s -o named "$ROOT/tests/programs/core_pending.c" \
		"$archive" -lpthread -ldl
	make_core names "$TMP/named"
	"$ACAUSAL" core --format json names/core >names.json
	equal 'a version that only code tells' \
		"$(of_loops "l.value ->> '\$.layout'" <names.json | sort -u)" "that of libuv $version"

	make_core stripped "$TMP/bare"
	"$ACAUSAL" core --format json stripped/core >stripped.json
	places() { cut -d ' ' -f 1-3; }
	equal 'stripped: all but what pool threads have in hand' "$(items <stripped.json | places)" \
		"$(grep '^uv_' stripped/output | grep -v place=running | sort | places)"
	equal 'stripped: that there is more is known' \
		"$(of_loops "(l.value ->> '\$.active_requests') - (l.value ->> '\$.found_requests')" <stripped.json | sort)" $'0\n0\n3'
	contains 'stripped: the version is not known' "$(of_loops "l.value ->> '\$.layout'" <stripped.json)" \
		'bare does not tell its version'
	contains 'stripped: and that is said' "$("$ACAUSAL" core stripped/core)" 'of which 3 could not be found'
else
	skip 'a part of the program' 'there is no archive of libuv here'
fi

# Another layout, which debug information has; without that nothing is said.
"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O1 -g -o other "$ROOT/tests/programs/core_layout/other.c"
strip -o other-bare other
make_core other-core "$TMP/other"
"$ACAUSAL" core --format json other-core/core >other.json
equal 'another layout: by debug information' "$(items <other.json | cut -d ' ' -f 1,3-)" \
	"$(printf '%s\n' 'uv_async_t 5 active ref on_async sent' \
		'uv_timer_t 77 active ref on_timer due_ms=750 repeat_ms=250')"
make_core other-stripped "$TMP/other-bare"
equal 'another layout, not known: nothing is said' \
	"$("$ACAUSAL" core --format json other-stripped/core | json "SELECT data ->> '\$.loops' FROM json_data")" '[]'

# Loops within loops: nothing wrong is said, whatever the compiler keeps where.
for level in -O0 -O2; do
	"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE $level -g -o "nested$level" \
		"$ROOT/tests/programs/core_layout/nested.c" -luv
	make_core "within$level" "$TMP/nested$level"
	"$ACAUSAL" core --format json "within$level/core" >within.json
	equal "a loop within a loop, $level: run by the thread that crashed, or not known" \
		"$(of_loops "coalesce(l.value ->> '\$.os_tid', data ->> '\$.os_pid')
			= data ->> '\$.os_pid'" <within.json | sort -u)" 1
	equal "a loop within a loop, $level: each in its own callback" \
		"$(of_loops "coalesce(l.value ->> '\$.in.function', 'on_inner')" <within.json | sort -u |
			grep -vx 'on_inner\|on_outer')" ''
	read -r outer inner _ <"within$level/output"
	equal "a loop within a loop, $level: and not in the other's" \
		"$(of_loops "printf('%x %s', l.value ->> '\$.address', l.value ->> '\$.in.function')" <within.json |
			grep -x "$outer on_inner\|$inner on_outer")" ''
	equal "a loop that another thread waits for, $level" "$(of_loops "l.value ->> '\$.waiting'" <within.json | sort -u)" 0
done

# A recorded one has its history instead.
make_core recorded "$ACAUSAL" record -o made.db "$program"
equal 'a recorded one shows async stacks instead' "$("$ACAUSAL" core --format json recorded/core |
	json "SELECT data ->> '\$.loops' IS NULL, data ->> '\$.recorded' FROM json_data")" '1|1'
done_testing
