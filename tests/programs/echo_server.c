/*
 * A small HTTP server on libuv, to be loaded: each request re-arms the connection's idle timer and
 * is answered by a uv_write of its own. Listens on a free port of the loopback address, which it
 * prints; SIGTERM ends it in order, with the number of answered requests.
 *
 *     echo_server
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { IDLE_MS = 30000 };

struct connection {
	uv_tcp_t tcp;
	uv_timer_t idle;
	int open_handles;
	int newlines; /* met so far of the CR LF CR LF that ends a request */
	char buffer[4096];
};

struct answer {
	uv_write_t write;
	char text[128];
};

static uv_tcp_t server;
static uv_signal_t terminate;
static unsigned long answered;

static void on_handle_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	if (--connection->open_handles == 0)
		free(connection);
}

static void connection_close(struct connection *connection)
{
	if (uv_is_closing((uv_handle_t *)&connection->tcp))
		return;
	uv_close((uv_handle_t *)&connection->tcp, on_handle_closed);
	uv_close((uv_handle_t *)&connection->idle, on_handle_closed);
}

static void on_idle(uv_timer_t *timer)
{
	connection_close(timer->data);
}

static void on_answered(uv_write_t *write, int status)
{
	struct connection *connection = write->handle->data;

	free(write);
	if (status)
		connection_close(connection);
	else
		answered++;
}

static void answer_request(struct connection *connection)
{
	struct answer *answer = malloc(sizeof *answer);
	uv_buf_t buf;
	int length;

	if (!answer)
		abort();
	length = snprintf(answer->text, sizeof answer->text,
		"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nanswered %03lu", answered % 1000);
	buf = uv_buf_init(answer->text, (unsigned)length);
	uv_timer_start(&connection->idle, on_idle, IDLE_MS, 0);
	if (uv_write(&answer->write, (uv_stream_t *)&connection->tcp, &buf, 1, on_answered))
		free(answer);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	struct connection *connection = handle->data;

	(void)size;
	*buf = uv_buf_init(connection->buffer, sizeof connection->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buf)
{
	struct connection *connection = stream->data;

	if (size < 0) {
		connection_close(connection);
		return;
	}
	for (ssize_t i = 0; i < size; i++) {
		if (buf->base[i] == '\n') {
			if (++connection->newlines == 2) {
				connection->newlines = 0;
				answer_request(connection);
			}
		} else if (buf->base[i] != '\r') {
			connection->newlines = 0;
		}
	}
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct connection *connection;

	if (status)
		return;
	connection = calloc(1, sizeof *connection);
	if (!connection)
		abort();
	uv_tcp_init(listener->loop, &connection->tcp);
	uv_timer_init(listener->loop, &connection->idle);
	connection->tcp.data = connection->idle.data = connection;
	connection->open_handles = 2;
	if (uv_accept(listener, (uv_stream_t *)&connection->tcp)) {
		connection_close(connection);
		return;
	}
	uv_timer_start(&connection->idle, on_idle, IDLE_MS, 0);
	uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read);
}

static void close_any(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (uv_is_closing(handle))
		return;
	if (handle->data)
		connection_close(handle->data);
	else
		uv_close(handle, NULL);
}

static void on_terminate(uv_signal_t *handle, int number)
{
	(void)number;
	uv_walk(handle->loop, close_any, NULL);
}

int main(void)
{
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in address;
	int length = sizeof address;

	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_init(loop, &server);
	uv_signal_init(loop, &terminate);
	if (uv_tcp_bind(&server, (struct sockaddr *)&address, 0) ||
		uv_listen((uv_stream_t *)&server, 512, on_connection) ||
		uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length) ||
		uv_signal_start(&terminate, on_terminate, SIGTERM)) {
		fprintf(stderr, "echo_server: cannot listen\n");
		return 1;
	}
	printf("port %d pid %d\n", ntohs(address.sin_port), uv_os_getpid());
	fflush(stdout);
	uv_run(loop, UV_RUN_DEFAULT);
	printf("answered %lu\n", answered);
	return uv_loop_close(loop) ? 1 : 0;
}
