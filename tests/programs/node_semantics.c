/*
 * What acausal.h means by hooks, storages and resources, in scenarios that tests/node/semantics.cjs
 * has as well: tests/e2e/node_semantics.sh holds what the two print against each other.
 *
 *     node_semantics SCENARIO     lines in a normal form, in no order; without a name, the names
 *
 * A line says where one is by names that the scenario gives: in whose execution, whose trigger that
 * has, the values in force; in whose execution and with what trigger something was made; what is
 * gone; and, in the order of their coming, what a hook was told of what has a name.
 *
 * What is compared, and where Node differs in kind:
 *
 *     timers       made in and outside of a value, in callbacks of others
 *     interval     each run begins with the value that was armed [1]
 *     again        timeout.refresh and uv_timer_again: the value is that of the arming
 *     immediate    setImmediate, and an idle handle that stops
 *     nested       run in run in run, each brings back what was before
 *     fs           a stat and one that fails
 *     pool         randomBytes and uv_random, more of them than there are threads
 *     sockets      values in listening, connecting, reading; the trigger of what is accepted [2]
 *     close        the value is that of whoever closed [3]
 *     enter        for the rest of the callback and what comes of it, not for others
 *     exit         no value in it [4]
 *     storages     three, mixed
 *     disable      storage.disable and acausal_storage_destroy: its values are gone at once
 *     user         resources with triggers of their own, one running in another, their end
 *     promise      then: a resource whose trigger is the promise; resolved elsewhere [5]
 *     bind         AsyncResource.bind and acausal_bind
 *     snapshot     AsyncLocalStorage.snapshot and acausal_state_capture [6]
 *     hooks        enabled and disabled within hooks [7]
 *     hook_makes   hooks that make resources [8]
 *
 * These differences in kind are left out of the comparison:
 *
 *     [1] What a run has entered, Node 20 keeps for the next run of the same resource.
 *     [2] Node makes more resources of a socket; what an accepted one reads has no value there.
 *     [3] Node tells of it in a TickObject: where, is not compared.
 *     [4] In Node 20 a run within an exit brings back, until its end, what was before it.
 *     [5] Node says destroy when memory is collected.
 *     [6] Node runs it as a resource, here it is none: within it values are compared.
 *     [7] Node tells first what was enabled first, here what was made first.
 *     [8] In Node such a hook must itself see to it that it does not go on for ever.
 *
 * With NODE_SEMANTICS_IDS=FILE the names that IDs had are written there, "ID NAME" each.
 */
#include "recorder/acausal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { IDS = 4096, NAME = 32, EXPECTED = 16, TIMERS = 32, TEXT = 1 << 14 };
enum how { AS_MADE, BY_TRIGGER, SILENTLY };

static char names[IDS][NAME];
static uint64_t triggers[IDS];
static struct expected {
	const char *type;
	char name[NAME];
	enum how how;
} expected[EXPECTED];
static int expected_count;
static char events[TEXT];
static struct acausal_storage *storages[3];
static int used = 1; /* storages that the scenario looks at */
static uv_loop_t *loop;

/* --- names -------------------------------------------------------------------------------------
 */

static const char *known_name(uint64_t id)
{
	return id < IDS && names[id][0] ? names[id] : NULL;
}

/* What has no name counts as what triggered it. */
static const char *name_of(uint64_t id)
{
	while (id && id < IDS && !names[id][0])
		id = triggers[id];
	return id == 0 ? "none" : known_name(id) ? known_name(id) : "unknown";
}

static void expect_how(const char *type, const char *name, enum how how)
{
	struct expected *next = &expected[expected_count++];

	if (expected_count > EXPECTED)
		abort();
	next->type = type;
	snprintf(next->name, sizeof next->name, "%s", name);
	next->how = how;
}

/* The next resource of that type has that name. */
static void expect(const char *type, const char *name)
{
	expect_how(type, name, AS_MADE);
}

static void on_made(uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	int i = 0;
	enum how how;

	(void)object, (void)user;
	if (id >= IDS)
		abort();
	triggers[id] = trigger;
	while (i < expected_count && strcmp(expected[i].type, type) != 0)
		i++;
	if (i == expected_count)
		return;
	memcpy(names[id], expected[i].name, NAME);
	how = expected[i].how;
	memmove(&expected[i], &expected[i + 1], (size_t)(--expected_count - i) * sizeof *expected);
	if (how == BY_TRIGGER)
		printf("made %s: trigger %s\n", names[id], name_of(trigger));
	else if (how == AS_MADE)
		printf("made %s: in %s, trigger %s\n", names[id],
			name_of(acausal_execution_async_id()), name_of(trigger));
}

static void on_gone(uint64_t id, void *user)
{
	(void)user;
	if (known_name(id))
		printf("gone %s\n", known_name(id));
}

/* --- where one is --------------------------------------------------------------------------------
 */

static void print_values(void)
{
	printf("values");
	for (int i = 0; i < used; i++) {
		const char *value = (const char *)acausal_storage_get(storages[i]);

		printf(" %s", value ? value : "-");
	}
	printf("\n");
}

static void look(const char *label)
{
	printf("%s: in %s, trigger %s, ", label, name_of(acausal_execution_async_id()),
		name_of(acausal_trigger_async_id()));
	print_values();
}

static void look_at_values(const char *label)
{
	printf("%s: ", label);
	print_values();
}

/* --- things to do
 * ---------------------------------------------------------------------------------- */

typedef void action(void);

static void call(void *data)
{
	(*(action *const *)data)();
}

static void run_in(int which, const char *value, action *act)
{
	if (acausal_storage_run(storages[which], (void *)(uintptr_t)value, call, &act) != 0)
		abort();
}

static void run(const char *value, action *act)
{
	run_in(0, value, act);
}

static void out_of(int which, action *act)
{
	if (acausal_storage_exit(storages[which], call, &act) != 0)
		abort();
}

static void enter(int which, const char *value)
{
	if (acausal_storage_enter(storages[which], (void *)(uintptr_t)value) != 0)
		abort();
}

/* Their memory lasts: closing needs no callback, of which hooks would be told. */
static uv_timer_t timers[TIMERS];
static int timer_count;

static void on_timer(uv_timer_t *timer)
{
	action *act = (action *)timer->data;

	act();
	uv_close((uv_handle_t *)timer, NULL);
}

static void after_ms(const char *name, unsigned ms, action *act)
{
	uv_timer_t *timer = &timers[timer_count++];

	if (timer_count > TIMERS)
		abort();
	if (name)
		expect("uv_timer_t", name);
	uv_timer_init(loop, timer);
	timer->data = (void *)act;
	uv_timer_start(timer, on_timer, ms, 0);
}

static void after(const char *name, action *act)
{
	after_ms(name, 1, act);
}

static uint64_t job(const char *name, uint64_t trigger)
{
	uint64_t id;

	expect(name, name);
	id = acausal_resource_init(name, trigger);
	if (!id)
		abort();
	return id;
}

static void run_job(uint64_t id, action *act)
{
	acausal_resource_run(id, call, &act);
}

/* --- hooks that note
 * --------------------------------------------------------------------------------- */

static void note_event(const char *format, ...)
{
	size_t length = strlen(events);
	va_list arguments;

	if (length)
		length += (size_t)snprintf(events + length, sizeof events - length, ", ");
	va_start(arguments, format);
	vsnprintf(events + length, sizeof events - length, format, arguments);
	va_end(arguments);
}

static void note_init(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *prefix)
{
	(void)type, (void)trigger, (void)object;
	if (known_name(id))
		note_event("%sinit %s", (const char *)prefix, known_name(id));
}

static void note_before(uint64_t id, void *prefix)
{
	if (known_name(id))
		note_event("%sbefore %s", (const char *)prefix, known_name(id));
}

static void note_after(uint64_t id, void *prefix)
{
	if (known_name(id))
		note_event("%safter %s", (const char *)prefix, known_name(id));
}

static void note_resolve(uint64_t id, void *prefix)
{
	if (known_name(id))
		note_event("%sresolve %s in %s", (const char *)prefix, known_name(id),
			name_of(acausal_execution_async_id()));
}

static void note(const char *prefix)
{
	static const struct acausal_hook_callbacks callbacks = {.init = note_init,
		.before = note_before,
		.after = note_after,
		.promise_resolve = note_resolve};

	acausal_hook_enable(acausal_hook_create(&callbacks, (void *)(uintptr_t)prefix));
}

static void look_A(void)
{
	look("A");
}

static void look_B(void)
{
	look("B");
}

static void look_C(void)
{
	look("C");
}

static void look_D(void)
{
	look("D");
}

static void look_E(void)
{
	look("E");
}

/* --- timers, interval, again, immediate
 * -------------------------------------------------------------- */

static void look_A_then_B(void)
{
	look("A");
	after("B", look_B);
}

static void timers_a(void)
{
	after("A", look_A_then_B);
}

static void scenario_timers(void)
{
	run("a", timers_a);
	after("C", look_C);
	look("main");
}

static void on_interval(uv_timer_t *timer)
{
	static const char *const labels[] = {"A 1", "A 2", "A 3"};
	static int count;

	look(labels[count++]);
	if (count == 3) {
		uv_timer_stop(timer);
		uv_close((uv_handle_t *)timer, NULL);
	}
}

static void interval_a(void)
{
	expect("uv_timer_t", "A");
	uv_timer_init(loop, &timers[0]);
	uv_timer_start(&timers[0], on_interval, 1, 1);
}

static void scenario_interval(void)
{
	run("a", interval_a);
}

static void on_again(uv_timer_t *timer)
{
	look("A");
	uv_close((uv_handle_t *)timer, NULL);
}

static void again_a(void)
{
	expect("uv_timer_t", "A");
	uv_timer_init(loop, &timers[0]);
	uv_timer_start(&timers[0], on_again, 20, 20);
}

static void again_b(void)
{
	uv_timer_again(&timers[0]);
}

static void scenario_again(void)
{
	run("a", again_a);
	run("b", again_b);
}

static void on_idle(uv_idle_t *idle)
{
	look_A_then_B();
	uv_close((uv_handle_t *)idle, NULL);
}

static void immediate_a(void)
{
	static uv_idle_t idle;

	expect("uv_idle_t", "A");
	uv_idle_init(loop, &idle);
	uv_idle_start(&idle, on_idle);
}

static void scenario_immediate(void)
{
	run("a", immediate_a);
}

/* --- nested
 * ------------------------------------------------------------------------------------------- */

static void nested_c(void)
{
	after("C", look_C);
}

static void nested_B(void)
{
	look("B");
	run("c", nested_c);
	look("B after c");
}

static void nested_b(void)
{
	look("in b");
	after("B", nested_B);
}

static void nested_a(void)
{
	look("in a");
	after("A", look_A);
	run("b", nested_b);
	look("in a again");
	after("D", look_D);
}

static void scenario_nested(void)
{
	look("before");
	run("a", nested_a);
	look("afterwards");
}

/* --- fs, pool
 * ------------------------------------------------------------------------------------------- */

static void stat_file(const char *name, const char *path, uv_fs_cb callback)
{
	static uv_fs_t requests[4];
	static int count;

	expect("uv_fs_t", name);
	uv_fs_stat(loop, &requests[count++], path, callback);
}

static void fs_B(uv_fs_t *request)
{
	look("B");
	uv_fs_req_cleanup(request);
}

static void fs_D(uv_fs_t *request)
{
	look("D");
	uv_fs_req_cleanup(request);
}

static void fs_A(uv_fs_t *request)
{
	look("A");
	uv_fs_req_cleanup(request);
	stat_file("B", "/no/such/file", fs_B);
	after("C", look_C);
}

static void fs_a(void)
{
	stat_file("A", "/", fs_A);
}

static void scenario_fs(void)
{
	run("a", fs_a);
	stat_file("D", "/", fs_D);
}

static void pool_ask(const char *name);

static void pool_b(void)
{
	pool_ask("B");
}

static void on_random(uv_random_t *request, int status, void *buffer, size_t length)
{
	const char *name = (const char *)request->data;

	(void)status, (void)buffer, (void)length;
	look(name);
	if (!strcmp(name, "A"))
		run("b", pool_b);
}

static void pool_ask(const char *name)
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

static void pool_one(void)
{
	pool_ask(pool_name);
}

static void pool_a(void)
{
	pool_ask("A");
}

static void scenario_pool(void)
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

static void listen_anywhere(uv_connection_cb callback)
{
	struct sockaddr_in address;

	uv_tcp_init(loop, &server);
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_bind(&server, (const struct sockaddr *)&address, 0);
	uv_listen((uv_stream_t *)&server, 8, callback);
}

static void on_written(uv_write_t *request, int status)
{
	(void)status;
	uv_close((uv_handle_t *)request->handle, NULL);
}

static void sockets_answer(void)
{
	static uv_write_t request;
	static char text[] = "x";
	uv_buf_t buffer = uv_buf_init(text, 1);

	uv_write(&request, (uv_stream_t *)&accepted, &buffer, 1, on_written);
}

static void on_connection(uv_stream_t *stream, int status)
{
	(void)status;
	look_at_values("connection");
	uv_tcp_init(loop, &accepted);
	uv_accept(stream, (uv_stream_t *)&accepted);
	run("answer", sockets_answer);
	uv_close((uv_handle_t *)stream, NULL);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	static char room[64];

	(void)handle, (void)suggested;
	*buffer = uv_buf_init(room, sizeof room);
}

static void on_data(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	(void)buffer;
	if (length > 0)
		look_at_values("data");
	else
		uv_close((uv_handle_t *)stream, NULL);
}

static void on_connected(uv_connect_t *request, int status)
{
	(void)status;
	look_at_values("connected");
	uv_read_start(request->handle, on_alloc, on_data);
}

static void sockets_server(void)
{
	expect("uv_tcp_t", "server");
	listen_anywhere(on_connection);
}

static void sockets_client(void)
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

static void scenario_sockets(void)
{
	run("server", sockets_server);
	run("client", sockets_client);
}

static void close_a(void)
{
	listen_anywhere(on_connection);
	uv_udp_init(loop, &udp);
}

static void close_A(void)
{
	look_at_values("A");
}

static void on_server_closed(uv_handle_t *handle)
{
	(void)handle;
	look_at_values("server");
	after(NULL, close_A);
}

static void on_udp_closed(uv_handle_t *handle)
{
	(void)handle;
	look_at_values("socket");
}

static void close_b(void)
{
	uv_close((uv_handle_t *)&server, on_server_closed);
}

static void close_c(void)
{
	uv_close((uv_handle_t *)&udp, on_udp_closed);
}

static void scenario_close(void)
{
	run("a", close_a);
	run("b", close_b);
	run("c", close_c);
}

/* --- enter, exit, several storages, disable
 * ----------------------------------------------------------------- */

static void enter_C(void)
{
	look("C");
	enter(0, "c");
	look("C entered");
}

static void enter_B(void)
{
	look("B");
	enter(0, "b");
	look("B entered");
	after("C", enter_C);
	enter(0, "later");
	after_ms("D", 5, look_D);
}

static void enter_a(void)
{
	enter(0, "entered in a");
	look("entered in a");
}

static void scenario_enter(void)
{
	after("A", look_A);
	enter(0, "main");
	after("B", enter_B);
	after_ms("E", 5, look_E);
	run("a", enter_a);
	look("after a");
}

static void exit_b(void)
{
	after("B", look_B);
}

static void exit_out(void)
{
	look("out");
	after("A", look_A);
	run("b", exit_b);
}

static void exit_C_out(void)
{
	look("C out");
}

static void exit_C(void)
{
	out_of(0, exit_C_out);
	look("C");
}

static void exit_a(void)
{
	out_of(0, exit_out);
	look("back");
	after("C", exit_C);
}

static void scenario_exit(void)
{
	run("a", exit_a);
}

static void storages_A_out(void)
{
	look("A out of one");
	after("B", look_B);
}

static void storages_2(void)
{
	after("C", look_C);
}

static void storages_A(void)
{
	look("A");
	out_of(0, storages_A_out);
	run_in(2, "2", storages_2);
}

static void storages_x(void)
{
	look("both");
	after("A", storages_A);
}

static void storages_a(void)
{
	run_in(1, "x", storages_x);
	look("one");
}

static void storages_y(void)
{
	after("D", look_D);
}

static void scenario_storages(void)
{
	used = 3;
	run("a", storages_a);
	run_in(1, "y", storages_y);
	enter(2, "last");
	after("E", look_E);
}

static void disable_x(void)
{
	after("A", look_A);
	acausal_storage_destroy(storages[0]);
	storages[0] = NULL;
	look("gone");
	after("B", look_B);
}

static void disable_a(void)
{
	run_in(1, "x", disable_x);
}

static void scenario_disable(void)
{
	used = 2;
	run("a", disable_a);
}

/* --- the program's own
 * ------------------------------------------------------------------------------------- */

static uint64_t one, two, three;

static void user_a(void)
{
	one = job("ONE", 0);
}

static void user_b(void)
{
	two = job("TWO", one);
}

static void user_two_in_one(void)
{
	look("TWO in ONE");
	after("B", look_B);
}

static void user_one(void)
{
	look("ONE");
	run_job(two, user_two_in_one);
	look("ONE again");
}

static void user_c(void)
{
	run_job(one, user_one);
	look("A");
}

static void user_three(void)
{
	look("THREE");
}

static void user_A(void)
{
	run("b", user_b);
	run("c", user_c);
	/* As acausal_resource_run does it. */
	acausal_resource_before(two);
	look("TWO");
	three = job("THREE", 0);
	run_job(three, user_three);
	acausal_resource_destroy(three);
	acausal_resource_after(two);
	acausal_resource_destroy(one);
	acausal_resource_destroy(two);
}

static void scenario_user(void)
{
	note("");
	run("a", user_a);
	after("A", user_A);
}

static uint64_t promise, then;

static void promise_a(void)
{
	expect("PROMISE", "P");
	promise = acausal_resource_init("PROMISE", 0);
}

static void promise_b(void)
{
	expect("PROMISE", "T");
	then = acausal_resource_init("PROMISE", promise);
}

static void promise_T(void)
{
	look("T");
	after("B", look_B);
	acausal_resource_resolve(then);
}

/* What a library of promises does once nothing else runs. */
static void promise_jobs(void)
{
	run_job(then, promise_T);
}

static void promise_C(void)
{
	look("C");
	acausal_resource_resolve(promise);
	after_ms(NULL, 0, promise_jobs);
	look("C resolved");
}

static void promise_c(void)
{
	after("C", promise_C);
}

static void scenario_promise(void)
{
	note("");
	run("a", promise_a);
	run("b", promise_b);
	run("c", promise_c);
}

static struct acausal_bound bound, other_bound;

static void bind_bound(void *argument)
{
	(void)argument;
	look("bound");
	after("A", look_A);
}

static void bind_other(void *argument)
{
	(void)argument;
	look("other");
}

static void bind_a(void)
{
	expect("BOUND", "BOUND");
	acausal_bind(&bound, "BOUND", bind_bound, NULL);
}

static void bind_C(void)
{
	acausal_bound_call(&other_bound);
}

static void bind_c(void)
{
	after("C", bind_C);
}

static void bind_B(void)
{
	expect("OTHER", "OTHER");
	acausal_bind(&other_bound, "OTHER", bind_other, NULL);
	run("c", bind_c);
}

static void bind_b(void)
{
	acausal_bound_call(&bound);
	look("called");
	acausal_bound_call(&bound);
}

static void scenario_bind(void)
{
	run("a", bind_a);
	after("B", bind_B);
	run("b", bind_b);
}

static struct acausal_state *state;

static void in_state(action *act)
{
	acausal_state_run(state, call, &act);
}

static void snapshot_x(void)
{
	state = acausal_state_capture();
}

static void snapshot_a(void)
{
	run_in(1, "x", snapshot_x);
}

static void snapshot_in(void)
{
	look_at_values("in it");
	after("A", look_A);
}

static void snapshot_again(void)
{
	look_at_values("in it once more");
}

static void snapshot_B(void)
{
	in_state(snapshot_again);
	look("B");
}

static void snapshot_b(void)
{
	in_state(snapshot_in);
	look("after it");
	after("B", snapshot_B);
}

static void scenario_snapshot(void)
{
	used = 2;
	run("a", snapshot_a);
	run("b", snapshot_b);
}

/* --- hooks
 * -------------------------------------------------------------------------------------------------
 */

static struct acausal_hook *other_hook;

static void hooks_other_init(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	(void)trigger, (void)object, (void)user;
	if (!known_name(id))
		return;
	note_event("other init %s", known_name(id));
	if (!strcmp(type, "THREE"))
		acausal_hook_disable(other_hook);
}

static void hooks_first_init(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	static int count;

	(void)type, (void)trigger, (void)object, (void)user;
	if (!known_name(id))
		return;
	note_event("first init %s", known_name(id));
	if (++count == 1)
		acausal_hook_enable(other_hook);
}

static void scenario_hooks(void)
{
	static const struct acausal_hook_callbacks other_callbacks = {.init = hooks_other_init},
						   callbacks = {.init = hooks_first_init};

	acausal_hook_enable(acausal_hook_create(&callbacks, NULL));
	other_hook = acausal_hook_create(&other_callbacks, NULL);
	job("ONE", 0);
	job("TWO", 0);
	job("THREE", 0);
	job("FOUR", 0);
	acausal_hook_enable(other_hook);
	job("FIVE", 0);
}

static void hook_makes_init(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	char name[NAME];

	(void)type, (void)trigger, (void)object, (void)user;
	if (!known_name(id))
		return;
	note_event("init %s", known_name(id));
	snprintf(name, sizeof name, "%.20s-CHILD", known_name(id));
	job(name, 0);
}

static void hook_makes_one(void)
{
	look("ONE");
}

static void hook_makes_A(void)
{
	run_job(job("ONE", 0), hook_makes_one);
}

static void hook_makes_a(void)
{
	after("A", hook_makes_A);
}

static void scenario_hook_makes(void)
{
	static const struct acausal_hook_callbacks callbacks = {.init = hook_makes_init};

	note("other ");
	acausal_hook_enable(acausal_hook_create(&callbacks, NULL));
	run("a", hook_makes_a);
}

/* --- main
 * --------------------------------------------------------------------------------------------------
 */

/* clang-format off */
#define SCENARIOS(X) \
	X(timers) X(interval) X(again) X(immediate) X(nested) X(fs) X(pool) X(sockets) X(close) \
	X(enter) X(exit) X(storages) X(disable) X(user) X(promise) X(bind) X(snapshot) X(hooks) \
	X(hook_makes)
/* clang-format on */

static const struct scenario {
	const char *name;
	action *act;
} scenarios[] = {
#define X(name) {#name, scenario_##name},
	SCENARIOS(X)
#undef X
};

static void write_ids(void)
{
	const char *path = getenv("NODE_SEMANTICS_IDS");
	FILE *file = path ? fopen(path, "w") : NULL;

	for (uint64_t id = 0; file && id < IDS; id++)
		if (known_name(id))
			fprintf(file, "%llu %s\n", (unsigned long long)id, known_name(id));
	if (file)
		fclose(file);
}

static int play(const struct scenario *scenario)
{
	static const struct acausal_hook_callbacks callbacks = {
		.init = on_made, .destroy = on_gone};

	for (int i = 0; i < 3; i++)
		storages[i] = acausal_storage_create(NULL);
	if (!storages[0] || acausal_hook_enable(acausal_hook_create(&callbacks, NULL)) != 0) {
		fprintf(stderr, "node_semantics: libacausal.so is not in the process\n");
		return 1;
	}
	snprintf(names[1], NAME, "main");
	loop = uv_default_loop();
	scenario->act();
	uv_run(loop, UV_RUN_DEFAULT);
	if (events[0])
		printf("events: %s\n", events);
	write_ids();
	return 0;
}

int main(int argc, char **argv)
{
	const size_t count = sizeof scenarios / sizeof *scenarios;

	for (size_t i = 0; i < count; i++) {
		if (argc < 2)
			printf("%s\n", scenarios[i].name);
		else if (!strcmp(argv[1], scenarios[i].name))
			return play(&scenarios[i]);
	}
	return argc < 2 ? 0 : 2;
}
