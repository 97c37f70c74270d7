/*
 * Types on a terminal, as a script says, into a command that is the foreground job there, as a
 * shell with job control runs it:
 *
 *     pty_type COLUMNSxROWS SCRIPT COMMAND [ARG...]
 *
 * What the terminal shows goes to stdout, as plain text: without escape sequences, carriage returns
 * and bells. The script has one step a line:
 *
 *     enter TEXT     waits for the prompt, types TEXT and Enter
 *     prompt         waits for the prompt
 *     type KEYS      types them at once; \t \r \e \\ and \xHH are characters
 *     see TEXT       waits until TEXT is shown, after what the step before waited for
 *     size CxR       the terminal has another size from now on
 *
 * Empty lines and those that begin with # are nothing. When the job stops, "[stopped]" is shown and
 * it goes on. $PTY_PROMPT is the prompt, else "(acausal) ". The exit status is the job's, 128 + N
 * for signal N; 124 when what a step waits for has not come within a minute (which it is says
 * stderr).
 */
#include "tests/programs/pty_shell.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 60 /* seconds, for one step */

struct terminal {
	int descriptor;
	pid_t shell;
	char *shown; /* plain, with a NUL behind */
	size_t size, seen;
	bool is_over;
	enum { PLAIN, ESCAPE, SEQUENCE, STRING } state; /* of what is being taken out */
};

static void fail(const char *why, const char *what)
{
	fprintf(stderr, "pty_type: %s%s\n", why, what);
	exit(2);
}

/* One byte that the terminal shows, unless it is part of what is not text. */
static void show(struct terminal *terminal, char byte)
{
	switch (terminal->state) {
	case ESCAPE:
		terminal->state = byte == '[' ? SEQUENCE : byte == ']' ? STRING : PLAIN;
		return;
	case SEQUENCE:
		if (byte >= '@' && byte <= '~')
			terminal->state = PLAIN;
		return;
	case STRING:
		if (byte == '\a')
			terminal->state = PLAIN;
		return;
	default:
		break;
	}
	if (byte == 033) {
		terminal->state = ESCAPE;
	} else if (byte != '\r' && byte != '\a' && byte) {
		terminal->shown[terminal->size++] = byte;
		putchar(byte);
	}
}

/* Waits for more, at most until `until`. False when there is none. */
static bool read_more(struct terminal *terminal, time_t until)
{
	struct pollfd poll_for = {.fd = terminal->descriptor, .events = POLLIN};
	char bytes[4096];
	time_t now = time(NULL);
	ssize_t count, i;

	if (terminal->is_over || now >= until || poll(&poll_for, 1, (int)(until - now) * 1000) <= 0)
		return false;
	/* A terminal whose other side is closed gives EIO. */
	count = read(terminal->descriptor, bytes, sizeof bytes);
	if (count <= 0) {
		terminal->is_over = true;
		return false;
	}
	terminal->shown = realloc(terminal->shown, terminal->size + (size_t)count + 1);
	if (!terminal->shown)
		fail("out of memory", "");
	for (i = 0; i < count; i++)
		show(terminal, bytes[i]);
	fflush(stdout);
	terminal->shown[terminal->size] = '\0';
	return true;
}

static void wait_for(struct terminal *terminal, const char *text)
{
	time_t until = time(NULL) + LIMIT;
	char *found = NULL;

	for (;;) {
		if (terminal->shown)
			found = strstr(terminal->shown + terminal->seen, text);
		if (found)
			break;
		if (!read_more(terminal, until)) {
			fflush(stdout);
			fprintf(stderr, "\npty_type: not shown%s: %s\n",
				terminal->is_over ? " before the end" : "", text);
			if (!terminal->is_over)
				kill(terminal->shell, SIGHUP);
			exit(124);
		}
	}
	terminal->seen = (size_t)(found - terminal->shown) + strlen(text);
}

static void type(struct terminal *terminal, const char *keys, size_t count)
{
	while (count) {
		ssize_t part = write(terminal->descriptor, keys, count);

		if (part < 0)
			return; /* it has ended, which the next step sees */
		keys += part;
		count -= (size_t)part;
	}
}

/* With the characters that \… stand for. */
static void type_escaped(struct terminal *terminal, const char *keys)
{
	unsigned int number;
	char byte;

	for (; *keys; keys++) {
		byte = *keys;
		if (byte == '\\' && keys[1]) {
			keys++;
			byte = *keys == 't'   ? '\t'
			       : *keys == 'r' ? '\r'
			       : *keys == 'e' ? '\033'
					      : *keys;
			if (*keys == 'x' && sscanf(keys + 1, "%2x", &number) == 1) {
				byte = (char)number;
				keys += 2;
			}
		}
		type(terminal, &byte, 1);
	}
}

static struct winsize read_size(const char *text)
{
	unsigned short columns, rows;

	if (sscanf(text, "%hux%hu", &columns, &rows) != 2)
		fail("no size: ", text);
	return (struct winsize){.ws_col = columns, .ws_row = rows};
}

static void do_step(struct terminal *terminal, const char *line)
{
	const char *prompt = getenv("PTY_PROMPT"), *rest = strchr(line, ' ');
	struct winsize size;

	prompt = prompt ? prompt : "(acausal) ";
	rest = rest ? rest + 1 : "";
	if (!*line || *line == '#')
		return;
	if (!strncmp(line, "enter", 5)) {
		wait_for(terminal, prompt);
		type(terminal, rest, strlen(rest));
		type(terminal, "\r", 1);
	} else if (!strcmp(line, "prompt")) {
		wait_for(terminal, prompt);
	} else if (!strncmp(line, "type ", 5)) {
		type_escaped(terminal, rest);
	} else if (!strncmp(line, "see ", 4)) {
		wait_for(terminal, rest);
	} else if (!strncmp(line, "size ", 5)) {
		size = read_size(rest);
		ioctl(terminal->descriptor, TIOCSWINSZ, &size);
	} else {
		fail("no step: ", line);
	}
}

int main(int argc, char **argv)
{
	struct terminal terminal = {0};
	struct winsize size;
	char line[65536];
	FILE *script;
	int status;

	if (argc < 4)
		fail("usage: pty_type COLUMNSxROWS SCRIPT COMMAND [ARG...]", "");
	size = read_size(argv[1]);
	script = fopen(argv[2], "re");
	if (!script)
		fail("cannot read ", argv[2]);
	terminal.shell = forkpty(&terminal.descriptor, NULL, NULL, &size);
	if (terminal.shell < 0)
		fail("no terminal", "");
	if (terminal.shell == 0)
		_exit(be_shell(argv + 3));
	while (fgets(line, sizeof line, script)) {
		line[strcspn(line, "\n")] = '\0';
		do_step(&terminal, line);
	}
	while (read_more(&terminal, time(NULL) + LIMIT))
		;
	fflush(stdout);
	if (!terminal.is_over) {
		fprintf(stderr, "\npty_type: it has not ended\n");
		kill(terminal.shell, SIGHUP);
		return 124;
	}
	while (waitpid(terminal.shell, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
