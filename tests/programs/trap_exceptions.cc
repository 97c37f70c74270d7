/*
 * Exceptions that leave callbacks, and the loop with them. For tests/e2e/traps_stacks.sh, which
 * asks by the names of the callbacks who armed what.
 */
#include <cstdio>
#include <cstdlib>
#include <pthread.h>
#include <stdexcept>
#include <uv.h>

#define NOINLINE __attribute__((noinline))

static uv_loop_t *loop;

struct noisy {
	const char *name;
	~noisy()
	{
		std::printf("destroyed %s\n", name);
	}
};

static void on_closed(uv_handle_t *handle)
{
	delete reinterpret_cast<uv_timer_t *>(handle);
}

static NOINLINE void arm(uv_timer_cb callback)
{
	auto *timer = new uv_timer_t;

	uv_timer_init(loop, timer);
	uv_timer_start(timer, callback, 0, 0);
}

static void over(uv_timer_t *timer)
{
	uv_close(reinterpret_cast<uv_handle_t *>(timer), on_closed);
}

extern "C" {

static NOINLINE void on_caught_inside(uv_timer_t *timer)
{
	std::printf("on_caught_inside\n");
	over(timer);
}

static NOINLINE void on_after_throw(uv_timer_t *timer)
{
	std::printf("on_after_throw\n");
	over(timer);
}

static NOINLINE void on_after_nested_throw(uv_timer_t *timer)
{
	std::printf("on_after_nested_throw\n");
	over(timer);
}

static NOINLINE void on_in_catch(uv_timer_t *timer)
{
	std::printf("on_in_catch\n");
	over(timer);
}

static NOINLINE void on_throwing(uv_timer_t *timer)
{
	noisy here{"on_throwing"};

	over(timer);
	throw std::runtime_error("thrown");
}

// The one that catches is a callback too: what it arms is its own.
static NOINLINE void on_catching(uv_timer_t *timer)
{
	noisy here{"on_catching"};

	over(timer);
	arm(on_throwing);
	try {
		uv_run(loop, UV_RUN_DEFAULT);
	} catch (const std::exception &error) {
		std::printf("caught inside: %s\n", error.what());
		arm(on_in_catch);
	}
	arm(on_caught_inside);
}

static void on_work(uv_work_t *)
{
	// Thrown and caught within one callback, on a thread of the pool.
	try {
		throw 1;
	} catch (int) {
	}
}

static void on_after_work(uv_work_t *, int status)
{
	std::printf("work %d\n", status);
}

static void *thread_main(void *)
{
	try {
		throw std::runtime_error("in a thread");
	} catch (const std::exception &error) {
		std::printf("%s\n", error.what());
	}
	noisy here{"thread"};
	pthread_exit(nullptr); // unwinds too
}
}

static NOINLINE void throw_out_of_loop()
{
	arm(on_throwing);
	try {
		uv_run(loop, UV_RUN_DEFAULT);
	} catch (const std::exception &error) {
		std::printf("caught: %s\n", error.what());
	}
	arm(on_after_throw);
	uv_run(loop, UV_RUN_DEFAULT);
}

static NOINLINE void throw_out_of_nested_loop()
{
	arm(on_catching);
	uv_run(loop, UV_RUN_DEFAULT);
	arm(on_after_nested_throw);
	uv_run(loop, UV_RUN_DEFAULT);
}

int main()
{
	static uv_work_t work;
	pthread_t thread;

	std::setvbuf(stdout, nullptr, _IONBF, 0);
	loop = uv_default_loop();
	throw_out_of_loop();
	throw_out_of_nested_loop();
	uv_queue_work(loop, &work, on_work, on_after_work);
	uv_run(loop, UV_RUN_DEFAULT);
	pthread_create(&thread, nullptr, thread_main, nullptr);
	pthread_join(thread, nullptr);
	try {
		arm(on_throwing);
		uv_run(loop, UV_RUN_DEFAULT);
	} catch (...) {
		std::printf("caught the rest\n");
	}
	std::printf("done %d\n", uv_run(loop, UV_RUN_NOWAIT));
	return 0;
}
