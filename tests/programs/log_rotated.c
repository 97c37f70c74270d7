/*
 * Writes the same text again and again into a log file, which is renamed, cut short or shared while
 * that goes on:
 *
 *	log_rotated plain|rename|copytruncate|writers|bare FILE
 *
 * Each timer's callback writes "round N" and then "same", but for `bare`, which writes "same"
 *alone; so the line before a "same" says in which run it was written. `writers` are two threads,
 *each with a loop and numbers of its own.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { ROUNDS = 12 };

static const char *mode, *path;
static int file;

struct rounds {
	uv_loop_t loop;
	uv_timer_t timer;
	int first, count;
};

static void open_file(void)
{
	file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (file < 0)
		exit(1);
}

/* What rotates logs does so from outside; for the file it is the same. */
static void rename_file(void)
{
	char other[4096];

	snprintf(other, sizeof other, "%s.1", path);
	if (rename(path, other))
		exit(1);
	close(file);
	open_file();
}

static void copy_file(void)
{
	char other[4096], bytes[4096];
	int from = open(path, O_RDONLY), to;
	ssize_t count;

	snprintf(other, sizeof other, "%s.1", path);
	to = open(other, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	while ((count = read(from, bytes, sizeof bytes)) > 0)
		if (write(to, bytes, (size_t)count) != count)
			exit(1);
	close(from);
	close(to);
	if (truncate(path, 0))
		exit(1);
}

static void on_timer(uv_timer_t *timer)
{
	struct rounds *rounds = timer->data;

	if (rounds->count == ROUNDS / 2 && !strcmp(mode, "rename"))
		rename_file();
	if (rounds->count == ROUNDS / 2 && !strcmp(mode, "copytruncate"))
		copy_file();
	if (strcmp(mode, "bare"))
		dprintf(file, "round %d\n", rounds->first + rounds->count);
	dprintf(file, "same\n");
	if (++rounds->count == ROUNDS)
		uv_close((uv_handle_t *)timer, NULL);
}

static void run_rounds(void *argument)
{
	struct rounds *rounds = argument;

	uv_loop_init(&rounds->loop);
	uv_timer_init(&rounds->loop, &rounds->timer);
	rounds->timer.data = rounds;
	uv_timer_start(&rounds->timer, on_timer, 1, 1);
	uv_run(&rounds->loop, UV_RUN_DEFAULT);
	uv_loop_close(&rounds->loop);
}

int main(int argc, char **argv)
{
	static struct rounds one, other = {.first = 100};
	uv_thread_t thread;

	if (argc < 3)
		return 2;
	mode = argv[1];
	path = argv[2];
	open_file();
	if (!strcmp(mode, "writers") && uv_thread_create(&thread, run_rounds, &other))
		return 1;
	run_rounds(&one);
	if (!strcmp(mode, "writers"))
		uv_thread_join(&thread);
	close(file);
	return 0;
}
