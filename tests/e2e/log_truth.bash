# Compares the lines of a recording with what the program that wrote them knew of them.
# shellcheck shell=bash
. "$ROOT/tests/e2e/lib.sh"
# shellcheck disable=SC2034  # the tests use it
routes=$BUILD/tests/log_routes

# A database without a file: the recording as `recording`, and the table `truth` of TRUTH, whose
# columns are parted by tabs.
with_truth() { # RECORDING TRUTH COLUMNS: SQL on stdin
	local status
	{
		printf '.mode tabs\nCREATE TABLE truth (number INTEGER PRIMARY KEY, %s);\n' "$3"
		printf 'CREATE TABLE lines (%s);\n.import %s lines\n' "$3" "'$2'"
		printf 'INSERT INTO truth SELECT rowid, * FROM lines;\n'
		printf "ATTACH 'file:%s?mode=ro' AS recording;\n" "$1"
		printf '.mode list\n.separator " "\n'
		cat
	} >"$TMP/with_truth.sql"
	sqlite3 -batch -noheader -init /dev/null :memory: <"$TMP/with_truth.sql" 2>&1
	status=$?
	rm -f "$TMP/with_truth.sql"
	return $status
}

# The truth of log_routes and log_streams: in each thread, the recorded lines have to be the ones that
# it wrote, in their order, each with the callback that wrote it, the place it went to and the way in
# its stack. Prints what differs, by ways, and how many lines there were.
compare_routes() { # RECORDING TRUTH
	with_truth "$1" "$2" 'thread INTEGER, address INTEGER, route TEXT, place TEXT, text TEXT' <<-'SQL'
		CREATE TABLE wrote AS
			SELECT *, row_number() OVER (PARTITION BY thread ORDER BY number) AS place_in_thread
			FROM truth;
		CREATE TABLE stood AS
			SELECT stack_id, min(depth) AS depth,
				rtrim(substr(function, instr(function, 'by_') + 3), '()') AS way
			FROM (SELECT DISTINCT stack_id FROM recording.log) JOIN recording.stack_frame USING (stack_id)
			WHERE function LIKE 'by\_%' ESCAPE '\' OR function LIKE '%::by\_%' ESCAPE '\'
			GROUP BY stack_id;
		CREATE INDEX stood_stack ON stood (stack_id);
		CREATE TABLE read AS
			SELECT log.log_id, log.fd, log.path, log.text, log.at_flush, log.full_length, log.api,
				thread.os_tid AS thread, resource.address, stood.way, stood.depth,
				row_number() OVER (PARTITION BY thread.os_tid ORDER BY written_ns, log_id)
					AS place_in_thread
			FROM recording.log AS log
			LEFT JOIN recording.thread AS thread ON thread.thread_id = log.thread_id
			LEFT JOIN recording.run AS run ON run.run_id = log.run_id
			LEFT JOIN recording.resource AS resource ON resource.async_id = run.async_id
			LEFT JOIN stood ON stood.stack_id = log.stack_id;
		CREATE INDEX read_place ON read (thread, place_in_thread);
		CREATE INDEX wrote_place ON wrote (thread, place_in_thread);
		CREATE TABLE judged AS
			SELECT route, read.api, log_id, CASE
				WHEN log_id IS NULL THEN 'is not recorded'
				WHEN NOT read.text GLOB wrote.text THEN 'has another text: ' || quote(read.text)
				WHEN read.address IS NOT wrote.address THEN 'is of another callback'
				WHEN way IS NOT route THEN 'stood in ' || coalesce(way, 'no way')
				-- One function between, where there is a list of arguments; in C++ its library.
				WHEN depth > 1 AND route NOT LIKE '%c%out%' AND route NOT LIKE '%cerr%'
					AND route NOT LIKE '%clog' THEN 'stood ' || depth || ' frames below'
				-- The descriptor of a handle may be another one.
				WHEN place IN ('1', '2') AND fd IS NOT place + 0 AND route NOT LIKE 'uv%' THEN
					'is of descriptor ' || coalesce(fd, 'NULL')
				WHEN place LIKE 'by\_%' ESCAPE '\' AND path IS NULL THEN 'has no path'
				WHEN place LIKE 'by\_%' ESCAPE '\' AND substr(path, -length(place)) <> place
					THEN 'is of ' || path
				WHEN full_length <> length(CAST(read.text AS BLOB)) THEN 'has another length'
				WHEN at_flush THEN 'is marked as of a flush'
				END AS fault
			FROM wrote LEFT JOIN read USING (thread, place_in_thread)
			UNION ALL
			SELECT 'no way', read.api, log_id, 'was not written: ' || quote(read.text)
			FROM read LEFT JOIN wrote USING (thread, place_in_thread) WHERE wrote.number IS NULL;
		SELECT count(*), route, api, fault, 'first log:' || min(log_id) FROM judged WHERE fault NOTNULL
			GROUP BY route, api, substr(fault, 1, 20) ORDER BY min(log_id) IS NULL, min(log_id) LIMIT 12;
		SELECT count(*) || ' lines, ' || (SELECT count(DISTINCT address) FROM truth) || ' callbacks, ' ||
			(SELECT count(*) FROM judged WHERE fault NOTNULL) || ' wrong' FROM wrote;
	SQL
}

# The truth of log_random, of whose lines KEPT bytes were to be kept.
compare_random() { # RECORDING TRUTH KEPT
	with_truth "$1" "$2" \
		'thread INTEGER, address INTEGER, inode INTEGER, length INTEGER, bytes TEXT' <<-SQL
		CREATE TABLE wrote AS
			SELECT *, row_number() OVER (PARTITION BY thread, inode ORDER BY number) AS place_in_thread
			FROM truth;
		CREATE TABLE read AS
			SELECT log.log_id, hex(CAST(log.text AS BLOB)) AS bytes, typeof(log.text) AS kind,
				log.full_length, log.at_flush, log.line_number, sink.inode, sink.path, log.api,
				thread.os_tid AS thread,
				CASE run.async_id WHEN 1 THEN 0 ELSE resource.address END AS address,
				row_number() OVER (PARTITION BY thread.os_tid, sink.inode ORDER BY written_ns, log_id)
					AS place_in_thread
			FROM recording.log AS log
			LEFT JOIN recording.sink AS sink ON sink.sink_id = log.sink_id
			LEFT JOIN recording.thread AS thread ON thread.thread_id = log.thread_id
			LEFT JOIN recording.run AS run ON run.run_id = log.run_id
			LEFT JOIN recording.resource AS resource ON resource.async_id = run.async_id;
		CREATE INDEX read_place ON read (thread, inode, place_in_thread);
		CREATE INDEX wrote_place ON wrote (thread, inode, place_in_thread);
		CREATE TABLE judged AS
			SELECT wrote.number, read.log_id, read.api, CASE
				WHEN log_id IS NULL THEN 'not recorded'
				WHEN read.bytes IS NOT wrote.bytes
					-- Of a line that was cut, no part of a character is kept.
					AND NOT (wrote.length > $3 AND length(read.bytes) / 2 BETWEEN $3 - 3 AND $3
						AND read.bytes = substr(wrote.bytes, 1, length(read.bytes))) THEN 'another text: ' || substr(read.bytes, 1, 60)
					|| ' (' || (length(read.bytes) / 2) || ' bytes), not ' || substr(wrote.bytes, 1, 60)
					|| ' (' || (length(wrote.bytes) / 2) || ' bytes)'
				WHEN full_length IS NOT wrote.length THEN 'of ' || full_length || ' bytes, not '
					|| wrote.length
				WHEN read.address IS NOT wrote.address THEN 'of another callback'
				WHEN at_flush THEN 'marked as of a flush'
				END AS fault
			FROM wrote LEFT JOIN read USING (thread, inode, place_in_thread)
			UNION ALL
			SELECT NULL, log_id, read.api, 'not written: ' || substr(read.bytes, 1, 60)
			FROM read LEFT JOIN wrote USING (thread, inode, place_in_thread) WHERE wrote.number IS NULL
			UNION ALL
			SELECT NULL, min(log_id), NULL, 'the numbers of ' || path || ' are not 1 to ' || count(*)
			FROM read WHERE path NOTNULL GROUP BY path HAVING min(line_number) <> 1
				OR max(line_number) <> count(*) OR count(DISTINCT line_number) <> count(*);
		SELECT 'line ' || coalesce(number, '-'), 'log:' || coalesce(log_id, '-'), api, fault
			FROM judged WHERE fault NOTNULL ORDER BY log_id IS NULL, log_id LIMIT 3;
		SELECT (SELECT count(*) FROM judged WHERE fault NOTNULL) || ' wrong' FROM truth LIMIT 1;
	SQL
}

# What was compared must be as much as was to be written: LINES lines of CALLBACKS callbacks.
same() { # WORDS TRUTH LINES CALLBACKS
	equal "$1" "$(compare_routes acausal.db "$2")" "$3 lines, $4 callbacks, 0 wrong"
	sql acausal.db "SELECT value FROM meta WHERE key = 'lost_events' AND value <> 0"
}

# Each records a command, with its standard output opened for appending, to a pipe, or to a terminal.
to_file() { # COMMAND...
	"$ACAUSAL" record "$@" >>written 2>>err
}
to_pipe() {
	"$ACAUSAL" record "$@" 2>>err | cat >written
	return "${PIPESTATUS[0]}"
}
to_terminal() {
	script -qec "'$ACAUSAL' record $*" /dev/null </dev/null >written
}
