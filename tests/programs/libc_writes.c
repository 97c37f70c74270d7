/*
 * What the functions return and leave behind that write to descriptors, and those after which a
 * descriptor is another file's. A transparency program, see apart.h.
 */
#include "tests/programs/apart.h"

#include <dirent.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

/* Behind the compiler's back. */
static void *volatile wild = (void *)8;
static volatile int negative = -1;
static const char *volatile line = "a line\n";

static struct iovec some[] = {{"one\npart", 8}, {"", 0}, {NULL, 0}, {" two\n", 5}};

/* --- one descriptor, each function --------------------------------------------------------- */

static void every_on(int fd)
{
	struct iovec bad[] = {{"good\n", 5}, {wild, 5}}, long_ones[IOV_MAX + 1];
	char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	munmap(edge + 4096, 4096);
	memset(edge, 'e', 4096);
	edge[4000] = '\n';
	for (i = 0; i <= IOV_MAX; i++)
		long_ones[i] = (struct iovec){"x\n", 2};
	RESULT(write(fd, line, 7));
	RESULT(write(fd, line, 0));
	RESULT(write(fd, NULL, 0));
	RESULT(write(fd, wild, 5));
	RESULT(write(fd, edge + 3990, 300)); /* up to where memory ends */
	RESULT(write(fd, edge, (size_t)negative));
	RESULT(writev(fd, some, 4));
	RESULT(writev(fd, some, 0));
	RESULT(writev(fd, some, negative));
	RESULT(writev(fd, wild, 2));
	RESULT(writev(fd, bad, 2));
	RESULT(writev(fd, long_ones, IOV_MAX));
	RESULT(writev(fd, long_ones, IOV_MAX + 1));
	bad[1].iov_len = SSIZE_MAX;
	RESULT(writev(fd, bad, 2));
	RESULT(pwrite(fd, line, 7, 3));
	RESULT(pwrite(fd, line, 7, -1));
	RESULT(pwrite64(fd, line, 7, 5000));
	RESULT(pwritev(fd, some, 4, 10));
	RESULT(pwritev64(fd, some, 4, 20));
	RESULT(pwritev2(fd, some, 4, 30, 0));
	RESULT(pwritev2(fd, some, 4, -1, RWF_APPEND));
	RESULT(pwritev2(fd, some, 4, 0, 0x40000000));
	RESULT(pwritev64v2(fd, some, 4, -1, 0));
	RESULT(send(fd, line, 7, 0));
	RESULT(sendto(fd, line, 7, MSG_NOSIGNAL, NULL, 0));
	RESULT(sendmsg(fd, &(struct msghdr){.msg_iov = some, .msg_iovlen = 4}, MSG_DONTWAIT));
	RESULT(lseek(fd, 0, SEEK_CUR));
	munmap(edge, 4096);
}

static void every(void)
{
	every_on(1);
}

static void on_others(void)
{
	int fd = open("written.log", O_WRONLY | O_CREAT | O_APPEND, 0644);

	every_on(fd);
	RESULT(close(fd));
	fd = open("written.text", O_WRONLY | O_CREAT, 0644);
	every_on(fd);
	RESULT(close(fd));
	every_on(fd);
	every_on(negative);
	every_on(INT_MAX);
	fd = memfd_create("a file.log", 0);
	every_on(fd);
	fd = open(".", O_RDONLY);
	every_on(fd);
	fd = open("/dev/null", O_WRONLY);
	every_on(fd);
}

/* --- sockets ------------------------------------------------------------------------------- */

static int listener(const char *name, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, name);
	RESULT(bind(fd, (void *)&address, sizeof address));
	if (type != SOCK_DGRAM)
		RESULT(listen(fd, 5));
	return fd;
}

static void report_received(int fd)
{
	char bytes[65536];
	ssize_t length;

	while ((length = recv(fd, bytes, sizeof bytes - 1, MSG_DONTWAIT)) >= 0 && length > 0)
		report("received %zd: %.*s\n", length, (int)(length < 100 ? length : 100), bytes);
}

static void sockets(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "log.socket"};
	char control[CMSG_SPACE(sizeof(int))];
	struct msghdr message = {.msg_iov = some,
		.msg_iovlen = 4,
		.msg_name = &address,
		.msg_namelen = sizeof address,
		.msg_control = control,
		.msg_controllen = sizeof control};
	int taker = listener("log.socket", SOCK_DGRAM), pair[2];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	RESULT(send(fd, line, 7, 0)); /* ENOTCONN */
	RESULT(sendto(fd, line, 7, 0, (void *)&address, sizeof address));
	RESULT(sendto(fd, line, 0, 0, (void *)&address, sizeof address));
	RESULT(sendto(fd, wild, 7, 0, (void *)&address, sizeof address));
	RESULT(sendto(fd, line, 7, 0, wild, sizeof address));
	RESULT(sendto(fd, line, 7, 0, (void *)&address, 1));
	RESULT(sendto(fd, line, 7, 0, (void *)&address, 1000));
	CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &taker, sizeof taker);
	RESULT(sendmsg(fd, &message, 0));
	RESULT(sendmsg(fd, wild, 0));
	message.msg_iovlen = 5000;
	RESULT(sendmsg(fd, &message, 0));
	strcpy(address.sun_path, "/nowhere/at/all");
	RESULT(sendto(fd, line, 7, 0, (void *)&address, sizeof address));
	report_received(taker);
	strcpy(address.sun_path, "log.socket");
	RESULT(connect(fd, (void *)&address, sizeof address));
	every_on(fd);
	report_received(taker);
	RESULT(close(taker));
	RESULT(send(fd, line, 7, 0)); /* ECONNREFUSED */
	RESULT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
	RESULT(dup2(pair[0], 1) == 1);
	every_on(1);
	report_received(pair[1]);
	RESULT(close(pair[1]));
	RESULT(send(pair[0], line, 7, MSG_NOSIGNAL)); /* EPIPE */
	RESULT(write(1, line, 7));
}

/* --- descriptors that become others -------------------------------------------------------- */

static void say_open(void)
{
	int fd;

	for (fd = 0; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			report(" %d%s", fd, fcntl(fd, F_GETFD) & FD_CLOEXEC ? "e" : "");
	report(" are open\n");
}

static void descriptors(void)
{
	int log = open("one.log", O_WRONLY | O_CREAT | O_APPEND, 0644), i;
	int text = open("one.text", O_WRONLY | O_CREAT, 0644);
	DIR *folder;

	RESULT(write(log, line, 7));
	RESULT(dup2(text, log) == log);
	RESULT(write(log, "to the text\n", 12));
	RESULT(dup(log) > 0);
	RESULT(dup2(negative, log));
	RESULT(dup2(log, negative));
	RESULT(dup2(log, log) == log);
	RESULT(dup(negative));
	RESULT(dup3(log, 50, O_CLOEXEC));
	RESULT(dup3(log, log, 0));
	RESULT(dup3(log, 51, 0x123));
	say_open();
	RESULT(close(log));
	RESULT(close(log));
	RESULT(close(negative));
	folder = opendir(".");
	i = dirfd(folder);
	RESULT(closedir(folder));
	RESULT(write(i, line, 7));
	RESULT(open("two.log", O_WRONLY | O_CREAT | O_APPEND, 0644) == i);
	RESULT(write(i, line, 7));
	for (i = 40; i < 60; i++)
		dup2(text, i);
	RESULT(close_range(52, 55, 0));
	RESULT(close_range(56, 57, CLOSE_RANGE_CLOEXEC));
	RESULT(close_range(57, 56, 0));
	RESULT(close_range(40, 41, 0x100));
	say_open();
	RESULT(write(53, line, 7));
	RESULT(write(56, line, 7));
	RESULT(dup2(1, REPORT_FD + 1) > 0);
	closefrom(REPORT_FD + 1);
	RESULT(dup2(REPORT_FD, 3));
	RESULT(write(4, line, 7));
	say_open();
}

/* --- limits -------------------------------------------------------------------------------- */

static volatile int signals;

static void on_signal(int signum)
{
	(void)signum;
	signals++;
}

/* The report is not to be limited. */
static long limited(long result, int number)
{
	const struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_FSIZE, &limit);
	report("= %ld, errno %s, %d signals\n", result, errno_name(number), signals);
	return result;
}

#define LIMITED(call)                                                                              \
	do {                                                                                       \
		const struct rlimit limit = {100, RLIM_INFINITY};                                  \
		long result;                                                                       \
                                                                                                   \
		setrlimit(RLIMIT_FSIZE, &limit);                                                   \
		errno = UNCHANGED;                                                                 \
		result = (long)(call);                                                             \
		limited(result, errno);                                                            \
	} while (0)

static void sizes(void)
{
	signal(SIGXFSZ, on_signal);
	LIMITED(write(1, line, 7));
	LIMITED(pwrite(1, "at the very edge of what is allowed", 35, 90)); /* a part */
	LIMITED(pwrite(1, line, 7, 100));
	RESULT(lseek(1, 0, SEEK_END));
	LIMITED(writev(1, some, 4));
}

/* Calls that wait, and are interrupted. */
static void interrupted(void)
{
	struct itimerval often = {{0, 20000}, {0, 20000}};
	struct sigaction action = {.sa_handler = on_signal};
	static char much[100000];
	struct iovec parts[2] = {{much, 50000}, {much, 50000}};
	int ends[2], pair[2], size = 4096;

	sigaction(SIGALRM, &action, NULL);
	memset(much, 'm', sizeof much);
	if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0 || dup2(ends[1], 1) != 1 ||
		socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return;
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	setitimer(ITIMER_REAL, &often, NULL);
	RESULT(write(1, line, 7));
	RESULT(writev(1, parts, 2)); /* a part */
	RESULT(write(1, line, 7));
	RESULT(writev(1, parts, 2));
	RESULT(dprintf(1, "%s", line));
	RESULT(send(pair[0], much, sizeof much, 0) > 0); /* a part */
	RESULT(send(pair[0], much, sizeof much, 0));
	RESULT(write(pair[0], line, 7));
}

static void all(uv_timer_t *timer)
{
	enum output kind;

	(void)timer;
	for (kind = 0; kind < OUTPUT_COUNT; kind++)
		apart("every", kind, every);
	apart("others", TO_FILE, on_others);
	apart("sockets", TO_LOG, sockets);
	apart("descriptors", TO_FILE, descriptors);
	apart("sizes", TO_FILE, sizes);
	apart("interrupted", TO_FILE, interrupted);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	in_callback(all);
	return 23;
}
