/*
 * Where an async stack begins: see lineage_begin.h. One function for each kind of point; what the
 * point is goes into the lineage.
 */
#include "debugger/lineage/lineage_begin.h"

#include "debugger/core/core_view.h"
#include "debugger/lineage/describe_process.h"

#include <string.h>

#define COMMAND_BYTES 400 /* of a command line, in a heading */

static int begin_at_run(struct walk *walk, struct segment *here, int64_t run_id, int64_t thread_id,
	struct error *err)
{
	int found = execution_load(walk->recording, walk->cache, run_id, thread_id, &here->in, err);

	if (found < 0)
		return -1;
	if (!found && walk->lineage->point.kind == POINT_RUN)
		return point_not_there(walk->recording, &walk->lineage->point, err);
	here->ns = here->in.run.began_ns;
	return frames_of_place(
		walk->cache, walk->recording, here->in.run.callback_frame_id, &here->frames, err);
}

/*
 * The main thread of a process was not made by anything in it: its root run is what there is.
 * `next` is its resource.
 */
static int begin_at_main(struct walk *walk, struct segment *here, int64_t process_id, int64_t *next,
	struct error *err)
{
	static const char sql[] = "SELECT thread_id FROM main.thread WHERE process_id = ?1"
				  " AND role = 'main' ORDER BY thread_id LIMIT 1";
	struct thread_row thread;
	int64_t thread_id = UNKNOWN;

	*next = id_main(process_id);
	if (reader_integer(walk->recording, STATEMENT_MAIN_THREAD, sql, process_id, UNKNOWN,
		    &thread_id, err) < 0 ||
		lookup_thread(walk->recording, thread_id, &thread, err) < 0)
		return -1;
	return begin_at_run(walk, here, thread.root_run_id, thread_id, err);
}

/* The first segment of a resource: its creation. `next` is its trigger. */
static int begin_at_resource(
	struct walk *walk, struct segment *here, int64_t *next, struct error *err)
{
	struct lineage *lineage = walk->lineage;
	const struct resource_row *resource = &lineage->resource;
	int found = lookup_resource(walk->recording, lineage->point.id, &lineage->resource, err);

	if (found != 1)
		return found ? -1 : point_not_there(walk->recording, &walk->lineage->point, err);
	if (resource->type.class && !strcmp(resource->type.class, "root"))
		return begin_at_main(walk, here, id_process(lineage->point.id), next, err);
	here->ns = resource->created_ns;
	here->api = resource->api;
	*next = resource->trigger_id;
	return walk_stand(
		walk, here, resource->run_id, resource->thread_id, resource->stack_id, err);
}

static int begin_at_crash(struct walk *walk, struct segment *here, struct error *err)
{
	struct crash_row *crash = &walk->lineage->crash;
	const struct core_stand *stand;
	int found = lookup_crash(walk->recording, walk->lineage->point.id, crash, err);

	if (found != 1)
		return found ? -1 : point_not_there(walk->recording, &walk->lineage->point, err);
	here->ns = crash->crashed_ns;
	stand = core_view_stand_of(walk->recording, crash->thread_id);
	if (stand && stand->crash_id == crash->crash_id)
		here->frames = stand->frames;
	if (here->frames)
		return execution_load(walk->recording, walk->cache, crash->run_id, crash->thread_id,
			       &here->in, err) < 0
			       ? -1
			       : 0;
	return walk_stand(walk, here, crash->run_id, crash->thread_id, crash->stack_id, err);
}

static int begin_at_log(struct walk *walk, struct segment *here, struct error *err)
{
	struct log_row *log = &walk->lineage->log;
	int found = lookup_log(walk->recording, walk->lineage->point.id, log, err);

	if (found != 1)
		return found ? -1 : point_not_there(walk->recording, &walk->lineage->point, err);
	here->ns = log->written_ns;
	return walk_stand(walk, here, log->run_id, log->thread_id, log->stack_id, err);
}

/* Of a thread of a core it is known where it stood. */
static int begin_at_stand(
	struct walk *walk, struct segment *here, const struct core_stand *stand, struct error *err)
{
	here->frames = stand->frames;
	if (execution_load(walk->recording, walk->cache, stand->run_id, stand->thread_id, &here->in,
		    err) < 0)
		return -1;
	here->ns = here->in.run.began_ns;
	here->in.run.thread_id = stand->thread_id;
	return 0;
}

static int begin_at_thread(struct walk *walk, struct segment *here, struct error *err)
{
	struct thread_row *thread = &walk->lineage->thread;
	int found = lookup_thread(walk->recording, walk->lineage->point.id, thread, err);
	const struct core_stand *stand;

	if (found != 1)
		return found ? -1 : point_not_there(walk->recording, &walk->lineage->point, err);
	stand = core_view_stand_of(walk->recording, thread->thread_id);
	if (stand)
		return begin_at_stand(walk, here, stand, err);
	return begin_at_run(walk, here,
		thread->last_run_id == UNKNOWN ? thread->root_run_id : thread->last_run_id,
		thread->thread_id, err);
}

static int begin_at_process(
	struct walk *walk, struct segment *here, int64_t *next, struct error *err)
{
	int64_t process_id = walk->lineage->point.id;
	struct process_row process;
	int found = lookup_process(walk->recording, process_id, &process, err);

	if (found != 1)
		return found ? -1 : point_not_there(walk->recording, &walk->lineage->point, err);
	return begin_at_main(walk, here, process_id, next, err);
}

int walk_begin(struct walk *walk, struct segment *here, int64_t *next, struct error *err)
{
	struct lineage *lineage = walk->lineage;
	struct strbuf words = {0};
	int result;

	*here = (struct segment){.edge = EDGE_HERE, .of_run_id = UNKNOWN, .wait_ns = UNKNOWN};
	here->ns = UNKNOWN;
	here->armed.async_id = here->armed.timeout_ms = here->armed.repeat_ms = UNKNOWN;
	execution_forget(&here->in);
	*next = UNKNOWN;
	switch (lineage->point.kind) {
	case POINT_ASYNC:
		result = begin_at_resource(walk, here, next, err);
		break;
	case POINT_RUN:
		result = begin_at_run(walk, here, lineage->point.id, UNKNOWN, err);
		break;
	case POINT_CRASH:
		result = begin_at_crash(walk, here, err);
		break;
	case POINT_LOG:
		result = begin_at_log(walk, here, err);
		break;
	case POINT_PROCESS:
		result = begin_at_process(walk, here, next, err);
		break;
	default:
		result = begin_at_thread(walk, here, err);
		break;
	}
	if (result)
		return -1;
	if (lineage->point.kind != POINT_ASYNC && lineage->point.kind != POINT_PROCESS)
		*next = here->in.run.async_id;
	if (!here->frames && execution_stack(walk->recording, walk->cache, &here->in, UNKNOWN,
				     &here->frames, err))
		return -1;
	if (lookup_thread(walk->recording, here->in.run.thread_id, &lineage->thread, err) < 0)
		return -1;
	lineage->process_id = lineage->thread.process_id;
	if (lineage->process_id == UNKNOWN && here->in.run.run_id != UNKNOWN)
		lineage->process_id = id_process(here->in.run.run_id);
	if (lookup_process(walk->recording, lineage->process_id, &lineage->process, err) < 0)
		return -1;
	describe_process(&words, walk->recording, &lineage->process, COMMAND_BYTES);
	lineage->command = reader_intern(walk->recording, strbuf_string(&words));
	strbuf_deinit(&words);
	return 0;
}
