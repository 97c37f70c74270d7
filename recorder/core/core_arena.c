/*
 * The arena of a core: see core_arena.h. The kernel splits the arena's mapping into several
 * segments, because parts of it are not for cores; the header lies at the beginning of the first
 * and says where and how large the whole is.
 */
#include "recorder/core/core_arena.h"

#include "recorder/ingest/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PIECE = 1 << 16, CODE_ENDED = 0x80 };
static const uint64_t size_max = UINT64_C(4) << 30;

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
	if (size > arena->size - at)
		size = arena->size - at;
	for (uint64_t done = 0; done < size; done += PIECE)
		copy_piece(core, segment->offset + skip + done, (char *)arena->bytes + at + done,
			size - done < PIECE ? (size_t)(size - done) : (size_t)PIECE);
}

static int assemble(struct core_arena *arena, const struct core_file *core,
	const struct arena_header *header, struct error *err)
{
	arena->address = header->address;
	arena->size = (size_t)header->size;
	arena->started_ns = header->started.realtime_ns;
	arena->os_pid = header->os_pid;
	arena->process_id = atomic_load_explicit(
		(_Atomic uint32_t *)&((struct arena_header *)header)->process_id,
		memory_order_relaxed);
	if (header->size < sizeof *header || header->size > size_max ||
		arena->address + arena->size < arena->address)
		return error_set(err,
			"the recorder's arena in the core is damaged: it is said to"
			" have %llu bytes",
			(unsigned long long)header->size);
	arena->bytes = mmap(NULL, arena->size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena->bytes == MAP_FAILED) {
		arena->bytes = NULL;
		return error_set_errno(
			err, errno, "no memory for the %zu bytes of the core's arena", arena->size);
	}
	for (size_t i = 0; i < core->segment_count; i++) {
		const struct core_segment *segment = &core->segments[i];

		if (segment->address < arena->address + arena->size &&
			segment->address + segment->size > arena->address)
			copy_segment(arena, core, segment);
	}
	return arena_reader_init(&arena->reader, arena->bytes, arena->size, false, err);
}

int core_arena_init(struct core_arena *ret, const struct core_file *core, struct error *err)
{
	struct arena_header header;

	*ret = (struct core_arena){0};
	for (size_t i = 0; i < core->segment_count; i++) {
		if (!is_arena(core, &core->segments[i], &header))
			continue;
		if (!assemble(ret, core, &header, err))
			return 1;
		core_arena_deinit(ret);
		return -1;
	}
	return 0;
}

void core_arena_deinit(struct core_arena *arena)
{
	arena_reader_deinit(&arena->reader);
	if (arena->bytes)
		munmap(arena->bytes, arena->size);
	*arena = (struct core_arena){0};
}

bool core_arena_thread(
	const struct core_arena *arena, uint32_t os_tid, struct core_arena_thread *ret)
{
	uint32_t count = arena_reader_used(&arena->reader, ARENA_THREADS);
	struct arena_thread slot;

	for (uint32_t i = 0; i < count; i++) {
		if (!arena_reader_thread(&arena->reader, i, &slot) || slot.os_tid != os_tid ||
			(slot.state != ARENA_THREAD_LIVE && slot.state != ARENA_THREAD_ASKED))
			continue;
		*ret = (struct core_arena_thread){
			.root_run_id = slot.root_run_id, .depth = slot.depth};
		for (uint32_t run = 0; run < slot.depth && run < CORE_OPEN_RUNS; run++)
			ret->run_ids[run] = slot.open[run].run_id;
		return true;
	}
	return false;
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
	struct ingest_options options = {.path = path,
		.version = version,
		.symbolize = true,
		.module_file = file_of,
		.user = (void *)(uintptr_t)modules};
	struct ingest_process_info info = {.is_dead = true};
	struct ingest_process *process;
	struct ingest_summary summary;
	struct ingest *ingest;
	int result = -1;

	info.os_pid = (pid_t)arena->os_pid;
	/* The command itself, or one that no recorded process is known to have started. */
	info.is_root =
		arena->process_id == 1 || (!arena->process_id && !arena->reader.from.started);
	if (executable)
		info.executable = executable->path;
	if (ingest_create(&options, &ingest, err))
		return -1;
	if (ingest_add_process(ingest, arena->bytes, arena->size, &info, &process, err))
		goto out;
	if (modules->core->signal > 0 && modules->core->signal < CODE_ENDED - 1)
		ingest_process_ended_at(
			process, modules->core->signal | CODE_ENDED, INGEST_TIME_UNKNOWN);
	result = ingest_finish(ingest, &summary, err);
out:
	ingest_destroy(ingest);
	return result;
}
