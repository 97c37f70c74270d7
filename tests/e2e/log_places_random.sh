#!/usr/bin/env bash
# Random programs whose writers share a log file, which is rotated, and which know whose each line of
# each file is: what `acausal log -` says of all of them is never wrong where it says that it is sure,
# and the right line is among those it names where it is not. SEEDS and FIRST_SEED run others.
# time limit: 900
. "$ROOT/tests/e2e/log_truth.bash"
seeds=${SEEDS:-12} first=${FIRST_SEED:-1}

# Prints what is wrong, and then how many places there were, how many of them were recorded lines,
# of how many of those one line was named, how many were likely, and how many of those wrong.
compare_places() { # RECORDING
	awk -F: '{ printf "%d\t%s\t%d\n", NR, $1, $2 }' asked >input
	with_truth "$1" truth 'thread INTEGER, text TEXT' <<-'SQL'
		CREATE TABLE places (path TEXT, line INTEGER, number INTEGER);
		CREATE TABLE input (input_line INTEGER PRIMARY KEY, path TEXT, line INTEGER);
		.mode tabs
		.import places places
		.import input input
		.mode list
		.separator " "
		-- The recorded line of each true one: those of a thread are in their order.
		CREATE TABLE known AS
			SELECT number, log_id FROM (
				SELECT number, thread, text,
					row_number() OVER (PARTITION BY thread ORDER BY number) AS place_in_thread FROM truth)
			JOIN (
				SELECT log_id, os_tid AS thread, text,
					row_number() OVER (PARTITION BY os_tid ORDER BY written_ns, log_id) AS place_in_thread
				FROM recording.log JOIN recording.thread USING (thread_id))
			USING (thread, place_in_thread, text);
		CREATE TABLE answers AS
			SELECT value ->> '$.input_line' AS input_line, value ->> '$.log_id' AS log_id,
				value ->> '$.sure' AS sure, value ->> '$.why' AS why
			FROM json_each(CAST(readfile('answers.json') AS TEXT));
		CREATE INDEX answers_line ON answers (input_line);
		CREATE TABLE judged AS
			SELECT input_line, path, line, number, known.log_id, count(answers.log_id) AS named,
				min(sure) AS sure, min(answers.log_id) AS first_named, min(why) AS why,
				total(answers.log_id IS known.log_id) AS is_named
			FROM input JOIN places USING (path, line) LEFT JOIN known USING (number)
			LEFT JOIN answers USING (input_line) GROUP BY input_line;
		SELECT path || ':' || line, coalesce('is log:' || log_id, 'is nobody''s') || ', and is said to be',
			named, sure, coalesce('log:' || first_named, '-'), why
			FROM judged
			WHERE number > 0 AND (NOT is_named AND sure IS NOT 'likely' OR named > 1 AND sure <> 'ambiguous')
				OR number = 0 AND sure NOT IN ('likely', 'ambiguous') LIMIT 5;
		SELECT (SELECT count(*) FROM truth) - (SELECT count(*) FROM known) || ' lines are not recorded'
			WHERE (SELECT count(*) FROM truth) <> (SELECT count(*) FROM known);
		SELECT count(*), sum(number > 0), sum(number > 0 AND named = 1 AND sure <> 'likely'),
			sum(sure IS 'likely'), sum(sure IS 'likely' AND NOT is_named) FROM judged;
	SQL
}

all=0 recorded=0 sure=0 likely=0 wrong=0
tried=$(seq "$first" $((first + seeds - 1)))
# Files that are copied and cut short, with a writer that is not seen: the worst for counting.
[[ ${SEEDS-} ]] || tried+=' 108 132 168'
for seed in $tried; do
	rm -f app.log* truth places
	if ! "$ACAUSAL" record -o places.db "$BUILD/tests/log_places" $seed truth places 2>err; then
		not_ok "seed $seed: the recorded program ends with status 0"
		note "$(<err)"
		break
	fi
	grep -Hn '' app.log* >asked
	"$ACAUSAL" log -r places.db - --format json <asked >answers.json 2>err
	said=$(compare_places places.db)
	equal "seed $seed: no line is taken for another" "$(head -n -1 <<<"$said")" ''
	read -r a r s l w <<<"$(tail -n 1 <<<"$said")"
	all=$((all + a)) recorded=$((recorded + r)) sure=$((sure + s)) likely=$((likely + l)) wrong=$((wrong + w))
done
note "$all places, $recorded of recorded lines, of $sure of them one line is named; $likely likely, $wrong of them wrong"
equal 'of every fourth place at least one line is named' $((4 * sure > recorded)) 1
equal 'what is likely is right but for a few' $((20 * wrong < likely)) 1
done_testing
