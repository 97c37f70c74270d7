#!/usr/bin/env bash
# What `make install` puts where: an installed acausal finds its library beside bin/, with nothing in
# the environment, wherever it was installed.
. "$ROOT/tests/e2e/lib.sh"

install() { # PREFIX DESTDIR
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
		make -C "$ROOT" B="$BUILD" PREFIX="$1" DESTDIR="$2" install-files
}

check 'make install with a PREFIX' install "$TMP/local" ''
check 'make install with a DESTDIR, for packagers' install /usr "$TMP/package"
equal 'the same files in both' "$(cd package/usr && find . -type f | sort)" \
	"$(cd local && find . -type f | sort)"
equal 'a manual page for each command that is told of' \
	"$(cd local/share/man/man1 && printf '%s\n' acausal-*.1 | sed 's/acausal-\(.*\)\.1/\1/')" \
	"$("$ACAUSAL" help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' | grep -v '^acausal$' | sort)"
equal 'each has a name and a synopsis' \
	"$(grep -LE '^\.SH SYNOPSIS' local/share/man/man1/*.1; grep -LE '^\.SH NAME' local/share/man/man1/*.1)" ''
contains "record's has its options" "$(<local/share/man/man1/acausal-record.1)" 'on\-full'
cat >paused.c <<'END'
#include <acausal.h>
#include <errno.h>
int main(void)
{
	return acausal_pause() == -1 && errno == ENOSYS && acausal_snapshot(0) == -1 ? 0 : 1;
}
END
for compiler in "${CC:-cc}" "${CXX:-c++} -x c++"; do
	# shellcheck disable=SC2086 # a command and its options
	check "acausal.h is found and compiles by $compiler" $compiler -I local/include -o paused paused.c
	check '... and without the library its functions do nothing' ./paused
done
for prefix in "$TMP/local" "$TMP/package/usr"; do
	# Away from the build folder, so that its library is not the one that is found.
	status "record with the one in $(basename "$prefix")" 0 \
		env -u LD_LIBRARY_PATH PATH="$prefix/bin:/usr/bin:/bin" \
		acausal record -o "$prefix.db" -- "$BUILD/examples/handle_leak"
	equal 'its recording has resources' \
		"$(sql "$prefix.db" "SELECT count(*) > 80 FROM resource WHERE process_id = 1")" 1
done

done_testing
