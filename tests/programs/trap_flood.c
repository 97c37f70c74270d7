/*
 * Makes events faster than anybody drains them, and looks how long it is held up. For
 * tests/e2e/traps_recorder.sh.
 *
 *     trap_flood run COUNT         COUNT rounds, each of which makes, arms, stops and closes a
 * timer trap_flood stop COUNT        the same, with the parent (the recorder) stopped, which goes
 * on when this process has stood still for some time, or is done trap_flood stop-for-good COUNT the
 * parent goes on only when this process is done trap_flood quiet FILE        says "ready", waits
 * for FILE.go, works, and makes FILE: nothing goes to the terminal meanwhile
 */
#include "tests/programs/say.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

static uv_loop_t *loop;
static atomic_long rounds_done;
static atomic_int is_done;

static void on_timer(uv_timer_t *timer)
{
	(void)timer;
	abort();
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void flood(long count)
{
	long i;

	for (i = 0; i < count; i++) {
		uv_timer_t *timer = malloc(sizeof *timer);

		MUST(uv_timer_init(loop, timer));
		MUST(uv_timer_start(timer, on_timer, 1000000, 0));
		MUST(uv_timer_stop(timer));
		uv_close((uv_handle_t *)timer, on_closed);
		if (i % 100 == 99)
			uv_run(loop, UV_RUN_NOWAIT);
		atomic_store(&rounds_done, i + 1);
	}
	uv_run(loop, UV_RUN_DEFAULT);
	atomic_store(&is_done, 1);
}

enum { STILL_MS = 300, LOOK_MS = 10 };

/* Has the parent go on when nothing has been done for STILL_MS, or only at the end. */
static void *watch(void *for_good)
{
	long seen = -1;
	int still = 0, longest = 0;

	while (!atomic_load(&is_done)) {
		long now = atomic_load(&rounds_done);

		usleep(LOOK_MS * 1000);
		still = now == seen ? still + LOOK_MS : 0;
		longest = still > longest ? still : longest;
		seen = now;
		if (still == STILL_MS && !for_good)
			kill(getppid(), SIGCONT);
	}
	kill(getppid(), SIGCONT);
	SAY("%s", longest < STILL_MS ? "never stood still"
		  : longest < 15000  ? "stood still for a while"
				     : "stood still for too long");
	return NULL;
}

static void flood_with_parent_stopped(long count, bool for_good)
{
	pthread_t watcher;

	MUST(kill(getppid(), SIGSTOP));
	MUST(pthread_create(&watcher, NULL, watch, for_good ? &is_done : NULL));
	flood(count);
	MUST(pthread_join(watcher, NULL));
}

static void quiet(const char *file)
{
	char go[256];
	int fd;

	snprintf(go, sizeof go, "%s.go", file);
	/* In one piece: what comes later might be held. */
	MUST(write(STDOUT_FILENO, "ready\n", 6));
	while (access(go, F_OK) != 0)
		usleep(1000);
	flood(1000);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	MUST(fd);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	say_begin();
	loop = uv_default_loop();
	if (!strcmp(mode, "run"))
		flood(atol(argv[2]));
	else if (!strcmp(mode, "stop") || !strcmp(mode, "stop-for-good"))
		flood_with_parent_stopped(atol(argv[2]), mode[4] != 0);
	else if (!strcmp(mode, "quiet"))
		quiet(argv[2]);
	else
		return 2;
	if (strcmp(mode, "quiet") != 0)
		SAY("done %s", argv[2]);
	return 0;
}
