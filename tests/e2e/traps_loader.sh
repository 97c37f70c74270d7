# Loading at run time: by $ORIGIN, and with constructors that wait for a thread which calls what has
# not been called yet, while the loader is locked.
# shellcheck shell=bash source=tests/e2e/lib.sh
. "$ROOT/tests/e2e/lib.sh"

mkdir plugins
# shellcheck disable=SC2317  # by check
build() { # ARG...
	${CC:-cc} -D_GNU_SOURCE -O2 -g -Wall "$@" -lpthread
}

cat >main.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		void *plugin = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);

		printf("%s %s\n", argv[i], plugin ? "loaded" : dlerror());
		fflush(stdout);
		if (plugin && i % 2)
			dlclose(plugin);
	}
	return 0;
}
END
cat >writing.c <<'END'
#include <pthread.h>
#include <unistd.h>

static void *entry(void *argument)
{
	if (write(1, "from the thread\n", 16) != 16)
		return argument;
	return NULL;
}

__attribute__((constructor)) static void begin(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, entry, NULL);
	pthread_join(thread, NULL);
}
END
cat >looping.c <<'END'
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

static void on_timer(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

static void *entry(void *argument)
{
	uv_timer_t timer;
	uv_loop_t loop;

	uv_loop_init(&loop);
	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, on_timer, 0, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	if (write(1, uv_loop_close(&loop) ? "left open\n" : "looped\n", 7) != 7)
		return argument;
	return NULL;
}

__attribute__((constructor)) static void begin(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, entry, NULL);
	pthread_join(thread, NULL);
}
END
# shellcheck disable=SC2016  # the loader's word, not the shell's
check 'the program is built' build -o main main.c -Wl,-rpath,'$ORIGIN/plugins' -ldl
check 'a plugin that writes' build -shared -fPIC -o plugins/libwriting.so writing.c
check 'a plugin that loops' build -shared -fPIC -o plugins/liblooping.so looping.c -luv

# Under a limit: what is feared is a thread that waits for ever.
run() { # [COMMAND...]
	(cd / && timeout 20 "$@" "$TMP/main" libwriting.so liblooping.so libwriting.so liblooping.so)
}

plain=$(run 2>&1)
equal 'it works unrecorded' "$?" 0
contains 'and finds its plugins' "$plain" 'liblooping.so loaded'
recorded=$(run "$ACAUSAL" record -o "$TMP/loader.db" 2>said)
equal 'recorded, nobody waits for ever' "$?" 0
equal 'and all is the same' "$recorded" "$plain"
check_recording loader.db
equal "the plugin's timer is known, with its thread and its maker" \
	"$(sql loader.db "SELECT thread.role, source.function, link_api FROM run_edge
		JOIN run USING (run_id) JOIN thread ON thread.thread_id = run.thread_id
		JOIN source ON source.frame_id = callback_frame_id AND inline_depth = 0
		WHERE function = 'on_timer'")" 'user|on_timer|uv_timer_start'

done_testing
