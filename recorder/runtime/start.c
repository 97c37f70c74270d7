/*
 * Decides whether this process is recorded, and starts the parts in order: see start.h.
 *
 * Promises that a process nobody asked to record, and any in which a step fails, runs on with
 * wrappers that pass everything through.
 */
#include "recorder/runtime/start.h"

#include "recorder/runtime/crash.h"
#include "recorder/runtime/live.h"
#include "recorder/runtime/thread.h"
#include "recorder/runtime/unwind_row.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The text of trampolines: where the stack of a run ends. Named by the section, for the linker. */
extern const char __start_acausal_trampolines[] __attribute__((weak, visibility("hidden")));
extern const char __stop_acausal_trampolines[] __attribute__((weak, visibility("hidden")));

void runtime_start(void)
{
	static atomic_flag started = ATOMIC_FLAG_INIT;
	const char *name, *pid, *on_full;
	struct arena_header *header;

	if (atomic_flag_test_and_set(&started))
		return;
	name = getenv(ARENA_SOCKET_ENV);
	pid = getenv("ACAUSAL_PID");
	on_full = getenv("ACAUSAL_ON_FULL");
	/* Children inherit the environment; only the process that was asked for is recorded. */
	if (!name || !pid || strtol(pid, NULL, 10) != getpid())
		return;
	unwind_set_stop_range(
		(uintptr_t)__start_acausal_trampolines, (uintptr_t)__stop_acausal_trampolines);
	unwind_set_module_hook(stack_note_module);
	header = arena_make(name, on_full && strcmp(on_full, "drop") == 0);
	if (!header || !live_start())
		return;
	arena_start(header);
	stack_note_loaded();
	thread_start_main();
	crash_start();
}

__attribute__((constructor(101))) static void start(void)
{
	runtime_start();
}

__attribute__((destructor(101))) static void end(void)
{
	if (arena())
		atomic_store(&arena()->ended.value, 1);
}
