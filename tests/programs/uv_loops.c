/*
 * Loops within loops, walks, functions called once, and a million timers: a transparency program,
 * see say.h. The million takes the argument `million`.
 */
#include "tests/programs/say.h"

static uv_loop_t *loop;

static void on_close(uv_handle_t *handle)
{
	SAY("closed %s data %s", uv_handle_type_name(uv_handle_get_type(handle)),
		handle->data ? (const char *)handle->data : "none");
}

static void on_timer(uv_timer_t *timer)
{
	SAY("on_timer active %d", uv_is_active((uv_handle_t *)timer));
}

/* --- loops -------------------------------------------------------------------------------- */

static void on_nested(uv_timer_t *timer)
{
	uv_loop_t *inner = timer->data;
	uv_timer_t nested;

	SAY("on_nested");
	TRY(uv_timer_init(inner, &nested));
	TRY(uv_timer_start(&nested, on_timer, 0, 0));
	TRY(uv_run(inner, UV_RUN_DEFAULT));
	uv_close((uv_handle_t *)&nested, NULL);
	TRY(uv_run(inner, UV_RUN_DEFAULT));
	SAY("after the nested run");
}

static void walk_close(uv_handle_t *handle, void *argument)
{
	(void)argument;
	if (!uv_is_closing(handle))
		uv_close(handle, on_close); /* a jump at -O2 */
}

static int once_count;
static uv_once_t inner_guard = UV_ONCE_INIT;

static void inner_once(void)
{
	SAY("inner once");
}

static void outer_once(void)
{
	once_count++;
	uv_once(&inner_guard, inner_once);
	SAY("outer once");
}

static void loops(void)
{
	uv_loop_t inner, *other;
	uv_timer_t timers_of[3], timer;
	uv_idle_t idle;
	uv_once_t guard = UV_ONCE_INIT;
	int i;

	SECTION("loops");
	TRY(uv_loop_init(&inner));
	TRY(uv_timer_init(loop, &timer));
	timer.data = &inner;
	TRY(uv_timer_start(&timer, on_nested, 0, 0));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	for (i = 0; i < 3; i++) {
		uv_timer_init(&inner, &timers_of[i]);
		uv_timer_start(&timers_of[i], on_timer, 100000, 0);
		timers_of[i].data = "walked";
	}
	uv_idle_init(&inner, &idle);
	idle.data = "idle";
	uv_unref((uv_handle_t *)&timers_of[1]);
	say_loop(&inner);
	TRY(uv_loop_close(&inner));
	DO(uv_walk(&inner, walk_close, NULL));
	say_loop(&inner);
	TRY(uv_loop_close(&inner));
	TRY(uv_run(&inner, UV_RUN_DEFAULT));
	TRY(uv_loop_close(&inner));
	TRY(uv_loop_init(&inner)); /* once more in the same place */
	for (i = 0; i < 3; i++)
		uv_timer_init(&inner, &timers_of[i]);
	/* libuv's own function as the callback; its second argument is NULL. */
	DO(uv_walk(&inner, (uv_walk_cb)(void *)uv_close, NULL));
	TRY(uv_run(&inner, UV_RUN_DEFAULT));
	TRY(uv_loop_close(&inner));
	other = uv_loop_new();
	SAY("uv_loop_new %s", other ? "made" : "NULL");
	TRY(uv_run(other, UV_RUN_DEFAULT));
	DO(uv_loop_delete(other));
	SAY("default loop %s", uv_default_loop() == loop ? "same" : "other");
	uv_once(&guard, outer_once);
	uv_once(&guard, outer_once);
	SAY("once %d", once_count);
	timer.data = "outer";
	DO(uv_close((uv_handle_t *)&timer, on_close));
	TRY(uv_run(loop, UV_RUN_DEFAULT));
}

/* --- many --------------------------------------------------------------------------------- */

static int fired_count, closed_count;

static void on_one_of_many(uv_timer_t *timer)
{
	(void)timer;
	fired_count++;
}

static void on_close_one_of_many(uv_handle_t *handle)
{
	(void)handle;
	closed_count++;
}

static void million(void)
{
	enum { COUNT = 1000000 };
	uv_timer_t *many = malloc(COUNT * sizeof *many);
	int i;

	SECTION("a million timers");
	for (i = 0; i < COUNT; i++) {
		MUST(uv_timer_init(loop, &many[i]));
		MUST(uv_timer_start(&many[i], on_one_of_many, (uint64_t)(i / 1000), 0));
	}
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	for (i = 0; i < COUNT; i++)
		uv_close((uv_handle_t *)&many[i], on_close_one_of_many);
	TRY(uv_run(loop, UV_RUN_DEFAULT));
	SAY("fired %d closed %d", fired_count, closed_count);
	free(many);
}

int main(int argc, char **argv)
{
	say_begin();
	loop = uv_default_loop();
	if (argc > 1 && strcmp(argv[1], "million") == 0)
		million();
	else
		loops();
	say_loop(loop);
	TRY(uv_loop_close(loop));
	return 4;
}
