/*
 * Loops, and what belongs to every handle: closing, walking, keeping the loop alive.
 */
#include "recorder/hooks/arming.h"
#include "recorder/hooks/fired.h"
#include "recorder/hooks/resource.h"
#include "recorder/hooks/sink.h"

/* --- loops -------------------------------------------------------------------------------- */

WRAPPER int uv_loop_init(uv_loop_t *loop)
{
	CALL(loop_init);
	int result = call.uv->loop_init(loop);

	if (call.thread && result == 0)
		handle_made(&call, loop, ACAUSAL_TYPE_LOOP, NULL);
	return result;
}

WRAPPER uv_loop_t *uv_loop_new(void)
{
	CALL(loop_new);
	uv_loop_t *loop = call.uv->loop_new();

	if (call.thread && loop)
		handle_made(&call, loop, ACAUSAL_TYPE_LOOP, NULL);
	return loop;
}

WRAPPER uv_loop_t *uv_default_loop(void)
{
	CALL(default_loop);
	uv_loop_t *loop = call.uv->default_loop();

	/* Only the first call makes it. */
	if (call.thread && loop && !live_find(loop))
		handle_made(&call, loop, ACAUSAL_TYPE_LOOP, NULL);
	return loop;
}

static void loop_gone(struct call *call, const void *loop)
{
	uint32_t index = live_find(loop);

	if (!index)
		return;
	live_unlink(index, loop);
	resource_destroyed(call->thread, index, arena_ticks());
}

WRAPPER int uv_loop_close(uv_loop_t *loop)
{
	CALL_ON(loop_close, loop);
	int result = call.uv->loop_close(loop);

	if (call.thread && result == 0)
		loop_gone(&call, loop);
	return result;
}

WRAPPER void uv_loop_delete(uv_loop_t *loop)
{
	CALL_ON(loop_delete, loop);

	/* Before the real one: once freed, the memory may be another thread's new object. */
	if (call.thread)
		loop_gone(&call, loop);
	call.uv->loop_delete(loop);
}

/* Nothing is followed yet; what begins to be from within does not know what called it. */
WRAPPED int run_unfollowed(const struct call *call, uv_loop_t *loop, uv_run_mode mode)
{
	const struct run_nesting outside = thread_first_nesting;
	struct thread *thread;
	int result;

	thread_first_nesting = (struct run_nesting){.frame = FRAME, .returns_to = ARCH_CALLER_PC()};
	result = call->uv->run(loop, mode);
	thread_first_nesting = outside;
	thread = arena() ? thread_current : NULL;
	if (thread) {
		run_drop_above(thread, 0);
		thread->root_nesting = outside;
	}
	return result;
}

WRAPPER int uv_run(uv_loop_t *loop, uv_run_mode mode)
{
	CALL_ON(run, loop);
	struct run_nesting outside = {0}, *nesting;
	uint32_t stack;
	int result, depth = 0;

	if (unlikely(!arena()))
		return run_unfollowed(&call, loop, mode);
	if (call.thread) {
		emit_settle(&call.thread->emit);
		stack_settle(&call.thread->stack_memory);
		call.thread->line_busy = false;
		stack = call.thread->depth ? call_stack(&call) : 0;
		depth = call.thread->depth;
		nesting = run_nesting(call.thread);
		if (nesting) {
			outside = *nesting;
			*nesting = (struct run_nesting){FRAME, depth ? stack : 0,
				loop_id_of(call.thread, loop), call.from.pc};
		}
	}
	result = call.uv->run(loop, mode);
	if (call.thread && arena()) {
		/* Callbacks inside that were left by longjmp to where uv_run was called again. */
		run_drop_above(call.thread, depth);
		nesting = run_nesting(call.thread);
		if (nesting)
			*nesting = outside;
	}
	return result;
}

/* --- functions of the program that are called synchronously ------------------------------- */

struct walk {
	uv_walk_cb callback;
	void *argument;
};

PASSAGE void pass_walk(uv_handle_t *handle, void *argument)
{
	struct walk *walk = argument;

	walk->callback(handle, walk->argument);
}

WRAPPER void uv_walk(uv_loop_t *loop, uv_walk_cb callback, void *argument)
{
	CALL_ON(walk, loop);
	struct walk walk = {callback, argument};

	if (call.thread)
		call.uv->walk(loop, pass_walk, &walk);
	else
		call.uv->walk(loop, callback, argument);
}

PASSAGE void pass_once(void)
{
	thread_current->once();
}

WRAPPER void uv_once(uv_once_t *guard, void (*callback)(void))
{
	CALL(once);
	void (*outside)(void);

	if (!call.thread) {
		call.uv->once(guard, callback);
		return;
	}
	outside = call.thread->once;
	call.thread->once = callback;
	call.uv->once(guard, pass_once);
	call.thread->once = outside;
}

/* --- closing ------------------------------------------------------------------------------ */

TRAMPOLINE void on_close(uv_handle_t *handle)
{
	struct fired fired;

	fired_close(&fired, handle, FRAME);
	if (fired.callbacks.close)
		((uv_close_cb)fired.callbacks.close)(handle);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
}

/* Who closes, also when that arms nothing: requests of the handle may be cancelled by it. */
static void close_note(struct call *call, struct arena_live *live)
{
	uint32_t stack = call_stack(call), ancestor = lineage_now(call->thread);

	live->arming_id = 0;
	arming_ancestor_set(live, ancestor);
	live->arming_stack = stack;
	live->arming_run_id = run_context(call->thread);
	live->arming_api = call->api;
	live->arming_thread = call->thread->emit.thread;
	live->armed = call_ticks(call);
	live->flags &= ~(uint32_t)ARENA_LIVE_ARMED_BEFORE;
}

/* What stood before is ended, and the close callback is armed in its place. */
static void close_arm(struct call *call, uint32_t index, uv_close_cb callback)
{
	/* Libuv may call the old callback still (a datagram of a batch), so that has to stay. */
	const struct arming arming = {.timeout_ms = EVENT_NO_TIME,
		.repeat_ms = EVENT_NO_TIME,
		.callback = live_callbacks(index)->callback,
		.second = live_callbacks(index)->second,
		.one_shot = true};

	live_callbacks(index)->last_arming_id =
		live_at(index)->flags & ARENA_LIVE_ARMED ? live_at(index)->arming_id : 0;
	handle_disarmed(call, index, ACAUSAL_END_CLOSED);
	live_callbacks(index)->close = (void *)callback;
	live_callbacks(index)->close_cause_id = 0;
	if (callback)
		handle_armed(call, index, &arming);
	else
		close_note(call, live_at(index));
	live_at(index)->flags |= ARENA_LIVE_CLOSING;
	live_callbacks(index)->is_closing = true;
}

/*
 * The descriptor that libuv closes with the handle, at once, by a system call of its own; -1: none.
 */
static int fd_of(const struct call *call, const uv_handle_t *handle)
{
	uv_os_fd_t fd;

	return call->uv->fileno(handle, &fd) == 0 ? fd : -1;
}

WRAPPER void uv_close(uv_handle_t *handle, uv_close_cb callback)
{
	CALL_ON(close, handle);
	uint32_t index = call.thread ? handle_known(&call, handle) : 0;
	int fd;

	if (!index) {
		call.uv->close(handle, callback);
		return;
	}
	close_arm(&call, index, callback);
	fd = fd_of(&call, handle);
	sink_unsettle(fd);
	/* Also without a callback of the program: the handle's end is worth knowing. */
	call.uv->close(handle, on_close);
	sink_forget(fd);
}

WRAPPER int uv_tcp_close_reset(uv_tcp_t *handle, uv_close_cb callback)
{
	CALL_ON(tcp_close_reset, handle);
	uint32_t index = call.thread ? handle_known(&call, handle) : 0;
	int fd = index ? fd_of(&call, (const uv_handle_t *)handle) : -1;
	int result;

	sink_unsettle(fd);
	result = call.uv->tcp_close_reset(handle, index ? on_close : callback);
	sink_forget(fd);
	/* It can be refused, and calls nothing before the loop's next turn. */
	if (index && result == 0)
		close_arm(&call, index, callback);
	return result;
}

/* --- keeping the loop alive --------------------------------------------------------------- */

/* Most calls say what is so already; only a change is written down. */
#define REF(name)                                                                                  \
	WRAPPER void uv_##name(uv_handle_t *handle)                                                \
	{                                                                                          \
		CALL_ON(name, handle);                                                             \
		uint32_t index =                                                                   \
			call.thread && call.uv->has_ref ? handle_known(&call, handle) : 0;         \
		int had_ref = index ? call.uv->has_ref(handle) : 0;                                \
                                                                                                   \
		call.uv->name(handle);                                                             \
		if (index && call.uv->has_ref(handle) != had_ref)                                  \
			handle_ref_changed(&call, index, !had_ref);                                \
	}

REF(ref)
REF(unref)
