/*
 * Decides whether this process is recorded, and starts the parts in order: see start.h.
 *
 * Promises that a process nobody asked to record, and any in which a step fails, runs on with
 * wrappers that pass everything through.
 */
#include "recorder/runtime/start.h"

#include "recorder/runtime/carried.h"
#include "recorder/runtime/crash.h"
#include "recorder/runtime/forked.h"
#include "recorder/runtime/live.h"
#include "recorder/runtime/program.h"
#include "recorder/runtime/settings.h"
#include "recorder/runtime/thread.h"
#include "recorder/runtime/unwind_row.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* The text of trampolines: where the stack of a run ends. Named by the section, for the linker. */
extern const char __start_acausal_trampolines[] __attribute__((weak, visibility("hidden")));
extern const char __stop_acausal_trampolines[] __attribute__((weak, visibility("hidden")));

void runtime_exits(int status)
{
	struct arena_header *header = arena();

	if (header && !forked_shares_memory()) {
		crash_exits();
		atomic_store(&header->exit_code, status & 0xff);
	}
}

void runtime_stays(void)
{
	struct arena_header *header = arena();

	if (header && !forked_shares_memory())
		atomic_store(&header->exit_code, -1);
}

/* Registered early, so that it runs late: an exit within a handler of exit has the last word. */
static void note_exit_code(int status, void *unused)
{
	(void)unused;
	runtime_exits(status);
}

/* Where the frames of callbacks end, and whom to ask when a module is met. */
static void unwinding_start(void)
{
	unwind_set_stop_range(
		(uintptr_t)__start_acausal_trampolines, (uintptr_t)__stop_acausal_trampolines);
	unwind_set_module_hook(stack_note_module);
}

static void start_alone(void)
{
	const struct arena_request request = {
		.socket = "", .on_full = ARENA_DROPS, .is_alone = true};
	struct arena_header *header;

	runtime_start();
	/* Where a recorder was asked for and it came to nothing, there is no second try. */
	if (arena() || thread_when_forked || settings.is_asked)
		return;
	unwinding_start();
	thread_prepare();
	header = arena_make(&request);
	if (!header || !live_start() || !carry_start())
		return;
	header->paused_at = header->started.ticks;
	atomic_store(&header->is_paused, ARENA_PAUSED);
	settings.is_alone = true;
	settings.os_pid = (uint32_t)getpid();
	arena_start(header);
	thread_start_main();
	forked_start(header);
}

void runtime_start_alone(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	/* Also waits for the thread that was first. */
	pthread_once(&once, start_alone);
}

void runtime_start(void)
{
	static atomic_flag started = ATOMIC_FLAG_INIT;
	struct arena_request request = {.socket = settings.socket};
	struct arena_header *header;

	if (atomic_flag_test_and_set(&started))
		return;
	settings_read();
	if (!settings.is_asked)
		return;
	request.from = settings.from;
	request.on_full = settings.on_full;
	request.flight_size = settings.flight_size;
	unwinding_start();
	header = arena_make(&request);
	if (!header || !live_start() || !carry_start())
		return;
	thread_prepare();
	arena_start(header);
	stack_note_loaded();
	thread_start_main();
	program_tell();
	forked_start(header);
	crash_start();
	on_exit(note_exit_code, NULL);
}

__attribute__((constructor(101))) static void start(void)
{
	runtime_start();
}

__attribute__((destructor(101))) static void end(void)
{
	if (arena() && !forked_shares_memory())
		atomic_store(&arena()->ended.value, 1);
}
