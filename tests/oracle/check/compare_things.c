/*
 * Compares resources: who made them, what belongs to what, each arming and its end, references,
 * sends, and when a thread of the pool had a request.
 */
#include "tests/oracle/check/check.h"

#include <string.h>

/* --- armings -----------------------------------------------------------------------------------
 */

static const char *end_name(char end)
{
	switch (end) {
	case 'f':
		return "fired";
	case 's':
		return "stopped";
	case 'r':
		return "replaced";
	case 'c':
		return "closed";
	default:
		return "-";
	}
}

static void compare_arming(const struct arming_row *row, const struct arming *arming)
{
	const int64_t ender = run_of(arming->ended.token);

	compared[ARMING]++;
	if (row->run_id != run_of(arming->armed.token) || !is_same(row->api, arming->armed.api))
		differs(ARMING,
			"arming %" PRId64 " by %s in run %" PRId64
			", program says %s in run %" PRId64,
			row->arming_id, or_nothing(row->api), row->run_id, arming->armed.api,
			run_of(arming->armed.token));
	stack_compare(row->stack, &arming->armed, "arming", row->arming_id);
	compared[TIMES]++;
	if (row->timeout != arming->timeout || row->repeat != arming->repeat)
		differs(TIMES,
			"arming %" PRId64 " (%s): %" PRId64 " ms, then %" PRId64
			", program says %" PRId64 ", %" PRId64,
			row->arming_id, arming->armed.api, row->timeout, row->repeat,
			arming->timeout, arming->repeat);
	compared[END]++;
	if (!is_same(row->end, end_name(arming->end)))
		differs(END, "arming %" PRId64 " (%s) was %s, program says %s", row->arming_id,
			arming->armed.api, or_nothing(row->end), end_name(arming->end));
	else if (row->ender != ender)
		differs(END, "arming %" PRId64 " (%s) %s by run %" PRId64 ", program says %" PRId64,
			row->arming_id, arming->armed.api, end_name(arming->end), row->ender,
			ender);
	else if (ender)
		stack_compare(row->end_stack, &arming->ended, "end of arming", row->arming_id);
}

/* What was armed again from one place before it fired is one row, of the last time. */
static bool is_repeated(const struct arming *arming, const struct arming *next)
{
	return arming->end == 'r' && !strcmp(arming->armed.api, next->armed.api) &&
	       !strcmp(arming->armed.site, next->armed.site);
}

static size_t first_row(int64_t async_id)
{
	size_t low = 0, high = arming_row_count;

	while (low < high) {
		const size_t middle = (low + high) / 2;

		if (arming_rows[middle].async_id < async_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct process *process_of(const struct thing *thing)
{
	for (size_t p = 0; p < process_count; p++)
		if (processes[p].process_id == thing->resource->process_id)
			return &processes[p];
	return NULL;
}

static void compare_armings(struct thing *thing)
{
	const int64_t async_id = thing->resource->async_id;
	size_t i = 0;

	/* What stood at a fork may not be known to the child, or not in which run it was armed. */
	if (thing->is_inherited && thing->arming_count &&
		execution_of(thing->armings[0].armed.token) &&
		execution_of(thing->armings[0].armed.token)->process != process_of(thing)) {
		const size_t k = first_row(async_id);
		const struct arming_row *row =
			k < arming_row_count && arming_rows[k].async_id == async_id
				? &arming_rows[k]
				: NULL;

		if (row && !row->run_id && is_same(row->api, thing->armings[0].armed.api))
			thing->armings[0].armed.token = 0;
		else if (!row || row->run_id != run_of(thing->armings[0].armed.token))
			i = 1;
	}
	for (size_t k = first_row(async_id);
		k < arming_row_count && arming_rows[k].async_id == async_id; k++) {
		const struct arming_row *row = &arming_rows[k];

		for (int64_t times = 1; times < row->times && i + 1 < thing->arming_count;
			times++, i++)
			if (!is_repeated(&thing->armings[i], &thing->armings[i + 1]))
				differs(ARMING, "arming %" PRId64 " stands for several",
					row->arming_id);
		if (i == thing->arming_count) {
			differs(ARMING, "arming %" PRId64 " (%s), which the program does not know",
				row->arming_id, or_nothing(row->api));
			return;
		}
		thing->armings[i].arming_id = row->arming_id;
		compare_arming(row, &thing->armings[i++]);
	}
	if (i < thing->arming_count)
		differs(ARMING,
			"resource %" PRId64 " (%s): %zu of %zu armings, the next is %s in %s, %s",
			async_id, thing->hook_type, i, thing->arming_count,
			thing->armings[i].armed.api, thing->armings[i].armed.site,
			end_name(thing->armings[i].end));
}

/* --- what belongs to a resource ----------------------------------------------------------------
 */

static int64_t async_of(uint64_t number)
{
	const struct thing *thing = thing_of(number);

	return thing && thing->resource ? thing->resource->async_id : 0;
}

/* A request that came along by fork keeps its own birth, if the child could still read of it. */
static bool has_lost_birth(const struct thing *thing)
{
	return thing->is_inherited && !thing->resource->run_id;
}

/* What it was on came along too: it goes back to what that was. */
static void compare_inherited_handle(const struct thing *thing)
{
	const struct resource *handle = resource_of(thing->resource->handle);
	const struct thing *former = thing_of(thing->trigger);
	const struct resource *before =
		former && former->resource ? resource_of(former->resource->handle) : NULL;

	if (!handle || !before || !was_before(handle, before))
		differs(HANDLE, "resource %" PRId64 " (%s), which came along, is on %" PRId64,
			thing->resource->async_id, thing->hook_type, thing->resource->handle);
}

static void compare_birth(const struct thing *thing)
{
	const struct resource *row = thing->resource;
	const struct execution *maker = execution_of(thing->made.token);
	int64_t trigger = async_of(thing->trigger);

	if (has_lost_birth(thing))
		return;
	/* What the child could not read any more is not known; all else has to be right. */
	if (thing->is_inherited && !row->loop && thing->loop)
		return;
	if (row->run_id != run_of(thing->made.token) || !is_same(row->api, thing->made.api))
		differs(RESOURCE,
			"resource %" PRId64 " (%s) made by run %" PRId64 ", program says %" PRId64,
			row->async_id, thing->hook_type, row->run_id, run_of(thing->made.token));
	stack_compare(row->stack, &thing->made, "resource", row->async_id);
	if (!thing->trigger && maker && maker->recorded)
		trigger = maker->recorded->async_id;
	/* It was found by what it was before, perhaps two forks ago. */
	if (thing->is_inherited)
		trigger = row->trigger;
	compared[TRIGGER]++;
	if (row->trigger != trigger || !trigger)
		differs(TRIGGER,
			"resource %" PRId64 " (%s) has trigger %" PRId64 ", program says %" PRId64,
			row->async_id, thing->hook_type, row->trigger, trigger);
	compared[HANDLE]++;
	if (!thing->is_inherited && row->handle != async_of(thing->handle))
		differs(HANDLE,
			"resource %" PRId64 " (%s) is on %" PRId64 ", program says %" PRId64,
			row->async_id, thing->hook_type, row->handle, async_of(thing->handle));
	if (thing->is_inherited && row->handle)
		compare_inherited_handle(thing);
	if (row->loop != async_of(thing->loop))
		differs(HANDLE,
			"resource %" PRId64 " (%s) is of loop %" PRId64 ", program says %" PRId64,
			row->async_id, thing->hook_type, row->loop, async_of(thing->loop));
	compared[LIFE]++;
	if (thing->life != '?' && (row->destroyed >= 0) != (thing->life == 'g'))
		differs(LIFE, "resource %" PRId64 " (%s) is %s, program says that it is %s",
			row->async_id, thing->hook_type, thing->life == 'g' ? "there" : "gone",
			thing->life == 'g' ? "gone" : "there");
}

static void compare_refs(const struct thing *thing)
{
	const int64_t async_id = thing->resource->async_id;
	size_t i = 0;

	compared[REF]++;
	if (thing->resource->has_ref != thing->has_ref)
		differs(REF, "resource %" PRId64 " (%s) has has_ref %d, program says %d", async_id,
			thing->hook_type, thing->resource->has_ref, thing->has_ref);
	for (size_t k = 0; k < ref_row_count; k++) {
		if (ref_rows[k].async_id != async_id)
			continue;
		compared[REF]++;
		if (i == thing->ref_count || ref_rows[k].run_id != run_of(thing->refs[i].token) ||
			ref_rows[k].has_ref != !strcmp(thing->refs[i].api, "uv_ref")) {
			differs(REF, "resource %" PRId64 ": reference %zu is %d by run %" PRId64,
				async_id, i, ref_rows[k].has_ref, ref_rows[k].run_id);
			return;
		}
		i++;
	}
	if (i < thing->ref_count)
		differs(REF, "resource %" PRId64 ": %zu of %zu references recorded", async_id, i,
			thing->ref_count);
}

static void compare_sends(const struct thing *thing)
{
	const int64_t async_id = thing->resource->async_id;
	int64_t *causes = NULL;
	size_t i = 0;

	for (size_t k = 0; k < cause_row_count && i < thing->send_count; k++) {
		const struct act *send = &thing->sends[i];
		const struct cause_row *row = &cause_rows[k];

		if (row->async_id != async_id || !is_same(row->kind, "send"))
			continue;
		causes = grow(causes, i, sizeof *causes);
		causes[i] = row->cause_id;
		compared[SEND]++;
		if (row->run_id != run_of(send->token) ||
			row->first != (send->first == i ? 0 : causes[send->first]))
			differs(SEND,
				"cause %" PRId64 " by run %" PRId64 ", first %" PRId64
				", program says run %" PRId64 ", first %" PRId64,
				row->cause_id, row->run_id, row->first, run_of(send->token),
				send->first == i ? 0 : causes[send->first]);
		i++;
	}
	if (i < thing->send_count)
		differs(SEND, "resource %" PRId64 ": %zu of %zu sends recorded", async_id, i,
			thing->send_count);
}

/* --- the pool ----------------------------------------------------------------------------------
 */

static const struct recorded *run_of_part(int64_t async_id, bool is_work)
{
	for (size_t k = 0; k < recorded_count; k++)
		if (recordeds[k].async_id == async_id && recordeds[k].part &&
			!strcmp(recordeds[k].part, "work") == is_work)
			return &recordeds[k];
	return NULL;
}

static void compare_pool_row(const struct thing *thing, const struct pool_row *row)
{
	const int64_t async_id = row->async_id, slack = max_skew_ns + 1000;
	const struct recorded *run = run_of_part(async_id, false);
	const struct recorded *work = run_of_part(async_id, true);

	if (thing->pool == 'p' && (!row->estimated || !is_same(row->role, "pool") ||
					  row->process_id != thing->resource->process_id))
		differs(POOL, "resource %" PRId64 ": not estimated, or not by a thread of the pool",
			async_id);
	if (thing->pool == 'w' && (!work || row->estimated || row->tid != work->tid ||
					  row->began != work->began || row->ended != work->ended))
		differs(POOL, "resource %" PRId64 ": its work was done elsewhere", async_id);
	if (row->began > row->ended || row->began < thing->resource->created - slack ||
		(run && row->ended > run->began + slack))
		differs(POOL,
			"resource %" PRId64 " (%s): in the pool from %" PRId64 " to %" PRId64
			", made at %" PRId64 ", callback at %" PRId64,
			async_id, thing->hook_type, row->began, row->ended,
			thing->resource->created, run ? run->began : 0);
}

static void compare_pool(const struct thing *thing)
{
	const int64_t async_id = thing->resource->async_id;
	const int expected = thing->pool == 'p' || (thing->pool == 'w' && thing->has_worked);
	int found = 0;

	/* What was under way when the process ended may or may not have been had. */
	if (thing->is_inherited || (thing->pool == 'p' && !thing->has_run))
		return;
	compared[POOL]++;
	for (size_t k = 0; k < pool_row_count; k++)
		if (pool_rows[k].async_id == async_id) {
			compare_pool_row(thing, &pool_rows[k]);
			found++;
		}
	if (found != expected)
		differs(POOL, "resource %" PRId64 " (%s by %s): %d rows, program says %d", async_id,
			thing->hook_type, thing->made.api, found, expected);
}

static void compare_thing(const struct thing *thing)
{
	compare_birth(thing);
	compare_refs(thing);
	compare_sends(thing);
	compare_pool(thing);
}

void armings_compare(void)
{
	for (size_t p = 0; p < process_count; p++)
		for (size_t t = 0; t < processes[p].thread_count; t++)
			for (size_t i = 0; i < processes[p].threads[t].thing_count; i++)
				if (processes[p].threads[t].things[i]->resource)
					compare_armings(processes[p].threads[t].things[i]);
}

void things_compare(void)
{
	for (size_t p = 0; p < process_count; p++)
		for (size_t t = 0; t < processes[p].thread_count; t++)
			for (size_t i = 0; i < processes[p].threads[t].thing_count; i++)
				if (processes[p].threads[t].things[i]->resource)
					compare_thing(processes[p].threads[t].things[i]);
}
