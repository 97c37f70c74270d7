/*
 * Runs a command on a terminal of its own, and holds the terminal's output (Ctrl-S) while the
 * command works:
 *
 *     trap_terminal FILE COMMAND [ARG...]
 *
 * When the command has said "ready", Ctrl-S is typed and FILE.go is made; when FILE has appeared,
 * or after ten seconds, Ctrl-Q. What the terminal showed goes to stdout, with "[held]" where the
 * output was held, and "[FILE is there]" when it came meanwhile. The exit status is the command's.
 */
#include <fcntl.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *words)
{
	if (write(STDOUT_FILENO, words, strlen(words)) < 0)
		exit(2);
}

/* Holds the terminal until `file` is there. */
static void hold(int terminal, const char *file)
{
	char go[256];
	int tenths;

	snprintf(go, sizeof go, "%s.go", file);
	if (write(terminal, "\x13", 1) != 1)
		exit(2);
	say("[held]\n");
	usleep(50000); /* the terminal takes what is typed when it comes to it */
	close(open(go, O_CREAT | O_WRONLY, 0600));
	for (tenths = 0; tenths < 100 && access(file, F_OK) != 0; tenths++)
		usleep(100000);
	if (access(file, F_OK) == 0)
		say("[FILE is there]\n");
	if (write(terminal, "\x11", 1) != 1)
		exit(2);
}

int main(int argc, char **argv)
{
	char shown[65536];
	size_t size = 0;
	bool was_held = false;
	int terminal, status;
	pid_t command;
	ssize_t part;

	if (argc < 3)
		return 2;
	command = forkpty(&terminal, NULL, NULL, NULL);
	if (command < 0)
		return 2;
	if (command == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	while (size < sizeof shown - 1 &&
		(part = read(terminal, shown + size, sizeof shown - 1 - size)) > 0) {
		size += (size_t)part;
		shown[size] = 0;
		say(shown + size - (size_t)part);
		if (!was_held && strstr(shown, "ready\r\n")) {
			was_held = true;
			hold(terminal, argv[1]);
		}
	}
	if (waitpid(command, &status, 0) != command)
		return 2;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
