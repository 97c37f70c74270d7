/*
 * Two streams of requests, mixed on a few connections, through a pool of workers of the program's
 * own, the file system, libuv's thread pool and timers: each line of the log says which request it
 * was made for, as the code knows it, and which one is in force, as acausal.h has it.
 *
 *     context_load MILLISECONDS [unbound]
 *
 * A line is "ID PLACE: ID", the second ID that of the request in force, '-' when there is none.
 * Requests of a stream have the IDs "a1", "a2", … or "b1", … A request takes a worker from the
 * pool, and waits when none is free: `wait_for_worker` binds what waits, and whoever gives a worker
 * back calls it. With `unbound` it is only queued, and run later from the pool's own uv_async_t, in
 * whose callback no request is in force.
 *
 * Exit status 0, and "N requests, N lines" on stderr.
 */
#include "recorder/acausal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { CONNECTIONS = 8, WORKERS = 2, LINE = 64 };

struct request {
	char id[24]; /* as the code knows it */
	struct connection *connection;
	uv_fs_t stat;
	uv_work_t work;
	uv_timer_t timer;
	struct acausal_bound bound;
	struct request *next; /* in the queue */
};

/* Both ends: requests are lines that the client writes, and a line answers. */
struct connection {
	uv_pipe_t server, client;
	uv_write_t ask, answer;
	char asked[LINE], answered[LINE], server_line[LINE], client_line[LINE];
	size_t server_length, client_length;
	int number;
};

static struct connection connections[CONNECTIONS];
static struct request *first, **last = &first;
static int free_workers = WORKERS, is_unbound, is_over;
static struct acausal_storage *ids;
static uv_async_t turn;
static uv_timer_t end;
static unsigned long next_number[2] = {1, 1}, requests, lines;
static uv_loop_t *loop;

static void log_line(const struct request *request, const char *place)
{
	const char *stored = (const char *)acausal_storage_get(ids);
	const char *context = acausal_context_get("request");
	char line[128];
	int length;

	/* Both ways say the same. */
	if (!stored != !context || (stored && strcmp(stored, context) != 0))
		stored = "two";
	length = snprintf(
		line, sizeof line, "%s %s: %s\n", request->id, place, stored ? stored : "-");
	if (fwrite(line, 1, (size_t)length, stdout) != (size_t)length)
		abort();
	__atomic_fetch_add(&lines, 1, __ATOMIC_RELAXED);
}

/* --- a request: a worker, a file, the thread pool, a timer
 * ------------------------------------------ */

static void give_worker_back(void);

static void on_timer_closed(uv_handle_t *handle)
{
	struct request *request = (struct request *)handle->data;

	log_line(request, "closed");
	free(request);
}

static void on_answered(uv_write_t *write, int status)
{
	(void)write;
	if (status != 0 && status != UV_ECANCELED)
		abort();
}

static void on_timer(uv_timer_t *timer)
{
	struct request *request = (struct request *)timer->data;
	struct connection *connection = request->connection;
	uv_buf_t buffer;

	log_line(request, "timer");
	snprintf(connection->answered, sizeof connection->answered, "%s\n", request->id);
	buffer = uv_buf_init(connection->answered, (unsigned)strlen(connection->answered));
	uv_write(&connection->answer, (uv_stream_t *)&connection->server, &buffer, 1, on_answered);
	uv_close((uv_handle_t *)timer, on_timer_closed);
	give_worker_back();
}

static void on_work(uv_work_t *work)
{
	log_line((struct request *)work->data, "work");
}

static void on_worked(uv_work_t *work, int status)
{
	struct request *request = (struct request *)work->data;

	(void)status;
	log_line(request, "worked");
	uv_timer_init(loop, &request->timer);
	request->timer.data = request;
	uv_timer_start(&request->timer, on_timer, request->id[1] % 3, 0);
}

static void on_stat(uv_fs_t *stat)
{
	struct request *request = (struct request *)stat->data;

	uv_fs_req_cleanup(stat);
	log_line(request, "stat");
	request->work.data = request;
	uv_queue_work(loop, &request->work, on_work, on_worked);
}

static void use_worker(struct request *request)
{
	log_line(request, "worker");
	request->stat.data = request;
	uv_fs_stat(loop, &request->stat, "/", on_stat);
}

/* --- the pool of workers
 * ------------------------------------------------------------------------------ */

static void use_worker_bound(void *argument)
{
	struct request *request = (struct request *)argument;

	acausal_unbind(&request->bound);
	use_worker(request);
}

static void wait_for_worker(struct request *request)
{
	log_line(request, "waits");
	if (!is_unbound)
		acausal_bind(&request->bound, "WAITING", use_worker_bound, request);
	*last = request;
	last = &request->next;
}

static struct request *take_waiting(void)
{
	struct request *request = first;

	if (request)
		first = request->next;
	if (!first)
		last = &first;
	return request;
}

/* Unbound. Of several sends there may be one callback. */
static void on_turn(uv_async_t *async)
{
	struct request *request;

	(void)async;
	while (free_workers > 0 && (request = take_waiting())) {
		free_workers--;
		use_worker(request);
	}
}

static void give_worker_back(void)
{
	struct request *request;

	free_workers++;
	if (!first)
		return;
	if (is_unbound) {
		uv_async_send(&turn);
		return;
	}
	request = take_waiting();
	free_workers--;
	acausal_bound_call(&request->bound);
}

/* --- connections
 * ---------------------------------------------------------------------------------------- */

static void handle(void *argument)
{
	struct request *request = (struct request *)argument;

	acausal_context_set("request", request->id);
	log_line(request, "asked");
	if (free_workers > 0) {
		free_workers--;
		use_worker(request);
	} else {
		wait_for_worker(request);
	}
}

static void on_request_line(struct connection *connection)
{
	struct request *request = (struct request *)calloc(1, sizeof *request);
	char *id = request ? strdup(connection->server_line) : NULL;

	if (!id)
		abort();
	snprintf(request->id, sizeof request->id, "%.20s", id);
	request->connection = connection;
	requests++;
	if (acausal_storage_run(ids, id, handle, request) != 0)
		abort();
}

static void close_all(void)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		uv_close((uv_handle_t *)&connections[i].client, NULL);
		uv_close((uv_handle_t *)&connections[i].server, NULL);
	}
	uv_close((uv_handle_t *)&turn, NULL);
	uv_close((uv_handle_t *)&end, NULL);
}

static void ask(struct connection *connection)
{
	static int asking = CONNECTIONS;
	int stream = connection->number % 2;
	uv_buf_t buffer;

	if (is_over) {
		if (--asking == 0)
			close_all();
		return;
	}
	/* Which stream a connection serves changes from one request to the next. */
	connection->number += 1 + connection->number % 3;
	snprintf(connection->asked, sizeof connection->asked, "%c%lu\n", "ab"[stream],
		next_number[stream]++);
	buffer = uv_buf_init(connection->asked, (unsigned)strlen(connection->asked));
	uv_write(&connection->ask, (uv_stream_t *)&connection->client, &buffer, 1, on_answered);
}

static void on_server_alloc(uv_handle_t *stream, size_t suggested, uv_buf_t *buffer)
{
	struct connection *connection = (struct connection *)stream->data;

	(void)suggested;
	*buffer = uv_buf_init(connection->server_line + connection->server_length,
		(unsigned)(LINE - 1 - connection->server_length));
}

static void on_client_alloc(uv_handle_t *stream, size_t suggested, uv_buf_t *buffer)
{
	struct connection *connection = (struct connection *)stream->data;

	(void)suggested;
	*buffer = uv_buf_init(connection->client_line + connection->client_length,
		(unsigned)(LINE - 1 - connection->client_length));
}

/* True when a whole line has come: it is left without its end, and nothing comes behind it. */
static int take_line(char *line, size_t *length, ssize_t more)
{
	if (more < 0)
		return 0;
	*length += (size_t)more;
	line[*length] = '\0';
	if (!*length || line[*length - 1] != '\n')
		return 0;
	line[*length - 1] = '\0';
	*length = 0;
	return 1;
}

static void on_server_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct connection *connection = (struct connection *)stream->data;

	(void)buffer;
	if (take_line(connection->server_line, &connection->server_length, length))
		on_request_line(connection);
}

static void on_client_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct connection *connection = (struct connection *)stream->data;

	(void)buffer;
	if (take_line(connection->client_line, &connection->client_length, length))
		ask(connection);
}

static void connect_ends(struct connection *connection)
{
	uv_os_sock_t ends[2];

	if (uv_socketpair(SOCK_STREAM, 0, ends, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE) != 0)
		abort();
	uv_pipe_init(loop, &connection->server, 0);
	uv_pipe_init(loop, &connection->client, 0);
	connection->server.data = connection->client.data = connection;
	uv_pipe_open(&connection->server, ends[0]);
	uv_pipe_open(&connection->client, ends[1]);
	uv_read_start((uv_stream_t *)&connection->server, on_server_alloc, on_server_read);
	uv_read_start((uv_stream_t *)&connection->client, on_client_alloc, on_client_read);
}

static void on_end(uv_timer_t *timer)
{
	(void)timer;
	is_over = 1;
}

int main(int argc, char **argv)
{
	static char room[1 << 16];

	if (argc < 2)
		return 2;
	is_unbound = argc > 2 && !strcmp(argv[2], "unbound");
	setvbuf(stdout, room, _IOFBF, sizeof room);
	loop = uv_default_loop();
	ids = acausal_storage_create(free);
	if (!ids) {
		fprintf(stderr, "context_load: libacausal.so is not in the process\n");
		return 1;
	}
	uv_async_init(loop, &turn, on_turn);
	uv_timer_init(loop, &end);
	uv_timer_start(&end, on_end, strtoul(argv[1], NULL, 10), 0);
	for (int i = 0; i < CONNECTIONS; i++) {
		connections[i].number = i;
		connect_ends(&connections[i]);
		ask(&connections[i]);
	}
	uv_run(loop, UV_RUN_DEFAULT);
	acausal_storage_destroy(ids);
	fprintf(stderr, "%lu requests, %lu lines\n", requests, lines);
	return uv_loop_close(loop) == 0 ? 0 : 1;
}
