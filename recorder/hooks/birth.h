/*
 * The birth of a handle or loop, as an event.
 */
#ifndef ACAUSAL_HOOKS_BIRTH_H
#define ACAUSAL_HOOKS_BIRTH_H

#include "recorder/hooks/hook.h"

/* Writes it, or keeps in mind that it has to be written still (recording is paused, no room). */
void birth_write(struct thread *thread, uint32_t index);

/* Something else is about to be written of the handle. */
static inline void birth_tell(struct thread *thread, uint32_t index)
{
	if (unlikely(live_callbacks(index)->is_untold)) {
		live_callbacks(index)->is_untold = false;
		birth_write(thread, index);
	}
}

#endif
