/*
 * Control flow that leaves or crosses callbacks in ways libuv did not mean: longjmp, fork,
 * coroutines, nested loops; and threads with all their ends. A transparency program, see say.h.
 */
#include "tests/programs/say.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <ucontext.h>

static uv_loop_t *loop;

static void on_close(uv_handle_t *handle)
{
	SAY("closed %s", uv_handle_type_name(uv_handle_get_type(handle)));
}

static void on_timer(uv_timer_t *timer)
{
	SAY("on_timer %s", timer->data ? (char *)timer->data : "");
}

static void close_and_run(void *handle)
{
	uv_close(handle, on_close);
	TRY(uv_run(loop, UV_RUN_DEFAULT));
}

/* --- longjmp ------------------------------------------------------------------------------ */

static jmp_buf back;
static int jumps;

static void on_timer_jump(uv_timer_t *timer)
{
	(void)timer;
	SAY("on_timer_jump");
	longjmp(back, 1);
}

static void on_timer_inner_jump(uv_timer_t *timer)
{
	(void)timer;
	SAY("on_timer_inner_jump");
	longjmp(back, 2);
}

static void on_timer_outer(uv_timer_t *timer)
{
	static uv_timer_t inner_timer;
	static uv_loop_t inner;

	(void)timer;
	SAY("on_timer_outer");
	uv_loop_init(&inner);
	uv_timer_init(&inner, &inner_timer);
	uv_timer_start(&inner_timer, on_timer_inner_jump, 0, 0);
	if (setjmp(back) == 0)
		uv_run(&inner, UV_RUN_DEFAULT);
	SAY("back in on_timer_outer");
	uv_close((uv_handle_t *)&inner_timer, on_close);
	TRY(uv_run(&inner, UV_RUN_DEFAULT));
	TRY(uv_loop_close(&inner));
}

static void jumping(void)
{
	static uv_timer_t timers[3];
	int i;

	SECTION("longjmp out of callbacks");
	for (i = 0; i < 3; i++) {
		uv_timer_init(loop, &timers[i]);
		uv_timer_start(&timers[i], on_timer_jump, 0, 0);
	}
	if (setjmp(back) != 0)
		jumps++;
	if (jumps < 3)
		uv_run(loop, UV_RUN_DEFAULT);
	SAY("jumped %d times", jumps);
	uv_timer_start(&timers[0], on_timer_outer, 0, 0);
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	for (i = 0; i < 3; i++)
		close_and_run(&timers[i]);
}

/* --- fork --------------------------------------------------------------------------------- */

static uv_timer_t forked_timer, forking_timer;
static uv_idle_t forked_idle;
static uv_async_t forked_async;

static void on_async(uv_async_t *handle)
{
	SAY("on_async");
	uv_close((uv_handle_t *)handle, on_close);
}

static void on_idle(uv_idle_t *handle)
{
	SAY("on_idle");
	uv_idle_stop(handle);
	uv_async_send(&forked_async);
}

static void on_timer_fork(uv_timer_t *timer)
{
	static uv_timer_t fresh;
	int status;
	pid_t pid = fork();

	if (pid > 0) {
		waitpid(pid, &status, 0);
		SAY("child ended with %x", status);
		return;
	}
	/* The child goes on with what its parent made, from inside the callback. */
	SAY("in the child");
	say_descriptors("in the child");
	TRY(uv_loop_fork(loop));
	TRY(uv_timer_init(loop, &fresh));
	fresh.data = "fresh";
	TRY(uv_timer_start(&fresh, on_timer, 1, 0));
	TRY(uv_timer_start(timer, on_timer, 2, 0));
	timer->data = "rearmed";
	TRY(uv_idle_start(&forked_idle, on_idle));
	SAY("child returns into the loop");
}

static void on_timer_fork_exit(uv_timer_t *timer)
{
	int status;
	pid_t pid = fork();

	(void)timer;
	if (pid == 0)
		exit(9); /* from inside the callback, with all destructors */
	waitpid(pid, &status, 0);
	SAY("child ended with %x", status);
}

static void on_timer_fork_handles(uv_timer_t *timer)
{
	int status;
	pid_t pid = fork();

	(void)timer;
	if (pid == 0) {
		uv_loop_fork(loop);
		TRY(uv_timer_again(&forked_timer));
		uv_close((uv_handle_t *)&forked_timer, on_close);
		uv_close((uv_handle_t *)&forking_timer, on_close);
		uv_close((uv_handle_t *)&forked_async, NULL);
		TRY(uv_run(loop, UV_RUN_NOWAIT)); /* nested, in the child */
		_exit(8);
	}
	waitpid(pid, &status, 0);
	SAY("child ended with %x", status);
}

static void forking(void)
{
	pid_t parent = getpid();

	SECTION("fork inside callbacks");
	uv_timer_init(loop, &forking_timer);
	uv_timer_init(loop, &forked_timer);
	uv_idle_init(loop, &forked_idle);
	uv_async_init(loop, &forked_async, on_async);
	uv_timer_start(&forked_timer, on_timer, 40, 3);
	uv_timer_start(&forking_timer, on_timer_fork_exit, 0, 0);
	TRY(uv_run(loop, UV_RUN_ONCE));
	uv_timer_start(&forking_timer, on_timer_fork_handles, 0, 0);
	TRY(uv_run(loop, UV_RUN_ONCE));
	uv_timer_stop(&forked_timer);
	uv_unref((uv_handle_t *)&forked_async);
	uv_timer_start(&forking_timer, on_timer_fork, 0, 0);
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	if (getpid() != parent) {
		SAY("child leaves");
		exit(4);
	}
	uv_close((uv_handle_t *)&forking_timer, on_close);
	uv_close((uv_handle_t *)&forked_timer, on_close);
	uv_close((uv_handle_t *)&forked_idle, on_close);
	close_and_run(&forked_async);
}

/* --- coroutines --------------------------------------------------------------------------- */

static ucontext_t main_context, coroutine;
static uv_timer_t coroutine_timer[3];
static int coroutine_step;
static char coroutine_stack[65536];

static void run_coroutine(void)
{
	SAY("coroutine begins");
	uv_timer_init(loop, &coroutine_timer[1]);
	coroutine_timer[1].data = "made on a coroutine's stack";
	TRY(uv_timer_start(&coroutine_timer[1], on_timer, 1, 0));
	swapcontext(&coroutine, &main_context);
	SAY("coroutine goes on, in another callback");
	uv_timer_init(loop, &coroutine_timer[2]);
	coroutine_timer[2].data = "made later";
	TRY(uv_timer_start(&coroutine_timer[2], on_timer, 1, 0));
	TRY(uv_run(loop, UV_RUN_DEFAULT)); /* a loop on a coroutine's stack */
	SAY("coroutine ends");
}

static void on_timer_resume(uv_timer_t *timer)
{
	(void)timer;
	SAY("on_timer_resume %d", coroutine_step);
	if (++coroutine_step == 2)
		uv_timer_stop(timer);
	swapcontext(&main_context, &coroutine);
	SAY("back from the coroutine");
}

static void coroutines(void)
{
	int i;

	SECTION("coroutines");
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = coroutine_stack;
	coroutine.uc_stack.ss_size = sizeof coroutine_stack;
	coroutine.uc_link = &main_context;
	makecontext(&coroutine, run_coroutine, 0);
	uv_timer_init(loop, &coroutine_timer[0]);
	uv_timer_start(&coroutine_timer[0], on_timer_resume, 0, 30);
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	for (i = 0; i < 3; i++)
		close_and_run(&coroutine_timer[i]);
}

/* --- deep nesting ------------------------------------------------------------------------- */

static int nested_depth;

static void on_after(uv_work_t *request, int status)
{
	(void)request;
	SAY("on_after in depth %d %s", nested_depth, result_name(status));
}

static void on_work(uv_work_t *request)
{
	(void)request;
}

static void on_timer_deeper(uv_timer_t *timer)
{
	uv_work_t work;
	uv_loop_t inner;
	uv_timer_t deeper;

	(void)timer;
	if (++nested_depth == 80)
		return;
	uv_loop_init(&inner);
	uv_timer_init(&inner, &deeper);
	uv_timer_start(&deeper, on_timer_deeper, 0, 0);
	if (nested_depth % 16 == 0)
		uv_queue_work(&inner, &work, on_work, on_after);
	uv_run(&inner, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&deeper, NULL);
	uv_run(&inner, UV_RUN_DEFAULT);
	MUST(uv_loop_close(&inner));
}

static void nesting(void)
{
	uv_timer_t timer;

	SECTION("80 nested loops");
	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, on_timer_deeper, 0, 0);
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	SAY("depth %d", nested_depth);
	close_and_run(&timer);
}

/* --- threads ------------------------------------------------------------------------------ */

static pthread_key_t key;
static uv_async_t thread_async;
static _Atomic int sends, destructor_calls;

static void *returns(void *argument)
{
	return argument;
}

static void *exits(void *argument)
{
	pthread_exit(argument);
}

static void *waits(void *argument)
{
	(void)argument;
	for (;;)
		pause();
	return NULL;
}

static void *writes(void *argument)
{
	char byte = '.';

	(void)argument;
	for (;;)
		if (write(*(int *)argument, &byte, 1) < 0) /* a point of cancellation */
			return NULL;
}

static void of_uv(void *argument)
{
	*(int *)argument += 1;
	uv_async_send(&thread_async); /* a jump at -O2 */
}

static void on_thread_timer_exit(uv_timer_t *timer)
{
	(void)timer;
	pthread_exit("from a callback");
}

static void *exits_in_callback(void *argument)
{
	static uv_loop_t own;
	static uv_timer_t timer;

	(void)argument;
	uv_loop_init(&own);
	uv_timer_init(&own, &timer);
	uv_timer_start(&timer, on_thread_timer_exit, 0, 0);
	uv_run(&own, UV_RUN_DEFAULT);
	return "not reached";
}

/* Thread-local data is destroyed in rounds; this comes back for all of them. */
static void destroy(void *value)
{
	uv_fs_t request;

	destructor_calls++;
	uv_async_send(&thread_async);
	uv_fs_stat(NULL, &request, "/", NULL);
	uv_fs_req_cleanup(&request);
	if ((intptr_t)value < 10)
		pthread_setspecific(key, (void *)((intptr_t)value + 1));
}

static void *with_data(void *argument)
{
	pthread_setspecific(key, (void *)1);
	return argument;
}

static void *thread_maker(void *argument)
{
	pthread_t inner;
	void *result;

	pthread_create(&inner, NULL, returns, argument);
	pthread_join(inner, &result);
	return result;
}

static void *sender(void *argument)
{
	int i;

	(void)argument;
	for (i = 0; i < 10000; i++) {
		sends++; /* before, so that the last one is seen by the callback it makes */
		uv_async_send(&thread_async);
	}
	return NULL;
}

static void on_thread_async(uv_async_t *handle)
{
	if (sends == 40000) {
		SAY("all sent");
		uv_close((uv_handle_t *)handle, on_close);
	}
}

static void threads(void)
{
	uv_thread_options_t options = {UV_THREAD_HAS_STACK_SIZE, 1 << 20};
	pthread_t thread, many[4];
	pthread_attr_t attributes;
	uv_thread_t of_libuv;
	int count = 0, ends[2], i;
	void *result;

	SECTION("threads");
	TRY(uv_async_init(loop, &thread_async, on_thread_async));
	pthread_key_create(&key, destroy);
	TRY(pthread_create(&thread, NULL, returns, "returned"));
	TRY(pthread_join(thread, &result));
	SAY("%s", (char *)result);
	TRY(pthread_create(&thread, NULL, exits, "exited"));
	TRY(pthread_join(thread, &result));
	SAY("%s", (char *)result);
	TRY(pthread_create(&thread, NULL, waits, NULL));
	TRY(pthread_cancel(thread));
	TRY(pthread_join(thread, &result));
	SAY("%s", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
	MUST(pipe(ends));
	TRY(pthread_create(&thread, NULL, writes, &ends[1]));
	usleep(20000);
	TRY(pthread_cancel(thread)); /* it stands in write, the pipe being full */
	TRY(pthread_join(thread, &result));
	SAY("%s", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
	close(ends[0]);
	close(ends[1]);
	TRY(pthread_create(&thread, NULL, exits_in_callback, NULL));
	TRY(pthread_join(thread, &result));
	SAY("%s", (char *)result);
	TRY(pthread_create(&thread, NULL, with_data, "with data"));
	TRY(pthread_join(thread, &result));
	SAY("%s, %d destructor calls", (char *)result, destructor_calls);
	TRY(pthread_create(&thread, NULL, thread_maker, "made by a thread"));
	TRY(pthread_join(thread, &result));
	SAY("%s", (char *)result);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	TRY(pthread_create(&thread, &attributes, returns, NULL));
	pthread_attr_setstacksize(&attributes, (size_t)1 << 50);
	TRY(pthread_create(&thread, &attributes, returns, NULL)); /* fails */
	pthread_attr_destroy(&attributes);
	TRY(uv_thread_create(&of_libuv, of_uv, &count));
	TRY(uv_thread_join(&of_libuv));
	TRY(uv_thread_create_ex(&of_libuv, &options, of_uv, &count));
	TRY(uv_thread_join(&of_libuv));
	SAY("count %d", count);
	for (i = 0; i < 4; i++)
		MUST(pthread_create(&many[i], NULL, sender, NULL));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	for (i = 0; i < 4; i++)
		pthread_join(many[i], NULL);
	/* More threads than there are slots for, one after the other. */
	for (i = 0; i < 6000; i++) {
		MUST(pthread_create(&thread, NULL, returns, &count));
		MUST(pthread_join(thread, &result));
	}
	SAY("6000 threads");
	pthread_key_delete(key);
}

int main(void)
{
	say_begin();
	loop = uv_default_loop();
	jumping();
	forking();
	coroutines();
	nesting();
	threads();
	say_loop(loop);
	TRY(uv_loop_close(loop));
	return 7;
}
