/*
 * What becomes of stdio's buffers and locks where a program ends, a call is interrupted or
 * cancelled, and where it calls back into the program. A transparency program, see apart.h.
 */
#include "tests/programs/apart.h"

#include <printf.h>
#include <pthread.h>
#include <sys/time.h>

int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *stream, int flag, const char *format, ...);

/* Behind the compiler's back. */
static const char *volatile words = "%s and %d\n";
static const char *volatile plain = "plain\n";
static const char *volatile nothing = NULL;
static char much[70001];

/* --- ends ---------------------------------------------------------------------------------- */

static void at_exit(void)
{
	printf("said at the exit\n");
	printf("and unended");
}

static void ends_by_exit(void)
{
	atexit(at_exit);
	printf("waits\n");
	exit(3);
}

static void ends_at_once(void)
{
	atexit(at_exit);
	printf("never seen when buffered\n");
	_exit(4);
}

static void ends_quickly(void)
{
	printf("never seen when buffered\n");
	quick_exit(5);
}

static void ends_badly(void)
{
	signal(SIGABRT, SIG_DFL);
	printf("never seen when buffered\n");
	abort();
}

static void ends_as_another(void)
{
	printf("never seen when buffered\n");
	execlp("echo", "echo", "the other one", NULL);
}

static void ends_as_two(void)
{
	printf("waits, ");
	if (fork() == 0) {
		printf("the child\n");
		exit(0);
	}
	wait(NULL);
	printf("the parent\n");
}

static void *end_thread(void *unused)
{
	printf("from a thread");
	pthread_exit(unused);
}

static void ends_with_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, end_thread, NULL);
	pthread_join(thread, NULL);
	printf(", and then\n");
	pthread_exit(NULL);
}

/* A format that can be written to must not have %n. */
static void ends_by_chk(void)
{
	static char format[] = "text %n\n";
	int count;

	printf("waits\n");
	__printf_chk(1, format, &count);
}

static void ends_by_chk_positions(void)
{
	static char format[] = "%2$d\n";

	printf("waits\n");
	__fprintf_chk(stdout, 1, format, 1, 2);
}

static void ends_by_null(void)
{
	printf("waits\n");
	fflush(stdout);
	fputs(nothing, stdout);
}

/* --- conversions of one's own --------------------------------------------------------------- */

static int times;

static int convert(FILE *stream, const struct printf_info *info, const void *const *arguments)
{
	(void)info;
	times++;
	return fprintf(stream, "<%s>", **(const char *const *const *)arguments);
}

static int convert_and_say(
	FILE *stream, const struct printf_info *info, const void *const *arguments)
{
	(void)info, (void)arguments;
	times++;
	printf("(said meanwhile)");
	return fprintf(stream, "<>");
}

static int string_size(const struct printf_info *info, size_t count, int *types, int *size)
{
	(void)info, (void)size;
	if (count > 0)
		types[0] = PA_STRING;
	return 1;
}

static void conversions(void)
{
	const char *volatile format = "text %Y and %d\n", *volatile loud = "text %H more\n";

	RESULT(register_printf_specifier('Y', convert, string_size));
	RESULT(register_printf_specifier('H', convert_and_say, string_size));
	ON(stdout, printf(format, "own", 2));
	ON(stdout, fprintf(stdout, format, "own", 3));
	ON(stdout, dprintf(1, format, "own", 4));
	report("called %d times\n", times);
	ON(stdout, printf(loud, "own"));
	report("called %d times\n", times);
}

/* --- threads, signals, cancellation -------------------------------------------------------- */

enum { THREADS = 6, LINES = 500 };

static void *print_lines(void *name)
{
	int i;

	for (i = 0; i < LINES; i++)
		switch (i % 5) {
		case 0:
			printf("%s line %d\n", (char *)name, i);
			break;
		case 1:
			flockfile(stdout);
			fputs_unlocked(name, stdout);
			putchar_unlocked(' ');
			printf("line %d", i);
			putc_unlocked('\n', stdout);
			funlockfile(stdout);
			break;
		case 2:
			puts(name);
			break;
		case 3:
			fwrite("a line\n", 1, 7, stdout);
			break;
		case 4:
			printf("%s %500d\n", (char *)name, i);
		}
	return NULL;
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The lines come in any order, but whole. */
static void threads(void)
{
	static char names[THREADS][20], *lines[THREADS * LINES + 1];
	pthread_t ids[THREADS];
	size_t size = 0, count = 0, i;
	FILE *stream;

	freopen("threads.tmp", "a", stdout);
	for (i = 0; i < THREADS; i++) {
		snprintf(names[i], sizeof names[i], "thread %zu", i);
		pthread_create(&ids[i], NULL, print_lines, names[i]);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	fflush(stdout);
	stream = fopen("threads.tmp", "r");
	while (count < THREADS * LINES + 1 && getline(&lines[count], &size, stream) > 0)
		count++, size = 0;
	fclose(stream);
	unlink("threads.tmp");
	qsort(lines, count, sizeof *lines, by_text);
	for (i = 0; i < count; i++)
		report("%s", lines[i]);
}

static void on_signal(int signum)
{
	int saved = errno;

	ON(stdout, printf("signal %d\n", signum));
	ON(stdout, fputs("in its handler", stdout));
	RESULT(write(1, "written\n", 8));
	errno = saved;
}

static void handlers(void)
{
	signal(SIGUSR1, on_signal);
	ON(stdout, printf("before, "));
	RESULT(raise(SIGUSR1));
	ON(stdout, printf("after\n"));
}

static void on_alarm(int signum)
{
	(void)signum;
}

/* Calls that are interrupted where they wait: the pipe is full. */
static void interrupted(void)
{
	struct itimerval often = {{0, 20000}, {0, 20000}};
	struct sigaction action = {.sa_handler = on_alarm};
	int ends[2];

	if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0 || dup2(ends[1], 1) != 1)
		return;
	setvbuf(stdout, NULL, _IOFBF, 1024);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	RESULT(write(1, much, sizeof much));
	RESULT(write(1, much, 10));
	RESULT(dprintf(1, words, "dprintf", 1));
	ON(stdout, printf(words, "printf", 1));
	ON(stdout, fflush(stdout));
	clearerr(stdout);
	ON(stdout, fputs(much, stdout));
	ON(stdout, fputs(plain, stdout));
	ON(stdout, fclose(stdout) * 0);
}

static const char *what;
static FILE *full;

static void *wait_for_ever(void *unused)
{
	if (strcmp(what, "printf") == 0)
		fprintf(full, words, much, 1);
	else if (strcmp(what, "fputs") == 0)
		fputs(much, full);
	else if (strcmp(what, "putc") == 0)
		putc('\n', full);
	else if (strcmp(what, "fwrite") == 0)
		fwrite(much, 1, sizeof much, full);
	else if (strcmp(what, "fflush") == 0)
		fflush(full);
	else
		write(fileno(full), much, sizeof much);
	report("%s came back\n", what);
	return unused;
}

/* Whether a thread is in the kernel, in a system call that writes. */
static int is_writing(pid_t tid)
{
	char path[64], line[64] = "";
	int fd;

	snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, line, sizeof line - 1) < 0)
		line[0] = 0;
	close(fd);
	return atoi(line) == SYS_write && line[0] >= '0' && line[0] <= '9';
}

static pid_t waiting_tid;

static void *wait_as(void *unused)
{
	__atomic_store_n(&waiting_tid, gettid(), __ATOMIC_RELEASE);
	return wait_for_ever(unused);
}

/*
 * A thread that is cancelled within a call leaves no lock behind. (Not in dprintf: libc leaves the
 * stream behind there that it had on the thread's stack.)
 */
static void cancelled(void)
{
	static const char *const calls[] = {"printf", "fputs", "putc", "fwrite", "fflush", "write"};
	size_t i;

	for (i = 0; i < sizeof calls / sizeof *calls; i++) {
		int ends[2];
		pthread_t thread;
		void *result = NULL;
		pid_t tid;

		if (pipe(ends) || dup2(ends[1], 1) != 1)
			return;
		close(ends[1]);
		fcntl(1, F_SETPIPE_SZ, 4096);
		fcntl(1, F_SETFL, O_NONBLOCK);
		while (syscall(SYS_write, 1, much, 1) > 0)
			;
		fcntl(1, F_SETFL, 0);
		full = fdopen(dup(1), "w");
		dup2(fileno(full), 1);
		setvbuf(full, NULL, _IOLBF, 100);
		what = calls[i];
		if (strcmp(what, "fflush") == 0)
			fputs("waits", full);
		waiting_tid = 0;
		pthread_create(&thread, NULL, wait_as, NULL);
		while (!(tid = __atomic_load_n(&waiting_tid, __ATOMIC_ACQUIRE)) || !is_writing(tid))
			usleep(1000);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		report("%s %s, lock %s\n", what,
			result == PTHREAD_CANCELED ? "cancelled" : "returned",
			ftrylockfile(full) == 0 ? "free" : "held");
		close(ends[0]);
	}
}

/* A thread that is cancelled already ends in the call that writes. */
static void *cancel_itself(void *call)
{
	pthread_cancel(pthread_self());
	if (strcmp(call, "buffered") == 0) {
		fputs("buffered: no point of cancellation\n", stdout);
		report("fputs came back\n");
		printf(words, "buffered: none either", 1);
		report("printf came back\n");
	}
	fflush(stdout);
	report("fflush came back\n");
	write(1, "write\n", 6);
	report("write came back\n");
	return NULL;
}

static void cancelled_before(void)
{
	static const char *const calls[] = {"buffered", "plain"};
	pthread_t thread;
	void *result;
	size_t i;

	for (i = 0; i < 2; i++) {
		pthread_create(&thread, NULL, cancel_itself, (void *)(uintptr_t)calls[i]);
		pthread_join(thread, &result);
		report("%s %s\n", calls[i], result == PTHREAD_CANCELED ? "cancelled" : "returned");
	}
}

/* --- all of them --------------------------------------------------------------------------- */

static void all(uv_timer_t *timer)
{
	enum output kind;

	(void)timer;
	for (kind = 0; kind <= TO_TERMINAL; kind++) {
		apart("exit", kind, ends_by_exit);
		apart("_exit", kind, ends_at_once);
		apart("quick_exit", kind, ends_quickly);
		apart("abort", kind, ends_badly);
		apart("exec", kind, ends_as_another);
		apart("fork", kind, ends_as_two);
		apart("pthread_exit", kind, ends_with_thread);
		apart("chk", kind, ends_by_chk);
		apart("chk_positions", kind, ends_by_chk_positions);
		apart("null", kind, ends_by_null);
		apart("conversions", kind, conversions);
		apart("handlers", kind, handlers);
	}
	apart("exit", TO_FULL, ends_by_exit);
	apart("exit", TO_WIDOW, ends_by_exit);
	apart("exit", TO_DEATH, ends_by_exit);
	apart("threads", TO_LOG, threads);
	apart("interrupted", TO_PIPE, interrupted);
	apart("cancelled", TO_LOG, cancelled);
	apart("cancelled_before", TO_LOG, cancelled_before);
}

int main(void)
{
	memset(much, 'm', sizeof much - 1);
	in_callback(all);
	return 27;
}
