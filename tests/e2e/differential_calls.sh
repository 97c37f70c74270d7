#!/usr/bin/env bash
# Calls of libuv and libc in the states they can be in, and requests and handles that are made again,
# zeroed and freed where that is allowed: the same values, the same errno, the same order of
# callbacks with and without us.
. "$ROOT/tests/e2e/differential.bash"

compare files 8 "$BUILD/tests/uv_files"
compare orders 14 "$BUILD/tests/uv_orders"
compare reuse 15 "$BUILD/tests/uv_reuse"
compare libc 13 "$BUILD/tests/libc_calls"

done_testing
