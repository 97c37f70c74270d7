/*
 * A plugin that uses a libuv: a loop, a timer and some work. Its functions are called NAME_begin
 * and so on; they and its callbacks leave by jumps wherever they end in a call.
 */
#include <stdio.h>
#include <uv.h>

#define PASTE(a, b)  a##b
#define EXPAND(a, b) PASTE(a, b)
#define OF(function) EXPAND(NAME, function)
#define WORDS(a)     #a
#define NAMED(a)     WORDS(a)

#ifdef FAR
/* The plugin's code lies far from that of a libuv in the same module. */
__asm__(".pushsection .text\n.skip 131072\n.popsection");
#endif

void OF(_begin)(void);
void OF(_next)(void (*function)(void));
void OF(_arm)(void);
void OF(_again)(void);
void OF(_work)(void);
void OF(_run)(void);
void OF(_walk)(void);
void OF(_close)(void);
void OF(_end)(void);

static uv_loop_t loop;
static uv_timer_t timer;
static uv_work_t work;
static void (*next)(void);
static int turns;

static void say(const char *what)
{
	printf("%s %s\n", NAMED(NAME), what);
	fflush(stdout);
}

void OF(_begin)(void)
{
	if (uv_loop_init(&loop) != 0 || uv_timer_init(&loop, &timer) != 0)
		say("cannot begin");
}

/* What the next callback is to end with. */
void OF(_next)(void (*function)(void))
{
	next = function;
}

static void go_on(void)
{
	void (*function)(void) = next;

	next = NULL;
	if (function)
		function();
}

__attribute__((noinline)) static void OF(_fired)(uv_timer_t *fired)
{
	say("fired");
	/* What repeats would go on for ever. */
	if (--turns == 0)
		uv_timer_stop(fired);
	go_on();
}

void OF(_arm)(void)
{
	turns = 2;
	uv_timer_start(&timer, OF(_fired), 1, 1);
}

void OF(_again)(void)
{
	uv_timer_again(&timer);
}

__attribute__((noinline)) static void OF(_worked)(uv_work_t *request)
{
	(void)request;
	say("worked");
}

__attribute__((noinline)) static void OF(_after)(uv_work_t *request, int status)
{
	(void)request;
	(void)status;
	say("has worked");
	go_on();
}

void OF(_work)(void)
{
	uv_queue_work(&loop, &work, OF(_worked), OF(_after));
}

void OF(_run)(void)
{
	uv_run(&loop, UV_RUN_DEFAULT);
}

__attribute__((noinline)) static void OF(_closed)(uv_handle_t *handle)
{
	(void)handle;
	say("closed");
	go_on();
}

static void walked(uv_handle_t *handle, void *argument)
{
	(void)argument;
	if (handle == (uv_handle_t *)&timer)
		uv_close(handle, OF(_closed));
}

void OF(_walk)(void)
{
	uv_walk(&loop, walked, NULL);
}

void OF(_close)(void)
{
	uv_close((uv_handle_t *)&timer, OF(_closed));
}

void OF(_end)(void)
{
	if (uv_loop_close(&loop) != 0)
		say("cannot end");
}

#ifdef TALL
/* The plugin is larger: nothing of it comes to lie where the same is in another. */
extern const char OF(_padding)[];
const char OF(_padding)[131072] = {1};
#endif
