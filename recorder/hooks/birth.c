/* Births of handles: see birth.h. Those of requests are written with their ends. */
#include "recorder/hooks/birth.h"

#include "recorder/runtime/carried.h"

static __attribute__((noinline, cold)) void birth_put_off(uint32_t index)
{
	live_callbacks(index)->is_untold = true;
}

void birth_write(struct thread *thread, uint32_t index)
{
	struct event_resource *event = emit_begin(&thread->emit, sizeof *event);
	const struct arena_live *live = live_at(index);

	if (unlikely(!event)) {
		birth_put_off(index);
		return;
	}
	event->thread = live->thread;
	event->birth = live_birth(index);
	emit_commit(&thread->emit, EVENT_RESOURCE,
		live->flags & ARENA_LIVE_INHERITED ? EVENT_INHERITED : 0, sizeof *event);
	if (unlikely(live->context_id))
		carried_write(thread, false, live->async_id, live->context_id);
}
