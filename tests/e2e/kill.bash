# What a recording, or several of one process together, must have of what tests/programs/kill_load
# noted in its journal. To be sourced after lib.sh.
# shellcheck shell=bash

# journal_differs killed|whole JOURNAL RECORDING...: what differs, a line each; nothing when all is
# there. "killed": of each kind one thing more may have been done than was noted.
journal_differs() {
	python3 - "$@" 2>&1 <<-'PYTHON'
		import collections, re, sqlite3, struct, sys

		THREADS, OBJECTS, HEAD = 3, 7000, 9
		more = 1 if sys.argv[1] == "killed" else 0
		noted = open(sys.argv[2], "rb").read()
		address, made = {}, set()
		runs, armings, causes, lines = {}, {}, {}, collections.defaultdict(set)

		def differs(*words):
		    print(*words)

		for path in sys.argv[3:]:
		    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
		    db.text_factory = bytes
		    for row in db.execute("PRAGMA integrity_check"):
		        if row[0] != b"ok":
		            differs(path, "integrity_check", row[0])
		    for table, key in (("run", "run_id"), ("resource", "async_id"), ("arming", "arming_id")):
		        for row in db.execute(f"SELECT {key} FROM {table} GROUP BY 1 HAVING count(*) > 1"):
		            differs(path, table, row[0], "is there more than once")
		    for async_id, where in db.execute("SELECT async_id, address FROM resource"):
		        address[async_id] = where
		    for run_id, async_id, part, ended in db.execute(
		            "SELECT run_id, async_id, part, ended_ns FROM run"):
		        before = runs.get(run_id)
		        runs[run_id] = (async_id, part, ended if ended is not None else before and before[2])
		    for arming_id, async_id, api, times in db.execute(
		            "SELECT arming_id, async_id, api, times FROM arming"):
		        armings[arming_id] = (async_id, api, times)
		    for cause_id, async_id, times in db.execute(
		            "SELECT cause_id, async_id, times FROM cause WHERE kind = 'send'"):
		        causes[cause_id] = (async_id, times)
		    for (text,) in db.execute("SELECT text FROM log WHERE text <> 'done'"):
		        match = re.fullmatch(rb"<(\d)\.(\d+)\.x*>", text)
		        if match:
		            lines[int(match[1])].add(int(match[2]))
		        # What was being written when it died is not whole.
		        elif not (more and re.fullmatch(rb"<[0-9.]*x*", text)):
		            differs(path, "a torn line:", text[:60])

		count = collections.Counter()
		for where in address.values():
		    count[where, "made"] += 1
		open_runs = collections.Counter()
		for run_id, (async_id, part, ended) in runs.items():
		    count[address.get(async_id), part] += 1
		    if ended is None:
		        open_runs[part] += 1
		for async_id, api, times in armings.values():
		    count[address.get(async_id), api] += times
		for async_id, times in causes.values():
		    count[address.get(async_id), "sent"] += times

		total = 0
		def compare(what, where, kind, expected):
		    global total
		    total += expected
		    if not expected <= count[where, kind] <= expected + more:
		        differs(what, kind, "noted", expected, "recorded", count[where, kind])

		for t in range(THREADS):
		    at = t * (HEAD * 8 + OBJECTS * 28)
		    timers, timer_size, works, work_size, sender, timers_made, _, written, sent = \
		        struct.unpack_from(f"{HEAD}Q", noted, at)
		    for i in range(OBJECTS):
		        armed, ran, closing, closed = struct.unpack_from("4I", noted, at + HEAD * 8 + 16 * i)
		        queued, worked, after = struct.unpack_from(
		            "3I", noted, at + HEAD * 8 + 16 * OBJECTS + 12 * i)
		        where, name = timers + i * timer_size, f"timer {t}.{i}"
		        compare(name, where, "made", int(i < timers_made))
		        compare(name, where, b"callback", ran)
		        compare(name, where, b"close", closed)
		        compare(name, where, b"uv_timer_start", armed)
		        compare(name, where, b"uv_close", closing)
		        where, name = works + i * work_size, f"work {t}.{i}"
		        compare(name, where, "made", queued)
		        compare(name, where, b"work", worked)
		        compare(name, where, b"after", after)
		    compare(f"async {t}", sender, "sent", sent)
		    for n in range(1, written + 1):
		        if n not in lines[t]:
		            differs(f"line {t}.{n} is not there")
		    total += written
		    if lines[t] and max(lines[t]) > written + more:
		        differs(f"thread {t} has written {written} lines, recorded", max(lines[t]))
		# Not ended: roots, of each loop one callback, of each thread of the pool one piece of work.
		most = {b"callback": 2 * THREADS + 6, b"work": 4, b"after": THREADS, b"close": THREADS}
		for part, number in open_runs.items():
		    if number > most.get(part, 0):
		        differs(number, "runs have not ended:", part)
		if not total:
		    differs("nothing was noted")
	PYTHON
}

# chains_break FILE: of some of the last runs and lines, those whose chain neither reaches a root nor
# says why not.
chains_break() {
	local point chain
	for point in $(sql "$1" "SELECT 'run:' || run_id FROM (SELECT run_id FROM run ORDER BY run_id
		DESC LIMIT 2) UNION ALL SELECT 'log:' || log_id FROM (SELECT log_id FROM packed_log
		ORDER BY log_id DESC LIMIT 1) UNION ALL SELECT async_id FROM (SELECT async_id
		FROM packed_resource ORDER BY async_id DESC LIMIT 1)"); do
		chain=$("$ACAUSAL" trace -r "$1" --format json "$point" | json "SELECT
			coalesce(data ->> '$.complete' = 1 OR length(data ->> '$.ended') > 0, 0)
			FROM json_data")
		[[ $chain == 1 ]] || echo "$point"
	done
}
