/*
 * A program that is busy with timers, and after a while makes a child, with uv_spawn: flight_parent
 * HOPS COMMAND [ARGUMENT...]. It ends when the child has, and so many timers have come after it.
 * Where the command is "crash" there is no child, and the last of the timers ends it by a fault.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { SPAWN_AT = 2000 };

static long hops, last;
static volatile uintptr_t nowhere;
static bool crashes;

static void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
	(void)status;
	(void)signal;
	uv_close((uv_handle_t *)process, NULL);
}

static void spawn(uv_loop_t *loop, char **arguments)
{
	static uv_process_t child;
	uv_process_options_t options = {
		.file = arguments[0], .args = arguments, .exit_cb = on_exit_of_child};
	int result = uv_spawn(loop, &child, &options);

	if (!result)
		return;
	fprintf(stderr, "flight_parent: %s: %s\n", arguments[0], uv_strerror(result));
	exit(1);
}

static void on_hop(uv_timer_t *timer)
{
	if (hops == SPAWN_AT && !crashes)
		spawn(timer->loop, timer->data);
	if (hops++ < last)
		uv_timer_start(timer, on_hop, 0, 0);
	else if (crashes)
		*(volatile int *)nowhere = 1;
	else
		uv_close((uv_handle_t *)timer, NULL);
}

int main(int argc, char **argv)
{
	uv_timer_t timer;

	if (argc < 3)
		return 2;
	last = SPAWN_AT + atol(argv[1]);
	crashes = !strcmp(argv[2], "crash");
	uv_timer_init(uv_default_loop(), &timer);
	timer.data = argv + 2;
	uv_timer_start(&timer, on_hop, 0, 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return 0;
}
