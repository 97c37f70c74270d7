/*
 * Writes lines where its arguments say, each by one write(2), in a callback of its own:
 *
 *     1, 2        "to 1" to that descriptor
 *     PATH        "to PATH" to a file that is opened for writing, and emptied
 *     +PATH       … that is opened for appending
 *     xN          N times "x" and a newline to the descriptor 1
 *     x,N         … and no newline
 *     mv,FROM,TO  renames a file
 *     kill        ends by SIGKILL
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static char **words;

static void fail(const char *what)
{
	perror(what);
	exit(3);
}

static void put(int fd, const char *text, size_t length)
{
	if (write(fd, text, length) != (ssize_t)length)
		fail("write");
}

static void put_file(const char *path)
{
	int how = *path == '+' ? O_APPEND : O_TRUNC, fd;
	char text[4200];

	path += how == O_APPEND;
	fd = open(path, O_WRONLY | O_CREAT | how, 0600);
	if (fd < 0)
		fail(path);
	put(fd, text, (size_t)snprintf(text, sizeof text, "to %s\n", path));
	close(fd);
}

static void put_many(const char *word)
{
	const char *comma = strchr(word, ',');
	size_t count = (size_t)atol(comma ? comma + 1 : word + 1);
	char *text = malloc(count + 1);

	memset(text, 'x', count);
	text[count] = '\n';
	put(STDOUT_FILENO, text, count + !comma);
	free(text);
}

static void on_timer(uv_timer_t *timer)
{
	char *word = *words++;

	if (!word) {
		uv_close((uv_handle_t *)timer, NULL);
	} else if (!strcmp(word, "1") || !strcmp(word, "2")) {
		char text[] = "to ?\n";

		text[3] = *word;
		put(atoi(word), text, sizeof text - 1);
	} else if (!strncmp(word, "mv,", 3)) {
		char *to = strrchr(word, ',');

		*to = 0;
		if (rename(word + 3, to + 1))
			fail(word);
	} else if (!strcmp(word, "kill")) {
		raise(SIGKILL);
	} else if (*word == 'x') {
		put_many(word);
	} else {
		put_file(word);
	}
}

int main(int argc, char **argv)
{
	uv_timer_t timer;

	(void)argc;
	words = argv + 1;
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_timer, 0, 1);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
