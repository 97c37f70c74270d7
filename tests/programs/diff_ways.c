/*
 * The same work each time, but for what is asked for by name: what `acausal diff` must tell, and
 * nothing else. A tick looks at a file; each answer opens a session, a timer that ends soon.
 *
 *     diff_ways TICKS [leak] [slow] [late] [path] [fail] [twice] [once]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

static int ticks, leak, slow, late, path, fail, twice, once;
static uv_timer_t clock_timer;

static void idle(int ms)
{
	struct timespec rest = {0, ms * 1000000L};

	nanosleep(&rest, NULL);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_session(uv_timer_t *session)
{
	if (slow)
		idle(4);
	uv_close((uv_handle_t *)session, on_closed);
	__asm__ volatile("");
}

__attribute__((noinline)) static uv_timer_t *open_session(void)
{
	uv_timer_t *session = malloc(sizeof *session);

	uv_timer_init(uv_default_loop(), session);
	uv_timer_start(session, on_session, 1, 0);
	__asm__ volatile("");
	return session;
}

__attribute__((noinline)) static void open_by_cache(void)
{
	open_session();
	__asm__ volatile(""); /* no tail call: it must be on the stack */
}

/* Nobody ever closes it. */
__attribute__((noinline)) static void keep_forever(void)
{
	uv_timer_t *timer = malloc(sizeof *timer);

	uv_timer_init(uv_default_loop(), timer);
	__asm__ volatile("");
}

static void on_work(uv_work_t *work)
{
	(void)work;
	idle(late ? 5 : 0);
}

static void on_worked(uv_work_t *work, int status)
{
	(void)status;
	free(work);
}

static void on_stat(uv_fs_t *request)
{
	uv_work_t *work = malloc(sizeof *work);

	uv_fs_req_cleanup(request);
	free(request);
	if (path)
		open_by_cache();
	else
		open_session();
	if (leak)
		keep_forever();
	uv_queue_work(uv_default_loop(), work, on_work, on_worked);
	__asm__ volatile("");
}

__attribute__((noinline)) static void look(void)
{
	uv_fs_t *request = malloc(sizeof *request);

	uv_fs_stat(uv_default_loop(), request, fail ? "/nowhere/at/all" : "/", on_stat);
	__asm__ volatile("");
}

/* Something that seldom happens. */
__attribute__((noinline)) static void recover(void)
{
	open_session();
	__asm__ volatile("nop"); /* and not the same code as another function */
}

static void on_tick(uv_timer_t *timer)
{
	look();
	if (twice)
		look();
	if (once && ticks == 3)
		recover();
	if (--ticks > 0)
		uv_timer_start(timer, on_tick, 2, 0);
	else
		uv_close((uv_handle_t *)timer, NULL);
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int *flag;
	} flags[] = {{"leak", &leak}, {"slow", &slow}, {"late", &late}, {"path", &path},
		{"fail", &fail}, {"twice", &twice}, {"once", &once}};

	ticks = argc > 1 ? atoi(argv[1]) : 10;
	for (int i = 2; i < argc; i++)
		for (size_t j = 0; j < sizeof flags / sizeof flags[0]; j++)
			if (!strcmp(argv[i], flags[j].name))
				*flags[j].flag = 1;
	uv_timer_init(uv_default_loop(), &clock_timer);
	uv_timer_start(&clock_timer, on_tick, 1, 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	puts("done");
	return 0;
}
