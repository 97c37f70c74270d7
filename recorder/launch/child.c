/*
 * Starts the command and stands aside. The command is in our process group, so that the terminal's
 * signals reach it without us; what other processes send to us, who seem to them to be the command,
 * is passed on. Signals are blocked and read from a descriptor, so that no handler runs and no
 * disposition changes that the command would inherit.
 */
#include "recorder/launch/child.h"

#include "recorder/wire/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Passed on to the command when a process sent them, but not when the terminal did. */
static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

/* Of no concern to us while the command runs. */
static const int kept_out[] = {SIGTSTP, SIGTTIN, SIGTTOU};

static void take_signals(struct child *child)
{
	struct sigaction standard = {.sa_handler = SIG_DFL}, ignored = {.sa_handler = SIG_IGN};
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
		sigaddset(&mask, forwarded[i]);
	for (size_t i = 0; i < sizeof kept_out / sizeof *kept_out; i++)
		sigaddset(&mask, kept_out[i]);
	sigprocmask(SIG_BLOCK, &mask, &child->old_mask);
	/* Nor shall we die of a closed pipe on stderr while we finish; this stays so to the end. */
	sigaction(SIGPIPE, &ignored, &child->old_pipe);
	/* A recording that may grow no more has failed; the command goes on. */
	sigaction(SIGXFSZ, &ignored, &child->old_size);
	/* Whoever started us may have SIGCHLD ignored: the kernel would then wait in our place. */
	sigaction(SIGCHLD, &standard, &child->old_child);
	child->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void give_signals_back(struct child *child)
{
	sigaction(SIGCHLD, &child->old_child, NULL);
	sigprocmask(SIG_SETMASK, &child->old_mask, NULL);
}

/* What is about a recording that we are in ourselves is not about this one. */
static int prepare_environment(bool alone)
{
	char self[32];

	snprintf(self, sizeof self, "%d", (int)getpid());
	if (unsetenv(ARENA_FROM_ENV) != 0 || unsetenv(ARENA_LOG_ENV) != 0 ||
		unsetenv(ARENA_LOG_MAX_ENV) != 0 || unsetenv(ARENA_TAG_ENV) != 0 ||
		unsetenv(ARENA_FLIGHT_ENV) != 0)
		return -1;
	return alone ? setenv(ARENA_PID_ENV, self, 1) : unsetenv(ARENA_PID_ENV);
}

static _Noreturn void become(struct child *child, const char *path, char *const *arguments,
	char *const *variables, bool alone, int report)
{
	int number;

	if (prepare_environment(alone) != 0)
		goto fail;
	for (; *variables; variables++)
		if (putenv(*variables) != 0)
			goto fail;
	sigaction(SIGPIPE, &child->old_pipe, NULL);
	sigaction(SIGXFSZ, &child->old_size, NULL);
	give_signals_back(child);
	execvp(path, arguments);
fail:
	number = errno;
	if (write(report, &number, sizeof number) < 0)
		number = errno;
	_exit(127);
}

int child_init(struct child *child, const char *path, char *const *arguments,
	char *const *variables, bool alone, struct error *err)
{
	int ends[2];

	*child = (struct child){.signals = -1, .exec_pipe = -1};
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return error_set_errno(err, errno, "making a pipe");
	take_signals(child);
	if (child->signals < 0) {
		error_set_errno(err, errno, "making a descriptor for signals");
		goto fail;
	}
	child->pid = fork();
	if (child->pid < 0) {
		error_set_errno(err, errno, "starting a process");
		goto fail;
	}
	if (child->pid == 0)
		become(child, path, arguments, variables, alone, ends[1]);
	close(ends[1]);
	child->exec_pipe = ends[0];
	return 0;
fail:
	give_signals_back(child);
	if (child->signals >= 0)
		close(child->signals);
	close(ends[0]);
	close(ends[1]);
	return -1;
}

static bool is_stopped(pid_t pid)
{
	char path[64], text[512];
	const char *state;
	FILE *file;
	bool ret = false;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	/* "PID (NAME) STATE …", where NAME may hold anything. */
	if (fgets(text, sizeof text, file) && (state = strrchr(text, ')')) && state[1] == ' ')
		ret = state[2] == 'T';
	fclose(file);
	return ret;
}

/*
 * The terminal stopped the command; the shell waits for us, so we stop too. Without a terminal no
 * shell would wake us again, and a plain SIGSTOP was meant for the command alone.
 */
static void stop_likewise(const struct child *child, int signal)
{
	int terminal;

	if (signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU)
		return;
	terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (terminal < 0)
		return;
	close(terminal);
	raise(SIGSTOP);
	/* Awake again. A shell wakes the whole group; others may have meant us alone. */
	if (is_stopped(child->pid))
		kill(child->pid, SIGCONT);
}

/* What wait(2) would say. */
static int status_of(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return W_EXITCODE(info->si_status & 0xff, 0);
	return W_EXITCODE(0, info->si_status) | (info->si_code == CLD_DUMPED ? WCOREFLAG : 0);
}

/* What came for the command while it ended is not for us. */
static void drop_signals(const struct child *child)
{
	struct signalfd_siginfo info;

	while (read(child->signals, &info, sizeof info) == sizeof info)
		;
}

static void look_after(struct child *child)
{
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		/* Left waitable: until child_deinit its ID must not become another's. */
		if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
			info.si_pid == child->pid) {
			child->is_ended = true;
			child->wait_status = status_of(&info);
			drop_signals(child);
			return;
		}
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)child->pid, &info, WSTOPPED | WNOHANG) != 0 ||
			info.si_pid != child->pid)
			return;
		stop_likewise(child, info.si_status);
	}
}

static void forward(const struct child *child, const struct signalfd_siginfo *info)
{
	for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) {
		if ((int)info->ssi_signo != forwarded[i])
			continue;
		/*
		 * What the kernel sent on the terminal's behalf went to the whole group, and what
		 * comes from the command itself it sent to a group that it is in.
		 */
		if (info->ssi_code <= 0 && info->ssi_pid != (uint32_t)child->pid)
			kill(child->pid, (int)info->ssi_signo);
	}
}

/* When the command has ended, and what it started has not, these are for us. */
static bool is_end(uint32_t signal)
{
	return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

void child_attend(struct child *child)
{
	struct signalfd_siginfo info;

	if (child->exec_pipe >= 0) {
		int number;
		ssize_t size = read(child->exec_pipe, &number, sizeof number);

		if (size >= 0 || (errno != EAGAIN && errno != EINTR)) {
			if (size == sizeof number)
				child->exec_errno = number;
			close(child->exec_pipe);
			child->exec_pipe = -1;
		}
	}
	while (read(child->signals, &info, sizeof info) == sizeof info)
		if (!child->is_ended)
			forward(child, &info);
		else if (is_end(info.ssi_signo))
			child->is_asked_to_stop = true;
	if (!child->is_ended)
		look_after(child);
}

int child_deinit(struct child *child, int *ret_signal)
{
	int status = 0;

	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	drop_signals(child);
	close(child->signals);
	if (child->exec_pipe >= 0)
		close(child->exec_pipe);
	give_signals_back(child);
	child->wait_status = status;
	*ret_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return *ret_signal ? 128 + *ret_signal : WEXITSTATUS(status);
}
