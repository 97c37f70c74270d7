#!/usr/bin/env bash
# A recorded program does not notice: what it prints, what its calls return and leave in errno, the
# order of its callbacks, its descriptors and its children's environment are those of a run without
# us. Also with the library in the process and no recorder behind it.
# time limit: 240
. "$ROOT/tests/e2e/lib.sh"

unset ACAUSAL_SOCKET ACAUSAL_PID ACAUSAL_ON_FULL

# All run in one folder, whose name they print, emptied so that no run finds the files of another.
run_in() { # FOLDER COMMAND...: leaves out, err (without our lines) and status there
	local folder=$1
	shift
	rm -rf "$TMP/work"
	mkdir -p "$folder" "$TMP/work"
	(cd "$TMP/work" && "$@" >"$folder/out" 2>"$folder/err.all" </dev/null)
	echo $? >"$folder/status"
	grep -av '^acausal: ' "$folder/err.all" >"$folder/err"
}

same() { # WORDS FOLDER FOLDER
	local file
	for file in out err status; do
		if cmp -s "$2/$file" "$3/$file"; then
			ok "$1: $file"
		else
			not_ok "$1: $file"
			note "$(diff -a "$2/$file" "$3/$file" | head -n 40)"
		fi
	done
}

compare() { # NAME EXPECTED-STATUS PROGRAM [ARG...]
	local name=$1 expected=$2
	shift 2
	run_in "$TMP/$name.plain" "$@"
	equal "$name ends as it should" "$(cat "$TMP/$name.plain/status")" "$expected"
	run_in "$TMP/$name.recorded" "$ACAUSAL" record -o "$TMP/$name.db" -- "$@"
	same "$name, recorded" "$TMP/$name.plain" "$TMP/$name.recorded"
	check_recording "$TMP/$name.db"
	run_in "$TMP/$name.alone" env LD_PRELOAD="$BUILD/libacausal.so" \
		ACAUSAL_SOCKET=acausal-nobody-listens ACAUSAL_PID=1 "$@"
	same "$name, library but no recorder" "$TMP/$name.plain" "$TMP/$name.alone"
	run_in "$TMP/$name.refused" bash -c \
		'export LD_PRELOAD=$0 ACAUSAL_SOCKET=acausal-nobody-listens ACAUSAL_PID=$$; exec "$@"' \
		"$BUILD/libacausal.so" "$@"
	same "$name, recorder that does not answer" "$TMP/$name.plain" "$TMP/$name.refused"
}

compare watchers 5 "$BUILD/tests/uv_semantics"
compare requests 6 "$BUILD/tests/uv_requests"
compare control 7 "$BUILD/tests/uv_control"
compare edges 0 "$BUILD/tests/uv_edges"

run_in "$TMP/million.plain" "$BUILD/tests/uv_semantics" million
run_in "$TMP/million.recorded" "$ACAUSAL" record -o "$TMP/million.db" "$BUILD/tests/uv_semantics" million
same 'a million timers, recorded' "$TMP/million.plain" "$TMP/million.recorded"
check_recording "$TMP/million.db"

done_testing
