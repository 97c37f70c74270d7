/*
 * An HTTP server that renders a price list, and crashes on one kind of request.
 *
 *     GET /prices?token=TOKEN&columns=name,price
 *
 * Each request goes through a chain of callbacks: read the request; check its token in the thread
 * pool, where a slow hash holds nobody up; open and read the list from disk; and send the table a
 * few rows at a time, on a timer, so that a slow client does not fill memory. The crash is in the
 * timer's callback. Its cause is four callbacks earlier.
 *
 *     render_server FILE      asks itself a few questions over loopback, then ends
 */
#include "examples/client.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum {
	MAX_COLUMNS = 8,
	ROWS_A_BATCH = 4,
	BATCH_INTERVAL_MS = 5,
	HASH_ROUNDS = 20000,
};

/* A column of the list, and how wide it is drawn. */
struct column {
	char name[16];
	int index;
	int width;
};

static const struct column all_columns[] = {
	{"name", 0, 20},
	{"price", 1, 8},
	{"stock", 2, 8},
	{"supplier", 3, 12},
};

/* All that one request needs on its way from on_connection to finish. */
struct request {
	uv_tcp_t client;
	uv_work_t work;
	uv_fs_t fs;
	uv_timer_t pace;
	uv_write_t write;
	uv_file file;
	char input[1024];
	size_t input_length;
	char token[32];
	int authorized;
	const struct column *columns[MAX_COLUMNS];
	int column_count;
	char list[4096];
	char *next_row;
	char output[2048];
	int sending;
	int open_handles;
};

static const char *list_path;

static void on_handle_closed(uv_handle_t *handle)
{
	struct request *request = handle->data;

	if (--request->open_handles == 0)
		free(request);
}

static void finish(struct request *request)
{
	if (uv_is_closing((uv_handle_t *)&request->client))
		return;
	uv_close((uv_handle_t *)&request->client, on_handle_closed);
	uv_close((uv_handle_t *)&request->pace, on_handle_closed);
}

static void on_sent(uv_write_t *write, int status)
{
	struct request *request = write->data;

	request->sending = 0;
	if (status != 0 || !request->next_row)
		finish(request);
}

static void send_output(struct request *request)
{
	uv_buf_t buffer = uv_buf_init(request->output, (unsigned)strlen(request->output));

	request->sending = 1;
	request->write.data = request;
	if (uv_write(&request->write, (uv_stream_t *)&request->client, &buffer, 1, on_sent) != 0)
		finish(request);
}

static void answer_error(struct request *request, const char *status)
{
	snprintf(request->output, sizeof request->output, "HTTP/1.0 %s\r\n\r\n", status);
	send_output(request);
}

/* --- sending the table, a few rows at a time ---------------------------------------------------*/

static void append_cell(char *output, size_t size, const char *cell, const struct column *column)
{
	size_t used = strlen(output);

	snprintf(output + used, size - used, "%-*.*s ", column->width, column->width, cell);
}

static void render_row(struct request *request, char *row)
{
	char *cells[MAX_COLUMNS] = {0};
	int i, count = 0;

	for (char *cell = row; cell && count < MAX_COLUMNS;)
		cells[count++] = strsep(&cell, ",");
	for (i = 0; i < request->column_count; i++)
		append_cell(request->output, sizeof request->output, cells[i], request->columns[i]);
	strcat(request->output, "\n");
}

static void send_batch(struct request *request)
{
	char *row;
	int i;

	request->output[0] = '\0';
	for (i = 0; i < ROWS_A_BATCH && (row = strsep(&request->next_row, "\n")); i++)
		render_row(request, row);
	send_output(request);
}

static void on_pace(uv_timer_t *timer)
{
	struct request *request = timer->data;

	if (request->sending)
		return; /* the client is slow: not yet */
	send_batch(request);
	if (!request->next_row)
		uv_timer_stop(timer);
}

static void start_sending(struct request *request)
{
	request->next_row = strchr(request->list, '\n') + 1;
	uv_timer_start(&request->pace, on_pace, BATCH_INTERVAL_MS, BATCH_INTERVAL_MS);
	snprintf(request->output, sizeof request->output, "HTTP/1.0 200 OK\r\n\r\n");
	send_output(request);
}

/* --- reading the list --------------------------------------------------------------------------*/

static void on_list_read(uv_fs_t *fs)
{
	struct request *request = fs->data;
	ssize_t length = fs->result;
	uv_fs_t closing;

	uv_fs_req_cleanup(fs);
	uv_fs_close(NULL, &closing, request->file, NULL);
	uv_fs_req_cleanup(&closing);
	if (length <= 0 || request->list[length - 1] != '\n') {
		answer_error(request, "500 The list cannot be read");
		return;
	}
	request->list[length - 1] = '\0';
	start_sending(request);
}

static void on_list_opened(uv_fs_t *fs)
{
	struct request *request = fs->data;
	uv_buf_t buffer = uv_buf_init(request->list, sizeof request->list);

	request->file = (uv_file)fs->result;
	uv_fs_req_cleanup(fs);
	if (request->file < 0) {
		answer_error(request, "500 The list cannot be opened");
		return;
	}
	uv_fs_read(fs->loop, fs, request->file, &buffer, 1, 0, on_list_read);
}

/* --- the request -------------------------------------------------------------------------------*/

/* In a thread of the pool. */
static void check_token(uv_work_t *work)
{
	struct request *request = work->data;
	unsigned hash = 2166136261;

	for (int round = 0; round < HASH_ROUNDS; round++)
		for (const char *c = request->token; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 16777619;
	request->authorized = request->token[0] && hash != 0;
}

static void on_token_checked(uv_work_t *work, int status)
{
	struct request *request = work->data;

	if (status != 0 || !request->authorized) {
		answer_error(request, "403 The token is not valid");
		return;
	}
	request->fs.data = request;
	uv_fs_open(work->loop, &request->fs, list_path, O_RDONLY, 0, on_list_opened);
}

static const struct column *find_column(const char *name)
{
	for (size_t i = 0; i < sizeof all_columns / sizeof *all_columns; i++)
		if (strcmp(all_columns[i].name, name) == 0)
			return &all_columns[i];
	return NULL;
}

static void choose_columns(struct request *request, char *names)
{
	char *name;

	while ((name = strsep(&names, ",")) && request->column_count < MAX_COLUMNS)
		request->columns[request->column_count++] = find_column(name);
}

static void handle_get(struct request *request)
{
	char names[128];

	if (sscanf(request->input, "GET /prices?token=%31[^& ]&columns=%127[^& ] HTTP/",
		    request->token, names) != 2) {
		answer_error(request, "400 GET /prices?token=TOKEN&columns=NAMES");
		return;
	}
	choose_columns(request, names);
	request->work.data = request;
	uv_queue_work(request->client.loop, &request->work, check_token, on_token_checked);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct request *request = handle->data;

	(void)suggested;
	*buffer = uv_buf_init(request->input + request->input_length,
		(unsigned)(sizeof request->input - 1 - request->input_length));
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct request *request = stream->data;

	(void)buffer;
	if (length < 0) {
		finish(request);
		return;
	}
	request->input_length += (size_t)length;
	request->input[request->input_length] = '\0';
	if (!strstr(request->input, "\r\n\r\n"))
		return;
	uv_read_stop(stream);
	handle_get(request);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct request *request;

	if (status != 0 || !(request = calloc(1, sizeof *request)))
		return;
	request->open_handles = 2;
	uv_tcp_init(server->loop, &request->client);
	uv_timer_init(server->loop, &request->pace);
	request->client.data = request->pace.data = request;
	if (uv_accept(server, (uv_stream_t *)&request->client) != 0 ||
		uv_read_start((uv_stream_t *)&request->client, on_alloc, on_read) != 0)
		finish(request);
}

/* --- main --------------------------------------------------------------------------------------*/

struct demo {
	uv_async_t done;
	int port;
};

/* The demo's client, in a thread of its own: three good questions, then one with a slip in it. */
static void ask_questions(void *argument)
{
	static const char *const columns[] = {
		"name,price", "name,stock", "name,price,supplier", "name,prise"};
	struct demo *demo = argument;
	char question[256], answer[4096];

	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		snprintf(question, sizeof question,
			"GET /prices?token=s3same&columns=%s HTTP/1.0\r\n\r\n", columns[i]);
		client_receive(client_send(demo->port, question), answer, sizeof answer);
		printf("columns=%s: %.*s\n", columns[i], (int)strcspn(answer, "\r\n"), answer);
		fflush(stdout);
	}
	uv_async_send(&demo->done);
}

static void on_demo_done(uv_async_t *async)
{
	uv_stop(async->loop);
}

/* On a free port of this machine, which it returns; -1 when there is none. */
static int start_server(uv_loop_t *loop, uv_tcp_t *server)
{
	struct sockaddr_in address;
	int length = sizeof address;

	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_init(loop, server);
	if (uv_tcp_bind(server, (struct sockaddr *)&address, 0) != 0 ||
		uv_listen((uv_stream_t *)server, 128, on_connection) != 0 ||
		uv_tcp_getsockname(server, (struct sockaddr *)&address, &length) != 0)
		return -1;
	return ntohs(address.sin_port);
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	struct demo demo;
	uv_thread_t client;
	uv_tcp_t server;

	if (argc != 2) {
		fprintf(stderr, "usage: render_server FILE\n");
		return 2;
	}
	list_path = argv[1];
	demo.port = start_server(loop, &server);
	if (demo.port < 0) {
		fprintf(stderr, "render_server: cannot listen\n");
		return 1;
	}
	uv_async_init(loop, &demo.done, on_demo_done);
	uv_thread_create(&client, ask_questions, &demo);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_thread_join(&client);
	return 0;
}
