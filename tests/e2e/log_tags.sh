#!/usr/bin/env bash
# record --tag-lines: each line on standard output and error ends in the ID that it is recorded with;
# the program is told what it would be told without; and without the option nothing is changed.
. "$ROOT/tests/e2e/lib.sh"

program=$BUILD/tests/log_tags

# The program's output in files of NAME: NAME.out and NAME.err; standard output is a file, a pipe or a
# terminal.
run() { # NAME KIND COMMAND...
	local name=$1 kind=$2
	shift 2
	if [[ $kind == pipe ]]; then
		"$@" 2>"$name.err" | cat >"$name.out"
		echo "${PIPESTATUS[0]}" >"$name.status"
	elif [[ $kind == terminal ]]; then
		script -qec "stty -onlcr; $(printf '%q ' "$@") 2>$name.err" /dev/null </dev/null >"$name.out"
		echo $? >"$name.status"
	else
		"$@" >"$name.out" 2>"$name.err"
		echo $? >"$name.status"
	fi
	sed -i '/^acausal: /d' "$name.err"
	mv returns.txt "$name.returns"
}

# The lines of a recording as they are to come out, with their tags.
tagged() { # FILE FD
	sql "$1" "SELECT CASE WHEN text LIKE '%' || char(13) THEN substr(text, 1, length(text) - 1)
			ELSE text END
		|| ' [#' || CASE WHEN async_id >> 40 THEN ((async_id >> 40) + 1) || ':' ELSE '' END
		|| (async_id & ((1 << 40) - 1)) || ']'
		|| CASE WHEN text LIKE '%' || char(13) THEN char(13) ELSE '' END
		FROM log_named WHERE fd = $2"
}

without_tags() {
	sed -E 's/ \[#([0-9]+:)?[0-9]+\](\r?)$/\2/' "$@"
}

while read -r kind how width; do
	name=$kind.$how.$width
	if [[ $kind == terminal ]] && ! command -v script >/dev/null; then
		skip "$name" 'not installed (package bsdutils)'
		continue
	fi
	run "$name.plain" $kind "$program" $how $width
	run "$name.untagged" $kind "$ACAUSAL" record -o "$name.untagged.db" -- "$program" $how $width
	run "$name" $kind "$ACAUSAL" record --tag-lines -o "$name.db" -- "$program" $how $width
	for stream in out err; do
		[[ $stream == out ]] && fd=1 || fd=2
		equal "$name: each line on std$stream has the ID of its record" \
			"$(sort "$name.$stream")" "$(tagged "$name.db" $fd | sort)"
		equal "$name: and is as it was, but for that" \
			"$(without_tags "$name.$stream")" "$(<"$name.plain.$stream")"
		check "$name: nothing is changed without the option, on std$stream" \
			cmp "$name.plain.$stream" "$name.untagged.$stream"
	done
	equal "$name: calls return the same" "$(<"$name.returns")" "$(<"$name.plain.returns")"
	equal "$name: exit status" "$(<"$name.status")" 26
done <<'END'
pipe full narrow
pipe none narrow
pipe lines wide
file full narrow
file lines narrow
file none wide
terminal lines narrow
terminal full wide
END
check_recording pipe.full.narrow.db

matches 'there are tags of several resources' \
	"$(grep -o '\[#.*\]' pipe.full.narrow.out | sort -u | wc -l)" '^([89]|[0-9]{2,})$'
matches 'of a child, and of what it became' \
	"$(grep -o '\[#[0-9]*:' pipe.full.narrow.out | sort -u | tr -d '\n')" '^\[#2:\[#3:$'
contains 'a line of two callbacks is of the first' \
	"$(sql pipe.none.narrow.db "SELECT 'begun by a timerwrite of timer 1 [#' || async_id || ']'
		FROM resource_named WHERE type = 'uv_timer_t' ORDER BY async_id LIMIT 1")" \
	"$(grep 'begun by a timerwrite of timer 1' pipe.none.narrow.out)"

# --- writes that are cut --------------------------------------------------------------------------

"$program" flood | cat >flood.plain
"$ACAUSAL" record --tag-lines -o flood.db -- "$program" flood 2>flood.err |
	while sleep 0.001 && dd bs=999 count=20 2>/dev/null >flood.part && [[ -s flood.part ]]; do
		cat flood.part
	done >flood.out
equal 'cut writes: each line has the ID of its record' "$(sort flood.out | md5sum)" \
	"$(tagged flood.db 1 | sort | md5sum)"
equal 'cut writes: and is as it was, but for that' "$(without_tags flood.out | md5sum)" \
	"$(md5sum <flood.plain)"
matches 'cut writes: there are many' "$(wc -l <flood.out)" '^20000$'

# --- what every function returns --------------------------------------------------------------------

# Buffers of a given size are flushed elsewhere when tags are in them, and what is full is full
# sooner: what hangs on neither is to be the same.
mkdir returned.plain returned.tagged
for test in libc_stdio libc_stdio_ends libc_writes; do
	(cd returned.plain && "$BUILD/tests/$test" >/dev/null 2>&1)
	(cd returned.tagged && "$ACAUSAL" record --tag-lines -o ../returned.db -- \
		"$BUILD/tests/$test" >/dev/null 2>&1)
done
for kind in file log pipe tty widow full readonly closed; do
	for body in unbuffered streams changes all_closed closed_streams exit _exit quick_exit abort exec \
		fork pthread_exit chk null handlers every; do
		for file in $body.$kind.{out,report}; do
			# pwrite writes over what is there.
			[[ -e returned.plain/$file && $file != every.file.* && $file != every.log.report ]] || continue
			for way in plain tagged; do
				without_tags "returned.$way/$file" | LC_ALL=C sed -E 's/pending [0-9]+/pending/'  \
					>"$way.$file"
			done
			cmp -s "plain.$file" "tagged.$file" || echo "$file"
		done
	done
done >differing
equal 'threads that print at once: lines are whole' \
	"$(without_tags returned.tagged/threads.log.report | sort | md5sum)" \
	"$(sort returned.plain/threads.log.report | md5sum)"
equal 'calls return the same and write the same, but for the tags' "$(<differing)" ''
matches 'of many' "$(ls tagged.*.report | wc -l)" '^[0-9]{2,}$'

done_testing
