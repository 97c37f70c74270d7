#!/usr/bin/env bash
# CMake configures a small C project: many child processes, few handles.
. "$ROOT/tests/e2e/real_programs.bash"
need cmake cmake

mkdir source
cat >source/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.10)
project(small C)
include(CheckFunctionExists)
check_function_exists(printf HAVE_PRINTF)
execute_process(COMMAND sh -c "echo first" COMMAND sh -c "cat; echo second" OUTPUT_VARIABLE said)
message(STATUS "said ${said}")
add_executable(small small.c)
END
echo 'int main(void) { return 0; }' >source/small.c

configure() { # COMMAND...
	rm -rf binary
	"$@" cmake -S source -B binary >output 2>&1
}

configure env
status=$?
mv output output.plain
equal 'unrecorded, it succeeds' "$status" 0
configure "$ACAUSAL" record -o cmake.db
equal 'recorded, it succeeds' "$?" 0
times='s/([0-9.]*s)//'
equal 'its output is the same' "$(grep -v '^acausal: ' output | sed "$times")" \
	"$(sed "$times" output.plain)"
check 'the project builds' cmake --build binary
check_recording cmake.db
has_rows cmake.db 2 1
no_unknown_links cmake.db
traces_reach_root cmake.db 200
done_testing
