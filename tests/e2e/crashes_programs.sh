# Programs whose runtimes handle fatal signals themselves: sanitizers report what they report without
# us, node goes on after WebAssembly's traps and aborts as it does, named dies and says where it was.
# shellcheck shell=bash source=tests/e2e/crash.bash
. "$ROOT/tests/e2e/crash.bash"

cat >program.c <<'END'
#include <stdlib.h>
#include <uv.h>

static volatile int *volatile place;

static void on_timer(uv_timer_t *timer)
{
	(void)timer;
	*place = 1;
}

int main(int argc, char **argv)
{
	uv_timer_t timer;

	(void)argv;
	if (argc > 1) {
		place = malloc(40);
		free((void *)place);
	}
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_timer, 1, 0);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
END

# Kind of error and innermost frames, without places; of the frames below, some are ours.
reported() { # FILE
	sed '/^acausal: SIG/,$d' "$1" | grep -aE '^SUMMARY: |nested bug| #0 ' | sed -E 's/0x[0-9a-f]+/X/g; s/\(.*//'
}

sanitizer() { # COMPILER KIND EXPECTED-CRASHES [ARG]
	local name=$1-$2 plain crashes=$3
	shift 3
	"${name%%-*}" -g "-fsanitize=${name#*-}" program.c -o "$name" -luv >"$name.cc" 2>&1 || {
		skip "$name" 'it is not here'
		return
	}
	{ timeout 30 "./$name" "$@" >/dev/null 2>plain.err; } 2>/dev/null
	plain=$?
	rm -f "$name.db"
	timeout 60 "$ACAUSAL" record -o "$name.db" "./$name" "$@" >/dev/null 2>recorded.err
	equal "$name $*: exit status" $? $plain
	equal "$name $*: its report" "$(reported recorded.err)" "$(reported plain.err)"
	matches "$name $*: which there is" "$(reported plain.err)" 'on_timer'
	equal "$name $*: crashes" "$(sql "$name.db" 'SELECT group_concat(signal) FROM crash')" "$crashes"
}
for compiler in gcc clang; do
	sanitizer $compiler address 11
	sanitizer $compiler address '' freed
	ASAN_OPTIONS=abort_on_error=1 sanitizer $compiler address 6 freed
	# ThreadSanitizer wraps handlers: those that it has itself are left to it.
	sanitizer $compiler thread ''
done

# --- node ---------------------------------------------------------------------------------------

cat >traps.js <<'END'
const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5,
	3, 1, 0, 1, 7, 5, 1, 1, 102, 0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11]);
const load = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f;
let traps = 0;
for (let i = 0; i < 100; i++) {
	try { load(0x7fffffff); } catch (error) { traps++; }
}
console.log('traps', traps);
if (process.argv[2]) process.abort();
END

if command -v node >/dev/null; then
	for argument in '' die; do
		{ timeout 30 node traps.js $argument >plain; } 2>/dev/null
		plain=$?
		timeout 60 "$ACAUSAL" record -o node.db node traps.js $argument >recorded 2>/dev/null
		equal "node $argument: exit status and output" "$? $(<recorded)" "$plain $(<plain)"
	done
else
	skip 'node' 'it is not here'
fi

done_testing
