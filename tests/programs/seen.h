/*
 * What a process sees of itself and its surroundings, in words: for the transparency programs (see
 * say.h) and for the children that they make. Nothing here may differ when the process is recorded,
 * but for LD_PRELOAD, ACAUSAL_* and a mapping whose name says "acausal", which are left out.
 *
 * Not looked at, since a recorded process catches them for a purpose: which signals the kernel says
 * are caught. What the process itself sees of those, libc_signals.c asks.
 */
#ifndef ACAUSAL_TESTS_SEEN_H
#define ACAUSAL_TESTS_SEEN_H

#include "tests/programs/say.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>

extern char **environ;

/* One entry, with our library taken out of a list that the user has begun himself. */
static inline void seen_variable(const char *entry)
{
	char kept[4096], *part, *rest;

	if (strncmp(entry, "ACAUSAL_", 8) == 0)
		return;
	if (strncmp(entry, "LD_PRELOAD=", 11) != 0) {
		SAY("  %s", entry);
		return;
	}
	snprintf(kept, sizeof kept, "%s", entry + 11);
	for (part = strtok_r(kept, ": ", &rest); part; part = strtok_r(NULL, ": ", &rest))
		if (!strstr(part, "libacausal.so"))
			SAY("  LD_PRELOAD has %s", part);
}

static inline void seen_environment(void)
{
	char **entry;

	SAY("environment:");
	/* `_` is the shell's word for the command that it ran: record, or the program. */
	for (entry = environ; entry && *entry; entry++)
		if (strncmp(*entry, "_=", 2) != 0)
			seen_variable(*entry);
}

static inline void seen_descriptors(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		SAY("descriptor %d: flags %x %x tty %d", fd, fcntl(fd, F_GETFD), fcntl(fd, F_GETFL),
			isatty(fd));
	say_descriptors("seen");
}

static inline void seen_limits(void)
{
	struct rlimit limit;
	int i;

	for (i = 0; i < (int)RLIMIT_NLIMITS; i++) {
		getrlimit((__rlimit_resource_t)i, &limit);
		SAY("limit %d: %lx %lx", i, (long)limit.rlim_cur, (long)limit.rlim_max);
	}
}

/* Lines of the status of this thread. SigCgt is not among them: see above. */
static inline void seen_status(void)
{
	static const char *const lines[] = {"Name", "Umask", "TracerPid", "Uid", "Gid", "Groups",
		"Threads", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "CapInh", "CapPrm", "CapEff",
		"CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters",
		"Speculation_Store_Bypass", "Cpus_allowed", "Mems_allowed", "CoreDumping",
		"THP_enabled", "VmLck", "VmPin"};
	FILE *file = fopen("/proc/thread-self/status", "re");
	char line[1024];
	size_t i;

	while (file && fgets(line, sizeof line, file))
		for (i = 0; i < sizeof lines / sizeof *lines; i++)
			if (strncmp(line, lines[i], strlen(lines[i])) == 0 &&
				line[strlen(lines[i])] == ':')
				printf("status %s", line);
	if (file)
		fclose(file);
}

static inline void seen_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256] = "none\n";

	if (file) {
		if (!fgets(line, sizeof line, file))
			snprintf(line, sizeof line, "empty\n");
		fclose(file);
	}
	printf("%s: %s", path, line);
}

static inline void seen_place(pid_t parent)
{
	char folder[4096];
	mode_t mask = umask(0);
	pid_t of_own;

	umask(mask);
	SAY("folder %s", getcwd(folder, sizeof folder) ? folder : "none");
	SAY("umask %o", mask);
	SAY("leads its group %d, its session %d", getpgrp() == getpid(), getsid(0) == getpid());
	SAY("in its parent's group %d, session %d", getpgrp() == getpgid(getppid()),
		getsid(0) == getsid(getppid()));
	if (parent)
		SAY("child of who made it %d", getppid() == parent);
	of_own = waitpid(-1, NULL, WNOHANG);
	SAY("no child of its own: %d %s", of_own, strerrorname_np(errno));
}

static inline void seen_process(void)
{
	struct itimerval timer;
	int which, value = 0;

	SAY("nice %d, scheduler %d", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));
	SAY("dumpable %d, keeps capabilities %d, slack %d, subreaper %d %d", prctl(PR_GET_DUMPABLE),
		prctl(PR_GET_KEEPCAPS), prctl(PR_GET_TIMERSLACK),
		prctl(PR_GET_CHILD_SUBREAPER, &value), value);
	SAY("signal at the parent's death %d %d", prctl(PR_GET_PDEATHSIG, &value), value);
	SAY("personality %x", personality(0xffffffff));
	for (which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		getitimer(which, &timer);
		SAY("timer %d: %ld %ld", which, (long)timer.it_value.tv_sec,
			(long)timer.it_value.tv_usec);
	}
	seen_file("/proc/self/oom_score_adj");
	seen_file("/proc/self/coredump_filter");
	seen_file("/proc/self/timers");
	seen_file("/proc/self/loginuid");
	seen_file("/proc/self/cgroup");
}

static inline int seen_module(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size, (void)unused;
	if (!strstr(info->dlpi_name, "acausal") || strstr(info->dlpi_name, "/tests/"))
		SAY("module %s", info->dlpi_name);
	return 0;
}

/* The names in /proc/self/maps, each once. */
static inline void seen_mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	char line[4096], last[4096] = "", *name;

	while (file && fgets(line, sizeof line, file)) {
		name = strpbrk(line, "/[");
		if (!name || strstr(name, "libacausal.so") || strstr(name, "memfd:acausal") ||
			strcmp(name, last) == 0)
			continue;
		snprintf(last, sizeof last, "%s", name);
		printf("mapping %s", name);
	}
	if (file)
		fclose(file);
}

static inline void seen_library_state(void)
{
	SAY("locale %s, libc's next random number %d", setlocale(LC_ALL, NULL), rand());
	SAY("stdin buffer %zu, stderr buffer %zu, line buffered %d", __fbufsize(stdin),
		__fbufsize(stderr), __flbf(stderr) != 0);
	SAY("dlerror %s", dlerror() ? "left" : "none");
	SAY("program %s, run as %s, secure %lu", program_invocation_name,
		(char *)getauxval(AT_EXECFN), getauxval(AT_SECURE));
}

static inline void seen_terminal(void)
{
	struct termios terminal;

	if (tcgetattr(0, &terminal) != 0)
		return;
	SAY("terminal %x %x %x %x, foreground %d", terminal.c_iflag, terminal.c_oflag,
		terminal.c_cflag, terminal.c_lflag, tcgetpgrp(0) == getpgrp());
}

/* All of it; `parent` is the process that should have made this one, or 0. */
static inline void seen_all(const char *where, pid_t parent)
{
	SAY("=== seen %s", where);
	seen_environment();
	seen_descriptors();
	seen_place(parent);
	seen_limits();
	seen_status();
	seen_process();
	seen_library_state();
	seen_terminal();
	dl_iterate_phdr(seen_module, NULL);
	seen_mappings();
}

/* What matters most, where all of it would be too long. */
static inline void seen_little(const char *where, pid_t parent)
{
	SAY("=== seen %s", where);
	seen_environment();
	seen_descriptors();
	seen_place(parent);
	seen_status();
}

#endif
