/*
 * Crashes in every way that we know of: crash_ways HOW WHERE [HANDLER].
 *
 * HOW it crashes is a function of the same name; WHERE is who calls it, from within a run of
 * libuv's or not; HANDLER is what the program does about the signal itself, nothing if it is left
 * out.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <uv.h>

/* As they are written: with every call, and no copies. */
#ifdef __clang__
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE __attribute__((noipa))
#endif

static volatile uintptr_t zero;
static char *volatile page; /* without permissions, until a handler gives them */
static void (*volatile how)(void);
static volatile int sink;

/* --- how ---------------------------------------------------------------------------------- */

NOINLINE static void null(void)
{
	*(volatile int *)zero = 1;
	sink++;
}

NOINLINE static int overflow_by(int depth)
{
	volatile char bytes[1000];

	bytes[depth % 1000] = (char)depth;
	return zero ? 0 : overflow_by(depth + 1) + bytes[0];
}

NOINLINE static void overflow(void)
{
	sink = overflow_by(0);
}

NOINLINE static void heap(void)
{
	volatile char *volatile block = malloc(100);
	void *volatile after = malloc(2000);
	int i;

	for (i = 0; i < 200; i++)
		block[i] = 0x41;
	free(after);
	sink++;
}

NOINLINE static void twice(void)
{
	char *volatile block = malloc(100);

	free(block);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wuse-after-free"
	free(block);
#pragma GCC diagnostic pop
	sink++;
}

NOINLINE static void bus(void)
{
	char name[] = "crash_ways.XXXXXX";
	int fd = mkstemp(name);
	volatile char *bytes;

	unlink(name);
	if (fd < 0 || ftruncate(fd, 8192) != 0)
		exit(1);
	bytes = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ftruncate(fd, 0) != 0)
		exit(1);
	bytes[4096] = 1;
	sink++;
}

NOINLINE static void jump(void)
{
	((void (*volatile)(void))zero)();
	sink++;
}

NOINLINE static void wild(void)
{
	((void (*volatile)(void))(zero + 0x414141410))();
	sink++;
}

/* With a stack pointer that points nowhere. */
NOINLINE static void lost(void)
{
#if defined(__x86_64__)
	__asm__ volatile("movq $0x4141414140, %rsp\n\tmovl $1, 0");
#else
	null();
#endif
	sink++;
}

NOINLINE static void divide(void)
{
	sink = sink / (int)zero;
}

NOINLINE static void trap(void)
{
	__builtin_trap();
}

NOINLINE static void breakpoint(void)
{
	raise(SIGTRAP);
	sink++;
}

NOINLINE static void aborts(void)
{
	abort();
}

NOINLINE static void asserts(void)
{
	assert(zero == 1);
}

NOINLINE static void says(void)
{
	fprintf(stderr, "cannot go on: %d\n", 42);
	abort();
}

NOINLINE static void raises(void)
{
	raise(SIGSEGV);
	sink++;
}

NOINLINE static void kills(void)
{
	kill(getpid(), SIGBUS);
	sink++;
}

NOINLINE static void smash(void)
{
	char bytes[16];

	memset(bytes, 0x41, (size_t)(zero + 16));
	sink = bytes[(int)zero];
	/* What the compiler calls when it finds its canary changed. */
	extern void __stack_chk_fail(void);
	__stack_chk_fail();
	sink++;
}

NOINLINE static void guarded(void)
{
	page[8] = 1;
	sink++;
}

NOINLINE static void blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	null();
}

NOINLINE static void killed(void)
{
	raise(SIGKILL);
}

NOINLINE static void exits(void)
{
	_exit(7);
}

/*
 * Through a frame whose call-frame information is an expression, which only the walk from outside
 * reads. (DW_CFA_def_cfa_expression of two bytes: DW_OP_breg7, 16.)
 */
void called_strangely(void);
void strange(void);

__attribute__((used)) void called_strangely(void)
{
	null();
	sink++;
}

#if defined(__x86_64__)
__asm__(".text\n"
	".globl strange\n"
	".type strange, @function\n"
	"strange:\n"
	".cfi_startproc\n"
	"subq $8, %rsp\n"
	".cfi_escape 0x0f, 2, 0x77, 16\n"
	"call called_strangely\n"
	"addq $8, %rsp\n"
	".cfi_def_cfa 7, 8\n"
	"ret\n"
	".cfi_endproc\n"
	".size strange, .-strange\n"
	".previous\n");
#else
void strange(void)
{
	called_strangely();
	sink++;
}
#endif

/* Many threads fault at once, over and over, and go on; then one does not. */
enum { THREADS = 12, FAULTS = 500 };
static __thread sigjmp_buf recovered;

static void recovers(int number)
{
	(void)number;
	siglongjmp(recovered, 1);
}

static void faults(void *argument)
{
	int i;

	for (i = 0; i < FAULTS; i++)
		if (!sigsetjmp(recovered, 1))
			null();
	(void)argument;
}

NOINLINE static void storm(void)
{
	uv_thread_t threads[THREADS];
	int i;

	signal(SIGSEGV, recovers);
	for (i = 0; i < THREADS; i++)
		uv_thread_create(&threads[i], faults, NULL);
	for (i = 0; i < THREADS; i++)
		uv_thread_join(&threads[i]);
	faults(NULL);
	signal(SIGSEGV, SIG_DFL);
	null();
}

static const struct {
	const char *name;
	void (*function)(void);
} hows[] = {{"null", null}, {"overflow", overflow}, {"heap", heap}, {"twice", twice}, {"bus", bus},
	{"jump", jump}, {"wild", wild}, {"divide", divide}, {"trap", trap},
	{"breakpoint", breakpoint}, {"aborts", aborts}, {"asserts", asserts}, {"says", says},
	{"raises", raises}, {"kills", kills}, {"smash", smash}, {"guarded", guarded},
	{"blocked", blocked}, {"killed", killed}, {"exits", exits}, {"storm", storm},
	{"strange", strange}, {"lost", lost}};

/* --- where -------------------------------------------------------------------------------- */

static uv_timer_t timer;
static uv_work_t work;
static uv_thread_t thread;
static ucontext_t outside, inside;

static void on_timer(uv_timer_t *handle)
{
	(void)handle;
	how();
	sink++;
}

static void on_work(uv_work_t *request)
{
	(void)request;
	how();
	sink++;
}

static void after_work(uv_work_t *request, int status)
{
	(void)request;
	sink = status;
}

static void in_thread(void *argument)
{
	(void)argument;
	how();
	sink++;
}

static void on_usr1(int number)
{
	(void)number;
	how();
	sink++;
}

static void on_timer_signalled(uv_timer_t *handle)
{
	(void)handle;
	raise(SIGUSR1);
	sink++;
}

static void in_coroutine(void)
{
	how();
	sink++;
}

static void on_timer_resumes(uv_timer_t *handle)
{
	static char stack[65536];

	(void)handle;
	getcontext(&inside);
	inside.uc_stack.ss_sp = stack;
	inside.uc_stack.ss_size = sizeof stack;
	inside.uc_link = &outside;
	makecontext(&inside, in_coroutine, 0);
	swapcontext(&outside, &inside);
	sink++;
}

NOINLINE static void arm(uv_timer_cb callback)
{
	uv_timer_start(&timer, callback, 1, 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static void start_at(const char *where)
{
	uv_timer_init(uv_default_loop(), &timer);
	if (!strcmp(where, "callback")) {
		arm(on_timer);
	} else if (!strcmp(where, "pool")) {
		uv_queue_work(uv_default_loop(), &work, on_work, after_work);
		uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	} else if (!strcmp(where, "thread")) {
		uv_thread_create(&thread, in_thread, NULL);
		uv_thread_join(&thread);
	} else if (!strcmp(where, "handler")) {
		signal(SIGUSR1, on_usr1);
		arm(on_timer_signalled);
	} else if (!strcmp(where, "coroutine")) {
		arm(on_timer_resumes);
	} else {
		how();
	}
}

/* --- the program's handlers --------------------------------------------------------------- */

static sigjmp_buf back;
static volatile int handled;

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(1);
}

/* What a handler finds, in words: the same with and without us. */
static void show(int number, const siginfo_t *info, const void *context)
{
	const ucontext_t *found = context;
	sigset_t now;
	char text[200];
	stack_t stack;
	char here;

	sigprocmask(SIG_BLOCK, NULL, &now);
	sigaltstack(NULL, &stack);
	snprintf(text, sizeof text,
		"signal %d code %d blocked %d usr2 %d before %d on %d alternate %d near %d\n",
		number, info->si_code, sigismember(&now, number), sigismember(&now, SIGUSR2),
		sigismember(&found->uc_sigmask, number), (stack.ss_flags & SS_ONSTACK) != 0,
		(stack.ss_flags & SS_DISABLE) == 0,
		(uintptr_t)found->uc_mcontext.gregs[REG_RSP] - (uintptr_t)&here < 20000);
	say(text);
}

static void exits_there(int number, siginfo_t *info, void *context)
{
	show(number, info, context);
	_exit(3);
}

static void raises_again(int number, siginfo_t *info, void *context)
{
	show(number, info, context);
	signal(number, SIG_DFL);
	raise(number);
}

static void returns(int number, siginfo_t *info, void *context)
{
	show(number, info, context);
	signal(number, SIG_DFL);
}

static void aborts_there(int number, siginfo_t *info, void *context)
{
	show(number, info, context);
	abort();
}

static void jumps(int number, siginfo_t *info, void *context)
{
	show(number, info, context);
	siglongjmp(back, 1);
}

static void mends(int number, siginfo_t *info, void *context)
{
	if (handled++ == 0)
		show(number, info, context);
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void plain(int number)
{
	say(number == SIGSEGV ? "segv\n" : "other\n");
	_exit(4);
}

/* HANDLER is one of these, and after it letters: o on a stack of its own, n not blocked, r reset.
 */
static void install(const char *handler)
{
	static const struct {
		const char *name;
		void (*function)(int, siginfo_t *, void *);
	} handlers[] = {{"exit", exits_there}, {"again", raises_again}, {"return", returns},
		{"abort", aborts_there}, {"jump", jumps}, {"mend", mends}};
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	const char *letters = strchr(handler, '-');
	struct sigaction action = {.sa_flags = SA_SIGINFO};
	static char stack[65536];
	size_t i;

	sigaddset(&action.sa_mask, SIGUSR2);
	if (letters && strchr(letters, 'o'))
		action.sa_flags |= SA_ONSTACK;
	if (letters && strchr(letters, 's'))
		sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
	if (letters && strchr(letters, 'n'))
		action.sa_flags |= SA_NODEFER;
	if (letters && strchr(letters, 'r'))
		action.sa_flags |= SA_RESETHAND;
	for (i = 0; i < sizeof handlers / sizeof *handlers; i++)
		if (!strncmp(handler, handlers[i].name, strlen(handlers[i].name)))
			action.sa_sigaction = handlers[i].function;
	for (i = 0; i < sizeof signals / sizeof *signals; i++) {
		if (!strncmp(handler, "abort", 5) && signals[i] == SIGABRT)
			continue;
		if (!strcmp(handler, "plain"))
			signal(signals[i], plain);
		else
			sigaction(signals[i], &action, NULL);
	}
}

int main(int argc, char **argv)
{
	const char *handler = argc > 3 ? argv[3] : "";
	size_t i;

	setvbuf(stdout, NULL, _IONBF, 0);
	for (i = 0; i < sizeof hows / sizeof *hows; i++)
		if (argc > 2 && !strcmp(argv[1], hows[i].name))
			how = hows[i].function;
	if (!how) {
		fprintf(stderr, "usage: crash_ways HOW WHERE [HANDLER]\n");
		return 2;
	}
	page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*handler)
		install(handler);
	if (!strncmp(handler, "jump", 4) && sigsetjmp(back, 1)) {
		say("went on\n");
		return 0;
	}
	start_at(argv[2]);
	if (!strncmp(handler, "mend", 4)) {
		/* Again and again, as those do who use faults as barriers. */
		for (i = 0; i < 100; i++) {
			mprotect(page, 4096, PROT_NONE);
			guarded();
		}
		say("went on\n");
	}
	return 0;
}
