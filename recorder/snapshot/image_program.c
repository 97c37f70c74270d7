/*
 * The event in which a process says what it runs: see image_program.h. It is needed before any
 * other is read, because what is kept beside the events names the executable's code, too.
 */
#include "recorder/snapshot/image_program.h"

#include "recorder/base/arguments.h"
#include "recorder/ingest/arena_reader.h"
#include "recorder/wire/events.h"

#include <stdlib.h>
#include <string.h>

static void take(struct image_program *program, const struct event_program *event)
{
	size_t room = event->head.size - sizeof *event;

	if (event->path_length > room || event->arguments_length > room - event->path_length)
		return;
	if (event->path_length)
		program->executable = strndup(event->text, event->path_length);
	if (event->arguments_length && !event->is_cut)
		program->arguments_json = arguments_json_of_bytes(
			event->text + event->path_length, event->arguments_length);
}

/* Whether it was in this chunk. */
static bool look_through(struct image_program *program, const unsigned char *bytes, size_t size)
{
	for (size_t at = 0; size - at >= sizeof(struct event_head);) {
		const struct event_head *head = (const void *)(bytes + at);

		if (head->size < sizeof *head || head->size % 8 || head->size > size - at)
			return false;
		if (head->kind == EVENT_PROGRAM && head->size >= sizeof(struct event_program)) {
			take(program, (const void *)head);
			return true;
		}
		at += head->size;
	}
	return false;
}

void image_program_init(struct image_program *program, const void *arena, size_t arena_size)
{
	_Alignas(8) unsigned char bytes[ARENA_CHUNK_SIZE];
	struct arena_reader reader;
	bool is_found = false;

	*program = (struct image_program){0};
	if (arena_reader_init(&reader, arena, arena_size, false, NULL))
		return;
	arena_reader_gather(&reader, UINT64_MAX);
	for (size_t i = 0; i < reader.news_count && !is_found; i++) {
		size_t size = arena_reader_take(&reader, &reader.news[i], bytes);

		is_found = look_through(program, bytes, size);
	}
	arena_reader_deinit(&reader);
}

void image_program_deinit(struct image_program *program)
{
	free(program->executable);
	free(program->arguments_json);
	*program = (struct image_program){0};
}
