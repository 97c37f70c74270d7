/*
 * Walks real stacks of all kinds with our unwinder and compares them with glibc's backtrace(), or
 * with what the frames are known to be. Each check prints `ok - words` or `not ok - words`; the
 * exit status is 1 when one failed. Runs on each processor that the unwinder knows.
 */
#include "recorder/runtime/unwind.h"
#include "recorder/runtime/unwind_row.h"

#include <alloca.h>
#include <errno.h>
#include <execinfo.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
/* Keeps the call before it from becoming a jump. */
#define AFTER_CALL() __asm__ volatile("" ::: "memory")

enum { MAX = 128 };

/* What one look at the stack saw: index 0 is the looking function itself. */
struct view {
	uint64_t pcs[MAX];
	unsigned count;
	enum node_end end;
};

extern void *__libc_stack_end;

static int failures;
static uintptr_t stack_end; /* of the main thread */
static atomic_uint modules_noted;

static void check(const char *words, bool good)
{
	printf("%s - %s\n", good ? "ok" : "not ok", words);
	failures += !good;
}

static void show(const struct view *view)
{
	unsigned i;

	printf("#   %u frames, end %d:", view->count, view->end);
	for (i = 0; i < view->count; i++)
		printf(" %s%" PRIx64, view->pcs[i] & NODE_EXACT ? "=" : "",
			(uint64_t)NODE_ADDRESS(view->pcs[i]));
	printf("\n");
}

/* Stands for an interposed function: its caller's stack. */
static NOINLINE void take(uintptr_t limit, struct view *view)
{
	struct unwind_start start;
	int saved = errno;

	UNWIND_FROM_CALLER(&start);
	errno = 4711;
	view->count = unwind(&start, limit, false, view->pcs, MAX, &view->end);
	if (errno != 4711)
		check("errno is left alone", false);
	errno = saved;
}

/*
 * Ours is glibc's stack, or a refused beginning of it, or goes on where glibc finds no call-frame
 * information. A sanitizer puts a frame of its own before glibc's.
 */
static bool same(const struct view *view, void *const *addresses, int count)
{
	unsigned i;
	uintptr_t start;

	if (count > 2 && view->count > 1 && NODE_ADDRESS(view->pcs[1]) == (uintptr_t)addresses[2]) {
		addresses++;
		count--;
	}
	for (i = 1; i < view->count && (int)i < count; i++)
		if (NODE_ADDRESS(view->pcs[i]) != (uintptr_t)addresses[i])
			return false;
	if (view->end == NODE_END_REFUSED)
		return (int)view->count <= count;
	return view->end == NODE_END_NONE &&
	       ((int)view->count == count ||
		       ((int)view->count > count && (view->pcs[count - 1] & NODE_EXACT) &&
			       !unwind_function_start((uintptr_t)addresses[count - 1], &start)));
}

static unsigned looks, refusals, unequal;

/* Compares both walks, the probing and the trusting, with glibc's; `limit` 0: only the first. */
static NOINLINE void look(uintptr_t limit)
{
	void *addresses[MAX];
	struct view probed, trusted;
	int count = backtrace(addresses, MAX);
	bool good;

	take(0, &probed);
	good = same(&probed, addresses, count);
	if (limit) {
		take(limit, &trusted);
		good = good && same(&trusted, addresses, count);
	}
	looks++;
	refusals += probed.end == NODE_END_REFUSED;
	if (!good && unequal++ < 5) {
		struct view theirs = {.count = (unsigned)count};
		int i;

		for (i = 0; i < count; i++)
			theirs.pcs[i] = (uintptr_t)addresses[i];
		show(&theirs);
		show(&probed);
		if (limit)
			show(&trusted);
	}
}

static void verdict(const char *words)
{
	check(words, looks > 0 && unequal == 0);
	looks = refusals = unequal = 0;
}

/* --- frames of all shapes ------------------------------------------------------------------- */

static NOINLINE void plain(int depth)
{
	if (depth)
		plain(depth - 1);
	else
		look(stack_end);
	AFTER_CALL();
}

static NOINLINE void sized(size_t size)
{
	volatile char *block = alloca(size);

	block[0] = 1;
	plain(2);
	block[size - 1] = block[0];
}

static NOINLINE void large(void)
{
	volatile char block[600000];

	block[0] = 1;
	sized(100);
	block[1] = block[0];
}

static NOINLINE void middling(void)
{
	volatile char block[100000];

	block[0] = 1;
	plain(1);
	block[1] = block[0];
}

static NOINLINE void aligned(void)
{
	volatile char block[256] __attribute__((aligned(64)));

	block[0] = 1;
	plain(1);
	block[1] = block[0];
}

static NOINLINE void with_frame_pointer(void)
{
	volatile uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

	plain((int)(frame & 1));
	AFTER_CALL();
}

static NOINLINE int last(int x)
{
	look(stack_end);
	AFTER_CALL();
	return x + 1;
}

/* At -O2 this is a jump: it does not stand on the stack. */
static NOINLINE int ends_in_a_call(int x)
{
	return last(x * 2);
}

static int compare_ints(const void *a, const void *b)
{
	look(stack_end);
	return *(const int *)a - *(const int *)b;
}

static void test_shapes(void)
{
	int numbers[] = {3, 1, 2};

	plain(0);
	plain(5);
	verdict("plain frames");
	sized(40);
	sized(5000);
	verdict("frames with alloca");
	large();
	middling();
	verdict("frames of 100,000 and of 600,000 bytes");
	aligned();
	verdict("an aligned frame");
	with_frame_pointer();
	verdict("a frame with a frame pointer");
	ends_in_a_call(1);
	verdict("a caller that has left by a tail call");
	qsort(numbers, 3, sizeof *numbers, compare_ints);
	verdict("through libc's qsort");
}

/* --- signals ------------------------------------------------------------------------------------
 */

static uintptr_t handler_limit;

static void on_signal(int number)
{
	(void)number;
	look(handler_limit);
}

static void install(int number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(number, &action, NULL);
}

static NOINLINE void work(int rounds)
{
	volatile char *block = alloca((size_t)(rounds & 3) * 32 + 16);
	char text[64];
	int i;

	for (i = 0; i < rounds; i++) {
		block[i % 16] = (char)i;
		snprintf(text, sizeof text, "%d %s", i, "text");
		free(malloc((size_t)i + 1));
		ends_in_a_call(-1);
	}
}

/* The thread sanitizer's runtime would be interrupted with its own locks held. */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
static NOINLINE void varied(void)
{
	int numbers[] = {2, 1};
	char text[64];

	snprintf(text, sizeof text, "%d %s %g", 4711, "text", 0.5);
	free(malloc(100));
	sized(30);
	aligned();
	ends_in_a_call(1);
	qsort(numbers, 2, sizeof *numbers, compare_ints);
}

/*
 * With the trap flag, SIGTRAP comes after each instruction. The alloca makes for a frame pointer,
 * so that the pushes do not contradict the call-frame information.
 */
static NOINLINE void step_through(void)
{
	volatile char *block = alloca((size_t)getpid() % 64 + 1);

	block[0] = 1;
	__asm__ volatile("sub $128, %%rsp; pushfq; orq $0x100, (%%rsp); popfq; add $128, %%rsp" ::
				 : "memory", "cc");
	varied();
	__asm__ volatile("sub $128, %%rsp; pushfq; andq $~0x100, (%%rsp); popfq; add $128, %%rsp" ::
				 : "memory", "cc");
}

static void test_each_instruction(void)
{
	/* The dynamic linker's resolver is refused, and there would be much of it. */
	varied();
	looks = refusals = 0;
	install(SIGTRAP, on_signal, 0);
	handler_limit = stack_end;
	step_through();
	signal(SIGTRAP, SIG_DFL);
	printf("# %u instructions, %u stacks refused\n", looks, refusals);
	check("few of them are refused", looks > 1000 && refusals * 100 < looks);
	verdict("interrupted at each instruction");
}
#else
static void test_each_instruction(void)
{
}
#endif

static void test_interruptions(void)
{
	const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	int i;

	install(SIGALRM, on_signal, SA_RESTART);
	handler_limit = stack_end;
	setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; i < 100000 && looks < 100000; i++)
		work(2);
	setitimer(ITIMER_REAL, &never, NULL);
	verdict("interrupted by a timer");
}

static void test_signals(void)
{
	static char alternate[65536];
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};

	install(SIGUSR1, on_signal, 0);
	handler_limit = stack_end;
	raise(SIGUSR1);
	verdict("a signal handler");

	sigaltstack(&stack, NULL);
	install(SIGUSR1, on_signal, SA_ONSTACK);
	handler_limit = 0;
	raise(SIGUSR1);
	verdict("a handler on an alternate stack");
	handler_limit = (uintptr_t)(alternate + sizeof alternate);
	raise(SIGUSR1);
	verdict("a handler on an alternate stack, with that stack's limit");
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
}

static sigjmp_buf jump;
static struct view crash_view;
static struct unwind_start crash_start;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	unwind_from_context(context, &crash_start);
	crash_view.count = unwind(&crash_start, 0, true, crash_view.pcs, MAX, &crash_view.end);
	siglongjmp(jump, 1);
}

static bool is_in(uint64_t pc, void *function)
{
	uintptr_t start;

	return unwind_function_start(NODE_ADDRESS(pc) - 1, &start) && start == (uintptr_t)function;
}

static NOINLINE void call_wild(void (*volatile function)(void))
{
	function();
	AFTER_CALL();
}

static NOINLINE void store_wild(volatile int *where)
{
	*where = 1;
	AFTER_CALL();
}

static void test_crashes(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	uintptr_t page = (uintptr_t)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	if (!sigsetjmp(jump, 1))
		store_wild((volatile int *)page);
	check("a crash: the instruction, then its callers",
		crash_view.count > 2 && crash_view.end == NODE_END_NONE &&
			(crash_view.pcs[0] & NODE_EXACT) &&
			NODE_ADDRESS(crash_view.pcs[0]) == crash_start.pc &&
			is_in(crash_view.pcs[0] + 1, store_wild) &&
			is_in(crash_view.pcs[1], test_crashes) &&
			!(crash_view.pcs[1] & NODE_EXACT));
	if (!sigsetjmp(jump, 1))
		call_wild(NULL);
	check("a call of NULL: its caller",
		crash_view.count > 2 && crash_view.end == NODE_END_NONE && crash_start.pc == 0 &&
			is_in(crash_view.pcs[0], call_wild) &&
			is_in(crash_view.pcs[1], test_crashes));
	if (!sigsetjmp(jump, 1))
		call_wild((void (*)(void))page);
	check("a call of what is no code: that, and its caller",
		crash_view.count > 2 && crash_view.end == NODE_END_NONE &&
			crash_view.pcs[0] == (page | NODE_EXACT) &&
			is_in(crash_view.pcs[1], call_wild) &&
			is_in(crash_view.pcs[2], test_crashes));
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	munmap((void *)page, 4096);
}

/* --- other stacks ----------------------------------------------------------------------------- */

static ucontext_t main_context, coroutine_context;

static void coroutine(void)
{
	look(0);
	swapcontext(&coroutine_context, &main_context);
	sized(50);
}

static void test_coroutines(void)
{
	const size_t size = 65536;
	char *stack =
		mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Nothing may be read past the stack's end. */
	mprotect(stack + size, 4096, PROT_NONE);
	getcontext(&coroutine_context);
	coroutine_context.uc_stack.ss_sp = stack;
	coroutine_context.uc_stack.ss_size = size;
	coroutine_context.uc_link = &main_context;
	makecontext(&coroutine_context, coroutine, 0);
	swapcontext(&main_context, &coroutine_context);
	verdict("a coroutine");
	/* A limit on another stack than this one is not believed. */
	swapcontext(&main_context, &coroutine_context);
	verdict("a coroutine resumed, with the limit of the main stack");
	munmap(stack, size + 4096);
}

static void *thread_main(void *argument)
{
	look(0);
	return argument;
}

static void test_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_main, NULL);
	pthread_join(thread, NULL);
	verdict("a thread");
}

/* --- code without call-frame information --------------------------------------------------------
 */

static struct view code_view;

static void look_from_code(void)
{
	take(stack_end, &code_view);
	AFTER_CALL();
}

static NOINLINE void call_code(void *code)
{
	((void (*)(void (*)(void)))code)(look_from_code);
	AFTER_CALL();
}

#if defined(__x86_64__)
static const uint8_t code_with_pointer[] = {
	0x55, 0x48, 0x89, 0xe5, /* push %rbp; mov %rsp, %rbp */
	0xff, 0xd7,		/* call *%rdi */
	0x5d, 0xc3,		/* pop %rbp; ret */
};
static const uint8_t code_without_pointer[] = {
	0x55, 0x31, 0xed, /* push %rbp; xor %ebp, %ebp */
	0xff, 0xd7,	  /* call *%rdi */
	0x5d, 0xc3,	  /* pop %rbp; ret */
};
enum { AFTER_WITH = 6, AFTER_WITHOUT = 5 };
#else
static const uint32_t code_with_pointer[] = {
	0xa9bf7bfd, 0x910003fd, /* stp x29, x30, [sp, #-16]!; mov x29, sp */
	0xd63f0000,		/* blr x0 */
	0xa8c17bfd, 0xd65f03c0, /* ldp x29, x30, [sp], #16; ret */
};
static const uint32_t code_without_pointer[] = {
	0xa9bf7bfd, 0xd280001d, /* stp x29, x30, [sp, #-16]!; mov x29, #0 */
	0xd63f0000,		/* blr x0 */
	0xa8c17bfd, 0xd65f03c0, /* ldp x29, x30, [sp], #16; ret */
};
enum { AFTER_WITH = 12, AFTER_WITHOUT = 12 };
#endif

static void test_bare_code(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int round;

	memcpy(page, code_with_pointer, sizeof code_with_pointer);
	memcpy(page + 512, code_without_pointer, sizeof code_without_pointer);
	mprotect(page, 4096, PROT_READ | PROT_EXEC);
	__builtin___clear_cache(page, page + 4096);
	for (round = 0; round < 2; round++) {
		call_code(page);
		check("through code without information, by its frame pointer",
			code_view.count > 4 && code_view.end == NODE_END_NONE &&
				is_in(code_view.pcs[0], look_from_code) &&
				code_view.pcs[1] == (uintptr_t)page + AFTER_WITH &&
				is_in(code_view.pcs[2], call_code) &&
				is_in(code_view.pcs[3], test_bare_code));
	}
	call_code(page + 512);
	check("code with neither information nor frame pointer ends the stack in words",
		code_view.count == 2 && code_view.end == NODE_END_NO_CFI &&
			code_view.pcs[1] == (uintptr_t)page + 512 + AFTER_WITHOUT);
	munmap(page, 4096);
}

/* --- where a walk ends -------------------------------------------------------------------------
 */

static struct view limit_view;

static NOINLINE void inner(uintptr_t limit)
{
	take(limit, &limit_view);
	AFTER_CALL();
}

/* Stands for a callback: its CFA is the stack pointer at the trampoline's call. */
static NOINLINE void callback(bool limited)
{
	inner(limited ? (uintptr_t)__builtin_dwarf_cfa() : stack_end);
	AFTER_CALL();
}

static NOINLINE void callback_that_jumps(void)
{
	take(stack_end, &limit_view);
}

static __attribute__((section("stop_here"), noinline)) void trampoline(int which)
{
	if (which == 0)
		callback(false);
	else if (which == 1)
		callback_that_jumps();
	else
		take(stack_end, &limit_view);
	AFTER_CALL();
}

extern char __start_stop_here[], __stop_stop_here[];

static NOINLINE void recurse(int depth)
{
	if (depth)
		recurse(depth - 1);
	else
		take(stack_end, &limit_view);
	AFTER_CALL();
}

static void test_ends(void)
{
	struct unwind_start start = {0};
	enum node_end end;
	uint64_t pcs[4];

	callback(true);
	check("the limit: the frame that reaches it is the last",
		limit_view.count == 2 && limit_view.end == NODE_END_NONE &&
			is_in(limit_view.pcs[0], inner) && is_in(limit_view.pcs[1], callback));
	unwind_set_stop_range((uintptr_t)__start_stop_here, (uintptr_t)__stop_stop_here);
	trampoline(0);
	check("the stop range is not part of the stack",
		limit_view.count == 2 && limit_view.end == NODE_END_NONE &&
			is_in(limit_view.pcs[1], callback));
	trampoline(1);
	check("a callback that left by a tail call: nothing", limit_view.count <= 1);
	trampoline(2);
	check("called from the stop range: nothing",
		limit_view.count == 0 && limit_view.end == NODE_END_NONE);
	unwind_set_stop_range(0, 0);
	recurse(200);
	check("a deep stack: the innermost frames, and words",
		limit_view.count == MAX && limit_view.end == NODE_END_DEEPER);

	start.pc = (uintptr_t)__builtin_return_address(0);
	start.sp = (uintptr_t)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	start.fp = start.sp;
	check("a stack that is not there: words, and no fault",
		unwind(&start, 0, false, pcs, 4, &end) == 1 && end == NODE_END_OTHER_STACK);
	check("the same with a limit on another stack",
		unwind(&start, stack_end, false, pcs, 4, &end) == 1 && end == NODE_END_OTHER_STACK);
	munmap((void *)start.sp, 4096);
}

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Addresses of libc's code and garbage on a stack of garbage: any answer is right, no fault is. */
static void test_garbage(void)
{
	enum { WORDS = 512, PAGES = 4 };
	char *memory =
		mmap(NULL, (PAGES + 2) * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t *stack = (uintptr_t *)(memory + 4096);
	const size_t words = PAGES * 4096 / sizeof *stack;
	const uintptr_t code = (uintptr_t)&qsort & -65536ull;
	struct view view;
	unsigned round, frames = 0;
	size_t i;

	mprotect(stack, PAGES * 4096, PROT_READ | PROT_WRITE);
	for (round = 0; round < 20000; round++) {
		struct unwind_start start;
		uint64_t r;

		for (i = 0; i < WORDS / 8; i++) {
			r = random_number();
			stack[r % words] = r & 1024 ? (uintptr_t)&stack[(r >> 20) % (words + 64)]
						    : code + (r >> 20) % 500000;
		}
		r = random_number();
		start.pc = code + (r >> 30) % 500000;
		start.sp = (uintptr_t)&stack[r % words];
		start.fp = (uintptr_t)&stack[(r >> 10) % words];
		start.lr = code;
		view.count = unwind(&start, r & 512 ? 0 : (uintptr_t)(stack + words), r & 256,
			view.pcs, MAX, &view.end);
		frames += view.count;
	}
	check("garbage on the stack never faults", frames > 20000);
	munmap(memory, (PAGES + 2) * 4096);
}

/* --- the cache
 * ------------------------------------------------------------------------------------ */

static atomic_int done;

static void *flush_always(void *argument)
{
	while (!done)
		unwind_flush();
	return argument;
}

static void *look_always(void *argument)
{
	struct view first, view;
	unsigned long *wrong = argument;

	take(0, &first);
	while (!done) {
		take(0, &view);
		if (view.count != first.count || view.end != first.end ||
			memcmp(view.pcs + 1, first.pcs + 1, (view.count - 1) * 8) != 0)
			++*wrong;
	}
	return NULL;
}

static void test_cache(void)
{
	pthread_t flusher, looker[2];
	unsigned long wrong[2] = {0, 0};
	struct view view;
	unsigned before;

	take(stack_end, &view);
	before = modules_noted;
	take(stack_end, &view);
	check("a known address needs no look at its module", modules_noted - before <= 1);
	before = modules_noted;
	unwind_flush();
	take(stack_end, &view);
	check("after a flush every address is new", modules_noted - before == view.count);

	pthread_create(&flusher, NULL, flush_always, NULL);
	pthread_create(&looker[0], NULL, look_always, &wrong[0]);
	pthread_create(&looker[1], NULL, look_always, &wrong[1]);
	usleep(200000);
	done = 1;
	pthread_join(flusher, NULL);
	pthread_join(looker[0], NULL);
	pthread_join(looker[1], NULL);
	check("threads walk and flush at the same time", wrong[0] + wrong[1] == 0);
}

static void on_module(const struct dl_find_object *object)
{
	modules_noted += object->dlfo_link_map != NULL;
}

int main(void)
{
	void *first[1];

	setvbuf(stdout, NULL, _IOLBF, 0);
	backtrace(first, 1); /* loads libgcc */
	unwind_set_module_hook(on_module);
	/* On aarch64 _start calls with the stack pointer it was given: it counts as within. */
	stack_end = (uintptr_t)__libc_stack_end + 16;
	test_shapes();
	test_signals();
	test_each_instruction();
	test_interruptions();
	test_crashes();
	test_coroutines();
	test_thread();
	test_bare_code();
	test_ends();
	test_garbage();
	test_cache();
	return failures != 0;
}
