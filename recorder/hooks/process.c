/*
 * Child processes.
 */
#include "recorder/hooks/fired.h"
#include "recorder/hooks/resource.h"

TRAMPOLINE void on_exit_of_child(uv_process_t *process, int64_t status, int signal)
{
	struct fired fired;

	fired_handle(&fired, process, FRAME);
	((uv_exit_cb)fired.callbacks.callback)(process, status, signal);
	fired_end(&fired, EVENT_NO_STATUS, EVENT_NO_STATUS);
}

WRAPPER int uv_spawn(uv_loop_t *loop, uv_process_t *process, const uv_process_options_t *options)
{
	CALL(spawn);
	uv_process_options_t copy;
	uint32_t index;
	int result;

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
	if (options->exit_cb)
		copy.exit_cb = on_exit_of_child;
	result = call.uv->spawn(loop, process, &copy);
	return result;
}
