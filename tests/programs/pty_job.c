/*
 * Runs a command as the foreground job of a terminal, as a shell with job control does, and types
 * into it:
 *
 *     pty_job WORD KEYS COMMAND [ARG...]
 *
 * KEYS (with \x03 and the like as characters) are typed each time WORD has been printed. When the
 * job stops, "[stopped]" is printed and it is continued. What the terminal shows goes to stdout.
 * The exit status is the job's, 128 + N for signal N.
 */
#include "tests/programs/pty_shell.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char shown[65536];
	size_t size = 0, seen = 0;
	pid_t shell;
	int terminal, status;
	ssize_t part;

	if (argc < 4)
		return 2;
	shell = forkpty(&terminal, NULL, NULL, NULL);
	if (shell < 0)
		return 2;
	if (shell == 0)
		_exit(be_shell(argv + 3));
	/* A terminal whose other side is closed gives EIO. */
	while (size < sizeof shown - 1 &&
		(part = read(terminal, shown + size, sizeof shown - 1 - size)) > 0) {
		char *word;

		if (write(STDOUT_FILENO, shown + size, (size_t)part) < 0)
			return 2;
		size += (size_t)part;
		shown[size] = 0;
		while ((word = strstr(shown + seen, argv[1]))) {
			seen = (size_t)(word - shown) + strlen(argv[1]);
			if (write(terminal, argv[2], strlen(argv[2])) < 0)
				return 2;
		}
	}
	while (waitpid(shell, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
