#!/usr/bin/env bash
# Each header compiles alone and twice, and each source compiles without a warning, with the given
# compilers: headers.sh CC...
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
flags=(-std=gnu11 -D_GNU_SOURCE -I. -fsyntax-only -Werror -Wall -Wextra -Wshadow
	-Wmissing-prototypes -Wstrict-prototypes -Wvla)
read -ra modules < <(pkg-config --cflags libuv libdw libelf sqlite3 readline)
status=0

check() { # COMPILER FILE... : prints and fails on the first warnings
	local compiler=$1 file
	shift
	for file; do
		case $file in
		*.h) printf '#include "%s"\n#include "%s"\n' "$file" "$file" |
			"$compiler" "${flags[@]}" "${modules[@]}" -x c - || return 255 ;;
		*.c) "$compiler" "${flags[@]}" "${modules[@]}" "$file" || return 255 ;;
		esac
	done
}
export -f check
export flags modules

for compiler; do
	output=$(find recorder debugger schema examples tests -name '*.[ch]' | sort | while read -r file; do
		check "$compiler" "$file" || echo "$compiler does not like $file"
	done 2>&1)
	[[ -z $output ]] || {
		echo "$output"
		status=1
	}
done
exit $status
