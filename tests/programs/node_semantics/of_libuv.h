/*
 * Scenarios of node_semantics.c: values through timers, nested runs, files, the thread pool and
 * sockets.
 */
#ifndef ACAUSAL_TESTS_NODE_SEMANTICS_OF_LIBUV_H
#define ACAUSAL_TESTS_NODE_SEMANTICS_OF_LIBUV_H

#include "tests/programs/node_semantics/say.h"

/* --- timers, interval, again, immediate
 * -------------------------------------------------------------- */

static inline void look_A_then_B(void)
{
	look("A");
	after("B", look_B);
}

static inline void timers_a(void)
{
	after("A", look_A_then_B);
}

static inline void scenario_timers(void)
{
	run("a", timers_a);
	after("C", look_C);
	look("main");
}

static inline void on_interval(uv_timer_t *timer)
{
	static const char *const labels[] = {"A 1", "A 2", "A 3"};
	static int count;

	look(labels[count++]);
	if (count == 3) {
		uv_timer_stop(timer);
		uv_close((uv_handle_t *)timer, NULL);
	}
}

static inline void interval_a(void)
{
	expect("uv_timer_t", "A");
	uv_timer_init(loop, &timers[0]);
	uv_timer_start(&timers[0], on_interval, 1, 1);
}

static inline void scenario_interval(void)
{
	run("a", interval_a);
}

static inline void on_again(uv_timer_t *timer)
{
	look("A");
	uv_close((uv_handle_t *)timer, NULL);
}

static inline void again_a(void)
{
	expect("uv_timer_t", "A");
	uv_timer_init(loop, &timers[0]);
	uv_timer_start(&timers[0], on_again, 20, 20);
}

static inline void again_b(void)
{
	uv_timer_again(&timers[0]);
}

static inline void scenario_again(void)
{
	run("a", again_a);
	run("b", again_b);
}

static inline void on_idle(uv_idle_t *idle)
{
	look_A_then_B();
	uv_close((uv_handle_t *)idle, NULL);
}

static inline void immediate_a(void)
{
	static uv_idle_t idle;

	expect("uv_idle_t", "A");
	uv_idle_init(loop, &idle);
	uv_idle_start(&idle, on_idle);
}

static inline void scenario_immediate(void)
{
	run("a", immediate_a);
}

/* --- nested
 * ------------------------------------------------------------------------------------------- */

static inline void nested_c(void)
{
	after("C", look_C);
}

static inline void nested_B(void)
{
	look("B");
	run("c", nested_c);
	look("B after c");
}

static inline void nested_b(void)
{
	look("in b");
	after("B", nested_B);
}

static inline void nested_a(void)
{
	look("in a");
	after("A", look_A);
	run("b", nested_b);
	look("in a again");
	after("D", look_D);
}

static inline void scenario_nested(void)
{
	look("before");
	run("a", nested_a);
	look("afterwards");
}

/* --- fs, pool
 * ------------------------------------------------------------------------------------------- */

static inline void stat_file(const char *name, const char *path, uv_fs_cb callback)
{
	static uv_fs_t requests[4];
	static int count;

	expect("uv_fs_t", name);
	uv_fs_stat(loop, &requests[count++], path, callback);
}

static inline void fs_B(uv_fs_t *request)
{
	look("B");
	uv_fs_req_cleanup(request);
}

static inline void fs_D(uv_fs_t *request)
{
	look("D");
	uv_fs_req_cleanup(request);
}

static inline void fs_A(uv_fs_t *request)
{
	look("A");
	uv_fs_req_cleanup(request);
	stat_file("B", "/no/such/file", fs_B);
	after("C", look_C);
}

static inline void fs_a(void)
{
	stat_file("A", "/", fs_A);
}

static inline void scenario_fs(void)
{
	run("a", fs_a);
	stat_file("D", "/", fs_D);
}

static inline void pool_ask(const char *name);

static inline void pool_b(void)
{
	pool_ask("B");
}

static inline void on_random(uv_random_t *request, int status, void *buffer, size_t length)
{
	const char *name = (const char *)request->data;

	(void)status, (void)buffer, (void)length;
	look(name);
	if (!strcmp(name, "A"))
		run("b", pool_b);
}

static inline void pool_ask(const char *name)
{
	static uv_random_t requests[8];
	static char bytes[8][8];
	static int count;

	expect("uv_random_t", name);
	requests[count].data = (void *)(uintptr_t)name;
	uv_random(loop, &requests[count], bytes[count], sizeof *bytes, 0, on_random);
	count++;
}

static const char *pool_name;

static inline void pool_one(void)
{
	pool_ask(pool_name);
}

static inline void pool_a(void)
{
	pool_ask("A");
}

static inline void scenario_pool(void)
{
	static const char *const others[] = {"C", "D", "E", "F", "G", "H"};

	run("a", pool_a);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		pool_name = others[i];
		run(pool_name, pool_one);
	}
}

/* --- sockets, close
 * ------------------------------------------------------------------------------------- */

static uv_tcp_t server, client, accepted;
static uv_udp_t udp;

static inline void listen_anywhere(uv_connection_cb callback)
{
	struct sockaddr_in address;

	uv_tcp_init(loop, &server);
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_bind(&server, (const struct sockaddr *)&address, 0);
	uv_listen((uv_stream_t *)&server, 8, callback);
}

static inline void on_written(uv_write_t *request, int status)
{
	(void)status;
	uv_close((uv_handle_t *)request->handle, NULL);
}

static inline void sockets_answer(void)
{
	static uv_write_t request;
	static char text[] = "x";
	uv_buf_t buffer = uv_buf_init(text, 1);

	uv_write(&request, (uv_stream_t *)&accepted, &buffer, 1, on_written);
}

static inline void on_connection(uv_stream_t *stream, int status)
{
	(void)status;
	look_at_values("connection");
	uv_tcp_init(loop, &accepted);
	uv_accept(stream, (uv_stream_t *)&accepted);
	run("answer", sockets_answer);
	uv_close((uv_handle_t *)stream, NULL);
}

static inline void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	static char room[64];

	(void)handle, (void)suggested;
	*buffer = uv_buf_init(room, sizeof room);
}

static inline void on_data(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	(void)buffer;
	if (length > 0)
		look_at_values("data");
	else
		uv_close((uv_handle_t *)stream, NULL);
}

static inline void on_connected(uv_connect_t *request, int status)
{
	(void)status;
	look_at_values("connected");
	uv_read_start(request->handle, on_alloc, on_data);
}

static inline void sockets_server(void)
{
	expect("uv_tcp_t", "server");
	listen_anywhere(on_connection);
}

static inline void sockets_client(void)
{
	static uv_connect_t request;
	struct sockaddr_in address;
	int length = sizeof address;

	expect_how("uv_tcp_t", "client", SILENTLY);
	expect_how("uv_tcp_t", "accepted", BY_TRIGGER);
	uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length);
	uv_tcp_init(loop, &client);
	uv_tcp_connect(&request, &client, (const struct sockaddr *)&address, on_connected);
}

static inline void scenario_sockets(void)
{
	run("server", sockets_server);
	run("client", sockets_client);
}

static inline void close_a(void)
{
	listen_anywhere(on_connection);
	uv_udp_init(loop, &udp);
}

static inline void close_A(void)
{
	look_at_values("A");
}

static inline void on_server_closed(uv_handle_t *handle)
{
	(void)handle;
	look_at_values("server");
	after(NULL, close_A);
}

static inline void on_udp_closed(uv_handle_t *handle)
{
	(void)handle;
	look_at_values("socket");
}

static inline void close_b(void)
{
	uv_close((uv_handle_t *)&server, on_server_closed);
}

static inline void close_c(void)
{
	uv_close((uv_handle_t *)&udp, on_udp_closed);
}

static inline void scenario_close(void)
{
	run("a", close_a);
	run("b", close_b);
	run("c", close_c);
}

#endif
