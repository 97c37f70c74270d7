/*
 * One timer that arms itself again, N times, and then writes a line: a causal chain of N hops.
 *
 *     timer_chain N
 */
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

static long left;

static void on_last(uv_timer_t *timer)
{
	static const char words[] = "the chain ends\n";

	if (write(1, words, sizeof words - 1) < 0)
		exit(1);
	uv_close((uv_handle_t *)timer, NULL);
}

static void on_hop(uv_timer_t *timer)
{
	if (uv_timer_start(timer, --left > 0 ? on_hop : on_last, 0, 0))
		abort();
}

int main(int argc, char **argv)
{
	uv_timer_t timer;

	left = argc > 1 ? atol(argv[1]) : 1000;
	uv_timer_init(uv_default_loop(), &timer);
	if (uv_timer_start(&timer, on_hop, 0, 0))
		abort();
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return uv_loop_close(uv_default_loop()) ? 1 : 0;
}
