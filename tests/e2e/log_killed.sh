#!/usr/bin/env bash
# A program that is killed at any moment while its threads write: what it had written is recorded, each
# line as its thread wrote it and with the run of its first piece.
#
#     ROUNDS=200 make test T=e2e/log_killed
# time limit: 900
. "$ROOT/tests/e2e/lib.sh"
rounds=${ROUNDS:-12}

# What differs from what the program itself noted.
compare() { # RECORDING JOURNAL
	python3 - "$1" "$2" <<-'PYTHON'
		import collections, re, sqlite3, struct, sys

		recording = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
		bytes_noted = open(sys.argv[2], "rb").read()
		noted = struct.unpack(f"{len(bytes_noted) // 8}Q", bytes_noted)
		read = collections.defaultdict(list)
		for row in recording.execute("PRAGMA integrity_check"):
		    if row[0] != "ok":
		        print("the recording:", row[0])
		for row in recording.execute("SELECT run_id FROM run GROUP BY run_id HAVING count(*) > 1"):
		    print(f"run {row[0]} is there more than once")
		for number, text, address in recording.execute(
		        "SELECT log_id, text, address FROM log LEFT JOIN run USING (run_id)"
		        " LEFT JOIN resource USING (async_id) ORDER BY log.written_ns, log_id"):
		    pieces = re.findall(r"<(\d)\.(\d)\.(\d+)\.(\d+)\.x*>", text)
		    # A piece that was being written when it died is not whole.
		    if not re.fullmatch(r"(<\d\.\d\.\d+\.\d+\.x*>)*(<[^<>]*)?", text):
		        print(f"log:{number} is torn: {text[:80]}")
		    if len({piece[:2] for piece in pieces}) > 1:
		        print(f"log:{number} is of several writers")
		    if pieces and int(pieces[0][3]) != address:
		        print(f"log:{number} is of another callback, or none: {address}")
		    for thread, way, count, _ in pieces:
		        read[4 * int(thread) + int(way)].append(int(count))
		for writer, count in enumerate(noted):
		    # One more may have been written, and not noted.
		    if read[writer] not in (list(range(1, count + 1)), list(range(1, count + 2))):
		        missing = sorted(set(range(1, count + 1)) - set(read[writer]))
		        print(f"writer {writer}: {count} written, {len(read[writer])} read; without {missing[:5]}")
		print(sum(noted) > 0)
	PYTHON
}

for ((round = 1; round <= rounds; round++)); do
	rm -rf work
	mkdir work
	after=$((RANDOM * 4))
	(cd work && "$ACAUSAL" record -o ../killed.db "$BUILD/tests/log_killed" ../journal $after) >out 2>&1
	equal "killed after $after us: what was written is recorded" "$(compare killed.db journal | head -5)" True
	[[ $failures == 0 ]] || break
done
done_testing
