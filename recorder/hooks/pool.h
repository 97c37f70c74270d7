/*
 * When a thread of libuv's pool had a request: also one that runs nothing of the program's there.
 */
#ifndef ACAUSAL_HOOKS_POOL_H
#define ACAUSAL_HOOKS_POOL_H

#include "recorder/hooks/libuv.h"

/*
 * Libuv itself, and not the program, is about to send to `async`: perhaps a thread of the pool that
 * has done its work. Writes EVENT_POOL then; keeps errno.
 */
void pool_sends(const struct libuv *uv, const uv_async_t *async);

#endif
