/*
 * The names of threads: see thread_name.h. Nothing is written when a thread is called what it was.
 */
#include "recorder/runtime/thread_name.h"

#include <string.h>
#include <sys/prctl.h>

/* A thread may be named by others while it looks itself: the name is read and written by words. */
typedef uint64_t __attribute__((may_alias)) name_word;

enum { NAME_WORDS = sizeof((struct arena_thread *)0)->name / sizeof(name_word) };

static bool name_change(struct arena_thread *slot, const char *name)
{
	name_word *was = (name_word *)(void *)slot->name, is[NAME_WORDS];
	bool changes = false;
	int i;

	memcpy(is, name, sizeof is);
	for (i = 0; i < NAME_WORDS; i++) {
		changes |= __atomic_load_n(&was[i], __ATOMIC_RELAXED) != is[i];
		__atomic_store_n(&was[i], is[i], __ATOMIC_RELAXED);
	}
	return changes;
}

void thread_name_is(struct emit_state *writer, struct arena_thread *slot, const char *name)
{
	struct event_name *event;
	char is[sizeof slot->name] = "";

	memcpy(is, name, strnlen(name, sizeof is - 1));
	if (!name_change(slot, is))
		return;
	event = emit_begin(writer, sizeof *event);
	if (!event)
		return;
	event->thread = slot->number;
	memcpy(event->name, is, sizeof is);
	emit_commit(writer, EVENT_NAME, 0, sizeof *event);
}

void thread_name_look(struct emit_state *writer, struct arena_thread *slot)
{
	char name[sizeof slot->name] = "";

	if (prctl(PR_GET_NAME, name) == 0)
		thread_name_is(writer, slot, name);
}
