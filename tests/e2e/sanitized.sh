# The recorder's runtime and hooks, built into programs with ThreadSanitizer, and with
# AddressSanitizer and UndefinedBehaviorSanitizer: many threads that make, arm, fire, send and go, and
# the programs that have one of each kind of thing. No report may come, and the output is what it is
# without any of that.
# time limit: 180
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

if [[ ! -x $BUILD/sanitized/thread/trap_churn ]]; then
	skip 'the runtime with sanitizers' 'gcc has none here'
	done_testing
fi

# A recorder that preloads nothing: the wrappers are in the programs.
mkdir bin
ln "$ACAUSAL" bin/acausal 2>/dev/null || cp "$ACAUSAL" bin/acausal
echo 'extern int nothing;' >nothing.c
${CC:-cc} -shared -fPIC -o bin/libacausal.so nothing.c
recorder=$TMP/bin/acausal

# Sanitizers find their shadow only where addresses are laid out as they expect.
setarch=$(command -v setarch && setarch -R true 2>/dev/null && echo "$(uname -m) -R")
read -r -d '' -a plainly <<<"${setarch//$'\n'/ }"

export TSAN_OPTIONS=exitcode=0:report_signal_unsafe=0:history_size=4
export ASAN_OPTIONS=detect_leaks=0:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1

# Reports, without those of libuv's own descriptors: it is not built with the sanitizer, so that
# what makes their closing come before their next opening is not seen.
reports() { # FILE
	grep -aE '^SUMMARY: |runtime error:' "$1" | grep -av 'libuv\.so' | sort | uniq -c
}

sanitized() { # KIND PROGRAM [ARG...]
	local kind=$1 program=$2 plain
	shift 2
	rm -rf work
	mkdir work
	(cd work && timeout 60 "$BUILD/tests/$program" "$@" >../plain 2>/dev/null)
	plain=$?
	rm -rf work
	mkdir work
	(cd work && timeout 120 "${plainly[@]}" "$recorder" record "${options[@]}" -o ../sanitized.db \
		"$BUILD/sanitized/$kind/$program" "$@" >../said 2>../said.err)
	equal "$kind, $program: status" $? $plain
	equal "$kind, $program: no reports" "$(reports said.err)" ''
	equal "$kind, $program: output" "$(cat said)" "$(cat plain)"
	check "$kind, $program: it was recorded" \
		test "$(sql sanitized.db 'SELECT count(*) FROM run')" -gt 10
}

for kind in thread address; do
	options=()
	sanitized $kind trap_churn 15 6
	equal "$kind: all of it was recorded" "$(sql sanitized.db \
		"SELECT name, count(*) FROM resource JOIN type USING (type_id)
		 WHERE name IN ('uv_timer_t', 'uv_fs_t', 'uv_work_t', 'uv_write_t') GROUP BY 1 ORDER BY 1")" \
		$'uv_fs_t|360\nuv_timer_t|720\nuv_work_t|360\nuv_write_t|90'
	equal "$kind: and nothing of it lost or without a maker" "$(sql sanitized.db \
		"SELECT (SELECT value FROM meta WHERE key = 'lost_events'), count(*) FROM run_edge
		 WHERE link_run_id IS NULL AND run_id NOT IN (SELECT root_run_id FROM thread)")" '0|0'
	options=(--on-full drop)
	sanitized $kind trap_churn 5 16
	options=()
	sanitized $kind uv_edges
	sanitized $kind uv_semantics
	sanitized $kind uv_requests
	for program in uv_causes uv_facts uv_pool uv_reuse; do
		[[ ! -x $BUILD/sanitized/$kind/$program ]] || sanitized $kind $program
	done
done

done_testing
