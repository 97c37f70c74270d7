/*
 * Functions that were called with other values in force: see aside.h.
 */
#include "recorder/runtime/aside.h"

#include "recorder/runtime/arch.h"

uint64_t aside_begin(struct thread *thread, uintptr_t frame, uintptr_t returns_to)
{
	if (thread->aside_count == THREAD_ASIDES)
		return 0;
	thread->asides[thread->aside_count] = (struct thread_aside){
		.frame = frame,
		.returns_to = returns_to,
		.number = ++thread->aside_number,
		.outside = carry_share(thread->carried),
		.depth = thread->depth,
	};
	/* A signal handler finds all of it, or nothing. */
	atomic_signal_fence(memory_order_seq_cst);
	thread->aside_count++;
	return thread->aside_number;
}

int aside_find(const struct thread *thread, uint64_t number)
{
	int count = thread->aside_count;

	while (count > 0 && thread->asides[count - 1].number != number)
		count--;
	return count;
}

struct carried *aside_take(struct thread *thread, int count)
{
	struct carried *outside = NULL;

	while (thread->aside_count > count) {
		carry_release(outside);
		outside = thread->asides[--thread->aside_count].outside;
	}
	return outside;
}

void aside_drop_above(struct thread *thread, int depth)
{
	int count = thread->aside_count;

	while (count > 0 && thread->asides[count - 1].depth > depth)
		count--;
	if (count < thread->aside_count)
		carry_replace(thread, aside_take(thread, count));
}

static void inherit(struct thread *thread, const struct thread_aside *aside)
{
	if (thread->aside_count < THREAD_ASIDES)
		thread->asides[thread->aside_count++] = *aside;
}

void aside_inherit(struct thread *thread, struct thread *former, int runs)
{
	int depth, i = 0;

	for (depth = 0;; depth++) {
		for (; i < former->aside_count && former->asides[i].depth <= depth; i++) {
			former->asides[i].depth = 0;
			inherit(thread, &former->asides[i]);
		}
		if (depth >= runs || depth >= THREAD_RUNS)
			break;
		inherit(thread, &(struct thread_aside){.frame = former->runs[depth].entry,
					.outside = former->runs[depth].outside});
	}
	thread->aside_number = former->aside_number;
	former->aside_count = 0;
}

/* What lies in its frame may be another's by now, of which nobody has told a sanitizer. */
__attribute__((no_sanitize("address"))) bool frame_is_left(
	const struct thread *thread, uintptr_t frame, uintptr_t returns_to, uintptr_t sp)
{
	if (!thread_owns(thread, frame) || !thread_owns(thread, sp))
		return false;
	return sp > frame ||
	       (returns_to && arch_strip(((const uintptr_t *)frame)[1]) != returns_to);
}
