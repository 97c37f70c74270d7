/*
 * Aborts while things of every kind that a loop can wait for are pending, in each state that they
 * can be in, and says on stdout first, by libuv's own functions, what there is: what a core of a
 * program that nobody recorded has to tell. A line for each handle and request:
 *
 *     TYPE ADDRESS DATA [active ][closing ][ref ]CALLBACK[ KEY=VALUE]...
 *
 * and lines `version STRING`, `loop NAME ADDRESS TID` and `memory NAME ADDRESS SIZE`. With the
 * argument `deliver` it aborts in the callback of a piece of work that is done, and not in a
 * timer's.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#define LARGE (8 << 20)

static uv_loop_t *loop;
static struct {
	uv_loop_t waiting, forgotten;
	uv_timer_t hourly, soon, stopped, far, never;
	uv_idle_t idle, closing;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_async_t wake, sent, other;
	uv_poll_t poll, not_polled;
	uv_signal_t hangup;
	uv_process_t child;
	uv_fs_event_t event;
	uv_fs_poll_t fs_poll;
	uv_tcp_t listener, connecting;
	uv_pipe_t to_child, writing, reading, server;
	uv_udp_t receiver;
	uv_tty_t tty;
	uv_connect_t connect;
	uv_write_t first_write, second_write, small_write;
	uv_shutdown_t shutdown;
	uv_udp_send_t send;
	uv_work_t held, quick, last, queued, cancelled;
	uv_fs_t read, finished, stat, access;
	uv_getaddrinfo_t address;
	uv_getnameinfo_t name;
	uv_random_t random;
} all;
static int marked; /* what data points to */
static int is_delivering;
static uv_sem_t begun;
static char random_bytes[8];
static pid_t waiting_tid;

/* --- callbacks, each for one thing -------------------------------------------------------------
 */

static void done(const void *what)
{
	(void)what;
}

#define HANDLE_CALLBACK(type, name)                                                                \
	static void name(type *handle)                                                             \
	{                                                                                          \
		done(handle);                                                                      \
	}
HANDLE_CALLBACK(uv_timer_t, on_hour)
HANDLE_CALLBACK(uv_timer_t, on_far)
HANDLE_CALLBACK(uv_timer_t, on_never)
HANDLE_CALLBACK(uv_idle_t, on_idle)
HANDLE_CALLBACK(uv_prepare_t, on_prepare)
HANDLE_CALLBACK(uv_check_t, on_check)
HANDLE_CALLBACK(uv_async_t, on_wake)
HANDLE_CALLBACK(uv_async_t, on_sent)
HANDLE_CALLBACK(uv_async_t, on_other)
HANDLE_CALLBACK(uv_handle_t, on_closed)

#define STATUS_CALLBACK(type, name)                                                                \
	static void name(type *thing, int status)                                                  \
	{                                                                                          \
		done(thing);                                                                       \
		(void)status;                                                                      \
	}
STATUS_CALLBACK(uv_stream_t, on_connection)
STATUS_CALLBACK(uv_stream_t, on_caller)
STATUS_CALLBACK(uv_connect_t, on_connected)
STATUS_CALLBACK(uv_write_t, on_first)
STATUS_CALLBACK(uv_write_t, on_second)
STATUS_CALLBACK(uv_write_t, on_small)
STATUS_CALLBACK(uv_shutdown_t, on_shutdown)
STATUS_CALLBACK(uv_udp_send_t, on_datagram_sent)
STATUS_CALLBACK(uv_signal_t, on_hangup)
STATUS_CALLBACK(uv_work_t, after_held)
STATUS_CALLBACK(uv_work_t, after_queued)
STATUS_CALLBACK(uv_work_t, after_cancelled)

HANDLE_CALLBACK(uv_fs_t, on_read_file)
HANDLE_CALLBACK(uv_fs_t, on_finished)
HANDLE_CALLBACK(uv_fs_t, on_stat)
HANDLE_CALLBACK(uv_fs_t, on_access)
HANDLE_CALLBACK(uv_work_t, do_quick)
HANDLE_CALLBACK(uv_work_t, do_queued)
HANDLE_CALLBACK(uv_work_t, do_cancelled)

static void on_poll(uv_poll_t *handle, int status, int events)
{
	done(handle);
	(void)status;
	(void)events;
}

static void on_exit_of_child(uv_process_t *handle, int64_t status, int number)
{
	done(handle);
	(void)status;
	(void)number;
}

static void on_change(uv_fs_event_t *handle, const char *name, int events, int status)
{
	done(handle);
	done(name);
	(void)events;
	(void)status;
}

static void on_fs_poll(
	uv_fs_poll_t *handle, int status, const uv_stat_t *before, const uv_stat_t *now)
{
	done(handle);
	done(before);
	done(now);
	(void)status;
}

static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
	done(handle);
	(void)size;
	*ret = uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	done(stream);
	done(buffer);
	(void)count;
}

static void on_key(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	done(stream);
	done(buffer);
	(void)count;
}

static void on_datagram(uv_udp_t *handle, ssize_t count, const uv_buf_t *buffer,
	const struct sockaddr *from, unsigned flags)
{
	done(handle);
	done(buffer);
	done(from);
	(void)count;
	(void)flags;
}

static void on_address(uv_getaddrinfo_t *request, int status, struct addrinfo *result)
{
	done(request);
	done(result);
	(void)status;
}

static void on_name(uv_getnameinfo_t *request, int status, const char *host, const char *service)
{
	done(request);
	done(host);
	done(service);
	(void)status;
}

static void on_random(uv_random_t *request, int status, void *bytes, size_t size)
{
	done(request);
	done(bytes);
	(void)status;
	(void)size;
}

/* Two of these keep pool threads busy; the second tells that all before it were taken. */
static void do_held(uv_work_t *request)
{
	if (request == &all.last)
		uv_sem_post(&begun);
	for (;;)
		pause();
}

/* --- what there is ------------------------------------------------------------------------------
 */

static void say_handle(const char *type, const void *any, const char *callback)
{
	const uv_handle_t *handle = any;
	uv_os_fd_t fd;

	printf("%s %lx %lx %s%s%s%s", type, (unsigned long)(uintptr_t)handle,
		(unsigned long)(uintptr_t)handle->data, uv_is_active(handle) ? "active " : "",
		uv_is_closing(handle) ? "closing " : "", uv_has_ref(handle) ? "ref " : "",
		callback);
	if (!uv_is_closing(handle) && !uv_fileno(handle, &fd))
		printf(" fd=%d", fd);
}

static void say_request(const char *type, const void *request, const char *callback)
{
	printf("%s %lx %lx active ref %s", type, (unsigned long)(uintptr_t)request,
		(unsigned long)(uintptr_t)((const uv_req_t *)request)->data, callback);
}

static void say_timer(const uv_timer_t *timer, const char *callback)
{
	say_handle("uv_timer_t", timer, callback);
	if (uv_is_active((const uv_handle_t *)timer))
		printf(" due_ms=%lu repeat_ms=%lu", (unsigned long)uv_timer_get_due_in(timer),
			(unsigned long)uv_timer_get_repeat(timer));
	putchar('\n');
}

static void say_stream(const char *type, const void *stream, const char *callback, const char *more)
{
	say_handle(type, stream, callback);
	printf("%s queue_size=%zu\n", more, uv_stream_get_write_queue_size(stream));
}

static void say_handles(void)
{
	char path[1024];
	size_t size = sizeof path;

	say_timer(&all.hourly, "on_hour");
	say_timer(&all.soon, "on_soon");
	say_timer(&all.stopped, "on_hour");
	say_handle("uv_idle_t", &all.idle, "on_idle\n");
	say_handle("uv_idle_t", &all.closing, is_delivering ? "-\n" : "on_closed\n");
	say_handle("uv_prepare_t", &all.prepare, "on_prepare\n");
	say_handle("uv_check_t", &all.check, "on_check\n");
	say_handle("uv_async_t", &all.wake, "on_wake\n");
	say_handle("uv_async_t", &all.sent, is_delivering ? "on_sent\n" : "on_sent sent\n");
	say_handle("uv_poll_t", &all.poll, "on_poll");
	printf(" events=%d\n", UV_READABLE | UV_DISCONNECT);
	say_handle("uv_poll_t", &all.not_polled, "-");
	putchar('\n');
	say_handle("uv_signal_t", &all.hangup, "on_hangup");
	printf(" signal=%d\n", SIGHUP);
	say_handle("uv_process_t", &all.child, "on_exit_of_child");
	printf(" os_pid=%d\n", uv_process_get_pid(&all.child));
	uv_fs_event_getpath(&all.event, path, &size);
	say_handle("uv_fs_event_t", &all.event, "on_change");
	printf(" text=%s\n", path);
	size = sizeof path;
	uv_fs_poll_getpath(&all.fs_poll, path, &size);
	say_handle("uv_fs_poll_t", &all.fs_poll, "on_fs_poll");
	printf(" interval_ms=100000 text=%s\n", path);
	say_stream("uv_tcp_t", &all.listener, "on_connection", " listening");
	say_stream("uv_tcp_t", &all.connecting, "-", "");
	say_stream("uv_pipe_t", &all.to_child, "-", "");
	say_stream("uv_pipe_t", &all.writing, "-", "");
	say_stream("uv_pipe_t", &all.reading, "on_read", " reading");
	say_handle("uv_pipe_t", &all.server, "on_caller");
	puts(" listening queue_size=0 text=listen.sock");
	say_handle("uv_udp_t", &all.receiver, "on_datagram");
	printf(" reading queue_size=%zu\n", uv_udp_get_send_queue_size(&all.receiver));
	say_stream("uv_tty_t", &all.tty, "on_key", " reading");
	say_timer(&all.far, "on_far");
	say_handle("uv_async_t", &all.other, "on_other\n");
	say_timer(&all.never, "on_never");
}

static void say_requests(void)
{
	/* What is delivered at once is gone when the loop has gone round. */
	if (!is_delivering) {
		say_request("uv_connect_t", &all.connect, "on_connected\n");
		say_request("uv_write_t", &all.small_write, "on_small written\n");
		say_request("uv_udp_send_t", &all.send, "on_datagram_sent written\n");
	}
	say_request("uv_write_t", &all.first_write, "on_first\n");
	say_request("uv_write_t", &all.second_write, "on_second\n");
	say_request("uv_shutdown_t", &all.shutdown, "on_shutdown\n");
	say_request("uv_work_t", &all.held, "after_held place=running pool=do_held\n");
	say_request("uv_fs_t", &all.read, "on_read_file operation=read place=running\n");
	say_request("uv_work_t", &all.last, "- place=running pool=do_held\n");
	if (!is_delivering)
		say_request("uv_work_t", &all.quick, "after_quick place=finished pool=do_quick\n");
	say_request("uv_fs_t", &all.finished, "on_finished operation=stat text=. place=finished\n");
	say_request(
		"uv_work_t", &all.cancelled, "after_cancelled place=cancelled pool=do_cancelled\n");
	say_request("uv_work_t", &all.queued, "after_queued place=queued pool=do_queued\n");
	say_request("uv_fs_t", &all.stat, "on_stat operation=stat text=some/file place=queued\n");
	say_request("uv_fs_t", &all.access, "on_access operation=access text=other place=queued\n");
	say_request(
		"uv_getaddrinfo_t", &all.address, "on_address text=localhost:http place=queued\n");
	say_request("uv_getnameinfo_t", &all.name, "on_name place=queued\n");
	say_request("uv_random_t", &all.random, "on_random place=queued\n");
}

static void say_all(void)
{
	say_handles();
	say_requests();
	printf("version %s\n", uv_version_string());
	printf("loop main %lx %d\n", (unsigned long)(uintptr_t)loop, (int)getpid());
	printf("loop waiting %lx %d\n", (unsigned long)(uintptr_t)&all.waiting, (int)waiting_tid);
	printf("loop forgotten %lx 0\n", (unsigned long)(uintptr_t)&all.forgotten);
	printf("memory loop %lx %zx\n", (unsigned long)(uintptr_t)loop, sizeof *loop);
	printf("memory all %lx %zx\n", (unsigned long)(uintptr_t)&all, sizeof all);
	fflush(stdout);
}

static void after_quick(uv_work_t *request, int status)
{
	done(request);
	(void)status;
	say_all();
	abort();
}

/* --- how it comes about -------------------------------------------------------------------------
 */

/* Three threads: two are kept busy, the third does what is quick before it is busy too. */
static void begin_work(void)
{
	static char byte;
	uv_buf_t buffer = uv_buf_init(&byte, 1);
	struct sockaddr_in to;
	int ends[2];

	if (pipe(ends))
		exit(2);
	all.held.data = &marked;
	uv_queue_work(loop, &all.held, do_held, after_held);
	uv_fs_read(loop, &all.read, ends[0], &buffer, 1, -1, on_read_file);
	uv_queue_work(loop, &all.quick, do_quick, after_quick);
	uv_fs_stat(loop, &all.finished, ".", on_finished);
	uv_queue_work(loop, &all.last, do_held, NULL);
	uv_queue_work(loop, &all.cancelled, do_cancelled, after_cancelled);
	uv_queue_work(loop, &all.queued, do_queued, after_queued);
	all.stat.data = &marked;
	uv_fs_stat(loop, &all.stat, "some/file", on_stat);
	uv_getaddrinfo(loop, &all.address, on_address, "localhost", "http", NULL);
	uv_fs_access(loop, &all.access, "other", R_OK, on_access);
	uv_ip4_addr("127.0.0.1", 80, &to);
	uv_getnameinfo(loop, &all.name, on_name, (const struct sockaddr *)&to, 0);
	uv_random(loop, &all.random, random_bytes, sizeof random_bytes, 0, on_random);
	/* Its own request to the pool stands behind the others. */
	uv_fs_poll_start(&all.fs_poll, on_fs_poll, "watched", 100000);
}

static void on_soon(uv_timer_t *timer)
{
	struct sockaddr_storage name;
	struct sockaddr_in to;
	int size = sizeof name;
	uv_buf_t buffer = uv_buf_init("small", 5);

	done(timer);
	begin_work();
	uv_sem_wait(&begun);
	uv_cancel((uv_req_t *)&all.cancelled);
	if (is_delivering)
		return;
	uv_tcp_getsockname(&all.listener, (struct sockaddr *)&name, &size);
	uv_tcp_connect(&all.connect, &all.connecting, (const struct sockaddr *)&name, on_connected);
	uv_write(&all.small_write, (uv_stream_t *)&all.to_child, &buffer, 1, on_small);
	uv_ip4_addr("127.0.0.1", 9, &to);
	uv_udp_send(&all.send, &all.receiver, &buffer, 1, (const struct sockaddr *)&to,
		on_datagram_sent);
	uv_async_send(&all.sent);
	uv_close((uv_handle_t *)&all.closing, on_closed);
	say_all();
	abort();
}

static void begin_handles(void)
{
	int ends[2], pair[2];

	uv_timer_init(loop, &all.hourly);
	all.hourly.data = &marked;
	uv_timer_start(&all.hourly, on_hour, 3600000, 3600000);
	uv_timer_init(loop, &all.soon);
	uv_timer_start(&all.soon, on_soon, 20, 0);
	uv_timer_init(loop, &all.stopped);
	uv_timer_start(&all.stopped, on_hour, 1000, 0);
	uv_timer_stop(&all.stopped);
	uv_idle_init(loop, &all.idle);
	uv_idle_start(&all.idle, on_idle);
	uv_idle_init(loop, &all.closing);
	uv_prepare_init(loop, &all.prepare);
	uv_prepare_start(&all.prepare, on_prepare);
	uv_unref((uv_handle_t *)&all.prepare);
	uv_check_init(loop, &all.check);
	uv_check_start(&all.check, on_check);
	uv_async_init(loop, &all.wake, on_wake);
	uv_unref((uv_handle_t *)&all.wake);
	uv_async_init(loop, &all.sent, on_sent);
	if (pipe(ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		exit(2);
	uv_poll_init(loop, &all.poll, ends[0]);
	uv_poll_start(&all.poll, UV_READABLE | UV_DISCONNECT, on_poll);
	uv_poll_init(loop, &all.not_polled, pair[0]);
	uv_signal_init(loop, &all.hangup);
	uv_signal_start(&all.hangup, on_hangup, SIGHUP);
	uv_fs_poll_init(loop, &all.fs_poll);
	uv_fs_event_init(loop, &all.event);
	uv_fs_event_start(&all.event, on_change, "/proc/self", 0);
}

static void begin_process(void)
{
	char *arguments[] = {"cat", NULL};
	uv_stdio_container_t stdio[2] = {{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
						 .data.stream = (uv_stream_t *)&all.to_child},
		{.flags = UV_IGNORE}};
	uv_process_options_t options = {.exit_cb = on_exit_of_child,
		.file = "cat",
		.args = arguments,
		.stdio = stdio,
		.stdio_count = 2};

	/* It ends when nothing more can come, with this process. */
	uv_pipe_init(loop, &all.to_child, 0);
	if (uv_spawn(loop, &all.child, &options))
		exit(2);
}

static void begin_streams(void)
{
	struct sockaddr_in any;
	uv_buf_t buffer;
	int pair[2], ends[2], master = posix_openpt(O_RDWR | O_NOCTTY);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || pipe(ends) || master < 0 ||
		grantpt(master) || unlockpt(master))
		exit(2);
	uv_ip4_addr("127.0.0.1", 0, &any);
	uv_tcp_init(loop, &all.listener);
	uv_tcp_bind(&all.listener, (const struct sockaddr *)&any, 0);
	uv_listen((uv_stream_t *)&all.listener, 5, on_connection);
	uv_tcp_init_ex(loop, &all.connecting, AF_INET);
	uv_pipe_init(loop, &all.writing, 0);
	uv_pipe_open(&all.writing, ends[1]);
	buffer = uv_buf_init(calloc(1, LARGE), LARGE);
	all.first_write.data = &marked;
	uv_write(&all.first_write, (uv_stream_t *)&all.writing, &buffer, 1, on_first);
	uv_write(&all.second_write, (uv_stream_t *)&all.writing, &buffer, 1, on_second);
	uv_shutdown(&all.shutdown, (uv_stream_t *)&all.writing, on_shutdown);
	uv_pipe_init(loop, &all.reading, 0);
	uv_pipe_open(&all.reading, pair[0]);
	uv_read_start((uv_stream_t *)&all.reading, on_room, on_read);
	uv_pipe_init(loop, &all.server, 0);
	uv_pipe_bind(&all.server, "listen.sock");
	uv_listen((uv_stream_t *)&all.server, 5, on_caller);
	uv_udp_init(loop, &all.receiver);
	uv_udp_bind(&all.receiver, (const struct sockaddr *)&any, 0);
	uv_udp_recv_start(&all.receiver, on_room, on_datagram);
	uv_tty_init(loop, &all.tty, open(ptsname(master), O_RDWR | O_NOCTTY), 0);
	uv_read_start((uv_stream_t *)&all.tty, on_room, on_key);
}

/* --- other loops ---------------------------------------------------------------------------------
 */

static void run_waiting(void *nothing)
{
	done(nothing);
	uv_loop_init(&all.waiting);
	uv_async_init(&all.waiting, &all.other, on_other);
	uv_timer_init(&all.waiting, &all.far);
	uv_timer_start(&all.far, on_far, 7200000, 0);
	__atomic_store_n(&waiting_tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	uv_run(&all.waiting, UV_RUN_DEFAULT);
}

/* Whether the thread stands in epoll, by the kernel's word. */
static int is_in_epoll(pid_t tid)
{
	char path[64];
	int number = -1;
	FILE *file;

	snprintf(path, sizeof path, "/proc/self/task/%d/syscall", (int)tid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%d", &number) != 1)
		number = -1;
	if (file)
		fclose(file);
	return number == SYS_epoll_pwait || number == SYS_epoll_wait;
}

int main(int count, char **arguments)
{
	uv_thread_t thread;

	is_delivering = count > 1 && !strcmp(arguments[1], "deliver");
	setenv("UV_THREADPOOL_SIZE", "3", 1);
	loop = uv_default_loop();
	uv_sem_init(&begun, 0);
	uv_thread_create(&thread, run_waiting, NULL);
	while (!__atomic_load_n(&waiting_tid, __ATOMIC_ACQUIRE) || !is_in_epoll(waiting_tid))
		usleep(1000);
	uv_loop_init(&all.forgotten);
	uv_timer_init(&all.forgotten, &all.never);
	uv_timer_start(&all.never, on_never, 1000, 0);
	begin_handles();
	begin_process();
	begin_streams();
	return uv_run(loop, UV_RUN_DEFAULT);
}
