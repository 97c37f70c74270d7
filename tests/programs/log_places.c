/*
 * A random program whose writers share a log file, and that knows which line of which file each of
 * them wrote:
 *
 *     log_places SEED TRUTH PLACES
 *
 * Two threads write whole lines of few texts to app.log, opened for appending, by descriptors and
 * by streams with buffers of all kinds; the file is rotated, by renaming or by copying and
 * truncating, with lines of those texts in it from before and from a writer that the recorder
 * cannot see. A line of TRUTH is "thread text", in the order of the calls. A line of PLACES is
 * "file line number": which line of TRUTH, counted from 1, stands there; 0: none of them, or not as
 * a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

enum { WRITERS = 6, STEPS = 300, LINES_MAX = 4000, FILES_MAX = 64, FILE_MAX = 1 << 18 };

static void fail(const char *what)
{
	dprintf(STDERR_FILENO, "log_places: %s: %s\n", what, strerror(errno));
	_exit(3);
}

static uint64_t state;

static uint64_t below(uint64_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % limit;
}

static bool one_in(uint64_t n)
{
	return below(n) == 0;
}

/* --- what is true ------------------------------------------------------------------------- */

static struct {
	pid_t thread;
	char text[48];
} lines[LINES_MAX];
static int line_count;

/* Whose each byte of a file is, by the numbers of their lines. */
static struct file {
	char name[32];
	ino_t inode;
	size_t size;
	uint16_t owners[FILE_MAX];
} files[FILES_MAX];
static int file_count;

/* What a stream has taken and not written, as the owners of its bytes. */
struct pending {
	uint16_t owners[FILE_MAX];
	size_t from, to;
};

static struct file *file_of(int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		fail("fstat");
	for (int i = 0; i < file_count; i++) {
		if (files[i].inode == stat.st_ino)
			return &files[i];
	}
	if (file_count == FILES_MAX)
		fail("too many files");
	files[file_count].inode = stat.st_ino;
	strcpy(files[file_count].name, "app.log");
	return &files[file_count++];
}

/* The file has grown by what was pending. */
static void arrived(int fd, struct pending *pending)
{
	struct file *file = file_of(fd);
	struct stat stat;

	if (fstat(fd, &stat))
		fail("fstat");
	while (file->size < (size_t)stat.st_size) {
		if (pending->from == pending->to)
			fail("more was written than was to be");
		file->owners[file->size++] = pending->owners[pending->from++];
	}
}

static void write_truth(const char *path)
{
	FILE *truth = fopen(path, "w");

	for (int i = 1; i <= line_count; i++)
		fprintf(truth, "%d\t%s\n", lines[i].thread, lines[i].text);
	if (fclose(truth))
		fail(path);
}

/* The owner of a line of a file: all of its bytes are one's, and all of that one's bytes. */
static int owner_of(const struct file *file, size_t begin, size_t end)
{
	const int owner = file->owners[begin];

	for (size_t i = begin; i < end; i++) {
		if (file->owners[i] != owner)
			return 0;
	}
	return owner && end - begin == strlen(lines[owner].text) + 1 ? owner : 0;
}

static void write_places(const char *path)
{
	static char text[FILE_MAX];
	FILE *places = fopen(path, "w");

	for (int i = 0; i < file_count; i++) {
		const int fd = open(files[i].name, O_RDONLY);
		const ssize_t size = read(fd, text, sizeof text);
		int number = 0;

		if (size != (ssize_t)files[i].size)
			fail(files[i].name);
		for (ssize_t begin = 0, end; begin < size; begin = end) {
			const char *newline = memchr(text + begin, '\n', (size_t)(size - begin));

			end = newline ? newline + 1 - text : size;
			fprintf(places, "%s\t%d\t%d\n", files[i].name, ++number,
				owner_of(&files[i], (size_t)begin, (size_t)end));
		}
		close(fd);
	}
	if (fclose(places))
		fail(path);
}

/* --- the writers -------------------------------------------------------------------------- */

static struct writer {
	FILE *stream; /* NULL: by its descriptor */
	int fd;
	bool in_thread; /* else in main */
	int buffering;
	size_t buffer;
	struct pending pending;
} writers[WRITERS];
static uint64_t texts; /* how many there are */
static bool has_unseen, has_copies;
static int writer_count; /* in every third program one alone */

static void writer_open(struct writer *writer)
{
	writer->fd = open("app.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (writer->fd < 0)
		fail("app.log");
	if (writer->buffering < 0)
		return;
	writer->stream = fdopen(writer->fd, "a");
	setvbuf(writer->stream, NULL, writer->buffering, writer->buffer);
}

static void writer_flush(struct writer *writer)
{
	if (writer->stream)
		fflush(writer->stream);
	arrived(writer->fd, &writer->pending);
}

static void writer_reopen(struct writer *writer)
{
	writer_flush(writer);
	if (writer->stream)
		fclose(writer->stream);
	else
		close(writer->fd);
	writer_open(writer);
}

static int line_begin(void)
{
	const uint64_t text = below(texts);

	if (++line_count == LINES_MAX)
		fail("too many lines");
	lines[line_count].thread = gettid();
	snprintf(lines[line_count].text, sizeof lines[0].text, "%s %d",
		text % 3 ? "connection refused by peer" : "timeout", (int)text);
	return line_count;
}

static void writer_write(struct writer *writer)
{
	const int number = line_begin();
	const char *text = lines[number].text;
	const size_t length = strlen(text);

	for (size_t i = 0; i <= length; i++)
		writer->pending.owners[writer->pending.to++] = (uint16_t)number;
	if (writer->stream && one_in(2)) {
		fprintf(writer->stream, "%s\n", text);
	} else if (writer->stream) {
		fputs(text, writer->stream);
		putc('\n', writer->stream);
	} else {
		dprintf(writer->fd, "%s\n", text);
	}
	arrived(writer->fd, &writer->pending);
}

/* By a system call of its own, which nobody stands in for. */
static void write_unseen(void)
{
	static struct pending pending;
	struct writer *writer = &writers[below((uint64_t)writer_count)];
	char text[64];
	const int length = snprintf(text, sizeof text, "timeout %d\n", (int)(below(texts) / 3 * 3));

	if (syscall(SYS_write, writer->fd, text, length) != length)
		fail("write");
	pending.from = 0;
	pending.to = (size_t)length;
	arrived(writer->fd, &pending);
}

static void rotate(void)
{
	static int rotated;
	struct file *now, *copy;
	static char text[FILE_MAX];
	char name[32];
	int from, to;

	snprintf(name, sizeof name, "app.log.%d", ++rotated);
	from = open("app.log", O_RDWR);
	if (from < 0)
		return;
	now = file_of(from);
	if (has_copies && one_in(2)) {
		to = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
		copy = file_of(to);
		strcpy(copy->name, name);
		if (read(from, text, sizeof text) != (ssize_t)now->size ||
			syscall(SYS_write, to, text, now->size) != (long)now->size ||
			ftruncate(from, 0))
			fail(name);
		memcpy(copy->owners, now->owners, sizeof copy->owners);
		copy->size = now->size;
		now->size = 0;
		close(to);
	} else {
		if (rename("app.log", name))
			fail(name);
		strcpy(now->name, name);
		if (one_in(2)) {
			for (int i = 0; i < writer_count; i++)
				writer_reopen(&writers[i]);
		}
	}
	close(from);
}

/* --- turns -------------------------------------------------------------------------------- */

static uv_sem_t is_asked, is_done;
static struct writer *asked;

static void *write_in_thread(void *unused)
{
	for (;;) {
		uv_sem_wait(&is_asked);
		if (!asked)
			return unused;
		writer_write(asked);
		uv_sem_post(&is_done);
	}
}

static void step(void)
{
	struct writer *writer = &writers[below((uint64_t)writer_count)];

	if (has_unseen && one_in(40)) {
		write_unseen();
	} else if (one_in(80)) {
		rotate();
	} else if (one_in(60)) {
		writer_reopen(writer);
	} else if (one_in(25)) {
		writer_flush(writer);
	} else if (writer->in_thread) {
		asked = writer;
		uv_sem_post(&is_asked);
		uv_sem_wait(&is_done);
	} else {
		writer_write(writer);
	}
}

static void on_idle(uv_idle_t *idle)
{
	static int steps;

	step();
	if (++steps == STEPS)
		uv_close((uv_handle_t *)idle, NULL);
}

int main(int argc, char **argv)
{
	static const int bufferings[] = {-1, -1, _IOFBF, _IOFBF, _IOLBF, _IONBF};
	static const uint64_t choices[] = {1, 3, 30, 500, 100000};
	const int seed = argc == 4 ? atoi(argv[1]) : 0;
	pthread_t thread;
	uv_idle_t idle;

	if (!seed)
		return 2;
	state = (uint64_t)seed * 0x9e3779b97f4a7c15u + 1;
	below(2);
	texts = choices[seed % 5];
	has_unseen = seed % 3 == 0;
	has_copies = seed % 4 == 0;
	writer_count = one_in(3) ? 1 : 2 + (int)below(WRITERS - 1);
	for (int i = 0; i < writer_count; i++) {
		writers[i].buffering = bufferings[below(6)];
		writers[i].buffer = one_in(2) ? 4096 : 64 + below(200);
		writers[i].in_thread = one_in(3);
		writer_open(&writers[i]);
	}
	for (int i = (int)below(6); seed % 2 && i > 0; i--)
		write_unseen();
	uv_sem_init(&is_asked, 0);
	uv_sem_init(&is_done, 0);
	pthread_create(&thread, NULL, write_in_thread, NULL);
	uv_idle_init(uv_default_loop(), &idle);
	uv_idle_start(&idle, on_idle);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	asked = NULL;
	uv_sem_post(&is_asked);
	pthread_join(thread, NULL);
	for (int i = 0; i < writer_count; i++)
		writer_flush(&writers[i]);
	write_truth(argv[2]);
	write_places(argv[3]);
	return 0;
}
