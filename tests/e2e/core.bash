# What the tests of core dumps (core*.sh) have in common.
# shellcheck shell=bash
. "$ROOT/tests/e2e/lib.sh"

# Core files must be written here, under the name `core`; where they are not, the test says so.
need_cores() {
	if [[ $(</proc/sys/kernel/core_pattern) != core ]]; then
		skip 'core files' "the kernel does not name them 'core' here"
		done_testing
	fi
	if ! ulimit -c unlimited 2>/dev/null; then
		skip 'core files' 'their size is limited here'
		done_testing
	fi
	# A PID may be added to the name.
	if [[ $(</proc/sys/kernel/core_uses_pid) != 0 ]]; then
		skip 'core files' 'their names have the process in them here'
		done_testing
	fi
}

# The names of the functions of a `trace`'s JSON on stdin, in order, an empty line between two
# segments; a function that calls itself stands once. What says why a stack ends is left out.
chain() {
	json "SELECT group_concat(coalesce(name, ''), char(10)) FROM (
		SELECT name, lag(name) OVER () AS before FROM (
			SELECT frame.value ->> '\$.function' AS name
			FROM json_data, json_each(data, '\$.segments') AS segment,
				json_each(segment.value, '\$.frames') AS frame
			WHERE frame.value ->> '\$.function' NOT LIKE '% %'
			ORDER BY segment.key, frame.key))
		WHERE name IS NOT before"
}

# The trace of the thread that crashed, of `core`'s JSON on stdin.
crashed() {
	json "SELECT thread.value ->> '\$.trace'
		FROM json_data, json_each(data, '\$.threads') AS thread
		WHERE thread.value ->> '\$.crashed' LIMIT 1"
}

# A core in an empty folder, of the program with or without the recorder before it.
make_core() { # FOLDER COMMAND...
	local folder=$1
	shift
	mkdir -p "$folder"
	(cd "$folder" && "$@" >output 2>&1) 2>/dev/null # where bash says what became of it
	if [[ ! -s $folder/core ]]; then
		not_ok "a core of: $*"
		note "$(ls -l "$folder")"
		note "$(tail -n 5 "$folder/output")"
		return 1
	fi
}
