/*
 * Which thread runs which loop: see core_loops_internal.h. It is told when it is proved:
 *
 * - a thread that waits in epoll, called by libuv, waits on the descriptor of one loop;
 * - a thread is in uv_run, and what that function still needs holds its loop: it goes on with its
 *   argument after each call, and so keeps it in a register that calls keep, or on its stack. What
 *   was put into a register by it and not by its caller is its own. Else what it has may be its
 *   caller's too: where there are two loops, neither is told.
 */
#include "recorder/core/core_loops_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

enum {
	REGISTER_RDI = 5,
	REGISTER_R10 = 10,
	FRAME_MAX = 1 << 16 /* bytes of uv_run's frame */
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_libc(const struct core_module *module)
{
	static const char *const beginnings[] = {
		"libc.so", "libc-", "libpthread", "ld-linux", "ld-musl", "[vdso]"};

	for (size_t i = 0; module && i < sizeof beginnings / sizeof *beginnings; i++)
		if (!strncmp(base_name(module->path), beginnings[i], strlen(beginnings[i])))
			return true;
	return false;
}

static const char *function_of(
	const struct core_search *search, const struct core_frame *frame, uint64_t *start)
{
	return core_unwind_function(search->core->unwind, frame->pc - !frame->is_exact, start);
}

/* Whether it is libuv's own code. Within an executable only names tell that. */
static bool is_of_libuv(const struct core_search *search, const struct core_libuv *libuv,
	const struct core_frame *frame)
{
	const char *name;
	uint64_t start;

	if (frame->module != libuv->module)
		return false;
	if (!libuv->module->is_executable)
		return true;
	name = function_of(search, frame, &start);
	return name && !strncmp(name, "uv_", 3);
}

static void take(struct core_loop *loop, const struct core_thread *thread, bool *is_disputed)
{
	if (loop->os_tid != CORE_LOOPS_UNKNOWN && loop->os_tid != thread->os_tid)
		*is_disputed = true;
	loop->os_tid = thread->os_tid;
}

/* The loop on whose descriptor the thread waits. */
static void find_waiting(struct core_search *search, const struct core_thread *thread,
	const struct core_stack *stack, bool *disputed)
{
	struct core_loops *ret = search->ret;
	struct core_loop *found = NULL;
	size_t at = 0;

#if defined(__x86_64__)
	if (thread->syscall != SYS_epoll_wait && thread->syscall != SYS_epoll_pwait)
		return;
#else
	return;
#endif
	while (at < stack->count && is_libc(stack->frames[at].module))
		at++;
	for (size_t i = 0; i < ret->loop_count; i++) {
		struct core_loop *loop = &ret->loops[i];

		if (loop->fd != (int64_t)(int32_t)thread->registers[REGISTER_RDI])
			continue;
		if (found)
			return;
		found = loop;
	}
	/* Some other code may wait on a loop's descriptor, to know when it should run the loop. */
	if (!found || at == stack->count || stack->frames[at].module != found->libuv->module)
		return;
	take(found, thread, &disputed[found - ret->loops]);
	found->is_waiting = true;
	found->wait_ms = (int32_t)thread->registers[REGISTER_R10];
}

/* Takes the loop at the address, if there is one. False: it is another one than was taken before.
 */
static bool take_held(struct core_search *search, uint64_t address, struct core_loop **found)
{
	for (size_t i = 0; i < search->ret->loop_count; i++) {
		struct core_loop *loop = &search->ret->loops[i];

		if (loop->address != address || loop == *found)
			continue;
		if (*found)
			return false;
		*found = loop;
	}
	return true;
}

/* The one loop that uv_run has put into a register; NULL: none, or several. */
static struct core_loop *loop_of_registers(
	struct core_search *search, const struct core_frame *frame, const struct core_frame *caller)
{
	struct core_loop *found = NULL;

	for (int i = 0; i < CORE_KEPT; i++) {
		if (!(frame->is_kept & caller->is_kept & 1u << i) ||
			frame->kept[i] == caller->kept[i])
			continue;
		if (!take_held(search, frame->kept[i], &found))
			return NULL;
	}
	return found;
}

/* The one loop that the frame of uv_run and the registers hold; NULL: none, or several. */
static struct core_loop *loop_of_frame(
	struct core_search *search, const struct core_frame *frame, const struct core_frame *caller)
{
	uint64_t end = caller->sp > frame->sp ? caller->sp : frame->sp, word;
	struct core_loop *found = NULL;

	if (!frame->sp || end - frame->sp > FRAME_MAX ||
		!core_may_look(search, (end - frame->sp) / sizeof word))
		return NULL;
	for (int i = 0; i < CORE_KEPT; i++)
		if ((frame->is_kept & 1u << i) && !take_held(search, frame->kept[i], &found))
			return NULL;
	for (uint64_t at = frame->sp; at < end; at += sizeof word)
		if (core_peek_word(search->peek, at, &word) && !take_held(search, word, &found))
			return NULL;
	return found;
}

static struct core_loop *loop_of_run(
	struct core_search *search, const struct core_frame *frame, const struct core_frame *caller)
{
	struct core_loop *found = loop_of_registers(search, frame, caller);

	if (!found)
		found = loop_of_frame(search, frame, caller);
	return found && found->libuv->module == frame->module ? found : NULL;
}

/* What libuv has called from uv_run's frame on inwards. */
static uint64_t find_called(const struct core_search *search, const struct core_libuv *libuv,
	const struct core_stack *stack, size_t run)
{
	for (size_t i = run; i-- > 0;) {
		const struct core_frame *frame = &stack->frames[i];
		uint64_t start = frame->pc - !frame->is_exact;

		if (is_of_libuv(search, libuv, frame))
			continue;
		if (is_libc(frame->module))
			return 0;
		function_of(search, frame, &start);
		return start;
	}
	return 0;
}

static void find_run(struct core_search *search, const struct core_thread *thread,
	const struct core_stack *stack, bool *disputed)
{
	for (size_t i = 0; i + 1 < stack->count; i++) {
		const struct core_frame *frame = &stack->frames[i];
		const char *name;
		struct core_loop *loop;
		uint64_t start;

		name = function_of(search, frame, &start);
		if (!name || strcmp(name, "uv_run") != 0)
			continue;
		loop = loop_of_run(search, frame, frame + 1);
		if (!loop)
			continue;
		take(loop, thread, &disputed[loop - search->ret->loops]);
		if (!loop->is_waiting && !loop->calls)
			loop->calls = find_called(search, loop->libuv, stack, i);
	}
}

/* Whether the thread's own function is libuv's: those are its pool's, whose is called `worker`. */
static const struct core_module *pool_of(
	const struct core_search *search, const struct core_stack *stack)
{
	const struct core_frame *frame;
	size_t at = stack->count;
	const char *name;
	uint64_t start;

	if (stack->end != CORE_STACK_NONE)
		return NULL;
	while (at && is_libc(stack->frames[at - 1].module))
		at--;
	if (!at)
		return NULL;
	frame = &stack->frames[at - 1];
	for (size_t i = 0; i < search->ret->libuv_count; i++) {
		const struct core_module *module = search->ret->libuvs[i]->module;

		if (frame->module != module)
			continue;
		if (!module->is_executable)
			return module;
		name = function_of(search, frame, &start);
		return name && !strcmp(name, "worker") ? module : NULL;
	}
	return NULL;
}

bool core_running_find(struct core_search *search)
{
	const struct core_file *file = &search->core->file;
	struct core_stack *stack = malloc(sizeof *stack);
	bool *disputed = calloc(search->ret->loop_count, sizeof *disputed);

	search->pools = calloc(file->thread_count, sizeof *search->pools);
	if (!stack || !disputed || !search->pools) {
		free(search->pools);
		search->pools = NULL;
	}
	for (size_t i = 0; search->pools && i < file->thread_count; i++) {
		const struct core_thread *thread = &file->threads[i];

		core_unwind_thread(search->core->unwind, thread, stack);
		search->pools[i] = pool_of(search, stack);
		find_waiting(search, thread, stack, disputed);
		find_run(search, thread, stack, disputed);
	}
	for (size_t i = 0; disputed && i < search->ret->loop_count; i++) {
		struct core_loop *loop = &search->ret->loops[i];

		if (!disputed[i])
			continue;
		loop->os_tid = loop->wait_ms = CORE_LOOPS_UNKNOWN;
		loop->is_waiting = false;
		loop->calls = 0;
	}
	free(stack);
	free(disputed);
	return search->pools != NULL;
}
