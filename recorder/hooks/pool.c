/*
 * When a thread of the pool had a request: see pool.h.
 *
 * A thread of libuv's pool that has finished a piece of work puts it at the tail of its loop's
 * queue and sends to the loop's own async, by the public function and so by our wrapper, while it
 * holds the queue's mutex: the piece cannot go, and the request's record neither. Where the queue
 * and the piece lie is libuv's private matter, though part of its public structs, and the same from
 * 1.44 to 1.52; of other versions nothing is said. uv_cancel sends in the same way, but not from a
 * thread of the pool. What io_uring does comes to no thread.
 *
 * When the thread began is not seen. It is estimated to be when the request was made, or when this
 * thread was done with the one before, whichever is later.
 */
#include "recorder/hooks/pool.h"

#include "recorder/runtime/live.h"
#include "recorder/runtime/thread.h"

#include <stddef.h>

enum { VERSION_FIRST = 0x012c, VERSION_LAST = 0x0134 };

static bool is_known_layout(const struct libuv *uv)
{
	unsigned version = uv->version ? uv->version() >> 8 : 0;

	return version >= VERSION_FIRST && version <= VERSION_LAST;
}

/* The piece of work that was finished last; NULL when it is not as it should be. */
static const struct uv__work *finished_work(const uv_async_t *async)
{
	const uv_loop_t *loop = async->loop;
	const struct uv__work *work;
	void *const *tail;

	if (!loop || async != &loop->wq_async)
		return NULL;
	tail = loop->wq[1];
	if (!tail || (uintptr_t)tail % sizeof(void *) || (const void *)tail == loop->wq ||
		tail[0] != (const void *)loop->wq)
		return NULL;
	work = (const struct uv__work *)(const void *)((const char *)tail -
						       offsetof(struct uv__work, wq));
	return work->loop == loop ? work : NULL;
}

/* The requests that hold a piece of work, and where. */
static const struct {
	size_t offset;
	int uv_type;
	uint16_t type, other_type;
} kinds[] = {
	{offsetof(uv_fs_t, work_req), UV_FS, ACAUSAL_TYPE_FS, ACAUSAL_TYPE_FS_DIR},
	{offsetof(uv_work_t, work_req), UV_WORK, ACAUSAL_TYPE_WORK, 0},
	{offsetof(uv_getaddrinfo_t, work_req), UV_GETADDRINFO, ACAUSAL_TYPE_GETADDRINFO, 0},
	{offsetof(uv_getnameinfo_t, work_req), UV_GETNAMEINFO, ACAUSAL_TYPE_GETNAMEINFO, 0},
	{offsetof(uv_random_t, work_req), UV_RANDOM, ACAUSAL_TYPE_RANDOM, 0},
};

/*
 * The record of the request that a piece of work is part of; 0 for libuv's own. That the record is
 * of the same kind tells which it is: two live requests do not overlap.
 */
static uint32_t request_of(const struct uv__work *work)
{
	unsigned i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const uv_req_t *request =
			(const uv_req_t *)(const void *)((const char *)work - kinds[i].offset);
		uint32_t index = live_find(request);
		uint16_t type = index ? live_at(index)->type : 0;

		if (type && (type == kinds[i].type || type == kinds[i].other_type) &&
			request->type == (uv_req_type)kinds[i].uv_type)
			return index;
	}
	return 0;
}

void pool_sends(const struct libuv *uv, const uv_async_t *async)
{
	struct thread *thread = arena() ? thread_current : NULL;
	const struct uv__work *work;
	const struct arena_live *live;
	struct event_pool *event;
	uint64_t began, ended;
	uint32_t index;

	if (!thread || thread->slot->role != ACAUSAL_ROLE_POOL || !is_known_layout(uv))
		return;
	work = finished_work(async);
	if (!work)
		return;
	ended = arena_ticks();
	began = thread->pool_ended;
	thread->pool_ended = ended;
	index = request_of(work);
	/* The run of a uv_queue_work's work part says it exactly. */
	if (!index || live_at(index)->type == ACAUSAL_TYPE_WORK)
		return;
	live = live_at(index);
	event = emit_begin(&thread->emit, sizeof *event);
	if (!event)
		return;
	*event = (struct event_pool){
		.estimated = 1,
		.async_id = live->async_id,
		.began = began > live->created ? began : live->created,
		.ended = ended,
	};
	emit_commit(&thread->emit, EVENT_POOL, 0, sizeof *event);
}
