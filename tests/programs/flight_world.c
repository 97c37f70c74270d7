/*
 * A random libuv program for flight mode that keeps a notebook of who armed what, in a file that is
 * mapped, so that it is true at any moment.
 *
 *     flight_world NOTEBOOK SEED HOPS THREADS [end]   runs; "quiet" on stdout when that is done
 *     flight_world NOTEBOOK dump                      prints the notebook: token|parent|thing|…
 *
 * In each thread a timer arms itself anew every millisecond and begins short chains of callbacks,
 * HOPS in all, in which now and then something is made that stays. Each arming and each request is
 * a token. A recording tells tokens by what it has: an arming of a timer by its repeat, which is
 * the token, and anything else by its address, which is never used again.
 *
 * Then it is quiet, and waits to be killed; with `end` it exits. At SIGUSR1 it writes world.image,
 * by acausal_snapshot().
 */
#include "recorder/acausal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum {
	NOTES = 1 << 22,
	THREADS = 8,
	OLD_TICKS = 4,	/* in which something is made that stays for good */
	CHAINS = 8,	/* a tick */
	LONGEST = 20,	/* hops of a chain */
	STAYING = 100,	/* of a thread, besides */
	SOCKETS = 20,	/* of those */
	RARELY = 60,	/* of so many hops one makes something that stays */
	PATIENCE = 100, /* seconds until the whole ends by SIGALRM */
};
#define FAR_AWAY_MS 1000000000
#define MEMORY	    (UINT64_C(1) << 30) /* of a thread: addresses are not used again */

enum kind { ROOT = 'm', TIMER = 't', REQUEST = 'r', SOCKET = 's' };
enum state { PENDING = 'p', OVER = 'o', STAYS = 's', OLD = 'a' };

struct note {
	uint64_t thing; /* address */
	uint32_t parent;
	uint8_t function, kind, state, thread;
};

struct notebook {
	_Atomic uint32_t count;	   /* tokens; 0 to THREADS - 1 are those of threads */
	_Atomic uint32_t is_quiet; /* threads that are */
	struct note notes[NOTES];
};
static struct notebook *book;

struct world {
	uv_loop_t loop;
	uint8_t number;
	uint64_t random;
	long hops;
	int ticks, threads;
	bool ends;
	uint32_t now; /* token of the callback that runs */
	char *memory;
	struct thing *staying[STAYING];
	int staying_count, socket_count;
};

struct thing {
	union {
		uv_handle_t handle;
		uv_timer_t timer;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
		uv_fs_t fs;
		uv_work_t work;
	} uv;
	struct world *world;
	uint32_t token;
	int left; /* hops of the chain */
	uv_file other_end;
};

static void check(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "flight_world: %s: %s\n", what, uv_strerror(result));
	exit(1);
}

static unsigned pick(struct world *world, unsigned of)
{
	world->random = world->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(world->random >> 33) % of;
}

/* Before it can fire. */
static uint32_t note(const struct world *world, const void *thing, enum kind kind, int function)
{
	uint32_t token = atomic_fetch_add(&book->count, 1);

	if (token >= NOTES) {
		fputs("flight_world: the notebook is full\n", stderr);
		exit(1);
	}
	book->notes[token] = (struct note){
		.thing = (uintptr_t)thing,
		.parent = world->now,
		.function = (uint8_t)function,
		.kind = (uint8_t)kind,
		.state = PENDING,
		.thread = world->number,
	};
	return token;
}

static struct thing *thing_make(struct world *world, int left)
{
	struct thing *thing = (void *)world->memory;

	world->memory += (sizeof *thing + 63) / 64 * 64;
	thing->world = world;
	thing->left = left;
	return thing;
}

static void hop(struct world *world, int left);
static void stay(struct world *world, bool is_old);

static void on_closed(uv_handle_t *handle)
{
	struct thing *thing = (void *)handle;

	if (thing->other_end)
		close(thing->other_end);
}

static void leave(struct world *world)
{
	struct thing *thing;
	int index;

	if (!world->staying_count)
		return;
	index = (int)pick(world, (unsigned)world->staying_count);
	thing = world->staying[index];
	world->staying[index] = world->staying[--world->staying_count];
	if (book->notes[thing->token].kind == SOCKET)
		world->socket_count--;
	book->notes[thing->token].state = OVER;
	uv_close(&thing->uv.handle, on_closed);
}

/* What every callback does. */
static void go_on(struct thing *thing)
{
	struct world *world = thing->world;

	world->hops--;
	if (thing->left > 0)
		hop(world, thing->left - 1);
	if (pick(world, RARELY) == 0)
		stay(world, false);
}

/* --- callbacks: of each kind several, so that chains seldom repeat -----------------------------
 */

static void on_step_first(uv_timer_t *timer);
static void on_step_second(uv_timer_t *timer);
static void on_step_third(uv_timer_t *timer);
static void on_far_away(uv_timer_t *timer);

#define FUNCTIONS(X)                                                                               \
	X(main)                                                                                    \
	X(on_tick)                                                                                 \
	X(on_step_first)                                                                           \
	X(on_step_second)                                                                          \
	X(on_step_third)                                                                           \
	X(on_far_away)                                                                             \
	X(on_stat)                                                                                 \
	X(on_worked)                                                                               \
	X(on_nothing)
#define X(name) IS_##name,
enum { FUNCTIONS(X) };
#undef X
#define X(name) #name,
static const char *const function_names[] = {FUNCTIONS(X)};
#undef X

static const struct {
	uv_timer_cb call;
	int number;
} steps[] = {
	{on_step_first, IS_on_step_first},
	{on_step_second, IS_on_step_second},
	{on_step_third, IS_on_step_third},
};

static void timer_arm(struct thing *thing)
{
	struct world *world = thing->world;
	unsigned step = pick(world, sizeof steps / sizeof *steps);

	thing->token = note(world, thing, TIMER, steps[step].number);
	check(uv_timer_start(&thing->uv.timer, steps[step].call, 0, thing->token), "timer");
}

static void step(uv_timer_t *timer)
{
	struct thing *thing = (void *)timer;
	struct world *world = thing->world;

	world->now = thing->token;
	book->notes[thing->token].state = OVER;
	if (thing->left > 0 && pick(world, 6) == 0) {
		world->hops--;
		thing->left--;
		timer_arm(thing);
		return;
	}
	uv_timer_stop(timer);
	go_on(thing);
	uv_close(&thing->uv.handle, on_closed);
}

#define STEP(name)                                                                                 \
	static void name(uv_timer_t *timer)                                                        \
	{                                                                                          \
		step(timer);                                                                       \
		__asm__ volatile("# " #name);                                                      \
	}
STEP(on_step_first)
STEP(on_step_second)
STEP(on_step_third)

static void on_far_away(uv_timer_t *timer)
{
	(void)timer;
	abort();
}

static void on_stat(uv_fs_t *fs)
{
	struct thing *thing = (void *)fs;

	thing->world->now = thing->token;
	book->notes[thing->token].state = OVER;
	uv_fs_req_cleanup(fs);
	go_on(thing);
}

static void on_work(uv_work_t *work)
{
	(void)work;
}

static void on_worked(uv_work_t *work, int status)
{
	struct thing *thing = (void *)work;

	check(status, "work");
	thing->world->now = thing->token;
	book->notes[thing->token].state = OVER;
	go_on(thing);
}

static void on_nothing(uv_stream_t *stream, int status)
{
	(void)stream;
	(void)status;
	abort();
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
	(void)handle;
	(void)size;
	(void)buffer;
	abort();
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
	(void)stream;
	(void)size;
	(void)buffer;
	abort();
}

/* --- hops, and what stays ----------------------------------------------------------------------
 */

static void hop(struct world *world, int left)
{
	struct thing *thing = thing_make(world, left);

	switch (pick(world, 8)) {
	case 0:
		thing->token = note(world, thing, REQUEST, IS_on_stat);
		check(uv_fs_stat(&world->loop, &thing->uv.fs, "/", on_stat), "stat");
		break;
	case 1:
		thing->token = note(world, thing, REQUEST, IS_on_worked);
		check(uv_queue_work(&world->loop, &thing->uv.work, on_work, on_worked), "work");
		break;
	default:
		check(uv_timer_init(&world->loop, &thing->uv.timer), "timer");
		timer_arm(thing);
		break;
	}
}

static void make_listener(struct thing *thing)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	check(uv_tcp_init(&thing->world->loop, &thing->uv.tcp), "socket");
	check(uv_tcp_bind(&thing->uv.tcp, (struct sockaddr *)&address, 0), "bind");
	check(uv_listen((uv_stream_t *)&thing->uv.tcp, 8, on_nothing), "listen");
}

static void make_connection(struct thing *thing)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		check(UV_EMFILE, "socketpair");
	thing->other_end = ends[1];
	check(uv_pipe_init(&thing->world->loop, &thing->uv.pipe, 0), "pipe");
	check(uv_pipe_open(&thing->uv.pipe, ends[0]), "open");
	check(uv_read_start((uv_stream_t *)&thing->uv.pipe, on_alloc, on_read), "read");
}

/* A timer that is far away, a socket that nobody calls, a connection on which nothing comes. */
static void stay(struct world *world, bool is_old)
{
	unsigned what = pick(world, 3);
	struct thing *thing;

	if (!is_old && world->staying_count == STAYING)
		leave(world);
	if (what && !is_old && world->socket_count == SOCKETS)
		what = 0;
	thing = thing_make(world, 0);
	thing->token = note(world, thing, what ? SOCKET : TIMER, what ? 0 : IS_on_far_away);
	if (what == 0) {
		check(uv_timer_init(&world->loop, &thing->uv.timer), "timer");
		check(uv_timer_start(&thing->uv.timer, on_far_away, FAR_AWAY_MS, thing->token),
			"timer");
	} else if (what == 1) {
		make_listener(thing);
	} else {
		make_connection(thing);
	}
	book->notes[thing->token].state = is_old ? OLD : STAYS;
	if (is_old)
		return;
	world->socket_count += what != 0;
	world->staying[world->staying_count++] = thing;
}

static void on_tick(uv_timer_t *timer)
{
	struct thing *thing = (void *)timer;
	struct world *world = thing->world;

	world->now = thing->token;
	book->notes[thing->token].state = OVER;
	if (world->ticks++ < OLD_TICKS)
		stay(world, true);
	if (world->hops <= 0) {
		uv_timer_stop(timer);
		if (atomic_fetch_add(&book->is_quiet, 1) + 1 == (uint32_t)world->threads) {
			puts("quiet");
			fflush(stdout);
			if (world->ends)
				exit(0);
		}
		return;
	}
	for (int i = 0; i < CHAINS; i++)
		hop(world, (int)pick(world, LONGEST));
	thing->token = note(world, thing, TIMER, IS_on_tick);
	check(uv_timer_start(timer, on_tick, 1, thing->token), "tick");
}

static void world_live(struct world *world)
{
	struct thing *ticker;

	world->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (world->memory == MAP_FAILED)
		check(UV_ENOMEM, "memory");
	world->now = world->number;
	check(uv_loop_init(&world->loop), "loop");
	ticker = thing_make(world, 0);
	check(uv_timer_init(&world->loop, &ticker->uv.timer), "tick");
	ticker->token = note(world, ticker, TIMER, IS_on_tick);
	check(uv_timer_start(&ticker->uv.timer, on_tick, 1, ticker->token), "tick");
	uv_run(&world->loop, UV_RUN_DEFAULT);
}

static void *live(void *world)
{
	char name[16];

	snprintf(name, sizeof name, "world %d", ((struct world *)world)->number);
	pthread_setname_np(pthread_self(), name);
	world_live(world);
	return NULL;
}

static int dump(void)
{
	uint32_t count = atomic_load(&book->count);

	for (uint32_t i = 0; i < count && i < NOTES; i++) {
		const struct note *note = &book->notes[i];

		if (note->state)
			printf("%" PRIu32 "|%" PRIu32 "|%" PRIu64 "|%s|%c|%c|%d\n", i, note->parent,
				note->thing, function_names[note->function], note->kind,
				note->state, note->thread);
	}
	return 0;
}

/* In whatever thread the kernel takes, whatever that does just now. */
static void on_asked(int signal)
{
	static const char *const words[] = {"no image\n", "image\n"};
	const char *said = words[acausal_snapshot("world.image") == 0];

	(void)signal;
	if (write(STDOUT_FILENO, said, strlen(said)) < 0)
		_exit(1);
}

int main(int argc, char **argv)
{
	static struct world worlds[THREADS];
	pthread_t thread;
	int fd, threads;

	fd = argc > 2 ? open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd < 0 || ftruncate(fd, sizeof *book) != 0) {
		fputs("usage: flight_world NOTEBOOK SEED HOPS THREADS [end] | NOTEBOOK dump\n",
			stderr);
		return 2;
	}
	book = mmap(NULL, sizeof *book, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (book == MAP_FAILED)
		return 2;
	if (argc == 3)
		return dump();
	alarm(PATIENCE);
	signal(SIGUSR1, on_asked);
	threads = argc > 4 ? atoi(argv[4]) : 1;
	if (threads < 1 || threads > THREADS)
		return 2;
	atomic_store(&book->count, THREADS);
	for (int i = 0; i < threads; i++) {
		worlds[i] = (struct world){
			.number = (uint8_t)i,
			.random = strtoull(argv[2], NULL, 10) * 1000 + (unsigned)i,
			.hops = atol(argv[3]) / threads,
			.threads = threads,
			.ends = argc > 5,
		};
		book->notes[i] = (struct note){.kind = ROOT, .state = OVER, .thread = (uint8_t)i};
	}
	for (int i = 1; i < threads; i++)
		if (pthread_create(&thread, NULL, live, &worlds[i]))
			return 1;
	world_live(&worlds[0]);
	return 0;
}
