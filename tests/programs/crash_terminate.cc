/* Ends in C++'s terminate, in a callback: by an exception that nobody catches. */
#include <stdexcept>
#include <uv.h>

static void on_timer(uv_timer_t *)
{
	throw std::runtime_error("no such luck");
}

int main()
{
	uv_timer_t timer;

	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_timer, 1, 0);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
