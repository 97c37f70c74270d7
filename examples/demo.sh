#!/usr/bin/env bash
# `make demo`: records the example that crashes, shows its async stack, and says what to type next.
# Exit status 0 when the stack led from the crash to main as it should.
set -u
cd "$(dirname "$0")/.." || exit 1
B=${B:-build}
recording=$B/demo/acausal.db
mkdir -p "$B/demo" || exit 1
rm -f "$recording" "$recording".old

cat <<TEXT
An HTTP server on libuv (examples/render_server.c) answers three requests and crashes on the fourth.
Its own stack ends at the event loop. Recorded, it says how it got there:

\$ $B/acausal record -o $recording -- $B/examples/render_server examples/prices.csv
TEXT
"$B/acausal" record -o "$recording" -- "$B/examples/render_server" examples/prices.csv
status=$?

# The functions from the crash to main, each callback's armed by the next ones.
expected='append_cell render_row send_batch on_pace start_sending on_list_read on_list_opened
on_token_checked handle_get on_read on_connection start_server main'
got=$("$B/acausal" trace -r "$recording" --format json crash |
	grep -oE '"function": *"[^"]*"' | sed 's/.*"\(.*\)"/\1/')
for function in $expected; do
	rest=${got#*"$function"}
	[[ $rest != "$got" ]] || {
		echo
		echo "The async stack is not what it should be: no $function where it was expected." >&2
		exit 1
	}
	got=$rest
done
[[ $status == 139 ]] || {
	echo "The example should have ended by SIGSEGV (139), and acausal record with it: $status" >&2
	exit 1
}

next() { # COMMAND WORDS
	printf '    %-56s  %s\n' "$1" "$2"
}

cat <<TEXT

Read it from the top: the row was drawn with a column that is not there (NULL), in a timer's
callback; the frames below lead through the disk and the thread pool to the request, in handle_get,
which asked for a column that find_column does not know.

What to type next:
$(next "$B/acausal trace -r $recording --full" 'every segment, nothing folded')
$(next "$B/acausal info  -r $recording crash" 'all that is known of the crash')
$(next "$B/acausal debug -r $recording" 'a prompt: help, trace, info, sql')
$(next examples/README.md 'two more programs, each with its bug')
TEXT
