/*
 * A random program that writes lines and knows which callback wrote each:
 *
 *     log_random SEED TRUTH KEPT
 *
 * Threads take turns, so that all is in one order: in the callbacks of their loops, in the pool, in
 * a signal handler, they write pieces of lines to files that are opened, duplicated, closed and
 * rotated, by descriptors and by streams with all kinds of buffers. TRUTH gets, of each line in the
 * order of their first bytes, the thread's kernel ID, the address of the handle or request (0:
 * main), the inode written to, the line's length, and its first KEPT bytes as hexadecimal digits,
 * with tabs between them; the lines of a thread in a file are in the order of their first bytes.
 * Alarms come at any moment, whose handler writes whole lines to a file of its own.
 *
 * A line goes on where the same thread goes on writing to the same sink: by the same stream, or,
 * when it writes to descriptors, by any of them. A sink is a file by the name that it had when a
 * descriptor was first written to. Where a stream or descriptor has become another file's, its line
 * has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

enum { FILES = 3, OUTPUTS = 14, WORKERS = 3, STEPS = 220, TEXT_MAX = 1400000 };

static void fail(const char *what)
{
	dprintf(STDERR_FILENO, "log_random: %s: %s\n", what, strerror(errno));
	_exit(3);
}

/* --- chance ------------------------------------------------------------------------------- */

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

struct line {
	struct line *next; /* in the order of their first bytes */
	pid_t thread;
	const void *address;
	const FILE *stream; /* NULL: none, written to `fd` */
	int fd, sink;
	ino_t inode;
	bool is_open;
	size_t length, size;
	char *text;
};

static struct line *first_line, **last_line = &first_line;
static _Thread_local const void *turn_of;

/* Files by the names they had when they were met. */
static struct {
	ino_t inode;
	char name[64];
} sinks[4096];
static int sink_count;

static int sink_by_name(ino_t inode, const char *name)
{
	for (int i = 0; i < sink_count; i++) {
		if (sinks[i].inode == inode && strcmp(sinks[i].name, name) == 0)
			return i;
	}
	sinks[sink_count].inode = inode;
	snprintf(sinks[sink_count].name, sizeof sinks[0].name, "%.60s", name);
	return sink_count++;
}

static struct line *line_begin(const FILE *stream, int fd, int sink)
{
	struct line *line = calloc(1, sizeof *line);

	*line = (struct line){.thread = gettid(),
		.address = turn_of,
		.stream = stream,
		.fd = fd,
		.sink = sink,
		.inode = sinks[sink].inode,
		.is_open = true};
	*last_line = line;
	last_line = &line->next;
	return line;
}

/* The line that this thread is at. */
static struct line *line_open(const FILE *stream, int fd, int sink)
{
	struct line *found = NULL;

	for (struct line *line = first_line; line; line = line->next) {
		if (!line->is_open || line->thread != gettid() || line->stream != stream)
			continue;
		if (line->sink == sink)
			found = line;
		else if (line->fd == fd)
			line->is_open = false;
	}
	return found;
}

static void line_add(struct line *line, const char *bytes, size_t length)
{
	if (line->length + length > line->size) {
		line->size = 2 * (line->length + length);
		line->text = realloc(line->text, line->size);
	}
	memcpy(line->text + line->length, bytes, length);
	line->length += length;
}

static void wrote(const FILE *stream, int fd, int sink, const char *bytes, size_t length)
{
	struct line *line = length ? line_open(stream, fd, sink) : NULL;

	while (length) {
		const char *end = memchr(bytes, '\n', length);
		const size_t part = end ? (size_t)(end - bytes) : length;

		if (!line)
			line = line_begin(stream, fd, sink);
		if (part)
			line_add(line, bytes, part);
		if (!end)
			break;
		line->is_open = false;
		line = NULL;
		bytes += part + 1;
		length -= part + 1;
	}
}

static bool is_between_lines(const FILE *stream)
{
	for (const struct line *line = first_line; line; line = line->next) {
		if (line->is_open && line->stream == stream)
			return false;
	}
	return true;
}

/* What the handler of an alarm wrote, which may come at any moment of a step. */
static struct {
	pid_t thread;
	const void *address;
} alarms[20000];
static atomic_uint alarm_count;
static _Thread_local volatile sig_atomic_t is_in_step;
static int alarms_fd;

static void on_alarm(int signal)
{
	const int saved = errno;
	unsigned number;

	(void)signal;
	if (is_in_step) {
		number = alarm_count++;
		if (number >= sizeof alarms / sizeof *alarms ||
			write(alarms_fd, "an alarm\n", 9) != 9)
			_exit(4);
		alarms[number].thread = gettid();
		alarms[number].address = turn_of;
	}
	errno = saved;
}

static void write_alarms(FILE *file)
{
	struct stat stat;

	if (fstat(alarms_fd, &stat))
		fail("alarms.log");
	for (unsigned i = 0; i < alarm_count; i++)
		fprintf(file, "%d\t%llu\t%llu\t8\t616E20616C61726D\n", alarms[i].thread,
			(unsigned long long)(uintptr_t)alarms[i].address,
			(unsigned long long)stat.st_ino);
}

static void write_truth(const char *path, size_t kept)
{
	FILE *file = fopen(path, "w");

	if (!file)
		fail(path);
	write_alarms(file);
	for (const struct line *line = first_line; line; line = line->next) {
		fprintf(file, "%d\t%llu\t%llu\t%zu\t", line->thread,
			(unsigned long long)(uintptr_t)line->address,
			(unsigned long long)line->inode, line->length);
		for (size_t i = 0; i < line->length && i < kept; i++)
			fprintf(file, "%02X", (unsigned char)line->text[i]);
		putc('\n', file);
	}
	if (fclose(file))
		fail(path);
}

/* --- files and what is open of them ------------------------------------------------------- */

/* A name in the folder, and how it is opened: what makes its descriptors logs. */
static struct {
	const char *name;
	int flags;
	const char *mode;
	int rotated;
} files[FILES] = {{"one.log", O_WRONLY | O_CREAT, "r+", 0},
	{"two.appended", O_WRONLY | O_CREAT | O_APPEND, "a", 0},
	{"three.log", O_WRONLY | O_CREAT | O_APPEND, "a+", 0}};

static struct output {
	int fd; /* -1: nothing is open here */
	FILE *stream;
	int sink; /* -1: nothing was written there since it was opened */
	bool is_log;
	bool is_fixed;
	bool seeks; /* not opened for appending */
} outputs[OUTPUTS];
static int pipe_end;

static int sink_of_output(struct output *output)
{
	char path[4200], link[64];
	const char *name;
	ssize_t length;
	struct stat stat;

	if (output->sink < 0) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", output->fd);
		length = readlink(link, path, sizeof path - 1);
		if (length < 0 || fstat(output->fd, &stat))
			fail("an output");
		path[length] = '\0';
		name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
		output->sink = sink_by_name(stat.st_ino, name);
		/* What was rotated before the first line is no log by its name any more. */
		output->is_log = output->fd <= STDERR_FILENO ||
				 (fcntl(output->fd, F_GETFL) & O_APPEND) ||
				 (strlen(name) > 4 && !strcmp(name + strlen(name) - 4, ".log"));
	}
	return output->sink;
}

static struct output *output_any(void)
{
	struct output *output;

	do
		output = &outputs[below(OUTPUTS)];
	while (output->fd < 0);
	return output;
}

static void output_open(void)
{
	struct output *output = &outputs[below(OUTPUTS)];
	const int file = (int)below(FILES);
	static const int modes[] = {_IOFBF, _IOLBF, _IONBF};
	int fd;

	if (output->fd >= 0)
		return;
	*output = (struct output){.sink = -1, .seeks = file == 0};
	fd = open(files[file].name, files[file].flags, 0600);
	if (fd < 0)
		fail(files[file].name);
	if (output->seeks)
		lseek(fd, 0, SEEK_END);
	output->fd = fd;
	if (one_in(3))
		return;
	if (one_in(2)) {
		output->stream = fdopen(fd, output->seeks ? "w" : "a");
	} else {
		output->stream = fopen(files[file].name, files[file].mode);
		close(fd);
		output->fd = fileno(output->stream);
		if (output->seeks)
			fseek(output->stream, 0, SEEK_END);
	}
	if (!one_in(4))
		setvbuf(output->stream, NULL, modes[below(3)], one_in(2) ? 16 + below(100) : 4096);
}

static void output_close(void)
{
	struct output *output = output_any();

	if (output->is_fixed || (output->stream && !is_between_lines(output->stream)))
		return;
	if (output->stream)
		fclose(output->stream);
	else
		close(output->fd);
	output->fd = -1;
}

/* One descriptor becomes another's file. */
static void output_dup(void)
{
	struct output *from = output_any(), *to = output_any();

	if (from == to || to->is_fixed || from->fd == STDOUT_FILENO)
		return;
	/* What is in its buffer would get into the other file. */
	if (to->stream)
		fflush(to->stream);
	if (dup2(from->fd, to->fd) < 0)
		fail("dup2");
	to->sink = -1;
	to->seeks = from->seeks;
}

static void rotate(void)
{
	const int file = (int)below(FILES);
	char name[80];

	snprintf(name, sizeof name, "%s.%d", files[file].name, ++files[file].rotated);
	if (rename(files[file].name, name))
		files[file].rotated--;
}

static void outputs_begin(void)
{
	int ends[2];

	/* A pipe that is often full on the standard output, a file on the standard error. */
	if (pipe(ends) || dup2(ends[1], STDOUT_FILENO) < 0 || close(ends[1]))
		fail("pipe");
	pipe_end = ends[0];
	fcntl(pipe_end, F_SETFL, O_NONBLOCK);
	fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
	ends[0] = open("errors", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (dup2(ends[0], STDERR_FILENO) < 0 || close(ends[0]))
		fail("errors");
	for (int i = 0; i < OUTPUTS; i++)
		outputs[i].fd = -1;
	outputs[0] = (struct output){.fd = STDOUT_FILENO, .sink = -1, .is_fixed = true};
	outputs[1] =
		(struct output){.fd = STDERR_FILENO, .sink = -1, .is_fixed = true, .seeks = true};
	outputs[2] = (struct output){
		.fd = STDERR_FILENO, .stream = stderr, .sink = -1, .is_fixed = true};
}

/* --- writing ------------------------------------------------------------------------------ */

static char text[TEXT_MAX + 1];

/* Some text, of any bytes. */
static size_t any_text(void)
{
	const size_t longest = one_in(400) ? TEXT_MAX : one_in(40) ? 60000 : one_in(8) ? 3000 : 70;
	const size_t length = 1 + below(longest);
	const uint64_t newline = 2 + below(60);
	const int kind = (int)below(6);

	for (size_t i = 0; i < length; i++) {
		text[i] = (char)('a' + below(26));
		if (length < 100000 && one_in(newline))
			text[i] = '\n';
		else if (kind == 0 && one_in(5))
			text[i] = (char)below(256);
		else if (kind == 1 && one_in(9))
			text[i] = '\0';
		else if (kind == 2 && one_in(9) && i + 2 < length)
			memcpy(text + i, "\xc3\xa9\r", 3), i += 2;
	}
	if (length && one_in(2))
		text[length - 1] = '\n';
	text[length] = '\0';
	return length;
}

/* Returns how many of the bytes were taken; those up to the first NUL, where it is a string. */
static ssize_t by_descriptor(const struct output *output, size_t length)
{
	struct iovec pieces[3];
	uv_fs_t request;
	uv_buf_t buffer;
	ssize_t written;

	switch (below(5)) {
	case 0:
		pieces[0] = (struct iovec){text, below(length + 1)};
		pieces[1] = (struct iovec){text + pieces[0].iov_len, 0};
		pieces[2] = (struct iovec){text + pieces[0].iov_len, length - pieces[0].iov_len};
		return writev(output->fd, pieces, 3);
	case 1:
		if (output->fd == STDOUT_FILENO)
			return write(output->fd, text, length);
		return pwrite(output->fd, text, length, lseek(output->fd, 0, SEEK_END));
	case 2:
		/* On a full pipe it does not say how much it wrote. */
		if (output->fd != STDOUT_FILENO)
			return dprintf(output->fd, "%s", text);
		return write(output->fd, text, length);
	case 3:
		buffer = uv_buf_init(text, (unsigned)length);
		written = uv_fs_write(NULL, &request, output->fd, &buffer, 1, -1, NULL);
		uv_fs_req_cleanup(&request);
		return written;
	default:
		return write(output->fd, text, length);
	}
}

static size_t by_stream(FILE *stream, size_t length)
{
	size_t part;
	int kind = (int)below(6);

	if (kind <= 1 && length > 600)
		length = 600;
	switch (kind) {
	case 0:
		for (part = 0; part < length; part++)
			fputc((unsigned char)text[part], stream);
		return length;
	case 1:
		for (part = 0; part < length; part++)
			(putc)((unsigned char)text[part], stream);
		return length;
	case 2:
		fputs(text, stream);
		return strlen(text);
	case 3:
		return (size_t)fprintf(stream, "%s", text);
	case 4:
		part = below(length + 1);
		return fwrite(text, 1, part, stream) +
		       fwrite(text + part, 1, length - part, stream);
	default:
		return fwrite(text, 1, length, stream);
	}
}

static void write_some(void)
{
	struct output *output = output_any();
	const int sink = sink_of_output(output);
	const size_t length = any_text();

	if (output->stream) {
		const size_t taken = by_stream(output->stream, length);

		if (output->is_log)
			wrote(output->stream, output->fd, sink, text, taken);
		if (one_in(20))
			fflush(output->stream);
	} else {
		const ssize_t written = by_descriptor(output, length);

		if (written > 0 && output->is_log)
			wrote(NULL, output->fd, sink, text, (size_t)written);
		if (output->fd == STDERR_FILENO || output->seeks)
			lseek(output->fd, 0, SEEK_END);
	}
}

static void on_signal(int signal)
{
	struct output *output = &outputs[below(2)];
	const char *words = one_in(2) ? "by a signal\n" : "by a ";
	const ssize_t written = write(output->fd, words, strlen(words));

	(void)signal;
	if (written > 0)
		wrote(NULL, output->fd, sink_of_output(output), words, (size_t)written);
}

/* What one callback does. */
static void step(const void *address)
{
	char drained[65536];

	turn_of = address;
	is_in_step = true;
	for (int left = 1 + (int)below(6); left > 0; left--) {
		switch (below(24)) {
		case 0:
		case 1:
			output_open();
			break;
		case 2:
			output_close();
			break;
		case 3:
			output_dup();
			break;
		case 4:
			if (one_in(4))
				rotate();
			break;
		case 5:
			raise(SIGUSR1);
			break;
		case 6:
			while (read(pipe_end, drained, sizeof drained) > 0)
				;
			break;
		default:
			write_some();
			break;
		}
	}
	is_in_step = false;
}

/* --- turns -------------------------------------------------------------------------------- */

/* Something with a callback; never given back, so that its address tells it from all others. */
struct site {
	union {
		uv_handle_t handle;
		uv_timer_t timer;
		uv_idle_t idle;
		uv_fs_t fs;
		uv_work_t work;
	};
};

static struct worker {
	pthread_t thread;
	uv_loop_t loop;
	uv_async_t bell;
	bool ends;
} workers[WORKERS];
static uv_sem_t is_done;

static void on_handle(uv_handle_t *handle)
{
	step(handle);
	uv_close(handle, NULL);
	uv_sem_post(&is_done);
}

static void on_timer(uv_timer_t *timer)
{
	on_handle((uv_handle_t *)timer);
}

static void on_idle(uv_idle_t *idle)
{
	on_handle((uv_handle_t *)idle);
}

static void on_stat(uv_fs_t *request)
{
	step(request);
	uv_fs_req_cleanup(request);
	uv_sem_post(&is_done);
}

static void in_pool(uv_work_t *request)
{
	step(request);
}

static void after_pool(uv_work_t *request, int status)
{
	(void)request;
	(void)status;
	uv_sem_post(&is_done);
}

static void on_bell(uv_async_t *bell)
{
	struct worker *worker = bell->data;
	struct site *site = calloc(1, sizeof *site);

	if (worker->ends) {
		uv_close((uv_handle_t *)bell, NULL);
		return;
	}
	switch (below(5)) {
	case 0:
		uv_timer_init(&worker->loop, &site->timer);
		uv_timer_start(&site->timer, on_timer, 0, 0);
		break;
	case 1:
		uv_idle_init(&worker->loop, &site->idle);
		uv_idle_start(&site->idle, on_idle);
		break;
	case 2:
		uv_fs_stat(&worker->loop, &site->fs, "/", on_stat);
		break;
	case 3:
		uv_queue_work(&worker->loop, &site->work, in_pool, after_pool);
		break;
	default:
		step(bell);
		uv_sem_post(&is_done);
		break;
	}
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	uv_run(&worker->loop, UV_RUN_DEFAULT);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
	sigset_t alarm_set;

	if (argc != 4)
		return 2;
	state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	outputs_begin();
	alarms_fd = open("alarms.log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	signal(SIGUSR1, on_signal);
	signal(SIGALRM, on_alarm);
	uv_sem_init(&is_done, 0);
	for (int i = 0; i < WORKERS; i++) {
		workers[i].bell.data = &workers[i];
		uv_loop_init(&workers[i].loop);
		uv_async_init(&workers[i].loop, &workers[i].bell, on_bell);
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	sigemptyset(&alarm_set);
	sigaddset(&alarm_set, SIGALRM);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < STEPS; i++) {
		struct worker *worker = &workers[below(WORKERS + 1) % WORKERS];

		/* Alarms come to the main thread, unless it does not let them. */
		pthread_sigmask(one_in(3) ? SIG_UNBLOCK : SIG_BLOCK, &alarm_set, NULL);
		if (one_in(8)) {
			step(NULL);
			continue;
		}
		uv_async_send(&worker->bell);
		uv_sem_wait(&is_done);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	for (int i = 0; i < WORKERS; i++) {
		workers[i].ends = true;
		uv_async_send(&workers[i].bell);
		pthread_join(workers[i].thread, NULL);
	}
	write_truth(argv[2], strtoull(argv[3], NULL, 10));
	return 0;
}
