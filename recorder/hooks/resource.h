/*
 * Resources: what a call made, what is known better now, what has ended.
 *
 * Called by wrappers, on the thread that called them; errno is kept. A record is named by its index
 * in the live table (runtime/live.h).
 */
#ifndef ACAUSAL_HOOKS_RESOURCE_H
#define ACAUSAL_HOOKS_RESOURCE_H

#include "recorder/hooks/hook.h"

/* The ID of the loop at an address; 0 when it is not known. */
uint64_t loop_id_of(struct thread *thread, const void *loop);

/* A handle or loop was made at `object`. Returns its record, 0 when there is no room. */
uint32_t handle_made(
	struct call *call, const void *object, enum acausal_type type, const void *loop);

/* The record of a handle; one is made, of unknown birth, for a handle not seen being made. */
uint32_t handle_known(struct call *call, const void *object);

/* Says what is known better now: a type (0: as it was), who triggered it (0: as it was). */
void handle_retype(struct call *call, uint32_t index, enum acausal_type type, uint64_t trigger,
	uint64_t handle);

/* The end of a loop, or of a handle whose close callback has run. Gives the record back. */
void resource_destroyed(struct thread *thread, uint32_t index, uint64_t ticks);

/* Words about the resource of record `index`; nothing for index 0 or without words. */
void resource_detail(struct thread *thread, uint32_t index, enum event_detail_kind kind,
	const void *bytes, size_t n);
void resource_detail_text(struct call *call, uint32_t index, const char *text);
/* "from -> to" */
void resource_detail_pair(struct call *call, uint32_t index, const char *from, const char *to);
/* "fd N" */
void resource_detail_file(struct call *call, uint32_t index, int fd);

/* The handle keeps its loop alive from now on, or no more. */
void handle_ref_changed(struct call *call, uint32_t index, bool has_ref);

/*
 * A request is about to be made at `object`; called before the real function, since a thread of
 * the pool may take it at once. 0: no room, pass the program's own callback.
 */
uint32_t request_made(struct call *call, const void *object, enum acausal_type type,
	const void *loop, const void *stream, void *callback);

/* The real function refused it. */
void request_refused(uint32_t index, const void *object);

/* A request is over of which no callback was seen to run. Gives the record back. */
void request_over(struct thread *thread, uint32_t index, int64_t status);

#endif
