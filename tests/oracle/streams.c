/*
 * Handles that carry bytes: pipes, TCP on the loopback address, UDP.
 *
 * Alloc callbacks arm nothing and are not followed.
 */
#include "tests/oracle/world.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uv_buf_t some_bytes(struct world *world)
{
	return uv_buf_init(world->buffer, 1 + below(world, 64));
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	struct world *world = ((struct object *)handle)->world;

	(void)size;
	*buf = uv_buf_init(world->buffer, sizeof world->buffer);
}

/* --- writing -----------------------------------------------------------------------------------
 */

static void on_write(uv_write_t *req, int status);
static void on_write_tail_close(uv_write_t *req, int status);
static void on_write_tail_write(uv_write_t *req, int status);

__attribute__((noinline)) static void stream_write(struct object *object, struct request *request)
{
	static const uv_write_cb callbacks[] = {
		on_write, on_write, on_write_tail_close, on_write_tail_write, NULL};
	struct world *world = object->world;
	uv_write_cb callback = callbacks[below(world, 5)];
	uv_buf_t buf = some_bytes(world);

	REQUEST_ARM(request, "uv_write", object);
	request->bytes = (int64_t)buf.len;
	if (uv_write(&request->req.write, &object->handle.stream, &buf, 1, callback))
		request_free(request);
	else if (!callback)
		request_bury(request);
	KEEP_FRAME();
}

static void on_write(uv_write_t *req, int status)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;
	struct object *object = (struct object *)req->handle;

	ENTER_REQUEST_WITH(request, "callback", status, request->bytes);
	if (status == 0 && one_in(world, 3))
		stream_write(object, request);
	else
		request_free(request);
	play(world);
	LEAVE();
}

static void on_write_tail_close(uv_write_t *req, int status)
{
	struct request *request = (struct request *)req;
	struct object *object = (struct object *)req->handle;

	ENTER_REQUEST_WITH(request, "callback", status, request->bytes);
	request_free(request);
	if (!object_is_open(object)) {
		LEAVE();
		return;
	}
	object_forget(object);
	object_closing(object, ARM_TAIL("uv_close"), true);
	LEAVE();
	uv_close((uv_handle_t *)object, on_close);
}

static void on_write_tail_write(uv_write_t *req, int status)
{
	static const uv_buf_t tail_bytes = {"tail", 4};
	struct request *request = (struct request *)req;
	uv_stream_t *stream = req->handle;

	ENTER_REQUEST_WITH(request, "callback", status, request->bytes);
	/* A tail call cannot look at the result: only where the write must be taken. */
	if (status || uv_is_closing((uv_handle_t *)stream) || !uv_is_writable(stream)) {
		request_free(request);
		LEAVE();
		return;
	}
	REQUEST_ARM_TAIL(request, "uv_write", (struct object *)stream);
	request->bytes = (int64_t)tail_bytes.len;
	LEAVE();
	uv_write(req, stream, &tail_bytes, 1, on_write);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;

	ENTER_REQUEST_WITH(request, "callback", status, request->bytes);
	request_free(request);
	play(world);
	LEAVE();
}

__attribute__((noinline)) static void stream_shutdown(struct object *object)
{
	struct request *request = request_new(object->world);
	const bool silent = one_in(object->world, 4);

	REQUEST_ARM(request, "uv_shutdown", object);
	if (uv_shutdown(
		    &request->req.shutdown, &object->handle.stream, silent ? NULL : on_shutdown))
		request_free(request);
	else if (silent)
		request_bury(request);
	KEEP_FRAME();
}

/* --- reading -----------------------------------------------------------------------------------
 */

static void on_read(uv_stream_t *handle, ssize_t size, const uv_buf_t *buf);

/* At the end of the file and after an error libuv reads no more, before the callback. */
static uint64_t read_enter(struct object *object, const char *function, ssize_t size)
{
	const uint64_t outer = object_enter(
		object, function, size < 0 ? size : 0, size < 0 ? TRUTH_NONE : (int64_t)size);

	if (size < 0 && size != UV_ENOBUFS && !object->thing->is_closing)
		truth_end(object_thing(object), END_FIRED, (struct arm){0});
	return outer;
}

#define ENTER_READ(object, size) const uint64_t outer = read_enter((object), __func__, (size))

static void on_read_other(uv_stream_t *handle, ssize_t size, const uv_buf_t *buf)
{
	struct object *object = (struct object *)handle;

	(void)buf;
	ENTER_READ(object, size);
	if (size < 0 || object_done(object))
		object_close(object);
	LEAVE();
}

__attribute__((noinline)) static void read_start(struct object *object)
{
	const struct arm arm = ARM("uv_read_start");

	/* When it is reading already the callbacks stay (UV_EALREADY). */
	if (uv_read_start(&object->handle.stream, on_alloc,
		    one_in(object->world, 4) ? on_read_other : on_read) == 0)
		object_armed(object, arm, NO_TIMES, false);
	KEEP_FRAME();
}

static void on_read(uv_stream_t *handle, ssize_t size, const uv_buf_t *buf)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	(void)buf;
	ENTER_READ(object, size);
	if (size < 0 || object_done(object)) {
		object_close(object);
	} else {
		if (one_in(world, 3))
			stream_write(object, request_new(world));
		if (one_in(world, 4)) {
			uv_read_stop(handle);
			OBJECT_STOPPED(object);
		}
		if (one_in(world, 3))
			read_start(object);
	}
	play(world);
	LEAVE();
}

static struct object *pipe_new(struct world *world)
{
	struct object *object = object_new(world, STREAM, 2 + (int)below(world, 8));

	if (!object)
		return NULL;
	uv_pipe_init(world->loop, &object->handle.pipe, 0);
	OBJECT_OPEN(object, STREAM, "uv_pipe_init");
	return object;
}

static struct object *tcp_new(struct world *world)
{
	struct object *object = object_new(world, STREAM, 2 + (int)below(world, 8));

	if (!object)
		return NULL;
	if (one_in(world, 3)) {
		uv_tcp_init_ex(world->loop, &object->handle.tcp, AF_INET);
		OBJECT_OPEN(object, STREAM, "uv_tcp_init_ex");
	} else {
		uv_tcp_init(world->loop, &object->handle.tcp);
		OBJECT_OPEN(object, STREAM, "uv_tcp_init");
	}
	return object;
}

void act_pipe_pair(struct world *world)
{
	int descriptors[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, descriptors))
		return;
	for (int i = 0; i < 2; i++) {
		struct object *object = pipe_new(world);

		if (!object) {
			close(descriptors[i]);
			continue;
		}
		if (uv_pipe_open(&object->handle.pipe, descriptors[i]))
			abort();
		object->connected = true;
		read_start(object);
		if (one_in(world, 2))
			stream_write(object, request_new(world));
	}
	KEEP_FRAME();
}

void act_write(struct world *world)
{
	struct object *object = object_any(world, STREAM);

	if (!object || !object->connected)
		return;
	if (one_in(world, 4)) {
		uv_buf_t buf = some_bytes(world);

		uv_try_write(&object->handle.stream, &buf, 1);
	} else {
		stream_write(object, request_new(world));
	}
	KEEP_FRAME();
}

void act_shutdown(struct world *world)
{
	struct object *object = object_any(world, STREAM);

	if (object && object->connected)
		stream_shutdown(object);
	KEEP_FRAME();
}

/* --- servers -----------------------------------------------------------------------------------
 */

static void on_connect(uv_connect_t *req, int status)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;
	struct object *object = (struct object *)req->handle;

	ENTER_REQUEST_WITH(request, "callback", status, request->bytes);
	request_free(request);
	if (object_is_open(object)) {
		if (status) {
			object_close(object);
		} else {
			object->connected = true;
			read_start(object);
			stream_write(object, request_new(world));
		}
	}
	play(world);
	LEAVE();
}

static void on_connect_tail(uv_connect_t *req, int status)
{
	struct request *request = (struct request *)req;
	struct object *object = (struct object *)req->handle;

	ENTER_REQUEST_WITH(request, "callback", status, request->bytes);
	request_free(request);
	if (!object_is_open(object)) {
		LEAVE();
		return;
	}
	object_forget(object);
	object_closing(object, ARM_TAIL("uv_close"), true);
	LEAVE();
	uv_close((uv_handle_t *)object, on_close);
}

static void server_accept(struct object *server)
{
	struct world *world = server->world;
	struct object *client =
		server->handle.handle.type == UV_TCP ? tcp_new(world) : pipe_new(world);

	if (client && uv_accept(&server->handle.stream, &client->handle.stream) == 0) {
		/* As in Node, it is the server that made it. */
		client->thing->trigger = client->thing->handle = object_thing(server)->number;
		client->connected = true;
		read_start(client);
	} else if (client) {
		object_close(client);
	}
}

/* Later than in on_connection; mostly nobody is waiting. */
void act_accept(struct world *world)
{
	struct object *server = object_any(world, SERVER);

	if (server)
		server_accept(server);
	KEEP_FRAME();
}

static void on_connection(uv_stream_t *handle, int status)
{
	struct object *server = (struct object *)handle;
	struct world *world = server->world;

	ENTER_OBJECT_WITH(server, status, TRUTH_NONE);
	if (status == 0 && !world->ending && !one_in(world, 4))
		server_accept(server);
	if (object_done(server))
		object_close(server);
	play(world);
	LEAVE();
}

__attribute__((noinline)) static int server_listen(struct object *server)
{
	int result;

	server->kind = SERVER;
	result = uv_listen(&server->handle.stream, 8, on_connection);
	if (result) {
		object_close(server);
	} else {
		object_armed(server, ARM("uv_listen"), NO_TIMES, false);
		server->thing->hook_type =
			server->handle.handle.type == UV_TCP ? "TCPSERVERWRAP" : "PIPESERVERWRAP";
	}
	KEEP_FRAME();
	return result;
}

static uv_connect_cb some_connect(struct world *world)
{
	return one_in(world, 5) ? on_connect_tail : on_connect;
}

void act_tcp(struct world *world)
{
	struct sockaddr_in address;
	struct object *server = tcp_new(world), *client;
	struct request *request;
	int length = sizeof address;

	if (!server)
		return;
	uv_ip4_addr("127.0.0.1", 0, &address);
	if (uv_tcp_bind(&server->handle.tcp, (struct sockaddr *)&address, 0)) {
		object_close(server);
		return;
	}
	server->limit = 2;
	if (server_listen(server))
		return;
	uv_tcp_getsockname(&server->handle.tcp, (struct sockaddr *)&address, &length);
	for (int i = 0; i < 2; i++) {
		client = tcp_new(world);
		if (!client)
			return;
		request = request_new(world);
		REQUEST_ARM(request, "uv_tcp_connect", client);
		if (uv_tcp_connect(&request->req.connect, &client->handle.tcp,
			    (struct sockaddr *)&address, some_connect(world))) {
			request_free(request);
			object_close(client);
		}
	}
	KEEP_FRAME();
}

void act_named_pipe(struct world *world)
{
	static atomic_int number;
	struct object *server = pipe_new(world), *client;
	struct request *request;
	char path[108];

	if (!server)
		return;
	snprintf(path, sizeof path, "%.90s/s%d", world->folder, atomic_fetch_add(&number, 1));
	if (uv_pipe_bind(&server->handle.pipe, path)) {
		object_close(server);
		return;
	}
	server->limit = 1;
	if (server_listen(server))
		return;
	client = pipe_new(world);
	if (!client)
		return;
	request = request_new(world);
	REQUEST_ARM(request, "uv_pipe_connect", client);
	uv_pipe_connect(&request->req.connect, &client->handle.pipe, path, some_connect(world));
	KEEP_FRAME();
}

/* Connections that fail, at once or later. */
void act_connect_nowhere(struct world *world)
{
	struct sockaddr_in address;
	struct request *request;
	struct object *client;

	client = one_in(world, 2) ? pipe_new(world) : tcp_new(world);
	if (!client)
		return;
	request = request_new(world);
	if (client->handle.handle.type == UV_NAMED_PIPE) {
		REQUEST_ARM(request, "uv_pipe_connect", client);
		uv_pipe_connect(&request->req.connect, &client->handle.pipe, "/nonexistent/socket",
			some_connect(world));
		KEEP_FRAME();
		return;
	}
	uv_ip4_addr("127.0.0.1", 1, &address);
	REQUEST_ARM(request, "uv_tcp_connect", client);
	if (uv_tcp_connect(&request->req.connect, &client->handle.tcp, (struct sockaddr *)&address,
		    some_connect(world))) {
		request_free(request);
		object_close(client);
	}
	KEEP_FRAME();
}

/* --- UDP ---------------------------------------------------------------------------------------
 */

static void on_recv(uv_udp_t *handle, ssize_t size, const uv_buf_t *buf,
	const struct sockaddr *address, unsigned flags);

__attribute__((noinline)) static void recv_start(struct object *object)
{
	const struct arm arm = ARM("uv_udp_recv_start");

	if (uv_udp_recv_start(&object->handle.udp, on_alloc, on_recv) == 0)
		object_armed(object, arm, NO_TIMES, false);
	KEEP_FRAME();
}

static void on_recv(uv_udp_t *handle, ssize_t size, const uv_buf_t *buf,
	const struct sockaddr *address, unsigned flags)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	(void)buf;
	(void)address;
	(void)flags;
	ENTER_OBJECT_WITH(object, size < 0 ? size : 0, size < 0 ? TRUTH_NONE : (int64_t)size);
	if (object_done(object)) {
		object_close(object);
	} else if (one_in(world, 3)) {
		if (one_in(world, 2)) {
			uv_udp_recv_stop(handle);
			OBJECT_STOPPED(object);
		}
		recv_start(object);
	}
	play(world);
	LEAVE();
}

static void on_udp_send(uv_udp_send_t *req, int status)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;

	ENTER_REQUEST_WITH(request, "callback", status, request->bytes);
	request_free(request);
	play(world);
	LEAVE();
}

void act_udp(struct world *world)
{
	struct object *object = object_new(world, UDP, 2 + (int)below(world, 8));
	struct sockaddr_in address;

	if (!object)
		return;
	uv_udp_init(world->loop, &object->handle.udp);
	OBJECT_OPEN(object, UDP, "uv_udp_init");
	uv_ip4_addr("127.0.0.1", 0, &address);
	if (uv_udp_bind(&object->handle.udp, (struct sockaddr *)&address, 0)) {
		object_close(object);
		return;
	}
	recv_start(object);
	KEEP_FRAME();
}

void act_udp_send(struct world *world)
{
	struct object *from = object_any(world, UDP), *to = object_any(world, UDP);
	struct sockaddr_in address;
	struct request *request;
	int length = sizeof address;
	const bool silent = one_in(world, 5);
	uv_buf_t buf = some_bytes(world);

	if (!from || uv_udp_getsockname(&to->handle.udp, (struct sockaddr *)&address, &length))
		return;
	request = request_new(world);
	REQUEST_ARM(request, "uv_udp_send", from);
	request->bytes = (int64_t)buf.len;
	if (uv_udp_send(&request->req.udp_send, &from->handle.udp, &buf, 1,
		    (struct sockaddr *)&address, silent ? NULL : on_udp_send))
		request_free(request);
	else if (silent)
		request_bury(request);
	KEEP_FRAME();
}
