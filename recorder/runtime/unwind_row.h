/*
 * What the stack walk knows of code: how to get from an address to its caller's frame, packed into
 * one word and kept in a process-wide cache. Any thread, signal-safe. Others than the stack walk
 * need the last three functions only.
 */
#ifndef ACAUSAL_RUNTIME_UNWIND_ROW_H
#define ACAUSAL_RUNTIME_UNWIND_ROW_H

#include "recorder/runtime/arch.h"
#include "recorder/runtime/likely.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Reads other frames' memory, which a sanitizer would take for an overflow. What is inlined there
 * must be alike, or it poisons a frame that nobody cleans.
 */
#define READS_STACK __attribute__((no_sanitize("address", "undefined", "thread")))
#define INLINE	    READS_STACK static inline __attribute__((always_inline))

enum {
	PAGE = 4096, /* of probes; the real one is a multiple */
	/* Nothing that looks like an address lies below. */
	LOWEST_ADDRESS = 65536,
};

/*
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
	CODE_SIGNAL = 3 | 1 << 4,    /* the kernel's signal frame */
	CODE_REFUSED = 3 | 2 << 4,   /* a row that is not read */
	CODE_WIDE = 3 | 3 << 4,	     /* a row that fits into no code: decode it each time */
	CODE_BARE = 3 | 4 << 4,	     /* code of a module without row, where a call may return to */
	CODE_NO_MODULE = 3 | 5 << 4, /* the same, outside all modules */
	CODE_NO_CODE = 3 | 6 << 4,   /* nothing that a call returns to; never cached */
	CODE_BOTTOM = 3 | 7 << 4,    /* a function's beginning, put there to be returned to */
};

enum {
	ROW_SET_BITS = 13,
	ROW_SETS = 1 << ROW_SET_BITS,
	ROW_TAG_SHIFT = 13,
};
_Static_assert(ROW_TAG_SHIFT <= ROW_SET_BITS + ARCH_PC_SHIFT, "set and tag tell all of an address");
_Static_assert(48 - ROW_TAG_SHIFT + CODE_BITS <= 64, "tag and code fit a word");

/* Two entries with the same low bits of the address: the newer first. 0 is an empty one. */
struct row_set {
	_Alignas(16) _Atomic uint64_t way[2];
};

/* Hidden, or each look would go through the global offset table. */
extern struct row_set row_sets[ROW_SETS] __attribute__((visibility("hidden")));

/* Advanced by unwind_flush: what was decoded before must not be used after. */
extern _Atomic uint64_t row_generation __attribute__((visibility("hidden")));

/* The range of unwind_set_stop_range. */
extern uintptr_t unwind_stop_low __attribute__((visibility("hidden")));
extern uintptr_t unwind_stop_size __attribute__((visibility("hidden")));

INLINE bool unwind_stops_at(uintptr_t pc)
{
	return pc - unwind_stop_low < unwind_stop_size;
}

/* Further than this from its start, a limit is not believed to be on the same stack. */
enum { UNWIND_TRUSTED_SPAN = 4 << 20 };

/* The address that a row is looked up by: inside the call, for a return address. */
INLINE uintptr_t lookup_address(uintptr_t pc, bool exact)
{
	return (pc - !exact) & -(1ull << ARCH_PC_SHIFT);
}

INLINE uint64_t row_tag(uintptr_t at)
{
	return (uint64_t)(at >> ROW_TAG_SHIFT) << CODE_BITS;
}

/* The code stored for `at`, or 0. */
INLINE uint32_t row_get(uintptr_t at)
{
	const uintptr_t set = (at >> ARCH_PC_SHIFT) % ROW_SETS;
	const uint64_t tag = row_tag(at);
	uint64_t code = atomic_load_explicit(&row_sets[set].way[0], memory_order_relaxed) ^ tag;

	if (unlikely(code >> CODE_BITS)) {
		code = atomic_load_explicit(&row_sets[set].way[1], memory_order_relaxed) ^ tag;
		if (code >> CODE_BITS)
			return 0;
	}
	return (uint32_t)code;
}

/* The code of an address that is not in the cache; mostly it is there afterwards. */
uint32_t row_decode(uintptr_t pc, bool exact);

/* The row itself, where it fits into no code. */
enum cfi_result row_read(uintptr_t pc, bool exact, struct cfi_row *ret);

/* Whether there is a module at an address where there was none. */
bool row_has_module(uintptr_t pc, bool exact);

/* Whether a call ends just before `pc`, so that it is where the call returns to. */
bool row_follows_call(uintptr_t pc);

/* Whether the 8 bytes at `address` can be read: asks the kernel. */
static inline bool can_read(uintptr_t address)
{
	/*
	 * No `how` is that large: the kernel copies the new mask from memory, EFAULT when it
	 * cannot, and then says EINVAL.
	 */
	return arch_syscall(ARCH_RT_SIGPROCMASK, -1, (long)address, 0, 8) == -22;
}

/*
 * Finds where the function that holds `pc` begins, if there is call-frame information for it. Bits
 * 48 to 63 of `pc` are ignored. Not cached: some 100 ns.
 */
bool unwind_function_start(uintptr_t pc, uintptr_t *ret);

/*
 * Called with each module that holds an address met in a walk, at least once for each module and
 * after each unwind_flush, and often more than once; `object` is valid during the call. The hook
 * must be signal-safe. Set once, before the first walk.
 */
void unwind_set_module_hook(void (*hook)(const struct dl_find_object *object));

/* Forgets all that is known of code. To be called when a module has been unloaded. */
void unwind_flush(void);

#endif
