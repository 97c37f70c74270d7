/*
 * The arena of a core: see core_arena.h. The kernel splits the arena's mapping into several
 * segments, because parts of it are not for cores; the header lies at the beginning of the first
 * and says where and how large the whole is.
 */
#include "recorder/core/core_arena.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 1 << 16, CODE_ENDED = 0x80 };

static bool is_arena(const struct core_file *core, const struct core_segment *segment,
	struct arena_header *header)
{
	uint64_t magic = 0;

	if (segment->kept < sizeof *header || !segment->is_writable ||
		!core_file_read_at(core->fd, &magic, sizeof magic, segment->offset) ||
		magic != ARENA_MAGIC ||
		!core_file_read_at(core->fd, header, sizeof *header, segment->offset))
		return false;
	/* A recorder's own core has the arenas of others, at addresses of its own. */
	return header->address == segment->address;
}

/* Pages of zeros are left as the holes that they are. */
static void copy_piece(const struct core_file *core, uint64_t from, char *to, size_t size)
{
	static const char zeros[4096];
	char piece[PIECE];

	if (!core_file_read_at(core->fd, piece, size, from))
		return;
	for (size_t at = 0; at < size; at += sizeof zeros) {
		size_t part = size - at < sizeof zeros ? size - at : sizeof zeros;

		if (memcmp(piece + at, zeros, part))
			memcpy(to + at, piece + at, part);
	}
}

static void copy_segment(
	struct core_arena *arena, const struct core_file *core, const struct core_segment *segment)
{
	uint64_t skip = segment->address < arena->address ? arena->address - segment->address : 0;
	uint64_t at = segment->address + skip - arena->address, size;

	if (skip >= segment->kept)
		return;
	size = segment->kept - skip;
	if (size > arena->image.size - at)
		size = arena->image.size - at;
	for (uint64_t done = 0; done < size; done += PIECE)
		copy_piece(core, segment->offset + skip + done,
			(char *)arena->image.bytes + at + done,
			size - done < PIECE ? (size_t)(size - done) : (size_t)PIECE);
}

static int assemble(struct core_arena *arena, const struct core_file *core,
	const struct arena_header *header, struct error *err)
{
	arena->address = header->address;
	arena->started_ns = header->started.realtime_ns;
	arena->os_pid = header->os_pid;
	arena->process_id = atomic_load_explicit(
		(_Atomic uint32_t *)&((struct arena_header *)header)->process_id,
		memory_order_relaxed);
	arena->was_drained = arena->process_id && header->on_full != ARENA_OVERWRITES;
	if (arena->address + header->size < arena->address)
		return error_set(err, "the recorder's arena in the core is damaged");
	if (image_init(&arena->image, header->size, err))
		return -1;
	for (size_t i = 0; i < core->segment_count; i++) {
		const struct core_segment *segment = &core->segments[i];

		if (segment->address < arena->address + arena->image.size &&
			segment->address + segment->size > arena->address)
			copy_segment(arena, core, segment);
	}
	return arena_reader_init(&arena->reader, arena->image.bytes, arena->image.size, false, err);
}

static bool is_alive(const struct arena_thread *slot)
{
	return slot->state == ARENA_THREAD_LIVE || slot->state == ARENA_THREAD_ASKED;
}

static int by_thread(const void *a, const void *b)
{
	const struct core_arena_slot *x = a, *y = b;
	int order = (x->os_tid > y->os_tid) - (x->os_tid < y->os_tid);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* A core may have as many threads as the arena has slots: they are not searched for each. */
static int find_slots(struct core_arena *arena, struct error *err)
{
	uint32_t count = arena_reader_used(&arena->reader, ARENA_THREADS);
	size_t capacity = 0;
	struct arena_thread slot;

	for (uint32_t i = 0; i < count; i++) {
		if (!arena_reader_thread(&arena->reader, i, &slot) || !is_alive(&slot))
			continue;
		if (arena->slot_count == capacity) {
			struct core_arena_slot *more;

			capacity = capacity ? 2 * capacity : 64;
			more = realloc(arena->slots, capacity * sizeof *more);
			if (!more)
				return error_set(err, "no memory for the arena's threads");
			arena->slots = more;
		}
		arena->slots[arena->slot_count++] = (struct core_arena_slot){slot.os_tid, i};
	}
	if (arena->slot_count > 1)
		qsort(arena->slots, arena->slot_count, sizeof *arena->slots, by_thread);
	return 0;
}

int core_arena_init(struct core_arena *ret, const struct core_file *core, struct error *err)
{
	struct arena_header header;

	*ret = (struct core_arena){0};
	for (size_t i = 0; i < core->segment_count; i++) {
		if (!is_arena(core, &core->segments[i], &header))
			continue;
		if (!assemble(ret, core, &header, err) && !find_slots(ret, err))
			return 1;
		core_arena_deinit(ret);
		return -1;
	}
	return 0;
}

void core_arena_deinit(struct core_arena *arena)
{
	arena_reader_deinit(&arena->reader);
	free(arena->slots);
	image_deinit(&arena->image);
	*arena = (struct core_arena){0};
}

bool core_arena_thread(
	const struct core_arena *arena, uint32_t os_tid, struct core_arena_thread *ret)
{
	size_t low = 0, high = arena->slot_count;
	struct arena_thread slot;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (arena->slots[middle].os_tid < os_tid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == arena->slot_count || arena->slots[low].os_tid != os_tid ||
		!arena_reader_thread(&arena->reader, arena->slots[low].index, &slot))
		return false;
	*ret = (struct core_arena_thread){.root_run_id = slot.root_run_id, .depth = slot.depth};
	for (uint32_t run = 0; run < slot.depth && run < CORE_OPEN_RUNS; run++)
		ret->run_ids[run] = slot.open[run].run_id;
	return true;
}

static const char *file_of(void *user, const char *path, const char *build_id)
{
	const struct core_modules *modules = user;
	char room[2 * CORE_BUILD_ID_MAX + 1];

	(void)path;
	for (size_t i = 0; *build_id && i < modules->count; i++)
		if (!strcmp(core_module_build_id(&modules->list[i], room), build_id))
			return modules->list[i].file;
	return NULL;
}

int core_arena_record(const struct core_arena *arena, const struct core_modules *modules,
	const char *path, const char *version, struct error *err)
{
	const struct core_module *executable = core_modules_executable(modules);
	struct image_origin origin = {.path = path,
		.version = version,
		.wait_status = INGEST_STATUS_UNKNOWN,
		.module_file = file_of,
		.user = (void *)(uintptr_t)modules};
	struct ingest_summary summary;

	/* The command itself, or one that no recorded process is known to have started. */
	origin.is_root =
		arena->process_id == 1 || (!arena->process_id && !arena->reader.from.started);
	if (executable)
		origin.executable = executable->path;
	if (modules->core->signal > 0 && modules->core->signal < CODE_ENDED - 1) {
		origin.has_ended = true;
		origin.wait_status = modules->core->signal | CODE_ENDED;
	}
	return image_record(&arena->image, &origin, &summary, err);
}
