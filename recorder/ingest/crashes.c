/*
 * Fatal signals of an ended process: which of its records are crashes, their stacks and messages.
 * See ingest_internal.h.
 *
 * A stack is walked twice, by the process itself as the signal came, and here from the copy of the
 * stack by libdw, which does with more kinds of call-frame information. Both end at the run's
 * entry; the one that got there is taken.
 */
#include "recorder/ingest/ingest_internal.h"

#include "recorder/symbols/stackwalk.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
	RECORDS_MAX = 64,
	FRAMES_MAX = ARENA_STACK_DEPTH + 1, /* and why the stack ends there */
	SAID_PLACES = 16,
	SAID_MAX = 1000,
	SAID_NS = 1000000000, /* what was said longer ago says nothing of a crash */
};

/* --- which there are ---------------------------------------------------------------------- */

static uint32_t record_count(const struct ingest_process *process)
{
	uint32_t used = arena_reader_used(&process->arena, ARENA_CRASHES);

	return used < RECORDS_MAX ? used : RECORDS_MAX;
}

/* Whether the process ended in the handler of this signal, as far as is known. */
static bool has_ended_by(
	struct ingest_process *process, const struct arena_crash *crash, int code, int signal)
{
	const struct thread *thread = threads_find(process, crash->thread);

	if (!process->has_ended || process->successor ||
		process->wait_status == INGEST_BECAME_ANOTHER)
		return false;
	if (thread && thread->lived_ns > events_ns(process, crash->crashed))
		return false;
	if (signal > 0)
		return signal == crash->signal || signal == crash->last_signal;
	/* An exit that the process has not told of is a system call, as sanitizers make it. */
	return code < 0 || crash->has_exited || process->counts.exit_code < 0;
}

static void find_with(struct ingest_process *process, struct arena_crash *crash)
{
	uint32_t count = record_count(process);
	uint64_t last_fatal = 0, last_noted = 0, noted = 0;
	int code, signal, noted_signal = 0;

	kin_exit_of(process, &code, &signal);
	for (uint32_t i = 0; i < count; i++) {
		int fatal_by;

		if (!arena_reader_crash(&process->arena, i, crash))
			continue;
		fatal_by = crash->last_signal ? crash->last_signal : crash->signal;
		if (crash->state == ARENA_CRASH_FATAL) {
			process->crashes |= 1ull << i;
			if (crash->crashed >= last_fatal)
				process->crash_signal = fatal_by;
			last_fatal = crash->crashed >= last_fatal ? crash->crashed : last_fatal;
		} else if (crash->crashed >= last_noted &&
			   has_ended_by(process, crash, code, signal)) {
			noted = 1ull << i;
			noted_signal = fatal_by;
			last_noted = crash->crashed;
		}
	}
	if (!process->crashes && noted) {
		process->crashes = noted;
		process->crash_signal = noted_signal;
	}
	process->has_crashed = process->crashes != 0;
}

void crashes_find(struct ingest_process *process)
{
	struct arena_crash *crash;

	if (!record_count(process))
		return;
	crash = aligned_alloc(_Alignof(struct arena_crash), sizeof *crash);
	if (crash)
		find_with(process, crash);
	free(crash);
}

/* --- its stack ---------------------------------------------------------------------------- */

struct frames {
	uint64_t pcs[FRAMES_MAX]; /* as places_stack_of takes them */
	unsigned count;		  /* without … */
	uint64_t end;		  /* … why it ends there; NODE_END_NONE: it is whole */
};

/* The one that the process found. */
static void take_own(
	const struct ingest_process *process, const struct arena_crash *crash, struct frames *ret)
{
	uint32_t node = crash->stack, caller;
	uint64_t pc;

	ret->count = 0;
	ret->end = crash->stack ? NODE_END_NONE : NODE_END_BROKEN;
	for (; node; node = caller) {
		if (!arena_reader_node(&process->arena, node, &pc, &caller) || caller >= node) {
			ret->end = NODE_END_BROKEN;
			return;
		}
		if (NODE_ADDRESS(pc) < NODE_WORDS)
			ret->end = NODE_ADDRESS(pc);
		else if (ret->count < ARENA_STACK_DEPTH)
			ret->pcs[ret->count++] = pc;
	}
}

/* What was mapped when it crashed. */
static unsigned list_modules(
	struct ingest_process *process, uint32_t generation, struct stackwalk_module **ret)
{
	const struct places *places = process->places.places;
	struct stackwalk_module *modules;
	unsigned count = 0;

	places_module(&process->places, 0, generation); /* so that all are known */
	modules = calloc(process->places.module_count + 1, sizeof *modules);
	*ret = modules;
	for (uint32_t i = 0; modules && i < process->places.module_count; i++) {
		const struct local_module *module = &process->places.modules[i];
		const struct places_module *file;

		if (!module->module_id ||
			places_module(&process->places, module->start, generation) != module)
			continue;
		file = &places->modules[module->module_id - 1];
		if (file->path)
			modules[count++] = (struct stackwalk_module){.path = file->path,
				.build_id = file->build_id,
				.start = module->start,
				.bias = module->bias};
	}
	return count;
}

/* The one that libdw finds. */
static void take_walked(
	struct ingest_process *process, const struct arena_crash *crash, struct frames *ret)
{
	struct stackwalk_frame frames[ARENA_STACK_DEPTH];
	struct stackwalk_module *modules;
	struct stackwalk walk = {.registers = crash->registers,
		.register_count = crash->register_count,
		.stack_address = crash->stack_address,
		.stack = crash->stack_bytes,
		.stack_size = crash->stack_length,
		.stop_low = crash->stop_low,
		.stop_high = crash->stop_high};
	uint64_t pc = crash->registers[crash->register_count - 1];
	bool is_whole;

	ret->count = 0;
	ret->end = NODE_END_BROKEN;
	walk.module_count = list_modules(process, crash->generation, &modules);
	walk.modules = modules;
	if (crash->stack_length && walk.module_count &&
		(crash->register_count == 17 || crash->register_count == 33)) {
		unsigned count = stackwalk_run(&walk, frames, ARENA_STACK_DEPTH, &is_whole);

		/* A call through a wild pointer: nothing is there, but that is where it went. */
		if (count && frames[0].pc != pc && pc >= NODE_WORDS && pc >> 16)
			ret->pcs[ret->count++] = NODE_ADDRESS(pc) | NODE_EXACT;
		for (unsigned i = 0; i < count && ret->count < ARENA_STACK_DEPTH; i++)
			ret->pcs[ret->count++] =
				NODE_ADDRESS(frames[i].pc) | (frames[i].is_exact ? NODE_EXACT : 0);
		ret->end = is_whole ? NODE_END_NONE : NODE_END_BROKEN;
	}
	for (unsigned i = 0; i < ret->count; i++)
		ret->pcs[i] |= (uint64_t)(crash->generation & 0x7fff) << 48;
	free(modules);
}

/*
 * The better one: whole, or else longer. Of two that are whole the process's own may have one frame
 * more, its outermost: a callback that had left by a tail call.
 */
static bool is_walked_better(const struct frames *own, const struct frames *walked)
{
	if ((own->end == NODE_END_NONE) != (walked->end == NODE_END_NONE))
		return walked->end == NODE_END_NONE;
	if (own->end == NODE_END_NONE)
		return own->count != walked->count + 1 && walked->count;
	return walked->count > own->count;
}

static uint32_t find_stack(struct ingest_process *process, const struct arena_crash *crash)
{
	struct frames own, walked;

	take_own(process, crash, &own);
	take_walked(process, crash, &walked);
	if (!is_walked_better(&own, &walked))
		return places_stack(&process->places, crash->stack);
	if (walked.end != NODE_END_NONE)
		walked.pcs[walked.count++] = own.end == NODE_END_NONE ? walked.end : own.end;
	return places_stack_of(&process->places, walked.pcs, walked.count);
}

/* --- its message -------------------------------------------------------------------------- */

struct said {
	struct said_line {
		uint32_t thread; /* number; 0: nothing was said */
		int64_t run_id, written_ns;
		size_t length;
		char text[SAID_MAX];
	} lines[SAID_PLACES]; /* by number of thread */
};

void crashes_note_line(
	struct ingest *ingest, const struct line *line, const char *text, size_t length)
{
	static const char first[] = "terminate called after", second[] = "  what():";
	struct ingest_process *process =
		line->process_id && line->process_id <= ingest->process_count
			? ingest->processes[line->process_id - 1]
			: NULL;
	struct said_line *said;
	size_t kept = 0;

	if (line->fd != 2 || !process || process->is_closed)
		return;
	if (!process->said)
		process->said = calloc(1, sizeof *process->said);
	if (!process->said)
		return;
	said = &process->said->lines[line->thread % SAID_PLACES];
	/* The C++ library's two lines are one message. */
	if (said->thread == line->thread && length >= sizeof second - 1 &&
		!memcmp(text, second, sizeof second - 1) && said->length >= sizeof first - 1 &&
		!memcmp(said->text, first, sizeof first - 1) && said->length < SAID_MAX) {
		said->text[said->length] = ':';
		kept = said->length + 1;
		text++;
		length--;
	}
	if (length > SAID_MAX - kept)
		length = SAID_MAX - kept;
	memcpy(said->text + kept, text, length);
	said->length = kept + length;
	said->thread = line->thread;
	said->run_id = line->run_id;
	said->written_ns = line->written_ns;
}

/* What an abort has to say: libc's text, else what its thread has just written to stderr. */
static void find_message(const struct ingest_process *process, const struct arena_crash *crash,
	struct row_crash *row)
{
	const struct said_line *said =
		process->said ? &process->said->lines[crash->thread % SAID_PLACES] : NULL;

	if (crash->message_length) {
		row->message = crash->message;
		row->message_length = crash->message_length;
	} else if (crash->signal == SIGABRT && said && said->thread == crash->thread &&
		   said->run_id == row->run_id && said->written_ns <= row->crashed_ns &&
		   row->crashed_ns - said->written_ns < SAID_NS) {
		row->message = said->text;
		row->message_length = said->length;
	}
	while (row->message_length && row->message[row->message_length - 1] == '\n')
		row->message_length--;
	if (!row->message_length)
		row->message = NULL;
}

/* --- rows --------------------------------------------------------------------------------- */

static int write_one(
	struct ingest_process *process, const struct arena_crash *crash, struct error *err)
{
	struct row_crash row = {.process_id = process->process_id,
		.signal = crash->signal,
		.code = crash->code,
		/* Else si_addr is something else, or says nothing. */
		.has_fault_address =
			crash->signal != SIGABRT && crash->code > 0 && crash->code != SI_KERNEL,
		.fault_address = crash->fault_address};

	if (!events_id(process, crash->run_id, &row.run_id))
		return OUTCOME_SENSELESS;
	row.thread_id = events_thread_id(process, crash->thread);
	row.stack_id = find_stack(process, crash);
	row.crashed_ns = events_ns(process, crash->crashed);
	find_message(process, crash, &row);
	if (recording_write_crash(process->ingest->recording, &row, err))
		return -1;
	process->last_crash_id = recording_counts(process->ingest->recording)->last_crash_id;
	return 0;
}

/* The first of those that are not done; RECORDS_MAX when there is none. */
static uint32_t next_record(
	const struct ingest_process *process, uint64_t done, struct arena_crash *crash)
{
	uint64_t first = UINT64_MAX;
	uint32_t found = RECORDS_MAX;

	for (uint32_t i = 0; i < RECORDS_MAX; i++)
		if (process->crashes & ~done & 1ull << i &&
			arena_reader_crash(&process->arena, i, crash) && crash->crashed < first) {
			first = crash->crashed;
			found = i;
		}
	return found;
}

int crashes_write(struct ingest_process *process, struct error *err)
{
	struct arena_crash *crash;
	uint64_t done = 0;
	uint32_t i;
	int outcome = 0;

	if (!process->crashes)
		return 0;
	crash = aligned_alloc(_Alignof(struct arena_crash), sizeof *crash);
	if (!crash)
		return error_set(
			err, "no memory to read the crash of process %u", process->arena.os_pid);
	while (outcome >= 0 && (i = next_record(process, done, crash)) < RECORDS_MAX) {
		done |= 1ull << i;
		if (!arena_reader_crash(&process->arena, i, crash))
			continue;
		outcome = write_one(process, crash, err);
		process->ingest->lost += outcome == OUTCOME_SENSELESS;
	}
	free(crash);
	return outcome < 0 ? -1 : 0;
}
