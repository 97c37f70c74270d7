/*
 * A run with what it was a run of: see execution.h. Knows nothing of edges. Each is a handful of
 * look-ups, and a trace makes thousands: ask for nothing that is not needed.
 */
#include "debugger/lineage/execution.h"

#include "debugger/recording/id.h"

#include <string.h>

void execution_forget(struct execution *execution)
{
	*execution = (struct execution){0};
	lookup_forget_run(&execution->run, UNKNOWN);
}

static int load_resource(struct reader *recording, struct execution *ret, struct error *err)
{
	struct resource_row resource;
	int found = lookup_resource(recording, ret->run.async_id, &resource, err);

	if (found != 1)
		return found;
	ret->type = resource.type.name;
	ret->class = resource.type.class;
	ret->detail = resource.detail;
	/* Closing is armed by uv_close, whatever it is that is closed. */
	ret->armed_by_creation = resource.type.armed_by_creation &&
				 !(ret->run.part && !strcmp(ret->run.part, "close"));
	return 1;
}

/*
 * The run's row. A root run is no request's: without an index, when that takes a search, it is not
 * looked for among them.
 */
static int load_run(struct reader *recording, int64_t run_id, int64_t thread_id,
	struct execution *ret, struct error *err)
{
	bool indexed = reader_is_indexed(recording);
	struct thread_row thread;
	int found = indexed ? lookup_run(recording, run_id, &ret->run, err)
			    : lookup_handle_run(recording, run_id, &ret->run, err);

	if (found)
		return found;
	if (lookup_thread(recording, thread_id, &thread, err) < 0)
		return -1;
	if (!indexed && thread.root_run_id != run_id &&
		(found = lookup_request_run(recording, run_id, &ret->run, err)))
		return found;
	ret->run.thread_id = thread_id;
	ret->run.root_run_id = thread.root_run_id;
	if (thread.root_run_id == run_id && thread.role && !strcmp(thread.role, "main")) {
		ret->run.async_id = run_id - id_number(run_id) + 1;
		ret->run.began_ns = thread.started_ns;
	}
	return 0;
}

int execution_load(struct reader *recording, struct frames_cache *cache, int64_t run_id,
	int64_t thread_id, struct execution *ret, struct error *err)
{
	const struct frames *place;
	int found;

	execution_forget(ret);
	if (run_id == UNKNOWN)
		return 0;
	found = load_run(recording, run_id, thread_id, ret, err);
	if (found < 0)
		return -1;
	ret->is_written = found;
	if (ret->run.thread_id == UNKNOWN)
		ret->run.thread_id = thread_id;
	ret->is_root = ret->run.root_run_id == run_id;
	if (load_resource(recording, ret, err) < 0 ||
		frames_of_place(cache, recording, ret->run.callback_frame_id, &place, err))
		return -1;
	if (place->count)
		ret->callback = place->rows[0].function;
	return found || ret->is_root;
}

int execution_stack(struct reader *recording, struct frames_cache *cache,
	const struct execution *in, int64_t stack_id, const struct frames **ret, struct error *err)
{
	struct frames_base base = {in->is_root, in->run.callback_frame_id};

	return frames_of_stack(cache, recording, stack_id, &base, ret, err);
}
