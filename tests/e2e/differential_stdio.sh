#!/usr/bin/env bash
# What libc's functions that write return and leave behind, on every kind of output, in every mode of
# buffering, and where they fail: the same bytes, values, errno and files with and without us.
. "$ROOT/tests/e2e/differential.bash"

compare stdio 21 "$BUILD/tests/libc_stdio"
compare stdio_ends 27 "$BUILD/tests/libc_stdio_ends"
compare wide 22 "$BUILD/tests/libc_wide"
differ_with --no-log stdio "$BUILD/tests/libc_stdio"
differ_with --no-log wide "$BUILD/tests/libc_wide"

done_testing
