/*
 * Compares runs: who armed them (link), with what and where, what they ran inside of (outer), what
 * made them fire (cause), what they were told.
 */
#include "tests/oracle/check/check.h"

#include <string.h>

void stack_compare(int64_t stack, const struct act *act, const char *what, int64_t id)
{
	const struct execution *execution = execution_of(act->token);

	if (strcmp(act->site, "-") == 0 || !execution)
		return;
	compared[STACK]++;
	if (strcmp(stack_inner(stack), act->site) != 0)
		differs(STACK, "%s %" PRId64 ": by %s in %s, program says %s", what, id, act->api,
			stack_inner(stack), act->site);
	else if (execution->root ? !stack_has(stack, execution->root->function)
				 : strcmp(stack_outer(stack), execution->function) != 0)
		differs(STACK, "%s %" PRId64 ": its stack ends in %s, program says %s", what, id,
			stack_outer(stack),
			execution->root ? execution->root->function : execution->function);
}

static bool is_cause(const struct cause_row *row, const struct run *run, const struct act *act)
{
	return row->run_id == run_of(act->token) && is_same(row->api, act->api) &&
	       is_same(row->kind, run->cause_kind);
}

static void compare_cause(const struct run *run)
{
	const struct recorded *row = run->recorded;
	const struct cause_row *cause = cause_of(row->cause_id);

	compared[CAUSE]++;
	if (!row->cause_id) {
		if (run->cause == '=')
			differs(CAUSE,
				"run %" PRId64 " (%s) has no cause, program says run %" PRId64
				" by %s",
				row->run_id, run->function, run_of(run->causes[0].token),
				run->causes[0].api);
		return;
	}
	if (!cause) {
		differs(CAUSE, "run %" PRId64 " (%s) has a cause that is not there", row->run_id,
			run->function);
		return;
	}
	for (size_t i = 0; i < run->cause_count; i++)
		if (is_cause(cause, run, &run->causes[i])) {
			stack_compare(cause->stack, &run->causes[i], "cause", cause->cause_id);
			return;
		}
	differs(CAUSE,
		"run %" PRId64 " (%s) caused by run %" PRId64
		" (%s by %s), program says run %" PRId64 " (%s by %s)",
		row->run_id, run->function, cause->run_id, or_nothing(cause->kind),
		or_nothing(cause->api), run->cause_count ? run_of(run->causes[0].token) : 0,
		run->cause_kind, run->cause_count ? run->causes[0].api : "-");
}

static void compare_outer(const struct run *run)
{
	const struct recorded *row = run->recorded;
	const int64_t outer = run_of(run->outer);
	const struct execution *around = execution_of(run->outer);

	compared[OUTER]++;
	if (row->outer != outer)
		differs(OUTER, "run %" PRId64 " (%s) inside run %" PRId64 ", program says %" PRId64,
			row->run_id, run->function, row->outer, outer);
	else if (around && !around->root && !stack_has(row->outer_stack, around->function))
		differs(OUTER, "run %" PRId64 " (%s) has no stack of the uv_run in %s around it",
			row->run_id, run->function, around->function);
}

static void compare_result(const struct run *run)
{
	const struct recorded *row = run->recorded;

	compared[RESULT]++;
	if (run->status != TRUTH_UNKNOWN && row->status != run->status)
		differs(RESULT,
			"run %" PRId64 " (%s) has status %" PRId64 ", program says %" PRId64,
			row->run_id, run->function, row->status, run->status);
	if (run->bytes != TRUTH_UNKNOWN && row->bytes != run->bytes)
		differs(RESULT, "run %" PRId64 " (%s) has %" PRId64 " bytes, program says %" PRId64,
			row->run_id, run->function, row->bytes, run->bytes);
}

static void compare_run(const struct run *run)
{
	const struct recorded *row = run->recorded;
	const int64_t link = run_of(run->armed.token);
	const struct thing *thing = thing_of(run->thing);
	int64_t arming = 0;

	if (!row)
		return;
	compared[PART]++;
	if (!is_same(row->part, run->part))
		differs(PART, "run %" PRId64 " (%s) is part %s, program says %s", row->run_id,
			run->function, or_nothing(row->part), run->part);
	/* What stood before a fork may not be known to the child. */
	if (thing && thing->is_inherited && !row->link) {
		compare_outer(run);
		return;
	}
	compared[LINK]++;
	if (row->link != link || !link)
		differs(LINK,
			"run %" PRId64 " (%s) linked to run %" PRId64
			" (%s), program says run %" PRId64 " (%s)",
			row->run_id, run->function, row->link, or_nothing(row->api), link,
			run->armed.api);
	compared[API]++;
	if (!is_same(row->api, run->armed.api))
		differs(API, "run %" PRId64 " (%s) armed by %s, program says %s", row->run_id,
			run->function, or_nothing(row->api), run->armed.api);
	stack_compare(row->link_stack, &run->armed, "run", row->run_id);
	compared[RESOURCE]++;
	if (!thing || !thing->resource || row->async_id != thing->resource->async_id)
		differs(RESOURCE,
			"run %" PRId64 " (%s) is of resource %" PRId64 ", program says %" PRId64,
			row->run_id, run->function, row->async_id,
			thing && thing->resource ? thing->resource->async_id : 0);
	if (thing && run->arming >= 0 && run->arming < (long)thing->arming_count)
		arming = thing->armings[run->arming].arming_id;
	compared[ARMING]++;
	if (row->arming_id != arming)
		differs(ARMING,
			"run %" PRId64 " (%s) is of arming %" PRId64 ", program says %" PRId64,
			row->run_id, run->function, row->arming_id, arming);
	compare_outer(run);
	compare_result(run);
	compare_cause(run);
}

/* The root run of a thread that another one made. */
static void compare_root(const struct thread *thread)
{
	const int64_t link = run_of(thread->armed.token);

	if (!thread->root || !link || thread->tid == thread->process->pid)
		return;
	compared[LINK]++;
	if (thread->root->link != link)
		differs(LINK,
			"root run %" PRId64 " of thread %d (%s) linked to run %" PRId64
			", program says run %" PRId64,
			thread->root->run_id, thread->tid, thread->kind, thread->root->link, link);
	compared[API]++;
	if (!is_same(thread->root->api, thread->armed.api))
		differs(API, "thread %d made by %s, program says %s", thread->tid,
			or_nothing(thread->root->api), thread->armed.api);
	stack_compare(thread->root->link_stack, &thread->armed, "thread", thread->tid);
}

/* A loop that waits runs nothing but what it was itself called from. */
static void compare_polls(const struct process *process)
{
	for (size_t i = 0; i < poll_row_count; i++) {
		const struct poll_row *poll = &poll_rows[i];

		if (poll->process_id != process->process_id)
			continue;
		compared[POLL]++;
		if (poll->left < poll->entered)
			differs(POLL, "a wait of thread %d ends before it begins", poll->tid);
		for (size_t k = 0; k < recorded_count; k++) {
			const struct recorded *row = &recordeds[k];
			const bool is_around =
				row->began <= poll->entered && row->ended >= poll->left;

			if (row->process_id != process->process_id || row->tid != poll->tid ||
				row->is_root || row->ended < 0 || is_around)
				continue;
			if (row->began < poll->left && row->ended > poll->entered)
				differs(POLL, "run %" PRId64 " while its thread %d waited",
					row->run_id, poll->tid);
		}
	}
}

void runs_compare(void)
{
	for (size_t p = 0; p < process_count; p++) {
		const struct process *process = &processes[p];

		if (!process->process_id)
			continue;
		for (size_t t = 0; t < process->thread_count; t++) {
			compare_root(&process->threads[t]);
			for (size_t i = 0; i < process->threads[t].count; i++)
				compare_run(&process->threads[t].runs[i]);
		}
		compare_polls(process);
	}
}
