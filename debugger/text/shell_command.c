/* A command of the shell: see shell_command.h. It inherits no descriptor but the standard three. */
#include "debugger/text/shell_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* `input` becomes its standard input; -1: it has ours. Returns 0 or an errno. */
static int spawn(pid_t *ret, const char *text, int input)
{
	const char *shell = getenv("SHELL");
	char *words[] = {"sh", "-c", (char *)text, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults, none;
	int code;

	if (!text) {
		words[0] = (char *)(shell && *shell ? shell : "/bin/sh");
		words[1] = NULL;
	}
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setsigmask(&attributes, &none);
	if (input >= 0)
		posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	code = posix_spawn(ret, text ? "/bin/sh" : words[0], &actions, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

int shell_command_feed(struct shell_command *ret, const char *text, struct error *err)
{
	int ends[2], code;

	*ret = (struct shell_command){0};
	if (pipe2(ends, O_CLOEXEC))
		return error_set_errno(err, errno, "cannot make a pipe");
	code = spawn(&ret->pid, text, ends[0]);
	close(ends[0]);
	if (!code && !(ret->input = fdopen(ends[1], "w"))) {
		code = ENOMEM;
		close(ends[1]);
		shell_command_end(ret);
	} else if (code) {
		close(ends[1]);
	}
	return code ? error_set_errno(err, code, "cannot run '%s'", text) : 0;
}

int shell_command_start(struct shell_command *ret, const char *text, struct error *err)
{
	int code;

	*ret = (struct shell_command){0};
	code = spawn(&ret->pid, text, -1);
	return code ? error_set_errno(err, code, "cannot run '%s'", text ? text : "a shell") : 0;
}

int shell_command_end(struct shell_command *command)
{
	int status;

	if (command->input)
		fclose(command->input);
	command->input = NULL;
	while (waitpid(command->pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
