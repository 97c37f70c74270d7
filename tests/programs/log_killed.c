/*
 * A program that kills itself at some moment while its threads write, and knows how far they were:
 *
 *     log_killed JOURNAL MICROSECONDS
 *
 * In the callbacks of its loop, each thread writes pieces of lines,
 * "<thread.way.number.handle.x…>", by several ways, each to a file of its own. JOURNAL gets, as
 * 64-bit numbers in the order of threads and ways, how many pieces were written: it is counted when
 * the call has returned.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

enum { THREADS = 4, WAYS = 4, TIMERS = 3, LONGEST = 7000 };

static volatile uint64_t (*written)[WAYS];
static char filling[LONGEST];

struct writer {
	pthread_t thread;
	unsigned number;
	uint64_t state;
	int fd;
	FILE *flushed, *by_byte, *buffered;
	uv_loop_t loop;
	uv_timer_t timers[TIMERS];
	uv_idle_t idle;
};

static uint64_t below(struct writer *writer, uint64_t limit)
{
	writer->state ^= writer->state << 13;
	writer->state ^= writer->state >> 7;
	writer->state ^= writer->state << 17;
	return (writer->state >> 11) % limit;
}

static void write_piece(struct writer *writer, const void *handle)
{
	const unsigned way = (unsigned)below(writer, WAYS);
	const uint64_t number = written[writer->number][way] + 1;
	const uint64_t most = below(writer, 5) ? 10 : below(writer, 8) ? 300 : LONGEST;
	char text[LONGEST + 100];
	const int length = snprintf(text, sizeof text, "<%u.%u.%llu.%llu.%.*s>%s", writer->number,
		way, (unsigned long long)number, (unsigned long long)(uintptr_t)handle,
		(int)below(writer, most), filling, below(writer, 3) ? "" : "\n");

	switch (way) {
	case 0:
		if (write(writer->fd, text, (size_t)length) != length)
			_exit(3);
		break;
	case 1:
		fprintf(writer->flushed, "%s", text);
		fflush(writer->flushed);
		break;
	case 2:
		for (int i = 0; i < length; i++)
			putc(text[i], writer->by_byte);
		break;
	default:
		fputs(text, writer->buffered);
		break;
	}
	written[writer->number][way] = number;
}

static void on_timer(uv_timer_t *timer)
{
	struct writer *writer = timer->loop->data;

	for (uint64_t count = 1 + below(writer, 4); count; count--)
		write_piece(writer, timer);
}

static void on_idle(uv_idle_t *idle)
{
	write_piece(idle->loop->data, idle);
}

static FILE *stream(unsigned number, const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "%s%u.log", name, number);
	file = fopen(path, "a");
	if (!file)
		_exit(3);
	return file;
}

static void *write_on(void *data)
{
	struct writer *writer = data;

	writer->fd = fileno(stream(writer->number, "written"));
	writer->flushed = stream(writer->number, "flushed");
	writer->by_byte = stream(writer->number, "by_byte");
	writer->buffered = stream(writer->number, "buffered");
	uv_loop_init(&writer->loop);
	writer->loop.data = writer;
	for (int i = 0; i < TIMERS; i++) {
		uv_timer_init(&writer->loop, &writer->timers[i]);
		uv_timer_start(&writer->timers[i], on_timer, 0, 1);
	}
	uv_idle_init(&writer->loop, &writer->idle);
	uv_idle_start(&writer->idle, on_idle);
	uv_run(&writer->loop, UV_RUN_DEFAULT);
	return NULL;
}

static bool has_written(unsigned number)
{
	for (int way = 0; way < WAYS; way++)
		if (written[number][way])
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static struct writer writers[THREADS];
	const size_t size = THREADS * sizeof *written;
	const int journal = argc == 3 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;

	if (journal < 0 || ftruncate(journal, (off_t)size))
		return 3;
	written = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, journal, 0);
	if (written == MAP_FAILED)
		return 3;
	memset(filling, 'x', sizeof filling);
	for (unsigned i = 0; i < THREADS; i++) {
		writers[i].number = i;
		writers[i].state = 0x9e3779b97f4a7c15u * (i + 1) ^ (uint64_t)getpid() << 20;
		if (pthread_create(&writers[i].thread, NULL, write_on, &writers[i]))
			return 3;
	}
	for (unsigned i = 0; i < THREADS; i++)
		while (!has_written(i))
			usleep(1000);
	usleep((useconds_t)strtoul(argv[2], NULL, 10));
	/* By a way that nobody sees. */
	syscall(SYS_kill, getpid(), SIGKILL);
	return 3;
}
