/*
 * A server that leaks a timer whenever a request is malformed.
 *
 *     add A B        a line that asks; a line with the sum answers
 *
 * Each connection has a timer that ends it when its client says nothing for a while. There are
 * three ways for a connection to end: answered, silent too long, refused. One of them stops the
 * timer but does not close it, so the loop keeps the handle for ever, and nothing crashes: the
 * server grows.
 *
 * It is asked forty questions over loopback, every fourth malformed, and says from time to time how
 * many handles its loop has. Then it ends.
 */
#include "examples/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { QUESTIONS = 40, EVERY_MALFORMED = 4, REPORT_EVERY = 10, SILENCE_MS = 30000 };

struct connection {
	uv_tcp_t client;
	uv_timer_t *deadline;
	uv_write_t write;
	char line[64];
};

static int served;

static void count_handle(uv_handle_t *handle, void *count)
{
	(void)handle;
	++*(int *)count;
}

static void report(uv_loop_t *loop)
{
	int count = 0;

	uv_walk(loop, count_handle, &count);
	printf("%d requests served, %d handles\n", served, count);
}

/* --- how a connection ends ---------------------------------------------------------------------*/

static void on_client_closed(uv_handle_t *handle)
{
	if (++served % REPORT_EVERY == 0)
		report(handle->loop);
	free(handle->data);
}

static void on_deadline_closed(uv_handle_t *handle)
{
	free(handle);
}

static void end_connection(struct connection *connection)
{
	uv_close((uv_handle_t *)connection->deadline, on_deadline_closed);
	uv_close((uv_handle_t *)&connection->client, on_client_closed);
}

static void on_silence(uv_timer_t *deadline)
{
	end_connection(deadline->data);
}

static void refuse(struct connection *connection)
{
	uv_buf_t words = uv_buf_init("malformed\n", strlen("malformed\n"));

	uv_try_write((uv_stream_t *)&connection->client, &words, 1);
	uv_timer_stop(connection->deadline);
	uv_close((uv_handle_t *)&connection->client, on_client_closed);
}

/* --- a request ---------------------------------------------------------------------------------*/

static void on_answered(uv_write_t *write, int status)
{
	(void)status;
	end_connection(write->data);
}

static void answer(struct connection *connection, long sum)
{
	int length = snprintf(connection->line, sizeof connection->line, "%ld\n", sum);
	uv_buf_t buffer = uv_buf_init(connection->line, (unsigned)length);

	connection->write.data = connection;
	if (uv_write(&connection->write, (uv_stream_t *)&connection->client, &buffer, 1,
		    on_answered) != 0)
		end_connection(connection);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct connection *connection = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(connection->line, sizeof connection->line - 1);
}

static void on_line(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct connection *connection = stream->data;
	long a, b;

	if (length < 0) {
		end_connection(connection);
		return;
	}
	buffer->base[length] = '\0';
	uv_read_stop(stream);
	if (sscanf(buffer->base, "add %ld %ld", &a, &b) == 2)
		answer(connection, a + b);
	else
		refuse(connection);
}

static uv_timer_t *start_deadline(struct connection *connection)
{
	uv_timer_t *deadline = malloc(sizeof *deadline);

	if (!deadline)
		abort();
	uv_timer_init(connection->client.loop, deadline);
	deadline->data = connection;
	uv_timer_start(deadline, on_silence, SILENCE_MS, 0);
	return deadline;
}

static void on_connection(uv_stream_t *server, int status)
{
	struct connection *connection;

	if (status != 0 || !(connection = calloc(1, sizeof *connection)))
		return;
	uv_tcp_init(server->loop, &connection->client);
	connection->client.data = connection;
	connection->deadline = start_deadline(connection);
	if (uv_accept(server, (uv_stream_t *)&connection->client) != 0 ||
		uv_read_start((uv_stream_t *)&connection->client, on_alloc, on_line) != 0)
		end_connection(connection);
}

/* --- main --------------------------------------------------------------------------------------*/

struct demo {
	uv_async_t done;
	int port;
};

static void ask_questions(void *argument)
{
	struct demo *demo = argument;
	char question[64], reply[64];

	for (int i = 1; i <= QUESTIONS; i++) {
		snprintf(question, sizeof question, "%s %d %d\n",
			i % EVERY_MALFORMED ? "add" : "plus", i, i);
		client_receive(client_send(demo->port, question), reply, sizeof reply);
	}
	uv_async_send(&demo->done);
}

static void on_demo_done(uv_async_t *done)
{
	uv_stop(done->loop);
}

int main(void)
{
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in address;
	int length = sizeof address;
	struct demo demo;
	uv_thread_t client;
	uv_tcp_t server;

	uv_tcp_init(loop, &server);
	uv_ip4_addr("127.0.0.1", 0, &address);
	if (uv_tcp_bind(&server, (struct sockaddr *)&address, 0) != 0 ||
		uv_listen((uv_stream_t *)&server, 128, on_connection) != 0 ||
		uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length) != 0)
		return 1;
	demo.port = ntohs(address.sin_port);
	uv_async_init(loop, &demo.done, on_demo_done);
	uv_thread_create(&client, ask_questions, &demo);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_thread_join(&client);
	return 0;
}
