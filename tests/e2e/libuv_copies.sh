# Several copies of libuv in one process, however they were loaded: each call goes to the right one,
# and is recorded. What cannot be seen is said. Code that was unloaded is not confused with what
# comes in its place.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

sources=$ROOT/tests/programs/copies
build=("${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -O2 -g)
plugin() { # NAME FILE-OR-OPTION...
	local name=$1
	shift
	"${build[@]}" -fPIC -shared "-DNAME=$name" -o "$name.so" "$@" -lpthread
}

# libuv itself, the same under another name, and one of a few functions.
libuv=$(ldd "$BUILD/tests/record_guest" | sed -n 's/.*libuv\.so\.1 => \([^ ]*\).*/\1/p')
sed 's/libuv\.so\.1/libuw.so.1/g' "$libuv" >libuw.so.1
in_order=-fno-toplevel-reorder # clang keeps the order anyway
"${build[@]}" $in_order -x c /dev/null -fsyntax-only 2>/dev/null || in_order=
{
	"${build[@]}" -o host "$sources/host.c" -ldl &&
		"${build[@]}" -o linked "$sources/host.c" -Wl,--no-as-needed -luv -ldl &&
		"${build[@]}" $in_order -fPIC -shared -Wl,-soname,libmini.so.1 -o libmini.so.1 \
			"$sources/mini_uv.c" -lpthread &&
		plugin red "$sources/user.c" -luv &&
		plugin tall -DTALL "$sources/user.c" -luv &&
		plugin blue "$sources/user.c" ./libuw.so.1 -Wl,-rpath,"\$ORIGIN" &&
		plugin mini "$sources/user.c" ./libmini.so.1 -Wl,-rpath,"\$ORIGIN" &&
		plugin beside $in_order "$sources/mini_uv.c" "$sources/user.c" &&
		plugin far -DFAR $in_order "$sources/mini_uv.c" "$sources/user.c" &&
		plugin bare "$sources/user.c" -Wl,--unresolved-symbols=ignore-all &&
		plugin symbolic -Wl,-Bsymbolic "$sources/mini_uv.c" "$sources/user.c" &&
		printf '{ global: hidden_*; local: *; };' >hide &&
		plugin hidden -Wl,--version-script=hide "$sources/mini_uv.c" "$sources/user.c" &&
		printf 'void bare_begin(void);\nvoid needy_begin(void);\nvoid needy_begin(void) { bare_begin(); }\n' >needy.c &&
		plugin needy needy.c ./bare.so -Wl,--no-as-needed -luv -Wl,-rpath,"\$ORIGIN"
} >build.out 2>&1
equal 'the plugins are built' "$?" 0 || note "$(cat build.out)"

# record_same WORDS RECORDING COMMAND...: recorded, the program does what it does.
record_same() {
	local words=$1 file=$2 bare
	shift 2
	bare=$(timeout 20 "$@" 2>&1)
	status "$words: status" $? timeout 60 "$ACAUSAL" record -o "$file" "$@"
	equal "$words: output" "$(<out)" "$bare"
	if [[ -s $file ]]; then
		check_recording "$file"
	else
		not_ok "$words: there is a recording"
		note "$(cat err)"
	fi
}

# Each run with its callback, the run that it is linked to and where it was armed from.
runs() { # FILE
	sql "$1" "
		WITH name (run_id, callback) AS (
			SELECT run_id, source.function FROM run
			LEFT JOIN source ON source.frame_id = callback_frame_id AND inline_depth = 0
			WHERE run_id NOT IN (SELECT root_run_id FROM thread)
			UNION ALL SELECT root_run_id, role FROM thread)
		SELECT me.callback, edge.link_api, link.callback FROM run_edge edge
		JOIN name me USING (run_id)
		LEFT JOIN name link ON link.run_id = edge.link_run_id
		WHERE edge.run_id NOT IN (SELECT root_run_id FROM thread)
		ORDER BY edge.run_id"
}

# What the user of NAME's plugin makes, and nothing that a libuv makes for itself.
resources() { # FILE
	sql "$1" "SELECT name, count(*) FROM resource JOIN type USING (type_id)
		WHERE name NOT IN ('main', 'uv_thread_t') GROUP BY name ORDER BY name"
}

# --- one copy, in each place where it may be ----------------------------------------------------

one() { # WORDS HOST NAME HOW
	local name=$3 words=$1
	record_same "$words" "$name.db" "$2" "$name=./$name.so$4" "$name.begin" "$name.work" "$name.run" \
		"$name.next=$name.again" "$name.arm" "$name.run" "$name.next=$name.close" "$name.arm" \
		"$name.run" "$name.end"
	equal "$words: the causality" "$(runs "$name.db")" "$(
		sed "s/NAME/$name/g" <<-'END'
			NAME_worked|uv_queue_work|main
			NAME_after|uv_queue_work|main
			NAME_fired|uv_timer_start|main
			NAME_fired|uv_timer_start|main
			NAME_fired|uv_timer_start|main
			NAME_closed|uv_close|NAME_fired
		END
	)"
	equal "$words: what made it fire, but for libuv itself" \
		"$(sql "$name.db" 'SELECT kind, count(*) FROM cause GROUP BY kind ORDER BY kind')" $'again|1\nwork|1'
	equal "$words: what was made" "$(resources "$name.db")" $'uv_loop_t|1\nuv_timer_t|1\nuv_work_t|1'
}
one 'with a plugin' ./host red ''
one 'global' ./host red ',global'
one 'under another name' ./host blue ''
one 'a small libuv' ./host mini ''
one 'in the module of its user' ./host beside ''
one 'the same, far from the user' ./host far ''
one 'the program is linked to one, the plugin uses that' ./linked red ''
one 'the program is linked to one, the plugin to another' ./linked blue ''
record_same 'a plugin that leaves it to its loader which libuv it uses' bare.db ./host \
	needy=./needy.so needy.begin needy.begin
equal 'its calls are recorded' "$(resources bare.db)" $'uv_loop_t|2\nuv_timer_t|2'

# --- two at a time ------------------------------------------------------------------------------

# Each one's callbacks call the other's functions, which leave by a jump into libuv.
record_same 'two copies' two.db ./host red=./red.so blue=./blue.so mini=./mini.so red.begin blue.begin \
	mini.begin red.next=blue.arm red.arm red.run blue.next=mini.arm blue.run mini.next=red.arm mini.run \
	red.next=mini.close red.run mini.next=blue.close mini.run blue.next=red.close blue.run red.run \
	red.end blue.end mini.end
equal 'two copies: the causality' "$(runs two.db)" 'red_fired|uv_timer_start|main
red_fired|uv_timer_start|main
blue_fired|uv_timer_start|red_fired
blue_fired|uv_timer_start|red_fired
mini_fired|uv_timer_start|blue_fired
mini_fired|uv_timer_start|blue_fired
red_fired|uv_timer_start|mini_fired
red_fired|uv_timer_start|mini_fired
mini_closed|uv_close|red_fired
blue_closed|uv_close|mini_closed
red_closed|uv_close|blue_closed'

# --- unloading ----------------------------------------------------------------------------------

cycle() { # NAME
	echo "$1=./$1.so" "$1.begin" "$1.arm" "$1.run" "$1.close" "$1.run" "$1.end" "-$1"
}
# shellcheck disable=SC2046  # these are words
record_same 'one after another' after.db ./host $(cycle beside) $(cycle far) $(cycle beside) $(cycle mini) \
	$(cycle blue) $(cycle red) $(cycle mini)
equal 'one after another: each stack names the code of its time' "$(sql after.db "
	SELECT substr(source.function, 1, instr(source.function, '_') - 1),
		substr(replace(module.path, '.so', ''), 3), count(*)
	FROM run JOIN frame ON frame.frame_id = callback_frame_id JOIN module USING (module_id)
	LEFT JOIN source ON source.frame_id = callback_frame_id AND inline_depth = 0
	WHERE part IN ('callback', 'close') GROUP BY 1, 2 ORDER BY 1")" \
	$'beside|beside|6\nblue|blue|3\nfar|far|3\nmini|mini|6\nred|red|3'
equal 'one after another: where things were made, too' "$(sql after.db "
	SELECT function, substr(module, 3), count(*) FROM resource JOIN stack_frame USING (stack_id)
	JOIN type USING (type_id) WHERE depth = 0 AND inline_depth = 0 AND type.name = 'uv_timer_t'
	GROUP BY 1, 2 ORDER BY 1")" \
	'beside_begin|beside.so|2
blue_begin|blue.so|1
far_begin|far.so|1
mini_begin|mini.so|2
red_begin|red.so|1'
contains 'some were where others had been' "$(<out)" ' is where '
# More often than there is room to remember.
# shellcheck disable=SC2046
record_same 'over and over' over.db ./host $(for _ in $(seq 20); do cycle mini; cycle far; done)
equal 'over and over: all of it' "$(runs over.db | sort | uniq -c | sed 's/^ *//')" \
	'20 far_closed|uv_close|main
40 far_fired|uv_timer_start|main
20 mini_closed|uv_close|main
40 mini_fired|uv_timer_start|main'

# Where nobody can be told of the unloading, the next code in the place is told from the former.
secretly() { # NAME
	echo "$1=./$1.so" "$1.begin" "$1.arm" "$1.run" "$1.close" "$1.run" "$1.end" "!$1"
}
# shellcheck disable=SC2046
record_same 'unloaded in secret' secret.db ./linked $(secretly red) $(secretly tall) $(secretly red) \
	$(secretly tall)
equal 'unloaded in secret: each stack names the code of its time' "$(sql secret.db "
	SELECT function, substr(module, 3), count(*) FROM resource JOIN stack_frame USING (stack_id)
	JOIN type USING (type_id) WHERE depth = 0 AND inline_depth = 0 AND type.name = 'uv_timer_t'
	GROUP BY 1, 2 ORDER BY 1")" $'red_begin|red.so|2\ntall_begin|tall.so|2'
equal 'unloaded in secret: and each run' "$(runs secret.db | cut -d '|' -f 1 | sort | uniq -c | sed 's/^ *//')" \
	$'2 red_closed\n4 red_fired\n2 tall_closed\n4 tall_fired'

# --- what cannot be seen ------------------------------------------------------------------------

cp red.db acausal.db
before=$(sha256sum <acausal.db)
unseen() { # WORDS PART COMMAND...
	local words=$1 part=$2 bare code
	shift 2
	bare=$(timeout 20 "$@" 2>&1)
	code=$?
	status "$words: status" $code timeout 60 "$ACAUSAL" record "$@"
	equal "$words: output" "$(<out)" "$bare"
	equal "$words: one line" "$(grep -c '^acausal: .*; there is no recording$' err) $(wc -l <err)" '1 1'
	contains "$words: it says why" "$(<err)" "$part"
}
use() { # NAME HOW
	echo "$1=./$1.so$2" "$1.begin" "$1.arm" "$1.run" "$1.close" "$1.run" "$1.end"
}
unseen 'none' 'no libuv was found in ./host' ./host
unseen 'linked, not used' 'libuv was loaded into ./linked and never used' ./linked
unseen 'loaded, not used' 'never used' ./host red=./red.so
unseen 'loaded, not used, unloaded' 'never used' ./host red=./red.so -red
# shellcheck disable=SC2046
{
	unseen 'RTLD_DEEPBIND' 'RTLD_DEEPBIND' ./host $(use red ,deep)
	unseen 'RTLD_DEEPBIND, unloaded' 'RTLD_DEEPBIND' ./host $(use red ,deep) -red
	unseen 'dlmopen' 'dlmopen' ./host $(use red ,apart)
	unseen 'hidden in a module' 'hidden.so carries its own libuv' ./host $(use hidden '')
	unseen 'bound inside of a module' 'symbolic.so carries its own libuv' ./host $(use symbolic '')
	status 'one that is seen beside one that is not' 0 "$ACAUSAL" record -o part.db ./host \
		$(use red '') $(use hidden '')
}
contains 'the recording is made' "$(<err)" 'in part.db'
contains 'and what it lacks is said' "$(<err)" 'not recorded: hidden.so carries a libuv of its own'
cat >inside.c <<'END'
void inside_begin(void), inside_arm(void), inside_run(void), inside_end(void);
int main(void)
{
	inside_begin();
	inside_arm();
	inside_run();
	inside_end();
	return 7;
}
END
"${build[@]}" -DNAME=inside -o inside inside.c "$sources/user.c" "$sources/mini_uv.c" -lpthread ||
	not_ok 'a program with a libuv of its own is built'
unseen 'in the program' 'inside carries its own libuv, which is not recorded: uv_run is in the code of' ./inside
"${build[@]}" -rdynamic -DNAME=inside -o exported inside.c "$sources/user.c" "$sources/mini_uv.c" \
	-lpthread || not_ok 'a program that exports its libuv is built'
strip -o stripped inside || not_ok 'a program is stripped'
unseen 'in the program, exported' 'exported carries its own libuv' ./exported
cat >pointer.c <<'END'
#include <dlfcn.h>
#include <uv.h>
int main(int argc, char **argv)
{
	void *handle = dlopen(argv[argc - 1], RTLD_LAZY);
	static uv_loop_t loop;
	return ((int (*)(uv_loop_t *))dlsym(handle, "uv_loop_init"))(&loop);
}
END
"${build[@]}" -o pointer pointer.c -ldl || not_ok 'a program that asks for addresses is built'
unseen 'by dlsym' 'by addresses that dlsym gave out' ./pointer "$libuv"
if node=$(command -v node) && nm -D "$node" 2>/dev/null | grep -q ' T uv_run$'; then
	unseen node 'node carries its own libuv, which is not recorded' node -e 'setTimeout(() => console.log(1), 1)'
else
	skip 'node' 'not installed, or linked to libuv'
fi
equal 'the recording that was there is there' "$(sha256sum <acausal.db) $(ls acausal.db?* 2>/dev/null)" "$before "
done_testing
