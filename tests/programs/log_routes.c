/*
 * Writes the same text from 1,000 different callbacks by every way that a program has, and tells,
 * in a file that is no log, which callback wrote which line:
 *
 *     log_routes TRUTH std BUFFERING      to the descriptors 1 and 2, whatever they are
 *     log_routes TRUTH files BUFFERING    each way into a file of its own, in the current folder
 *     log_routes TRUTH syslog BUFFERING   to whoever listens at /dev/log; the program does itself
 *     log_routes TRUTH flush BUFFERING    by putc_unlocked as the compiler inlines it
 *     log_routes TRUTH end WAY            one line, by a function that ends the program
 *
 * BUFFERING is full, line or none. A line of TRUTH is "thread address route place text": the
 * thread's kernel ID, the address of the handle or request whose callback it was, the way, where
 * to, and the line as a glob pattern, with tabs between them. The lines of a thread are in their
 * order.
 *
 * Every way is a function `by_NAME` that stays on the stack while it writes.
 */
#include "tests/programs/log_ways.h"

enum {
	TURNS = 1000,
	THREADS = 2,
	RECORDS_MAX = 400000,
};

/* --- what is true ------------------------------------------------------------------------- */

struct record {
	long thread;
	const void *address;
	const char *route, *place, *text;
};

static struct record records[RECORDS_MAX];
static atomic_size_t record_count;
static _Thread_local const void *turn_of;

static void told(const char *route, const char *place, const char *text)
{
	const size_t number = record_count++;

	if (number >= RECORDS_MAX)
		fail("no room for what is true");
	records[number] = (struct record){gettid(), turn_of, route, place, text};
}

static void write_truth(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		fail(path);
	for (size_t i = 0; i < record_count; i++)
		fprintf(file, "%ld\t%llu\t%s\t%s\t%s\n", records[i].thread,
			(unsigned long long)(uintptr_t)records[i].address, records[i].route,
			records[i].place, records[i].text);
	if (fclose(file))
		fail(path);
}

/* --- lists of them ------------------------------------------------------------------------ */

struct route {
	const char *name;
	bool (*write)(const struct place *to);
	const char *text, *place;
	struct place own; /* files: its own */
};

#define ROUTE_ROW(name)	       {#name, by_##name, WORDS, "1", {0}},
#define STDERR_ROW(name, text) {#name, by_##name, text, "2", {0}},
#define SYSLOG_ROW(name)       {#name, by_##name, WORDS, "syslog", {0}},

#define NOT_FOUND ": No such file or directory"

static struct route anywhere[] = {ROUTE_ROW(write) ROUTE_ROW(writev) ROUTE_ROW(dprintf) ROUTE_ROW(
	dprintf_chk) ROUTE_ROW(vdprintf) ROUTE_ROW(vdprintf_chk) ROUTE_ROW(printf)
		ROUTE_ROW(printf_chk) ROUTE_ROW(vprintf) ROUTE_ROW(vprintf_chk) ROUTE_ROW(
			fprintf) ROUTE_ROW(fprintf_chk) ROUTE_ROW(vfprintf) ROUTE_ROW(vfprintf_chk)
			ROUTE_ROW(puts) ROUTE_ROW(fputs) ROUTE_ROW(fputs_unlocked) ROUTE_ROW(fwrite)
				ROUTE_ROW(fwrite_unlocked) ROUTE_ROW(putc) ROUTE_ROW(IO_putc)
					ROUTE_ROW(fputc) ROUTE_ROW(putchar) ROUTE_ROW(putc_unlocked)
						ROUTE_ROW(fputc_unlocked) ROUTE_ROW(
							putchar_unlocked) ROUTE_ROW(putw){0}};

static struct route in_files[] = {ROUTE_ROW(pwrite) ROUTE_ROW(pwrite64) ROUTE_ROW(pwritev)
		ROUTE_ROW(pwritev64) ROUTE_ROW(pwritev2) ROUTE_ROW(pwritev64v2){0}};

static struct route messages[] = {STDERR_ROW(stderr_fprintf, WORDS) STDERR_ROW(
	stderr_fputs, WORDS) STDERR_ROW(perror, WORDS NOT_FOUND) STDERR_ROW(psignal,
	WORDS ": Hangup") STDERR_ROW(psiginfo, WORDS ": Hangup (*)") STDERR_ROW(warn,
	"log_routes: " WORDS NOT_FOUND) STDERR_ROW(warnx, "log_routes: " WORDS) STDERR_ROW(vwarn,
	"log_routes: " WORDS NOT_FOUND) STDERR_ROW(vwarnx, "log_routes: " WORDS)
		STDERR_ROW(error, "*log_routes: " WORDS NOT_FOUND)
			STDERR_ROW(error_at_line, "*log_routes:some.conf:7: " WORDS){0}};

static struct route wide[] = {
	ROUTE_ROW(wprintf) ROUTE_ROW(wprintf_chk) ROUTE_ROW(vwprintf) ROUTE_ROW(vwprintf_chk)
		ROUTE_ROW(fwprintf) ROUTE_ROW(fwprintf_chk) ROUTE_ROW(vfwprintf) ROUTE_ROW(
			vfwprintf_chk) ROUTE_ROW(fputws) ROUTE_ROW(fputws_unlocked) ROUTE_ROW(putwc)
			ROUTE_ROW(putwc_unlocked) ROUTE_ROW(fputwc) ROUTE_ROW(fputwc_unlocked)
				ROUTE_ROW(putwchar) ROUTE_ROW(putwchar_unlocked){0}};

static struct route fs[] = {ROUTE_ROW(uv_fs_write) ROUTE_ROW(uv_fs_write_now){0}};
static struct route tries[] = {ROUTE_ROW(uv_try_write) ROUTE_ROW(uv_try_write2){0}};
static struct route writes[] = {ROUTE_ROW(uv_write) ROUTE_ROW(uv_write_silent){0}};
static struct route passing[] = {ROUTE_ROW(uv_write2){0}};
static struct route to_syslog[] = {
	SYSLOG_ROW(syslog) SYSLOG_ROW(syslog_chk) SYSLOG_ROW(vsyslog) SYSLOG_ROW(vsyslog_chk)
		SYSLOG_ROW(send) SYSLOG_ROW(send_write) SYSLOG_ROW(sendto) SYSLOG_ROW(sendmsg){0}};
static struct route inlined[] = {ROUTE_ROW(inlined){0}};

/* --- the callbacks ------------------------------------------------------------------------ */

static struct route *const *phase; /* lists of routes, each turn takes all; the last is NULL */
static struct place standard = {.fd = STDOUT_FILENO};
static bool has_own_places;
static int listener = -1;

/* One callback's turn: every way of the phase. */
static void turn(const void *address, uv_loop_t *loop)
{
	turn_of = address;
	for (struct route *const *list = phase; *list; list++) {
		for (struct route *route = *list; route->name; route++) {
			struct place to = has_own_places ? route->own : standard;
			char datagram[256];

			to.loop = loop;
			if (has_own_places && to.stream)
				stdout = to.stream;
			else if (has_own_places && to.wide)
				stdout = to.wide;
			told(route->name, route->place, route->text);
			if (!route->write(&to))
				fail(route->name);
			while (listener >= 0 &&
				recv(listener, datagram, sizeof datagram, MSG_DONTWAIT) > 0)
				;
		}
	}
}

/* Something with a callback; never given back, so that its address tells it from all others. */
struct site {
	union {
		uv_handle_t handle;
		uv_timer_t timer;
		uv_idle_t idle;
		uv_prepare_t prepare;
		uv_check_t check;
		uv_async_t async;
		uv_fs_t fs;
		uv_work_t work;
	};
	uv_loop_t *loop;
};

static void turn_of_handle(uv_handle_t *handle)
{
	turn(handle, handle->loop);
	uv_close(handle, NULL);
}

static void on_timer(uv_timer_t *timer)
{
	turn_of_handle((uv_handle_t *)timer);
}

static void on_idle(uv_idle_t *idle)
{
	turn_of_handle((uv_handle_t *)idle);
}

static void on_prepare(uv_prepare_t *prepare)
{
	turn_of_handle((uv_handle_t *)prepare);
}

static void on_check(uv_check_t *check)
{
	turn_of_handle((uv_handle_t *)check);
}

static void on_async(uv_async_t *async)
{
	turn_of_handle((uv_handle_t *)async);
}

static void on_closed(uv_handle_t *handle)
{
	turn(handle, handle->loop);
}

static void on_stat(uv_fs_t *request)
{
	turn(request, request->loop);
	uv_fs_req_cleanup(request);
}

static void on_after(uv_work_t *request, int status)
{
	(void)status;
	turn(request, request->loop);
}

static void in_nothing(uv_work_t *request)
{
	(void)request;
}

/* In a thread of the pool, while others write too. */
static void in_work(uv_work_t *request)
{
	turn(request, request->loop);
}

static void in_silence(uv_work_t *request, int status)
{
	(void)request;
	(void)status;
}

enum { KINDS = 9, KINDS_ON_LOOP = 8 };

static void site_arm(struct site *site, uv_loop_t *loop, int kind)
{
	switch (kind) {
	case 0:
		uv_timer_init(loop, &site->timer);
		uv_timer_start(&site->timer, on_timer, 0, 0);
		break;
	case 1:
		uv_idle_init(loop, &site->idle);
		uv_idle_start(&site->idle, on_idle);
		break;
	case 2:
		uv_prepare_init(loop, &site->prepare);
		uv_prepare_start(&site->prepare, on_prepare);
		break;
	case 3:
		uv_check_init(loop, &site->check);
		uv_check_start(&site->check, on_check);
		break;
	case 4:
		uv_async_init(loop, &site->async, on_async);
		uv_async_send(&site->async);
		break;
	case 5:
		uv_timer_init(loop, &site->timer);
		uv_close(&site->handle, on_closed);
		break;
	case 6:
		uv_fs_stat(loop, &site->fs, "/", on_stat);
		break;
	case 7:
		uv_queue_work(loop, &site->work, in_nothing, on_after);
		break;
	default:
		uv_queue_work(loop, &site->work, in_work, in_silence);
		break;
	}
}

static void take_turns(uv_loop_t *loop, int turns, int kinds)
{
	struct site *sites = calloc((size_t)turns, sizeof *sites);

	for (int i = 0; i < turns; i++)
		site_arm(&sites[i], loop, i % kinds);
	uv_run(loop, UV_RUN_DEFAULT);
}

static void *own_loop(void *turns)
{
	uv_loop_t loop;

	uv_loop_init(&loop);
	take_turns(&loop, *(const int *)turns, KINDS);
	uv_loop_close(&loop);
	return NULL;
}

/* --- where to ----------------------------------------------------------------------------- */

static int buffering = _IOFBF;

static void buffer(FILE *stream)
{
	setvbuf(stream, NULL, buffering, BUFSIZ);
}

static void standard_open(void)
{
	standard.stream = stdout;
	standard.wide = fdopen(STDOUT_FILENO, "w");
	buffer(stdout);
	buffer(standard.wide);
}

/* Only now, because libuv makes the descriptor non-blocking. Passing handles: for pipes alone. */
static void handle_open(bool passes)
{
	static union {
		uv_tty_t tty;
		uv_pipe_t pipe;
	} handles[2];
	const int fd = passes ? STDERR_FILENO : STDOUT_FILENO;
	int result;

	if (!passes && uv_guess_handle(fd) == UV_TTY) {
		result = uv_tty_init(uv_default_loop(), &handles[0].tty, fd, 0);
	} else {
		result = uv_pipe_init(uv_default_loop(), &handles[passes].pipe, passes);
		if (result == 0)
			result = uv_pipe_open(&handles[passes].pipe, fd);
	}
	if (result < 0)
		fail(uv_strerror(result));
	standard.handle = (uv_stream_t *)&handles[passes];
}

static void handle_close(void)
{
	uv_close((uv_handle_t *)standard.handle, NULL);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

static void to_standard(void)
{
	static struct route *const of_all[] = {anywhere, messages, NULL};
	static struct route *const of_files[] = {in_files, NULL};
	static struct route *const of_wide[] = {wide, NULL};
	static struct route *const of_fs[] = {fs, NULL};
	static struct route *const of_tries[] = {tries, NULL};
	static struct route *const of_writes[] = {writes, NULL};
	int share = TURNS / 5;
	pthread_t threads[THREADS];

	phase = of_all;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, own_loop, &share);
	take_turns(uv_default_loop(), TURNS - THREADS * share, KINDS);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	phase = of_files;
	if (uv_guess_handle(STDOUT_FILENO) == UV_FILE)
		take_turns(uv_default_loop(), TURNS, KINDS_ON_LOOP);
	fflush(stdout);
	stdout = standard.wide;
	phase = of_wide;
	take_turns(uv_default_loop(), TURNS, KINDS_ON_LOOP);
	fflush(stdout);
	phase = of_fs;
	take_turns(uv_default_loop(), TURNS, KINDS_ON_LOOP);
	handle_open(false);
	phase = of_tries;
	take_turns(uv_default_loop(), TURNS, KINDS_ON_LOOP);
	phase = of_writes;
	take_turns(uv_default_loop(), TURNS, KINDS_ON_LOOP);
	handle_close();
}

/* The other end passes handles when it is a socket. */
static void to_socket(void)
{
	static struct route *const of_passing[] = {passing, NULL};
	int pair[2];
	char text[4096];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || dup2(pair[1], STDERR_FILENO) < 0)
		fail("socketpair");
	for (struct route *route = passing; route->name; route++)
		route->place = "2";
	handle_open(true);
	phase = of_passing;
	for (int i = 0; i < TURNS; i += 50) {
		take_turns(uv_default_loop(), 50, KINDS_ON_LOOP);
		while (recv(pair[0], text, sizeof text, MSG_DONTWAIT) > 0)
			;
	}
	handle_close();
}

/* Half of them opened for appending, and the others named as logs are. */
static void own_place(struct route *route, bool is_wide)
{
	static int opened;
	const bool appends = ++opened % 2;
	char *path = malloc(100);
	FILE *stream;

	sprintf(path, "by_%s.%s", route->name, appends ? "appended" : "log");
	stream = fopen(path, appends ? "a" : "w");
	if (!stream)
		fail(path);
	buffer(stream);
	route->place = path;
	route->own.fd = fileno(stream);
	if (is_wide)
		route->own.wide = stream;
	else
		route->own.stream = stream;
}

static void to_files(void)
{
	static struct route *const all[] = {anywhere, in_files, wide, fs, NULL};

	for (struct route *const *list = all; *list; list++) {
		for (struct route *route = *list; route->name; route++)
			own_place(route, *list == wide);
	}
	has_own_places = true;
	phase = all;
	take_turns(uv_default_loop(), TURNS, KINDS_ON_LOOP);
}

static void to_syslogs(void)
{
	static struct route *const all[] = {to_syslog, NULL};

	listener = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (bind(listener, (const struct sockaddr *)&syslog_address, sizeof syslog_address))
		fail("/dev/log");
	standard.fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (connect(standard.fd, (const struct sockaddr *)&syslog_address, sizeof syslog_address))
		fail("/dev/log");
	phase = all;
	take_turns(uv_default_loop(), TURNS, KINDS_ON_LOOP);
}

static void by_inlined_code(void)
{
	static struct route *const all[] = {inlined, NULL};

	phase = all;
	take_turns(uv_default_loop(), TURNS, KINDS_ON_LOOP);
}

/* --- the last words ----------------------------------------------------------------------- */

static struct route lasts[] = {STDERR_ROW(err, "log_routes: " WORDS NOT_FOUND) STDERR_ROW(errx,
	"log_routes: " WORDS) STDERR_ROW(verr, "log_routes: " WORDS NOT_FOUND) STDERR_ROW(verrx,
	"log_routes: " WORDS) STDERR_ROW(error_status, "*log_routes: " WORDS NOT_FOUND)
		STDERR_ROW(error_at_line_status, "*log_routes:some.conf:7: " WORDS) STDERR_ROW(
			assert_fail, "log_routes: some.c:7: some_function: Assertion `" WORDS
				     "' failed.") STDERR_ROW(assert_perror_fail,
			"log_routes: some.c:7: some_function: Unexpected error" NOT_FOUND ".")
			STDERR_ROW(assert, "log_routes: some.c:7: *Assertion `" WORDS "' failed."){
				0}};

static const char *truth_path;

static void on_last(uv_timer_t *timer)
{
	struct route *route = timer->data;

	turn_of = timer;
	told(route->name, route->place, route->text);
	write_truth(truth_path);
	route->write(&standard);
}

static int end_by(const char *way)
{
	static uv_timer_t timer;

	for (struct route *route = lasts; route->name; route++) {
		if (strcmp(route->name, way) == 0)
			timer.data = route;
	}
	if (!timer.data)
		return 2;
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_last, 1, 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	truth_path = argv[1];
	if (strcmp(argv[2], "end") == 0)
		return end_by(argv[3]);
	buffering = argv[3][0] == 'f' ? _IOFBF : argv[3][0] == 'l' ? _IOLBF : _IONBF;
	if (strcmp(argv[2], "files") != 0)
		standard_open();
	if (strcmp(argv[2], "std") == 0)
		to_standard();
	else if (strcmp(argv[2], "socket") == 0)
		to_socket();
	else if (strcmp(argv[2], "files") == 0)
		to_files();
	else if (strcmp(argv[2], "syslog") == 0)
		to_syslogs();
	else if (strcmp(argv[2], "flush") == 0)
		by_inlined_code();
	else
		return 2;
	write_truth(truth_path);
	return 0;
}
