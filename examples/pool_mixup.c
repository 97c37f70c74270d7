/*
 * A server with a pool of database connections that now and then gives one customer another
 * customer's cart.
 *
 *     cart CUSTOMER        a line that asks; a line with what is in the cart answers
 *
 * A database connection has a session: in whose name it works. A request that finds no connection
 * free waits its turn, and the one that has finished with a connection hands it over. One of these
 * two ways to a connection forgets to begin a new session.
 *
 * The server says on stderr what it does. In the bad case the line "answered" names the wrong
 * request, and nothing near that line knows why. It is asked a few questions over loopback at once,
 * then ends. Each request sets its number as the context of all that comes of it.
 *
 *     pool_mixup --fixed     what waits is bound to its request where it is queued: whoever calls
 *                            it, it runs in that one's context, and begins that one's session
 */
#include "examples/client.h"
#include "recorder/acausal.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { CONNECTIONS = 2, CUSTOMERS = 4 };

/* In whose name a connection works. */
struct session {
	int request_number;
	char customer[32];
};

struct request;

struct connection {
	uv_pipe_t pipe;
	uv_thread_t database;
	int database_fd, database_us;
	int is_free;
	struct session session;
	struct request *request;
	char buffer[128];
};

struct request {
	uv_tcp_t client;
	uv_write_t write;
	uv_async_t turn;		 /* sent when a connection is handed over */
	struct acausal_bound bound_turn; /* called then, when it is fixed */
	struct session session;
	struct connection *connection;
	struct request *next_waiting;
	char line[128];
};

static struct connection pool[CONNECTIONS];
static struct request requests[CUSTOMERS];
static struct request *first_waiting, **last_waiting = &first_waiting;
static int accepted, answered, is_fixed;

static void say(const struct session *session, const char *what, const char *detail)
{
	char line[256];
	int length = snprintf(line, sizeof line, "request %d (%s) %s%s\n", session->request_number,
		session->customer, what, detail);

	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		abort();
}

static void on_answer_sent(uv_write_t *write, int status)
{
	struct request *request = write->data;

	(void)status;
	uv_close((uv_handle_t *)&request->client, NULL);
	if (++answered == CUSTOMERS)
		uv_stop(write->handle->loop);
}

static void send_answer(struct request *request, const char *answer)
{
	uv_buf_t buffer;

	snprintf(request->line, sizeof request->line, "%s\n", answer);
	buffer = uv_buf_init(request->line, (unsigned)strlen(request->line));
	request->write.data = request;
	uv_write(&request->write, (uv_stream_t *)&request->client, &buffer, 1, on_answer_sent);
}

/* --- asking the database -----------------------------------------------------------------------*/

static void pool_give_back(struct connection *connection);

static void on_database_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct connection *connection = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(connection->buffer, sizeof connection->buffer - 1);
}

static void on_database_answer(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct connection *connection = stream->data;

	uv_read_stop(stream);
	if (length <= 0)
		return;
	buffer->base[length - 1] = '\0';
	say(&connection->session, "answered: ", buffer->base);
	send_answer(connection->request, buffer->base);
	pool_give_back(connection);
}

/* The database shows everybody the cart of whom the session is. */
static void query_cart(struct connection *connection, struct request *request)
{
	char query[64];
	uv_buf_t buffer;

	snprintf(query, sizeof query, "%s\n", connection->session.customer);
	buffer = uv_buf_init(query, (unsigned)strlen(query));
	connection->request = request;
	uv_try_write((uv_stream_t *)&connection->pipe, &buffer, 1);
	uv_read_start((uv_stream_t *)&connection->pipe, on_database_alloc, on_database_answer);
}

/* --- the pool ----------------------------------------------------------------------------------*/

static struct connection *pool_take(const struct session *session)
{
	for (int i = 0; i < CONNECTIONS; i++)
		if (pool[i].is_free) {
			pool[i].is_free = 0;
			pool[i].session = *session;
			return &pool[i];
		}
	return NULL;
}

static void on_turn(uv_async_t *turn)
{
	struct request *request = turn->data;

	uv_close((uv_handle_t *)turn, NULL);
	query_cart(request->connection, request);
}

static void on_bound_turn(void *argument)
{
	struct request *request = argument;

	acausal_unbind(&request->bound_turn);
	request->connection->session = request->session;
	query_cart(request->connection, request);
}

static void pool_wait(struct request *request)
{
	say(&request->session, "waits for a connection", "");
	if (is_fixed) {
		acausal_bind(&request->bound_turn, "turn", on_bound_turn, request);
	} else {
		uv_async_init(request->client.loop, &request->turn, on_turn);
		request->turn.data = request;
	}
	*last_waiting = request;
	last_waiting = &request->next_waiting;
}

/* To whom has waited longest, else back to the pool. */
static void pool_give_back(struct connection *connection)
{
	struct request *next = first_waiting;

	if (!next) {
		connection->is_free = 1;
		return;
	}
	first_waiting = next->next_waiting;
	if (!first_waiting)
		last_waiting = &first_waiting;
	next->connection = connection;
	if (is_fixed)
		acausal_bound_call(&next->bound_turn);
	else
		uv_async_send(&next->turn);
}

/* --- requests ----------------------------------------------------------------------------------*/

static void handle_request(struct request *request)
{
	struct connection *connection = pool_take(&request->session);

	if (!connection) {
		pool_wait(request);
		return;
	}
	say(&request->session, "has a connection", "");
	query_cart(connection, request);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct request *request = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(request->line, sizeof request->line - 1);
}

static void on_line(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct request *request = stream->data;
	char number[16];

	uv_read_stop(stream);
	if (length <= 0)
		return;
	buffer->base[length] = '\0';
	snprintf(number, sizeof number, "%d", request->session.request_number);
	acausal_context_set("request", number);
	if (sscanf(buffer->base, "cart %31s", request->session.customer) == 1)
		handle_request(request);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct request *request;

	if (status != 0 || accepted == CUSTOMERS)
		return;
	request = &requests[accepted++];
	request->session.request_number = accepted;
	uv_tcp_init(server->loop, &request->client);
	request->client.data = request;
	if (uv_accept(server, (uv_stream_t *)&request->client) == 0)
		uv_read_start((uv_stream_t *)&request->client, on_alloc, on_line);
}

/* --- main --------------------------------------------------------------------------------------*/

/* The database, at the other end of a connection: a thread that answers after a while. */
static void serve_carts(void *argument)
{
	struct connection *connection = argument;
	char customer[64], answer[128];
	ssize_t length;

	while ((length = read(connection->database_fd, customer, sizeof customer)) > 0) {
		usleep((useconds_t)connection->database_us);
		length = snprintf(answer, sizeof answer, "%d lamps for %.*s\n", customer[0] % 7,
			(int)length - 1, customer);
		if (write(connection->database_fd, answer, (size_t)length) < 0)
			break;
	}
	close(connection->database_fd);
}

static void connect_database(uv_loop_t *loop, struct connection *connection, int database_us)
{
	uv_os_sock_t ends[2];

	if (uv_socketpair(SOCK_STREAM, 0, ends, UV_NONBLOCK_PIPE, 0) != 0)
		abort();
	connection->database_fd = ends[1];
	connection->database_us = database_us;
	connection->is_free = 1;
	uv_pipe_init(loop, &connection->pipe, 0);
	uv_pipe_open(&connection->pipe, ends[0]);
	connection->pipe.data = connection;
	uv_thread_create(&connection->database, serve_carts, connection);
}

int main(int argc, char **argv)
{
	static const char *const questions[CUSTOMERS] = {
		"cart alice\n", "cart bob\n", "cart carol\n", "cart dave\n"};
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in address;
	int clients[CUSTOMERS], length = sizeof address;
	char answer[128];
	uv_tcp_t server;

	is_fixed = argc > 1 && !strcmp(argv[1], "--fixed");
	for (int i = 0; i < CONNECTIONS; i++)
		connect_database(loop, &pool[i], 20000 + i * 10000);
	uv_tcp_init(loop, &server);
	uv_ip4_addr("127.0.0.1", 0, &address);
	if (uv_tcp_bind(&server, (struct sockaddr *)&address, 0) != 0 ||
		uv_listen((uv_stream_t *)&server, 128, on_connection) != 0 ||
		uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length) != 0)
		return 1;
	for (int i = 0; i < CUSTOMERS; i++)
		clients[i] = client_send(ntohs(address.sin_port), questions[i]);
	uv_run(loop, UV_RUN_DEFAULT);
	for (int i = 0; i < CUSTOMERS; i++) {
		client_receive(clients[i], answer, sizeof answer);
		printf("%.*s gets: %s", (int)strcspn(questions[i], "\n"), questions[i], answer);
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		uv_close((uv_handle_t *)&pool[i].pipe, NULL);
		uv_run(loop, UV_RUN_NOWAIT);
		uv_thread_join(&pool[i].database);
	}
	return 0;
}
