# Completion at the prompt: what Tab makes of a word, and what it lists.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/prompt.bash"

mkdir -p home/.config/acausal/queries "a folder"
export XDG_CONFIG_HOME=$PWD/home/.config
cat >home/.config/acausal/queries/of-mine.sql <<'END'
-- of-mine: a query of my own
--
-- :near point
-- :type text = NULL   of that type
-- :limit integer = 3
SELECT :near AS near, :type AS type, :limit AS "limit"
END
touch "a folder/a file.sql" commands

# Each line is typed, with its Tabs, and thrown away by Ctrl-U; what must then be seen follows the |,
# up to a < when that ends in a blank.
cat >wanted <<'END'
tra\t|trace <
so\t|source <
trace --ful\t|trace --full <
trace --by \t\t|cause    link     trigger
trace --format j\t|trace --format json <
trace --format=j\t|trace --format=json <
trace --depth 3 4\t\t|43  timer
trace cr\t|trace crash
trace ru\t|trace run:
trace run:9\t\t|run:97  on_retry of timer 43
trace thr\t1|trace thread:1
trace log:\t|trace log:
trace 43 \t4|trace 43 4
info 4\t3|info 43
acausal info run:9\t7|acausal info run:97
help over\t|help overview <
query destr\t|query destroy-coverage <
query of-m\t|query of-mine <
query of-mine \t\t|limit=
query of-mine ru\t9|query of-mine run:9
query of-mine 43 uv_ti\t|query of-mine 43 uv_timer_t <
query of-mine type=uv_ti\t|query of-mine type=uv_timer_t <
query of-mine near=log\t|query of-mine near=log:
set pag\t|set pager <
set pager of\t|set pager off <
set width au\t|set width auto <
show colo\t|show colour <
sql --format c\t|sql --format csv <
sql .sch\t|sql .schema <
sql .schema resource_na\t|sql .schema resource_named <
sql SEL\t|sql SELECT <
sql sel\t|sql select <
sql SELECT * FROM stack_fr\t|sql SELECT * FROM stack_frame <
sql SELECT * FROM async_st\t|sql SELECT * FROM async_stack(
sql SELECT x FROM stack_frame WHERE inl\t|WHERE inline_depth <
sql SELECT count(*) FROM run r WHERE r.beg\t|r.began_ns <
sql SELECT stack_total.buc\t|stack_total.buckets <
sql SELECT * FROM resource_named WHERE type = 'uv_tim\t|'uv_timer_t'
sql SELECT 1 INTERS\t|INTERSECT <
sql SELECT json_group_ar\t|json_group_array <
sql 'SELECT * FROM resource_na\t|resource_named
source comm\t|source commands <
source a\tco\t|source acommands
log --file wan\t|log --file wanted <
!cat wan\t|!cat wanted <
trace | cat wan\t|trace | cat wanted <
sql SELECT 1 | json_group_ar\t|sql SELECT 1 | json_group_array <
pipe sql .sch | cat wan\t|pipe sql .sch | cat wanted <
END
grep -v '^source a.t' wanted >lines
{
	echo prompt
	while IFS='|' read -r keys words; do
		# The first | that is no part of what is typed parts the two.
		[[ $keys != @('trace '|'sql SELECT 1 '|'pipe sql .sch ') ]] || { keys="$keys|${words%%|*}" words=${words#*|}; }
		printf 'type %s\nsee %s\ntype \\x15\n' "$keys" "${words%<}"
	done <lines
	echo 'type source a\t\t'
	echo 'see source a\ folder/a\ file.sql'
	echo 'type \x15quit\r'
} >script
"$BUILD/tests/pty_type" 100x50 script "$ACAUSAL" debug made.db >shown 2>err
status=$?
equal 'everything is completed' "$status $(tr -d '\n' <err)" '0 '
[[ $status == 0 ]] || note "$(tail -n 20 shown)"

# --- many IDs ------------------------------------------------------------------------------------

# 100,000 requests, a second process, and numbers that have more in common than is typed.
sqlite3 -batch made.db <<'END'
WITH RECURSIVE n (i) AS (SELECT 2000 UNION ALL SELECT i + 1 FROM n WHERE i < 102000)
INSERT INTO packed_request (async_id, origin_id, trigger_delta, created_ns, run_id, entry_id, wait_ns, duration_ns)
	SELECT i, NULL, 1, i, i, NULL, 1, 1 FROM n;
INSERT INTO process (process_id, os_pid, executable) VALUES (2, 4712, '/srv/app/worker');
INSERT INTO packed_resource (async_id, type_id, created_ns) VALUES
	((1 << 40) + 7301, 1, 5), ((1 << 40) + 7302, 1, 5), ((1 << 40) + 73055, 1, 5);
END
typed 100x30 made.db <<'END'
prompt
type trace 2\t\t
see 2000
see ... and more
prompt
type \x15info 2:\t
see info 2:730
type \t\t
see 2:73055
prompt
type \x15info 7305\t
see info 7305
type \x15trace 2:\x15trace run:99999\t
see run:99999
type \x15trace 99999999999999999999999\t\x15info -9\t\x15info run:0\t\x15quit\r
END
equal 'IDs that are many' $? 0
matches '… and those of another process' "$(<shown)" '2: +in worker, pid 4712'
done_testing
