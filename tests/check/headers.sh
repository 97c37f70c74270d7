#!/usr/bin/env bash
# Each header compiles alone and twice, and each source compiles without a warning, with the given
# compilers: headers.sh CC...
set -u
cd "$(dirname "$0")/../.." || exit 1
flags=(-std=gnu11 -D_GNU_SOURCE -I. -fsyntax-only -Werror -Wall -Wextra -Wshadow
	-Wmissing-prototypes -Wstrict-prototypes -Wvla)
read -ra modules < <(pkg-config --cflags libuv libdw libelf sqlite3 readline libpcre2-8 cmocka)
machine=$(uname -m)
status=0

compile() { # COMPILER FILE
	case $2 in
	*.h) printf '#include "%s"\n#include "%s"\n' "$2" "$2" |
		"$1" "${flags[@]}" "${modules[@]}" -x c - ;;
	*) "$1" "${flags[@]}" "${modules[@]}" "$2" ;;
	esac
}

while read -r file; do
	case $file in
	*/arch_"$machine".h) ;;
	*/arch_*.h) continue ;; # another machine's
	esac
	for compiler; do
		compile "$compiler" "$file" 2>&1 || {
			echo "$compiler does not like $file"
			status=1
		}
	done
done < <(find recorder debugger schema examples tests -name '*.[ch]' | sort)
exit $status
