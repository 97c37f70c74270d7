/*
 * Maps arenas, and holds the futex word by which a recorded process knows that the recorder lives.
 *
 * The word follows the kernel's protocol for robust futexes (Documentation/locking/
 * robust-futex-ABI.rst): it holds our thread's ID, it is on the list that was registered with
 * set_robust_list, and when the thread dies the kernel puts FUTEX_OWNER_DIED into it. libc's robust
 * mutexes would do the same, but keep their list's pointers beside the word, in memory which the
 * recorded process can write. Here a private page is mapped just before each arena and the list
 * runs through those, at one distance from the word in all of them, as the kernel wants it.
 *
 * The list replaces libc's for this thread: it may take no robust mutex.
 */
#include "recorder/launch/held_arena.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct held_arena_node {
	struct robust_list list; /* first: what the kernel follows */
};

/* At least a page on every machine that this runs on. */
enum { NODE_SPACE = 65536 };

static struct robust_list_head head = {
	.list = {&head.list},
	.futex_offset = NODE_SPACE + offsetof(struct arena_header, ingester_life),
};

static _Atomic uint32_t *life_word(const struct held_arena *arena)
{
	return (_Atomic uint32_t *)(void *)arena->header->ingester_life;
}

static void list_add(struct held_arena_node *node)
{
	static bool registered;

	node->list.next = head.list.next;
	head.list.next = &node->list;
	if (!registered)
		registered = syscall(SYS_set_robust_list, &head, sizeof head) == 0;
}

static void list_remove(struct held_arena_node *node)
{
	struct robust_list *entry = &head.list;

	while (entry->next != &head.list && entry->next != &node->list)
		entry = entry->next;
	if (entry->next == &node->list)
		entry->next = node->list.next;
}

static int check_file(int memfd, size_t size, struct error *err)
{
	struct stat status;
	int seals = fcntl(memfd, F_GET_SEALS);

	if (fstat(memfd, &status) != 0)
		return error_set_errno(err, errno, "the process's arena");
	/* A file that shrinks while it is mapped would kill us by SIGBUS. */
	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return error_set(err, "the process's arena is not sealed");
	if (size < sizeof(struct arena_header) || status.st_size < 0 ||
		(uint64_t)status.st_size != size)
		return error_set(err, "the process's arena has %lld bytes, not %zu",
			(long long)status.st_size, size);
	return 0;
}

int held_arena_init(struct held_arena *arena, int memfd, size_t size, struct error *err)
{
	char *base;

	if (check_file(memfd, size, err) != 0)
		return -1;
	base = mmap(NULL, NODE_SPACE + size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
	if (base == MAP_FAILED)
		return error_set_errno(err, errno, "mapping the process's arena");
	if (mmap(base, NODE_SPACE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED ||
		mmap(base + NODE_SPACE, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_NORESERVE | MAP_FIXED, memfd, 0) == MAP_FAILED) {
		int number = errno;

		munmap(base, NODE_SPACE + size);
		return error_set_errno(err, number, "mapping the process's arena");
	}
	arena->header = (void *)(base + NODE_SPACE);
	arena->size = size;
	arena->node = (void *)base;
	/* The list first: between the two the kernel sees a word that is not ours, and leaves it.
	 */
	list_add(arena->node);
	atomic_store(life_word(arena), (uint32_t)gettid());
	return 0;
}

void held_arena_resign(struct held_arena *arena)
{
	if (!arena->header)
		return;
	list_remove(arena->node);
	atomic_store(life_word(arena), FUTEX_OWNER_DIED);
	atomic_fetch_add(&arena->header->room.value, 1);
	syscall(SYS_futex, &arena->header->room.value, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void held_arena_deinit(struct held_arena *arena)
{
	if (!arena->header)
		return;
	list_remove(arena->node);
	munmap(arena->node, NODE_SPACE + arena->size);
	*arena = (struct held_arena){0};
}
