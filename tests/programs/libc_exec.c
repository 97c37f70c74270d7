/*
 * What libc's ways of making a process answer, where they work and where they are refused, and what
 * the process that comes of them sees: a transparency program, see say.h and seen.h. It works in
 * the folder it stands in.
 *
 * As `libc_exec seen PARENT WORDS...` it is such a child.
 */
#include "tests/programs/seen.h"

#include <pty.h>
#include <spawn.h>
#include <sys/mman.h>

static char self[4096], parent[32];
static char *const seen_arguments[] = {"name given", "seen", parent, "one", "two words", NULL};
static char *const custom[] = {
	"PATH=/usr/bin:/bin", "CUSTOM=yes", "EMPTY=", "NO_EQUALS_SIGN", NULL};
static char *const preloaded[] = {"LD_PRELOAD=libm.so.6", "CUSTOM=yes", NULL};
static char *const nothing[] = {NULL};
/* Behind the compiler's back. */
static void *volatile wild = (void *)8, *volatile none;

/* --- children ----------------------------------------------------------------------------- */

static int child(int argc, char **argv)
{
	int i;

	SAY("child, %d arguments, first %s", argc, argv[0]);
	for (i = 3; i < argc; i++)
		SAY("  %s", argv[i]);
	seen_little("in a child", (pid_t)atoi(argv[2]));
	return 11;
}

static void reap(pid_t pid)
{
	int status = -1;

	if (pid <= 0)
		return;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	SAY("  it ended with %x", status);
}

/* Forks, and in the child evaluates what should never return; says what it returned. */
#define IN_CHILD(make, call)                                                                       \
	do {                                                                                       \
		pid_t pid_of_child;                                                                \
		char **environ_before = environ;                                                   \
                                                                                                   \
		SAY("%s in a child of %s:", #call, #make);                                         \
		pid_of_child = make();                                                             \
		if (pid_of_child == 0) {                                                           \
			errno = ERRNO_BEFORE;                                                      \
			(void)!(call);                                                             \
			SAY("  it returned, errno %s, environ %s", strerrorname_np(errno),         \
				environ == environ_before ? "same" : "other");                     \
			_exit(99);                                                                 \
		}                                                                                  \
		reap(pid_of_child);                                                                \
	} while (0)

/* --- files to be run ---------------------------------------------------------------------- */

static void make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd);
	MUST(write(fd, text, strlen(text)));
	MUST(fchmod(fd, mode));
	close(fd);
}

static void make_files(void)
{
	mkdir("closed", 0700);
	mkdir("folder", 0700);
	mkdir("folder/program", 0700);
	make_file("plain", "not a program\n", 0644);
	make_file("headless", "echo \"headless: $0 $1\"; exit 21\n", 0755);
	make_file("our-script", "#!/bin/sh\necho \"script: $1 $2\"; exit 22\n", 0755);
	make_file("lost", "#!/nowhere/at/all\n", 0755);
	make_file("closed/program", "#!/bin/sh\nexit 23\n", 0644);
	make_file("empty", "", 0755);
	make_file("elf", "\177ELF that is none\n", 0755);
	MUST(symlink("round", "round"));
}

/* --- exec --------------------------------------------------------------------------------- */

static void exec_refused(void)
{
	static char *many[40000], word[] = "a word of which there are too many to be passed on";
	static char long_name[8192];
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *end = pages + 4096, **cut = (char **)(void *)(end - 2 * sizeof *cut);
	char *texts = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *cut_text = memcpy(texts + 4096 - 12, "LD_PRELOAD=x", 12);
	size_t i;

	/* A list and a text that go on where nothing is. */
	cut[0] = cut[1] = custom[0];
	MUST(munmap(end, 4096));
	MUST(munmap(texts + 4096, 4096));
	memset(long_name, 'x', sizeof long_name - 1);
	for (i = 0; i + 1 < sizeof many / sizeof *many; i++)
		many[i] = word;
	SECTION("exec that is refused");
	IN_CHILD(fork, execve("/nowhere/at/all", seen_arguments, environ));
	IN_CHILD(fork, execve("", seen_arguments, environ));
	IN_CHILD(fork, execve("plain", seen_arguments, custom));
	IN_CHILD(fork, execve("folder", seen_arguments, custom));
	IN_CHILD(fork, execve("plain/under", seen_arguments, custom));
	IN_CHILD(fork, execve("round", seen_arguments, custom));
	IN_CHILD(fork, execve("headless", seen_arguments, custom));
	IN_CHILD(fork, execve("empty", seen_arguments, custom));
	IN_CHILD(fork, execve("elf", seen_arguments, custom));
	IN_CHILD(fork, execve("lost", seen_arguments, custom));
	IN_CHILD(fork, execve(long_name, seen_arguments, custom));
	IN_CHILD(fork, execve(wild, seen_arguments, custom));
	IN_CHILD(fork, execve(self, wild, custom));
	IN_CHILD(fork, execve(self, many, custom));
	IN_CHILD(fork, execve(self, seen_arguments, many));
	IN_CHILD(fork, execve(self, seen_arguments, wild));
	IN_CHILD(fork, execve(self, seen_arguments, (char *[]){"GOOD=1", wild, NULL}));
	IN_CHILD(fork, execve(self, seen_arguments, cut));
	IN_CHILD(fork, execve(self, seen_arguments, (char *[]){cut_text, NULL}));
	IN_CHILD(fork, execv("/nowhere/at/all", seen_arguments));
	IN_CHILD(fork, execl("/nowhere/at/all", "a", "b", (char *)NULL));
	IN_CHILD(fork, execle("/nowhere/at/all", "a", "b", (char *)NULL, custom));
	IN_CHILD(fork, execlp("no-such-program-anywhere", "a", "b", (char *)NULL));
	IN_CHILD(fork, fexecve(-1, seen_arguments, custom));
	IN_CHILD(fork, fexecve(999, seen_arguments, custom));
	IN_CHILD(fork, fexecve(0, none, custom));
	IN_CHILD(fork, fexecve(0, seen_arguments, none));
	IN_CHILD(fork, execveat(AT_FDCWD, "nowhere", seen_arguments, custom, 0));
	IN_CHILD(fork, execveat(999, "nowhere", seen_arguments, custom, 0));
	IN_CHILD(fork, execveat(AT_FDCWD, wild, seen_arguments, custom, AT_EMPTY_PATH));
	IN_CHILD(fork, execveat(AT_FDCWD, self, seen_arguments, custom, 1 << 30));
	IN_CHILD(fork, execveat(AT_FDCWD, "round", seen_arguments, custom, AT_SYMLINK_NOFOLLOW));
}

/* The rules of the search are libc's: which error counts, and what runs what is no program. */
static void exec_searched(const char *path)
{
	if (path)
		setenv("PATH", path, 1);
	else
		unsetenv("PATH");
	SECTION("exec that searches");
	SAY("PATH is %s", path ? path : "not set");
	IN_CHILD(fork, execvp("program", seen_arguments));
	IN_CHILD(fork, execvp("our-script", (char *[]){"s", "1", "2", NULL}));
	IN_CHILD(fork, execvp("headless", (char *[]){"h", "1", "2", NULL}));
	IN_CHILD(fork, execvp("./headless", (char *[]){"h", "1", "2", NULL}));
	IN_CHILD(fork, execvpe("headless", (char *[]){"h", "1", "2", NULL}, custom));
	IN_CHILD(fork, execlp("headless", "h", "1", "2", (char *)NULL));
	IN_CHILD(fork, execvp("empty", (char *[]){"e", NULL}));
	IN_CHILD(fork, execvp("elf", (char *[]){"e", NULL}));
	IN_CHILD(fork, execvp("plain", (char *[]){"p", NULL}));
	IN_CHILD(fork, execvp("lost", (char *[]){"l", NULL}));
	IN_CHILD(fork, execvp("sh", (char *[]){"sh", "-c", "exit 24", NULL}));
	IN_CHILD(fork, execvp("", seen_arguments));
	IN_CHILD(fork, execvpe("no-such-program-anywhere", seen_arguments, custom));
}

static void exec_carried_out(void)
{
	int fd = open(self, O_RDONLY | O_CLOEXEC), folder = open(".", O_PATH | O_CLOEXEC);
	int script = open("our-script", O_RDONLY | O_CLOEXEC), kept = open("our-script", O_RDONLY);

	SECTION("exec that is carried out");
	IN_CHILD(fork, execve(self, seen_arguments, environ));
	IN_CHILD(fork, execve(self, seen_arguments, custom));
	IN_CHILD(fork, execve(self, seen_arguments, preloaded));
	IN_CHILD(fork, execve(self, seen_arguments, nothing));
	IN_CHILD(fork, execve(self, seen_arguments, none));
	IN_CHILD(fork, execve("our-script", (char *[]){"s", "1", "2", NULL}, custom));
	IN_CHILD(fork, execve("/bin/sh", nothing, custom));
	IN_CHILD(fork, execv(self, seen_arguments));
	IN_CHILD(fork, execvp(self, seen_arguments));
	IN_CHILD(fork, execvpe(self, seen_arguments, custom));
	IN_CHILD(fork, execl(self, "a", "seen", parent, "b", (char *)NULL));
	IN_CHILD(fork, execle(self, "a", "seen", parent, "b", (char *)NULL, custom));
	IN_CHILD(fork, execlp(self, "a", "seen", parent, "b", (char *)NULL));
	IN_CHILD(fork, fexecve(fd, seen_arguments, custom));
	IN_CHILD(fork, fexecve(script, (char *[]){"s", "1", "2", NULL}, custom));
	IN_CHILD(fork, fexecve(kept, (char *[]){"s", "1", "2", NULL}, custom));
	IN_CHILD(fork, execveat(fd, "", seen_arguments, custom, AT_EMPTY_PATH));
	IN_CHILD(fork, execveat(folder, "our-script", (char *[]){"s", "1", "2", NULL}, custom, 0));
	IN_CHILD(_Fork, execve(self, seen_arguments, custom));
	IN_CHILD(vfork, execve(self, seen_arguments, custom));
	IN_CHILD(vfork, execve("/nowhere/at/all", seen_arguments, custom));
	IN_CHILD(vfork, (_exit(17), 0));
	IN_CHILD(fork, (_Exit(18), 0));
	IN_CHILD(fork, (exit(19), 0));
	IN_CHILD(_Fork, (_exit(20), 0));
	IN_CHILD(fork, (seen_little("in a forked child", getppid()), _exit(25), 0));
	IN_CHILD(_Fork, (seen_little("in a forked child", getppid()), _exit(26), 0));
	IN_CHILD(fork, raise(SIGKILL));
	close(fd);
	close(folder);
	close(script);
	close(kept);
}

/* --- posix_spawn -------------------------------------------------------------------------- */

/* The child prints before its parent says what came of it. */
#define SPAWN(function, ...)                                                                       \
	do {                                                                                       \
		pid_t spawned = -7;                                                                \
		int spawn_result, spawn_errno;                                                     \
                                                                                                   \
		SAY("%s%s:", #function, #__VA_ARGS__);                                             \
		errno = ERRNO_BEFORE;                                                              \
		spawn_result = function __VA_ARGS__;                                               \
		spawn_errno = errno;                                                               \
		reap(spawned);                                                                     \
		SAY("  %s, errno %s, pid %s", result_name(-spawn_result),                          \
			spawn_errno == ERRNO_BEFORE ? "kept" : strerrorname_np(spawn_errno),       \
			spawned > 0 ? "set" : "not set");                                          \
	} while (0)

static void spawning(void)
{
	posix_spawn_file_actions_t actions, wrong;
	posix_spawnattr_t attributes;
	sigset_t signals;

	SECTION("posix_spawn");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "our-script", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, 1, 7);
	posix_spawn_file_actions_init(&wrong);
	posix_spawn_file_actions_addopen(&wrong, 0, "/nowhere/at/all", O_RDONLY, 0);
	posix_spawnattr_init(&attributes);
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	posix_spawnattr_setsigmask(&attributes, &signals);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	SPAWN(posix_spawn, (&spawned, self, NULL, NULL, seen_arguments, environ));
	SPAWN(posix_spawn, (&spawned, self, NULL, NULL, seen_arguments, custom));
	SPAWN(posix_spawn, (&spawned, self, NULL, NULL, seen_arguments, preloaded));
	SPAWN(posix_spawn, (&spawned, self, NULL, NULL, seen_arguments, none));
	SPAWN(posix_spawn, (&spawned, self, NULL, NULL, seen_arguments, wild));
	SPAWN(posix_spawn, (&spawned, self, &actions, &attributes, seen_arguments, custom));
	SPAWN(posix_spawn, (&spawned, self, &wrong, NULL, seen_arguments, custom));
	SPAWN(posix_spawn, (&spawned, "/nowhere/at/all", NULL, NULL, seen_arguments, custom));
	SPAWN(posix_spawn, (&spawned, "plain", NULL, NULL, seen_arguments, custom));
	SPAWN(posix_spawn, (&spawned, "headless", NULL, NULL, seen_arguments, custom));
	SPAWN(posix_spawn,
		(&spawned, "our-script", NULL, NULL, (char *[]){"s", "1", "2", NULL}, custom));
	SPAWN(posix_spawn, (NULL, "/bin/true", NULL, NULL, (char *[]){"t", NULL}, environ));
	reap(wait(NULL));
	SPAWN(posix_spawnp,
		(&spawned, "our-script", NULL, NULL, (char *[]){"s", "1", "2", NULL}, custom));
	SPAWN(posix_spawnp,
		(&spawned, "headless", NULL, NULL, (char *[]){"h", "1", "2", NULL}, custom));
	SPAWN(posix_spawnp, (&spawned, "program", NULL, NULL, (char *[]){"p", NULL}, custom));
	SPAWN(posix_spawnp,
		(&spawned, "no-such-program-anywhere", NULL, NULL, seen_arguments, custom));
	SPAWN(posix_spawnp, (&spawned, "", NULL, NULL, seen_arguments, custom));
	SPAWN(posix_spawnp, (&spawned, self, &actions, NULL, seen_arguments, environ));
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawn_file_actions_destroy(&wrong);
}

/* --- the shell ---------------------------------------------------------------------------- */

static void piped(const char *words, const char *command, const char *mode)
{
	char line[256];
	FILE *stream;
	int status;

	errno = ERRNO_BEFORE;
	stream = popen(command, mode);
	SAY("popen %s %s: %s, errno %s", words, mode, stream ? "open" : "NULL",
		errno == ERRNO_BEFORE ? "kept" : strerrorname_np(errno));
	if (!stream)
		return;
	SAY("  close on exec %d", fcntl(fileno(stream), F_GETFD));
	if (*mode == 'w')
		fprintf(stream, "written\n");
	else
		while (fgets(line, sizeof line, stream))
			printf("  read %s", line);
	status = pclose(stream);
	SAY("  pclose %x", status);
}

static void shells(void)
{
	char command[8192];
	FILE *first, *second;

	SECTION("system and popen");
	TRY(system(NULL));
	TRY(system("exit 3"));
	TRY(system("kill -9 $$"));
	TRY(system("no-such-program-anywhere 2>/dev/null"));
	TRY(system("env | grep -v -e ^LD_PRELOAD= -e ^ACAUSAL_ -e ^_= | sort; ls /proc/self/fd"));
	snprintf(command, sizeof command, "exec '%s' seen %d 'from a shell'", self, getpid());
	TRY(system(command));
	piped("this program", command, "r");
	piped("cat", "cat; exit 4", "w");
	piped("exit", "exit 5", "re");
	piped("exit", "exit 5", "x");
	piped("exit", "exit 5", "rw");
	first = popen("cat", "w");
	second = popen("cat >/dev/null; ls /proc/self/fd | wc -l", "w");
	SAY("two at once: %s %s", first ? "open" : "NULL", second ? "open" : "NULL");
	TRY(pclose(second)); /* which waits for ever if the second child has the first's end */
	TRY(pclose(first));
	signal(SIGCHLD, SIG_IGN);
	TRY(system("exit 6"));
	signal(SIGCHLD, SIG_DFL);
}

/* --- daemons and terminals ------------------------------------------------------------------ */

/* What comes through a descriptor, to its end. A terminal ends with an error. */
static void copy_from(int fd)
{
	char bytes[4096];
	ssize_t count;

	while ((count = read(fd, bytes, sizeof bytes)) > 0)
		fwrite(bytes, 1, (size_t)count, stdout);
	close(fd);
}

static void become_daemon(int stays, int keeps_open, int out)
{
	pid_t before = getppid(), first = getpid();
	int result;

	errno = ERRNO_BEFORE;
	result = daemon(stays, keeps_open);
	dprintf(out, "daemon(%d, %d) = %d, errno %s\n", stays, keeps_open, result,
		errno == ERRNO_BEFORE ? "kept" : strerrorname_np(errno));
	while (getppid() == first || getppid() == before)
		usleep(1000);
	dup2(out, 1);
	seen_little("in a daemon", 0);
	execv(self, seen_arguments);
	_exit(99);
}

static void daemons(void)
{
	int i, ends[2];
	pid_t pid;

	SECTION("daemon");
	for (i = 0; i < 4; i++) {
		MUST(pipe2(ends, O_CLOEXEC));
		pid = fork();
		if (pid == 0)
			become_daemon(i & 1, i & 2, ends[1]);
		close(ends[1]);
		reap(pid);
		copy_from(ends[0]);
	}
}

static void terminals(void)
{
	int master;
	pid_t pid;

	SECTION("forkpty");
	errno = ERRNO_BEFORE;
	pid = forkpty(&master, NULL, NULL, NULL);
	SAY("forkpty %s, errno %s",
		pid > 0	   ? "made one"
		: pid == 0 ? "is in it"
			   : "failed",
		errno == ERRNO_BEFORE ? "kept" : strerrorname_np(errno));
	if (pid == 0) {
		seen_all("in a child with a terminal", getppid());
		execv(self, seen_arguments);
		_exit(99);
	}
	copy_from(master);
	reap(pid);
}

int main(int argc, char **argv)
{
	struct rlimit one = {1, 1};
	ssize_t length;

	say_begin();
	if (argc > 2 && strcmp(argv[1], "seen") == 0)
		return child(argc, argv);
	length = readlink("/proc/self/exe", self, sizeof self - 1);
	MUST(length);
	snprintf(parent, sizeof parent, "%d", getpid());
	make_files();
	exec_refused();
	exec_searched("closed:folder:/nowhere:.");
	exec_searched("/usr/bin:/bin");
	exec_searched(":/bin");
	exec_searched("");
	exec_searched(NULL);
	setenv("PATH", "/usr/bin:/bin:.", 1);
	exec_carried_out();
	spawning();
	shells();
	daemons();
	terminals();
	SECTION("no room for another process");
	if (geteuid() != 0 && setrlimit(RLIMIT_NPROC, &one) == 0)
		TRY(fork());
	seen_all("after all that", 0);
	return 12;
}
