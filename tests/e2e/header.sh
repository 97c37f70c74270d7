#!/usr/bin/env bash
# acausal.h as programs have it: found by pkg-config where `make install` puts it, in C and in C++, with
# the library preloaded, linked, recorded, or not there; told of in a manual page.
. "$ROOT/tests/e2e/lib.sh"

check 'make install' env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
	make -C "$ROOT" B="$BUILD" PREFIX="$TMP/local" install-files
export PKG_CONFIG_PATH=$TMP/local/lib/pkgconfig
library=$TMP/local/lib/libacausal.so
source=$ROOT/tests/programs/header/every_call.c
read -ra cflags <<<"$(pkg-config --cflags acausal)"
read -ra libs <<<"$(pkg-config --libs acausal)"
equal 'pkg-config knows its version' "acausal $(pkg-config --modversion acausal)" "$("$ACAUSAL" --version | head -n 1)"
equal 'and its flags' "${cflags[*]}" "-I$TMP/local/include"

functions=$(sh "$ROOT/recorder/manual.sh" --names <"$ROOT/recorder/acausal.h")
for function in $functions; do
	grep -q "[^_a-z]$function(" "$source" || not_ok "every_call.c calls $function"
done

strict=(-Wall -Wextra -Werror)
try() { # NAME COMPILER...
	local name=$1
	shift
	check "$name: compiles" "$@" "${strict[@]}" "${cflags[@]}" -o program "$source" || return
	equal "$name: what it wants of others is weak" \
		"$(nm -D --undefined-only program | grep ' U acausal_')" ''
	check "$name: without the library" ./program absent
	rm -f every_call.image
	check "$name: preloaded" env LD_PRELOAD="$library" ./program present
	check "$name: recorded" "$ACAUSAL" record -o program.db ./program recorded
	rm -f program.db every_call.image
}
c=${CC:-cc} cxx=${CXX:-c++}
try 'C' "$c" -std=gnu11 -O2
try 'C, without optimising' "$c" -std=gnu99 -O0
try 'C++' "$cxx" -x c++ -std=c++17 -O2
try 'C++, without optimising' "$cxx" -x c++ -std=c++11 -O0
# Clang cannot be told not to fix addresses when such an executable is linked.
if "$c" --version | grep -q clang; then
	skip 'C, not position-independent' "the header says that $c cannot"
else
	try 'C, not position-independent' "$c" -std=gnu11 -O2 -no-pie -fno-pie
fi
for compiler in gcc clang; do
	if command -v "$compiler" >/dev/null; then
		try "$compiler" "$compiler" -std=gnu11 -O1
	else
		skip "$compiler" 'there is none'
	fi
done

for compiler in "$c -O0" "$c -O2" "$cxx -x c++ -O0"; do
	# shellcheck disable=SC2086 # a command and its options
	check "$compiler -DACAUSAL_DISABLED compiles" \
		$compiler -DACAUSAL_DISABLED "${strict[@]}" "${cflags[@]}" -o disabled "$source"
	equal '... and asks for nothing' "$(nm disabled | grep -i ' [uw] acausal_')" ''
	check '... does nothing' ./disabled absent
	check '... also when the library is there' env LD_PRELOAD="$library" ./disabled absent
done

check 'linked as pkg-config says' "$c" "${strict[@]}" "${cflags[@]}" -o linked "$source" \
	-Wl,--as-needed "${libs[@]}" -Wl,-rpath,"$TMP/local/lib"
check 'the library is there, with nothing in the environment' ./linked present
rm -f every_call.image
check 'and recorded it is the same one' "$ACAUSAL" record -o linked.db ./linked recorded

page=$TMP/local/share/man/man3/acausal.3
equal 'the manual page is well-formed' "$(groff -man -ww -z "$page" 2>&1)" ''
text=$(groff -man -Tascii -P-cbou "$page" | tr -s ' \n' ' ')
for function in $functions; do
	[[ $text == *" $function("* || $text == *"*$function("* ]] || not_ok "the manual page tells of $function"
	[[ $(<"${page%/*}/$function.3") == '.so man3/acausal.3' ]] || not_ok "man $function"
done
ok 'each function is told of'
contains 'it has the words of the header' "$text" 'A storage: it has one value in each execution'
equal 'each line of a table in the header is an entry of its own' \
	"$(sed -n '/^\.TP$/{n;s/^\.B //;p}' "$page" | tr '\n' ' ')" 'init before, after destroy promise_resolve '
equal 'nothing is told of how the header is formatted' "$(grep -c clang-format "$page")" 0

done_testing
