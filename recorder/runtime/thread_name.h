/*
 * The names of threads, as they change.
 */
#ifndef ACAUSAL_RUNTIME_THREAD_NAME_H
#define ACAUSAL_RUNTIME_THREAD_NAME_H

#include "recorder/runtime/emit.h"

/* The thread of `slot` is called `name` (15 bytes and a NUL at most) from now on. `writer` says it.
 */
void thread_name_is(struct emit_state *writer, struct arena_thread *slot, const char *name);

/* Looks what the calling thread, whose slot it is, is called: it may have told the kernel only. */
void thread_name_look(struct emit_state *writer, struct arena_thread *slot);

#endif
