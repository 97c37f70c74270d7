/*
 * Callbacks that do not come back the way they were called: left by longjmp, and switched away from
 * to other stacks. For tests/e2e/traps_stacks.sh, which asks the recording for who made what by the
 * names of the callbacks: each thing that is armed has a callback of its own.
 *
 * Optimised as usual, but every function that is to be met on a stack stands there.
 */
#include "tests/programs/say.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <ucontext.h>

#define NOINLINE __attribute__((noinline))

enum { STACK_SIZE = 256 * 1024 };

static uv_loop_t *loop;

/* A timer that fires once and closes itself; `callback` names it. */
static NOINLINE uv_timer_t *arm(uv_timer_cb callback)
{
	uv_timer_t *timer = calloc(1, sizeof *timer);

	MUST(uv_timer_init(loop, timer));
	MUST(uv_timer_start(timer, callback, 0, 0));
	return timer;
}

static void freed(uv_handle_t *handle)
{
	free(handle);
}

static void over(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, freed);
}

#define CALLBACK(name)                                                                             \
	static NOINLINE void name(uv_timer_t *timer)                                               \
	{                                                                                          \
		SAY("%s", #name);                                                                  \
		over(timer);                                                                       \
	}

/* --- longjmp ------------------------------------------------------------------------------- */

static jmp_buf back;

CALLBACK(on_after_single)
CALLBACK(on_after_nested)
CALLBACK(on_after_deep)
CALLBACK(on_after_deeper)
CALLBACK(on_after_inner)

static NOINLINE void on_leaving(uv_timer_t *timer)
{
	SAY("leaving");
	over(timer);
	longjmp(back, 1);
}

static NOINLINE void on_leaving_nested(uv_timer_t *timer)
{
	over(timer);
	arm(on_leaving);
	uv_run(loop, UV_RUN_DEFAULT);
}

static NOINLINE void leave_by(uv_timer_cb callback)
{
	arm(callback);
	if (setjmp(back) == 0)
		uv_run(loop, UV_RUN_DEFAULT);
}

/* Arms below `depth` frames that need not have touched all of what they cover. */
static NOINLINE int arm_below(int depth, uv_timer_cb callback)
{
	volatile char unused[48];
	int result = 0;

	unused[0] = (char)depth;
	if (depth > 0)
		result = arm_below(depth - 1, callback) + unused[0];
	else
		arm(callback);
	return result;
}

static NOINLINE void leave_single(void)
{
	leave_by(on_leaving);
	arm(on_after_single);
	uv_run(loop, UV_RUN_DEFAULT);
}

static NOINLINE void leave_nested(void)
{
	leave_by(on_leaving_nested);
	arm(on_after_nested);
	uv_run(loop, UV_RUN_DEFAULT);
}

static NOINLINE void leave_and_go_deep(void)
{
	leave_by(on_leaving);
	arm_below(90, on_after_deep);
	uv_run(loop, UV_RUN_DEFAULT);
	leave_by(on_leaving_nested);
	arm_below(900, on_after_deeper);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* Out of an inner callback into the outer one, which goes on. */
static NOINLINE void on_staying(uv_timer_t *timer)
{
	over(timer);
	leave_by(on_leaving);
	arm_below(80, on_after_inner);
}

static NOINLINE void leave_inner(void)
{
	arm(on_staying);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* --- coroutines ---------------------------------------------------------------------------- */

struct coroutine {
	ucontext_t here, outside;
	void (*body)(struct coroutine *);
	bool is_over;
	char *stack;
};

static struct coroutine *starting;

static void coroutine_main(void)
{
	struct coroutine *self = starting;

	self->body(self);
	self->is_over = true;
	swapcontext(&self->here, &self->outside);
}

static void coroutine_init(struct coroutine *coroutine, void (*body)(struct coroutine *))
{
	*coroutine = (struct coroutine){.body = body};
	coroutine->stack =
		mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	getcontext(&coroutine->here);
	coroutine->here.uc_stack.ss_sp = coroutine->stack;
	coroutine->here.uc_stack.ss_size = STACK_SIZE;
	coroutine->here.uc_link = NULL;
	makecontext(&coroutine->here, coroutine_main, 0);
}

static NOINLINE void resume(struct coroutine *coroutine)
{
	starting = coroutine;
	swapcontext(&coroutine->outside, &coroutine->here);
	if (coroutine->is_over)
		munmap(coroutine->stack, STACK_SIZE);
}

static NOINLINE void yield(struct coroutine *coroutine)
{
	swapcontext(&coroutine->here, &coroutine->outside);
}

CALLBACK(on_armed_first)
CALLBACK(on_armed_second)
CALLBACK(on_armed_by_main)

/* A coroutine that a callback resumes each time, as async libraries do. */
static struct coroutine waiter;

static NOINLINE void waiter_body(struct coroutine *self)
{
	arm(on_armed_first);
	yield(self);
	arm(on_armed_second);
}

static NOINLINE void on_resuming(uv_timer_t *timer)
{
	over(timer);
	resume(&waiter);
}

static NOINLINE void on_resuming_again(uv_timer_t *timer)
{
	over(timer);
	resume(&waiter);
}

static NOINLINE void callbacks_that_resume(void)
{
	coroutine_init(&waiter, waiter_body);
	arm(on_resuming);
	uv_run(loop, UV_RUN_DEFAULT);
	arm(on_armed_by_main);
	arm(on_resuming_again);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* The loop runs on a coroutine's stack. */
static struct coroutine runner;

CALLBACK(on_armed_on_runner)

static NOINLINE void on_runner(uv_timer_t *timer)
{
	over(timer);
	arm(on_armed_on_runner);
}

static NOINLINE void runner_body(struct coroutine *self)
{
	(void)self;
	arm(on_runner);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* Two loops on two stacks, whose callbacks are left in the middle and gone on with later. */
static struct coroutine left, right;

CALLBACK(on_armed_by_left)
CALLBACK(on_armed_by_right)
CALLBACK(on_armed_by_left_late)
CALLBACK(on_armed_by_right_late)
CALLBACK(on_armed_between)
CALLBACK(on_armed_when_all_is_over)

static NOINLINE void on_left(uv_timer_t *timer)
{
	over(timer);
	arm(on_armed_by_left);
	yield(&left);
	arm(on_armed_by_left_late);
}

static NOINLINE void on_right(uv_timer_t *timer)
{
	over(timer);
	arm(on_armed_by_right);
	yield(&right);
	arm(on_armed_by_right_late);
}

static uv_loop_t *left_loop, *right_loop;

static NOINLINE void run_on(uv_loop_t *own, uv_timer_cb callback)
{
	uv_timer_t *timer = calloc(1, sizeof *timer);

	MUST(uv_timer_init(own, timer));
	MUST(uv_timer_start(timer, callback, 0, 0));
	MUST(uv_run(own, UV_RUN_DEFAULT));
}

static NOINLINE void left_body(struct coroutine *self)
{
	(void)self;
	run_on(left_loop, on_left);
}

static NOINLINE void right_body(struct coroutine *self)
{
	(void)self;
	run_on(right_loop, on_right);
}

static NOINLINE void interleaved(void)
{
	uv_loop_t loops[2];

	left_loop = &loops[0];
	right_loop = &loops[1];
	MUST(uv_loop_init(left_loop));
	MUST(uv_loop_init(right_loop));
	coroutine_init(&left, left_body);
	coroutine_init(&right, right_body);
	resume(&left);
	resume(&right);
	resume(&left);
	arm(on_armed_between);
	resume(&right);
	arm(on_armed_when_all_is_over);
	uv_run(loop, UV_RUN_DEFAULT);
	MUST(uv_loop_close(left_loop));
	MUST(uv_loop_close(right_loop));
}

/* A switch of stacks that no row describes, as coroutine libraries have it in assembly. */
#if defined(__x86_64__)
static void *own_stack, *sp_outside;

void switch_to(void **save, void *sp);
__asm__(".text\n"
	".type switch_to, @function\n"
	"switch_to:\n"
	"	push %rbp\n	push %rbx\n	push %r12\n	push %r13\n	push %r14\n	"
	"push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbx\n	"
	"pop %rbp\n"
	"	ret\n"
	".size switch_to, . - switch_to\n");

CALLBACK(on_armed_by_assembly)

static NOINLINE void assembly_body(void)
{
	void *never;

	arm(on_armed_by_assembly);
	switch_to(&never, sp_outside);
	abort();
}

static NOINLINE void on_assembly(uv_timer_t *timer)
{
	uintptr_t *top = (uintptr_t *)((char *)own_stack + STACK_SIZE) - 1;

	over(timer);
	*--top = (uintptr_t)assembly_body;
	top -= 6;
	switch_to(&sp_outside, top);
}

static NOINLINE void assembly(void)
{
	own_stack =
		mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	arm(on_assembly);
	uv_run(loop, UV_RUN_DEFAULT);
	munmap(own_stack, STACK_SIZE);
}
#else
CALLBACK(on_armed_by_assembly)

static NOINLINE void on_assembly(uv_timer_t *timer)
{
	over(timer);
	arm(on_armed_by_assembly);
}

static NOINLINE void assembly(void)
{
	arm(on_assembly);
	uv_run(loop, UV_RUN_DEFAULT);
}
#endif

/* A coroutine whose stack lies in a frame of the thread's own. */
CALLBACK(on_armed_within)
CALLBACK(on_armed_after_within)

static struct coroutine within;

static NOINLINE void within_body(struct coroutine *self)
{
	(void)self;
	arm(on_armed_within);
}

static NOINLINE void on_within(uv_timer_t *timer)
{
	over(timer);
	swapcontext(&within.outside, &within.here);
	arm(on_armed_after_within);
}

static NOINLINE void stack_in_a_frame(void)
{
	char stack[STACK_SIZE];

	coroutine_init(&within, within_body);
	munmap(within.stack, STACK_SIZE);
	within.here.uc_stack.ss_sp = stack;
	within.here.uc_stack.ss_size = sizeof stack;
	makecontext(&within.here, coroutine_main, 0);
	starting = &within;
	arm(on_within);
	uv_run(loop, UV_RUN_DEFAULT);
}

/* --- signal handlers on a stack of their own ------------------------------------------------- */

static uv_async_t async;

static void on_async(uv_async_t *handle)
{
	SAY("on_async");
	uv_close((uv_handle_t *)handle, NULL);
}

static void on_signal(int signal)
{
	(void)signal;
	uv_async_send(&async);
	if (write(STDOUT_FILENO, "handled\n", 8) != 8)
		abort();
}

static NOINLINE void on_raising(uv_timer_t *timer)
{
	over(timer);
	raise(SIGUSR1);
}

static NOINLINE void alternate_stack(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
	stack_t other = {.ss_size = STACK_SIZE}, before;

	other.ss_sp =
		mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(sigaltstack(&other, &before));
	MUST(sigaction(SIGUSR1, &action, NULL));
	MUST(uv_async_init(loop, &async, on_async));
	arm(on_raising);
	uv_run(loop, UV_RUN_DEFAULT);
	before.ss_flags = SS_DISABLE;
	MUST(sigaltstack(&before, NULL));
	munmap(other.ss_sp, STACK_SIZE);
}

int main(void)
{
	say_begin();
	loop = uv_default_loop();
	leave_single();
	leave_nested();
	leave_and_go_deep();
	leave_inner();
	callbacks_that_resume();
	coroutine_init(&runner, runner_body);
	resume(&runner);
	interleaved();
	assembly();
	stack_in_a_frame();
	alternate_stack();
	MUST(uv_run(loop, UV_RUN_DEFAULT));
	MUST(uv_loop_close(loop));
	SAY("done");
	return 0;
}
