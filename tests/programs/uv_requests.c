/*
 * What libuv's streams and requests answer, and in which order their callbacks come: a transparency
 * program, see say.h.
 */
#include "tests/programs/say.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

static uv_loop_t *loop;

static void run(void)
{
	RUN(loop);
}

static void on_close(uv_handle_t *handle)
{
	SAY("closed %s", uv_handle_type_name(uv_handle_get_type(handle)));
}

static void close_both(void *first, void *second)
{
	uv_close(first, on_close);
	uv_close(second, on_close);
	run();
}

/* --- streams ------------------------------------------------------------------------------ */

static char storage[65536];

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle;
	SAY("on_alloc %d", (int)suggested);
	*buffer = uv_buf_init(storage, sizeof storage);
}

static void on_alloc_nothing(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle, (void)suggested;
	SAY("on_alloc_nothing");
	*buffer = uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	SAY("on_read %s '%.*s'", result_name(count), count > 0 ? (int)count : 0, buffer->base);
	if (count < 0)
		TRY(uv_read_stop(stream));
}

static void on_read_once(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	SAY("on_read_once %s", result_name(count));
	TRY(uv_read_stop(stream));
}

static int starved;

static void on_read_starved(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	SAY("on_read_starved %s active %d", result_name(count),
		uv_is_active((uv_handle_t *)stream));
	if (++starved == 3)
		TRY(uv_read_stop(stream));
}

static void on_read_close(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	SAY("on_read_close %s", result_name(count));
	uv_close((uv_handle_t *)stream, on_close);
}

static void on_write(uv_write_t *request, int status)
{
	SAY("on_write %s %s", request->data ? (char *)request->data : "", result_name(status));
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
	(void)request;
	SAY("on_shutdown %s", result_name(status));
}

static void pair(uv_pipe_t *first, uv_pipe_t *second)
{
	int fds[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
	MUST(uv_pipe_init(loop, first, 0));
	MUST(uv_pipe_init(loop, second, 0));
	MUST(uv_pipe_open(first, fds[0]));
	MUST(uv_pipe_open(second, fds[1]));
}

static uv_buf_t text(const char *words)
{
	return uv_buf_init((char *)words, (unsigned)strlen(words));
}

static void reading(void)
{
	uv_pipe_t one, other, unopened;
	uv_write_t request, unheard;
	uv_shutdown_t end, again;
	uv_buf_t buffer = text("hello");
	uv_buf_t parts[2] = {text("two "), text("parts")};

	SECTION("reading and writing");
	MUST(uv_pipe_init(loop, &unopened, 0));
	TRY(uv_read_start((uv_stream_t *)&unopened, on_alloc, on_read)); /* ENOTCONN */
	TRY(uv_read_stop((uv_stream_t *)&unopened));
	request.data = "unopened";
	TRY(uv_write(&request, (uv_stream_t *)&unopened, &buffer, 1, on_write));
	TRY(uv_shutdown(&end, (uv_stream_t *)&unopened, on_shutdown));
	pair(&one, &other);
	TRY(uv_read_start(NULL, on_alloc, on_read));
	TRY(uv_read_start((uv_stream_t *)&one, NULL, on_read));
	TRY(uv_read_start((uv_stream_t *)&one, on_alloc, NULL));
	TRY(uv_read_start((uv_stream_t *)&one, on_alloc, on_read_once));
	TRY(uv_read_start((uv_stream_t *)&one, on_alloc_nothing, on_read)); /* EALREADY */
	request.data = "first";
	TRY(uv_write(&request, (uv_stream_t *)&other, &buffer, 1, on_write));
	TRY(uv_write(&unheard, (uv_stream_t *)&other, parts, 2, NULL));
	run();
	TRY(uv_try_write((uv_stream_t *)&other, &buffer, 1));
	TRY(uv_read_start((uv_stream_t *)&one, on_alloc_nothing, on_read_starved));
	run(); /* ENOBUFS does not end the reading */
	TRY(uv_read_start((uv_stream_t *)&one, on_alloc, on_read));
	TRY(uv_try_write((uv_stream_t *)&other, &buffer, 1));
	TRY(uv_shutdown(&end, (uv_stream_t *)&other, on_shutdown));
	TRY(uv_shutdown(&end, (uv_stream_t *)&other, on_shutdown)); /* ENOTCONN; the first stands */
	TRY(uv_shutdown(&again, (uv_stream_t *)&other, NULL));
	run();
	TRY(uv_read_start((uv_stream_t *)&one, on_alloc, on_read)); /* after the end */
	run();
	request.data = "after shutdown";
	TRY(uv_write(&request, (uv_stream_t *)&other, &buffer, 1, on_write));
	close_both(&one, &other);
	pair(&one, &other);
	TRY(uv_shutdown(&end, (uv_stream_t *)&other, NULL));
	TRY(uv_read_start((uv_stream_t *)&one, on_alloc, on_read_close)); /* closes inside */
	run();
	uv_close((uv_handle_t *)&other, on_close);
	uv_close((uv_handle_t *)&unopened, on_close);
	TRY(uv_read_start((uv_stream_t *)&unopened, on_alloc, on_read)); /* EINVAL: closing */
	TRY(uv_read_stop((uv_stream_t *)&unopened));
	run();
}

/* Everything that a stream can have under way when it is closed. */
static void on_connect(uv_connect_t *request, int status)
{
	(void)request;
	SAY("on_connect %s", result_name(status));
}

static void closing(void)
{
	static char much[4 << 20];
	struct sockaddr_in address;
	uv_buf_t buffer = uv_buf_init(much, sizeof much), small = text("x");
	uv_connect_t connect, second;
	uv_write_t writes[3];
	uv_shutdown_t end;
	uv_pipe_t one, other;
	uv_tcp_t tcp;
	int i;

	SECTION("closing with requests under way");
	pair(&one, &other);
	for (i = 0; i < 3; i++) {
		writes[i].data = i == 0 ? "w0" : i == 1 ? "w1" : "w2";
		TRY(uv_write(
			&writes[i], (uv_stream_t *)&one, &buffer, 1, i == 1 ? NULL : on_write));
	}
	TRY(uv_shutdown(&end, (uv_stream_t *)&one, on_shutdown));
	TRY(uv_run(loop, UV_RUN_NOWAIT));
	DO(uv_close((uv_handle_t *)&one, on_close));
	run();
	uv_close((uv_handle_t *)&other, NULL);
	run();

	MUST(uv_ip4_addr("127.0.0.1", 1, &address));
	MUST(uv_tcp_init(loop, &tcp));
	TRY(uv_tcp_connect(&connect, &tcp, (struct sockaddr *)&address, on_connect));
	TRY(uv_tcp_connect(&connect, &tcp, (struct sockaddr *)&address, on_connect)); /* EALREADY */
	TRY(uv_tcp_connect(&second, &tcp, (struct sockaddr *)&address, on_connect));
	writes[0].data = "queued";
	TRY(uv_write(&writes[0], (uv_stream_t *)&tcp, &small, 1, on_write));
	run(); /* refused */
	uv_close((uv_handle_t *)&tcp, on_close);
	run();
	MUST(uv_tcp_init(loop, &tcp));
	TRY(uv_tcp_connect(&connect, &tcp, (struct sockaddr *)&address, on_connect));
	DO(uv_close((uv_handle_t *)&tcp, on_close)); /* ECANCELED */
	run();
	MUST(uv_tcp_init(loop, &tcp));
	TRY(uv_tcp_close_reset(&tcp, on_close)); /* no socket: fails, and leaves it open */
	TRY(uv_is_closing((uv_handle_t *)&tcp));
	address.sin_family = 77;
	TRY(uv_tcp_connect(&connect, &tcp, (struct sockaddr *)&address, on_connect));
	uv_close((uv_handle_t *)&tcp, NULL);
	run();
	MUST(uv_pipe_init(loop, &one, 0));
	DO(uv_pipe_connect(&connect, &one, "/nowhere/at/all", on_connect));
	run();
	uv_close((uv_handle_t *)&one, on_close);
	run();
}

/* --- requests that are used again --------------------------------------------------------- */

static int rounds;
static uv_pipe_t reuse_one, reuse_other;
static uv_buf_t reuse_text;

static void on_write_again(uv_write_t *request, int status)
{
	SAY("on_write_again %d %s", rounds, result_name(status));
	if (--rounds == 0)
		return;
	memset(request, 0x5a, sizeof *request);
	TRY(uv_write(request, (uv_stream_t *)&reuse_one, &reuse_text, 1, on_write_again));
}

static void on_write_freed(uv_write_t *request, int status)
{
	SAY("on_write_freed %s", result_name(status));
	memset(request, 0, sizeof *request);
	free(request);
}

static void on_after_again(uv_work_t *request, int status);

/* In a thread of the pool: what it printed would come at any moment. */
static _Atomic int worked;

static void on_work(uv_work_t *request)
{
	(void)request;
	worked++;
}

static void on_after_again(uv_work_t *request, int status)
{
	SAY("on_after_again %d %s worked %d", rounds, result_name(status), worked);
	if (--rounds > 0)
		uv_queue_work(loop, request, on_work, on_after_again); /* a jump at -O2 */
}

static void on_fs_again(uv_fs_t *request)
{
	SAY("on_fs_again %d %s", rounds, result_name(request->result));
	uv_fs_req_cleanup(request);
	if (--rounds > 0)
		TRY(uv_fs_stat(loop, request, "/", on_fs_again));
}

static void reusing(void)
{
	uv_write_t request, *freed = malloc(sizeof *freed);
	uv_work_t work = {.data = "again"};
	uv_fs_t fs;

	SECTION("requests made again, zeroed and freed in their callback");
	pair(&reuse_one, &reuse_other);
	reuse_text = text("again");
	rounds = 4;
	TRY(uv_write(&request, (uv_stream_t *)&reuse_one, &reuse_text, 1, on_write_again));
	TRY(uv_write(freed, (uv_stream_t *)&reuse_one, &reuse_text, 1, on_write_freed));
	run();
	rounds = 3;
	TRY(uv_queue_work(loop, &work, on_work, on_after_again));
	run();
	rounds = 3;
	TRY(uv_fs_stat(loop, &fs, "/", on_fs_again));
	run();
	close_both(&reuse_one, &reuse_other);
}

/* --- servers ------------------------------------------------------------------------------ */

static uv_tcp_t server, accepted, unaccepted;
static uv_tcp_t client;

static void on_read_server(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	SAY("on_read_server %s '%.*s'", result_name(count), count > 0 ? (int)count : 0,
		buffer->base);
	if (count < 0) {
		uv_close((uv_handle_t *)stream, on_close);
		uv_close((uv_handle_t *)&server, on_close);
	}
}

static void on_connection(uv_stream_t *stream, int status)
{
	SAY("on_connection %s", result_name(status));
	say_descriptors("in on_connection");
	TRY(uv_tcp_init(loop, &accepted));
	TRY(uv_accept(stream, (uv_stream_t *)&accepted));
	TRY(uv_tcp_init(loop, &unaccepted));
	TRY(uv_accept(stream, (uv_stream_t *)&unaccepted)); /* EAGAIN */
	uv_close((uv_handle_t *)&unaccepted, on_close);
	TRY(uv_read_start((uv_stream_t *)&accepted, on_alloc, on_read_server));
}

static void on_other_connection(uv_stream_t *stream, int status)
{
	(void)stream;
	SAY("on_other_connection %s", result_name(status));
}

static void on_connect_write(uv_connect_t *request, int status)
{
	static uv_write_t write;
	static uv_shutdown_t end;
	uv_buf_t buffer = text("request");

	SAY("on_connect_write %s", result_name(status));
	write.data = "client";
	TRY(uv_write(&write, request->handle, &buffer, 1, on_write));
	TRY(uv_shutdown(&end, request->handle, on_shutdown));
}

static void on_connect_reset(uv_connect_t *request, int status)
{
	SAY("on_connect_reset %s", result_name(status));
	TRY(uv_tcp_close_reset((uv_tcp_t *)request->handle, on_close));
}

static void servers(void)
{
	struct sockaddr_in address, bound;
	int length = sizeof bound;
	uv_tcp_t second;
	uv_udp_t udp;
	uv_connect_t connect;

	SECTION("servers");
	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	MUST(uv_tcp_init(loop, &server));
	TRY(uv_tcp_bind(&server, (struct sockaddr *)&address, 0));
	TRY(uv_accept((uv_stream_t *)&server, (uv_stream_t *)&server));
	TRY(uv_listen((uv_stream_t *)&server, 8, on_connection));
	TRY(uv_tcp_getsockname(&server, (struct sockaddr *)&bound, &length));
	MUST(uv_tcp_init(loop, &second));
	TRY(uv_tcp_bind(&second, (struct sockaddr *)&bound, 0));
	TRY(uv_listen((uv_stream_t *)&second, 8, on_other_connection)); /* EADDRINUSE */
	MUST(uv_udp_init(loop, &udp));
	TRY(uv_listen((uv_stream_t *)&udp, 8, on_other_connection)); /* EINVAL */
	uv_close((uv_handle_t *)&second, NULL);
	uv_close((uv_handle_t *)&udp, NULL);
	MUST(uv_tcp_init(loop, &client));
	TRY(uv_tcp_connect(&connect, &client, (struct sockaddr *)&bound, on_connect_write));
	run();
	uv_close((uv_handle_t *)&client, on_close);
	run();
	MUST(uv_tcp_init(loop, &server));
	MUST(uv_tcp_bind(&server, (struct sockaddr *)&address, 0));
	TRY(uv_listen((uv_stream_t *)&server, 8, on_other_connection));
	TRY(uv_listen((uv_stream_t *)&server, 8, on_connection)); /* replaced */
	length = sizeof bound;
	TRY(uv_tcp_getsockname(&server, (struct sockaddr *)&bound, &length));
	MUST(uv_tcp_init(loop, &client));
	TRY(uv_tcp_connect(&connect, &client, (struct sockaddr *)&bound, on_connect_reset));
	run();
}

/* --- datagrams ---------------------------------------------------------------------------- */

static void on_receive(uv_udp_t *handle, ssize_t count, const uv_buf_t *buffer,
	const struct sockaddr *address, unsigned flags)
{
	SAY("on_receive %s '%.*s' from %s flags %u", result_name(count), count > 0 ? (int)count : 0,
		buffer->base, address ? "somebody" : "nobody", flags);
	if (count > 0)
		TRY(uv_udp_recv_stop(handle));
}

/* With recvmmsg libuv goes on calling this after the close. */
static void on_receive_close(uv_udp_t *handle, ssize_t count, const uv_buf_t *buffer,
	const struct sockaddr *address, unsigned flags)
{
	(void)buffer, (void)address;
	SAY("on_receive_close %s flags %u closing %d", result_name(count), flags,
		uv_is_closing((uv_handle_t *)handle));
	if (count > 0 && !uv_is_closing((uv_handle_t *)handle))
		uv_close((uv_handle_t *)handle, on_close);
}

static void on_receive_other(uv_udp_t *handle, ssize_t count, const uv_buf_t *buffer,
	const struct sockaddr *address, unsigned flags)
{
	(void)handle, (void)buffer, (void)address, (void)flags;
	SAY("on_receive_other %s", result_name(count));
}

static void on_alloc_many(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	static char room[20 * 65536];

	(void)handle, (void)suggested;
	*buffer = uv_buf_init(room, sizeof room);
}

static void on_send(uv_udp_send_t *request, int status)
{
	(void)request;
	SAY("on_send %s", result_name(status));
}

static void datagrams(void)
{
	struct sockaddr_in address, bound;
	int length = sizeof bound, i;
	uv_udp_t receiver, sender;
	uv_udp_send_t request, unheard;
	uv_buf_t buffer = text("datagram");

	SECTION("datagrams");
	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	MUST(uv_udp_init(loop, &receiver));
	MUST(uv_udp_init(loop, &sender));
	MUST(uv_udp_bind(&receiver, (struct sockaddr *)&address, 0));
	MUST(uv_udp_getsockname(&receiver, (struct sockaddr *)&bound, &length));
	TRY(uv_udp_recv_start(&receiver, NULL, on_receive));
	TRY(uv_udp_recv_start(&receiver, on_alloc, NULL));
	TRY(uv_udp_recv_start(&receiver, on_alloc, on_receive));
	TRY(uv_udp_recv_start(&receiver, on_alloc, on_receive_other));	/* EALREADY */
	TRY(uv_udp_send(&request, &sender, &buffer, 1, NULL, on_send)); /* EDESTADDRREQ */
	TRY(uv_udp_send(&request, &sender, &buffer, 1, (struct sockaddr *)&bound, on_send));
	run();
	TRY(uv_udp_send(&unheard, &sender, &buffer, 1, (struct sockaddr *)&bound, NULL));
	run();
	TRY(uv_udp_recv_stop(&receiver));
	TRY(uv_udp_recv_start(&receiver, on_alloc, on_receive));
	TRY(uv_udp_recv_stop(&receiver));
	TRY(uv_udp_send(&request, &sender, &buffer, 1, (struct sockaddr *)&bound, on_send));
	uv_close((uv_handle_t *)&sender, on_close); /* sent already */
	run();
	uv_close((uv_handle_t *)&receiver, on_close);
	run();
	MUST(uv_udp_init_ex(loop, &receiver, AF_INET | UV_UDP_RECVMMSG));
	MUST(uv_udp_init(loop, &sender));
	MUST(uv_udp_bind(&receiver, (struct sockaddr *)&address, 0));
	MUST(uv_udp_getsockname(&receiver, (struct sockaddr *)&bound, &length));
	for (i = 0; i < 4; i++)
		TRY(uv_udp_try_send(&sender, &buffer, 1, (struct sockaddr *)&bound));
	TRY(uv_udp_recv_start(&receiver, on_alloc_many, on_receive_close));
	run();
	uv_close((uv_handle_t *)&sender, on_close);
	run();
}

int main(void)
{
	say_begin();
	loop = uv_default_loop();
	reading();
	closing();
	reusing();
	servers();
	datagrams();
	say_loop(loop);
	TRY(uv_loop_close(loop));
	say_descriptors("at the end");
	return 6;
}
