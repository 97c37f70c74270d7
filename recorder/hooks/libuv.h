/*
 * The copies of libuv in this process, and their real functions.
 */
#ifndef ACAUSAL_HOOKS_LIBUV_H
#define ACAUSAL_HOOKS_LIBUV_H

#include "recorder/wire/names.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Functions younger than the headers this is compiled with; absent ones are NULL in the table. */
#if UV_VERSION_HEX < 0x012e00
int uv_pipe_connect2(uv_connect_t *req, uv_pipe_t *handle, const char *name, size_t namelen,
	unsigned int flags, uv_connect_cb cb);
#endif

struct libuv {
	uintptr_t text_low, text_high; /* of the module it is in */
#define X(name) __typeof__(&uv_##name) name;
	ACAUSAL_LIBUV_FUNCTIONS(X)
	X(is_active)
#undef X
};

/*
 * The libuv that code at `caller` is bound to: found at the first call from a module, then
 * remembered. NULL when there is none, which happens to nobody who could call a wrapper.
 */
const struct libuv *libuv_of(uintptr_t caller);

/* Whether an address lies in the code of a libuv. */
bool libuv_is_text(uintptr_t address);

/* Code was unloaded: what was in it is forgotten. */
void libuv_forget_callers(void);

#endif
