/*
 * Threads: whoever makes one, it comes to be by pthread_create, and is recorded there.
 *
 * uv_thread_create only leaves word what the thread is to be called and where it was asked for. A
 * thread that libuv makes of its own accord is one of the pool; the stack of its creation goes
 * through libuv to the request that started the pool.
 */
#include "recorder/hooks/hook.h"
#include "recorder/hooks/libc.h"
#include "recorder/hooks/libuv_look.h"
#include "recorder/runtime/carry.h"
#include "recorder/runtime/listener.h"
#include "recorder/runtime/thread_name.h"

/* --- in the new thread -------------------------------------------------------------------- */

static void birth_take(struct thread_birth *birth, uint32_t index)
{
	const struct arena_live *live = live_at(index);

	*birth = (struct thread_birth){
		.async_id = live->async_id,
		.trigger_id = live->trigger_id,
		.run_id = live->run_id,
		.created = live->created,
		.address = live->address,
		.stack = live->stack,
		.maker = live->thread,
		.ancestor = live->ancestor,
		.type = live->type,
		.api = live->api,
		.role = live->bytes ? ACAUSAL_ROLE_POOL : ACAUSAL_ROLE_USER,
		.callback = live->callback,
		.stack_size = live->timeout_ms,
	};
}

/* What was in force where it was made is in force in it. */
static void thread_begins(uint32_t index, struct thread *thread)
{
	const struct arena_live *live = live_at(index);

	if (!thread)
		return;
	if (atomic_load_explicit(&carry_is_used, memory_order_relaxed)) {
		carry_replace(thread, carry_share(carry_table[index]));
		if (live->context_id)
			carried_write(thread, false, live->async_id, live->context_id);
	}
	if (listener_is_any())
		listener_thread_before(thread);
}

TRAMPOLINE void *on_thread(void *argument)
{
	uint32_t index = (uint32_t)(uintptr_t)argument;
	const struct live_callbacks callbacks = *live_callbacks(index);
	struct thread_birth birth;

	if (arena()) {
		birth_take(&birth, index);
		thread_begins(index, thread_start(&birth, FRAME));
		live_release(index);
	}
	return ((void *(*)(void *))callbacks.callback)(callbacks.argument);
}

/* --- in the thread that makes it ---------------------------------------------------------- */

static size_t stack_size_of(const pthread_attr_t *attributes)
{
	pthread_attr_t standard;
	size_t size = 0;

	if (attributes && pthread_attr_getstacksize(attributes, &size) == 0)
		return size;
	if (pthread_getattr_default_np(&standard) == 0) {
		pthread_attr_getstacksize(&standard, &size);
		pthread_attr_destroy(&standard);
	}
	return size;
}

/* Notes the thread to be; its record is released by the thread itself. */
static uint32_t thread_made(struct thread *thread, const struct unwind_start *from,
	const pthread_attr_t *attributes, void *entry, void *argument, bool by_libuv)
{
	const struct thread_order *order = thread->order;
	uint32_t index = live_take(NULL);
	struct arena_live *live;

	if (!index)
		return 0;
	live = live_at(index);
	live->type = order ? order->type : by_libuv ? ACAUSAL_TYPE_UV_THREAD : ACAUSAL_TYPE_PTHREAD;
	live->api = order      ? order->api
		    : by_libuv ? ACAUSAL_API_uv_thread_create
			       : ACAUSAL_API_pthread_create;
	live->stack = order ? order->stack : run_capture(thread, from);
	live->bytes = !order && by_libuv; /* a thread of the pool */
	live->trigger_id = run_context_resource(thread);
	live->run_id = run_context(thread);
	live->ancestor = lineage_now(thread);
	live->thread = thread->emit.thread;
	/* A thread of the pool is nobody's: what it does for each request has that one's. */
	if (!live->bytes)
		carry_made(thread, index);
	live->timeout_ms = stack_size_of(attributes);
	live->callback = (uintptr_t)entry;
	live_callbacks(index)->callback = entry;
	live_callbacks(index)->argument = argument;
	live->created = arena_ticks();
	live_publish(index, arena_next(&arena()->async_id));
	if (listener_is_any())
		listener_made(thread, index, NULL);
	return index;
}

/* There in programs with a sanitizer alone, which calls us in the place of whoever called it. */
extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));

static bool is_libuv_calling(const struct unwind_start *from)
{
	uint64_t pcs[2];
	enum node_end end;

	if (libuv_is_text(from->pc))
		return true;
	return (__asan_init || __tsan_init) && unwind(from, 0, false, pcs, 2, &end) == 2 &&
	       libuv_is_text(NODE_ADDRESS(pcs[1]));
}

WRAPPER int pthread_create(pthread_t *restrict id, const pthread_attr_t *restrict attributes,
	void *(*entry)(void *), void *restrict argument)
{
	struct unwind_start from;
	struct thread *thread;
	uint32_t index = 0;
	int result;

	UNWIND_FROM_CALLER(&from);
	libc_resolve();
	thread = thread_self();
	if (thread) {
		run_settle(thread, from.sp);
		index = thread_made(thread, &from, attributes, (void *)entry, argument,
			is_libuv_calling(&from));
	}
	if (!index)
		return libc_real.pthread_create(id, attributes, entry, argument);
	result = libc_real.pthread_create(id, attributes, on_thread, (void *)(uintptr_t)index);
	if (result != 0) {
		uint64_t async_id = live_at(index)->async_id;

		live_release(index);
		if (listener_is_any())
			listener_over(thread, async_id);
	}
	return result;
}

/* Makes the order that pthread_create, called by libuv, will find. */
static int thread_ordered(struct call *call, uv_thread_t *id, const uv_thread_options_t *options,
	uv_thread_cb entry, void *argument)
{
	const struct thread_order order = {ACAUSAL_TYPE_UV_THREAD, call->api, call_stack(call)};
	const struct thread_order *outside = call->thread->order;
	int result;

	call->thread->order = &order;
	result = options ? call->uv->thread_create_ex(id, options, entry, argument)
			 : call->uv->thread_create(id, entry, argument);
	if (arena())
		call->thread->order = outside;
	return result;
}

WRAPPER int uv_thread_create(uv_thread_t *id, uv_thread_cb entry, void *argument)
{
	CALL(thread_create);

	if (!call.thread)
		return call.uv->thread_create(id, entry, argument);
	return thread_ordered(&call, id, NULL, entry, argument);
}

WRAPPER int uv_thread_create_ex(
	uv_thread_t *id, const uv_thread_options_t *options, uv_thread_cb entry, void *argument)
{
	CALL(thread_create_ex);

	if (!call.thread || !options)
		return call.uv->thread_create_ex(id, options, entry, argument);
	return thread_ordered(&call, id, options, entry, argument);
}

/* --- names -------------------------------------------------------------------------------- */

/* Also what uv_thread_setname calls. */
WRAPPER int pthread_setname_np(pthread_t id, const char *name)
{
	struct arena_thread *slot;
	struct thread *thread;
	int result;

	libc_resolve();
	result = libc_real.pthread_setname_np(id, name);
	thread = result == 0 ? thread_self() : NULL;
	slot = thread ? thread_slot_of((uintptr_t)id) : NULL;
	if (slot)
		thread_name_is(&thread->emit, slot, name);
	return result;
}

/* The main thread does not end like others. */
__attribute__((destructor)) static void name_at_end(void)
{
	if (arena() && thread_current)
		thread_name_look(&thread_current->emit, thread_current->slot);
}

/* --- code that goes away ------------------------------------------------------------------ */

enum { UNLOADS_LOOKED_AT = 64 };

WRAPPER int dlclose(void *handle)
{
	static _Atomic int looks;
	int result;

	libc_resolve();
	/* Some programs load and unload all the time. */
	if (looks < UNLOADS_LOOKED_AT && looks++ < UNLOADS_LOOKED_AT)
		libuv_look_back();
	else
		stack_note_loaded();
	result = libc_real.dlclose(handle);
	libuv_forget_callers();
	stack_forget_code();
	return result;
}
