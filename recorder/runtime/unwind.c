/*
 * Stack walk: see unwind.h for what it promises.
 *
 * A frame costs one probe of the cache of rows, by the frame's address, and two loads from the
 * stack.
 *
 * No memory is touched on the word of what was decoded: stack slots lie between the frame's stack
 * pointer and its CFA, which rises with each frame and stays below a limit up to which the stack is
 * known to be mapped. Where nobody knows that, the kernel is asked before a page is read.
 */
#include "recorder/runtime/unwind.h"

#include "recorder/runtime/unwind_row.h"

uintptr_t unwind_stop_low;
uintptr_t unwind_stop_size;

/* The place of a walk. */
struct walk {
	uintptr_t pc, sp, fp, lr, limit;
	uintptr_t page;	  /* the last one that was found readable; 0 is none */
	uintptr_t beyond; /* the CFA that reached the limit; 0: none has */
	uint64_t *pcs;
	unsigned count, max;
	bool exact;	 /* pc is an instruction, not where a call returns to */
	bool lr_known;	 /* x30 has not been overwritten since this frame was entered */
	bool sp_lost;	 /* sp is only a lower bound */
	bool by_pointer; /* this frame was reached by a frame pointer and not by a row */
	bool probing;	 /* memory must be asked for before it is read */
};

READS_STACK static bool read_probed(struct walk *w, uintptr_t address, uintptr_t *ret)
{
	if (address % 8)
		return false;
	if (w->page != address / PAGE) {
		if (!can_read(address))
			return false;
		w->page = address / PAGE;
	}
	*ret = *(const uintptr_t *)address;
	return true;
}

/* Reads a stack slot of a frame that is known to lie in [sp, CFA). */
INLINE bool read_slot(struct walk *w, bool probing, uintptr_t address, uintptr_t *ret)
{
	if (probing)
		return read_probed(w, address, ret);
	*ret = *(const uintptr_t *)address;
	return true;
}

void unwind_set_stop_range(uintptr_t low, uintptr_t high)
{
	unwind_stop_low = low;
	unwind_stop_size = high - low;
}

/*
 * --- unusual frames
 * --------------------------------------------------------------------------------
 *
 * Each of these takes the walk from the frame it is at to the caller's and returns NODE_WORDS, or
 * says how the walk ends.
 */

/* Whether a CFA that was computed is out of the wanted part of the stack. */
INLINE bool beyond_limit(struct walk *w, uintptr_t cfa)
{
	if (cfa < w->limit || w->sp >= w->limit)
		return false;
	w->beyond = cfa;
	return true;
}

static enum node_end other_stack_or_broken(const struct walk *w)
{
	return w->probing ? NODE_END_OTHER_STACK : NODE_END_BROKEN;
}

/* A slot that may lie just below the stack pointer, where a function that is about to return has
 * popped it and signals have left it alone. */
READS_STACK static bool read_popped(struct walk *w, uintptr_t address, uintptr_t *ret)
{
	if (address >= w->sp)
		return read_slot(w, w->probing, address, ret);
	return w->exact && w->sp - address <= ARCH_RED_ZONE && read_probed(w, address, ret);
}

static enum node_end step_row(struct walk *w, const struct cfi_row *row)
{
	const uintptr_t base = row->cfa_base == CFI_FROM_FP ? w->fp : w->sp;
	const uintptr_t cfa = base + (uintptr_t)(intptr_t)row->cfa_offset;
	uintptr_t ra = w->lr, fp = w->fp, slot;

	if (row->cfa_base == CFI_FROM_SP && w->sp_lost)
		return NODE_END_NO_CFI;
	/* A frame that has nothing on the stack can only be the first one. */
	if (cfa % 8 || cfa < w->sp || (cfa == w->sp && row->ra_rule != CFI_KEPT))
		return NODE_END_BROKEN;
	if (beyond_limit(w, cfa))
		return NODE_END_NONE;
	if (row->fp_rule == CFI_SAVED) {
		slot = cfa + (uintptr_t)(intptr_t)row->fp_offset;
		if (slot >= cfa || !read_popped(w, slot, &fp))
			return other_stack_or_broken(w);
	}
	if (row->ra_rule == CFI_SAVED) {
		slot = cfa + (uintptr_t)(intptr_t)row->ra_offset;
		if (slot >= cfa || !read_popped(w, slot, &ra))
			return other_stack_or_broken(w);
	} else if (!w->lr_known) {
		return NODE_END_BROKEN;
	}
	w->pc = arch_strip(ra);
	w->sp = cfa;
	w->fp = fp;
	w->sp_lost = false;
	w->by_pointer = false;
	return NODE_WORDS;
}

static enum node_end step_code(struct walk *w, uint32_t code)
{
	const int32_t slot = (int32_t)(code >> CODE_SLOT_SHIFT) * 8;
	struct cfi_row row = {
		.cfa_base = code & CODE_FROM_FP ? CFI_FROM_FP : CFI_FROM_SP,
		.cfa_offset = (int32_t)(code >> CODE_CFA_SHIFT & CODE_CFA_MAX) * 8,
		.fp_rule = CFI_KEPT,
		.ra_rule = CFI_SAVED,
	};

	if ((code & CODE_KIND) == CODE_USUAL) {
		if (slot) {
			row.fp_rule = CFI_SAVED;
			row.fp_offset = -slot;
		}
		row.ra_offset = ARCH_RA_IN_REGISTER ? 8 - slot : -8;
		/*
		 * What the frame pointer points to is where this frame saved it: that tells the CFA
		 * as well as a stack pointer would.
		 */
		if (w->sp_lost && slot && row.cfa_base == CFI_FROM_SP) {
			row.cfa_base = CFI_FROM_FP;
			row.cfa_offset = slot;
		}
	} else if (slot) {
		row.ra_offset = -slot;
	} else {
		row.ra_rule = CFI_KEPT;
	}
	return step_row(w, &row);
}

static enum node_end step_wide(struct walk *w)
{
	struct cfi_row row;

	if (row_read(w->pc, w->exact, &row) != CFI_FOUND || row.signal_frame ||
		row.ra_rule == CFI_OUTERMOST)
		return NODE_END_REFUSED;
	return step_row(w, &row);
}

/* To the frame that a signal interrupted. */
READS_STACK static enum node_end step_signal(struct walk *w)
{
	const uintptr_t context = w->sp + ARCH_SIGNAL_CONTEXT;
	struct walk to = *w;

	if (!w->probing && (context >= w->limit || w->limit - context < ARCH_CONTEXT_SIZE))
		return NODE_END_BROKEN;
	if (!read_slot(w, w->probing, context + ARCH_CONTEXT_PC, &to.pc) ||
		!read_slot(w, w->probing, context + ARCH_CONTEXT_SP, &to.sp) ||
		!read_slot(w, w->probing, context + ARCH_CONTEXT_FP, &to.fp) ||
		!read_slot(w, w->probing, context + ARCH_CONTEXT_LR, &to.lr))
		return NODE_END_OTHER_STACK;
	if (to.sp % 8 || to.sp < LOWEST_ADDRESS)
		return NODE_END_BROKEN;
	to.pc = arch_strip(to.pc);
	to.page = w->page;
	to.exact = true;
	to.lr_known = true;
	to.sp_lost = false;
	to.by_pointer = false;
	/* The handler ran on a stack of its own: nobody has vouched for the one it leads to. */
	if (to.sp <= w->sp || to.sp >= w->limit)
		to.probing = true;
	*w = to;
	return NODE_WORDS;
}

/* By the frame pointer, where there is no row. */
READS_STACK static enum node_end step_pointer(struct walk *w)
{
	uintptr_t fp, ra, record = w->fp;

	if (record % 8 || record < w->sp || record > UINTPTR_MAX - 16)
		return NODE_END_NO_CFI;
	if (beyond_limit(w, record + 16))
		return NODE_END_NONE;
	if (!read_slot(w, w->probing, record, &fp) || !read_slot(w, w->probing, record + 8, &ra))
		return NODE_END_NO_CFI;
	w->fp = fp;
	w->pc = arch_strip(ra);
	w->sp = record + 16;
	w->sp_lost = !ARCH_FRAME_POINTER_TELLS_SP;
	w->by_pointer = true;
	return NODE_WORDS;
}

/* From a function's first instruction: a call has just happened, and nothing else. */
READS_STACK static enum node_end step_entered(struct walk *w)
{
	if (ARCH_RA_IN_REGISTER) {
		if (!w->lr_known)
			return NODE_END_BROKEN;
		w->pc = arch_strip(w->lr);
		return NODE_WORDS;
	}
	if (beyond_limit(w, w->sp + 8))
		return NODE_END_NONE;
	if (!read_slot(w, w->probing, w->sp, &w->pc))
		return other_stack_or_broken(w);
	w->sp += 8;
	return NODE_WORDS;
}

/*
 * From a frame without row. The innermost one may have no frame of its own, as the stubs of the
 * procedure linkage table: then what looks like a return address where a call leaves it is one.
 */
static enum node_end step_bare(struct walk *w)
{
	struct walk to = *w;
	enum node_end end;

	if (w->exact) {
		end = step_entered(&to);
		if (end == NODE_END_NONE || (end == NODE_WORDS && row_follows_call(to.pc))) {
			*w = to;
			return end;
		}
	}
	return step_pointer(w);
}

/* The code of the frame that the walk is at, from the cache or not. */
INLINE uint32_t row_code(uintptr_t pc, bool exact)
{
	const uint32_t code = row_get(lookup_address(pc, exact));

	if (unlikely(!code))
		return row_decode(pc, exact);
	/* A module may have been loaded where there was none. */
	if (unlikely(code == CODE_NO_MODULE) && row_has_module(pc, exact))
		return row_decode(pc, exact);
	return code;
}

/* Notes the frame that the walk is at and takes one step from it, whatever kind it is of. */
static enum node_end step_any(struct walk *w, uint32_t code)
{
	enum node_end end;

	if (code == CODE_NO_CODE && !w->exact)
		return w->by_pointer ? NODE_END_NO_CFI : NODE_END_BROKEN;
	/* A call through a null pointer is no frame, and its address would not be read as one. */
	if (w->pc >= LOWEST_ADDRESS)
		w->pcs[w->count++] =
			w->pc |
			(w->exact || code == CODE_SIGNAL || code == CODE_BOTTOM ? NODE_EXACT : 0);
	switch (code) {
	case CODE_OUTERMOST:
	case CODE_BOTTOM:
		return NODE_END_NONE;
	case CODE_REFUSED:
		return NODE_END_REFUSED;
	case CODE_SIGNAL:
		return step_signal(w);
	case CODE_WIDE:
		end = step_wide(w);
		break;
	case CODE_BARE:
	case CODE_NO_MODULE:
		end = step_bare(w);
		break;
	case CODE_NO_CODE:
		/* A call through a wild pointer. */
		end = step_entered(w);
		break;
	default:
		end = step_code(w, code);
		break;
	}
	w->exact = false;
	w->lr_known = false;
	return end;
}

/*
 * Usual frames one after another, on a stack that is vouched for: the hot path. Leaves the walk at
 * the first frame that is of another kind or that makes a doubt, with its code, and returns
 * NODE_WORDS; or says how the walk ended.
 */
INLINE enum node_end walk_usual(struct walk *w, uint32_t *ret)
{
	uintptr_t pc = w->pc, sp = w->sp, fp = w->fp, limit = w->limit, cfa, slot, ra;
	const uintptr_t low = unwind_stop_low, size = unwind_stop_size;
	uint64_t *pcs = w->pcs + w->count, *end = w->pcs + w->max;
	enum node_end result = NODE_WORDS;
	uint32_t code;

	for (;;) {
		code = row_code(pc, false);
		if (unlikely((code & CODE_KIND) != CODE_USUAL))
			break;
		cfa = (code & CODE_FROM_FP ? fp : sp) +
		      (code >> (CODE_CFA_SHIFT - 3) & CODE_CFA_MAX << 3);
		slot = cfa - (code >> (CODE_SLOT_SHIFT - 3) & CODE_SLOT_MAX << 3);
		/* `slot` is the CFA itself when there is none. */
		if (unlikely(cfa <= sp || slot < sp || cfa % 8))
			break;
		*pcs++ = pc;
		if (cfa >= limit) {
			w->beyond = cfa;
			result = NODE_END_NONE;
			break;
		}
		ra = *(const uintptr_t *)arch_ra_slot(cfa, slot);
		if (slot != cfa)
			fp = *(const uintptr_t *)slot;
		sp = cfa;
		pc = arch_strip(ra);
		if (unlikely(pc - low < size)) {
			result = NODE_END_NONE;
			break;
		}
		if (unlikely(pc < LOWEST_ADDRESS || pc >> 48)) {
			result = pc ? NODE_END_BROKEN : NODE_END_NONE;
			break;
		}
		if (unlikely(pcs == end)) {
			result = NODE_END_DEEPER;
			break;
		}
	}
	w->pc = pc;
	w->sp = sp;
	w->fp = fp;
	if (w->count != pcs - w->pcs) {
		w->count = (unsigned)(pcs - w->pcs);
		w->exact = w->lr_known = w->by_pointer = false;
	}
	*ret = code;
	return result;
}

/* Goes on until there is no more or no more room, which is said by what is returned. */
static enum node_end walk_on(struct walk *w)
{
	enum node_end end;
	uint32_t code;

	for (;;) {
		if (likely(!w->probing && !w->exact && !w->sp_lost)) {
			end = walk_usual(w, &code);
			if (likely(end != NODE_WORDS))
				return end;
		} else {
			code = row_code(w->pc, w->exact);
		}
		end = step_any(w, code);
		if (end != NODE_WORDS)
			return end;
		if (w->pc - unwind_stop_low < unwind_stop_size)
			return NODE_END_NONE;
		if (w->pc >> 48 || (w->pc < LOWEST_ADDRESS && !w->exact))
			return w->pc ? NODE_END_BROKEN : NODE_END_NONE;
		if (w->count == w->max)
			return NODE_END_DEEPER;
	}
}

/* Takes a walk that had no more room to its end, or UNWIND_UNKEPT frames further. */
static enum node_end walk_unkept(struct walk *w)
{
	uint64_t unkept[64];
	enum node_end end = NODE_END_DEEPER;
	unsigned rounds = UNWIND_UNKEPT / 64;

	w->pcs = unkept;
	w->max = 64;
	while (end == NODE_END_DEEPER && rounds-- > 0) {
		w->count = 0;
		end = walk_on(w);
	}
	return end;
}

READS_STACK unsigned unwind_far(const struct unwind_start *start, uintptr_t limit, bool exact,
	uint64_t *pcs, unsigned max, enum node_end *ret, struct unwind_end *at)
{
	struct walk w;
	enum node_end end;
	unsigned count;

	w.pc = start->pc;
	w.sp = start->sp;
	w.fp = start->fp;
	w.lr = start->lr;
	w.limit = limit;
	w.page = 0;
	w.beyond = 0;
	w.pcs = pcs;
	w.count = 0;
	w.max = max;
	w.exact = exact;
	w.lr_known = exact;
	w.sp_lost = false;
	w.by_pointer = false;
	/* Also true when the limit is not above. */
	w.probing = limit - start->sp - 1 >= UNWIND_TRUSTED_SPAN;

	*ret = NODE_END_NONE;
	if (at)
		*at = (struct unwind_end){.sp = w.sp};
	if (!exact && w.pc - unwind_stop_low < unwind_stop_size) {
		if (at)
			at->stopped = true;
		return 0;
	}
	if (w.sp % 8 || w.sp < LOWEST_ADDRESS || max == 0 || w.pc >> 48 ||
		(!exact && w.pc < LOWEST_ADDRESS)) {
		*ret = NODE_END_BROKEN;
		return 0;
	}
	*ret = end = walk_on(&w);
	count = w.count;
	if (!at)
		return count;
	if (unlikely(end == NODE_END_DEEPER))
		end = walk_unkept(&w);
	at->is_end = end == NODE_END_NONE;
	at->stopped = at->is_end && unwind_stops_at(w.pc);
	at->beyond = w.beyond;
	at->sp = w.sp;
	return count;
}

unsigned unwind(const struct unwind_start *start, uintptr_t limit, bool exact, uint64_t *pcs,
	unsigned max, enum node_end *ret)
{
	return unwind_far(start, limit, exact, pcs, max, ret, NULL);
}

void unwind_from_context(const void *context, struct unwind_start *ret)
{
	const char *bytes = context;

	memcpy(&ret->pc, bytes + ARCH_CONTEXT_PC, sizeof ret->pc);
	memcpy(&ret->sp, bytes + ARCH_CONTEXT_SP, sizeof ret->sp);
	memcpy(&ret->fp, bytes + ARCH_CONTEXT_FP, sizeof ret->fp);
	memcpy(&ret->lr, bytes + ARCH_CONTEXT_LR, sizeof ret->lr);
	ret->pc = arch_strip(ret->pc);
}
