/*
 * What scenarios of node_semantics.c are made of: names of IDs, lines that say where one is, things
 * to do in a callback, hooks that note.
 */
#ifndef ACAUSAL_TESTS_NODE_SEMANTICS_SAY_H
#define ACAUSAL_TESTS_NODE_SEMANTICS_SAY_H

#include "recorder/acausal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { IDS = 4096, NAME = 32, EXPECTED = 16, TIMERS = 32, TEXT = 1 << 14 };
enum how { AS_MADE, BY_TRIGGER, SILENTLY };

static char names[IDS][NAME];
static uint64_t triggers[IDS];
static struct expected {
	const char *type;
	char name[NAME];
	enum how how;
} expected[EXPECTED];
static int expected_count;
static char events[TEXT];
static struct acausal_storage *storages[3];
static int used = 1; /* storages that the scenario looks at */
static uv_loop_t *loop;

/* --- names -------------------------------------------------------------------------------------
 */

static inline const char *known_name(uint64_t id)
{
	return id < IDS && names[id][0] ? names[id] : NULL;
}

/* What has no name counts as what triggered it. */
static inline const char *name_of(uint64_t id)
{
	while (id && id < IDS && !names[id][0])
		id = triggers[id];
	return id == 0 ? "none" : known_name(id) ? known_name(id) : "unknown";
}

static inline void expect_how(const char *type, const char *name, enum how how)
{
	struct expected *next = &expected[expected_count++];

	if (expected_count > EXPECTED)
		abort();
	next->type = type;
	snprintf(next->name, sizeof next->name, "%s", name);
	next->how = how;
}

/* The next resource of that type has that name. */
static inline void expect(const char *type, const char *name)
{
	expect_how(type, name, AS_MADE);
}

static inline void on_made(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	int i = 0;
	enum how how;

	(void)object, (void)user;
	if (id >= IDS)
		abort();
	triggers[id] = trigger;
	while (i < expected_count && strcmp(expected[i].type, type) != 0)
		i++;
	if (i == expected_count)
		return;
	memcpy(names[id], expected[i].name, NAME);
	how = expected[i].how;
	memmove(&expected[i], &expected[i + 1], (size_t)(--expected_count - i) * sizeof *expected);
	if (how == BY_TRIGGER)
		printf("made %s: trigger %s\n", names[id], name_of(trigger));
	else if (how == AS_MADE)
		printf("made %s: in %s, trigger %s\n", names[id],
			name_of(acausal_execution_async_id()), name_of(trigger));
}

static inline void on_gone(uint64_t id, void *user)
{
	(void)user;
	if (known_name(id))
		printf("gone %s\n", known_name(id));
}

/* --- where one is --------------------------------------------------------------------------------
 */

static inline void print_values(void)
{
	printf("values");
	for (int i = 0; i < used; i++) {
		const char *value = (const char *)acausal_storage_get(storages[i]);

		printf(" %s", value ? value : "-");
	}
	printf("\n");
}

static inline void look(const char *label)
{
	printf("%s: in %s, trigger %s, ", label, name_of(acausal_execution_async_id()),
		name_of(acausal_trigger_async_id()));
	print_values();
}

static inline void look_at_values(const char *label)
{
	printf("%s: ", label);
	print_values();
}

/* --- things to do
 * ---------------------------------------------------------------------------------- */

typedef void action(void);

static inline void call(void *data)
{
	(*(action *const *)data)();
}

static inline void run_in(int which, const char *value, action *act)
{
	if (acausal_storage_run(storages[which], (void *)(uintptr_t)value, call, &act) != 0)
		abort();
}

static inline void run(const char *value, action *act)
{
	run_in(0, value, act);
}

static inline void out_of(int which, action *act)
{
	if (acausal_storage_exit(storages[which], call, &act) != 0)
		abort();
}

static inline void enter(int which, const char *value)
{
	if (acausal_storage_enter(storages[which], (void *)(uintptr_t)value) != 0)
		abort();
}

/* Their memory lasts: closing needs no callback, of which hooks would be told. */
static uv_timer_t timers[TIMERS];
static int timer_count;

static inline void on_timer(uv_timer_t *timer)
{
	action *act = (action *)timer->data;

	act();
	uv_close((uv_handle_t *)timer, NULL);
}

static inline void after_ms(const char *name, unsigned ms, action *act)
{
	uv_timer_t *timer = &timers[timer_count++];

	if (timer_count > TIMERS)
		abort();
	if (name)
		expect("uv_timer_t", name);
	uv_timer_init(loop, timer);
	timer->data = (void *)act;
	uv_timer_start(timer, on_timer, ms, 0);
}

static inline void after(const char *name, action *act)
{
	after_ms(name, 1, act);
}

static inline uint64_t job(const char *name, uint64_t trigger)
{
	uint64_t id;

	expect(name, name);
	id = acausal_resource_init(name, trigger);
	if (!id)
		abort();
	return id;
}

static inline void run_job(uint64_t id, action *act)
{
	acausal_resource_run(id, call, &act);
}

/* --- hooks that note
 * --------------------------------------------------------------------------------- */

static inline void note_event(const char *format, ...)
{
	size_t length = strlen(events);
	va_list arguments;

	if (length)
		length += (size_t)snprintf(events + length, sizeof events - length, ", ");
	va_start(arguments, format);
	vsnprintf(events + length, sizeof events - length, format, arguments);
	va_end(arguments);
}

static inline void note_init(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *prefix)
{
	(void)type, (void)trigger, (void)object;
	if (known_name(id))
		note_event("%sinit %s", (const char *)prefix, known_name(id));
}

static inline void note_before(uint64_t id, void *prefix)
{
	if (known_name(id))
		note_event("%sbefore %s", (const char *)prefix, known_name(id));
}

static inline void note_after(uint64_t id, void *prefix)
{
	if (known_name(id))
		note_event("%safter %s", (const char *)prefix, known_name(id));
}

static inline void note_resolve(uint64_t id, void *prefix)
{
	if (known_name(id))
		note_event("%sresolve %s in %s", (const char *)prefix, known_name(id),
			name_of(acausal_execution_async_id()));
}

static inline void note(const char *prefix)
{
	static const struct acausal_hook_callbacks callbacks = {.init = note_init,
		.before = note_before,
		.after = note_after,
		.promise_resolve = note_resolve};

	acausal_hook_enable(acausal_hook_create(&callbacks, (void *)(uintptr_t)prefix));
}

static inline void look_A(void)
{
	look("A");
}

static inline void look_B(void)
{
	look("B");
}

static inline void look_C(void)
{
	look("C");
}

static inline void look_D(void)
{
	look("D");
}

static inline void look_E(void)
{
	look("E");
}

#endif
