/*
 * Events to rows: where a process came from, how its children ended, and what it uses. Whose child
 * it is, is found in kin.c.
 */
#include "recorder/base/arguments.h"
#include "recorder/ingest/events_internal.h"

#include <stdlib.h>
#include <string.h>

int events_on_spawn(struct ingest_process *process, const struct found *found, struct error *err)
{
	(void)err;
	return kin_spawned(process, &found->event->SPAWN) ? OUTCOME_DONE : OUTCOME_SENSELESS;
}

int events_on_exit(struct ingest_process *process, const struct found *found, struct error *err)
{
	return kin_exited(process, &found->event->EXIT, err);
}

/* The better source: who asks the system may come too late, or find what the process became. */
int events_on_program(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_program *event = &found->event->PROGRAM;
	struct row_process row = {.process_id = process->process_id};
	char *json = NULL, *path;
	int result = 0;

	if (event->path_length > found->tail_size ||
		event->arguments_length > found->tail_size - event->path_length)
		return OUTCOME_SENSELESS;
	path = event->path_length ? strndup(found->tail, event->path_length) : NULL;
	if (path) {
		free(process->executable);
		process->executable = path;
		process->places.executable = path;
	}
	if (event->arguments_length && !event->is_cut)
		json = arguments_json_of_bytes(
			found->tail + event->path_length, event->arguments_length);
	row.executable = path;
	row.arguments = json;
	if (path || json)
		result = recording_write_process_program(process->ingest->recording, &row, err);
	free(json);
	return result;
}

void events_take_spawn(
	struct ingest_process *process, struct row_resource *main, uint32_t *stack_id)
{
	const struct spawn *birth = &process->birth;

	if (!birth->key)
		return;
	main->run_id = birth->run_id;
	main->trigger_id = birth->async_id;
	main->created_ns = birth->spawned_ns;
	events_birthplace_of(process->ingest, birth->thread_id, ACAUSAL_TYPE_MAIN, birth->api,
		birth->stack_id, 0, 0, main);
	*stack_id = birth->stack_id;
}

int events_use_libuv(struct ingest_process *process, unsigned type, struct error *err)
{
	if (process->has_runtime || type == ACAUSAL_TYPE_MAIN || type == ACAUSAL_TYPE_PTHREAD ||
		type >= ACAUSAL_TYPE_OWN)
		return 0;
	process->has_runtime = true;
	return recording_write_process_runtime(
		process->ingest->recording, process->process_id, "libuv", err);
}
