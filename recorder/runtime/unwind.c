/*
 * Stack walk with a cache of decoded rows: see unwind.h for what it promises.
 *
 * A frame costs one probe of the cache, by the frame's address, and two loads from the stack. What
 * the cache holds of an address is one word, the address and its row packed together, so that
 * threads and signal handlers can read and write it without a lock and never see half of one.
 *
 * No memory is touched on the word of what was decoded: stack slots lie between the frame's stack
 * pointer and its CFA, which rises with each frame and stays below a limit up to which the stack is
 * known to be mapped. Where nobody knows that, and for code outside any module, the kernel is asked
 * before a page is read.
 */
#include "recorder/runtime/unwind.h"

#include <elf.h>
#include <link.h>
#include <stdatomic.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/*
 * Reads other frames' memory, which a sanitizer would take for an overflow. What is inlined there
 * must be alike, or it poisons a frame that nobody cleans.
 */
#define READS_STACK __attribute__((no_sanitize("address", "undefined", "thread")))
#define INLINE	    READS_STACK static inline __attribute__((always_inline))

enum {
	PAGE = 4096, /* of the probes; the real one is a multiple */
	/* Further than this from the start, a limit is not believed to be on the same stack. */
	TRUSTED_SPAN = 4 << 20,
	/* Nothing that looks like an address lies below. */
	LOWEST_ADDRESS = 65536,
};

/*
 * --- rows in the cache --------------------------------------------------------------------------
 *
 * A code of 29 bits says how to get to the caller. It is never 0. The usual frame:
 *
 *   bits 0-2    CODE_USUAL: the return address is where arch_ra_slot says
 *               CODE_RA_ONLY: it is at CFA - 8 * slot, or in the link register when slot is 0, and
 *               the frame pointer is untouched
 *   bit 3       CODE_FROM_FP: the CFA is counted from the frame pointer, not the stack pointer
 *   bits 4-18   CFA = base + 8 * this
 *   bits 19-28  slot: the frame pointer is saved at CFA - 8 * slot, or untouched when 0
 *
 * Anything else is one of the whole codes below.
 */
enum {
	CODE_BITS = 29,
	CODE_KIND = 7,
	CODE_USUAL = 1,
	CODE_RA_ONLY = 2,
	CODE_FROM_FP = 8,
	CODE_CFA_SHIFT = 4,
	CODE_CFA_MAX = (1 << 15) - 1,
	CODE_SLOT_SHIFT = 19,
	CODE_SLOT_MAX = (1 << 10) - 1,

	CODE_OUTERMOST = 3 | 0 << 4,
	CODE_SIGNAL = 3 | 1 << 4,  /* the kernel's signal frame */
	CODE_REFUSED = 3 | 2 << 4, /* a row that is not read */
	CODE_WIDE = 3 | 3 << 4,	   /* a row that fits into no code: decode it each time */
	CODE_BARE = 3 | 4 << 4,	   /* code of a module without row, where a call may return to */
	CODE_NO_MODULE = 3 | 5 << 4, /* the same, outside all modules */
	CODE_NO_CODE = 3 | 6 << 4, /* nothing that a call returns to; never cached */
	CODE_BOTTOM = 3 | 7 << 4,  /* a function's beginning, put there to be returned to */
};

enum {
	ROW_SET_BITS = 13,
	ROW_SETS = 1 << ROW_SET_BITS,
	ROW_TAG_SHIFT = 13,
};
_Static_assert(ROW_TAG_SHIFT <= ROW_SET_BITS + ARCH_PC_SHIFT, "set and tag tell all of an address");
_Static_assert(48 - ROW_TAG_SHIFT + CODE_BITS <= 64, "tag and code fit a word");

/* Two entries with the same low bits of the address: the newer first. 0 is an empty one. */
static struct {
	_Alignas(16) _Atomic uint64_t way[2];
} rows[ROW_SETS];

/* Advanced by unwind_flush: what was decoded before must not be stored after. */
static _Atomic uint64_t generation;

static uintptr_t stop_low, stop_size;
static void (*module_hook)(const struct dl_find_object *object);

INLINE uint64_t row_tag(uintptr_t at)
{
	return (uint64_t)(at >> ROW_TAG_SHIFT) << CODE_BITS;
}

/* The code stored for `at`, or 0. */
INLINE uint32_t row_get(uintptr_t at)
{
	const uintptr_t set = (at >> ARCH_PC_SHIFT) % ROW_SETS;
	const uint64_t tag = row_tag(at);
	uint64_t code = atomic_load_explicit(&rows[set].way[0], memory_order_relaxed) ^ tag;

	if (unlikely(code >> CODE_BITS)) {
		code = atomic_load_explicit(&rows[set].way[1], memory_order_relaxed) ^ tag;
		if (code >> CODE_BITS)
			return 0;
	}
	return (uint32_t)code;
}

/* Stores a code that was decoded while the generation was `decoded_in`. */
static void row_put(uintptr_t at, uint32_t code, uint64_t decoded_in)
{
	const uintptr_t set = (at >> ARCH_PC_SHIFT) % ROW_SETS;
	const uint64_t old = atomic_load_explicit(&rows[set].way[0], memory_order_relaxed);

	atomic_store(&rows[set].way[1], old);
	atomic_store(&rows[set].way[0], row_tag(at) | code);
	/* Either this is seen here, or unwind_flush sees the entries. */
	if (atomic_load(&generation) != decoded_in) {
		atomic_store(&rows[set].way[1], 0);
		atomic_store(&rows[set].way[0], 0);
	}
}

void unwind_flush(void)
{
	unsigned i, way;

	atomic_fetch_add(&generation, 1);
	/* Looking first keeps pages that were never written from becoming memory. */
	for (i = 0; i < ROW_SETS; i++)
		for (way = 0; way < 2; way++)
			if (atomic_load(&rows[i].way[way]))
				atomic_store(&rows[i].way[way], 0);
}

static bool fits(int32_t offset, unsigned max)
{
	return offset % 8 == 0 && offset >= 0 && (unsigned)offset / 8 <= max;
}

static uint32_t row_pack(const struct cfi_row *row)
{
	uint32_t kind = CODE_USUAL, base = row->cfa_base == CFI_FROM_FP ? CODE_FROM_FP : 0;
	int32_t slot = 0;

	if (row->ra_rule == CFI_OUTERMOST)
		return CODE_OUTERMOST;
	if (row->fp_rule == CFI_SAVED) {
		slot = -row->fp_offset;
		if (slot < 16 || row->ra_rule != CFI_SAVED ||
			row->ra_offset != (ARCH_RA_IN_REGISTER ? row->fp_offset + 8 : -8))
			return CODE_WIDE;
	} else if (ARCH_RA_IN_REGISTER) {
		kind = CODE_RA_ONLY;
		if (row->ra_rule == CFI_SAVED) {
			slot = -row->ra_offset;
			if (slot < 8)
				return CODE_WIDE;
		}
	} else if (row->ra_offset != -8) {
		return CODE_WIDE;
	}
	if (!fits(row->cfa_offset, CODE_CFA_MAX) || !fits(slot, CODE_SLOT_MAX))
		return CODE_WIDE;
	return kind | base | (uint32_t)row->cfa_offset / 8 << CODE_CFA_SHIFT |
	       (uint32_t)slot / 8 << CODE_SLOT_SHIFT;
}

/*
 * --- the walk's place ----------------------------------------------------------------------------
 */
struct walk {
	uintptr_t pc, sp, fp, lr, limit;
	uintptr_t page;	 /* the last one that was found readable; 0 is none */
	uint64_t *pcs;
	unsigned count, max;
	bool exact;	 /* pc is an instruction, not where a call returns to */
	bool lr_known;	 /* x30 has not been overwritten since this frame was entered */
	bool sp_lost;	 /* sp is only a lower bound */
	bool by_pointer; /* this frame was reached by a frame pointer and not by a row */
	bool probing;	 /* memory must be asked for before it is read */
};

/* Whether the 8 bytes at `address` can be read. */
static bool can_read(uintptr_t address)
{
	/*
	 * No `how` is that large: the kernel copies the new mask from memory, EFAULT when it
	 * cannot, and then says EINVAL.
	 */
	return arch_syscall(ARCH_RT_SIGPROCMASK, -1, (long)address, 0, 8) == -22;
}

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
INLINE bool read_slot(
	struct walk *w, bool probing, uintptr_t address, uintptr_t *ret)
{
	if (probing)
		return read_probed(w, address, ret);
	*ret = *(const uintptr_t *)address;
	return true;
}

READS_STACK static void copy_bytes(uintptr_t address, unsigned size, uint8_t *ret)
{
	unsigned i;

	for (i = 0; i < size; i++)
		ret[i] = *(const volatile uint8_t *)(address + i);
}

/* Reads code that may not be there, 8 bytes or more. */
static bool copy_code(uintptr_t address, unsigned size, uint8_t *ret)
{
	if (address < LOWEST_ADDRESS || !can_read(address) || !can_read(address + size - 8))
		return false;
	copy_bytes(address, size, ret);
	return true;
}

static bool is_sigreturn(uintptr_t pc)
{
	uint8_t code[ARCH_SIGRETURN_SIZE];

	return copy_code(pc, sizeof code, code) && arch_is_sigreturn(code);
}

static bool follows_call(uintptr_t pc)
{
	uint8_t code[8] = { 0 };
	const unsigned in_page = pc % PAGE;

	if (!copy_code(pc - sizeof code, sizeof code, code)) {
		/* The call may be the first thing in its mapping. */
		if (in_page >= sizeof code || !can_read(pc - in_page))
			return false;
		copy_bytes(pc - in_page, in_page, code + sizeof code - in_page);
	}
	return arch_follows_call(code + sizeof code);
}

/*
 * --- finding a row that is not in the cache --------------------------------------------------------
 */

/* The segment of a loaded module that holds its .eh_frame_hdr. */
static struct cfi_module module_of(const struct dl_find_object *object)
{
	const uintptr_t start = (uintptr_t)object->dlfo_map_start;
	const uintptr_t hdr = (uintptr_t)object->dlfo_eh_frame;
	const uintptr_t bias = object->dlfo_link_map->l_addr;
	const ElfW(Ehdr) *elf = object->dlfo_map_start;
	const ElfW(Phdr) * segment;
	unsigned i;
	struct cfi_module module = {
		.bytes = object->dlfo_map_start,
		.size = (uintptr_t)object->dlfo_map_end - start,
		.address = start,
		.eh_frame_hdr = hdr,
	};

	/*
	 * A module's range has holes where nothing is mapped. Its program headers tell them, but
	 * for a file whose headers were moved away from its beginning.
	 */
	if (memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_phentsize != sizeof *segment ||
		elf->e_phoff % 8 || elf->e_phoff > PAGE ||
		elf->e_phnum > (PAGE - elf->e_phoff) / sizeof *segment)
		return module;
	segment = (const void *)(start + elf->e_phoff);
	for (i = 0; i < elf->e_phnum; i++) {
		uintptr_t from = bias + segment[i].p_vaddr;

		if (segment[i].p_type != PT_LOAD || hdr - from >= segment[i].p_filesz)
			continue;
		if (from < start || segment[i].p_filesz > module.size - (from - start))
			continue;
		module.bytes = (const uint8_t *)from;
		module.address = from;
		module.size = segment[i].p_filesz;
		break;
	}
	return module;
}

/* The address that a row is looked up by: inside the call, for a return address. */
INLINE uintptr_t lookup_address(uintptr_t pc, bool exact)
{
	return (pc - !exact) & -(1ull << ARCH_PC_SHIFT);
}

static enum cfi_result find_row(uintptr_t at, struct cfi_row *row)
{
	struct dl_find_object object;
	struct cfi_module module;

	if (_dl_find_object((void *)at, &object) != 0 || !object.dlfo_eh_frame)
		return CFI_NO_FDE;
	module = module_of(&object);
	return cfi_find(&ARCH_CFI, &module, at, row);
}

/* Whether a function begins at `pc`, for all that is known of a module. */
static bool begins_function(uintptr_t pc, const struct cfi_module *module)
{
	uint64_t start;

	return cfi_find_function(module, pc, &start) == CFI_FOUND && start == pc;
}

/* Code that no row describes; `module` is NULL outside of any and where it has no information. */
static uint32_t code_without_row(
	uintptr_t pc, bool exact, bool in_module, const struct cfi_module *module)
{
	/* makecontext and its like make a coroutine's first function return to another's start. */
	if (module && !exact && begins_function(pc, module))
		return CODE_BOTTOM;
	if (is_sigreturn(pc))
		return CODE_SIGNAL;
	if (exact ? !can_read(pc & -8ull) : !follows_call(pc))
		return CODE_NO_CODE;
	return in_module ? CODE_BARE : CODE_NO_MODULE;
}

/* The code of an address that is not in the cache, which it may be afterwards. */
static __attribute__((noinline)) uint32_t row_decode(uintptr_t pc, bool exact)
{
	const uint64_t decoded_in = atomic_load(&generation);
	const uintptr_t at = lookup_address(pc, exact);
	struct dl_find_object object;
	struct cfi_module module;
	struct cfi_row row;
	uint32_t code;

	if (_dl_find_object((void *)at, &object) != 0) {
		code = code_without_row(pc, exact, false, NULL);
		/* An exact address is met once; a signal frame is not worth the doubt. */
		if (code == CODE_NO_MODULE && !exact)
			row_put(at, code, decoded_in);
		return code;
	}
	if (module_hook)
		module_hook(&object);
	if (object.dlfo_eh_frame) {
		module = module_of(&object);
		switch (cfi_find(&ARCH_CFI, &module, at, &row)) {
		case CFI_FOUND:
			if (!row.signal_frame)
				code = row_pack(&row);
			else
				code = is_sigreturn(pc) ? CODE_SIGNAL : CODE_REFUSED;
			break;
		case CFI_NO_FDE:
			code = code_without_row(pc, exact, true, &module);
			break;
		default:
			code = CODE_REFUSED;
			break;
		}
	} else {
		code = code_without_row(pc, exact, true, NULL);
	}
	if (code != CODE_NO_CODE)
		row_put(at, code, decoded_in);
	return code;
}

bool unwind_function_start(uintptr_t pc, uintptr_t *ret)
{
	struct dl_find_object object;
	struct cfi_module module;
	uint64_t start;

	pc &= 0xffffffffffff;
	if (_dl_find_object((void *)pc, &object) != 0 || !object.dlfo_eh_frame)
		return false;
	module = module_of(&object);
	if (cfi_find_function(&module, pc, &start) != CFI_FOUND)
		return false;
	*ret = start;
	return true;
}

void unwind_set_stop_range(uintptr_t low, uintptr_t high)
{
	stop_low = low;
	stop_size = high - low;
}

void unwind_set_module_hook(void (*hook)(const struct dl_find_object *object))
{
	module_hook = hook;
}

/*
 * --- unusual frames --------------------------------------------------------------------------------
 *
 * Each of these takes the walk from the frame it is at to the caller's and returns NODE_WORDS, or
 * says how the walk ends.
 */

/* Whether a CFA that was computed is out of the wanted part of the stack. */
INLINE bool beyond_limit(const struct walk *w, uintptr_t cfa)
{
	return cfa >= w->limit && w->sp < w->limit;
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

	if (find_row(lookup_address(w->pc, w->exact), &row) != CFI_FOUND || row.signal_frame ||
		row.ra_rule == CFI_OUTERMOST)
		return NODE_END_REFUSED;
	return step_row(w, &row);
}

/* To the frame that a signal interrupted. */
READS_STACK static enum node_end step_signal(struct walk *w)
{
	const uintptr_t context = w->sp + ARCH_SIGNAL_CONTEXT;
	struct walk to = *w;

	if (!w->probing &&
		(context >= w->limit || w->limit - context < ARCH_CONTEXT_SIZE))
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
		if (end == NODE_END_NONE || (end == NODE_WORDS && follows_call(to.pc))) {
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
	if (unlikely(code == CODE_NO_MODULE)) {
		struct dl_find_object object;

		/* A module may have been loaded where there was none. */
		if (_dl_find_object((void *)lookup_address(pc, exact), &object) == 0)
			return row_decode(pc, exact);
	}
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
			w->pc | (w->exact || code == CODE_SIGNAL || code == CODE_BOTTOM ?
						NODE_EXACT :
						0);
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
	const uintptr_t low = stop_low, size = stop_size;
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

READS_STACK unsigned unwind(const struct unwind_start *start, uintptr_t limit, bool exact,
	uint64_t *pcs, unsigned max, enum node_end *ret)
{
	struct walk w;
	enum node_end end;
	uint32_t code;

	w.pc = start->pc;
	w.sp = start->sp;
	w.fp = start->fp;
	w.lr = start->lr;
	w.limit = limit;
	w.page = 0;
	w.pcs = pcs;
	w.count = 0;
	w.max = max;
	w.exact = exact;
	w.lr_known = exact;
	w.sp_lost = false;
	w.by_pointer = false;
	/* Also true when the limit is not above. */
	w.probing = limit - start->sp - 1 >= TRUSTED_SPAN;

	*ret = NODE_END_NONE;
	if (!exact && w.pc - stop_low < stop_size)
		return 0;
	if (w.sp % 8 || w.sp < LOWEST_ADDRESS || max == 0 || w.pc >> 48 ||
		(!exact && w.pc < LOWEST_ADDRESS)) {
		*ret = NODE_END_BROKEN;
		return 0;
	}
	for (;;) {
		if (likely(!w.probing && !w.exact && !w.sp_lost)) {
			end = walk_usual(&w, &code);
			if (likely(end != NODE_WORDS))
				break;
		} else {
			code = row_code(w.pc, w.exact);
		}
		end = step_any(&w, code);
		if (end != NODE_WORDS)
			break;
		if (w.pc - stop_low < stop_size) {
			end = NODE_END_NONE;
			break;
		}
		if (w.pc >> 48 || (w.pc < LOWEST_ADDRESS && !w.exact)) {
			end = w.pc ? NODE_END_BROKEN : NODE_END_NONE;
			break;
		}
		if (w.count == w.max) {
			end = NODE_END_DEEPER;
			break;
		}
	}
	*ret = end;
	return w.count;
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
