/*
 * Remembered walks: see unwind_again.h.
 *
 * Only usual frames on a stack that is vouched for are remembered. At the first frame of another
 * kind the memory is given up and unwind() does the walk from its beginning.
 */
#include "recorder/runtime/unwind_again.h"

#include "recorder/runtime/unwind_row.h"

INLINE uintptr_t cfa_of(uint32_t code, uintptr_t sp, uintptr_t fp)
{
	return (code & CODE_FROM_FP ? fp : sp) + (code >> (CODE_CFA_SHIFT - 3) & CODE_CFA_MAX << 3);
}

/* Where the frame pointer was saved; the CFA itself when it was not. */
INLINE uintptr_t slot_of(uint32_t code, uintptr_t cfa)
{
	return cfa - (code >> (CODE_SLOT_SHIFT - 3) & CODE_SLOT_MAX << 3);
}

/* Whether the `count` outermost frames stand on the stack as they did; `fp` is that of the first.
 */
READS_STACK static bool still_true(const struct unwind_memory *memory, unsigned count, uintptr_t fp)
{
	const struct unwind_state *state = &memory->frame[count - 1];
	uintptr_t slot, differs = 0;

	for (;; state--) {
		slot = slot_of(state->code, state->cfa);
		if (state->code & CODE_FROM_FP)
			differs |= cfa_of(state->code, state->sp, fp) ^ state->cfa;
		if (state == memory->frame)
			break;
		differs |= arch_strip(*(const uintptr_t *)arch_ra_slot(state->cfa, slot)) ^
			   state[-1].pc;
		if (slot != state->cfa)
			fp = *(const uintptr_t *)slot;
	}
	if (!memory->ends_at_limit)
		differs |= arch_strip(*(const uintptr_t *)arch_ra_slot(state->cfa, slot)) ^
			   memory->last_ra;
	return !differs;
}

/* Puts the `fresh` new frames on top of the `kept` old ones. */
static void remember(struct unwind_memory *memory, unsigned kept, unsigned fresh)
{
	unsigned i;

	for (i = 0; i < fresh; i++)
		memory->frame[kept + i] = memory->fresh[fresh - 1 - i];
	memory->count = kept + fresh;
	memory->note[0] = memory->note[1] = 0;
}

void unwind_remembered(const struct unwind_memory *memory, uint64_t *pcs)
{
	unsigned i;

	for (i = 0; i < memory->count; i++)
		pcs[i] = memory->frame[memory->count - 1 - i].pc;
}

/* The walk, as far as frames are usual. Returns whether it came to a proper end. */
READS_STACK static bool walk(struct unwind_memory *memory, const struct unwind_start *start,
	uintptr_t limit, unsigned max, bool *same)
{
	struct unwind_state at = {.pc = start->pc, .sp = start->sp};
	unsigned old = memory->limit == limit ? memory->count : 0, count = 0;
	uintptr_t fp = start->fp, slot;

	for (;;) {
		while (old > 0 && memory->frame[old - 1].sp < at.sp)
			old--;
		if (old > 0 && memory->frame[old - 1].sp == at.sp &&
			memory->frame[old - 1].pc == at.pc) {
			if (old + count <= max && still_true(memory, old, fp)) {
				*same = count == 0 && old == memory->count;
				if (!*same)
					remember(memory, old, count);
				return true;
			}
			old = 0;
		}
		if (unlikely(count >= max))
			return false;
		at.code = row_get(lookup_address(at.pc, false));
		if (unlikely(!at.code))
			at.code = row_decode(at.pc, false);
		if (unlikely((at.code & CODE_KIND) != CODE_USUAL)) {
			if (at.code != CODE_OUTERMOST)
				return false;
			at.cfa = at.sp;
			memory->fresh[count++] = at;
			memory->ends_at_limit = true;
			memory->end = (struct unwind_end){.sp = at.sp, .is_end = true};
			break;
		}
		at.cfa = cfa_of(at.code, at.sp, fp);
		slot = slot_of(at.code, at.cfa);
		if (unlikely(at.cfa <= at.sp || slot < at.sp || at.cfa % 8))
			return false;
		memory->fresh[count++] = at;
		if (at.cfa >= limit) {
			memory->ends_at_limit = true;
			memory->end =
				(struct unwind_end){.sp = at.sp, .beyond = at.cfa, .is_end = true};
			break;
		}
		at.pc = arch_strip(*(const uintptr_t *)arch_ra_slot(at.cfa, slot));
		if (slot != at.cfa)
			fp = *(const uintptr_t *)slot;
		at.sp = at.cfa;
		if (unwind_stops_at(at.pc) || at.pc == 0) {
			memory->ends_at_limit = false;
			memory->last_ra = at.pc;
			memory->end = (struct unwind_end){
				.sp = at.sp, .is_end = true, .stopped = at.pc != 0};
			break;
		}
		if (unlikely(at.pc < LOWEST_ADDRESS || at.pc >> 48))
			return false;
	}
	memory->limit = limit;
	remember(memory, 0, count);
	return true;
}

unsigned unwind_again(struct unwind_memory *memory, const struct unwind_start *start,
	uintptr_t limit, uint64_t *pcs, unsigned max, enum node_end *ret, bool *same)
{
	uint64_t generation = atomic_load_explicit(&row_generation, memory_order_acquire);
	const unsigned max_given = max;

	*same = memory->holds = false;
	if (limit - start->sp - 1 >= UNWIND_TRUSTED_SPAN || start->sp % 8 ||
		unwind_stops_at(start->pc)) {
		memory->count = 0; /* `end` would not be its */
		return unwind_far(start, limit, false, pcs, max, ret, &memory->end);
	}
	if (memory->generation != generation) {
		memory->count = 0;
		memory->generation = generation;
	}
	if (max > UNWIND_REMEMBERED)
		max = UNWIND_REMEMBERED;
	if (!walk(memory, start, limit, max, same)) {
		memory->count = 0;
		return unwind_far(start, limit, false, pcs, max_given, ret, &memory->end);
	}
	*ret = NODE_END_NONE;
	memory->holds = true;
	if (!*same)
		unwind_remembered(memory, pcs);
	return memory->count;
}
