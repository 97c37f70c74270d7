/*
 * How armings are moved, changed and ended, one thing of each kind, for tests/e2e/armings.sh.
 * Prints what libuv answered.
 */
#include "tests/programs/say.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

static uv_loop_t *loop;

static void close_now(void *handle)
{
	uv_close(handle, NULL);
}

static void on_nothing(uv_timer_t *timer)
{
	(void)timer;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle, (void)suggested;
	*buffer = uv_buf_init(NULL, 0);
}

static void on_never_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)stream, (void)count, (void)buffer;
}

static void on_never_received(uv_udp_t *handle, ssize_t count, const uv_buf_t *buffer,
	const struct sockaddr *address, unsigned flags)
{
	(void)handle, (void)count, (void)buffer, (void)address, (void)flags;
}

/* --- armings ------------------------------------------------------------------------------ */

static uv_timer_t idle_timeout, put_off, mover, changed;
static int moves;

static void on_timed_out(uv_timer_t *timer)
{
	close_now(timer);
}

static void on_put_off(uv_timer_t *timer)
{
	close_now(timer);
}

/* As a server does at each read, in either way. */
static void on_moves_timeout(uv_timer_t *timer)
{
	MUST(uv_timer_start(&idle_timeout, on_timed_out, 20, 0));
	MUST(uv_timer_again(&put_off));
	if (++moves == 50)
		close_now(timer);
}

static void on_changed(uv_timer_t *timer)
{
	uv_timer_set_repeat(timer, 0);
}

static void on_poll_event(uv_poll_t *handle, int status, int events)
{
	(void)handle, (void)status, (void)events;
}

static void on_put_off_here(uv_timer_t *timer)
{
	close_now(timer);
}

static void on_sticky_signal(uv_signal_t *handle, int signum)
{
	(void)handle, (void)signum;
}

static void on_signal_once(uv_signal_t *handle, int signum)
{
	(void)signum;
	close_now(handle);
}

/* Everything that can be stopped: armed in main, stopped or closed here. */
static uv_timer_t stopped_timer;
static uv_idle_t stopped_idle;
static uv_prepare_t stopped_prepare;
static uv_check_t stopped_check;
static uv_signal_t stopped_signal;
static uv_fs_event_t stopped_fs_event;
static uv_fs_poll_t stopped_fs_poll;
static uv_udp_t stopped_udp;
static uv_pipe_t stopped_pipe;
static uv_tcp_t reset_tcp;

static void on_never_idle(uv_idle_t *idle)
{
	(void)idle;
}

static void on_never_prepare(uv_prepare_t *prepare)
{
	(void)prepare;
}

static void on_never_check(uv_check_t *check)
{
	(void)check;
}

static void on_never_signal(uv_signal_t *handle, int signum)
{
	(void)handle, (void)signum;
}

static void on_never_fs_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	(void)handle, (void)name, (void)events, (void)status;
}

static void on_never_fs_poll(
	uv_fs_poll_t *handle, int status, const uv_stat_t *previous, const uv_stat_t *current)
{
	(void)handle, (void)status, (void)previous, (void)current;
}

static void on_never_connection(uv_stream_t *stream, int status)
{
	(void)stream, (void)status;
}

static __attribute__((noinline)) void stop_all(void)
{
	TRY(uv_timer_stop(&stopped_timer));
	TRY(uv_idle_stop(&stopped_idle));
	TRY(uv_prepare_stop(&stopped_prepare));
	TRY(uv_check_stop(&stopped_check));
	TRY(uv_signal_stop(&stopped_signal));
	TRY(uv_fs_event_stop(&stopped_fs_event));
	TRY(uv_fs_poll_stop(&stopped_fs_poll));
	TRY(uv_udp_recv_stop(&stopped_udp));
	TRY(uv_read_stop((uv_stream_t *)&stopped_pipe));
	TRY(uv_tcp_close_reset(&reset_tcp, NULL));
}

static void on_stops(uv_timer_t *timer)
{
	stop_all();
	/* What stands still is not stopped once more. */
	TRY(uv_timer_stop(&stopped_timer));
	TRY(uv_read_stop((uv_stream_t *)&stopped_pipe));
	close_now(&stopped_timer);
	close_now(&stopped_idle);
	close_now(&stopped_prepare);
	close_now(&stopped_check);
	close_now(&stopped_signal);
	close_now(&stopped_fs_event);
	close_now(&stopped_fs_poll);
	close_now(&stopped_udp);
	close_now(&stopped_pipe);
	close_now(timer);
}

static void stopping(void)
{
	struct sockaddr_in address;
	static uv_timer_t stopper;
	int pair[2];

	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	/* The timer is first, so that it stops what would run later in the loop's turn. */
	uv_timer_init(loop, &stopper);
	uv_timer_start(&stopper, on_stops, 0, 0);
	uv_timer_init(loop, &stopped_timer);
	uv_timer_start(&stopped_timer, on_nothing, 100000, 0);
	uv_idle_init(loop, &stopped_idle);
	uv_idle_start(&stopped_idle, on_never_idle);
	uv_prepare_init(loop, &stopped_prepare);
	uv_prepare_start(&stopped_prepare, on_never_prepare);
	uv_check_init(loop, &stopped_check);
	uv_check_start(&stopped_check, on_never_check);
	uv_signal_init(loop, &stopped_signal);
	uv_signal_start(&stopped_signal, on_never_signal, SIGUSR1);
	uv_fs_event_init(loop, &stopped_fs_event);
	MUST(uv_fs_event_start(&stopped_fs_event, on_never_fs_event, ".", 0));
	uv_fs_poll_init(loop, &stopped_fs_poll);
	MUST(uv_fs_poll_start(&stopped_fs_poll, on_never_fs_poll, ".", 1000));
	uv_udp_init(loop, &stopped_udp);
	MUST(uv_udp_bind(&stopped_udp, (struct sockaddr *)&address, 0));
	MUST(uv_udp_recv_start(&stopped_udp, on_alloc, on_never_received));
	uv_pipe_init(loop, &stopped_pipe, 0);
	MUST(uv_pipe_open(&stopped_pipe, pair[0]));
	MUST(uv_read_start((uv_stream_t *)&stopped_pipe, on_alloc, on_never_read));
	uv_tcp_init(loop, &reset_tcp);
	MUST(uv_tcp_bind(&reset_tcp, (struct sockaddr *)&address, 0));
	MUST(uv_listen((uv_stream_t *)&reset_tcp, 1, on_never_connection));
	RUN(loop);
	close(pair[1]);
}

static __attribute__((noinline)) void stop_poll_by_events(uv_poll_t *handle)
{
	uv_poll_start(handle, 0, on_poll_event);
}

/* Libuv stops what it then refuses to start for another signal. */
static __attribute__((noinline)) void stop_signal_by_refusal(uv_signal_t *handle)
{
	TRY(uv_signal_start(handle, on_never_signal, SIGKILL));
}

static void on_signal_again(uv_signal_t *handle, int signum)
{
	MUST(uv_signal_start(handle, on_never_signal, signum));
}

/* What was to fire once, ever, is stopped after each time, however it was started again. */
static void signals_stopped_unasked(void)
{
	static uv_signal_t refused, again, sticky;

	uv_signal_init(loop, &refused);
	MUST(uv_signal_start(&refused, on_never_signal, SIGHUP));
	stop_signal_by_refusal(&refused);
	uv_signal_init(loop, &again);
	MUST(uv_signal_start_oneshot(&again, on_signal_again, SIGUSR2));
	uv_signal_init(loop, &sticky);
	MUST(uv_signal_start_oneshot(&sticky, on_never_signal, SIGUSR2));
	MUST(uv_signal_stop(&sticky));
	MUST(uv_signal_start(&sticky, on_sticky_signal, SIGUSR2));
	raise(SIGUSR2);
	RUN(loop);
	SAY("active: %d %d %d", uv_is_active((uv_handle_t *)&refused),
		uv_is_active((uv_handle_t *)&again), uv_is_active((uv_handle_t *)&sticky));
	close_now(&refused);
	close_now(&again);
	close_now(&sticky);
}

static void *run_elsewhere(void *argument)
{
	(void)argument;
	RUN(loop);
	return NULL;
}

/* Put off by one thread, fires on another. */
static void put_off_here(void)
{
	static uv_timer_t timer;
	pthread_t thread;

	uv_timer_init(loop, &timer);
	MUST(uv_timer_start(&timer, on_put_off_here, 1, 1));
	MUST(uv_timer_again(&timer));
	MUST(pthread_create(&thread, NULL, run_elsewhere, NULL));
	pthread_join(thread, NULL);
}

static void armings(void)
{
	static uv_poll_t polls[3];
	static uv_signal_t once;
	int pair[2];

	uv_timer_init(loop, &idle_timeout);
	uv_timer_init(loop, &put_off);
	MUST(uv_timer_start(&put_off, on_put_off, 20, 20));
	uv_timer_init(loop, &mover);
	uv_timer_start(&mover, on_moves_timeout, 0, 1);
	RUN(loop);

	uv_timer_init(loop, &changed);
	uv_timer_start(&changed, on_changed, 3, 0);
	uv_timer_set_repeat(&changed, 7);
	RUN(loop);
	close_now(&changed);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	uv_poll_init(loop, &polls[0], pair[0]);
	MUST(uv_poll_start(&polls[0], UV_READABLE, on_poll_event));
	stop_poll_by_events(&polls[0]);
	uv_poll_init(loop, &polls[1], pair[1]);
	MUST(uv_poll_start(&polls[1], UV_READABLE, on_poll_event));
	MUST(uv_poll_stop(&polls[1]));
	close_now(&polls[0]);
	close_now(&polls[1]);
	RUN(loop);
	uv_poll_init(loop, &polls[2], pair[0]);
	MUST(uv_poll_start(&polls[2], UV_READABLE, on_poll_event));
	MUST(uv_poll_start(&polls[2], 0, NULL));
	close_now(&polls[2]);
	uv_signal_init(loop, &once);
	MUST(uv_signal_start_oneshot(&once, on_signal_once, SIGUSR2));
	raise(SIGUSR2);
	RUN(loop);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	say_begin();
	loop = uv_default_loop();
	armings();
	signals_stopped_unasked();
	put_off_here();
	stopping();
	TRY(uv_loop_close(loop));
	return 0;
}
