#!/usr/bin/env bash
# Makes the seeds anew that are of real programs: cores, made small, and the arenas in them; and
# recordings. Needed only when a layout has changed so much that the old ones say nothing any more.
# (Seeds that once broke something, and hostile.tar.xz, a part of what fuzzing has found worth keeping,
# are not made: they stay.)
#
#     B=build tests/fuzz/make_seeds.sh       after: make programs fuzz-tools
#
# Wants core files to be written where a program runs, under the name `core`.
set -eu
cd "$(dirname "$0")/../.."
B=$(cd "${B:-build}" && pwd)
seeds=$PWD/tests/fuzz/seeds
root=$PWD
scratch=$(mktemp -d /tmp/seeds.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
ulimit -c unlimited

# What a core says of paths is of this folder, and its environment is empty.
cp "$B/acausal" "$B/libacausal.so" "$scratch"
cp "$B"/tests/{core_death,core_pending,uv_facts,uv_causes,uv_pool,uv_held,process_family,fork_loops} \
	"$B"/tests/{log_routes,timer_chain,echo_server,context_world} "$scratch"
mkdir -p "$seeds"/{arena,core,recording,rows}

# Most programs end well: they leave a core all the same, as their last act.
cat >"$scratch/end.c" <<'C'
#include <stdlib.h>
#include <string.h>
__attribute__((destructor)) static void end(void)
{
	const char *preload = getenv("LD_PRELOAD");

	if (preload && strstr(preload, "libacausal.so"))
		abort();
}
C
cc -shared -fPIC -o "$scratch/end.so" "$scratch/end.c"

make_core() { # NAME COMMAND...
	local name=$1
	shift
	mkdir "$scratch/of_$name"
	(cd "$scratch/of_$name" &&
		env -i PATH=/usr/bin:/bin LC_ALL=C LD_PRELOAD="$scratch/end.so" "$@" >/dev/null 2>&1 </dev/null) ||
		true
	[[ -s $scratch/of_$name/core ]] || { echo "no core of $name" >&2; exit 1; }
}

keep() { # FILE TARGET NAME
	xz -9e -c "$1" >"$seeds/$2/$3.xz"
	ls -l "$seeds/$2/$3.xz"
}

keep_core() { # NAME
	"$B/tests/core_seed" "$scratch/of_$1/core" "$scratch/small" "$scratch/acausal" core --format json
	keep "$scratch/small" core "$1"
}

keep_arena() { # NAME
	"$B/tests/arena_seed" "$scratch/of_$1/core" 80 >"$scratch/script"
	keep "$scratch/script" arena "$1"
}

record=("$scratch/acausal" record -o made.db)
make_core null "${record[@]}" "$scratch/core_death" null
make_core facts "${record[@]}" "$scratch/uv_facts" file
make_core causes "${record[@]}" "$scratch/uv_causes"
make_core pool "${record[@]}" "$scratch/uv_pool"
make_core held "${record[@]}" "$scratch/uv_held"
make_core family "${record[@]}" "$scratch/process_family" fork
make_core fork_loops "${record[@]}" "$scratch/fork_loops"
make_core routes "${record[@]}" "$scratch/log_routes" truth files line
make_core contexts "${record[@]}" "$scratch/context_world" crash
# Those in flight mode have what others have not: ancestors, and details of what is alive.
flight=(timeout -s ABRT 2 env ACAUSAL_FLIGHT=1M LD_PRELOAD="$scratch/libacausal.so $scratch/end.so")
make_core flight_chain "${flight[@]}" "$scratch/timer_chain"
make_core flight_causes "${flight[@]}" "$scratch/uv_causes"
make_core flight_server "${flight[@]}" "$scratch/echo_server"
make_core flight_contexts "${flight[@]}" "$scratch/context_world" crash
for name in null facts causes pool held family fork_loops routes flight_chain flight_causes \
	flight_server contexts flight_contexts; do
	keep_arena "$name"
done
"$B/tests/arena_seed" >"$scratch/script"
keep "$scratch/script" arena every_kind
"$B/tests/arena_seed" limits >"$scratch/script"
keep "$scratch/script" arena limits

make_core never "$scratch/core_death" null
make_core clock "$scratch/core_death" clock
make_core pending "$scratch/core_pending"
for name in null causes never clock pending flight_chain; do
	keep_core "$name"
done

# Pages as small as they can be: most are nearly empty. Nothing of where the sources lie.
sqlite3 "$scratch/of_null/made.db" "UPDATE source SET directory = '/srv/app';
	PRAGMA page_size = 512; VACUUM"
keep "$scratch/of_null/made.db" recording crash
{
	echo 'PRAGMA page_size = 512;'
	cat "$root"/schema/tables.sql "$root/tests/fixtures/server.sql" "$root/schema/indexes.sql"
} | sqlite3 "$scratch/fixture.db"
keep "$scratch/fixture.db" recording fixture
printf '\5\0\0\0\0\1\1' >"$scratch/change"
keep "$scratch/change" rows one_change
