/*
 * Fuzz target: arenas that lie, as arena_script.h describes them, through the ingester into a
 * recording; some by way of the file that a process writes of itself. Whatever they say, the
 * ingester makes a file that SQLite finds sound and the debugger opens, and everything in it can be
 * asked for.
 */
#include "tests/fuzz/arena_script.h"
#include "tests/fuzz/fuzz.h"

#include "recorder/ingest/ingest.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 16, PROCESSES_MAX = 3, CHUNKS = 32, DRAINS_MAX = 16, STEPS_MAX = 1024 };

struct process {
	struct arena_script script;
	struct ingest_process *process; /* NULL until it is added, and when that was refused */
	bool is_added;
	uint8_t flags;
};

static struct process processes[PROCESSES_MAX];
static size_t process_count;
static unsigned drains;

static void add_process(struct ingest *ingest, size_t index)
{
	struct process *added = &processes[index];
	struct process *before = index ? &processes[index - 1] : NULL;
	struct ingest_process_info info = {.os_pid = (pid_t)added->script.arena->header->os_pid,
		.is_root = added->flags & STEP_ROOT,
		.is_dead = added->flags & STEP_DEAD,
		.executable = "/srv/app/server",
		.arguments_json = "[\"server\"]"};
	struct error err;

	if (added->is_added)
		return;
	added->is_added = true;
	if (before && before->process && added->flags & STEP_BEFORE)
		info.before = before->process;
	if (before && before->process && added->flags & STEP_PARENT)
		info.parent_process_id = ingest_process_id(before->process);
	/* What makes no sense at all is refused. */
	if (ingest_add_process(ingest, added->script.arena->bytes, added->script.arena->size, &info,
		    &added->process, &err))
		added->process = NULL;
}

static void drain(struct ingest *ingest)
{
	struct error err = {""};
	bool busy = true;

	for (size_t i = 0; i < process_count; i++)
		add_process(ingest, i);
	if (drains++ >= DRAINS_MAX)
		return;
	fuzz_must(!ingest_drain(ingest, &busy, &err), "arenas can be read", err.text);
}

static void end_process(struct ingest *ingest, const struct arena_step *step)
{
	struct process *ended = &processes[process_count - 1];
	int32_t status = 0;

	add_process(ingest, process_count - 1);
	if (!ended->process)
		return;
	memcpy(&status, step->bytes, step->length < sizeof status ? step->length : sizeof status);
	if (step->aux & 1)
		status = step->aux & 2 ? INGEST_BECAME_ANOTHER : INGEST_STATUS_UNKNOWN;
	if (step->aux & 4)
		ingest_process_ended_at(ended->process, status & 0xffff, INGEST_TIME_UNKNOWN);
	else
		ingest_process_ended(
			ended->process, step->aux & 1 ? (int)status : (int)(status & 0xffff));
}

static void begin_process(uint8_t flags)
{
	if (process_count == PROCESSES_MAX)
		return;
	processes[process_count] = (struct process){.flags = flags};
	arena_script_init(&processes[process_count].script, CHUNKS);
	processes[process_count].script.arena->header->os_pid += (uint32_t)process_count;
	process_count++;
}

/* Without an ingester: what only arenas are. */
static void run_script(struct ingest *ingest, const uint8_t *bytes, size_t size)
{
	struct arena_step step;

	process_count = drains = 0;
	begin_process(size ? bytes[0] : 0);
	for (size_t at = 1, steps = 0;
		at < size && steps < STEPS_MAX && arena_step_next(bytes, size, &at, &step);
		steps++) {
		switch ((step.tag & 7) % STEP_TAGS) {
		case STEP_DRAIN:
			if (ingest)
				drain(ingest);
			break;
		case STEP_END:
			if (ingest)
				end_process(ingest, &step);
			break;
		case STEP_PROCESS:
			begin_process(step.aux);
			break;
		default:
			arena_script_apply(&processes[process_count - 1].script, &step);
		}
	}
}

static void forget_processes(void)
{
	for (size_t i = 0; i < process_count; i++)
		arena_script_deinit(&processes[i].script);
}

/* Everything has an end: `ingest_finish` reads a process that still runs as far as it has come. */
static void make_recording(const uint8_t *bytes, size_t size)
{
	struct ingest_options options = {.path = fuzz_path(),
		.version = "fuzz",
		.command_json = "[\"server\"]",
		.began_ns = 1,
		/* Names are slow to find, and hardly depend on what is fuzzed. */
		.symbolize = fuzz_choice(bytes, size) / 64 % 8 == 0};
	struct ingest_summary summary;
	struct ingest *ingest;
	struct error err = {""};

	fuzz_must(!ingest_create(&options, &ingest, &err), "a recording can be made", err.text);
	run_script(ingest, bytes, size);
	for (size_t i = 0; i < process_count; i++)
		add_process(ingest, i);
	fuzz_must(!ingest_finish(ingest, &summary, &err), "a recording can be finished", err.text);
	ingest_destroy(ingest);
	forget_processes();
}

/* The first process's arena as it lies in a file that the process itself has written. */
static void make_image(const uint8_t *bytes, size_t size)
{
	run_script(NULL, bytes, size);
	fuzz_write(processes[0].script.arena->bytes, processes[0].script.arena->size);
	forget_processes();
}

static void check_sound(void)
{
	sqlite3_stmt *statement;
	sqlite3 *database;

	fuzz_must(!sqlite3_open_v2(fuzz_path(), &database, SQLITE_OPEN_READONLY, NULL),
		"the recording opens", NULL);
	fuzz_must(!sqlite3_prepare_v2(database, "PRAGMA integrity_check", -1, &statement, NULL) &&
			  sqlite3_step(statement) == SQLITE_ROW,
		"the recording can be checked", sqlite3_errmsg(database));
	fuzz_must(!strcmp((const char *)sqlite3_column_text(statement, 0), "ok"),
		"the recording is sound", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint32_t choice = fuzz_choice(bytes, size);

	if (size > INPUT_MAX)
		return 0;
	fuzz_remove();
	if (choice % 8 == 1) {
		make_image(bytes, size);
	} else {
		make_recording(bytes, size);
		check_sound();
	}
	/* It takes longer than the rest, and has targets of its own. */
	if (choice % 4 <= 1)
		fuzz_look(choice / 8);
	fuzz_remove();
	return 0;
}

struct steps {
	size_t count;
	struct arena_step list[STEPS_MAX];
};

static void put_word(uint8_t *to, const struct steps *steps)
{
	const struct arena_step *other = &steps->list[fuzz_dice((uint32_t)steps->count)];
	uint64_t word = fuzz_dice(16);

	switch (fuzz_dice(4)) {
	case 0:
		word = fuzz_odd_word(fuzz_dice(32));
		break;
	case 1: /* something means the same thing as something else */
		if (other->length >= 8)
			memcpy(&word, other->bytes + 8 * fuzz_dice(other->length / 8u), 8);
		break;
	case 2:
		memcpy(&word, to, 8);
		word += fuzz_dice(5) - 2u;
		break;
	}
	memcpy(to, &word, 8);
}

/* Changes what one step puts. Its bytes are in `room`. */
static void change_step(struct arena_step *step, uint8_t *room, size_t size, struct steps *steps)
{
	memcpy(room, step->bytes, step->length);
	step->bytes = room;
	switch (fuzz_dice(6)) {
	case 0:
		step->tag = (uint8_t)fuzz_dice(256);
		break;
	case 1:
		step->aux = fuzz_dice(2) ? (uint8_t)fuzz_dice(8) : (uint8_t)fuzz_dice(256);
		break;
	case 2:
		step->length = (uint16_t)LLVMFuzzerMutate(room, step->length, size);
		break;
	case 3: /* another kind of event, of a size to be known by */
		if (step->length)
			room[0] = (uint8_t)fuzz_dice(EVENT_COUNT + 1);
		break;
	default:
		if (step->length >= 8)
			put_word(room + 8 * fuzz_dice(step->length / 8u), steps);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	static uint8_t copy[INPUT_MAX], changed[4096];
	static struct steps steps;
	struct arena_step step;
	size_t at = 1, first, second, result = 1;
	unsigned what;

	fuzz_throw(seed);
	what = fuzz_dice(12);
	if (size > INPUT_MAX || size < 2 || !what)
		return LLVMFuzzerMutate(bytes, size, room);
	memcpy(copy, bytes, size);
	for (steps.count = 0; steps.count < STEPS_MAX && at < size &&
			      arena_step_next(copy, size, &at, &steps.list[steps.count]);)
		steps.count++;
	if (!steps.count)
		return LLVMFuzzerMutate(bytes, size, room);
	first = fuzz_dice((uint32_t)steps.count);
	second = fuzz_dice((uint32_t)steps.count);
	step = steps.list[first];
	if (what > 4 && step.length <= sizeof changed / 2)
		change_step(&step, changed, sizeof changed, &steps);
	for (size_t i = 0; i < steps.count; i++) {
		if (what == 1 && i == first) /* gone */
			continue;
		if (what == 2 && i == second) /* moved or done again */
			result = arena_step_add(bytes, result, room, &steps.list[first]);
		if (what == 3 && i == first)
			result = arena_step_add(bytes, result, room,
				&(struct arena_step){.tag = (uint8_t)(STEP_DRAIN + fuzz_dice(4)),
					.aux = (uint8_t)fuzz_dice(16),
					.bytes = copy});
		if (what == 4 && i == first) { /* exchanged */
			result = arena_step_add(bytes, result, room, &steps.list[second]);
			continue;
		}
		result = arena_step_add(bytes, result, room, i == first ? &step : &steps.list[i]);
	}
	return result;
}
