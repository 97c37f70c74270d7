/*
 * The copies of libuv in this process, and their real functions.
 *
 * Several may be loaded at once: one that the program is linked to, others that came with modules
 * loaded privately. Which of them a call is for is decided by the module that the call is made
 * from, as the loader would have decided it if it were not for the wrappers. Where there are
 * several, that module may not be known (its code has left by a jump), and the one that made the
 * object in question is asked first: hook.h, CALL_ON.
 *
 * Any thread. The first call from a module may take the loader's lock, and only where the program
 * is not linked to a libuv; everything else here is lock-free and signal-safe.
 */
#ifndef ACAUSAL_HOOKS_LIBUV_H
#define ACAUSAL_HOOKS_LIBUV_H

#include "recorder/hooks/libuv_table.h"

#include <stdbool.h>
#include <stdint.h>

/* Whose code it is that makes a call. */
enum libuv_side {
	LIBUV_PROGRAM, /* the program's */
	LIBUV_ITSELF,  /* libuv's own */
	LIBUV_NEAR,    /* beside libuv's, in a module that has other code as well: either's */
	LIBUV_JUMPED,  /* of a module that does not call libuv: another's that left by a jump */
};

/*
 * The libuv that code at `caller` is bound to: found at the first call from a module, then
 * remembered. Never NULL: where there is none, all its functions are absent ones.
 */
const struct libuv *libuv_of(uintptr_t caller, enum libuv_side *side);

/* Whether a call that returns to an address was made by a libuv. */
bool libuv_is_text(uintptr_t address);

/* Code was unloaded: what was in it is forgotten. */
void libuv_forget_callers(void);

#endif
