#!/usr/bin/env bash
# A million timers at once: every one of them fires and is closed, and every one is in the recording.
# time limit: 300
. "$ROOT/tests/e2e/differential.bash"

differ million 4 "$BUILD/tests/uv_loops" million
check_recording "$TMP/million.db"
equal 'all of them are recorded' "$(sql million.db "
	SELECT count(*) FROM resource JOIN type USING (type_id) WHERE name = 'uv_timer_t'")" 1000000

done_testing
