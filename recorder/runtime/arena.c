/*
 * Makes the arena: a sparse memfd, mapped once at its full size and never again.
 *
 * Promises: no descriptor stays open, unused parts stay out of core dumps, and when anything fails
 * the process runs on unrecorded. Must not be used for anything that has to be private to the
 * process: the recorder maps the same bytes.
 *
 * The mapping follows a fork (which costs nothing: the kernel copies no page tables of a shared
 * mapping), so that a child can take over what it needs; but the page that leads to it is emptied,
 * and nothing in the child writes to it.
 */
#include "recorder/runtime/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

struct arena_page arena_page __attribute__((aligned(4096)));
struct arena_map arena_map;
bool arena_uses_tsc;
_Atomic uint32_t arena_number;
_Atomic bool arena_in_flight;

/*
 * Room for records; the reserve is sparse, so it costs address space until it is used. Details and
 * ancestors are for flight mode, into which any process goes when its recorder has died.
 */
static const struct arena_region shape[ARENA_REGION_COUNT] = {
	[ARENA_THREADS] = {0, sizeof(struct arena_thread), 4096},
	[ARENA_MODULES] = {0, sizeof(struct arena_module), ARENA_MODULE_COUNT},
	[ARENA_SINKS] = {0, sizeof(struct arena_sink), 4096},
	[ARENA_TYPES] = {0, sizeof(struct arena_type), 256},
	[ARENA_CRASHES] = {0, sizeof(struct arena_crash), 8},
	[ARENA_LIVES] = {0, sizeof(struct arena_live), 1 << 20},
	[ARENA_DETAILS] = {0, sizeof(struct arena_detail), 1 << 16},
	[ARENA_ANCESTORS] = {0, sizeof(struct arena_ancestor), 1 << 16},
	[ARENA_NODES] = {0, sizeof(struct arena_node), 1 << 21},
	[ARENA_CHUNK_STATES] = {0, sizeof(struct arena_chunk), 2048},
	[ARENA_CHUNKS] = {0, ARENA_CHUNK_SIZE, 2048},
};

/*
 * What flight mode, asked for, has more of; and of chunks, as many as were asked for, and one for
 * each thread.
 */
enum { FLIGHT_DETAILS = 1 << 19, FLIGHT_ANCESTORS = 1 << 18 };

/* Regions enter core dumps by pieces of this size, as they come into use. */
enum { DUMP_STEP = 1 << 20 };

static size_t page_up(size_t size)
{
	return (size + 4095) & ~(size_t)4095;
}

static bool is_tsc;
static __thread uint64_t stopped_at __attribute__((tls_model("initial-exec"))); /* 0: it goes */

uint64_t arena_ticks_slow(void)
{
	struct timespec now;

	if (stopped_at)
		return stopped_at;
#if defined(__x86_64__)
	if (is_tsc)
		return __builtin_ia32_rdtsc();
#endif
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void arena_stop_clock(void)
{
	stopped_at = arena_ticks();
	/* All threads ask the slow way, which asks whether they may. */
	arena_uses_tsc = false;
}

void arena_go_on_clock(void)
{
	stopped_at = 0;
}

/* rdtsc may be trusted only where the kernel itself does. */
static bool kernel_uses_tsc(void)
{
	bool ret = false;
#if defined(__x86_64__)
	char name[8] = "";
	int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		ret = read(fd, name, sizeof name - 1) >= 3 && memcmp(name, "tsc", 3) == 0;
		close(fd);
	}
#endif
	return ret;
}

void arena_now(struct arena_anchor *anchor)
{
	struct timespec monotonic, realtime;

	anchor->ticks = arena_ticks();
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_REALTIME, &realtime);
	anchor->monotonic_ns =
		(uint64_t)monotonic.tv_sec * 1000000000u + (uint64_t)monotonic.tv_nsec;
	anchor->realtime_ns = (uint64_t)realtime.tv_sec * 1000000000u + (uint64_t)realtime.tv_nsec;
}

static atomic_flag anchor_busy = ATOMIC_FLAG_INIT;

void arena_renew_anchor(void)
{
	struct arena_header *header = arena();

	/* One at a time, or what is there would be of several moments. */
	if (!header || stopped_at ||
		atomic_flag_test_and_set_explicit(&anchor_busy, memory_order_acquire))
		return;
	arena_now(&header->latest);
	atomic_flag_clear_explicit(&anchor_busy, memory_order_release);
}

static _Atomic bool dumps_whole;

static void dump_include(const void *address, size_t size)
{
	uintptr_t from = (uintptr_t)address & ~(uintptr_t)4095;
	int saved = errno;

	if (atomic_load_explicit(&dumps_whole, memory_order_relaxed))
		return;
	madvise((void *)from, page_up((uintptr_t)address + size - from), MADV_DODUMP);
	errno = saved;
}

void arena_dump_whole(void)
{
	struct arena_header *header = arena();

	if (!header)
		return;
	dump_include(header, header->size);
	atomic_store(&dumps_whole, true);
}

/* Private: what the parent adds after a fork says nothing about the child's code. */
static _Atomic uint64_t modules_taken;

uint64_t arena_modules_taken(void)
{
	return atomic_load(&modules_taken);
}

/* So many records of a region are used now, where there were `before`. */
static void dump_reach(struct arena_header *header, const struct arena_region *region,
	uint64_t before, uint64_t now)
{
	uint64_t had = before ? (before * region->stride - 1) / DUMP_STEP : 0;
	uint64_t last = (now * region->stride - 1) / DUMP_STEP;

	if (last > had)
		dump_include((char *)header + region->offset + (had + 1) * DUMP_STEP,
			(last - had) * DUMP_STEP);
}

bool arena_reach(enum arena_region_name name, uint32_t index)
{
	struct arena_header *header = arena();
	struct arena_counter *used = &header->used[name];
	uint64_t seen = atomic_load_explicit(&used->value, memory_order_relaxed);

	if (index >= arena_map.count[name])
		return false;
	while (seen <= index)
		if (atomic_compare_exchange_weak_explicit(&used->value, &seen, index + 1ull,
			    memory_order_relaxed, memory_order_relaxed)) {
			dump_reach(header, &header->region[name], seen, index + 1ull);
			break;
		}
	return true;
}

uint32_t arena_grow(enum arena_region_name name)
{
	struct arena_header *header = arena();
	const struct arena_region *region = &header->region[name];
	struct arena_counter *used = &header->used[name];
	uint64_t index = atomic_load_explicit(&used->value, memory_order_relaxed);
	uint64_t at;

	/* Not fetch_add: a full region asked again and again must not run over. */
	do {
		if (index >= arena_map.count[name])
			return UINT32_MAX;
	} while (!atomic_compare_exchange_weak_explicit(
		&used->value, &index, index + 1, memory_order_relaxed, memory_order_relaxed));
	at = index * region->stride;
	if (at % DUMP_STEP < region->stride && at >= DUMP_STEP)
		dump_include((char *)header + region->offset + at, DUMP_STEP);
	if (name == ARENA_MODULES)
		atomic_fetch_add(&modules_taken, 1);
	if (name == ARENA_CHUNK_STATES) {
		/* What a chunk's state tells of lies in a region of its own. */
		at = index * ARENA_CHUNK_SIZE;
		if (at % DUMP_STEP == 0 && at > 0)
			dump_include(arena_map.chunk_bytes + at, DUMP_STEP);
	}
	return (uint32_t)index;
}

void arena_copy(struct arena_header *header, enum arena_region_name name, const void *records,
	uint64_t count)
{
	const struct arena_region *region = &header->region[name];
	char *to = (char *)header + region->offset;
	size_t size;

	if (count > region->count)
		count = region->count;
	size = count * region->stride;
	/* All pieces that arena_grow has gone into. */
	dump_include(to, (size + DUMP_STEP - 1) / DUMP_STEP * DUMP_STEP);
	memcpy(to, records, size);
	atomic_store(&header->used[name].value, count);
	if (name == ARENA_MODULES)
		atomic_store(&modules_taken, count);
}

/* The token is what follows the last point, if that can be one. Returns the length of the name. */
static size_t split_socket(const char *socket, uint64_t *token)
{
	const char *point = strrchr(socket, '.');
	char *end;

	*token = 0;
	if (!point || strlen(point + 1) != 16 || strspn(point + 1, "0123456789abcdef") != 16)
		return strlen(socket);
	*token = strtoull(point + 1, &end, 16);
	return (size_t)(point - socket);
}

/* Sends the memfd, or -1 to say that there is none; the recorder answers nothing. */
static bool hand_over(const char *name, int memfd, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct arena_hello hello = {.magic = ARENA_MAGIC, .version = ARENA_VERSION};
	struct iovec bytes = {&hello, sizeof hello};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
	const struct timeval patience = {.tv_sec = 2};
	size_t length = split_socket(name, &hello.token);
	bool sent = false;
	int fd;

	if (length == 0 || length > sizeof address.sun_path - 1)
		return false;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	memcpy(address.sun_path + 1, name, length);
	hello.os_pid = (uint32_t)getpid();
	hello.size = size;
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof memfd);
	memcpy(CMSG_DATA(rights), &memfd, sizeof memfd);
	if (memfd < 0)
		message.msg_controllen = 0;
	/* This bounds connecting too: a recorder that is stopped must not stop the program. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) == 0)
		sent = sendmsg(fd, &message, MSG_NOSIGNAL) == sizeof hello;
	close(fd);
	return sent;
}

/* What a region has room for, unless limits leave none for that. */
static uint32_t room_for(enum arena_region_name name, const struct arena_request *request)
{
	if (request->on_full != ARENA_OVERWRITES)
		return shape[name].count;
	switch (name) {
	case ARENA_DETAILS:
		return FLIGHT_DETAILS;
	case ARENA_ANCESTORS:
		return FLIGHT_ANCESTORS;
	case ARENA_CHUNK_STATES:
	case ARENA_CHUNKS:
		return (uint32_t)(request->flight_size / ARENA_CHUNK_SIZE) + ARENA_THREAD_COUNT;
	default:
		return shape[name].count;
	}
}

/* What each region has room for at least, or all of it where that is less. */
static const uint32_t least[ARENA_REGION_COUNT] = {
	[ARENA_THREADS] = 256,
	[ARENA_MODULES] = ARENA_MODULE_COUNT,
	[ARENA_SINKS] = 256,
	[ARENA_TYPES] = 256,
	[ARENA_CRASHES] = 2,
	[ARENA_LIVES] = 1 << 13,
	[ARENA_DETAILS] = 1 << 13,
	[ARENA_ANCESTORS] = 1 << 12,
	[ARENA_NODES] = 1 << 15,
	[ARENA_CHUNK_STATES] = 256,
	[ARENA_CHUNKS] = 256,
};

enum { HALVINGS = 7 }; /* after so many, all are at their least */

/* Lays the regions out, halved so many times, and returns the size of the whole. */
static size_t lay_out(
	struct arena_region *region, const struct arena_request *request, int halvings)
{
	size_t offset = page_up(sizeof(struct arena_header));
	uint32_t room;
	int i;

	for (i = 0; i < ARENA_REGION_COUNT; i++) {
		region[i] = shape[i];
		region[i].offset = offset;
		room = room_for((enum arena_region_name)i, request);
		region[i].count = room >> halvings;
		if (region[i].count < least[i])
			region[i].count = room < least[i] ? room : least[i];
		offset += page_up((size_t)region[i].stride * region[i].count);
	}
	return offset;
}

static bool limits_allow(size_t size)
{
	struct rlimit limit;

	/* Growing a file past RLIMIT_FSIZE would raise SIGXFSZ. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < size)
		return false;
	/* What the program was meant to have is not ours to take. */
	return getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur / 8 > size;
}

/* What is there for threads goes first when limits leave less, but not more than half of all. */
static uint32_t history_chunks(const struct arena_request *request, uint32_t count)
{
	uint64_t wanted = request->flight_size / ARENA_CHUNK_SIZE;
	uint32_t open = count / 2 < ARENA_THREAD_COUNT ? count / 2 : ARENA_THREAD_COUNT;

	if (request->on_full != ARENA_OVERWRITES)
		return count;
	return wanted < count - open ? (uint32_t)wanted : count - open;
}

static void header_fill(
	struct arena_header *header, size_t size, const struct arena_request *request)
{
	int i;

	header->version = ARENA_VERSION;
	header->header_size = sizeof *header;
	header->size = size;
	header->address = (uintptr_t)header;
	header->os_pid = (uint32_t)getpid();
	header->clock = is_tsc ? ARENA_CLOCK_TSC : ARENA_CLOCK_MONOTONIC;
	memcpy(header->build, ARENA_BUILD, sizeof ARENA_BUILD);
	header->on_full = request->on_full;
	header->is_fork = request->is_fork;
	header->from = request->from;
	atomic_store(&header->exit_code, -1);
	header->started = request->started;
	if (!header->started.ticks)
		arena_now(&header->started);
	header->latest = header->started;
	atomic_flag_clear(&anchor_busy); /* taken, perhaps, when this process was forked */
	atomic_store(&header->async_id.value, ARENA_MAIN_ID);
	/* Index 0 of these means "none". */
	atomic_store(&header->used[ARENA_SINKS].value, 1);
	atomic_store(&header->used[ARENA_LIVES].value, 1);
	atomic_store(&header->used[ARENA_ANCESTORS].value, 1);
	atomic_store(&header->used[ARENA_NODES].value, 1);
	arena_map.threads = (void *)((char *)header + header->region[ARENA_THREADS].offset);
	arena_map.modules = (void *)((char *)header + header->region[ARENA_MODULES].offset);
	arena_map.sinks = (void *)((char *)header + header->region[ARENA_SINKS].offset);
	arena_map.crashes = (void *)((char *)header + header->region[ARENA_CRASHES].offset);
	arena_map.lives = (void *)((char *)header + header->region[ARENA_LIVES].offset);
	arena_map.types = (void *)((char *)header + header->region[ARENA_TYPES].offset);
	arena_map.details = (void *)((char *)header + header->region[ARENA_DETAILS].offset);
	arena_map.ancestors = (void *)((char *)header + header->region[ARENA_ANCESTORS].offset);
	arena_map.nodes = (void *)((char *)header + header->region[ARENA_NODES].offset);
	arena_map.chunks = (void *)((char *)header + header->region[ARENA_CHUNK_STATES].offset);
	arena_map.chunk_bytes = (unsigned char *)header + header->region[ARENA_CHUNKS].offset;
	for (i = 0; i < ARENA_REGION_COUNT; i++)
		arena_map.count[i] = header->region[i].count;
	arena_map.history_chunks = history_chunks(request, arena_map.count[ARENA_CHUNKS]);
	header->magic = ARENA_MAGIC;
}

/* The first piece of each region, so that a small program never calls madvise again. */
static void dump_begin(struct arena_header *header, size_t size)
{
	int i;

	madvise(header, size, MADV_DONTDUMP);
	dump_include(header, header->region[ARENA_SINKS].offset);
	for (i = ARENA_SINKS; i < ARENA_REGION_COUNT; i++)
		dump_include((char *)header + header->region[i].offset, DUMP_STEP);
}

/* The size of the largest arena that may be made, laid out; 0: none may. */
static size_t find_room(struct arena_region *region, const struct arena_request *request)
{
	static int halvings;
	size_t size;

	/* What is copied from the parent, and named by its numbers, has to find its place. */
	while (size = lay_out(region, request, halvings), !limits_allow(size))
		if (request->is_fork || ++halvings > HALVINGS)
			return 0;
	return size;
}

struct arena_header *arena_make(const struct arena_request *request)
{
	struct arena_region region[ARENA_REGION_COUNT];
	size_t size = find_room(region, request);
	struct arena_header *header = MAP_FAILED;
	int saved = errno, memfd = -1;

	/* What limits the command limits the recorder, too: that it knows. */
	if (!size && request->from.started)
		hand_over(request->socket, -1, 0);
	if (!size || madvise(&arena_page, sizeof arena_page, MADV_WIPEONFORK) != 0)
		goto failed;
	memfd = memfd_create(ARENA_MEMFD, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memfd < 0 || ftruncate(memfd, (off_t)size) != 0)
		goto failed;
	fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	header = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, memfd, 0);
	if (header == MAP_FAILED)
		goto failed;
	/* A child goes on with its parent's clock, and opens nothing. */
	if (!request->is_fork)
		arena_uses_tsc = is_tsc = kernel_uses_tsc();
	memcpy(header->region, region, sizeof region);
	header_fill(header, size, request);
	dump_begin(header, size);
	/* In flight mode nobody need be there. */
	if (!request->is_alone && !hand_over(request->socket, memfd, size) &&
		request->on_full != ARENA_OVERWRITES)
		goto failed;
	close(memfd);
	errno = saved;
	return header;
failed:
	if (header != MAP_FAILED)
		munmap(header, size);
	if (memfd >= 0)
		close(memfd);
	errno = saved;
	return NULL;
}

void arena_start(struct arena_header *header)
{
	atomic_fetch_add(&arena_number, 1);
	atomic_store(&arena_in_flight, header && header->on_full == ARENA_OVERWRITES);
	__atomic_store_n(&arena_page.header, header, __ATOMIC_RELEASE);
}
