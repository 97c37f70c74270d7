/*
 * The image of a running process's arena: see image.h.
 *
 * The order of the steps makes the copy one that belongs together. A moment is chosen, and the copy
 * shows the process as it was then: what is alive is read before it and once more after it; what
 * ran, after it: from a thread's slot a run goes into a chunk and nowhere else, so that slots are
 * read before chunks. Ancestors come first: a run that has ended before is among them, or in a
 * chunk, or nothing came of it. Stacks, modules and places of lines are only ever added to, so they
 * are last. How much was overwritten is asked at the end.
 */
#include "recorder/snapshot/arena_copy.h"
#include "recorder/snapshot/image.h"
#include "recorder/snapshot/process_arena.h"

#include <stddef.h>

static int copy_all(struct arena_copy *copy, struct error *err)
{
	return arena_copy_ancestors(copy, err) || arena_copy_lives(copy, err) ||
			       arena_copy_set_moment(copy, err) ||
			       arena_copy_lives_again(copy, err) || arena_copy_details(copy, err) ||
			       arena_copy_threads(copy, err) || arena_copy_crashes(copy, err) ||
			       arena_copy_chunks(copy, err) || arena_copy_lists(copy, err) ||
			       arena_copy_finish(copy, err)
		       ? -1
		       : 0;
}

static int check_alone(const struct process_arena *arena, struct error *err)
{
	pid_t recorder = process_arena_recorder(arena);

	if (!recorder)
		return 0;
	return error_set(err,
		"process %d is being recorded (by process %d): open its recording, which can be "
		"read while it grows",
		(int)arena->os_pid, (int)recorder);
}

int image_of_process(struct image *ret, pid_t os_pid, struct error *err)
{
	struct process_arena arena;
	struct arena_copy copy = {0};
	int result = -1;

	*ret = (struct image){0};
	if (process_arena_open(&arena, os_pid, false, err))
		return -1;
	if (check_alone(&arena, err) || image_init(ret, arena.size, err))
		goto out;
	result = arena_copy_init(&copy, &arena, ret->bytes, err) || copy_all(&copy, err) ? -1 : 0;
	arena_copy_deinit(&copy);
	if (result)
		image_deinit(ret);
out:
	process_arena_close(&arena);
	return result;
}

int image_pause_process(pid_t os_pid, bool is_paused, struct error *err)
{
	const uint32_t value = is_paused ? ARENA_PAUSED : ARENA_RESUMED;
	struct process_arena arena;
	uint64_t now;
	int result;

	if (process_arena_open(&arena, os_pid, true, err))
		return -1;
	now = process_arena_ticks(&arena);
	result = (arena.header.is_paused == ARENA_PAUSED) == is_paused;
	if (!result && is_paused &&
		process_arena_write(
			&arena, offsetof(struct arena_header, paused_at), &now, sizeof now, err))
		result = -1;
	if (!result && process_arena_write(&arena, offsetof(struct arena_header, is_paused), &value,
			       sizeof value, err))
		result = -1;
	process_arena_close(&arena);
	return result;
}
