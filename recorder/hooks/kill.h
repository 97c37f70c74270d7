/*
 * Signals that the process sends, as causes: to itself, which its uv_signal_t hear of, and to its
 * children, which end of them.
 *
 * Lock-free and signal-safe; a send may come from any thread and from signal handlers.
 */
#ifndef ACAUSAL_HOOKS_KILL_H
#define ACAUSAL_HOOKS_KILL_H

#include "recorder/hooks/hook.h"

enum { KILL_SIGNALS = 65 }; /* signal numbers are below this */

/*
 * The handle of record `index` is about to wait for `signum`. Returns the number of the last send:
 * what was sent before is not meant for it.
 */
uint64_t kill_watch(int signum, uint32_t index);

/*
 * The cause that a run of a uv_signal_t answers, 0: none. `*last` is the number of the last send
 * that the handle has answered.
 */
uint64_t kill_take(int signum, uint64_t *last, const uv_signal_t *handle);

/* uv_spawn has made the child of record `index`. */
void kill_child_made(uint32_t index, int pid);

/* It has ended, by `signum` or 0, and its run is about to begin: leaves the cause for that. */
void kill_child_ended(const uv_process_t *process, int signum);

#endif
