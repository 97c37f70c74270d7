/*
 * Signals, cancellation and the end of the stack, in the midst of calls that are recorded. For
 * tests/e2e/traps_signals.sh.
 *
 *     trap_signals storm     a handler that sends and writes, thousands of times, while timers are
 *                            armed, fired and closed
 *     trap_signals fork      a handler that forks
 *     trap_signals return    a handler that forks, and returns in the child too
 *     trap_signals leave     a handler that leaves by siglongjmp, from within calls
 *     trap_signals cancel    threads that are cancelled in the midst of calls
 *     trap_signals overflow  a callback that runs over the end of its stack, is caught on an
 *                            alternate stack, and is left
 *     trap_signals crash     the same, not caught
 */
#include "tests/programs/say.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#define NOINLINE __attribute__((noinline))

static uv_loop_t *loop;
static uv_async_t async;
static atomic_int handled, received, fired;

static void on_async(uv_async_t *handle)
{
	(void)handle;
	received++;
}

static void on_timer(uv_timer_t *timer)
{
	fired++;
	uv_close((uv_handle_t *)timer, NULL);
}

static void every_us(int us)
{
	const struct itimerval every = {{0, us}, {0, us}};

	MUST(setitimer(ITIMER_REAL, &every, NULL));
}

static void handle_by(void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	MUST(sigaction(SIGALRM, &action, NULL));
}

/* Rounds of ten timers, until the handler has run often enough. */
static int rounds(int handled_enough)
{
	static uv_timer_t timers[10];
	int count = 0, i;

	for (; count < 50 || handled < handled_enough; count++) {
		for (i = 0; i < 10; i++) {
			MUST(uv_timer_init(loop, &timers[i]));
			MUST(uv_timer_start(&timers[i], on_timer, 0, 0));
		}
		uv_run(loop, UV_RUN_DEFAULT);
	}
	return count;
}

/* --- storm --------------------------------------------------------------------------------- */

static void on_storm(int signal)
{
	(void)signal;
	handled++;
	MUST(uv_async_send(&async));
	if (write(STDERR_FILENO, ".\n", 2) < 0)
		return;
}

static void storm(void)
{
	int count;

	handle_by(on_storm, SA_RESTART);
	every_us(50);
	count = rounds(2000);
	every_us(0);
	uv_run(loop, UV_RUN_NOWAIT);
	SAY("%s, %s", fired == count * 10 ? "all timers fired" : "timers are missing",
		received > 0 && received <= handled ? "sends arrived" : "sends are missing");
	fprintf(stderr, "handled %d\n", handled);
}

/* --- fork ---------------------------------------------------------------------------------- */

static void on_fork(int signal)
{
	int saved = errno;
	pid_t child;

	(void)signal;
	if (handled++ >= 20)
		return;
	child = fork();
	if (child == 0) {
		/* A send of the child's is heard by its parent too: the descriptor is one. */
		if (write(STDERR_FILENO, "child\n", 6) != 6)
			_exit(1);
		_exit(0);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	errno = saved;
}

static void forks(void)
{
	int count;

	handle_by(on_fork, SA_RESTART);
	every_us(2000);
	count = rounds(20);
	every_us(0);
	SAY("%s", fired == count * 10 ? "all timers fired" : "timers are missing");
}

/* --- return -------------------------------------------------------------------------------- */

static volatile sig_atomic_t is_child, failed;

static void on_fork_of_two(int signal)
{
	int saved = errno, status = 0;
	pid_t child;

	(void)signal;
	if (is_child || handled++ >= 100)
		return;
	child = fork();
	if (child == 0)
		is_child = 1;
	else if (waitpid(child, &status, 0) != child || status != 0)
		failed++;
	errno = saved;
}

/* The child goes on in the call that the handler has interrupted. */
static void returns(void)
{
	uv_timer_t timers[8];
	int after = 0, i;
	uv_loop_t own;

	handle_by(on_fork_of_two, SA_RESTART);
	every_us(1000);
	while (handled < 100 && after < 3) {
		after += is_child;
		MUST(uv_loop_init(&own));
		for (i = 0; i < 8; i++) {
			MUST(uv_timer_init(&own, &timers[i]));
			MUST(uv_timer_start(&timers[i], on_timer, 0, 0));
		}
		if (is_child)
			MUST(uv_loop_fork(&own));
		uv_run(&own, UV_RUN_DEFAULT);
		MUST(uv_loop_close(&own));
	}
	if (is_child)
		_exit(0);
	every_us(0);
	SAY("%d children did not come to their end", (int)failed);
}

/* --- leave --------------------------------------------------------------------------------- */

static sigjmp_buf way_out;
static volatile sig_atomic_t may_leave;

static void on_leave(int signal)
{
	(void)signal;
	handled++;
	if (may_leave) {
		may_leave = 0;
		siglongjmp(way_out, 1);
	}
}

/*
 * Leaves out of uv_async_send, uv_timer_init, write: calls whose own state libuv may leave as it
 * is. What they were at must not be in the way of what comes after.
 */
static void leaves(void)
{
	volatile int left = 0, i;
	static uv_timer_t last;

	handle_by(on_leave, SA_RESTART);
	every_us(200);
	while (left < 200) {
		if (sigsetjmp(way_out, 1) == 0) {
			may_leave = 1;
			for (;;) {
				uv_async_send(&async);
				if (write(STDERR_FILENO, ".\n", 2) < 0)
					break;
			}
		}
		left++;
	}
	may_leave = 0;
	every_us(0);
	uv_run(loop, UV_RUN_NOWAIT);
	for (i = 0; i < 10; i++) {
		MUST(uv_timer_init(loop, &last));
		MUST(uv_timer_start(&last, on_timer, 0, 0));
		uv_run(loop, UV_RUN_DEFAULT);
	}
	SAY("left %d times, then fired %d", left, fired);
}

/* --- cancel -------------------------------------------------------------------------------- */

static void *until_cancelled(void *argument)
{
	uv_loop_t own;
	int i;

	(void)argument;
	MUST(uv_loop_init(&own));
	for (i = 0;; i++) {
		uv_timer_t *timer = calloc(1, sizeof *timer);

		MUST(uv_timer_init(&own, timer));
		MUST(uv_timer_start(timer, on_timer, 0, 0));
		uv_async_send(&async);
		uv_run(&own, UV_RUN_NOWAIT);
		uv_run(&own, UV_RUN_NOWAIT);
		free(timer);
		/* A point of cancellation. */
		if (write(STDERR_FILENO, ".\n", 2) < 0)
			return NULL;
	}
}

static void *until_cancelled_anywhere(void *argument)
{
	(void)argument;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;)
		uv_async_send(&async);
	return NULL;
}

static void cancels(void)
{
	int i, cancelled = 0;

	for (i = 0; i < 100; i++) {
		pthread_t thread;
		void *result;

		MUST(pthread_create(
			&thread, NULL, i % 2 ? until_cancelled : until_cancelled_anywhere, NULL));
		usleep(i % 10 * 100);
		MUST(pthread_cancel(thread));
		MUST(pthread_join(thread, &result));
		cancelled += result == PTHREAD_CANCELED;
	}
	fired = 0;
	SAY("%d threads cancelled, %d rounds after", cancelled, rounds(0));
}

/* --- overflow ------------------------------------------------------------------------------ */

static void on_overflow(int signal)
{
	static const char words[] = "caught on the alternate stack\n";

	(void)signal;
	if (write(STDOUT_FILENO, words, sizeof words - 1) < 0)
		abort();
	siglongjmp(way_out, 1);
}

static NOINLINE int overflow(int depth)
{
	volatile char used[4096];

	used[depth % 4096] = 1;
	return (depth < INT_MAX ? overflow(depth + 1) : 0) + used[0];
}

static void on_overflowing(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
	overflow(0);
}

static void run_over(void)
{
	static uv_timer_t timer;

	MUST(uv_timer_init(loop, &timer));
	MUST(uv_timer_start(&timer, on_overflowing, 0, 0));
	if (sigsetjmp(way_out, 1) == 0)
		uv_run(loop, UV_RUN_DEFAULT);
	rounds(0);
}

static void overflows(void)
{
	struct sigaction action = {.sa_handler = on_overflow, .sa_flags = SA_ONSTACK};
	stack_t other = {.ss_size = 1 << 16};

	other.ss_sp = malloc(other.ss_size);
	MUST(sigaltstack(&other, NULL));
	MUST(sigaction(SIGSEGV, &action, NULL));
	run_over();
	SAY("and on: %d", fired);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*trap)(void);
	} traps[] = {{"storm", storm}, {"fork", forks}, {"return", returns}, {"leave", leaves},
		{"cancel", cancels}, {"overflow", overflows}, {"crash", run_over}};
	size_t i;

	say_begin();
	loop = uv_default_loop();
	MUST(uv_async_init(loop, &async, on_async));
	uv_unref((uv_handle_t *)&async);
	for (i = 0; i < sizeof traps / sizeof *traps; i++)
		if (argc > 1 && strcmp(argv[1], traps[i].name) == 0) {
			traps[i].trap();
			return 0;
		}
	return 2;
}
