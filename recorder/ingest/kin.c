/*
 * Parents, children and how they end: see ingest_internal.h.
 *
 * A call is told by its process before anything can come of it, so that it stands in the parent's
 * arena when the child is first heard of: once all that stood there then has been read, the call is
 * known or never will be. Until then the child is not read.
 */
#include "recorder/ingest/ingest_internal.h"

#include <string.h>
#include <sys/wait.h>

static uint64_t start_key(uint32_t os_pid, uint64_t started)
{
	return mix64(started ^ (uint64_t)os_pid << 32) | 1;
}

static struct ingest_process *by_start(const struct ingest *ingest, const struct arena_origin *from)
{
	uint32_t index;
	struct ingest_process *process;

	if (!idmap_get(&ingest->process_of_start, start_key(from->os_pid, from->started), &index))
		return NULL;
	process = ingest->processes[index];
	return process->arena.os_pid == from->os_pid &&
			       process->arena.started.ticks == from->started
		       ? process
		       : NULL;
}

/*
 * The newest process of that number, when it was there as `child` began. Numbers of another process
 * namespace than ours say nothing.
 */
static struct ingest_process *by_number(
	const struct ingest *ingest, const struct ingest_process *child, uint32_t os_pid)
{
	uint32_t index;
	struct ingest_process *process;
	int64_t born_ns = events_ns(child, child->arena.started.ticks);

	if (!child->has_own_number || os_pid == child->arena.os_pid ||
		!idmap_get(&ingest->process_of_number, os_pid, &index))
		return NULL;
	process = ingest->processes[index];
	if (!process->has_own_number ||
		events_ns(process, process->arena.started.ticks) > born_ns ||
		(process->ended_ns != ROW_UNKNOWN && process->ended_ns < born_ns))
		return NULL;
	return process;
}

bool kin_add(struct ingest_process *process, const struct ingest_process_info *info)
{
	struct ingest *ingest = process->ingest;
	struct arena_origin *from = &process->arena.from;
	uint32_t index = process->process_id - 1;

	process->told_code = process->told_signal = -1;
	process->is_root = info->is_root || !from->os_pid;
	process->has_own_number =
		info->os_pid <= 0 || (uint32_t)info->os_pid == process->arena.os_pid;
	if (from->os_pid && from->started)
		process->parent = by_start(ingest, from);
	else if (from->os_pid && !info->is_root)
		process->parent = by_number(ingest, process, from->os_pid);
	/* What it was before cannot be mistaken; an origin that names another is an older one. */
	if (info->before && process->parent != info->before) {
		process->parent = info->before;
		*from = (struct arena_origin){.os_pid = process->arena.os_pid, .started = 1};
	}
	if (!process->parent && info->parent_process_id && info->parent_process_id <= index) {
		process->parent = ingest->processes[info->parent_process_id - 1];
		process->is_joined = true;
	}
	if (process->parent && !process->parent->is_closed) {
		process->awaited = arena_reader_sequence(&process->parent->arena);
		process->parent->read_up_to = 0;
	}
	return idmap_put(&ingest->process_of_start,
		       start_key(process->arena.os_pid, process->arena.started.ticks), index) &&
	       (!process->arena.os_pid ||
		       idmap_put(&ingest->process_of_number, process->arena.os_pid, index));
}

/* What the process is by now. */
static struct ingest_process *newest(struct ingest_process *process)
{
	while (process->successor)
		process = process->successor;
	return process;
}

static struct spawn *find_spawn(struct ingest_process *process)
{
	const struct arena_origin *from = &process->arena.from;
	struct spawns *spawns = &process->ingest->spawns;

	if (!process->parent)
		return NULL;
	if (from->spawn_id)
		return spawns_find(spawns, process->parent->process_id, from->spawn_id);
	/* What else came unseen (a system call, an environment taken away) is not theirs. */
	if (from->started || !from->is_shell)
		return NULL;
	return spawns_only_unseen(spawns, process->parent->process_id,
		events_ns(process, process->arena.started.ticks), &process->parent->unmatched);
}

/* It runs what its parent runs, and is not asked again. */
static int take_program(struct ingest_process *process, struct error *err)
{
	const struct ingest_process *parent = process->parent;

	if (!process->executable && parent->executable) {
		process->executable = strdup(parent->executable);
		process->places.executable = process->executable;
	}
	return recording_write_process_forked(
		process->ingest->recording, process->process_id, parent->process_id, err);
}

/* Whether a call that it has given a number to may be told of no more. */
static bool has_lost_events(const struct ingest_process *process)
{
	struct arena_reader_counts counts = process->counts;

	if (!process->is_closed)
		arena_reader_counts(&process->arena, &counts);
	return process->gap_to_ns || counts.lost || counts.overwritten_until || counts.is_paused;
}

int kin_join(struct ingest_process *process, bool at_last, struct error *err)
{
	const struct ingest_process *parent = process->parent;
	struct row_process row = {.process_id = process->process_id,
		.parent_process_id = parent ? parent->process_id : 0};
	struct spawn *spawn;

	if (process->is_joined)
		return 1;
	if (parent && !at_last && !parent->is_closed && parent->read_up_to < process->awaited)
		return 0;
	process->is_joined = true;
	spawn = find_spawn(process);
	if (spawn) {
		spawn->is_taken = true;
		spawn->child = process->process_id;
		process->birth = *spawn;
		row.spawned_by_async_id = spawn->async_id;
		if (spawn->has_exit) {
			newest(process)->told_code = spawn->exit_code;
			newest(process)->told_signal = spawn->exit_signal;
		}
	}
	row.is_foreign = !process->is_root && !spawn &&
			 !(process->arena.from.spawn_id && parent && has_lost_events(parent));
	if (parent && process->arena.is_fork && take_program(process, err))
		return -1;
	return recording_write_process_birth(process->ingest->recording, &row, err) ? -1 : 1;
}

bool kin_spawned(struct ingest_process *process, const struct event_spawn *event)
{
	struct spawn spawn = {.process_id = process->process_id,
		.api = event->api < ACAUSAL_API_COUNT ? event->api : 0};

	if (!events_id(process, event->run_id, &spawn.run_id) ||
		!events_id(process, event->async_id, &spawn.async_id))
		return false;
	spawn.spawned_ns = events_ns(process, event->spawned);
	spawn.thread_id = events_thread_id(process, event->thread);
	spawn.stack_id = places_stack(&process->places, event->stack);
	return spawns_add(&process->ingest->spawns, event->spawn_id, &spawn);
}

/* A child of `parent` by its number in the system. */
static struct ingest_process *child_by_number(struct ingest_process *parent, uint32_t os_pid)
{
	const struct ingest *ingest = parent->ingest;
	struct ingest_process *process, *first;
	uint32_t index;

	if (!os_pid || !idmap_get(&ingest->process_of_number, os_pid, &index))
		return NULL;
	process = first = ingest->processes[index];
	while (first->parent && first->parent->successor == first)
		first = first->parent;
	return first->parent == parent ? process : NULL;
}

int kin_exited(struct ingest_process *parent, const struct event_exit *event, struct error *err)
{
	struct ingest *ingest = parent->ingest;
	struct ingest_process *child = NULL;
	struct spawn *spawn;
	int64_t async_id;

	if (!events_id(parent, event->async_id, &async_id))
		return OUTCOME_SENSELESS;
	spawn = spawns_of_async(&ingest->spawns, async_id);
	if (spawn) {
		spawn->has_exit = true;
		spawn->exit_code = event->exit_code;
		spawn->exit_signal = event->signal;
		if (spawn->child)
			child = ingest->processes[spawn->child - 1];
		if (child)
			child = newest(child);
	} else {
		child = child_by_number(parent, event->os_pid);
	}
	if (!child)
		return 0;
	child->told_code = event->exit_code;
	child->told_signal = event->signal;
	return child->is_closed ? ending_write(child, err) : 0;
}

void kin_exit_of(const struct ingest_process *process, int *code, int *signal)
{
	*code = *signal = -1;
	if (process->successor || process->wait_status == INGEST_BECAME_ANOTHER)
		return;
	if (process->wait_status >= 0) {
		if (WIFEXITED(process->wait_status))
			*code = WEXITSTATUS(process->wait_status);
		if (WIFSIGNALED(process->wait_status))
			*signal = WTERMSIG(process->wait_status);
	} else if (process->told_signal > 0) {
		*signal = process->told_signal;
	} else if (process->told_code >= 0) {
		*code = process->told_code;
	} else if (process->counts.exit_code >= 0) {
		*code = process->counts.exit_code & 0xff;
	} else if (process->has_ended && process->has_crashed && process->crash_signal > 0) {
		*signal = process->crash_signal;
	}
}

static void remove_number(struct idmap *map, uint64_t key, uint32_t index)
{
	uint32_t found;

	if (idmap_get(map, key, &found) && found == index)
		idmap_remove(map, key);
}

void kin_let_go(struct ingest_process *process)
{
	struct ingest *ingest = process->ingest;

	process->is_surplus = true;
	while (process && process->is_surplus && !process->child_count) {
		struct ingest_process *parent = process->parent;
		uint32_t index = process->process_id - 1;

		remove_number(&ingest->process_of_start,
			start_key(process->arena.os_pid, process->arena.started.ticks), index);
		remove_number(&ingest->process_of_number, process->arena.os_pid, index);
		if (parent && parent->successor == process) {
			parent->successor = NULL;
			parent->wait_status = INGEST_BECAME_ANOTHER;
		}
		if (parent)
			parent->child_count--;
		ingest->processes[index] = NULL;
		ingest_process_destroy(process);
		process = parent;
	}
}

int kin_became(struct ingest_process *before, struct ingest_process *after, struct error *err)
{
	if (before == after || before->successor)
		return 0;
	before->successor = after;
	after->told_code = before->told_code;
	after->told_signal = before->told_signal;
	return before->is_closed ? ending_write(before, err) : 0;
}

bool kin_id(const struct ingest_process *process, bool inherited, uint64_t number, int64_t *ret)
{
	if (!inherited)
		return events_id(process, number, ret);
	if (process->parent)
		return events_id(process->parent, number, ret);
	*ret = 0;
	return number < 1ull << PROCESS_SHIFT;
}
