/*
 * In which order libuv's callbacks come, and what its loops answer while they go round: timers due
 * at once, stopping, references, handles that close each other, watchers of what is gone. A
 * transparency program, see say.h.
 */
#include "tests/programs/say.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>

static uv_loop_t *loop;

static void on_close(uv_handle_t *handle)
{
	SAY("closed %s %s, errno %s", uv_handle_type_name(uv_handle_get_type(handle)),
		handle->data ? (const char *)handle->data : "",
		errno == ERRNO_BEFORE ? "kept" : strerrorname_np(errno));
}

static void close_and_run(void *handle)
{
	uv_close(handle, on_close);
	RUN(loop);
}

/* --- timers ------------------------------------------------------------------------------- */

enum { TIMERS = 12 };
static uv_timer_t timers[TIMERS];

static int number_of(const uv_timer_t *timer)
{
	return (int)(timer - timers);
}

static void on_timer(uv_timer_t *timer)
{
	SAY("timer %d", number_of(timer));
}

static void on_timer_restart(uv_timer_t *timer)
{
	SAY("timer %d restarts itself and 1", number_of(timer));
	TRY(uv_timer_start(timer, on_timer, 0, 0));
	TRY(uv_timer_start(&timers[1], on_timer, 0, 0));
}

static void on_timer_stops_next(uv_timer_t *timer)
{
	SAY("timer %d stops the next", number_of(timer));
	TRY(uv_timer_stop(timer + 1));
}

static void on_timer_closes_next(uv_timer_t *timer)
{
	SAY("timer %d closes the next and itself", number_of(timer));
	uv_close((uv_handle_t *)(timer + 1), on_close);
	uv_close((uv_handle_t *)timer, on_close);
}

static void on_timer_run(uv_timer_t *timer)
{
	SAY("timer %d runs the loop", number_of(timer));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	SAY("timer %d returns", number_of(timer));
}

static void due_at_once(void)
{
	int i;

	SECTION("timers due at once");
	for (i = 0; i < TIMERS; i++)
		uv_timer_init(loop, &timers[i]);
	/* Armed out of order, and one armed anew, which puts it last. */
	for (i = 0; i < TIMERS; i++)
		uv_timer_start(&timers[(i * 5) % TIMERS], on_timer, 2, 0);
	uv_timer_start(&timers[0], on_timer, 2, 0);
	uv_timer_start(&timers[3], on_timer, 1, 0);
	SAY("due in %d", (int)uv_timer_get_due_in(&timers[3]));
	RUN(loop);
	SECTION("timers that move others due at once");
	for (i = 0; i < TIMERS; i++)
		uv_timer_start(&timers[i],
			i == 0	 ? on_timer_restart
			: i == 4 ? on_timer_stops_next
			: i == 6 ? on_timer_closes_next
			: i == 9 ? on_timer_run
				 : on_timer,
			0, 0);
	RUN(loop);
	uv_timer_start(&timers[0], on_timer, 0, UINT64_MAX);
	uv_timer_start(&timers[1], on_timer, UINT64_MAX, 0);
	uv_timer_start(&timers[2], on_timer, 0, 0);
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	SAY("due in %s", uv_timer_get_due_in(&timers[1]) > 1000 ? "long" : "short");
	for (i = 0; i < TIMERS; i++)
		if (!uv_is_closing((uv_handle_t *)&timers[i]))
			uv_close((uv_handle_t *)&timers[i], NULL);
	RUN(loop);
}

/* --- turns of the loop -------------------------------------------------------------------- */

static uv_idle_t idle;
static uv_prepare_t prepare;
static uv_check_t check;
static int turns;

static void on_idle(uv_idle_t *handle)
{
	SAY("idle %d", turns);
	if (turns == 2) {
		TRY(uv_idle_stop(handle));
		TRY(uv_idle_start(handle, on_idle));
	}
}

static void on_prepare(uv_prepare_t *handle)
{
	SAY("prepare %d", turns);
	if (turns == 3)
		TRY(uv_prepare_stop(handle));
}

static void on_check(uv_check_t *handle)
{
	SAY("check %d", turns);
	if (++turns == 4) {
		uv_stop(loop);
		uv_stop(loop);
	} else if (turns == 6) {
		uv_close((uv_handle_t *)&idle, on_close);
		uv_close((uv_handle_t *)&prepare, on_close);
		uv_close((uv_handle_t *)handle, on_close);
	}
}

static void turning(void)
{
	SECTION("turns of the loop");
	turns = 0;
	uv_idle_init(loop, &idle);
	uv_prepare_init(loop, &prepare);
	uv_check_init(loop, &check);
	uv_idle_start(&idle, on_idle);
	uv_prepare_start(&prepare, on_prepare);
	uv_check_start(&check, on_check);
	uv_stop(loop);
	TRY(uv_run(loop, UV_RUN_DEFAULT)); /* stopped before it began */
	TRY(uv_run(loop, UV_RUN_ONCE));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	TRY(uv_run(loop, UV_RUN_DEFAULT)); /* to uv_stop */
	SAY("alive %d", uv_loop_alive(loop));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	TRY(uv_run(loop, UV_RUN_ONCE));
}

static void references(void)
{
	uv_timer_t timer;

	SECTION("references");
	uv_timer_init(loop, &timer);
	DO(uv_unref((uv_handle_t *)&timer));
	DO(uv_unref((uv_handle_t *)&timer));
	TRY(uv_has_ref((uv_handle_t *)&timer));
	TRY(uv_timer_start(&timer, on_timer, 100000, 0));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	DO(uv_ref((uv_handle_t *)&timer));
	DO(uv_ref((uv_handle_t *)&timer));
	TRY(uv_has_ref((uv_handle_t *)&timer));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	DO(uv_unref((uv_handle_t *)&timer));
	TRY(uv_loop_close(loop)); /* EBUSY all the same */
	uv_close((uv_handle_t *)&timer, on_close);
	DO(uv_ref((uv_handle_t *)&timer));
	DO(uv_unref((uv_handle_t *)&timer));
	TRY(uv_has_ref((uv_handle_t *)&timer));
	RUN(loop);
}

/* --- errno through a callback ------------------------------------------------------------- */

static void on_timer_errno(uv_timer_t *timer)
{
	SAY("errno %s", errno == ERRNO_BEFORE ? "kept" : strerrorname_np(errno));
	errno = ENOTTY;
	uv_timer_stop(timer);
}

static void on_walk_errno(uv_handle_t *handle, void *argument)
{
	(void)handle;
	SAY("errno %s, %s", errno == ERRNO_BEFORE ? "kept" : strerrorname_np(errno),
		(char *)argument);
	errno = ENOTTY;
}

static void once_errno(void)
{
	SAY("errno %s", errno == ERRNO_BEFORE ? "kept" : strerrorname_np(errno));
	errno = ENOTTY;
}

static void errors_through(void)
{
	uv_once_t guard = UV_ONCE_INIT;
	uv_timer_t timer;

	SECTION("errno into and out of a callback");
	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, on_timer_errno, 0, 0);
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	uv_timer_start(&timer, on_timer_errno, 0, 0);
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	DO(uv_walk(loop, on_walk_errno, "argument"));
	DO(uv_once(&guard, once_errno));
	DO(uv_once(&guard, once_errno));
	close_and_run(&timer);
}

/* --- what is watched is gone -------------------------------------------------------------- */

static void on_poll(uv_poll_t *handle, int status, int events)
{
	SAY("on_poll %s events %d active %d", result_name(status), events,
		uv_is_active((uv_handle_t *)handle));
	uv_poll_stop(handle);
}

static void on_timer_close_descriptor(uv_timer_t *timer)
{
	close(*(int *)timer->data);
	SAY("closed the descriptor");
	uv_close((uv_handle_t *)timer, NULL);
}

static void closed_descriptors(void)
{
	uv_timer_t timer;
	uv_poll_t poll, second;
	int fds[2], copy;

	SECTION("poll of a descriptor that is closed");
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	poll.data = second.data = NULL;
	TRY(uv_poll_init(loop, &poll, fds[0]));
	TRY(uv_poll_init(loop, &second, fds[0])); /* EEXIST, once it is watched */
	TRY(uv_poll_start(
		&poll, UV_READABLE | UV_WRITABLE | UV_DISCONNECT | UV_PRIORITIZED, on_poll));
	copy = fds[1];
	RUN(loop);
	TRY(uv_poll_start(&poll, UV_READABLE, on_poll));
	timer.data = &copy;
	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, on_timer_close_descriptor, 1, 0);
	RUN(loop);
	/* Closed while it is watched: the kernel forgets it, and libuv does not. */
	TRY(uv_poll_start(&poll, UV_DISCONNECT, on_poll));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	TRY(uv_poll_start(&poll, UV_PRIORITIZED, on_poll));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	close(fds[0]);
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	TRY(uv_poll_stop(&poll));
	uv_close((uv_handle_t *)&second, on_close);
	close_and_run(&poll);
	TRY(uv_poll_init(loop, &poll, 999));
}

/* --- signals to several ------------------------------------------------------------------- */

static void on_signal(uv_signal_t *handle, int signum)
{
	SAY("on_signal %s %d", (char *)handle->data, signum);
	if (*(char *)handle->data == 'c')
		uv_close((uv_handle_t *)handle, on_close);
}

static void several_signals(void)
{
	uv_signal_t first, second, closes, once;
	uv_loop_t other;
	uv_signal_t far;

	SECTION("a signal that several wait for");
	MUST(uv_loop_init(&other));
	uv_signal_init(loop, &first);
	uv_signal_init(loop, &second);
	uv_signal_init(loop, &closes);
	uv_signal_init(loop, &once);
	uv_signal_init(&other, &far);
	first.data = "first", second.data = "second", closes.data = "closes", once.data = "once";
	far.data = "far";
	TRY(uv_signal_start(&far, on_signal, SIGUSR1));
	TRY(uv_signal_start(&first, on_signal, SIGUSR1));
	TRY(uv_signal_start(&second, on_signal, SIGUSR2));
	TRY(uv_signal_start(&closes, on_signal, SIGUSR1));
	TRY(uv_signal_start_oneshot(&once, on_signal, SIGUSR1));
	uv_unref((uv_handle_t *)&far);
	TRY(raise(SIGUSR1));
	TRY(uv_kill(getpid(), SIGUSR1));
	TRY(uv_kill(getpid(), SIGUSR2));
	TRY(uv_kill(getpid(), 999));
	SAY("uv_run = %d", uv_run(loop, UV_RUN_NOWAIT));
	SAY("uv_run = %d", uv_run(loop, UV_RUN_NOWAIT));
	SAY("uv_run = %d", uv_run(&other, UV_RUN_NOWAIT));
	TRY(uv_is_active((uv_handle_t *)&once));
	TRY(uv_signal_start(&first, NULL, SIGUSR1));
	TRY(uv_signal_start(&first, on_signal, 0));
	TRY(uv_signal_start_oneshot(&first, on_signal, 0));
	TRY(uv_signal_start_oneshot(&first, NULL, SIGUSR1));
	uv_close((uv_handle_t *)&first, on_close);
	uv_close((uv_handle_t *)&second, on_close);
	uv_close((uv_handle_t *)&once, on_close);
	uv_close((uv_handle_t *)&far, on_close);
	RUN(loop);
	RUN(&other);
	TRY(uv_loop_close(&other));
}

/* --- walking ------------------------------------------------------------------------------ */

static void walk_inner(uv_handle_t *handle, void *argument)
{
	SAY("  inner %s", uv_handle_type_name(uv_handle_get_type(handle)));
	++*(int *)argument;
}

static void walk_outer(uv_handle_t *handle, void *argument)
{
	SAY("outer %s", uv_handle_type_name(uv_handle_get_type(handle)));
	uv_walk(loop, walk_inner, argument);
	if (!uv_is_closing(handle))
		uv_close(handle, on_close);
}

static void walking(void)
{
	uv_timer_t timer;
	uv_async_t async;
	uv_fs_poll_t poll;
	uv_udp_t udp;
	int count = 0;

	SECTION("walks within walks");
	uv_timer_init(loop, &timer);
	MUST(uv_async_init(loop, &async, NULL));
	uv_fs_poll_init(loop, &poll);
	MUST(uv_fs_poll_start(&poll, (uv_fs_poll_cb)(void *)abort, "/", 10000));
	MUST(uv_udp_init(loop, &udp));
	timer.data = async.data = udp.data = poll.data = NULL;
	DO(uv_walk(loop, walk_outer, &count));
	SAY("%d", count);
	RUN(loop);
}

/* --- memory that is used anew without a close --------------------------------------------- */

struct world {
	uv_loop_t loop;
	uv_timer_t timer;
	uv_idle_t idle;
	uv_async_t async;
	uv_tcp_t tcp;
	uv_udp_t udp;
	uv_pipe_t pipe;
};

static void on_new_timer(uv_timer_t *timer)
{
	SAY("the new timer");
	uv_close((uv_handle_t *)timer, on_close);
}

static void on_old_timer(uv_timer_t *timer)
{
	(void)timer;
	SAY("the old timer");
}

static void on_new_async(uv_async_t *handle)
{
	SAY("the new async");
	uv_close((uv_handle_t *)handle, on_close);
}

/* The loop is given up with all that is in it, and another one made in the same memory. */
static void worlds(void)
{
	struct world *world = malloc(sizeof *world);
	int turn, old[2] = {-1, -1};

	SECTION("a loop and its handles forgotten, and made again in the same place");
	for (turn = 0; turn < 2; turn++) {
		memset(world, 0x5a, sizeof *world);
		MUST(uv_loop_init(&world->loop));
		world->timer.data = world->idle.data = world->async.data = NULL;
		world->tcp.data = world->udp.data = world->pipe.data = NULL;
		TRY(uv_timer_init(&world->loop, &world->timer));
		TRY(uv_idle_init(&world->loop, &world->idle));
		TRY(uv_async_init(&world->loop, &world->async, on_new_async));
		TRY(uv_tcp_init(&world->loop, &world->tcp));
		TRY(uv_udp_init(&world->loop, &world->udp));
		TRY(uv_pipe_init(&world->loop, &world->pipe, 0));
		if (turn == 0) {
			TRY(uv_timer_start(&world->timer, on_old_timer, 1, 1));
			TRY(uv_async_send(&world->async));
			old[0] = world->loop.backend_fd;
			old[1] = world->loop.async_io_watcher.fd;
		}
	}
	close(old[0]);
	close(old[1]);
	TRY(uv_timer_start(&world->timer, on_new_timer, 0, 0));
	TRY(uv_async_send(&world->async));
	RUN(&world->loop);
	uv_close((uv_handle_t *)&world->idle, on_close);
	uv_close((uv_handle_t *)&world->tcp, on_close);
	uv_close((uv_handle_t *)&world->udp, on_close);
	uv_close((uv_handle_t *)&world->pipe, on_close);
	RUN(&world->loop);
	TRY(uv_loop_close(&world->loop));
	free(world);
}

int main(void)
{
	say_begin();
	loop = uv_default_loop();
	due_at_once();
	turning();
	references();
	errors_through();
	closed_descriptors();
	several_signals();
	walking();
	worlds();
	say_loop(loop);
	TRY(uv_loop_close(loop));
	return 14;
}
