/*
 * What uv_spawn answers, and what the processes that it makes see: a transparency program, see
 * say.h and seen.h. As `uv_spawns seen PARENT WORDS...` it is such a child.
 */
#include "tests/programs/seen.h"

static uv_loop_t *loop;
static char self[4096], parent[32];
static char storage[65536];
static uv_process_t process;

static int child(int argc, char **argv)
{
	int i;

	SAY("child, %d arguments, first %s", argc, argv[0]);
	for (i = 3; i < argc; i++)
		SAY("  %s", argv[i]);
	seen_all("in a child", (pid_t)atoi(argv[2]));
	return 31;
}

static void on_close(uv_handle_t *handle)
{
	SAY("closed %s", uv_handle_type_name(uv_handle_get_type(handle)));
}

static void on_exit_of_child(uv_process_t *ended, int64_t status, int signal)
{
	SAY("on_exit_of_child status %d signal %d active %d", (int)status, signal,
		uv_is_active((uv_handle_t *)ended));
	say_descriptors("in on_exit_of_child");
	TRY(uv_process_kill(ended, SIGTERM)); /* ESRCH */
	TRY(uv_process_kill(ended, 0));
	uv_close((uv_handle_t *)ended, on_close);
}

/* --- one process after the other ---------------------------------------------------------- */

static char *seen_arguments[] = {"name given", "seen", parent, "one", "two words", NULL};
static char *custom[] = {"PATH=/usr/bin:/bin", "CUSTOM=yes", "EMPTY=", NULL};
static char *preloaded[] = {"LD_PRELOAD=libm.so.6", "CUSTOM=yes", NULL};
static char *nothing[] = {NULL};
static uv_stdio_container_t inherited[3] = {{.flags = UV_IGNORE},
	{.flags = UV_INHERIT_FD, .data.fd = 1}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
static const uv_process_options_t usual = {.exit_cb = on_exit_of_child,
	.file = self,
	.args = seen_arguments,
	.stdio = inherited,
	.stdio_count = 3};

/* What children print comes at any moment: it goes to a file, and from there to where it belongs.
 */
static void show_printed(void)
{
	ssize_t count;

	lseek(inherited[1].data.fd, 0, SEEK_SET);
	while ((count = read(inherited[1].data.fd, storage, sizeof storage)) > 0)
		fwrite(storage, 1, (size_t)count, stdout);
	MUST(ftruncate(inherited[1].data.fd, 0));
}

static void spawn(const char *words, const uv_process_options_t *options)
{
	const uv_process_options_t copy = *options;
	int result;

	SECTION(words);
	memset(&process, 0x5a, sizeof process);
	errno = ERRNO_BEFORE;
	result = uv_spawn(loop, &process, options);
	SAY("uv_spawn = %s, errno %s", result_name(result),
		errno == ERRNO_BEFORE ? "kept" : strerrorname_np(errno));
	SAY("pid %s, options %s", uv_process_get_pid(&process) > 0 ? "set" : "none",
		memcmp(&copy, options, sizeof copy) == 0 ? "as they were" : "changed");
	if (result != 0)
		uv_close((uv_handle_t *)&process, on_close);
	RUN(loop);
	show_printed();
}

static void environments(void)
{
	uv_process_options_t options = usual;

	spawn("the same environment", &options);
	options.env = custom;
	spawn("an environment of its own", &options);
	options.env = preloaded;
	spawn("an environment with another library before", &options);
	options.env = nothing;
	spawn("an empty environment", &options);
	options = usual;
	options.cwd = "/";
	spawn("another folder", &options);
	options.cwd = "/nowhere/at/all";
	spawn("a folder that is none", &options);
	options = usual;
	options.flags = UV_PROCESS_DETACHED;
	spawn("a session of its own", &options);
	options = usual;
	options.flags = UV_PROCESS_SETUID | UV_PROCESS_SETGID;
	options.uid = getuid();
	options.gid = getgid();
	spawn("the same user", &options);
}

static void refused(void)
{
	char *many[] = {"/bin/sh", "-c", "exit 3", NULL};
	uv_process_options_t options = usual;

	options.file = "/nowhere/at/all";
	spawn("no such file", &options);
	options.file = "no-such-program-anywhere";
	spawn("nothing on the path", &options);
	options.file = "/";
	spawn("a folder", &options);
	options.file = "/etc/passwd";
	spawn("a file that is no program", &options);
	options.file = "";
	spawn("no name", &options);
	options.file = "sh";
	options.args = many;
	spawn("found on the path", &options);
	options.env = custom;
	spawn("found on the path of its own environment", &options);
	options.env = nothing;
	spawn("found without a path", &options);
	options = usual;
	options.flags = UV_PROCESS_SETUID;
	options.uid = geteuid() == 0 ? (uv_uid_t)-1 : 0;
	spawn("another user", &options);
}

static void endings(void)
{
	char *sleeps[] = {"sleep", "1000", NULL}, *exits[] = {"sh", "-c", "exit 4", NULL};
	char *kills[] = {"sh", "-c", "kill -USR1 $$", NULL};
	uv_process_options_t options = usual;

	SECTION("how processes end");
	options.file = "sleep";
	options.args = sleeps;
	TRY(uv_spawn(loop, &process, &options));
	TRY(uv_process_kill(&process, 0));
	TRY(uv_process_kill(&process, 999));
	TRY(uv_kill(process.pid, 0));
	TRY(uv_kill(process.pid, SIGKILL));
	RUN(loop);
	TRY(uv_spawn(loop, &process, &options));
	TRY(kill(process.pid, SIGHUP));
	RUN(loop);
	TRY(uv_spawn(loop, &process, &options));
	TRY(kill(process.pid, SIGKILL));
	uv_close((uv_handle_t *)&process, on_close); /* before it is known to have ended */
	RUN(loop);
	waitpid(process.pid, NULL, 0);
	options.file = "sh";
	options.args = kills;
	spawn("by itself", &options);
	options.args = exits;
	spawn("with a status", &options);
	options.exit_cb = NULL;
	SECTION("unheard");
	TRY(uv_spawn(loop, &process, &options));
	RUN(loop);
	uv_close((uv_handle_t *)&process, on_close);
	RUN(loop);
}

/* --- pipes to a child --------------------------------------------------------------------- */

static uv_pipe_t to_child, from_child;

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)handle, (void)suggested;
	*buffer = uv_buf_init(storage, sizeof storage);
}

/* In how many parts it comes is the scheduler's. */
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
	if (count > 0) {
		fwrite(buffer->base, 1, (size_t)count, stdout);
		return;
	}
	MUST(count == UV_EOF ? 0 : count);
	uv_close((uv_handle_t *)stream, NULL);
}

/* With the child's end, in an order that is the scheduler's. */
static void on_exit_quietly(uv_process_t *ended, int64_t status, int signal)
{
	(void)status, (void)signal;
	uv_close((uv_handle_t *)ended, NULL);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
	MUST(status);
	uv_close((uv_handle_t *)request->handle, NULL);
}

static void pipes(void)
{
	char *cat[] = {"sh", "-c", "cat; ls /proc/self/fd; cat <&4; exit 5", NULL};
	uv_stdio_container_t stdio[5] = {{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
						 .data.stream = (uv_stream_t *)&to_child},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&from_child},
		{.flags = UV_INHERIT_FD, .data.fd = 2}, {.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD}};
	uv_process_options_t options = {.exit_cb = on_exit_quietly};
	uv_buf_t buffer = uv_buf_init("to the child\n", 13);
	int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uv_shutdown_t end;

	SECTION("pipes");
	MUST(uv_pipe_init(loop, &to_child, 0));
	MUST(uv_pipe_init(loop, &from_child, 0));
	stdio[4].data.fd = file;
	options.file = "sh";
	options.args = cat;
	options.stdio = stdio;
	options.stdio_count = 5;
	TRY(uv_spawn(loop, &process, &options));
	TRY(uv_read_start((uv_stream_t *)&from_child, on_alloc, on_read));
	TRY(uv_try_write((uv_stream_t *)&to_child, &buffer, 1));
	TRY(uv_shutdown(&end, (uv_stream_t *)&to_child, on_shutdown));
	RUN(loop);
	close(file);
}

int main(int argc, char **argv)
{
	ssize_t length;

	say_begin();
	if (argc > 2 && strcmp(argv[1], "seen") == 0)
		return child(argc, argv);
	length = readlink("/proc/self/exe", self, sizeof self - 1);
	MUST(length);
	snprintf(parent, sizeof parent, "%d", getpid());
	inherited[1].data.fd = open("printed", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	MUST(inherited[1].data.fd);
	loop = uv_default_loop();
	environments();
	refused();
	pipes();
	endings();
	say_loop(loop);
	TRY(uv_loop_close(loop));
	say_descriptors("at the end");
	return 16;
}
