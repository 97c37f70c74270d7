/*
 * One thing of each kind whose causality is a special case, for tests/e2e/edges.sh, which asks the
 * recording for it by the names of the callbacks. Prints what the answers have to be measured by.
 */
#include "tests/programs/say.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

static uv_loop_t *loop;

#define NOINLINE __attribute__((noinline))

/* --- a connection, and the end of reading ------------------------------------------------- */

static uv_tcp_t server, accepted, client;
static char storage[65536];

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle, (void)suggested;
	*buffer = uv_buf_init(storage, sizeof storage);
}

static void on_end_of_connection(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	if (count < 0) {
		uv_close((uv_handle_t *)stream, NULL);
		uv_close((uv_handle_t *)&server, NULL);
		SAY("connection ended");
	}
}

static void on_connection(uv_stream_t *stream, int status)
{
	MUST(status);
	uv_tcp_init(loop, &accepted);
	MUST(uv_accept(stream, (uv_stream_t *)&accepted));
	uv_read_start((uv_stream_t *)&accepted, on_alloc, on_end_of_connection);
}

static void on_connected(uv_connect_t *request, int status)
{
	MUST(status);
	uv_close((uv_handle_t *)request->handle, NULL);
}

static void connection(void)
{
	static uv_connect_t connect;
	struct sockaddr_in address;
	int length = sizeof address;

	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	uv_tcp_init(loop, &server);
	uv_tcp_bind(&server, (struct sockaddr *)&address, 0);
	MUST(uv_listen((uv_stream_t *)&server, 8, on_connection));
	uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length);
	uv_tcp_init(loop, &client);
	uv_tcp_connect(&connect, &client, (struct sockaddr *)&address, on_connected);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* --- a nested loop ------------------------------------------------------------------------ */

static void on_inner_timer(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

static NOINLINE void run_nested(uv_loop_t *inner)
{
	uv_run(inner, UV_RUN_DEFAULT);
	SAY("nested run over");
}

static void on_outer_timer(uv_timer_t *timer)
{
	uv_loop_t inner;
	uv_timer_t nested;

	uv_loop_init(&inner);
	uv_timer_init(&inner, &nested);
	uv_timer_start(&nested, on_inner_timer, 0, 0);
	run_nested(&inner);
	uv_loop_close(&inner);
	uv_close((uv_handle_t *)timer, NULL);
}

static void nested(void)
{
	uv_timer_t timer;

	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, on_outer_timer, 0, 0);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* --- causes ------------------------------------------------------------------------------- */

static uv_async_t async;
static uv_timer_t repeating;
static int repeats;

static void on_coalesced(uv_async_t *handle)
{
	SAY("coalesced");
	uv_close((uv_handle_t *)handle, NULL);
}

static void on_first_sender(uv_timer_t *timer)
{
	uv_async_send(&async);
	uv_close((uv_handle_t *)timer, NULL);
}

static void on_second_sender(uv_timer_t *timer)
{
	uv_async_send(&async);
	uv_async_send(&async);
	uv_close((uv_handle_t *)timer, NULL);
}

static void on_repeating(uv_timer_t *timer)
{
	if (++repeats == 3)
		uv_close((uv_handle_t *)timer, NULL);
}

static void on_again(uv_timer_t *timer)
{
	uv_timer_set_repeat(&repeating, 1);
	uv_timer_again(&repeating);
	uv_close((uv_handle_t *)timer, NULL);
}

static uv_sem_t gate;
static uv_work_t works[5];

static void on_work_waits(uv_work_t *request)
{
	(void)request;
	uv_sem_wait(&gate);
}

static void on_work_cancelled(uv_work_t *request)
{
	(void)request;
}

static void on_after_cancelled(uv_work_t *request, int status)
{
	(void)request;
	SAY("cancelled %s", result_name(status));
}

static void on_after_waits(uv_work_t *request, int status)
{
	(void)request, (void)status;
}

static void on_canceller(uv_timer_t *timer)
{
	int i;

	MUST(uv_cancel((uv_req_t *)&works[4]));
	for (i = 0; i < 4; i++)
		uv_sem_post(&gate);
	uv_close((uv_handle_t *)timer, NULL);
}

static void causes(void)
{
	static uv_timer_t first, second, again, canceller;
	int i;

	uv_async_init(loop, &async, on_coalesced);
	uv_timer_init(loop, &first);
	uv_timer_init(loop, &second);
	uv_timer_start(&first, on_first_sender, 0, 0);
	uv_timer_start(&second, on_second_sender, 0, 0);
	uv_run(loop, UV_RUN_DEFAULT);

	uv_timer_init(loop, &repeating);
	uv_timer_init(loop, &again);
	uv_timer_start(&repeating, on_repeating, 100000, 100000);
	uv_timer_start(&again, on_again, 0, 0);
	uv_run(loop, UV_RUN_DEFAULT);

	uv_sem_init(&gate, 0);
	uv_timer_init(loop, &canceller);
	for (i = 0; i < 4; i++)
		uv_queue_work(loop, &works[i], on_work_waits, on_after_waits);
	uv_queue_work(loop, &works[4], on_work_cancelled, on_after_cancelled);
	uv_timer_start(&canceller, on_canceller, 10, 0);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_sem_destroy(&gate);
}

/* --- how armings end ---------------------------------------------------------------------- */

static uv_timer_t ended[5];

static void on_ended_fired(uv_timer_t *timer)
{
	(void)timer;
}

static void on_ended_stopped(uv_timer_t *timer)
{
	(void)timer;
}

static void on_ended_replaced(uv_timer_t *timer)
{
	(void)timer;
}

static void on_ended_closed(uv_timer_t *timer)
{
	(void)timer;
}

static void on_ended_single(uv_timer_t *timer)
{
	uv_timer_set_repeat(timer, 0);
}

static void on_close_ended(uv_handle_t *handle)
{
	(void)handle;
}

static void ends(void)
{
	int i;

	for (i = 0; i < 5; i++) {
		uv_timer_init(loop, &ended[i]);
		ended[i].data = "ended";
	}
	uv_timer_start(&ended[0], on_ended_fired, 0, 0);
	uv_timer_start(&ended[1], on_ended_stopped, 100000, 0);
	uv_timer_stop(&ended[1]);
	uv_timer_start(&ended[2], on_ended_replaced, 100000, 0);
	uv_timer_start(&ended[2], on_ended_fired, 0, 0);
	uv_timer_start(&ended[3], on_ended_closed, 100000, 0);
	uv_timer_start(&ended[4], on_ended_single, 0, 1);
	uv_run(loop, UV_RUN_NOWAIT);
	uv_sleep(5);
	uv_run(loop, UV_RUN_NOWAIT);
	for (i = 0; i < 5; i++) {
		uv_close((uv_handle_t *)&ended[i], on_close_ended);
		/* Does nothing any more, and must not be taken for the end of the closing. */
		uv_timer_stop(&ended[i]);
	}
	uv_run(loop, UV_RUN_DEFAULT);
}

/* --- tail calls --------------------------------------------------------------------------- */

static uv_timer_t tail_timer;

static void on_tail_close(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, on_close_ended);
}

static void on_tail_start(uv_timer_t *timer)
{
	uv_timer_start(timer, on_tail_close, 0, 0);
}

static void tails(void)
{
	uv_timer_init(loop, &tail_timer);
	uv_timer_start(&tail_timer, on_tail_start, 0, 0);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* --- longjmp ------------------------------------------------------------------------------ */

static void *jump_buffer[5];
static uv_timer_t jump_timer, after_jump, below_jump;

static void on_jump(uv_timer_t *timer)
{
	(void)timer;
	__builtin_longjmp(jump_buffer, 1);
}

static void on_after_jump(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

static NOINLINE void jump(void)
{
	if (__builtin_setjmp(jump_buffer) == 0)
		uv_run(loop, UV_RUN_DEFAULT);
}

static NOINLINE void made_after_jump(void)
{
	uv_timer_init(loop, &after_jump); /* of the root run, not of on_jump's */
	uv_timer_start(&after_jump, on_after_jump, 0, 0);
}

static void on_below_jump(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

/* The same, from further down than the callback was that was left. */
static NOINLINE void made_below_jump(void)
{
	char frame[65536];

	memset(frame, 1, sizeof frame);
	__asm__ volatile("" : : "r"(frame) : "memory");
	uv_timer_init(loop, &below_jump);
	uv_timer_start(&below_jump, on_below_jump, 0, 0);
	uv_run(loop, UV_RUN_DEFAULT);
	__asm__ volatile("" : : "r"(frame) : "memory");
}

static void jumping(void)
{
	uv_timer_init(loop, &jump_timer);
	uv_timer_start(&jump_timer, on_jump, 0, 0);
	jump();
	made_after_jump();
	uv_timer_start(&jump_timer, on_jump, 0, 0);
	jump();
	uv_unref((uv_handle_t *)&jump_timer);
	made_below_jump();
	uv_close((uv_handle_t *)&jump_timer, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* --- a signal stack within the thread's own ----------------------------------------------- */

static uv_async_t signalled;
static uv_timer_t raising, after_signal;

static void on_signal_sent(int signal)
{
	(void)signal;
	uv_async_send(&signalled);
}

static void on_signalled(uv_async_t *handle)
{
	uv_close((uv_handle_t *)handle, NULL);
}

static void on_after_signal(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

static void on_raising(uv_timer_t *timer)
{
	raise(SIGUSR2);
	uv_timer_init(loop, &after_signal); /* of this run, which the handler has not ended */
	uv_timer_start(&after_signal, on_after_signal, 0, 0);
	uv_close((uv_handle_t *)timer, NULL);
}

static NOINLINE void signals(void)
{
	char room[65536];
	const stack_t mine = {.ss_sp = room, .ss_size = sizeof room};
	struct sigaction action = {.sa_handler = on_signal_sent, .sa_flags = SA_ONSTACK};
	stack_t before;

	sigaltstack(&mine, &before);
	sigaction(SIGUSR2, &action, NULL);
	uv_async_init(loop, &signalled, on_signalled);
	uv_timer_init(loop, &raising);
	uv_timer_start(&raising, on_raising, 0, 0);
	uv_run(loop, UV_RUN_DEFAULT);
	sigaltstack(&before, NULL);
}

/* --- threads ------------------------------------------------------------------------------ */

static void *on_own_thread(void *argument)
{
	uv_timer_t timer;
	uv_loop_t own;

	(void)argument;
	uv_loop_init(&own);
	uv_timer_init(&own, &timer);
	uv_timer_start(&timer, on_inner_timer, 0, 0);
	uv_run(&own, UV_RUN_DEFAULT);
	uv_loop_close(&own);
	return NULL;
}

static void on_uv_thread(void *argument)
{
	(void)argument;
}

static void on_thread_maker(uv_timer_t *timer)
{
	uv_thread_t of_uv;
	pthread_t thread;

	pthread_create(&thread, NULL, on_own_thread, NULL);
	pthread_join(thread, NULL);
	uv_thread_create(&of_uv, on_uv_thread, NULL);
	uv_thread_join(&of_uv);
	uv_close((uv_handle_t *)timer, NULL);
}

static void threads(void)
{
	static uv_timer_t timer;

	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, on_thread_maker, 0, 0);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* --- requests refused while the first of them waits --------------------------------------- */

static void on_connect_refused(uv_connect_t *request, int status)
{
	SAY("connect %s", result_name(status));
	uv_close((uv_handle_t *)request->handle, NULL);
}

static void refusing(void)
{
	static uv_connect_t connect;
	static uv_tcp_t tcp;
	struct sockaddr_in address;

	MUST(uv_ip4_addr("127.0.0.1", 1, &address));
	uv_tcp_init(loop, &tcp);
	uv_tcp_connect(&connect, &tcp, (struct sockaddr *)&address, on_connect_refused);
	SAY("twice: %s", result_name(uv_tcp_connect(
				 &connect, &tcp, (struct sockaddr *)&address, on_connected)));
	uv_run(loop, UV_RUN_DEFAULT);
}

int main(void)
{
	say_begin();
	loop = uv_default_loop();
	connection();
	nested();
	causes();
	ends();
	tails();
	jumping();
	signals();
	threads();
	refusing();
	TRY(uv_loop_close(loop));
	return 0;
}
