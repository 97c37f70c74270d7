/*
 * An HTTP server whose log lines know which request they are of, without being told: what tutorials
 * of Node.js build with AsyncLocalStorage, on libuv.
 *
 *     context_server [PORT] [--requests N]     3000; 0: any that is free. Ends after N requests
 *
 * Each request has a context: an ID and its headers. The handler asks the file system, hashes in
 * the thread pool and waits for a timer; log_line, called from anywhere there, says in whose name.
 * Nobody passes the context on.
 *
 *     curl http://127.0.0.1:3000/     JSON: the ID, the headers
 *
 * Run by `acausal record`, or with libacausal.so preloaded. Alone it serves as well, and says that
 * there is no context.
 */
#include "recorder/acausal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum {
	LINE = 256,
	HEADERS = 16,
	REQUEST = 4096,
	ANSWER = 16384,
	HASH_ROUNDS = 20000,
	PAUSE_MS = 5
};

/* What is known of a request wherever it is worked for. */
struct context {
	char id[16];
	int header_count;
	char headers[HEADERS][2][LINE];
};

struct connection {
	uv_tcp_t tcp;
	uv_fs_t stat;
	uv_work_t work;
	uv_timer_t timer;
	uv_write_t write;
	size_t length;
	uint64_t file_size, hash;
	char request[REQUEST + 1], answer[ANSWER];
};

static struct acausal_storage *contexts;
static uv_tcp_t server;
static long requests_left = -1;

/* --- what knows nothing of connections -----------------------------------------------------------
 */

static const struct context *context_here(void)
{
	return (const struct context *)acausal_storage_get(contexts);
}

static void log_line(const char *message)
{
	const struct context *context = context_here();

	fprintf(stderr, "[%s] %s\n", context ? context->id : "no context", message);
}

static uint64_t hash_slowly(const char *text)
{
	uint64_t hash = 14695981039346656037u;

	log_line("hashing");
	for (int round = 0; round < HASH_ROUNDS; round++)
		for (const char *byte = text; *byte; byte++)
			hash = (hash ^ (unsigned char)*byte) * 1099511628211u;
	return hash;
}

/* --- the answer
 * ------------------------------------------------------------------------------------ */

struct text {
	char *at;
	size_t left;
};

static void add(struct text *text, const char *words)
{
	size_t length = strlen(words);

	if (length >= text->left)
		length = text->left - 1;
	memcpy(text->at, words, length);
	text->at += length;
	text->left -= length;
	*text->at = '\0';
}

static void add_string(struct text *text, const char *string)
{
	char escaped[8];

	add(text, "\"");
	for (; *string; string++) {
		unsigned char byte = (unsigned char)*string;

		snprintf(escaped, sizeof escaped,
			byte < ' ' || byte > '~'      ? "\\u%04x"
			: byte == '"' || byte == '\\' ? "\\%c"
						      : "%c",
			byte);
		add(text, escaped);
	}
	add(text, "\"");
}

static void add_context(struct text *text, const struct context *context)
{
	add(text, "{\"id\": ");
	if (!context) {
		add(text, "null");
		return;
	}
	add_string(text, context->id);
	add(text, ", \"headers\": {");
	for (int i = 0; i < context->header_count; i++) {
		add(text, i ? ", " : "");
		add_string(text, context->headers[i][0]);
		add(text, ": ");
		add_string(text, context->headers[i][1]);
	}
	add(text, "}");
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct connection *connection = (struct connection *)handle->data;

	uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

static void close_connection(struct connection *connection)
{
	uv_close((uv_handle_t *)&connection->timer, on_timer_closed);
}

static void on_answered(uv_write_t *write, int status)
{
	log_line(status == 0 ? "answered" : "could not answer");
	close_connection((struct connection *)write->data);
}

static void answer(struct connection *connection)
{
	char body[ANSWER - 256], numbers[96];
	struct text text = {body, sizeof body - 8};
	uv_buf_t buffer;
	int length;

	add_context(&text, context_here());
	snprintf(numbers, sizeof numbers, ", \"size\": %llu, \"hash\": \"%016llx\"",
		(unsigned long long)connection->file_size, (unsigned long long)connection->hash);
	text.left = text.left > sizeof numbers ? text.left : sizeof numbers;
	add(&text, numbers);
	memcpy(text.at, "}\n", 3);
	length = snprintf(connection->answer, sizeof connection->answer,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n%s",
		strlen(body), body);
	buffer = uv_buf_init(connection->answer, (unsigned)length);
	connection->write.data = connection;
	uv_write(&connection->write, (uv_stream_t *)&connection->tcp, &buffer, 1, on_answered);
}

/* --- the handler: a file, the pool, a timer
 * --------------------------------------------------------- */

static void on_paused(uv_timer_t *timer)
{
	answer((struct connection *)timer->data);
}

static void on_hash_wanted(uv_work_t *work)
{
	struct connection *connection = (struct connection *)work->data;

	connection->hash = hash_slowly(connection->request);
}

static void on_hashed(uv_work_t *work, int status)
{
	struct connection *connection = (struct connection *)work->data;

	(void)status;
	log_line("hashed");
	uv_timer_start(&connection->timer, on_paused, PAUSE_MS, 0);
}

static void on_stat(uv_fs_t *stat)
{
	struct connection *connection = (struct connection *)stat->data;

	connection->file_size = stat->result == 0 ? stat->statbuf.st_size : 0;
	uv_fs_req_cleanup(stat);
	log_line("found the size");
	connection->work.data = connection;
	uv_queue_work(connection->tcp.loop, &connection->work, on_hash_wanted, on_hashed);
}

static void handle_request(void *argument)
{
	struct connection *connection = (struct connection *)argument;
	const struct context *context = context_here();

	if (context)
		acausal_context_set("request_id", context->id);
	log_line("asked");
	connection->stat.data = connection;
	uv_fs_stat(connection->tcp.loop, &connection->stat, "/", on_stat);
}

/* --- requests
 * --------------------------------------------------------------------------------------- */

static void make_id(char id[16])
{
	uint32_t number = 0;

	uv_random(NULL, NULL, &number, sizeof number, 0, NULL);
	snprintf(id, 16, "%08x", (unsigned)number);
}

static struct context *context_make(const char *request)
{
	struct context *context = (struct context *)calloc(1, sizeof *context);
	const char *line = strstr(request, "\r\n");

	if (!context)
		return NULL;
	make_id(context->id);
	for (; line && context->header_count < HEADERS; line = strstr(line + 2, "\r\n")) {
		char(*header)[LINE] = context->headers[context->header_count];

		if (sscanf(line + 2, "%255[^:\r\n]: %255[^\r\n]", header[0], header[1]) != 2)
			break;
		context->header_count++;
	}
	return context;
}

/* A whole one has come. */
static void begin_request(struct connection *connection)
{
	struct context *context = context_make(connection->request);

	/* The storage frees it when nothing is left that comes of this request. */
	if (acausal_storage_run(contexts, context, handle_request, connection) != 0)
		free(context);
	if (requests_left > 0 && --requests_left == 0)
		uv_close((uv_handle_t *)&server, NULL);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct connection *connection = (struct connection *)handle->data;

	(void)suggested;
	*buffer = uv_buf_init(
		connection->request + connection->length, (unsigned)(REQUEST - connection->length));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct connection *connection = (struct connection *)stream->data;

	(void)buffer;
	if (length == 0)
		return;
	if (length > 0)
		connection->length += (size_t)length;
	connection->request[connection->length] = '\0';
	if (length > 0 && strstr(connection->request, "\r\n\r\n")) {
		uv_read_stop(stream);
		begin_request(connection);
	} else if (length < 0 || connection->length == REQUEST) {
		uv_read_stop(stream);
		close_connection(connection);
	}
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct connection *connection =
		status == 0 ? (struct connection *)calloc(1, sizeof *connection) : NULL;

	if (!connection)
		return;
	uv_tcp_init(stream->loop, &connection->tcp);
	uv_timer_init(stream->loop, &connection->timer);
	connection->tcp.data = connection->timer.data = connection;
	if (uv_accept(stream, (uv_stream_t *)&connection->tcp) == 0)
		uv_read_start((uv_stream_t *)&connection->tcp, on_alloc, on_read);
	else
		close_connection(connection);
}

static int serve(int port)
{
	uv_loop_t *loop = uv_default_loop();
	struct sockaddr_in address;
	int length = sizeof address, error;

	uv_tcp_init(loop, &server);
	uv_ip4_addr("127.0.0.1", port, &address);
	error = uv_tcp_bind(&server, (const struct sockaddr *)&address, 0);
	if (!error)
		error = uv_listen((uv_stream_t *)&server, 128, on_connection);
	if (error) {
		fprintf(stderr, "context_server: cannot listen on port %d: %s\n", port,
			uv_strerror(error));
		return 1;
	}
	uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length);
	printf("http://127.0.0.1:%d/\n", ntohs(address.sin_port));
	fflush(stdout);
	return uv_run(loop, UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
	int port = 3000, result;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--requests") && i + 1 < argc)
			requests_left = atol(argv[++i]);
		else
			port = atoi(argv[i]);
	}
	contexts = acausal_storage_create(free);
	result = serve(port);
	acausal_storage_destroy(contexts);
	uv_loop_close(uv_default_loop());
	return result;
}
