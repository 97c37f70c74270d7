/*
 * Callbacks of the program, as trampolines call them.
 */
#ifndef ACAUSAL_HOOKS_FIRED_H
#define ACAUSAL_HOOKS_FIRED_H

#include "recorder/hooks/hook.h"

/*
 * A callback of a handle, in a trampoline:
 *
 *	struct fired fired;
 *	fired_handle(&fired, handle, FRAME);
 *	((uv_timer_cb)fired.callbacks.callback)(handle);
 *	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
 */
struct fired {
	struct thread *thread; /* NULL: not recorded */
	int depth;
	uintptr_t entry; /* by which run_end knows the run again */
	uint32_t index;
	uint64_t arming_id;
	int64_t bytes; /* that the request was to write */
	bool is_close, is_work;
	bool is_silent;	 /* a request without a callback */
	bool is_request; /* that is over with this run */
	struct live_callbacks callbacks;
};

/* The program's callbacks stand in fired->callbacks, also when nothing is recorded. */
void fired_handle(struct fired *fired, const void *handle, uintptr_t frame);
/* Of a timer, whether it is armed still is known only now: its repeat may have been changed. 0: it
 * has none. */
void fired_timer(struct fired *fired, const void *handle, uint64_t repeat_ms, uintptr_t frame);
void fired_alloc(struct fired *fired, const void *handle, uintptr_t frame);
void fired_close(struct fired *fired, const void *handle, uintptr_t frame);
void fired_request(struct fired *fired, const void *request, uintptr_t frame);
/* Of a request to a handle, which is cancelled when the handle is closed: by whoever closed it. */
void fired_request_to(
	struct fired *fired, const void *request, const void *handle, int status, uintptr_t frame);
void fired_work(struct fired *fired, const void *request, uintptr_t frame);

void fired_end(struct fired *fired, int64_t status, int64_t bytes);

/* Libuv itself has ended the arming that fired (end of file): it stands no longer. */
void fired_disarm(struct fired *fired);

/*
 * After the callback of a signal handle: libuv stops now one that is to fire once, also when the
 * callback has armed it anew.
 */
void fired_stopped(struct fired *fired);

#endif
