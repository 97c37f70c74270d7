/*
 * Finding and reaching the arena of a running process: see process_arena.h.
 *
 * The arena is one mapping of a memfd, which the kernel lists in pieces, because parts of it are
 * not for cores. The child of a fork has its parent's beside its own: whose one is, its header
 * says, with the number that the process has in its own namespace.
 */
#include "recorder/snapshot/process_arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const uint64_t size_max = UINT64_C(4) << 30;

/* A line of /proc/PID/maps: proc(5). */
struct mapping {
	uint64_t start, end, offset, inode;
	bool is_arena;
};

/* What was met while an arena was looked for: for the words when there is none. */
struct search {
	pid_t inner_pid;  /* the process's number for itself */
	uint32_t other;	  /* an arena of this process was met there */
	uint32_t version; /* an arena of another version was met, this one */
	bool has_foreign; /* arenas that are mapped where their process has not mapped them */
};

static const char how_to_start[] =
	"start it with 'acausal record', or with LD_PRELOAD=libacausal.so and ACAUSAL_FLIGHT=64M";

static long number_in_file(const char *path)
{
	FILE *file = fopen(path, "re");
	long number = -1;

	if (file && fscanf(file, "%ld", &number) != 1)
		number = -1;
	if (file)
		fclose(file);
	return number;
}

static int not_permitted(pid_t os_pid, int number, struct error *err)
{
	long scope = number_in_file("/proc/sys/kernel/yama/ptrace_scope");
	const struct passwd *owner;
	struct stat status;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d", (int)os_pid);
	if (geteuid() && stat(path, &status) == 0 && status.st_uid != geteuid()) {
		owner = status.st_uid ? getpwuid(status.st_uid) : NULL;
		if (!status.st_uid)
			return error_set(err,
				"process %d may be read by root only: run this as root",
				(int)os_pid);
		return error_set(err,
			"process %d belongs to another user%s%s: run this as that user or as root",
			(int)os_pid, owner ? ", " : "", owner ? owner->pw_name : "");
	}
	if (geteuid() && scope > 0 && scope < 3)
		return error_set(err,
			"process %d may not be read (kernel.yama.ptrace_scope is %ld): run this as "
			"root, or set that to 0",
			(int)os_pid, scope);
	return error_set_errno(err, number, "process %d may not be read%s", (int)os_pid,
		geteuid() ? " (run this as root)" : "");
}

static int cannot_open(pid_t os_pid, int number, struct error *err)
{
	if (access("/proc/self/maps", F_OK) != 0)
		return error_set(err,
			"/proc is not mounted: a running process is read through it, so mount it");
	/* It may be there and hidden (proc(5), hidepid). */
	if (number == ENOENT && kill(os_pid, 0) != 0 && errno == ESRCH)
		return error_set(err, "there is no process %d", (int)os_pid);
	if (number == ESRCH)
		return error_set(err, "process %d has ended", (int)os_pid);
	if (number == ENOENT || number == EACCES || number == EPERM)
		return not_permitted(os_pid, number == ENOENT ? EPERM : number, err);
	return error_set_errno(err, number, "process %d cannot be read", (int)os_pid);
}

static int open_file(pid_t os_pid, const char *name, int flags, struct error *err)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)os_pid, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd >= 0 ? fd : cannot_open(os_pid, errno, err);
}

/*
 * The number of the process for itself, and its number for us where that of one of its threads was
 * named: proc(5), /proc/PID/status. `*has_ended`: nobody has waited for it yet.
 */
static void look_at_status(pid_t os_pid, pid_t *ret_process, pid_t *ret_inner, bool *has_ended)
{
	char path[64], line[256];
	FILE *file;

	*ret_process = *ret_inner = os_pid;
	*has_ended = false;
	snprintf(path, sizeof path, "/proc/%d/status", (int)os_pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file)) {
		const char *last = strrchr(line, '\t');

		if (!strncmp(line, "State:", 6))
			*has_ended = strpbrk(line + 6, "ZX") != NULL;
		else if (!strncmp(line, "Tgid:", 5))
			*ret_process = (pid_t)strtol(line + 5, NULL, 10);
		else if (!strncmp(line, "NStgid:", 7) && last)
			*ret_inner = (pid_t)strtol(last, NULL, 10);
	}
	if (file)
		fclose(file);
}

static bool parse_mapping(const char *line, struct mapping *ret)
{
	unsigned major, minor;
	char permissions[8];
	int name = 0;

	*ret = (struct mapping){0};
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64 " %n",
		    &ret->start, &ret->end, permissions, &ret->offset, &major, &minor, &ret->inode,
		    &name) < 7)
		return false;
	ret->is_arena = permissions[1] == 'w' && name &&
			!strncmp(line + name, ARENA_MAPPING "\n", sizeof ARENA_MAPPING);
	return ret->start < ret->end;
}

/* Of the arenas that are this process's own the one that began last is in use. */
static void consider(const struct process_arena *arena, const struct mapping *mapping,
	struct search *search, struct process_arena *best)
{
	struct process_arena found = *arena;

	found.address = mapping->start;
	found.size = mapping->end - mapping->start;
	if (found.size < sizeof found.header ||
		process_arena_read(&found, 0, &found.header, sizeof found.header, NULL) != 0 ||
		found.header.magic != ARENA_MAGIC)
		return;
	if (found.header.version != ARENA_VERSION)
		search->version = found.header.version;
	else if (found.header.address != mapping->start)
		search->has_foreign = true;
	else if (found.header.os_pid != (uint32_t)search->inner_pid)
		search->other = found.header.os_pid;
	else if (found.header.size <= found.size &&
		 (!best->address || found.header.started.ticks > best->header.started.ticks)) {
		*best = found;
		best->size = found.header.size;
	}
}

/* Pieces of one mapping lie side by side, in memory as in the file. */
static void search_maps(const struct process_arena *arena, FILE *maps, struct search *search,
	struct process_arena *best)
{
	struct mapping whole = {0}, piece;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, maps) > 0) {
		if (!parse_mapping(line, &piece) || !piece.is_arena)
			continue;
		if (whole.end == piece.start && whole.inode == piece.inode &&
			whole.offset + (whole.end - whole.start) == piece.offset) {
			whole.end = piece.end;
			continue;
		}
		if (whole.end && !whole.offset)
			consider(arena, &whole, search, best);
		whole = piece;
	}
	if (whole.end && !whole.offset)
		consider(arena, &whole, search, best);
	free(line);
}

static int not_recorded(pid_t os_pid, const struct search *search, struct error *err)
{
	if (search->version)
		return error_set(err,
			"process %d was recorded with version %u of the arena, this is version "
			"%d: use the acausal and libacausal.so of one build",
			(int)os_pid, search->version, ARENA_VERSION);
	if (search->other)
		return error_set(err,
			"process %d was forked by the recorded process %u and has recorded nothing "
			"of its own yet",
			(int)os_pid, search->other);
	if (search->has_foreign)
		return error_set(err, "process %d is a recorder: name the process that it records",
			(int)os_pid);
	return error_set(err, "process %d is not recorded: %s", (int)os_pid, how_to_start);
}

static int find(struct process_arena *ret, struct process_arena *arena, struct error *err)
{
	struct process_arena best = {0};
	struct search search = {0};
	pid_t process = arena->os_pid;
	bool has_ended;
	FILE *maps;
	int fd;

	look_at_status(arena->os_pid, &process, &search.inner_pid, &has_ended);
	if (has_ended)
		return error_set(err, "process %d has ended", (int)arena->os_pid);
	arena->os_pid = process;
	fd = open_file(process, "maps", O_RDONLY, err);
	if (fd < 0)
		return -1;
	maps = fdopen(fd, "r");
	if (!maps) {
		close(fd);
		return error_set(err, "out of memory");
	}
	search_maps(arena, maps, &search, &best);
	fclose(maps);
	if (!best.address)
		return not_recorded(arena->os_pid, &search, err);
	if (best.size > size_max || best.header.header_size < sizeof best.header)
		return error_set(err,
			"the arena of process %d is damaged: it is said to have %" PRIu64 " bytes",
			(int)arena->os_pid, best.size);
	*ret = best;
	return 0;
}

int process_arena_open(struct process_arena *ret, pid_t os_pid, bool is_to_write, struct error *err)
{
	struct process_arena arena = {.os_pid = os_pid};

	*ret = (struct process_arena){.memory = -1};
	if (os_pid <= 0)
		return error_set(err, "there is no process %d", (int)os_pid);
	arena.memory = open_file(os_pid, "mem", is_to_write ? O_RDWR : O_RDONLY, err);
	if (arena.memory < 0)
		return -1;
	if (!find(ret, &arena, err))
		return 0;
	close(arena.memory);
	*ret = (struct process_arena){.memory = -1};
	return -1;
}

void process_arena_close(struct process_arena *arena)
{
	if (arena->memory >= 0)
		close(arena->memory);
	*arena = (struct process_arena){.memory = -1};
}

pid_t process_arena_recorder(const struct process_arena *arena)
{
	uint32_t word;

	memcpy(&word, arena->header.ingester_life, sizeof word);
	if (arena->header.on_full == ARENA_OVERWRITES || word & FUTEX_OWNER_DIED)
		return 0;
	return (pid_t)(word & FUTEX_TID_MASK);
}

/* The descriptor is of the memory that the process had when it was opened: that is gone. */
static int gone(const struct process_arena *arena, struct error *err)
{
	bool is_there = kill(arena->os_pid, 0) == 0 || errno == EPERM, has_ended = true;
	pid_t process, inner;

	if (is_there)
		look_at_status(arena->os_pid, &process, &inner, &has_ended);
	return error_set(err, "process %d %s while it was being read", (int)arena->os_pid,
		has_ended ? "ended" : "executed another program");
}

int process_arena_read(const struct process_arena *arena, uint64_t offset, void *ret, size_t size,
	struct error *err)
{
	char *to = ret;

	while (size) {
		ssize_t part = pread(arena->memory, to, size, (off_t)(arena->address + offset));

		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0)
			return gone(arena, err);
		to += part;
		offset += (uint64_t)part;
		size -= (size_t)part;
	}
	return 0;
}

int process_arena_write(const struct process_arena *arena, uint64_t offset, const void *bytes,
	size_t size, struct error *err)
{
	ssize_t part;

	do
		part = pwrite(arena->memory, bytes, size, (off_t)(arena->address + offset));
	while (part < 0 && errno == EINTR);
	return part == (ssize_t)size ? 0 : gone(arena, err);
}

uint64_t process_arena_ticks(const struct process_arena *arena)
{
	struct timespec now;

#if defined(__x86_64__)
	if (arena->header.clock == ARENA_CLOCK_TSC)
		return __builtin_ia32_rdtsc();
#else
	(void)arena;
#endif
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
