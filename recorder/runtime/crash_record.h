/*
 * Records of fatal signals in the arena: taken, filled with registers and a copy of the stack, and
 * given back when the thread has gone on. Async-signal-safe; errno is kept.
 */
#ifndef ACAUSAL_RUNTIME_CRASH_RECORD_H
#define ACAUSAL_RUNTIME_CRASH_RECORD_H

#include "recorder/runtime/arena.h"

/*
 * The index + 1 of a record that is being written from now on; 0 when there is none. One whose
 * thread may still go on is taken from its thread when there is no other.
 */
uint32_t crash_record_take(void);

/* The record, if it is that thread's still. NULL: it is not, or `record` is 0. */
struct arena_crash *crash_record_of(uint32_t record, uint32_t thread);

/* What was being written is there for whoever reads. */
void crash_record_publish(struct arena_crash *record, enum arena_crash_state state);

/* Of a thread that has gone on. */
void crash_record_release(uint32_t record, uint32_t thread);

/* The registers of a ucontext_t. */
void crash_record_registers(struct arena_crash *record, const void *context);

/*
 * Copies what can be read of the stack from `sp` on, up to `high` at most (0: not known), and as
 * much as there is room for.
 */
void crash_record_stack(struct arena_crash *record, uintptr_t sp, uintptr_t high);

/* The text that libc aborts with, if it does. `message` is its __abort_msg. */
void crash_record_message(struct arena_crash *record, const void *const *message);

#endif
