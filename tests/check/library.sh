#!/usr/bin/env bash
# What libacausal.so must be to live in somebody else's process: it needs libc alone, refers to no
# function of libuv, and exports only what it interposes (names that libuv or libc export too) and
# acausal_*.
set -u
library=${1:?usage: library.sh LIBRARY}
status=0
complain() {
	echo "$library: $*"
	status=1
}

[[ -r $library ]] || {
	echo "$library: is not there"
	exit 1
}

needed=$(readelf -dW "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
while read -r name; do
	case $name in
	libc.so.6 | ld-linux*.so.* | '') ;;
	*) complain "needs $name" ;;
	esac
done <<<"$needed"
readelf -dW "$library" | grep -qE '(TEXTREL|RPATH|RUNPATH)' && complain 'has TEXTREL, RPATH or RUNPATH'
readelf -lW "$library" | grep -E 'GNU_STACK' | grep -q 'RWE' && complain 'has an executable stack'

# Names without versions, of a dynamic symbol table. ld leaves hidden ones in it for sections' starts
# and ends; the loader does not see them.
names() { # defined|undefined LIBRARY
	readelf --dyn-syms -W "$2" | awk -v want="$1" '
		$1 ~ /^[0-9]+:$/ && NF >= 8 && $5 != "LOCAL" && $6 != "HIDDEN" &&
			($7 == "UND") == (want == "undefined") { sub(/@.*/, "", $8); print $8 }' | sort -u
}
undefined=$(names undefined "$library" | grep '^uv_')
[[ -z $undefined ]] || complain "refers to" $undefined

libuv=$(pkg-config --variable=libdir libuv)/libuv.so
libc=$(${CC:-cc} -print-file-name=libc.so.6)
strays=$(comm -23 <(names defined "$library" | grep -v '^acausal_') \
	<({ names defined "$libuv"; names defined "$libc"; } | sort -u))
# libuv functions younger than the installed one may be there too.
strays=$(grep -v '^uv_' <<<"$strays")
[[ -z $strays ]] || complain "exports" $strays
exit $status
