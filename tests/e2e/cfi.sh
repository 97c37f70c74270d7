# Call-frame information: our reader against libdw's for whole libraries, and walks of real stacks
# against glibc's backtrace(), on this processor and on aarch64 as far as tools for it are here.
. "$ROOT/tests/e2e/lib.sh"

LIBRARIES=/lib/x86_64-linux-gnu
AARCH64=/usr/aarch64-linux-gnu

# The program prints its own lines; a wrong exit status without a `not ok` is a failure, too.
run_checks() { # COMMAND...
	local output status
	output=$("$@" 2>&1)
	status=$?
	printf '%s\n' "$output"
	[[ $status == 0 ]] || failures=$((failures + 1))
	[[ $status -lt 2 ]] || not_ok "$1 ended with status $status"
}

oracle() { # NAME FILE
	if [[ -n $2 && -e $2 ]]; then
		run_checks "$BUILD/tests/cfi_oracle" "$2"
	else
		skip "$1" 'not installed'
	fi
}

oracle libc "$LIBRARIES/libc.so.6"
oracle libuv "$LIBRARIES/libuv.so.1"
oracle libsqlite3 "$LIBRARIES/libsqlite3.so.0"
oracle libstdc++ "$LIBRARIES/libstdc++.so.6"
# Debian's node is a few lines around libnode.
node=$(type -P node)
libnode=$(ldd "$node" 2>/dev/null | sed -n 's/.*libnode.* => \([^ ]*\) .*/\1/p')
oracle node "${libnode:-$node}"
oracle 'libc for aarch64 (libc6-dev-arm64-cross)' "$AARCH64/lib/libc.so.6"
refuse 'a file that is no ELF file fails' "$BUILD/tests/cfi_oracle" "$ROOT/Makefile"

run_checks "$BUILD/tests/cfi_frames"

if ! type -P aarch64-linux-gnu-gcc qemu-aarch64 >/dev/null || [[ ! -e $AARCH64/lib/libc.so.6 ]]; then
	skip 'stacks on aarch64' 'no gcc-aarch64-linux-gnu, libc6-dev-arm64-cross or qemu-user'
else
	for protection in none standard; do
		check "for aarch64 it compiles (-mbranch-protection=$protection)" \
			aarch64-linux-gnu-gcc -std=gnu11 -D_GNU_SOURCE -I"$ROOT" -O2 -g \
			-mbranch-protection=$protection -o "$TMP/cfi_frames" \
			"$ROOT"/tests/programs/cfi_frames.c \
			"$ROOT"/recorder/runtime/{cfi,cfi_entry,unwind,unwind_row}.c -lpthread &&
			run_checks qemu-aarch64 -cpu max -L "$AARCH64" "$TMP/cfi_frames"
	done
fi
done_testing
