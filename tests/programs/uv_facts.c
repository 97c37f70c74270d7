/*
 * What is recorded about the thread pool, waiting, references and descriptors, one thing of each
 * kind, for tests/e2e/facts.sh, which asks the recording for it. Prints what libuv answered; writes
 * into the file that it is given what cannot be known before, numbers of descriptors and addresses.
 */
#include "tests/programs/say.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

static uv_loop_t *loop;

/* What differs from run to run goes to the file that is asked for; what is printed does not. */
static FILE *truth;

static int fd_of(const void *handle)
{
	uv_os_fd_t fd = -1;

	uv_fileno(handle, &fd);
	return fd;
}

static void close_now(void *handle)
{
	uv_close(handle, NULL);
}

static void on_nothing(uv_timer_t *timer)
{
	(void)timer;
}

/* --- the pool ----------------------------------------------------------------------------- */

static uv_fs_t fs[6];
static char bytes[64];

static void on_file_done(uv_fs_t *request)
{
	uv_fs_req_cleanup(request);
}

static void on_opened(uv_fs_t *request)
{
	uv_buf_t buffer = uv_buf_init(bytes, sizeof bytes);
	uv_file file = (uv_file)request->result;

	MUST(file);
	fprintf(truth, "file %d\n", file);
	uv_fs_req_cleanup(request);
	MUST(uv_fs_read(loop, &fs[1], file, &buffer, 1, 0, on_file_done));
	MUST(uv_fs_fstat(loop, &fs[2], file, on_file_done));
	MUST(uv_fs_rename(loop, &fs[3], "no such file", "nor this", on_file_done));
}

static void on_address(uv_getaddrinfo_t *request, int status, struct addrinfo *result)
{
	(void)request;
	MUST(status);
	uv_freeaddrinfo(result);
}

static void on_name(uv_getnameinfo_t *request, int status, const char *host, const char *service)
{
	(void)request, (void)host, (void)service;
	MUST(status);
}

static void on_random(uv_random_t *request, int status, void *buffer, size_t length)
{
	(void)request, (void)buffer, (void)length;
	MUST(status);
}

static void on_work(uv_work_t *work)
{
	(void)work;
	uv_sleep(2);
}

static void on_after_work(uv_work_t *work, int status)
{
	(void)work, (void)status;
}

static void on_cancelled(uv_fs_t *request)
{
	SAY("cancelled: %s", result_name(request->result));
	uv_fs_req_cleanup(request);
}

static uv_sem_t gate;

static void on_blocks(uv_work_t *work)
{
	(void)work;
	uv_sem_wait(&gate);
}

static void pool(void)
{
	const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST};
	static uv_getaddrinfo_t address;
	static uv_getnameinfo_t name;
	static uv_random_t random;
	static uv_work_t work, blocks[4];
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(53)};
	uv_fs_t synchronous;
	int i;

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(uv_fs_open(loop, &fs[0], "/proc/self/cmdline", O_RDONLY, 0, on_opened));
	MUST(uv_getaddrinfo(loop, &address, on_address, "127.0.0.1", NULL, &numeric));
	MUST(uv_getnameinfo(loop, &name, on_name, (struct sockaddr *)&here, NI_NUMERICHOST));
	MUST(uv_random(loop, &random, bytes, sizeof bytes, 0, on_random));
	MUST(uv_queue_work(loop, &work, on_work, on_after_work));
	/* No request of the pool's. */
	uv_fs_stat(NULL, &synchronous, "/", NULL);
	uv_fs_req_cleanup(&synchronous);
	RUN(loop);

	uv_sem_init(&gate, 0);
	for (i = 0; i < 4; i++)
		uv_queue_work(loop, &blocks[i], on_blocks, on_after_work);
	MUST(uv_fs_stat(loop, &fs[4], "/", on_cancelled));
	MUST(uv_cancel((uv_req_t *)&fs[4]));
	for (i = 0; i < 4; i++)
		uv_sem_post(&gate);
	RUN(loop);
	uv_sem_destroy(&gate);
	MUST(uv_fs_close(loop, &fs[5], uv_fs_open(loop, &synchronous, "/", O_RDONLY, 0, NULL),
		on_file_done));
	RUN(loop);
}

/* --- waits -------------------------------------------------------------------------------- */

static void on_inner_wait(uv_timer_t *timer)
{
	close_now(timer);
}

static void on_outer_wait(uv_timer_t *timer)
{
	uv_loop_t inner;
	uv_timer_t nested;

	uv_loop_init(&inner);
	uv_timer_init(&inner, &nested);
	uv_timer_start(&nested, on_inner_wait, 30, 0);
	uv_run(&inner, UV_RUN_DEFAULT);
	uv_loop_close(&inner);
	close_now(timer);
}

static int turns;

/* A loop that is never idle waits for nothing. */
static void on_idle(uv_idle_t *idle)
{
	if (++turns == 1000)
		close_now(idle);
}

static void on_check(uv_check_t *check)
{
	if (turns == 1000)
		close_now(check);
}

static void waits(void)
{
	static uv_timer_t timer;
	static uv_idle_t idle;
	static uv_check_t check;

	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, on_outer_wait, 40, 0);
	RUN(loop);
	uv_idle_init(loop, &idle);
	uv_idle_start(&idle, on_idle);
	uv_check_init(loop, &check);
	uv_check_start(&check, on_check);
	RUN(loop);
	MUST(turns == 1000 ? 0 : -1);
}

/* --- references --------------------------------------------------------------------------- */

static void references(void)
{
	static uv_timer_t timer;
	int i;

	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, on_nothing, 100000, 0);
	for (i = 0; i < 3; i++)
		uv_unref((uv_handle_t *)&timer);
	RUN(loop); /* there is nothing to wait for */
	for (i = 0; i < 3; i++)
		uv_ref((uv_handle_t *)&timer);
	uv_unref((uv_handle_t *)&timer);
	SAY("has_ref %d", uv_has_ref((uv_handle_t *)&timer));
	close_now(&timer);
	RUN(loop);
}

/* --- descriptors -------------------------------------------------------------------------- */

static uv_tcp_t server, client, accepted;
static uv_pipe_t pipe_server, pipe_client, pipe_accepted, opened, child_end;
static uv_udp_t bound, joined, adopted_udp;
static uv_poll_t poll_handle;
static uv_tcp_t adopted;
static char storage[65536];

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle, (void)suggested;
	*buffer = uv_buf_init(storage, sizeof storage);
}

static void say_tcp(const char *name, const uv_tcp_t *tcp, bool is_peer)
{
	struct sockaddr_in address;
	int length = sizeof address;
	char host[32];

	if (is_peer)
		uv_tcp_getpeername(tcp, (struct sockaddr *)&address, &length);
	else
		uv_tcp_getsockname(tcp, (struct sockaddr *)&address, &length);
	uv_ip4_name(&address, host, sizeof host);
	fprintf(truth, "%s %d %s:%d\n", name, fd_of(tcp), host, ntohs(address.sin_port));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	(void)buffer;
	if (count < 0)
		uv_close((uv_handle_t *)stream, NULL);
}

static void on_written(uv_write_t *request, int status)
{
	MUST(status);
	if (request->handle == (uv_stream_t *)&client) {
		say_tcp("client", &client, true);
		close_now(&client);
	} else {
		close_now(&pipe_client);
	}
}

static void on_tcp_connected(uv_connect_t *request, int status)
{
	static uv_write_t write_request;
	uv_buf_t buffer = uv_buf_init(bytes, 11);

	MUST(status);
	MUST(uv_write(&write_request, request->handle, &buffer, 1, on_written));
}

static void on_pipe_connected(uv_connect_t *request, int status)
{
	static uv_write_t write_request;
	uv_buf_t buffer = uv_buf_init(bytes, 7);

	MUST(status);
	MUST(uv_write(&write_request, request->handle, &buffer, 1, on_written));
}

static void on_connection(uv_stream_t *stream, int status)
{
	MUST(status);
	uv_tcp_init(loop, &accepted);
	MUST(uv_accept(stream, (uv_stream_t *)&accepted));
	say_tcp("accepted", &accepted, true);
	MUST(uv_read_start((uv_stream_t *)&accepted, on_alloc, on_read));
	close_now(&server);
}

static void on_pipe_connection(uv_stream_t *stream, int status)
{
	MUST(status);
	uv_pipe_init(loop, &pipe_accepted, 0);
	MUST(uv_accept(stream, (uv_stream_t *)&pipe_accepted));
	fprintf(truth, "pipe_accepted %d\n", fd_of(&pipe_accepted));
	MUST(uv_read_start((uv_stream_t *)&pipe_accepted, on_alloc, on_read));
	close_now(&pipe_server);
}

static void on_datagram(uv_udp_t *handle, ssize_t count, const uv_buf_t *buffer,
	const struct sockaddr *address, unsigned flags)
{
	(void)buffer, (void)address, (void)flags;
	if (count > 0)
		close_now(handle);
}

static void on_datagram_sent(uv_udp_send_t *request, int status)
{
	MUST(status);
	close_now(request->handle);
}

static void datagrams(void)
{
	static uv_udp_send_t send_request;
	uv_buf_t buffer = uv_buf_init(bytes, 13);
	struct sockaddr_in address;
	int length = sizeof address;

	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	uv_udp_init(loop, &bound);
	MUST(uv_udp_bind(&bound, (struct sockaddr *)&address, 0));
	MUST(uv_udp_recv_start(&bound, on_alloc, on_datagram));
	uv_udp_getsockname(&bound, (struct sockaddr *)&address, &length);
	fprintf(truth, "bound %d 127.0.0.1:%d\n", fd_of(&bound), ntohs(address.sin_port));
	uv_udp_init(loop, &joined);
	MUST(uv_udp_connect(&joined, (struct sockaddr *)&address));
	fprintf(truth, "joined %d 127.0.0.1:%d\n", fd_of(&joined), ntohs(address.sin_port));
	MUST(uv_udp_send(&send_request, &joined, &buffer, 1, NULL, on_datagram_sent));
	uv_udp_init(loop, &adopted_udp);
	MUST(uv_udp_open(&adopted_udp, socket(AF_INET, SOCK_DGRAM, 0)));
	fprintf(truth, "adopted_udp %d\n", fd_of(&adopted_udp));
	close_now(&adopted_udp);
}

static void on_child_ended(uv_process_t *process, int64_t status, int signum)
{
	(void)status, (void)signum;
	close_now(process);
	close_now(&child_end);
}

static void child(void)
{
	static uv_process_t process;
	static uv_stdio_container_t stdio[2];
	char *arguments[] = {(char *)"true", NULL};
	const uv_process_options_t options = {.file = "true",
		.args = arguments,
		.exit_cb = on_child_ended,
		.stdio = stdio,
		.stdio_count = 2};

	uv_pipe_init(loop, &child_end, 0);
	stdio[1].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
	stdio[1].data.stream = (uv_stream_t *)&child_end;
	MUST(uv_spawn(loop, &process, &options));
	fprintf(truth, "child_end %d\n", fd_of(&child_end));
}

static void descriptors(void)
{
	static uv_connect_t connect_request, pipe_connect;
	struct sockaddr_in address;
	int length = sizeof address, pair[2];

	MUST(uv_ip4_addr("127.0.0.1", 0, &address));
	uv_tcp_init(loop, &server);
	uv_tcp_bind(&server, (struct sockaddr *)&address, 0);
	MUST(uv_listen((uv_stream_t *)&server, 8, on_connection));
	say_tcp("server", &server, false);
	uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length);
	uv_tcp_init(loop, &client);
	MUST(uv_tcp_connect(
		&connect_request, &client, (struct sockaddr *)&address, on_tcp_connected));

	unlink("facts.socket");
	uv_pipe_init(loop, &pipe_server, 0);
	MUST(uv_pipe_bind(&pipe_server, "facts.socket"));
	MUST(uv_listen((uv_stream_t *)&pipe_server, 8, on_pipe_connection));
	fprintf(truth, "pipe_server %d facts.socket\n", fd_of(&pipe_server));
	uv_pipe_init(loop, &pipe_client, 0);
	uv_pipe_connect(&pipe_connect, &pipe_client, "facts.socket", on_pipe_connected);
	RUN(loop);

	datagrams();
	child();
	RUN(loop);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MUST(uv_poll_init(loop, &poll_handle, pair[0]));
	fprintf(truth, "poll_handle %d\n", pair[0]);
	uv_pipe_init(loop, &opened, 0);
	MUST(uv_pipe_open(&opened, pair[1]));
	fprintf(truth, "opened %d\n", pair[1]);
	uv_tcp_init(loop, &adopted);
	MUST(uv_tcp_open(&adopted, socket(AF_INET, SOCK_STREAM, 0)));
	fprintf(truth, "adopted %d\n", fd_of(&adopted));
	TRY(uv_tcp_open(&adopted, -1));
	close_now(&poll_handle);
	close_now(&opened);
	close_now(&adopted);
	RUN(loop);
	close(pair[0]);
}

int main(int argc, char *argv[])
{
	say_begin();
	truth = fopen(argc > 1 ? argv[1] : "/dev/null", "w");
	loop = uv_default_loop();
	pool();
	waits();
	references();
	descriptors();
	TRY(uv_loop_close(loop));
	fclose(truth);
	return 0;
}
