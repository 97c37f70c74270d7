/*
 * Requests of every kind made again, zeroed and freed in their own callback, and streams of every
 * kind: passing handles, terminals, datagrams too long, what is still under way when all is closed.
 * A transparency program, see say.h.
 */
#include "tests/programs/say.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

static uv_loop_t *loop;
static char storage[65536];

static void on_close(uv_handle_t *handle)
{
	SAY("closed %s", uv_handle_type_name(uv_handle_get_type(handle)));
}

static void close_and_run(void *handle)
{
	uv_close(handle, on_close);
	RUN(loop);
}

static uv_buf_t text(const char *words)
{
	return uv_buf_init((char *)words, (unsigned)strlen(words));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle, (void)suggested;
	*buffer = uv_buf_init(storage, sizeof storage);
}

/* --- each kind of request ----------------------------------------------------------------- */

/*
 * In its callback a request is spoilt and made again, in the end zeroed and freed; `submit` makes
 * one. All of them live on the heap, so that what touches one after its callback is seen by a
 * checker of memory.
 */
static int rounds;

#define REUSED(kind, request_type, parameters, status, submit)                                     \
	static void on_##kind parameters;                                                          \
	static long submit_##kind(request_type *request)                                           \
	{                                                                                          \
		return submit;                                                                     \
	}                                                                                          \
	static void on_##kind parameters                                                           \
	{                                                                                          \
		SAY("on_" #kind " %d %s", rounds, result_name(status));                            \
		memset(request, 0x5a, sizeof *request);                                            \
		if (--rounds > 0) {                                                                \
			TRY(submit_##kind(request));                                               \
			return;                                                                    \
		}                                                                                  \
		memset(request, 0, sizeof *request);                                               \
		free(request);                                                                     \
	}                                                                                          \
	static void reuse_##kind(void)                                                             \
	{                                                                                          \
		request_type *request = malloc(sizeof *request);                                   \
                                                                                                   \
		SECTION("again and freed: " #kind);                                                \
		rounds = 3;                                                                        \
		TRY(submit_##kind(request));                                                       \
		RUN(loop);                                                                         \
	}

static uv_pipe_t one, other;
static uv_udp_t udp;
static struct sockaddr_in nobody, anybody;
static uv_buf_t word;
static uv_tcp_t tcp;

static void no_work(uv_work_t *request)
{
	(void)request;
}

static void no_close(uv_handle_t *handle)
{
	(void)handle;
}

/* A socket that could not connect is of no more use. */
static uv_tcp_t *fresh_tcp(void)
{
	static uv_tcp_t sockets[4];
	static int next;
	uv_tcp_t *fresh = &sockets[next++ % 4];

	MUST(uv_tcp_init(loop, fresh));
	return fresh;
}

static uv_pipe_t *fresh_pipe(void)
{
	static uv_pipe_t pipes[4];
	static int next;
	uv_pipe_t *fresh = &pipes[next++ % 4];

	MUST(uv_pipe_init(loop, fresh, 0));
	return fresh;
}

static long connect_pipe(uv_connect_t *request, uv_connect_cb callback)
{
	uv_pipe_connect(request, fresh_pipe(), "/nowhere/at/all", callback);
	return 0;
}

static void close_of(uv_connect_t *request)
{
	uv_close((uv_handle_t *)request->handle, no_close);
}

REUSED(write, uv_write_t, (uv_write_t * request, int status), status,
	uv_write(request, (uv_stream_t *)&one, &word, 1, on_write))
REUSED(write2, uv_write_t, (uv_write_t * request, int status), status,
	uv_write2(request, (uv_stream_t *)&one, &word, 1, (uv_stream_t *)&tcp, on_write2))
REUSED(send, uv_udp_send_t, (uv_udp_send_t * request, int status), status,
	uv_udp_send(request, &udp, &word, 1, (struct sockaddr *)&anybody, on_send))
REUSED(tcp_connect, uv_connect_t, (uv_connect_t * request, int status), (close_of(request), status),
	uv_tcp_connect(request, fresh_tcp(), (struct sockaddr *)&nobody, on_tcp_connect))
REUSED(pipe_connect, uv_connect_t, (uv_connect_t * request, int status),
	(close_of(request), status), connect_pipe(request, on_pipe_connect))
REUSED(work, uv_work_t, (uv_work_t * request, int status), status,
	uv_queue_work(loop, request, no_work, on_work))
REUSED(fs, uv_fs_t, (uv_fs_t * request), (uv_fs_req_cleanup(request), request->result),
	uv_fs_access(loop, request, "/nowhere/at/all", F_OK, on_fs))
REUSED(random, uv_random_t, (uv_random_t * request, int status, void *bytes, size_t length),
	((void)bytes, (void)length, status), uv_random(loop, request, storage, 9, 0, on_random))
REUSED(getaddrinfo, uv_getaddrinfo_t,
	(uv_getaddrinfo_t * request, int status, struct addrinfo *result),
	(uv_freeaddrinfo(result), status),
	uv_getaddrinfo(loop, request, on_getaddrinfo, "127.0.0.1", NULL, NULL))
REUSED(getnameinfo, uv_getnameinfo_t,
	(uv_getnameinfo_t * request, int status, const char *host, const char *service),
	((void)host, (void)service, status),
	uv_getnameinfo(loop, request, on_getnameinfo, (struct sockaddr *)&nobody, NI_NUMERICHOST))

static void ipc_pair(uv_pipe_t *first, uv_pipe_t *second)
{
	int fds[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
	MUST(uv_pipe_init(loop, first, 1));
	MUST(uv_pipe_init(loop, second, 1));
	MUST(uv_pipe_open(first, fds[0]));
	MUST(uv_pipe_open(second, fds[1]));
}

static void reusing(void)
{
	struct sockaddr_in address;

	word = text("word");
	MUST(uv_ip4_addr("127.0.0.1", 1, &nobody));
	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	MUST(uv_udp_init(loop, &udp));
	MUST(uv_udp_bind(&udp, (struct sockaddr *)&address, 0));
	MUST(uv_udp_getsockname(&udp, (struct sockaddr *)&anybody, &(int){sizeof anybody}));
	MUST(uv_tcp_init_ex(loop, &tcp, AF_INET));
	ipc_pair(&one, &other);
	reuse_write();
	reuse_write2();
	reuse_send();
	reuse_tcp_connect();
	reuse_pipe_connect();
	reuse_work();
	reuse_fs();
	reuse_random();
	reuse_getaddrinfo();
	reuse_getnameinfo();
	uv_close((uv_handle_t *)&udp, on_close);
	uv_close((uv_handle_t *)&tcp, on_close);
	uv_close((uv_handle_t *)&other, on_close);
	close_and_run(&one);
}

/* --- handles passed through a pipe -------------------------------------------------------- */

static void on_written(uv_write_t *request, int status)
{
	(void)request;
	SAY("on_written %s", result_name(status));
}

static void on_read_passed(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	uv_pipe_t *pipe = (uv_pipe_t *)stream;
	uv_tcp_t *passed = malloc(sizeof *passed);

	SAY("on_read_passed %s '%.*s' pending %d", result_name(count), count > 0 ? (int)count : 0,
		buffer->base, uv_pipe_pending_count(pipe));
	SAY("pending type %s", uv_handle_type_name(uv_pipe_pending_type(pipe)));
	MUST(uv_tcp_init(loop, passed));
	TRY(uv_accept(stream, (uv_stream_t *)passed));
	TRY(uv_accept(stream, (uv_stream_t *)passed)); /* EAGAIN */
	say_descriptors("with one passed");
	uv_close((uv_handle_t *)passed, (uv_close_cb)free);
	TRY(uv_read_stop(stream));
}

static void passing(void)
{
	struct sockaddr_in address;
	uv_write_t request;
	uv_pipe_t plain;
	uv_tcp_t sent, unbound;
	uv_buf_t buffer = text("passed");

	SECTION("handles passed through a pipe");
	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	MUST(uv_tcp_init(loop, &sent));
	MUST(uv_tcp_init(loop, &unbound));
	MUST(uv_tcp_bind(&sent, (struct sockaddr *)&address, 0));
	MUST(uv_pipe_init(loop, &plain, 0));
	ipc_pair(&one, &other);
	TRY(uv_read_start((uv_stream_t *)&other, on_alloc, on_read_passed));
	TRY(uv_write2(&request, (uv_stream_t *)&plain, &buffer, 1, (uv_stream_t *)&sent,
		on_written)); /* EBADF */
	TRY(uv_write2(
		&request, (uv_stream_t *)&one, &buffer, 1, (uv_stream_t *)&unbound, on_written));
	TRY(uv_write2(&request, (uv_stream_t *)&one, &buffer, 1, (uv_stream_t *)&sent, on_written));
	RUN(loop);
	TRY(uv_write2(&request, (uv_stream_t *)&one, &buffer, 1, NULL, NULL));
	RUN(loop);
	TRY(uv_try_write2((uv_stream_t *)&one, &buffer, 1, NULL));
	uv_close((uv_handle_t *)&plain, on_close);
	uv_close((uv_handle_t *)&sent, on_close);
	uv_close((uv_handle_t *)&unbound, on_close);
	uv_close((uv_handle_t *)&one, on_close);
	close_and_run(&other);
}

/* --- terminals, sockets that are none ----------------------------------------------------- */

static void on_read_line(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	SAY("on_read_line %s '%.*s'", result_name(count), count > 0 ? (int)count : 0, buffer->base);
	uv_close((uv_handle_t *)stream, on_close);
}

static void terminals(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	uv_buf_t buffer = text("shown");
	uv_tty_t terminal;
	uv_write_t request;

	SECTION("terminals");
	TRY(uv_tty_init(loop, &terminal, -1, 0));
	TRY(uv_tty_init(loop, &terminal, null, 0));
	if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0) {
		slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
		TRY(uv_tty_init(loop, &terminal, slave, 0));
		TRY(uv_tty_set_mode(&terminal, UV_TTY_MODE_RAW));
		TRY(uv_tty_reset_mode());
		TRY(uv_write(&request, (uv_stream_t *)&terminal, &buffer, 1, on_written));
		RUN(loop);
		TRY(uv_read_start((uv_stream_t *)&terminal, on_alloc, on_read_line));
		MUST(write(master, "typed\n", 6));
		RUN(loop);
		close(slave);
	}
	close(master);
	close(null);
	SECTION("sockets of other families");
	TRY(uv_tcp_init_ex(loop, &tcp, AF_UNIX));
	TRY(uv_tcp_init_ex(loop, &tcp, 0xffff));
	TRY(uv_udp_init_ex(loop, &udp, 0xffff));
	TRY(uv_tcp_init_ex(loop, &tcp, AF_INET6));
	close_and_run(&tcp);
}

/* Descriptors that were made elsewhere. */
static void opened(void)
{
	int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int datagram = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int pipes[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

	SECTION("descriptors opened as streams");
	MUST(pipe2(pipes, O_CLOEXEC));
	MUST(uv_tcp_init(loop, &tcp));
	MUST(uv_udp_init(loop, &udp));
	MUST(uv_pipe_init(loop, &one, 0));
	TRY(uv_tcp_open(&tcp, 999));
	TRY(uv_tcp_open(&tcp, stream));
	TRY(uv_tcp_open(&tcp, stream)); /* EEXIST */
	TRY(uv_tcp_open(&tcp, null));	/* EBUSY */
	TRY(uv_udp_open(&udp, 999));
	TRY(uv_udp_open(&udp, datagram));
	TRY(uv_udp_open(&udp, null)); /* EBUSY */
	TRY(uv_pipe_open(&one, 999));
	TRY(uv_pipe_open(&one, pipes[0]));
	TRY(uv_pipe_open(&one, pipes[1]));
	say_descriptors("opened");
	uv_close((uv_handle_t *)&tcp, on_close);
	uv_close((uv_handle_t *)&udp, on_close);
	close_and_run(&one);
	close(pipes[1]);
	close(null);
	say_descriptors("after closing");
}

/* --- servers on a path -------------------------------------------------------------------- */

static uv_pipe_t server, heard;

static void on_read_end(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	SAY("on_read_end %s '%.*s'", result_name(count), count > 0 ? (int)count : 0, buffer->base);
	if (count >= 0)
		return;
	uv_close((uv_handle_t *)stream, on_close);
	uv_close((uv_handle_t *)&server, on_close);
}

static void on_connection(uv_stream_t *stream, int status)
{
	SAY("on_connection %s", result_name(status));
	MUST(uv_pipe_init(loop, &heard, 0));
	TRY(uv_accept(stream, (uv_stream_t *)&heard));
	TRY(uv_read_start((uv_stream_t *)&heard, on_alloc, on_read_end));
}

static void on_shutdown_freed(uv_shutdown_t *request, int status)
{
	SAY("on_shutdown_freed %s", result_name(status));
	uv_close((uv_handle_t *)request->handle, on_close);
	memset(request, 0xff, sizeof *request);
	free(request);
}

static void on_connected(uv_connect_t *request, int status)
{
	uv_shutdown_t *end = malloc(sizeof *end);
	uv_stream_t *stream = request->handle;

	SAY("on_connected %s", result_name(status));
	memset(request, 0xff, sizeof *request);
	TRY(uv_try_write(stream, &word, 1));
	TRY(uv_shutdown(end, stream, on_shutdown_freed));
}

static void paths(void)
{
	uv_connect_t request;
	uv_pipe_t client, second;

	SECTION("a server on a path");
	MUST(uv_pipe_init(loop, &server, 0));
	TRY(uv_pipe_bind(&server, "server.socket"));
	TRY(uv_pipe_bind(&server, "server.socket"));
	MUST(uv_pipe_init(loop, &second, 0));
	TRY(uv_pipe_bind(&second, "server.socket")); /* EADDRINUSE */
	TRY(uv_listen((uv_stream_t *)&second, 8, on_connection));
	TRY(uv_listen((uv_stream_t *)&server, 8, on_connection));
	MUST(uv_pipe_init(loop, &client, 0));
	DO(uv_pipe_connect(&request, &client, "server.socket", on_connected));
	RUN(loop);
	close_and_run(&second);
	unlink("server.socket");
#if UV_VERSION_HEX >= 0x012e00
	SECTION("the younger way to connect");
	MUST(uv_pipe_init(loop, &client, 0));
	TRY(uv_pipe_connect2(&request, &client, "/nowhere", 8, 1 << 9, on_connected));
	TRY(uv_pipe_connect2(&request, &client, "/nowhere", 0, 0, on_connected));
	close_and_run(&client);
#endif
}

/* --- datagrams ---------------------------------------------------------------------------- */

static void on_alloc_small(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle, (void)suggested;
	*buffer = uv_buf_init(storage, 4);
}

static void on_receive(uv_udp_t *handle, ssize_t count, const uv_buf_t *buffer,
	const struct sockaddr *address, unsigned flags)
{
	SAY("on_receive %s '%.*s' %s flags %u", result_name(count), count > 0 ? (int)count : 0,
		buffer->base, address ? "from somebody" : "from nobody", flags);
	if (!address)
		return;
	TRY(uv_udp_recv_stop(handle));
	TRY(uv_udp_recv_start(handle, on_alloc_small, on_receive));
	uv_close((uv_handle_t *)handle, on_close);
}

static void on_sent(uv_udp_send_t *request, int status)
{
	(void)request;
	SAY("on_sent %s", result_name(status));
}

static void datagrams(void)
{
	static char much[70000];
	struct sockaddr_in address, bound;
	uv_buf_t buffer = text("longer than what takes it"), huge = uv_buf_init(much, sizeof much);
	uv_udp_send_t first, second, third;
	uv_udp_t receiver;

	SECTION("datagrams");
	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	MUST(uv_udp_init(loop, &receiver));
	MUST(uv_udp_init(loop, &udp));
	MUST(uv_udp_bind(&receiver, (struct sockaddr *)&address, 0));
	MUST(uv_udp_getsockname(&receiver, (struct sockaddr *)&bound, &(int){sizeof bound}));
	TRY(uv_udp_recv_start(&receiver, on_alloc_small, on_receive));
	TRY(uv_udp_send(&first, &udp, &huge, 1, (struct sockaddr *)&bound, on_sent)); /* EMSGSIZE */
	TRY(uv_udp_send(&second, &udp, &buffer, 1, (struct sockaddr *)&bound, on_sent));
	RUN(loop);
	TRY(uv_udp_connect(&udp, (struct sockaddr *)&bound));
	TRY(uv_udp_send(
		&first, &udp, &buffer, 1, (struct sockaddr *)&bound, on_sent)); /* EISCONN */
	TRY(uv_udp_send(&first, &udp, &buffer, 1, NULL, on_sent));
	TRY(uv_udp_send(&second, &udp, &buffer, 1, NULL, NULL));
	TRY(uv_udp_send(&third, &udp, &buffer, 1, NULL, on_sent));
	close_and_run(&udp);
	TRY(uv_udp_recv_stop(&udp));
}

/* --- a stream closed with everything under way -------------------------------------------- */

static void on_cancelled_connect(uv_connect_t *request, int status)
{
	SAY("on_cancelled_connect %s", result_name(status));
	memset(request, 0, sizeof *request);
}

static void on_cancelled_write(uv_write_t *request, int status)
{
	SAY("on_cancelled_write %s %s", (char *)request->data, result_name(status));
	memset(request, 0, sizeof *request);
}

static void on_cancelled_shutdown(uv_shutdown_t *request, int status)
{
	SAY("on_cancelled_shutdown %s", result_name(status));
	memset(request, 0, sizeof *request);
}

static void all_under_way(void)
{
	static char much[8 << 20];
	uv_buf_t small = text("small"), big = uv_buf_init(much, sizeof much);
	uv_write_t writes[3];
	uv_connect_t request;
	uv_shutdown_t end;
	int fds[2];

	SECTION("a stream closed with everything under way");
	MUST(uv_tcp_init(loop, &tcp));
	TRY(uv_tcp_connect(&request, &tcp, (struct sockaddr *)&anybody, on_cancelled_connect));
	writes[0].data = "0", writes[1].data = "1", writes[2].data = "2";
	TRY(uv_write(&writes[0], (uv_stream_t *)&tcp, &small, 1, on_cancelled_write));
	TRY(uv_write(&writes[1], (uv_stream_t *)&tcp, &small, 1, on_cancelled_write));
	TRY(uv_try_write((uv_stream_t *)&tcp, &small, 1));
	TRY(uv_shutdown(&end, (uv_stream_t *)&tcp, on_cancelled_shutdown));
	DO(uv_close((uv_handle_t *)&tcp, on_close));
	RUN(loop);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
	MUST(uv_pipe_init(loop, &one, 0));
	MUST(uv_pipe_open(&one, fds[0]));
	writes[0].data = "0", writes[1].data = "1", writes[2].data = "2";
	TRY(uv_write(&writes[0], (uv_stream_t *)&one, &big, 1, on_cancelled_write));
	TRY(uv_write(&writes[1], (uv_stream_t *)&one, &big, 1, NULL));
	TRY(uv_write(&writes[2], (uv_stream_t *)&one, &small, 1, on_cancelled_write));
	TRY(uv_shutdown(&end, (uv_stream_t *)&one, NULL));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	TRY(uv_stream_get_write_queue_size((uv_stream_t *)&one) > 0);
	DO(uv_close((uv_handle_t *)&one, NULL));
	RUN(loop);
	close(fds[1]);
}

int main(void)
{
	say_begin();
	loop = uv_default_loop();
	reusing();
	passing();
	terminals();
	opened();
	paths();
	datagrams();
	all_under_way();
	say_loop(loop);
	TRY(uv_loop_close(loop));
	say_descriptors("at the end");
	return 15;
}
