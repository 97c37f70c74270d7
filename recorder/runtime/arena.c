/*
 * Makes the arena: a sparse memfd, mapped once at its full size and never again.
 *
 * Promises: no descriptor stays open, the mapping does not follow a fork, unused parts stay out of
 * core dumps, and when anything fails the process runs on unrecorded. Must not be used for anything
 * that has to be private to the process: the recorder maps the same bytes.
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

/* Room for records; the reserve is sparse, so it costs address space until it is used. */
static const struct arena_region shape[ARENA_REGION_COUNT] = {
	[ARENA_THREADS] = {0, sizeof(struct arena_thread), 4096},
	[ARENA_MODULES] = {0, sizeof(struct arena_module), ARENA_MODULE_COUNT},
	[ARENA_LIVES] = {0, sizeof(struct arena_live), 1 << 20},
	[ARENA_NODES] = {0, sizeof(struct arena_node), 1 << 21},
	[ARENA_CHUNK_STATES] = {0, sizeof(struct arena_chunk), 2048},
	[ARENA_CHUNKS] = {0, ARENA_CHUNK_SIZE, 2048},
};

/* Regions enter core dumps by pieces of this size, as they come into use. */
enum { DUMP_STEP = 1 << 20 };

static size_t page_up(size_t size)
{
	return (size + 4095) & ~(size_t)4095;
}

uint64_t arena_ticks_slow(void)
{
	struct timespec now;

#if defined(__x86_64__)
	if (arena_uses_tsc)
		return __builtin_ia32_rdtsc();
#endif
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* rdtsc may be trusted only where the kernel itself does. */
static bool kernel_uses_tsc(void)
{
	bool is_tsc = false;
#if defined(__x86_64__)
	char name[8] = "";
	int fd = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		is_tsc = read(fd, name, sizeof name - 1) >= 3 && memcmp(name, "tsc", 3) == 0;
		close(fd);
	}
#endif
	return is_tsc;
}

static void anchor_take(struct arena_anchor *anchor)
{
	struct timespec monotonic, realtime;

	anchor->ticks = arena_ticks();
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_REALTIME, &realtime);
	anchor->monotonic_ns =
		(uint64_t)monotonic.tv_sec * 1000000000u + (uint64_t)monotonic.tv_nsec;
	anchor->realtime_ns = (uint64_t)realtime.tv_sec * 1000000000u + (uint64_t)realtime.tv_nsec;
}

void arena_renew_anchor(void)
{
	struct arena_header *header = arena();

	if (header)
		anchor_take(&header->latest);
}

static void dump_include(const void *address, size_t size)
{
	uintptr_t from = (uintptr_t)address & ~(uintptr_t)4095;
	int saved = errno;

	madvise((void *)from, page_up((uintptr_t)address + size - from), MADV_DODUMP);
	errno = saved;
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
	if (name == ARENA_CHUNK_STATES) {
		/* What a chunk's state tells of lies in a region of its own. */
		at = index * ARENA_CHUNK_SIZE;
		if (at % DUMP_STEP == 0 && at > 0)
			dump_include(arena_map.chunk_bytes + at, DUMP_STEP);
	}
	return (uint32_t)index;
}

/* Sends the memfd; the recorder answers nothing. */
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
	size_t length = strlen(name);
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
	/* This bounds connecting too: a recorder that is stopped must not stop the program. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) == 0)
		sent = sendmsg(fd, &message, MSG_NOSIGNAL) == sizeof hello;
	close(fd);
	return sent;
}

/* Lays the regions out and returns the size of the whole. */
static size_t lay_out(struct arena_region *region)
{
	size_t offset = page_up(sizeof(struct arena_header));
	int i;

	for (i = 0; i < ARENA_REGION_COUNT; i++) {
		region[i] = shape[i];
		region[i].offset = offset;
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
	return getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur / 2 > size;
}

static void header_fill(struct arena_header *header, size_t size, bool drop_when_full)
{
	int i;

	header->version = ARENA_VERSION;
	header->header_size = sizeof *header;
	header->size = size;
	header->address = (uintptr_t)header;
	header->os_pid = (uint32_t)getpid();
	header->clock = arena_uses_tsc ? ARENA_CLOCK_TSC : ARENA_CLOCK_MONOTONIC;
	memcpy(header->build, ARENA_BUILD, sizeof ARENA_BUILD);
	header->on_full = drop_when_full;
	atomic_store(&header->exit_code, -1);
	anchor_take(&header->started);
	header->latest = header->started;
	/* Index 0 of these means "none". */
	atomic_store(&header->used[ARENA_LIVES].value, 1);
	atomic_store(&header->used[ARENA_NODES].value, 1);
	arena_map.threads = (void *)((char *)header + header->region[ARENA_THREADS].offset);
	arena_map.modules = (void *)((char *)header + header->region[ARENA_MODULES].offset);
	arena_map.lives = (void *)((char *)header + header->region[ARENA_LIVES].offset);
	arena_map.nodes = (void *)((char *)header + header->region[ARENA_NODES].offset);
	arena_map.chunks = (void *)((char *)header + header->region[ARENA_CHUNK_STATES].offset);
	arena_map.chunk_bytes = (unsigned char *)header + header->region[ARENA_CHUNKS].offset;
	for (i = 0; i < ARENA_REGION_COUNT; i++)
		arena_map.count[i] = header->region[i].count;
	header->magic = ARENA_MAGIC;
}

/* The first piece of each region, so that a small program never calls madvise again. */
static void dump_begin(struct arena_header *header, size_t size)
{
	int i;

	madvise(header, size, MADV_DONTDUMP);
	madvise(header, size, MADV_DONTFORK);
	dump_include(header, header->region[ARENA_LIVES].offset);
	for (i = ARENA_LIVES; i < ARENA_REGION_COUNT; i++)
		dump_include((char *)header + header->region[i].offset, DUMP_STEP);
}

struct arena_header *arena_make(const char *name, bool drop_when_full)
{
	struct arena_region region[ARENA_REGION_COUNT];
	size_t size = lay_out(region);
	struct arena_header *header = MAP_FAILED;
	int saved = errno, memfd = -1;

	if (!limits_allow(size) || madvise(&arena_page, sizeof arena_page, MADV_WIPEONFORK) != 0)
		goto failed;
	memfd = memfd_create("acausal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (memfd < 0 || ftruncate(memfd, (off_t)size) != 0)
		goto failed;
	fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	header = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, memfd, 0);
	if (header == MAP_FAILED)
		goto failed;
	arena_uses_tsc = kernel_uses_tsc();
	memcpy(header->region, region, sizeof region);
	header_fill(header, size, drop_when_full);
	dump_begin(header, size);
	if (!hand_over(name, memfd, size))
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
	__atomic_store_n(&arena_page.header, header, __ATOMIC_RELEASE);
}
