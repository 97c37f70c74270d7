# The examples' bugs, each found at the prompt in less than five commands: the transcripts in
# examples/README.md, typed on a terminal again, show the same of new recordings.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/prompt.bash"

# The transcript of an example in the README, from the first prompt on.
transcript() { # NAME
	awk -v begin="<!-- prompt: $1 -->" '
		$0 == begin { inside = 1; next }
		inside && /^```/ { if (inside++ == 2) exit; next }
		inside == 2 && !/^\$ /' "$ROOT/examples/README.md"
}

# What differs from run to run is taken out: numbers, durations, how long a loop was held and how a
# wait is parted; and where a line is broken, which depends on them.
normalised() {
	sed -E '/^ +-{3,}/d; /^ +! /d; s/^(-- .*) -{3,}.*$/\1/; /^to /d
		s/[0-9][0-9.,]* (ns|us|ms|s|min)\>/T/g; s/[0-9]+/N/g; s/ ago\>//' | tr -s ' \n' '\n'
}

# replay NAME RECORDING [FROM TO]: types the README's commands, with TO in FROM's place.
replay() {
	transcript "$1" >expected
	{
		sed -n 's/^(acausal) /enter /p' expected | sed "s/${3-nothing}/${4-nothing}/"
		echo 'enter quit'
	} >script
	matches "$1: in less than five commands" "$(grep -c '^enter' script)" '^[2-5]$'
	(cd "$ROOT" && env PAGER=cat "$BUILD/tests/pty_type" 100x200 "$TMP/script" "$ACAUSAL" debug "$TMP/$2") >shown
	equal "$1: the prompt" $? 0
	sed -n '/^(acausal) /,$p' shown | sed '/^(acausal) quit/,$d' >got
	equal "$1: it shows what the README shows" "$(normalised <got)" "$(normalised <expected)"
}

record() { # FILE NAME [ARG...]
	local file=$1 name=$2
	shift 2
	(cd "$ROOT" && "$ACAUSAL" record -o "$TMP/$file" "$BUILD/examples/$name" "$@" >/dev/null 2>"$TMP/$name.err")
}

record crash.db render_server examples/prices.csv
replay render_server crash.db
contains '… and the place of the bug' "$(<got)" '= find_column(name);'

# On a machine with much to do the answers may come in another order: then once more.
for try in 1 2 3 4 5; do
	record pool.db pool_mixup
	[[ $(sql pool.db "SELECT group_concat(substr(text, 9, 1), '') FROM log WHERE text LIKE 'request%'") != 12341212 ]] || break
	note "another order, try $try"
done
replay pool_mixup pool.db
matches '… and the place of the bug' "$(<got)" '> [0-9]+ \| +query_cart\(request->connection, request\);'
contains 'where contexts are, the way to what was lost of them is shown' "$("$ACAUSAL" -r pool.db)" 'lost-context'

record leak.db handle_leak
shown_id=$(transcript handle_leak | sed -n 's/^(acausal) info //p')
id=$("$ACAUSAL" query leaks -r leak.db --format json | json \
	"SELECT value ->> '\$.async_id' FROM json_data, json_each(data) WHERE value ->> '\$.verdict' = 'leaked' LIMIT 1")
replay handle_leak leak.db "info $shown_id" "info $id"
contains '… and the place of the bug' "$(<got)" 'uv_timer_stop(connection->deadline);'
refuse '… and where there are none it is not' grep -q lost-context <<<"$("$ACAUSAL" -r leak.db)"
done_testing
