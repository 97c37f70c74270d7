# What the differential tests (differential_*.sh, transparent.sh) have in common: a command is run
# in the same folder with and without us, and all that can be seen of the two runs is compared: what
# it printed, its exit status, and the files that it left, with their modes and contents.
# shellcheck shell=bash
. "$ROOT/tests/e2e/lib.sh"

# `record` would take these for its own.
unset ACAUSAL_SOCKET ACAUSAL_PID ACAUSAL_ON_FULL ACAUSAL_FROM OLDPWD

# Lines of what a command printed that say when it was and not what it did.
no_times='cat'

# Our lines on stderr: single ones, perhaps behind a last line of the program's that has no end; and
# after them the async stack of a crash.
without_ours() {
	awk '/^acausal: SIG[A-Z0-9]* ended / { exit }
		/^acausal: / { next }
		{ sub(/acausal: [0-9]+ resources?, .*/, ""); print }'
}

# Every file below the folder; names and contents that are made up at random are left out.
files_below() { # FOLDER
	(cd "$1" && find . -printf '%P %y %m %l\n' | sed -E 's/-[A-Za-z0-9]{6} / made up /' | sort &&
		find . -type f ! -name '*-??????' -size -1000k -exec sha256sum {} + | sort -k 2)
}

# What a run finds in its folder: a command that is told its name, or nothing.
furnish=:

# All run in one folder, whose name they print, emptied so that no run finds the files of another.
run_in() { # FOLDER COMMAND...: leaves out, err (without our lines), status and files there
	local folder=$1
	shift
	[[ ! -d $TMP/work ]] || chmod -R u+rwx "$TMP/work"
	rm -rf "$TMP/work"
	mkdir -p "$folder" "$TMP/work"
	$furnish "$TMP/work"
	(cd "$TMP/work" && export -n OLDPWD &&
		exec "$@" >"$folder/out.all" 2>"$folder/err.all" </dev/null)
	echo $? >"$folder/status"
	$no_times <"$folder/out.all" >"$folder/out"
	without_ours <"$folder/err.all" | $no_times >"$folder/err"
	files_below "$TMP/work" >"$folder/files"
}

# One check for all that was compared: what differs is shown.
same() { # WORDS FOLDER FOLDER
	local file differing=()
	for file in out err status files; do
		cmp -s "$2/$file" "$3/$file" || differing+=("$file")
	done
	if [[ ${#differing[@]} == 0 ]]; then
		ok "$1"
		return
	fi
	not_ok "$1"
	for file in "${differing[@]}"; do
		note "$file differs:"
		note "$(diff -a "$2/$file" "$3/$file" | head -n 30)"
	done
}

# Plain and recorded. The recording is left in $TMP/NAME.db.
differ() { # NAME EXPECTED-STATUS COMMAND...
	local name=$1 expected=$2
	shift 2
	run_in "$TMP/$name.plain" "$@"
	equal "$name ends as it should" "$(<"$TMP/$name.plain/status")" "$expected"
	run_in "$TMP/$name.recorded" "$ACAUSAL" record -o "$TMP/$name.db" -- "$@"
	same "$name, recorded" "$TMP/$name.plain" "$TMP/$name.recorded"
}

# The same for programs that use libuv, of which there is a recording; also when nobody takes it.
compare() { # NAME EXPECTED-STATUS COMMAND...
	local name=$1
	differ "$@"
	shift 2
	check_recording "$TMP/$name.db"
	run_in "$TMP/$name.alone" env LD_PRELOAD="$BUILD/libacausal.so" \
		ACAUSAL_SOCKET=acausal-nobody-listens ACAUSAL_PID=1 "$@"
	same "$name, library but no recorder" "$TMP/$name.plain" "$TMP/$name.alone"
	run_in "$TMP/$name.refused" env LD_PRELOAD="$BUILD/libacausal.so" \
		ACAUSAL_SOCKET=acausal-nobody-listens.0123456789abcdef "$@"
	same "$name, recorder that does not answer" "$TMP/$name.plain" "$TMP/$name.refused"
}

# Recorded once more, with an option of `record`.
differ_with() { # OPTION NAME COMMAND...: after `differ NAME`
	local option=$1 name=$2
	shift 2
	run_in "$TMP/$name.$option" "$ACAUSAL" record "$option" -o "$TMP/$name.$option.db" -- "$@"
	same "$name, recorded with $option" "$TMP/$name.plain" "$TMP/$name.$option"
}
