/* What a shell does with a job on a terminal: for programs that stand in for one. */
#ifndef ACAUSAL_TESTS_PTY_SHELL_H
#define ACAUSAL_TESTS_PTY_SHELL_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* On the terminal, as the leader of its session. */
static inline int be_shell(char **command)
{
	pid_t job;
	int status;

	signal(SIGTTOU, SIG_IGN);
	job = fork();
	if (job == 0) {
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
		execvp(command[0], command);
		_exit(127);
	}
	setpgid(job, job);
	tcsetpgrp(0, job);
	for (;;) {
		if (waitpid(job, &status, WUNTRACED) < 0) {
			if (errno == EINTR)
				continue;
			return 1;
		}
		if (!WIFSTOPPED(status))
			break;
		tcsetpgrp(0, getpid());
		printf("[stopped]\n");
		fflush(stdout);
		tcsetpgrp(0, job);
		kill(-job, SIGCONT);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
