#!/usr/bin/env bash
# Every function that we interpose is called by some program of the differential tests. The list is
# the recorder's own, and which functions a program calls is what the dynamic loader says: a function
# is bound when it is called for the first time.
. "$ROOT/tests/e2e/differential.bash"

names() {
	"${CC:-cc}" -E -P -I"$ROOT" -xc - <<'END' | sed -n 's/^NAMES //p' | tr -s ' ' '\n' | sort -u
#include "recorder/wire/names.h"
#define X(name) uv_##name
NAMES ACAUSAL_LIBUV_FUNCTIONS(X)
#undef X
#define X(name) name
NAMES ACAUSAL_LIBC_FUNCTIONS(X) ACAUSAL_LIBC_VARIADIC(X)
END
}

# The functions that PROGRAM and its children of the same name bound themselves, not their libraries.
called() { # PROGRAM
	mkdir -p "$TMP/bound"
	run_in "$TMP/called" env LD_DEBUG=bindings LD_DEBUG_OUTPUT="$TMP/bound/of" "$1"
	cat "$TMP"/bound/of.* | sed -n "s|^.*binding file $1 .*: normal symbol .\([a-zA-Z_0-9]*\)'.*|\1|p"
	rm -rf "$TMP/bound"
}

# What the library is for is what it has in place of others.
names >listed
for name in $(readelf --dyn-syms -W "$BUILD/libacausal.so" | awk '
	$1 ~ /^[0-9]+:$/ && NF >= 8 && $5 != "LOCAL" && $6 != "HIDDEN" && $7 != "UND" && $7 != "ABS" {
		sub(/@.*/, "", $8); print $8 }'); do
	grep -qx "$name" listed || [[ $name == acausal_* ]] || echo "$name"
done >unlisted
equal 'all that the library interposes is in the list' "$(<unlisted)" ''

# Functions of a younger libuv than the one that is here.
libuv=$(ldd "$BUILD/tests/uv_semantics" | awk '$1 ~ /^libuv/ { print $3 }')
nm -D --defined-only "$libuv" | awk '{ print $3 }' >in_libuv
while read -r name; do
	if [[ $name == uv_* ]] && ! grep -qx "$name" in_libuv; then
		echo "$name" >>younger
	else
		echo "$name"
	fi
done <listed >wanted

[[ ! -e younger ]] || note "not in this libuv: $(tr '\n' ' ' <younger)"

for program in uv_semantics uv_requests uv_pool uv_loops uv_control uv_files uv_orders uv_reuse \
	uv_spawns libc_calls libc_exec libc_writes libc_stdio libc_wide libc_messages \
	libc_signals; do
	called "$BUILD/tests/$program"
done | sort -u >found

equal 'each of them is called by a differential test' "$(comm -23 wanted found)" ''
matches 'which are more than a hundred' "$(wc -l <wanted)" '^[0-9]{3,}$'

done_testing
