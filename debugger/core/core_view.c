/*
 * A core joined with a recording: see core_view.h.
 *
 * In which run a thread was, the arena in the core says: its open callbacks. The native stack must
 * bear that out. Each callback has one frame of the recorder's below it, so that a stack which
 * leads to the thread's start has as many of those as callbacks are open; fewer mean that some were
 * left by longjmp, and that is not guessed at when the stack cannot be followed to its end.
 */
#include "debugger/core/core_view.h"

#include "debugger/core/core_frames.h"
#include "debugger/recording/lookup.h"
#include "debugger/recording/temporary.h"
#include "debugger/text/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between what two clocks say of one moment. */
static const int64_t tolerance_ns = 2000000000;

struct core_view {
	struct core *core;
	struct core_frames *frames;
	struct reader *recording; /* NULL while it is alone */
	int64_t process_id;
	bool is_own;		   /* that is of the core's own history */
	struct core_stand *stands; /* one for each thread; `frames` is NULL until it is asked for */
	struct core_stack stack;   /* that is being made frames of */
};

int core_view_create(
	struct core_view **ret, const char *path, const char *executable, struct error *err)
{
	struct core_view *view = calloc(1, sizeof *view);

	if (!view)
		return error_set(err, "out of memory");
	view->process_id = UNKNOWN;
	if (core_open(&view->core, path, executable, err) || core_frames_create(&view->frames, err))
		goto fail;
	view->stands = calloc(view->core->file.thread_count, sizeof *view->stands);
	if (!view->stands) {
		error_set(err, "out of memory");
		goto fail;
	}
	*ret = view;
	return 0;
fail:
	core_view_destroy(view);
	return -1;
}

void core_view_destroy(struct core_view *view)
{
	if (!view)
		return;
	core_close(view->core);
	core_frames_destroy(view->frames);
	free(view->stands);
	free(view);
}

const struct core *core_view_core(const struct core_view *view)
{
	return view->core;
}

const char *core_view_executable(const struct core_view *view)
{
	const struct core_module *module = core_modules_executable(&view->core->modules);

	return module ? module->path : NULL;
}

bool core_view_is_recorded(const struct core_view *view)
{
	return view->core->arena.image.bytes;
}

static void destroy_attached(void *view)
{
	core_view_destroy(view);
}

static void attach(struct core_view *view, struct reader *recording, int64_t process_id)
{
	view->recording = recording;
	view->process_id = process_id;
	reader_attach(recording, ATTACHED_CORE, view, destroy_attached);
}

struct core_view *core_view_of(const struct reader *recording)
{
	return reader_attached(recording, ATTACHED_CORE);
}

bool core_view_is_own(const struct reader *recording)
{
	const struct core_view *view = core_view_of(recording);

	return view && view->is_own;
}

bool core_view_was_drained(const struct reader *recording)
{
	return core_view_is_own(recording) && core_view_of(recording)->core->arena.was_drained;
}

/* Nanoseconds since 1970 of the recording's moment 0; UNKNOWN when it does not say. */
static int64_t began_ns(struct reader *recording)
{
	static const char sql[] =
		"SELECT CAST(strftime('%s', value) AS INTEGER) * 1000000000 +"
		" CAST(substr(rtrim(value, 'Z') || '000000000', 21, 9) AS INTEGER)"
		" FROM main.meta WHERE key = 'started_at'";
	sqlite3_stmt *statement;
	int64_t ns = UNKNOWN;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &statement, NULL))
		return UNKNOWN;
	if (sqlite3_step(statement) == SQLITE_ROW)
		ns = lookup_column(statement, 0);
	sqlite3_finalize(statement);
	return ns;
}

/*
 * The core's process among the recording's of that number. With an arena it is the one that began
 * when the core's did (exec makes a new one of the same number); without, the last that ended by
 * the core's signal.
 */
static int find_process(
	struct core_view *view, struct reader *recording, int64_t *ret, struct error *err)
{
	static const char sql[] = "SELECT process_id, started_ns, exit_signal FROM main.process"
				  " WHERE os_pid = ?1 ORDER BY process_id";
	const struct core *core = view->core;
	int64_t zero_ns = began_ns(recording), best = tolerance_ns;
	sqlite3_stmt *statement;

	*ret = UNKNOWN;
	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &statement, NULL))
		return reader_error(recording, NULL, err);
	sqlite3_bind_int64(
		statement, 1, core->arena.image.bytes ? core->arena.os_pid : core->file.os_pid);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		int64_t started_ns = lookup_column(statement, 1), away;

		if (!core->arena.image.bytes) {
			if (core->file.signal && lookup_column(statement, 2) == core->file.signal)
				*ret = lookup_column(statement, 0);
			continue;
		}
		if (started_ns == UNKNOWN || zero_ns == UNKNOWN ||
			__builtin_add_overflow(zero_ns, started_ns, &away) ||
			__builtin_sub_overflow(away, (int64_t)core->arena.started_ns, &away))
			continue;
		away = away < 0 ? -away : away;
		if (away < best) {
			best = away;
			*ret = lookup_column(statement, 0);
		}
	}
	sqlite3_finalize(statement);
	return 0;
}

int core_view_join(struct core_view *view, struct reader *recording, struct error *err)
{
	int64_t process_id;

	if (find_process(view, recording, &process_id, err))
		return -1;
	if (process_id == UNKNOWN)
		return error_set(err,
			"%s is not the recording of this core's process (pid %u): name the right"
			" one, or leave -r out to see what the core itself has",
			reader_path(recording), view->core->file.os_pid);
	attach(view, recording, process_id);
	return 0;
}

int core_view_record(struct core_view *view, struct reader **ret, struct error *err)
{
	const struct core *core = view->core;
	struct temporary temporary;

	if (!core->arena.image.bytes && core->no_arena[0])
		return error_set(err, "%s: %s", core->path, core->no_arena);
	if (!core->arena.image.bytes)
		return error_set(err,
			"'%s' is the core of a program that was not recorded: 'acausal core %s'"
			" shows its threads",
			core->path, core->path);
	if (temporary_make(&temporary, err))
		return -1;
	if (core_arena_record(&core->arena, &core->modules, temporary.path, ACAUSAL_VERSION, err)) {
		temporary_remove(&temporary);
		return -1;
	}
	if (temporary_open(&temporary, ret, err))
		return -1;
	view->is_own = true;
	attach(view, *ret, 1);
	return 0;
}

/* The thread and its crash in the recording. Of two with one number the later, if it still lives.
 */
static void find_thread(struct core_view *view, struct core_stand *stand)
{
	static const char sql[] =
		"SELECT thread_id, last_run_id, (SELECT max(crash_id) FROM main.crash c"
		" WHERE c.thread_id = t.thread_id AND c.process_id = t.process_id)"
		" FROM main.thread t WHERE process_id = ?1 AND os_tid = ?2"
		" ORDER BY ended_ns IS NOT NULL, thread_id DESC LIMIT 1";
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(reader_database(view->recording), sql, -1, &statement, NULL))
		return;
	sqlite3_bind_int64(statement, 1, view->process_id);
	sqlite3_bind_int64(statement, 2, stand->thread->os_tid);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		stand->thread_id = lookup_column(statement, 0);
		stand->run_id = lookup_column(statement, 1);
		stand->crash_id = stand->crashed ? lookup_column(statement, 2) : UNKNOWN;
	}
	sqlite3_finalize(statement);
}

static bool is_of(const struct core_frame *frame, const char *beginning)
{
	const char *name = frame->module ? frames_basename(frame->module->path) : NULL;

	return name && !strncmp(name, beginning, strlen(beginning));
}

static bool is_of_libc(const struct core_frame *frame)
{
	return is_of(frame, "libc.so") || is_of(frame, "libc-2") || is_of(frame, "libpthread");
}

/*
 * Whether the recorder calls a callback from this frame. Where its library's file is not here, that
 * shows by what called the frame: libuv, or libc for the start of a thread, and what the frame
 * called is neither.
 */
static bool is_trampoline(const struct core *core, const struct core_stack *stack, size_t i)
{
	const struct core_frame *frame = &stack->frames[i];
	uint64_t address = frame->pc - !frame->is_exact;

	if (core->trampolines)
		return address >= core->trampolines && address < core->trampolines_end;
	if (!i || i + 1 == stack->count || !is_of(frame, "libacausal.so"))
		return false;
	return (is_of(&frame[1], "libuv") && !is_of(&frame[-1], "libuv")) ||
	       (is_of_libc(&frame[1]) && !is_of_libc(&frame[-1]));
}

/*
 * How many of the frames from which the recorder calls callbacks are on the stack, and where the
 * innermost is, or the one that began the thread, which is not counted.
 */
static uint32_t count_trampolines(const struct core_view *view, size_t *ret_first)
{
	const struct core_stack *stack = &view->stack;
	uint32_t count = 0;

	*ret_first = stack->count;
	for (size_t i = 0; i < stack->count; i++) {
		if (!is_trampoline(view->core, stack, i))
			continue;
		if (*ret_first == stack->count)
			*ret_first = i;
		count += i + 1 == stack->count || !is_of_libc(&stack->frames[i + 1]);
	}
	return count;
}

/* The process's own ID as the recording has it. */
static int64_t recorded_id(const struct core_view *view, uint64_t id)
{
	return !id || id >> ID_PROCESS_SHIFT
		       ? UNKNOWN
		       : ((view->process_id - 1) << ID_PROCESS_SHIFT) + (int64_t)id;
}

/* By what the arena says of the thread and what its stack bears out. */
static void find_run(struct core_view *view, struct core_stand *stand, uint32_t trampolines)
{
	bool is_whole = view->stack.end == CORE_STACK_NONE && view->core->trampolines;
	struct core_arena_thread slot;
	uint32_t depth;

	if (!view->core->arena.image.bytes)
		return;
	stand->run_id = UNKNOWN;
	if (!core_arena_thread(&view->core->arena, stand->thread->os_tid, &slot))
		return;
	depth = slot.depth;
	if (trampolines > depth || depth > CORE_OPEN_RUNS)
		return;
	if (is_whole)
		depth = trampolines;
	stand->run_id = recorded_id(view, depth ? slot.run_ids[depth - 1] : slot.root_run_id);
	stand->is_in_callback = depth;
}

/* The crash as the recorder saw it, which knew what the program had left by longjmp. */
static void take_crash(struct core_view *view, struct core_stand *stand)
{
	static const char sql[] = "SELECT run_id FROM main.crash WHERE crash_id = ?1";
	sqlite3_stmt *statement;

	if (stand->crash_id == UNKNOWN ||
		sqlite3_prepare_v2(reader_database(view->recording), sql, -1, &statement, NULL))
		return;
	sqlite3_bind_int64(statement, 1, stand->crash_id);
	if (sqlite3_step(statement) == SQLITE_ROW && lookup_column(statement, 0) != UNKNOWN)
		stand->run_id = lookup_column(statement, 0);
	sqlite3_finalize(statement);
}

const struct core_stand *core_view_stand(struct core_view *view, size_t index)
{
	const struct core_file *file = &view->core->file;
	struct core_stand *stand = &view->stands[index];
	uint32_t trampolines;
	size_t first;

	if (stand->frames)
		return stand;
	*stand = (struct core_stand){.thread = &file->threads[index],
		.crashed = index == 0 && file->signal > 0,
		.thread_id = UNKNOWN,
		.run_id = UNKNOWN,
		.crash_id = UNKNOWN};
	core_unwind_thread(view->core->unwind, stand->thread, &view->stack);
	trampolines = count_trampolines(view, &first);
	stand->is_in_callback = trampolines;
	if (view->recording) {
		find_thread(view, stand);
		find_run(view, stand, trampolines);
		take_crash(view, stand);
	}
	if (!view->recording)
		first = view->stack.count;
	stand->frames =
		core_frames_make(view->frames, &view->stack, first, first == view->stack.count);
	return stand->frames ? stand : NULL;
}

const struct frame *core_view_place(struct core_view *view, uint64_t address)
{
	return core_frames_place(view->frames, &view->core->modules, address);
}

const struct core_stand *core_view_stand_of(const struct reader *recording, int64_t thread_id)
{
	struct core_view *view = core_view_of(recording);

	for (size_t i = 0; view && i < view->core->file.thread_count; i++) {
		const struct core_stand *stand = core_view_stand(view, i);

		if (stand && stand->thread_id == thread_id && thread_id != UNKNOWN)
			return stand;
	}
	return NULL;
}
