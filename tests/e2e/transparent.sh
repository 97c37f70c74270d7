#!/usr/bin/env bash
# A recorded program does not notice: what it prints, what its calls return and leave in errno, the
# order of its callbacks, its descriptors and its children's environment are those of a run without
# us. Also with the library in the process and no recorder behind it.
# time limit: 240
. "$ROOT/tests/e2e/differential.bash"

compare watchers 5 "$BUILD/tests/uv_semantics"
compare requests 6 "$BUILD/tests/uv_requests"
compare pool 3 "$BUILD/tests/uv_pool"
compare loops 4 "$BUILD/tests/uv_loops"
compare control 7 "$BUILD/tests/uv_control"
compare edges 0 "$BUILD/tests/uv_edges"
compare causes 0 "$BUILD/tests/uv_causes"
compare facts 0 "$BUILD/tests/uv_facts"
compare armings 0 "$BUILD/tests/uv_armings"
compare threads 0 "$BUILD/tests/uv_threads"

done_testing
