/*
 * Native stacks of a core's threads, by the unwind information of the modules' files. Where there
 * is none the stack ends in words: a frame that is only guessed may be a wrong one.
 *
 * Reads through core_modules.h alone. One thread.
 */
#ifndef ACAUSAL_CORE_CORE_UNWIND_H
#define ACAUSAL_CORE_CORE_UNWIND_H

#include "recorder/core/core_modules.h"

enum { CORE_FRAMES_MAX = 256, CORE_KEPT = 6 };

struct core_frame {
	uint64_t pc, sp;	  /* `sp` is 0 when it is not known */
	uint64_t kept[CORE_KEPT]; /* the registers that calls keep, as this function had them */
	unsigned is_kept;	  /* bit N: kept[N] is known */
	bool is_exact;		  /* the very instruction, not a return address */
	const struct core_module *module; /* NULL: in none */
};

/* Why a stack has no more frames. X(TAG, words) */
#define CORE_STACK_ENDS(X)                                                                         \
	X(NONE, NULL) /* it is whole */                                                            \
	X(DEEPER, "deeper frames are left out")                                                    \
	X(NO_CFI, "no unwind information for this code")                                           \
	X(MISSING, "the file of this module is missing here")                                      \
	X(BROKEN, "the stack cannot be followed further: its memory is damaged or not in the "     \
		  "core")

#define X(tag, ...) CORE_STACK_##tag,
enum core_stack_end { CORE_STACK_ENDS(X) CORE_STACK_END_COUNT };
#undef X

/* Innermost first. */
struct core_stack {
	size_t count;
	enum core_stack_end end;
	struct core_frame frames[CORE_FRAMES_MAX];
};

struct core_unwind;

/* `modules` is borrowed. */
int core_unwind_create(
	struct core_unwind **ret, const struct core_modules *modules, struct error *err);
void core_unwind_destroy(struct core_unwind *);

/* Always gives something: at the least the frame of the program counter. */
void core_unwind_thread(
	struct core_unwind *, const struct core_thread *thread, struct core_stack *ret);

/* What libdw knows the module at the address as; NULL: it does not. */
struct Dwfl_Module *core_unwind_module(const struct core_unwind *, uint64_t address);

/*
 * The name of the function at the address, by symbols, and where it begins; NULL when that is not
 * known. Lives as long as the core_unwind.
 */
const char *core_unwind_function(const struct core_unwind *, uint64_t address, uint64_t *start);

/* In words; NULL for CORE_STACK_NONE. */
const char *core_stack_end_words(enum core_stack_end end);

#endif
