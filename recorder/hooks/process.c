/*
 * Child processes of uv_spawn: the resource, and how its process ended.
 *
 * Libuv makes the process by fork and execvp, whose wrappers do the rest (fork.c, exec.c); they
 * find here in whose name.
 */
#include "recorder/hooks/endpoint.h"
#include "recorder/hooks/fired.h"
#include "recorder/hooks/kill.h"
#include "recorder/hooks/resource.h"

static void exit_write(struct thread *thread, uint64_t async_id, const uv_process_t *process,
	int64_t status, int signal)
{
	struct event_exit *event = emit_begin(&thread->emit, sizeof *event);

	if (!event)
		return;
	event->os_pid = (uint32_t)process->pid;
	event->exit_code = signal ? -1 : (int32_t)status;
	event->signal = signal ? signal : -1;
	event->async_id = async_id;
	emit_commit(&thread->emit, EVENT_EXIT, 0, sizeof *event);
}

TRAMPOLINE void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
	struct fired fired;

	kill_child_ended(process, signal);
	fired_handle(&fired, process, FRAME);
	if (fired.thread)
		exit_write(fired.thread, live_at(fired.index)->async_id, process, status, signal);
	((uv_exit_cb)fired.callbacks.callback)(process, status, signal);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
}

/* The program wants no callback, but the end is worth knowing. */
TRAMPOLINE void on_exit_unasked(uv_process_t *process, int64_t status, int signal)
{
	uint32_t index = live_find(process);
	struct thread *thread = index ? thread_self() : NULL;

	if (thread)
		exit_write(thread, live_at(index)->async_id, process, status, signal);
}

/* The parent's ends of the pipes to the child have descriptors now. */
static void pipes_made(struct call *call, const uv_process_options_t *options)
{
	int i;

	for (i = 0; i < options->stdio_count; i++)
		if (options->stdio[i].flags & UV_CREATE_PIPE)
			endpoint_handle(call->thread, call->uv,
				live_find(options->stdio[i].data.stream),
				options->stdio[i].data.stream, ENDPOINT_NONE);
}

/* Makes the order that fork, called by libuv, will find. */
static int spawn_ordered(struct call *call, uint32_t index, uv_loop_t *loop, uv_process_t *process,
	const uv_process_options_t *options)
{
	const struct spawn_order order = {call->api, call_stack(call), live_at(index)->async_id};
	const struct spawn_order *outside = call->thread->spawn_order;
	int result;

	call->thread->spawn_order = &order;
	result = call->uv->spawn(loop, process, options);
	call->thread->spawn_order = outside;
	if (result == 0 && arena()) {
		kill_child_made(index, process->pid);
		pipes_made(call, options);
	}
	return result;
}

WRAPPER int uv_spawn(uv_loop_t *loop, uv_process_t *process, const uv_process_options_t *options)
{
	CALL_ON(spawn, loop);
	uv_process_options_t copy;
	uint32_t index;

	if (!call.thread)
		return call.uv->spawn(loop, process, options);
	/* Also when it fails it is made, and has to be closed. */
	index = handle_made(&call, process, ACAUSAL_TYPE_PROCESS, loop);
	if (!index)
		return call.uv->spawn(loop, process, options);
	copy = *options;
	live_callbacks(index)->callback = (void *)options->exit_cb;
	live_at(index)->callback = (uintptr_t)options->exit_cb;
	resource_detail_text(&call, index, options->file);
	copy.exit_cb = options->exit_cb ? on_exit_of_child : on_exit_unasked;
	return spawn_ordered(&call, index, loop, process, &copy);
}
