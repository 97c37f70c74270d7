/*
 * A program under load that knows what it has done, by plain means, when it or its recorder is
 * killed at some moment:
 *
 *     kill_load JOURNAL VICTIM MICROSECONDS SEED
 *
 * Each thread has a loop, whose idle callback does one of these each time: make a timer, arm it,
 * stop it, close it, queue work, send to an async handle, write a line. No object is used twice, so
 * that its address says which it is. JOURNAL is a `struct journal`: what is counted there was done
 * (the call has returned) or, of runs, had begun.
 *
 * VICTIM is "self", "parent" (the recorder) or "none", and dies so many microseconds after all
 * threads have begun. Who is not dead when the work is done says "done", has, if it was to kill its
 * parent, made the file JOURNAL.PID and waits for JOURNAL.go, and ends with status 7.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

enum { THREADS = 3, OBJECTS = 7000, STEPS = 20000, STEPS_A_NAP = 64 };

struct timer_journal {
	uint32_t armed, ran, closing, closed;
};

struct work_journal {
	uint32_t queued, worked, after;
};

struct thread_journal {
	uint64_t timer_address, timer_size, work_address, work_size, async_address;
	uint64_t timers_made, steps, lines, sent;
	struct timer_journal timers[OBJECTS];
	struct work_journal works[OBJECTS];
};

struct journal {
	struct thread_journal thread[THREADS];
};

struct worker {
	pthread_t thread;
	volatile struct thread_journal *journal;
	uint64_t state;
	unsigned number, timers, works;
	int fd;
	uv_loop_t loop;
	uv_idle_t idle;
	uv_async_t async;
};

static uv_timer_t timers[THREADS][OBJECTS];
static uv_work_t works[THREADS][OBJECTS];
static struct worker workers[THREADS];

static uint64_t below(struct worker *worker, uint64_t limit)
{
	worker->state ^= worker->state << 13;
	worker->state ^= worker->state >> 7;
	worker->state ^= worker->state << 17;
	return (worker->state >> 11) % limit;
}

static volatile struct timer_journal *of_timer(const void *timer)
{
	struct worker *worker = ((const uv_timer_t *)timer)->data;

	return &worker->journal->timers[(const uv_timer_t *)timer - timers[worker->number]];
}

static volatile struct work_journal *of_work(const uv_work_t *work)
{
	struct worker *worker = work->data;

	return &worker->journal->works[work - works[worker->number]];
}

static void on_timer(uv_timer_t *timer)
{
	of_timer(timer)->ran++;
}

static void on_close(uv_handle_t *timer)
{
	of_timer(timer)->closed++;
}

static void on_work(uv_work_t *work)
{
	of_work(work)->worked++;
}

static void on_after(uv_work_t *work, int status)
{
	(void)status;
	of_work(work)->after++;
}

static void on_async(uv_async_t *async)
{
	(void)async;
}

static void make(struct worker *worker)
{
	uv_timer_t *timer = &timers[worker->number][worker->timers];

	if (worker->timers == OBJECTS)
		return;
	timer->data = worker;
	uv_timer_init(&worker->loop, timer);
	worker->journal->timers_made = ++worker->timers;
}

/* What there is to do with one of the last timers. */
static void change(struct worker *worker, unsigned what)
{
	uint64_t back = 1 + below(worker, 8);
	uv_timer_t *timer;

	if (worker->timers < back)
		return;
	timer = &timers[worker->number][worker->timers - back];
	if (uv_is_closing((uv_handle_t *)timer))
		return;
	if (what < 4) {
		/* One that is armed again before it has fired shares a row with what it was. */
		if (uv_is_active((uv_handle_t *)timer))
			uv_timer_stop(timer);
		uv_timer_start(timer, on_timer, below(worker, 3), 0);
		of_timer(timer)->armed++;
	} else if (what < 5) {
		uv_timer_stop(timer);
	} else {
		uv_close((uv_handle_t *)timer, on_close);
		of_timer(timer)->closing++;
	}
}

static void queue(struct worker *worker)
{
	uv_work_t *work = &works[worker->number][worker->works];

	if (worker->works == OBJECTS)
		return;
	work->data = worker;
	uv_queue_work(&worker->loop, work, on_work, on_after);
	of_work(work)->queued++;
	worker->works++;
}

static void write_line(struct worker *worker)
{
	char text[600];
	int length = snprintf(text, sizeof text, "<%u.%llu.%.*s>\n", worker->number,
		(unsigned long long)worker->journal->lines + 1, (int)below(worker, 500),
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	int half = (int)below(worker, 4) ? length : length / 2;

	if (write(worker->fd, text, (size_t)half) != half ||
		write(worker->fd, text + half, (size_t)(length - half)) != length - half)
		_exit(3);
	worker->journal->lines++;
}

static void on_idle(uv_idle_t *idle)
{
	struct worker *worker = idle->loop->data;
	unsigned what = (unsigned)below(worker, 16);

	worker->journal->steps++;
	if (worker->journal->steps == STEPS) {
		uv_idle_stop(idle);
		uv_close((uv_handle_t *)&worker->async, NULL);
		return;
	}
	if (what < 5) {
		make(worker);
	} else if (what < 12) {
		change(worker, what - 5);
	} else if (what < 13) {
		queue(worker);
	} else if (what < 14) {
		uv_async_send(&worker->async);
		worker->journal->sent++;
	} else if (what < 15) {
		write_line(worker);
	}
	if (worker->journal->steps % STEPS_A_NAP == 0)
		usleep(500);
}

static void *run(void *data)
{
	struct worker *worker = data;

	uv_loop_init(&worker->loop);
	worker->loop.data = worker;
	uv_async_init(&worker->loop, &worker->async, on_async);
	uv_idle_init(&worker->loop, &worker->idle);
	uv_idle_start(&worker->idle, on_idle);
	uv_run(&worker->loop, UV_RUN_DEFAULT);
	return NULL;
}

static void begin(struct journal *journal, unsigned i, uint64_t seed)
{
	struct worker *worker = &workers[i];
	char path[32];

	worker->number = i;
	worker->state = (0x9e3779b97f4a7c15u * (i + 1)) ^ (seed << 20 | 1);
	worker->journal = &journal->thread[i];
	worker->journal->timer_address = (uintptr_t)timers[i];
	worker->journal->timer_size = sizeof timers[i][0];
	worker->journal->work_address = (uintptr_t)works[i];
	worker->journal->work_size = sizeof works[i][0];
	worker->journal->async_address = (uintptr_t)&worker->async;
	snprintf(path, sizeof path, "lines%u.log", i);
	worker->fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (worker->fd < 0 || pthread_create(&worker->thread, NULL, run, worker))
		_exit(3);
}

int main(int argc, char **argv)
{
	const int file = argc == 5 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;
	struct journal *journal;
	char go[4096];

	if (file < 0 || ftruncate(file, sizeof *journal))
		return 3;
	journal = mmap(NULL, sizeof *journal, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (journal == MAP_FAILED)
		return 3;
	for (unsigned i = 0; i < THREADS; i++)
		begin(journal, i, strtoull(argv[4], NULL, 10));
	for (unsigned i = 0; i < THREADS; i++)
		while (!((volatile struct thread_journal *)&journal->thread[i])->steps)
			usleep(100);
	usleep((useconds_t)strtoul(argv[3], NULL, 10));
	/* By a way that nobody sees. */
	if (!strcmp(argv[2], "self"))
		syscall(SYS_kill, getpid(), SIGKILL);
	if (!strcmp(argv[2], "parent"))
		syscall(SYS_kill, getppid(), SIGKILL);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	puts("done");
	fflush(stdout);
	snprintf(go, sizeof go, "%s.%d", argv[1], (int)getpid());
	if (!strcmp(argv[2], "parent"))
		close(open(go, O_WRONLY | O_CREAT, 0600));
	snprintf(go, sizeof go, "%s.go", argv[1]);
	while (!strcmp(argv[2], "parent") && access(go, F_OK) != 0)
		usleep(2000);
	return 7;
}
