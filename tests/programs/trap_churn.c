/*
 * Many threads that make, arm, fire, send across, close and go, for as many rounds as are asked
 * for; for tests/e2e/sanitized.sh, which builds the recorder's runtime into this program with a
 * sanitizer, and for tests/e2e/traps_recorder.sh, which stops the recorder meanwhile.
 *
 *     trap_churn [ROUNDS [THREADS]]
 *
 * Prints what came of it, which hangs on the arguments alone.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <uv.h>

enum { TIMERS = 8, REQUESTS = 4, THREADS_MAX = 32, HUBS = 2, SENDS = 20 };

#define MUST(call)                                                                                 \
	do {                                                                                       \
		int must_result = (call);                                                          \
		if (must_result != 0) {                                                            \
			fprintf(stderr, "%s = %d\n", #call, must_result);                          \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* What came of it. */
static atomic_int timers_fired, requests_done, writes_done, handles_closed, threads_done;

/* --- loops that others send to ------------------------------------------------------------- */

struct hub {
	uv_loop_t loop;
	uv_async_t async, stop;
	uv_thread_t thread;
	atomic_int sent, runs;
};

static struct hub hubs[HUBS];

static void on_close_hub(uv_handle_t *handle)
{
	(void)handle;
	atomic_fetch_add(&handles_closed, 1);
}

static void on_hub(uv_async_t *async)
{
	struct hub *hub = async->data;

	atomic_fetch_add(&hub->runs, 1);
}

static void on_hub_stop(uv_async_t *async)
{
	struct hub *hub = async->data;

	uv_close((uv_handle_t *)&hub->async, on_close_hub);
	uv_close((uv_handle_t *)&hub->stop, on_close_hub);
}

/*
 * A signal that came before the thread has begun, or after it has ended, would make it known as one
 * of unknown make. That the next thread in its place then begins after its end is the kernel's
 * word, which ThreadSanitizer does not hear.
 */
static void signals(int how)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(how, &all, NULL);
}

static void run_hub(void *argument)
{
	struct hub *hub = argument;

	MUST(uv_run(&hub->loop, UV_RUN_DEFAULT));
	MUST(uv_loop_close(&hub->loop));
	signals(SIG_BLOCK);
}

static void hubs_start(void)
{
	int i;

	for (i = 0; i < HUBS; i++) {
		struct hub *hub = &hubs[i];

		MUST(uv_loop_init(&hub->loop));
		MUST(uv_async_init(&hub->loop, &hub->async, on_hub));
		MUST(uv_async_init(&hub->loop, &hub->stop, on_hub_stop));
		hub->async.data = hub->stop.data = hub;
		MUST(uv_thread_create(&hub->thread, run_hub, hub));
	}
}

static void hubs_stop(void)
{
	int i;

	for (i = 0; i < HUBS; i++)
		MUST(uv_async_send(&hubs[i].stop));
	for (i = 0; i < HUBS; i++)
		MUST(uv_thread_join(&hubs[i].thread));
}

static void send_to(int which)
{
	struct hub *hub = &hubs[which % HUBS];

	atomic_fetch_add(&hub->sent, 1);
	MUST(uv_async_send(&hub->async));
}

/* --- a thread with a loop of its own -------------------------------------------------------- */

struct worker {
	uv_loop_t loop;
	uv_timer_t timer[TIMERS];
	uv_fs_t request[REQUESTS];
	uv_work_t work[REQUESTS];
	uv_pipe_t from, to;
	uv_write_t write;
	char bytes[64];
	int number, sends;
};

static void on_close(uv_handle_t *handle)
{
	(void)handle;
	atomic_fetch_add(&handles_closed, 1);
}

static void on_timer(uv_timer_t *timer)
{
	struct worker *worker = timer->loop->data;

	atomic_fetch_add(&timers_fired, 1);
	if (worker->sends++ < SENDS)
		send_to(worker->number + worker->sends);
	uv_close((uv_handle_t *)timer, on_close);
}

/* Stacks that differ with the thread and the timer, so that many are made at the same time. */
static __attribute__((noinline)) int arm_left(struct worker *worker, int which, int path);

static __attribute__((noinline)) int arm_right(struct worker *worker, int which, int path)
{
	int result = path > 1 ? path & 1 ? arm_left(worker, which, path >> 1)
					 : arm_right(worker, which, path >> 1)
			      : uv_timer_start(&worker->timer[which], on_timer, 0, 0);

	atomic_signal_fence(memory_order_seq_cst);
	return result;
}

static __attribute__((noinline)) int arm_left(struct worker *worker, int which, int path)
{
	int result = path > 1 ? path & 1 ? arm_left(worker, which, path >> 1)
					 : arm_right(worker, which, path >> 1)
			      : uv_timer_start(&worker->timer[which], on_timer, 0, 0);

	atomic_signal_fence(memory_order_seq_cst);
	return result;
}

static void on_stat(uv_fs_t *request)
{
	uv_fs_req_cleanup(request);
	atomic_fetch_add(&requests_done, 1);
}

static void on_work(uv_work_t *request)
{
	struct worker *worker = request->data;

	send_to(worker->number);
}

static void on_after(uv_work_t *request, int status)
{
	(void)request, (void)status;
	atomic_fetch_add(&requests_done, 1);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct worker *worker = handle->loop->data;

	(void)suggested;
	*ret = uv_buf_init(worker->bytes, sizeof worker->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	(void)buffer;
	if (size < 0)
		uv_close((uv_handle_t *)stream, on_close);
}

static void on_written(uv_write_t *request, int status)
{
	atomic_fetch_add(&writes_done, status == 0);
	uv_close((uv_handle_t *)request->handle, on_close);
}

static void pipe_begin(struct worker *worker)
{
	uv_buf_t hello = uv_buf_init((char[]){"hello"}, 5);
	uv_file ends[2];

	MUST(uv_pipe(ends, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE));
	MUST(uv_pipe_init(&worker->loop, &worker->from, 0));
	MUST(uv_pipe_init(&worker->loop, &worker->to, 0));
	MUST(uv_pipe_open(&worker->from, ends[0]));
	MUST(uv_pipe_open(&worker->to, ends[1]));
	MUST(uv_read_start((uv_stream_t *)&worker->from, on_alloc, on_read));
	MUST(uv_write(&worker->write, (uv_stream_t *)&worker->to, &hello, 1, on_written));
}

static void visit(uv_handle_t *handle, void *count)
{
	(void)handle;
	++*(int *)count;
}

static void run_worker(struct worker *worker)
{
	int i, count = 0;

	signals(SIG_UNBLOCK);
	MUST(uv_loop_init(&worker->loop));
	worker->loop.data = worker;
	for (i = 0; i < TIMERS; i++) {
		MUST(uv_timer_init(&worker->loop, &worker->timer[i]));
		MUST(arm_left(worker, i, 1024 + worker->number * TIMERS + i));
	}
	for (i = 0; i < REQUESTS; i++) {
		worker->work[i].data = worker;
		MUST(uv_fs_stat(&worker->loop, &worker->request[i], "/", on_stat));
		MUST(uv_queue_work(&worker->loop, &worker->work[i], on_work, on_after));
	}
	pipe_begin(worker);
	uv_walk(&worker->loop, visit, &count);
	MUST(uv_run(&worker->loop, UV_RUN_DEFAULT));
	MUST(uv_loop_close(&worker->loop));
	atomic_fetch_add(&threads_done, 1);
	signals(SIG_BLOCK);
}

static void worker_thread(void *argument)
{
	run_worker(argument);
}

static void *worker_pthread(void *argument)
{
	run_worker(argument);
	return NULL;
}

/* --- rounds --------------------------------------------------------------------------------- */

static void *library_thread(void *argument)
{
	int i, *rounds = argument;

	for (i = 0; i < *rounds; i++) {
		void *library = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);

		if (library)
			dlclose(library);
	}
	signals(SIG_BLOCK);
	return NULL;
}

static void round_run(int round, int threads)
{
	static struct worker workers[THREADS_MAX];
	uv_thread_t id[THREADS_MAX];
	int i;

	signals(SIG_BLOCK);
	for (i = 0; i < threads; i++) {
		workers[i] = (struct worker){.number = round * threads + i};
		if (i % 2)
			MUST(uv_thread_create(&id[i], worker_thread, &workers[i]));
		else
			MUST(pthread_create(&id[i], NULL, worker_pthread, &workers[i]));
	}
	signals(SIG_UNBLOCK);
	for (i = 0; i < threads; i++)
		MUST(uv_thread_join(&id[i]));
}

/*
 * A signal already sent may be delivered after its timer was stopped (under valgrind most of all),
 * and another thread may be in the handler: whoever stops the storm closes the hubs next.
 */
static atomic_bool is_storm;
static atomic_int handling;

static void on_storm(int signal)
{
	(void)signal;
	atomic_fetch_add(&handling, 1);
	if (is_storm)
		send_to(0);
	atomic_fetch_sub(&handling, 1);
}

static void storm(int us)
{
	const struct itimerval every = {{0, us}, {0, us}};

	is_storm = us > 0;
	signal(SIGALRM, on_storm);
	setitimer(ITIMER_REAL, &every, NULL);
	while (!is_storm && handling > 0)
		sched_yield();
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10, threads = argc > 2 ? atoi(argv[2]) : 4, i;
	bool all_runs = true;
	pthread_t libraries;

	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	hubs_start();
	storm(1000);
	MUST(pthread_create(&libraries, NULL, library_thread, &rounds));
	for (i = 0; i < rounds; i++)
		round_run(i, threads);
	MUST(pthread_join(libraries, NULL));
	storm(0);
	hubs_stop();
	for (i = 0; i < HUBS; i++)
		all_runs &= hubs[i].runs > 0 && hubs[i].runs <= hubs[i].sent;
	printf("%d threads, %d timers, %d requests, %d writes, %d closed, %s\n", threads_done,
		timers_fired, requests_done, writes_done, handles_closed,
		all_runs ? "every hub ran" : "a hub did not run");
	return 0;
}
