/*
 * A random program on libuv, the same for the same seed: calls of all kinds on handles in all
 * states, from all callbacks, two loops in one thread. A transparency program, see say.h. Every
 * call, answer and callback is printed, and what comes next is drawn from one sequence, so that a
 * single callback out of its order changes all that follows.
 *
 *     uv_generated SEED
 *
 * Left out is what hangs on time or on other threads: timers are due at once or never, and nothing
 * is asked of the thread pool.
 */
#include "tests/programs/say.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { HANDLES = 40, REQUESTS = 10, STEPS = 400, CALLS = 6000, NEVER = 1000000 };

/* What a handle is made as hangs on where it stands, so that each is made again as what it was. */
static const uv_handle_type types[] = {UV_TIMER, UV_TIMER, UV_IDLE, UV_PREPARE, UV_CHECK, UV_ASYNC,
	UV_POLL, UV_SIGNAL, UV_NAMED_PIPE, UV_UDP};

struct slot {
	union uv_any_handle any;
	enum { NONE, OPEN, CLOSING } state;
	int fd; /* the other end of what a poll handle or pipe has */
};

struct request {
	union uv_any_req any;
	bool is_under_way;
	int number;
};

static uv_loop_t loops[2];
static struct slot slots[HANDLES];
static struct request requests[REQUESTS];
static uint64_t state;
static int calls, depth;
static char storage[65536];
static char much[400000];

/* --- what is drawn ------------------------------------------------------------------------ */

static unsigned draw(unsigned below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % below;
}

static uv_handle_type type_of(const struct slot *slot)
{
	return types[(slot - slots) % (sizeof types / sizeof *types)];
}

static struct slot *slot_of(const void *handle)
{
	return (struct slot *)handle; /* its first member */
}

static int number_of(const void *handle)
{
	return (int)(slot_of(handle) - slots);
}

/* TRY without the words of the call, which a name and a number stand for. */
#define CALL(slot, call)                                                                           \
	do {                                                                                       \
		long call_result;                                                                  \
		errno = ERRNO_BEFORE;                                                              \
		call_result = (long)(call);                                                        \
		SAY("%*s%d: %.24s = %s, errno %s", depth, "", number_of(slot), #call,              \
			result_name(call_result),                                                  \
			errno == ERRNO_BEFORE ? "kept" : strerrorname_np(errno));                  \
	} while (0)

static void some_calls(void);

/* Whatever comes back from libuv comes through here. */
static void came(const void *handle, const char *name, long result)
{
	SAY("%*s%s %d %s active %d closing %d", depth, "", name, number_of(handle),
		result_name(result), uv_is_active(handle), uv_is_closing(handle));
	some_calls();
}

/* --- callbacks: two of each kind, so that one can take the place of the other ------------- */

#define TWO_CALLBACKS(name, type)                                                                  \
	static void on_##name(type *handle)                                                        \
	{                                                                                          \
		came(handle, #name, 0);                                                            \
	}                                                                                          \
	static void on_other_##name(type *handle)                                                  \
	{                                                                                          \
		came(handle, "other " #name, 0);                                                   \
	}                                                                                          \
	static void (*drawn_##name(void))(type *)                                                  \
	{                                                                                          \
		unsigned drawn = draw(8);                                                          \
                                                                                                   \
		return drawn == 0 ? NULL : drawn < 5 ? on_##name : on_other_##name;                \
	}

TWO_CALLBACKS(timer, uv_timer_t)
TWO_CALLBACKS(idle, uv_idle_t)
TWO_CALLBACKS(prepare, uv_prepare_t)
TWO_CALLBACKS(check, uv_check_t)
TWO_CALLBACKS(async, uv_async_t)

static void on_poll(uv_poll_t *handle, int status, int events)
{
	char byte;

	if (events & UV_READABLE)
		(void)!read(handle->io_watcher.fd, &byte, 1);
	came(handle, "poll", status < 0 ? status : events);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	came(handle, "signal", signum);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle;
	*buffer = uv_buf_init(storage, draw(6) ? (unsigned)suggested : draw(20));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	came(stream, "read", count);
}

static void on_other_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	came(stream, "other read", count);
	if (!uv_is_closing((uv_handle_t *)stream))
		uv_read_stop(stream); /* a jump at -O2 */
}

static void on_receive(uv_udp_t *handle, ssize_t count, const uv_buf_t *buffer,
	const struct sockaddr *address, unsigned flags)
{
	(void)buffer, (void)address, (void)flags;
	came(handle, "receive", count);
}

static void on_close(uv_handle_t *handle)
{
	struct slot *slot = slot_of(handle);

	SAY("%*sclosed %d", depth, "", number_of(handle));
	memset(handle, 0x5a, sizeof slot->any);
	slot->state = NONE;
	if (slot->fd >= 0)
		close(slot->fd);
	some_calls();
}

static void ended(void *any, const char *name, int status)
{
	struct request *request = any;

	SAY("%*s%s %d %s", depth, "", name, request->number, result_name(status));
	memset(&request->any, 0x5a, sizeof request->any);
	request->is_under_way = false;
	some_calls();
}

static void on_write(uv_write_t *request, int status)
{
	ended(request, "write", status);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
	ended(request, "shutdown", status);
}

static void on_send(uv_udp_send_t *request, int status)
{
	ended(request, "send", status);
}

/* --- making and closing ------------------------------------------------------------------- */

static void make_pipe(struct slot *slot, uv_loop_t *loop)
{
	int fds[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
	slot->fd = fds[1];
	CALL(slot, uv_pipe_init(loop, &slot->any.pipe, 0));
	CALL(slot, uv_pipe_open(&slot->any.pipe, fds[0]));
}

static void make_poll(struct slot *slot, uv_loop_t *loop)
{
	int fds[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
	slot->fd = fds[1];
	CALL(slot, uv_poll_init(loop, &slot->any.poll, fds[0]));
}

static void make_udp(struct slot *slot, uv_loop_t *loop)
{
	struct sockaddr_in address;

	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	CALL(slot, uv_udp_init(loop, &slot->any.udp));
	MUST(uv_udp_bind(&slot->any.udp, (struct sockaddr *)&address, 0));
}

static void make(struct slot *slot)
{
	uv_loop_t *loop = &loops[draw(4) == 0];

	slot->state = OPEN;
	slot->fd = -1;
	switch (type_of(slot)) {
	case UV_TIMER:
		CALL(slot, uv_timer_init(loop, &slot->any.timer));
		break;
	case UV_IDLE:
		CALL(slot, uv_idle_init(loop, &slot->any.idle));
		break;
	case UV_PREPARE:
		CALL(slot, uv_prepare_init(loop, &slot->any.prepare));
		break;
	case UV_CHECK:
		CALL(slot, uv_check_init(loop, &slot->any.check));
		break;
	case UV_ASYNC:
		CALL(slot, uv_async_init(loop, &slot->any.async, drawn_async()));
		break;
	case UV_POLL:
		make_poll(slot, loop);
		break;
	case UV_SIGNAL:
		CALL(slot, uv_signal_init(loop, &slot->any.signal));
		break;
	case UV_UDP:
		make_udp(slot, loop);
		break;
	default:
		make_pipe(slot, loop);
		break;
	}
}

static void end(struct slot *slot)
{
	int fd = type_of(slot) == UV_POLL ? slot->any.poll.io_watcher.fd : -1;

	slot->state = CLOSING;
	CALL(slot, (uv_close(&slot->any.handle, on_close), 0));
	if (fd >= 0)
		close(fd);
}

/* --- calls ---------------------------------------------------------------------------------- */

static struct request *request_free(void)
{
	struct request *request = &requests[draw(REQUESTS)];

	if (request->is_under_way)
		return NULL;
	memset(&request->any, 0xa5, sizeof request->any);
	return request;
}

static void call_timer(struct slot *slot)
{
	uv_timer_t *timer = &slot->any.timer;

	switch (draw(5)) {
	case 0:
		CALL(slot, uv_timer_stop(timer));
		break;
	case 1:
		CALL(slot, uv_timer_again(timer));
		break;
	case 2:
		uv_timer_set_repeat(timer, draw(2) ? 0 : NEVER);
		break;
	default:
		CALL(slot, uv_timer_start(
				   timer, drawn_timer(), draw(4) ? 0 : NEVER, draw(2) ? 0 : NEVER));
	}
}

#define CALL_WATCHER(name)                                                                         \
	static void call_##name(struct slot *slot)                                                 \
	{                                                                                          \
		if (slot->state != OPEN)                                                           \
			return;                                                                    \
		if (draw(3) == 0)                                                                  \
			CALL(slot, uv_##name##_stop(&slot->any.name));                             \
		else                                                                               \
			CALL(slot, uv_##name##_start(&slot->any.name, drawn_##name()));            \
	}

CALL_WATCHER(idle)
CALL_WATCHER(prepare)
CALL_WATCHER(check)

static void call_poll(struct slot *slot)
{
	if (slot->state != OPEN)
		return;
	switch (draw(4)) {
	case 0:
		CALL(slot, uv_poll_stop(&slot->any.poll));
		break;
	case 1:
		CALL(slot, write(slot->fd, "x", 1));
		break;
	default:
		CALL(slot, uv_poll_start(&slot->any.poll, (int)draw(16), on_poll));
	}
}

/* One that waits for a single signal leaves no handler behind it. */
static bool is_awaited(int signum)
{
	struct sigaction action;

	return signum && sigaction(signum, NULL, &action) == 0 && action.sa_handler != SIG_DFL;
}

static void call_signal(struct slot *slot)
{
	static const int signals[] = {SIGUSR1, SIGUSR2, SIGUSR1, SIGWINCH, 0};
	int signum = signals[draw(5)];

	if (slot->state != OPEN)
		return;
	switch (draw(5)) {
	case 0:
		CALL(slot, uv_signal_stop(&slot->any.signal));
		break;
	case 1:
		if (is_awaited(signum))
			CALL(slot, raise(signum));
		break;
	case 2:
		CALL(slot, uv_signal_start_oneshot(&slot->any.signal, on_signal, signum));
		break;
	default:
		CALL(slot, uv_signal_start(&slot->any.signal, on_signal, signum));
	}
}

static void call_pipe(struct slot *slot)
{
	uv_stream_t *stream = &slot->any.stream;
	struct request *request = request_free();
	uv_buf_t buffer = uv_buf_init(much, draw(3) ? draw(100) + 1 : sizeof much);

	switch (draw(7)) {
	case 0:
		CALL(slot, uv_read_stop(stream));
		break;
	case 1:
		CALL(slot, uv_read_start(stream, draw(5) ? on_alloc : NULL,
				   draw(3) ? on_read : on_other_read));
		break;
	case 2:
		if (slot->state == OPEN)
			CALL(slot, write(slot->fd, storage, draw(200)));
		break;
	case 3:
		CALL(slot, uv_try_write(stream, &buffer, 1));
		break;
	case 4:
		if (!request || slot->state != OPEN)
			break;
		request->is_under_way = true;
		CALL(slot, uv_shutdown(&request->any.shutdown, stream, on_shutdown));
		/* Refused, it is told by the result alone. */
		if (!(stream->shutdown_req == &request->any.shutdown))
			request->is_under_way = false;
		break;
	default:
		if (!request || slot->state != OPEN)
			break;
		request->is_under_way = true;
		CALL(slot, uv_write(&request->any.write, stream, &buffer, 1, on_write));
	}
}

static void call_udp(struct slot *slot)
{
	uv_buf_t buffer = uv_buf_init(much, draw(2000));
	struct request *request = request_free();
	struct sockaddr_in address;

	if (slot->state != OPEN)
		return;
	MUST(uv_udp_getsockname(
		&slot->any.udp, (struct sockaddr *)&address, &(int){sizeof address}));
	switch (draw(4)) {
	case 0:
		CALL(slot, uv_udp_recv_stop(&slot->any.udp));
		break;
	case 1:
		CALL(slot, uv_udp_recv_start(&slot->any.udp, on_alloc, on_receive));
		break;
	case 2:
		CALL(slot,
			uv_udp_try_send(&slot->any.udp, &buffer, 1, (struct sockaddr *)&address));
		break;
	default:
		if (!request)
			break;
		request->is_under_way = true;
		CALL(slot, uv_udp_send(&request->any.udp_send, &slot->any.udp, &buffer, 1,
				   (struct sockaddr *)&address, on_send));
	}
}

static void call_any(struct slot *slot)
{
	switch (draw(5)) {
	case 0:
		CALL(slot, (uv_ref(&slot->any.handle), uv_has_ref(&slot->any.handle)));
		break;
	case 1:
		CALL(slot, (uv_unref(&slot->any.handle), uv_has_ref(&slot->any.handle)));
		break;
	case 2:
		CALL(slot, uv_is_active(&slot->any.handle));
		break;
	default:
		if (slot->state == OPEN)
			end(slot);
	}
}

static void one_call(void)
{
	struct slot *slot = &slots[draw(HANDLES)];

	if (slot->state == NONE) {
		make(slot);
		return;
	}
	if (draw(6) == 0) {
		call_any(slot);
		return;
	}
	switch (type_of(slot)) {
	case UV_TIMER:
		call_timer(slot);
		break;
	case UV_IDLE:
		call_idle(slot);
		break;
	case UV_PREPARE:
		call_prepare(slot);
		break;
	case UV_CHECK:
		call_check(slot);
		break;
	case UV_ASYNC:
		if (slot->state == OPEN)
			CALL(slot, uv_async_send(&slot->any.async));
		break;
	case UV_POLL:
		call_poll(slot);
		break;
	case UV_SIGNAL:
		call_signal(slot);
		break;
	case UV_UDP:
		call_udp(slot);
		break;
	default:
		call_pipe(slot);
		break;
	}
}

static void walked(uv_handle_t *handle, void *argument)
{
	SAY("%*s  walked %d", depth, "", number_of(handle));
	if (draw(12) == 0 && slot_of(handle)->state == OPEN)
		end(slot_of(handle));
	++*(int *)argument;
}

/* In a callback; at most one loop runs in the other. */
static void some_calls(void)
{
	int count = 0;
	unsigned left = draw(4);

	depth += 2;
	for (; left && calls < CALLS; left--, calls++)
		one_call();
	if (calls < CALLS && depth == 2 && draw(20) == 0) {
		SAY("%*srun = %d", depth, "", uv_run(&loops[1], UV_RUN_NOWAIT));
	} else if (draw(30) == 0) {
		uv_walk(&loops[1], walked, &count);
		SAY("%*s%d walked", depth, "", count);
	}
	depth -= 2;
}

int main(int argc, char **argv)
{
	int i, step, alive;

	say_begin();
	state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < REQUESTS; i++)
		requests[i].number = i;
	for (i = 0; i < 2; i++)
		MUST(uv_loop_init(&loops[i]));
	for (step = 0; step < STEPS && calls < CALLS; step++) {
		SAY("step %d", step);
		some_calls();
		depth = draw(5) == 0 ? 4 : 0; /* the second loop has none to run in it */
		SAY("run = %d", uv_run(&loops[depth > 0], UV_RUN_NOWAIT));
		depth = 0;
	}
	SAY("the end, after %d calls", calls);
	calls = CALLS;
	for (i = 0; i < HANDLES; i++)
		if (slots[i].state == OPEN)
			end(&slots[i]);
	do {
		alive = uv_run(&loops[0], UV_RUN_NOWAIT) + uv_run(&loops[1], UV_RUN_NOWAIT);
	} while (alive);
	for (i = 0; i < 2; i++)
		SAY("uv_loop_close = %s", result_name(uv_loop_close(&loops[i])));
	say_descriptors("at the end");
	return 17;
}
