/*
 * Finds the processes of the truth in the recording, their threads' runs and resources; then
 * compares how processes came about and ended.
 */
#include "tests/oracle/check/check.h"

#include <string.h>

/* --- joining -----------------------------------------------------------------------------------
 */

/* Programs that one process was after another have rows in that order. */
static void join_process(struct process *process)
{
	unsigned before = process->generation;

	for (size_t i = 0; i < process_row_count; i++)
		if (process_rows[i].pid == process->pid && before-- == 0) {
			process->process_id = process_rows[i].process_id;
			return;
		}
}

/* Gives each token of a thread its run. */
static void join_runs(struct thread *thread)
{
	bool is_cut = false;
	size_t i = 0;

	for (size_t k = 0; k < recorded_count; k++) {
		struct recorded *row = &recordeds[k];
		struct run *run;

		if (row->tid != thread->tid || row->process_id != thread->process->process_id)
			continue;
		row->joined = true;
		if (row->is_root) {
			thread->root = row;
			execution_of(thread->token)->recorded = row;
			continue;
		}
		compared[ORDER]++;
		if (i == thread->count) {
			if (!is_cut)
				differs(ORDER,
					"thread %d: run %" PRId64
					" (%s of %s) after the last of the program's %zu runs",
					thread->tid, row->run_id, or_nothing(row->part),
					function_at(row->callback), thread->count);
			is_cut = true;
			continue;
		}
		run = &thread->runs[i++];
		run->recorded = row;
		execution_of(run->token)->recorded = row;
		compared[CALLBACK]++;
		if (!is_same(function_at(row->callback), run->function))
			differs(CALLBACK,
				"thread %d, place %zu: run %" PRId64 " is %s, program says %s",
				thread->tid, i, row->run_id, function_at(row->callback),
				run->function);
	}
	if (i < thread->count)
		differs(ORDER, "thread %d: %zu runs recorded, program had %zu, the next is %s",
			thread->tid, i, thread->count, thread->runs[i].function);
	compared[THREAD]++;
	if (!thread->root)
		differs(THREAD, "thread %d (%s) has no root run", thread->tid, thread->kind);
}

static bool is_thing(const struct resource *row)
{
	return row->class && strcmp(row->class, "thread") && strcmp(row->class, "root");
}

static void join_inherited(const struct thread *thread, struct thing *thing, bool is_last)
{
	const struct thing *former = thing_of(thing->trigger);

	for (size_t k = 0; k < resource_count && former && former->resource; k++)
		if (resources[k].process_id == thread->process->process_id &&
			(uint64_t)resources[k].address == thing->address &&
			(was_before(&resources[k], former->resource) || !resources[k].trigger)) {
			thing->resource = &resources[k];
			resources[k].joined = true;
			compared[RESOURCE]++;
			return;
		}
	if (is_last)
		differs(RESOURCE,
			"process %d: what came along by fork at %#" PRIx64 " (%s) is not there",
			thread->process->pid, thing->address, thing->hook_type);
}

static void join_heirs(const struct thread *thread, bool is_last)
{
	for (size_t i = 0; i < thread->thing_count; i++)
		if (thread->things[i]->is_inherited && !thread->things[i]->resource)
			join_inherited(thread, thread->things[i], is_last);
}

/* Gives each thing that a thread made its resource. */
static void join_things(struct thread *thread)
{
	size_t i = 0, k = 0;

	for (;;) {
		struct thing *thing = NULL;

		while (i < thread->thing_count && thread->things[i]->is_inherited)
			i++;
		if (i < thread->thing_count)
			thing = thread->things[i++];
		while (k < resource_count &&
			(resources[k].process_id != thread->process->process_id ||
				resources[k].tid != thread->tid || !is_thing(&resources[k]) ||
				is_inherited(&resources[k])))
			k++;
		if (!thing && k == resource_count)
			return;
		compared[RESOURCE]++;
		if (!thing || k == resource_count) {
			differs(RESOURCE, "thread %d: %s %s at %#" PRIx64 " by %s is %s",
				thread->tid, thing ? "thing" : "resource",
				thing ? thing->hook_type : or_nothing(resources[k].hook_type),
				thing ? thing->address : (uint64_t)resources[k].address,
				thing ? thing->made.api : or_nothing(resources[k].api),
				thing ? "not recorded" : "not known to the program");
			return;
		}
		if ((uint64_t)resources[k].address != thing->address ||
			!is_same(resources[k].hook_type, thing->hook_type) ||
			!is_same(resources[k].api, thing->made.api)) {
			differs(RESOURCE,
				"thread %d, place %zu: resource %" PRId64 " is a %s at %#" PRIx64
				" by %s, program says %s at %#" PRIx64 " by %s",
				thread->tid, i, resources[k].async_id,
				or_nothing(resources[k].hook_type), (uint64_t)resources[k].address,
				or_nothing(resources[k].api), thing->hook_type, thing->address,
				thing->made.api);
			return;
		}
		resources[k].joined = true;
		thing->resource = &resources[k++];
	}
}

void processes_join(void)
{
	for (size_t p = 0; p < process_count; p++) {
		struct process *process = &processes[p];

		compared[PROCESS]++;
		join_process(process);
		if (!process->process_id) {
			differs(PROCESS, "process %d.%u is not in the recording", process->pid,
				process->generation);
			continue;
		}
		for (size_t t = 0; t < process->thread_count; t++) {
			join_runs(&process->threads[t]);
			join_things(&process->threads[t]);
		}
		for (size_t k = 0; k < recorded_count; k++)
			if (recordeds[k].process_id == process->process_id &&
				!recordeds[k].joined && !recordeds[k].is_root)
				differs(THREAD,
					"run %" PRId64
					" on thread %d, which the program does not know",
					recordeds[k].run_id, recordeds[k].tid);
	}
	/* What came along is found by what it was before, which may have come along itself. */
	for (int generation = 0; generation < 4; generation++)
		for (size_t p = 0; p < process_count; p++)
			for (size_t t = 0; t < processes[p].thread_count; t++)
				join_heirs(&processes[p].threads[t], generation == 3);
}

/* --- comparing ---------------------------------------------------------------------------------
 */

static const struct process_row *row_of(int64_t process_id)
{
	for (size_t i = 0; i < process_row_count; i++)
		if (process_rows[i].process_id == process_id)
			return &process_rows[i];
	return NULL;
}

static void compare_origin(const struct process *process)
{
	const struct process_row *row = row_of(process->process_id);
	const struct execution *spawner = execution_of(process->spawned.token);
	const struct thing *handle = thing_of(process->handle);
	const int64_t by = handle && handle->resource ? handle->resource->async_id : 0;
	const int64_t parent = spawner ? spawner->process->process_id : 0;

	compared[PROCESS]++;
	if (row->parent != parent)
		differs(PROCESS, "process %d: parent is process %" PRId64 ", program says %" PRId64,
			process->pid, row->parent, parent);
	if (row->spawned_by != by)
		differs(PROCESS,
			"process %d: spawned by resource %" PRId64 ", program says %" PRId64,
			process->pid, row->spawned_by, by);
}

/* The main thread of a process that another one made. */
static void compare_main(const struct process *process)
{
	const struct thread *main = NULL;
	const struct thing *handle = thing_of(process->handle);
	const struct execution *spawner = execution_of(process->spawned.token);
	const int64_t link = run_of(process->spawned.token);
	const struct resource *resource;
	int64_t trigger = 0;

	for (size_t t = 0; t < process->thread_count; t++)
		if (process->threads[t].tid == process->pid)
			main = &process->threads[t];
	if (!main || !main->root)
		return;
	compared[LINK]++;
	if (main->root->link != link)
		differs(LINK,
			"process %d: its main run %" PRId64 " is linked to run %" PRId64
			", program says %" PRId64,
			process->pid, main->root->run_id, main->root->link, link);
	if (!link)
		return;
	compared[API]++;
	if (!is_same(main->root->api, process->spawned.api))
		differs(API, "process %d: made by %s, program says %s", process->pid,
			or_nothing(main->root->api), process->spawned.api);
	stack_compare(main->root->link_stack, &process->spawned, "process", process->pid);
	if (handle && handle->resource)
		trigger = handle->resource->async_id;
	else if (spawner->recorded)
		trigger = spawner->recorded->async_id;
	compared[TRIGGER]++;
	resource = resource_of(main->root->async_id);
	if (!resource || resource->trigger != trigger)
		differs(TRIGGER,
			"process %d: its main has trigger %" PRId64 ", program says %" PRId64,
			process->pid, resource ? resource->trigger : 0, trigger);
}

static void compare_exit(const struct process *process, const struct exit *end)
{
	const struct process_row *row = NULL;

	/* The last program that the process was. */
	for (size_t i = 0; i < process_row_count; i++)
		if (process_rows[i].pid == end->pid)
			row = &process_rows[i];
	compared[PROCESS]++;
	/*
	 * One that was killed may never have come to say that it is there, and of what, only its
	 * parent knows.
	 */
	if (end->signal && (!row || (!end->by_callback && row->exit_signal == -1)))
		return;
	if (!row)
		differs(PROCESS, "process %d, child of %d, is not in the recording", end->pid,
			process->pid);
	else if (end->signal ? row->exit_signal != end->signal || row->exit_code != -1
			     : row->exit_code != end->status || row->exit_signal != -1)
		differs(PROCESS,
			"process %d ended with %" PRId64 ", signal %" PRId64
			", program says %" PRId64 ", signal %d",
			end->pid, row->exit_code, row->exit_signal, end->status, end->signal);
}

static void compare_names(const struct thread *thread)
{
	if (strcmp(thread->name, "-") == 0)
		return;
	for (size_t i = 0; i < thread_row_count; i++)
		if (thread_rows[i].process_id == thread->process->process_id &&
			thread_rows[i].tid == thread->tid) {
			compared[THREAD]++;
			if (!is_same(thread_rows[i].name, thread->name))
				differs(THREAD, "thread %d is called %s, program says %s",
					thread->tid, or_nothing(thread_rows[i].name), thread->name);
		}
}

void processes_compare(void)
{
	for (size_t p = 0; p < process_count; p++) {
		const struct process *process = &processes[p];

		if (!process->process_id)
			continue;
		compare_origin(process);
		compare_main(process);
		for (size_t i = 0; i < process->exit_count; i++)
			compare_exit(process, &process->exits[i]);
		for (size_t t = 0; t < process->thread_count; t++)
			compare_names(&process->threads[t]);
	}
}
