/*
 * What made a callback fire, in all its kinds, for tests/e2e/causes.sh, which asks the recording by
 * the names of the callbacks: sends from everywhere, signals that the process sends to itself and
 * to its children, requests that are cancelled by closing. Prints what libuv answered.
 */
#include "tests/programs/say.h"

#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

static uv_loop_t *loop;

/* A timer that fires once, at once, and is closed in its callback. */
static void at_once(uv_timer_t *timer, uv_timer_cb callback)
{
	uv_timer_init(loop, timer);
	uv_timer_start(timer, callback, 0, 0);
}

static void done_with(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
}

/* --- sends: three from one place, while the loop is busy ---------------------------------- */

static uv_async_t async;

static __attribute__((noinline)) void send_three(void)
{
	for (int i = 0; i < 3; i++)
		uv_async_send(&async);
}

static void on_sent_by_thread(uv_async_t *handle)
{
	SAY("sent by a thread");
	uv_close((uv_handle_t *)handle, NULL);
}

static void on_sent_by_pool(uv_async_t *handle)
{
	SAY("sent by the pool");
	uv_close((uv_handle_t *)handle, NULL);
}

static void on_sent_by_handler(uv_async_t *handle)
{
	SAY("sent by a signal handler");
	uv_close((uv_handle_t *)handle, NULL);
}

static void *on_sending_thread(void *argument)
{
	(void)argument;
	send_three();
	return NULL;
}

static void on_starts_thread(uv_timer_t *timer)
{
	pthread_t thread;

	pthread_create(&thread, NULL, on_sending_thread, NULL);
	pthread_join(thread, NULL);
	done_with(timer);
}

static uv_sem_t has_sent;

static void on_sending_work(uv_work_t *work)
{
	(void)work;
	send_three();
	uv_sem_post(&has_sent);
}

static void on_after_sending(uv_work_t *work, int status)
{
	(void)work, (void)status;
}

static void on_queues_work(uv_timer_t *timer)
{
	static uv_work_t work;

	uv_queue_work(loop, &work, on_sending_work, on_after_sending);
	uv_sem_wait(&has_sent);
	done_with(timer);
}

static void on_handled(int signum)
{
	(void)signum;
	send_three();
}

static void on_interrupted(uv_timer_t *timer)
{
	raise(SIGALRM);
	done_with(timer);
}

static void sends(void)
{
	const struct sigaction action = {.sa_handler = on_handled};
	static uv_timer_t timer;

	uv_async_init(loop, &async, on_sent_by_thread);
	at_once(&timer, on_starts_thread);
	RUN(loop);

	uv_sem_init(&has_sent, 0);
	uv_async_init(loop, &async, on_sent_by_pool);
	at_once(&timer, on_queues_work);
	RUN(loop);
	uv_sem_destroy(&has_sent);

	sigaction(SIGALRM, &action, NULL);
	uv_async_init(loop, &async, on_sent_by_handler);
	at_once(&timer, on_interrupted);
	RUN(loop);
	signal(SIGALRM, SIG_DFL);
}

/* --- signals to the process itself -------------------------------------------------------- */

static uv_signal_t first_handle, second_handle, foreign_handle;
static uv_loop_t other;
static int expected;

static void heard(uv_signal_t *handle)
{
	if (handle == &first_handle && --expected == 0)
		uv_stop(loop);
}

static void on_first(uv_signal_t *handle, int signum)
{
	(void)signum;
	heard(handle);
}

static void on_second(uv_signal_t *handle, int signum)
{
	(void)handle, (void)signum;
}

static void on_other_loop(uv_signal_t *handle, int signum)
{
	(void)signum;
	uv_stop(handle->loop);
}

/* One callback a sender, so that the recording tells them apart. */
#define SENDER(name, call)                                                                         \
	static void on_##name(uv_timer_t *timer)                                                   \
	{                                                                                          \
		TRY(call);                                                                         \
		done_with(timer);                                                                  \
	}

SENDER(kill, kill(getpid(), SIGUSR1))
SENDER(kill_group, kill(0, SIGUSR1))
SENDER(kill_own_group, kill(-getpgrp(), SIGUSR1))
SENDER(killpg, killpg(0, SIGUSR1))
SENDER(raise, raise(SIGUSR1))
SENDER(pthread_kill, pthread_kill(pthread_self(), SIGUSR1))
SENDER(sigqueue, sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 5}))
SENDER(uv_kill, uv_kill(getpid(), SIGUSR1))
SENDER(probe, kill(getpid(), 0))
SENDER(nonsense, kill(getpid(), 1000))

static void *on_killing_thread(void *argument)
{
	(void)argument;
	kill(getpid(), SIGUSR1);
	return NULL;
}

static void on_starts_killer(uv_timer_t *timer)
{
	pthread_t thread;

	pthread_create(&thread, NULL, on_killing_thread, NULL);
	pthread_join(thread, NULL);
	done_with(timer);
}

static void on_raises_three(uv_timer_t *timer)
{
	for (int i = 0; i < 3; i++)
		raise(SIGUSR1);
	done_with(timer);
}

static void on_raises_blocked(uv_timer_t *timer)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	for (int i = 0; i < 3; i++)
		raise(SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
	done_with(timer);
}

static void send_and_hear(uv_timer_cb sender, int times)
{
	static uv_timer_t timer;

	expected = times;
	at_once(&timer, sender);
	RUN(loop);
}

static void on_outsider_ended(uv_process_t *process, int64_t status, int signum)
{
	(void)status, (void)signum;
	uv_close((uv_handle_t *)process, NULL);
}

/* Of a signal that comes from elsewhere nothing is known. */
static void outsider(void)
{
	char *arguments[] = {(char *)"sh", (char *)"-c", (char *)"kill -USR1 $PPID", NULL};
	const uv_process_options_t options = {
		.file = "/bin/sh", .args = arguments, .exit_cb = on_outsider_ended};
	static uv_process_t process;

	expected = 1;
	MUST(uv_spawn(loop, &process, &options));
	RUN(loop);
	while (uv_is_active((uv_handle_t *)&process))
		uv_run(loop, UV_RUN_ONCE);
}

static void signals(void)
{
	const uv_timer_cb senders[] = {on_kill, on_kill_group, on_kill_own_group, on_killpg,
		on_raise, on_pthread_kill, on_sigqueue, on_uv_kill, on_starts_killer};
	static uv_timer_t quiet[2];

	/* The groups that are signalled are to be nobody else's. */
	setpgid(0, 0);
	uv_loop_init(&other);
	uv_signal_init(loop, &first_handle);
	uv_signal_init(loop, &second_handle);
	uv_signal_init(&other, &foreign_handle);
	MUST(uv_signal_start(&first_handle, on_first, SIGUSR1));
	for (size_t i = 0; i < sizeof senders / sizeof *senders; i++)
		send_and_hear(senders[i], 1);
	at_once(&quiet[0], on_probe);
	at_once(&quiet[1], on_nonsense);
	uv_run(loop, UV_RUN_NOWAIT);
	outsider();
	send_and_hear(on_raises_three, 3);
	send_and_hear(on_raises_blocked, 1);
	/* Who begins to wait later does not answer what was sent before. */
	MUST(uv_signal_start(&second_handle, on_second, SIGUSR1));
	MUST(uv_signal_start(&foreign_handle, on_other_loop, SIGUSR1));
	send_and_hear(on_raise, 1);
	uv_run(&other, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&first_handle, NULL);
	uv_close((uv_handle_t *)&second_handle, NULL);
	uv_close((uv_handle_t *)&foreign_handle, NULL);
	RUN(loop);
	uv_run(&other, UV_RUN_DEFAULT);
	uv_loop_close(&other);
}

/* --- signals to children ------------------------------------------------------------------ */

static uv_process_t children[5];

static int ended_by[NSIG];

/* In what order they end is nobody's promise. */
static void child_over(uv_process_t *process, int signum)
{
	ended_by[signum]++;
	uv_close((uv_handle_t *)process, NULL);
}

#define CHILD_ENDED(name)                                                                          \
	static void on_##name(uv_process_t *process, int64_t status, int signum)                   \
	{                                                                                          \
		(void)status;                                                                      \
		child_over(process, signum);                                                       \
	}

CHILD_ENDED(terminated)
CHILD_ENDED(killed)
CHILD_ENDED(killed_by_number)
CHILD_ENDED(killed_itself)
CHILD_ENDED(exited)

static void spawn(uv_process_t *process, const char *command, uv_exit_cb on_exit)
{
	char *arguments[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
	const uv_process_options_t options = {
		.file = "/bin/sh", .args = arguments, .exit_cb = on_exit};

	MUST(uv_spawn(loop, process, &options));
}

static void on_killer(uv_timer_t *timer)
{
	TRY(uv_process_kill(&children[0], SIGWINCH));
	TRY(uv_process_kill(&children[0], SIGTERM));
	TRY(uv_process_kill(&children[0], SIGTERM));
	TRY(uv_process_kill(&children[1], SIGKILL));
	TRY(uv_kill(children[2].pid, SIGKILL));
	/* Neither of these ends of what it is sent. */
	TRY(uv_process_kill(&children[3], SIGWINCH));
	TRY(kill(children[4].pid, SIGWINCH));
	TRY(uv_process_kill(&children[4], 0));
	done_with(timer);
}

static void killing(void)
{
	static uv_timer_t timer;

	spawn(&children[0], "exec sleep 100", on_terminated);
	spawn(&children[1], "exec sleep 100", on_killed);
	spawn(&children[2], "exec sleep 100", on_killed_by_number);
	spawn(&children[3], "kill -KILL $$", on_killed_itself);
	spawn(&children[4], "exit 3", on_exited);
	at_once(&timer, on_killer);
	RUN(loop);
	SAY("children ended: %d by SIGKILL, %d by SIGTERM, %d by none", ended_by[SIGKILL],
		ended_by[SIGTERM], ended_by[0]);
}

/* --- closing what is asked for ------------------------------------------------------------ */

static uv_tcp_t server, writers[2], unconnected, connecting;
static struct sockaddr_in address;
static char ballast[1 << 22];

static void on_ignored_connection(uv_stream_t *stream, int status)
{
	(void)stream, (void)status;
}

static void on_write_closed(uv_write_t *request, int status)
{
	(void)request;
	SAY("write %s", result_name(status));
}

static void on_shutdown_closed(uv_shutdown_t *request, int status)
{
	(void)request;
	SAY("shutdown %s", result_name(status));
}

static void on_write_reset(uv_write_t *request, int status)
{
	(void)request;
	SAY("write %s", result_name(status));
}

static void on_write_unconnected(uv_write_t *request, int status)
{
	SAY("write %s", result_name(status));
	uv_close((uv_handle_t *)request->handle, NULL);
}

static void on_refused(uv_connect_t *request, int status)
{
	(void)request;
	SAY("connect %s", result_name(status));
}

static void on_connect_closed(uv_connect_t *request, int status)
{
	(void)request;
	SAY("connect %s", result_name(status));
}

static void on_handle_closed(uv_handle_t *handle)
{
	(void)handle;
}

static void on_closer(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)&writers[0], on_handle_closed);
	done_with(timer);
}

static void on_resetter(uv_timer_t *timer)
{
	TRY(uv_tcp_close_reset(&writers[1], NULL));
	uv_close((uv_handle_t *)&server, NULL);
	done_with(timer);
}

static int connected;

static void on_writers_connected(uv_connect_t *request, int status)
{
	static uv_write_t writes[4];
	static uv_shutdown_t shutdown_request;
	static uv_timer_t closer, resetter;
	uv_buf_t buffer = uv_buf_init(ballast, sizeof ballast);
	int i;

	(void)request;
	MUST(status);
	if (++connected < 2)
		return;
	for (i = 0; i < 2; i++)
		uv_write(&writes[i], (uv_stream_t *)&writers[0], &buffer, 1, on_write_closed);
	uv_shutdown(&shutdown_request, (uv_stream_t *)&writers[0], on_shutdown_closed);
	for (i = 2; i < 4; i++)
		uv_write(&writes[i], (uv_stream_t *)&writers[1], &buffer, 1, on_write_reset);
	at_once(&closer, on_closer);
	at_once(&resetter, on_resetter);
}

static void on_closes_connecting(uv_timer_t *timer)
{
	static uv_connect_t request;

	uv_tcp_init(loop, &connecting);
	MUST(uv_tcp_connect(&request, &connecting, (struct sockaddr *)&address, on_connect_closed));
	uv_close((uv_handle_t *)&connecting, NULL);
	done_with(timer);
}

static void closing(void)
{
	static uv_connect_t connects[2], refused;
	static uv_write_t write_request;
	static uv_timer_t timer;
	uv_buf_t buffer = uv_buf_init(ballast, 10);
	struct sockaddr_in nobody;
	int length = sizeof address, i;

	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	MUST(uv_ip4_addr("127.0.0.1", 1, &nobody));
	uv_tcp_init(loop, &server);
	uv_tcp_bind(&server, (struct sockaddr *)&address, 0);
	MUST(uv_listen((uv_stream_t *)&server, 8, on_ignored_connection));
	uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length);
	at_once(&timer, on_closes_connecting);
	for (i = 0; i < 2; i++) {
		uv_tcp_init(loop, &writers[i]);
		uv_tcp_connect(&connects[i], &writers[i], (struct sockaddr *)&address,
			on_writers_connected);
	}
	RUN(loop);

	uv_tcp_init(loop, &unconnected);
	uv_tcp_connect(&refused, &unconnected, (struct sockaddr *)&nobody, on_refused);
	uv_write(&write_request, (uv_stream_t *)&unconnected, &buffer, 1, on_write_unconnected);
	RUN(loop);
}

/* --- timers put off ----------------------------------------------------------------------- */

static void on_put_off(uv_timer_t *timer)
{
	done_with(timer);
}

static void putting_off(void)
{
	static uv_timer_t never, once, closed;

	uv_timer_init(loop, &never);
	uv_timer_init(loop, &once);
	uv_timer_init(loop, &closed);
	TRY(uv_timer_again(&never));
	uv_timer_start(&once, on_put_off, 0, 0);
	TRY(uv_timer_again(&once));
	uv_timer_start(&closed, on_put_off, 0, 1);
	uv_close((uv_handle_t *)&closed, NULL);
	TRY(uv_timer_again(&closed));
	uv_close((uv_handle_t *)&never, NULL);
	RUN(loop);
}

int main(void)
{
	say_begin();
	loop = uv_default_loop();
	sends();
	signals();
	killing();
	closing();
	putting_off();
	TRY(uv_loop_close(loop));
	return 0;
}
