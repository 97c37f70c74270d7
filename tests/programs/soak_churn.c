/*
 * Makes and destroys things at a high rate, for a recorder that must not grow by it; ends by itself
 * after SECONDS and prints how many it made.
 *
 *     soak_churn threads SECONDS    threads with a loop of their own, handles, work for the pool
 *     soak_churn children SECONDS   short child processes, a few at a time
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { THREADS_AT_ONCE = 8, CHILDREN_AT_ONCE = 3, HANDLES = 16 };

static uint64_t deadline;
static unsigned long made;

static void check(int result, const char *what)
{
	if (result == 0)
		return;
	fprintf(stderr, "soak_churn: %s: %s\n", what, uv_strerror(result));
	exit(1);
}

static int is_over(void)
{
	return uv_hrtime() >= deadline;
}

/* --- threads and handles -----------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_timer(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, on_closed);
}

static void on_stat(uv_fs_t *request)
{
	uv_fs_req_cleanup(request);
	free(request);
}

static void work(uv_work_t *request)
{
	(void)request;
}

static void after_work(uv_work_t *request, int status)
{
	(void)status;
	free(request);
}

static void *allocate(size_t size)
{
	void *memory = malloc(size);

	if (!memory)
		abort();
	return memory;
}

static void make_handles(uv_loop_t *loop)
{
	for (int i = 0; i < HANDLES; i++) {
		uv_timer_t *timer = allocate(sizeof *timer);
		uv_tcp_t *tcp = allocate(sizeof *tcp);

		uv_timer_init(loop, timer);
		uv_timer_start(timer, on_timer, 0, 0);
		check(uv_tcp_init(loop, tcp), "uv_tcp_init");
		uv_close((uv_handle_t *)tcp, on_closed);
	}
	check(uv_fs_stat(loop, allocate(sizeof(uv_fs_t)), "/", on_stat), "uv_fs_stat");
	check(uv_queue_work(loop, allocate(sizeof(uv_work_t)), work, after_work), "uv_queue_work");
}

static void live(void)
{
	uv_loop_t loop;

	check(uv_loop_init(&loop), "uv_loop_init");
	make_handles(&loop);
	uv_run(&loop, UV_RUN_DEFAULT);
	check(uv_loop_close(&loop), "uv_loop_close");
}

static void uv_entry(void *argument)
{
	(void)argument;
	live();
}

static void *pthread_entry(void *argument)
{
	live();
	return argument;
}

static void churn_threads(void)
{
	uv_loop_t *loop = uv_default_loop();

	while (!is_over()) {
		uv_thread_t threads[THREADS_AT_ONCE];

		for (int i = 0; i < THREADS_AT_ONCE; i++)
			if (i % 2)
				check(uv_thread_create(&threads[i], uv_entry, NULL),
					"uv_thread_create");
			else if (pthread_create(&threads[i], NULL, pthread_entry, NULL))
				abort();
		make_handles(loop);
		uv_run(loop, UV_RUN_DEFAULT);
		for (int i = 0; i < THREADS_AT_ONCE; i++)
			pthread_join(threads[i], NULL);
		made += THREADS_AT_ONCE;
	}
}

/* --- children ----------------------------------------------------------------------------------
 */

static void spawn(uv_loop_t *loop);

static void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
	uv_loop_t *loop = process->loop;

	if (status || signal) {
		fprintf(stderr, "soak_churn: a child ended with %d, signal %d\n", (int)status,
			signal);
		exit(1);
	}
	uv_close((uv_handle_t *)process, on_closed);
	if (!is_over())
		spawn(loop);
}

static void spawn(uv_loop_t *loop)
{
	char *arguments[] = {"/bin/true", NULL};
	const uv_process_options_t options = {
		.file = arguments[0], .args = arguments, .exit_cb = on_exit_of_child};

	check(uv_spawn(loop, allocate(sizeof(uv_process_t)), &options), "uv_spawn");
	made++;
}

static void churn_children(void)
{
	uv_loop_t *loop = uv_default_loop();

	for (int i = 0; i < CHILDREN_AT_ONCE; i++)
		spawn(loop);
	uv_run(loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: soak_churn threads|children SECONDS\n");
		return 2;
	}
	deadline = uv_hrtime() + strtoull(argv[2], NULL, 10) * 1000000000ull;
	if (!strcmp(argv[1], "threads"))
		churn_threads();
	else
		churn_children();
	printf("made %lu\n", made);
	return uv_loop_close(uv_default_loop()) ? 1 : 0;
}
