/*
 * Handles that carry bytes: pipes, TCP on the loopback address, UDP, child processes.
 *
 * Alloc callbacks arm nothing and are not followed.
 */
#include "tests/oracle/world.h"

#include <netinet/in.h>
#include <signal.h>
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

	request->armed = ARM("uv_write");
	if (uv_write(&request->req.write, &object->handle.stream, &buf, 1, callback))
		request_free(request);
	else if (!callback)
		request_bury(request);
	KEEP_FRAME();
}

static uint64_t enter_stream(struct request *request, const char *function)
{
	const struct truth_run run = {
		"callback", request, request->armed, request->armed.token, CAUSE_UNKNOWN, NULL};

	return truth_enter(function, &run);
}

#define ENTER_STREAM(request) const uint64_t outer = enter_stream((request), __func__)

static void on_write(uv_write_t *req, int status)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;
	struct object *object = (struct object *)req->handle;

	ENTER_STREAM(request);
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

	(void)status;
	ENTER_STREAM(request);
	request_free(request);
	if (!object_is_open(object)) {
		LEAVE();
		return;
	}
	object_forget(object);
	object->closing = ARM_TAIL("uv_close");
	LEAVE();
	uv_close((uv_handle_t *)object, on_close);
}

static void on_write_tail_write(uv_write_t *req, int status)
{
	static const uv_buf_t tail_bytes = {"tail", 4};
	struct request *request = (struct request *)req;
	uv_stream_t *stream = req->handle;

	ENTER_STREAM(request);
	/* A tail call cannot look at the result: only where the write must be taken. */
	if (status || uv_is_closing((uv_handle_t *)stream) || !uv_is_writable(stream)) {
		request_free(request);
		LEAVE();
		return;
	}
	request->armed = ARM_TAIL("uv_write");
	LEAVE();
	uv_write(req, stream, &tail_bytes, 1, on_write);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;

	(void)status;
	ENTER_STREAM(request);
	request_free(request);
	play(world);
	LEAVE();
}

__attribute__((noinline)) static void stream_shutdown(struct object *object)
{
	struct request *request = request_new(object->world);
	const bool silent = one_in(object->world, 4);

	request->armed = ARM("uv_shutdown");
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

static void on_read_other(uv_stream_t *handle, ssize_t size, const uv_buf_t *buf)
{
	struct object *object = (struct object *)handle;

	(void)buf;
	ENTER_OBJECT(object);
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
		object->armed = arm;
	KEEP_FRAME();
}

static void on_read(uv_stream_t *handle, ssize_t size, const uv_buf_t *buf)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	(void)buf;
	ENTER_OBJECT(object);
	if (size < 0 || object_done(object)) {
		object_close(object);
	} else {
		if (one_in(world, 3))
			stream_write(object, request_new(world));
		if (one_in(world, 4))
			uv_read_stop(handle);
		if (one_in(world, 3))
			read_start(object);
	}
	play(world);
	LEAVE();
}

static void stream_open(struct object *object)
{
	object_open(object, STREAM);
	object->cause = CAUSE_UNKNOWN;
}

static struct object *pipe_new(struct world *world)
{
	struct object *object = object_new(world, STREAM, 2 + (int)below(world, 8));

	if (!object)
		return NULL;
	uv_pipe_init(world->loop, &object->handle.pipe, 0);
	stream_open(object);
	return object;
}

static struct object *tcp_new(struct world *world)
{
	struct object *object = object_new(world, STREAM, 2 + (int)below(world, 8));

	if (!object)
		return NULL;
	if (one_in(world, 3))
		uv_tcp_init_ex(world->loop, &object->handle.tcp, AF_INET);
	else
		uv_tcp_init(world->loop, &object->handle.tcp);
	stream_open(object);
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

	ENTER_STREAM(request);
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

	(void)status;
	ENTER_STREAM(request);
	request_free(request);
	if (!object_is_open(object)) {
		LEAVE();
		return;
	}
	object_forget(object);
	object->closing = ARM_TAIL("uv_close");
	LEAVE();
	uv_close((uv_handle_t *)object, on_close);
}

static void on_connection(uv_stream_t *handle, int status)
{
	struct object *server = (struct object *)handle, *client;
	struct world *world = server->world;

	ENTER_OBJECT(server);
	if (status == 0 && !world->ending && !one_in(world, 8)) {
		client = handle->type == UV_TCP ? tcp_new(world) : pipe_new(world);
		if (client && uv_accept(handle, &client->handle.stream) == 0) {
			client->connected = true;
			read_start(client);
		} else if (client) {
			object_close(client);
		}
	}
	if (object_done(server))
		object_close(server);
	play(world);
	LEAVE();
}

__attribute__((noinline)) static int server_listen(struct object *server)
{
	int result;

	server->kind = SERVER;
	server->armed = ARM("uv_listen");
	result = uv_listen(&server->handle.stream, 8, on_connection);
	if (result)
		object_close(server);
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
		request->armed = ARM("uv_tcp_connect");
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
	snprintf(path, sizeof path, "%s/s%d", world->folder, atomic_fetch_add(&number, 1));
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
	request->armed = ARM("uv_pipe_connect");
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
		request->armed = ARM("uv_pipe_connect");
		uv_pipe_connect(&request->req.connect, &client->handle.pipe, "/nonexistent/socket",
			some_connect(world));
		KEEP_FRAME();
		return;
	}
	uv_ip4_addr("127.0.0.1", 1, &address);
	request->armed = ARM("uv_tcp_connect");
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
		object->armed = arm;
	KEEP_FRAME();
}

static void on_recv(uv_udp_t *handle, ssize_t size, const uv_buf_t *buf,
	const struct sockaddr *address, unsigned flags)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	(void)size;
	(void)buf;
	(void)address;
	(void)flags;
	ENTER_OBJECT(object);
	if (object_done(object)) {
		object_close(object);
	} else if (one_in(world, 3)) {
		if (one_in(world, 2))
			uv_udp_recv_stop(handle);
		recv_start(object);
	}
	play(world);
	LEAVE();
}

static void on_udp_send(uv_udp_send_t *req, int status)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;

	(void)status;
	ENTER_STREAM(request);
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
	object_open(object, UDP);
	object->cause = CAUSE_UNKNOWN;
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
	request->armed = ARM("uv_udp_send");
	if (uv_udp_send(&request->req.udp_send, &from->handle.udp, &buf, 1,
		    (struct sockaddr *)&address, silent ? NULL : on_udp_send))
		request_free(request);
	else if (silent)
		request_bury(request);
	KEEP_FRAME();
}

/* --- child processes ---------------------------------------------------------------------------
 */

static void on_exit_of_child(uv_process_t *handle, int64_t status, int signal)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	(void)status;
	(void)signal;
	ENTER_OBJECT(object);
	object_close(object);
	play(world);
	LEAVE();
}

void act_spawn(struct world *world)
{
	char *arguments[] = {"/bin/true", NULL};
	uv_process_options_t options = {
		.file = arguments[0], .args = arguments, .exit_cb = on_exit_of_child};
	struct object *object;

	if (world->processes >= MAX_PROCESSES)
		return;
	world->processes++;
	object = object_new(world, PROCESS, 1);
	if (!object)
		return;
	if (one_in(world, 3))
		options.file = "/nonexistent/program";
	if (one_in(world, 5))
		options.exit_cb = NULL;
	object->armed = ARM("uv_spawn");
	if (uv_spawn(world->loop, &object->handle.process, &options)) {
		/* The handle has been initialised all the same. */
		object_open(object, PROCESS);
		object_close(object);
		return;
	}
	object_open(object, PROCESS);
	object->cause = CAUSE_UNKNOWN;
	object->armed = (struct arm){object->born, "uv_spawn", __func__};
	if (one_in(world, 4))
		uv_process_kill(&object->handle.process, SIGTERM);
	KEEP_FRAME();
}
