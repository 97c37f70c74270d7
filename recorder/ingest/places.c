/* Addresses to frames, nodes to stacks: see places.h. Knows no SQLite. */
#include "recorder/ingest/places.h"
#include "recorder/ingest/maps.h"
#include "recorder/wire/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRAMES_MAX = 1 << 24,
	STACKS_MAX = 1 << 26,
	CHAIN_MAX = 4 * ARENA_STACK_DEPTH, /* nodes of one stack */
	MAPS_TRIES = 64,		   /* look-ups in vain, of one process */
};

void places_init(struct places *places)
{
	memset(places, 0, sizeof *places);
	intern_init(&places->frames, FRAMES_MAX);
	intern_init(&places->stacks, STACKS_MAX);
}

void places_deinit(struct places *places)
{
	for (uint32_t i = 0; i < places->module_count; i++)
		free(places->modules[i].path);
	free(places->modules);
	free(places->mappings);
	intern_deinit(&places->frames);
	intern_deinit(&places->stacks);
	memset(places, 0, sizeof *places);
}

void places_process_init(struct places_process *process, struct places *places,
	const struct arena_reader *arena, uint32_t process_id, const char *executable)
{
	*process = (struct places_process){.places = places,
		.arena = arena,
		.process_id = process_id,
		.executable = executable};
	idmap_init(&process->frame_of_pc, FRAMES_MAX);
}

void places_process_deinit(struct places_process *process)
{
	free(process->modules);
	free(process->stack_of_node);
	idmap_deinit(&process->frame_of_pc);
	memset(process, 0, sizeof *process);
}

/* A file is known by its build ID, or by its path when it has none. */
static uint32_t module_number(struct places *places, const char *path, const char *build_id)
{
	struct places_module *module;

	for (uint32_t i = 0; i < places->module_count; i++) {
		module = &places->modules[i];
		if (*build_id ? !strcmp(module->build_id, build_id)
			      : !*module->build_id && module->path && path &&
					!strcmp(module->path, path))
			return i + 1;
	}
	if (places->module_count >= PLACES_MODULES_MAX)
		return 0;
	if (!places->modules)
		places->modules = calloc(PLACES_MODULES_MAX, sizeof *places->modules);
	if (!places->modules)
		return 0;
	module = &places->modules[places->module_count];
	module->path = path ? strdup(path) : NULL;
	snprintf(module->build_id, sizeof module->build_id, "%s", build_id);
	return ++places->module_count;
}

static void add_mapping(struct places *places, const struct places_mapping *mapping)
{
	if (places->mapping_count == places->mapping_capacity) {
		uint32_t capacity = places->mapping_capacity ? 2 * places->mapping_capacity : 64;
		struct places_mapping *more =
			capacity > 1u << 24 ? NULL
					    : realloc(places->mappings, capacity * sizeof *more);

		if (!more)
			return;
		places->mappings = more;
		places->mapping_capacity = capacity;
	}
	places->mappings[places->mapping_count++] = *mapping;
}

/* `is_file` is false for code made at run time, which is remembered as being in no module. */
static struct local_module *add_module(struct places_process *process, uint32_t index,
	const struct arena_module *module, bool is_file)
{
	const char *path = module->path[0] ? module->path : process->executable;
	char build_id[2 * ARENA_BUILD_ID_MAX + 1] = "";
	struct local_module *local;

	if (process->module_count >= PLACES_MAPPINGS_MAX)
		return NULL;
	if (!process->modules)
		process->modules = calloc(PLACES_MAPPINGS_MAX, sizeof *process->modules);
	if (!process->modules)
		return NULL;
	for (uint32_t i = 0; i < module->build_id_size; i++)
		snprintf(build_id + 2 * (size_t)i, 3, "%02x", module->build_id[i]);
	local = &process->modules[process->module_count];
	*local = (struct local_module){.start = module->start,
		.end = module->end,
		.bias = module->bias,
		.generation = module->generation,
		.index = index,
		.module_id = is_file ? module_number(process->places, path, build_id) : 0};
	process->module_count++;
	if (!local->module_id)
		return local;
	add_mapping(process->places, &(struct places_mapping){.module_id = local->module_id,
					     .process_id = process->process_id,
					     .start = module->start,
					     .end = module->end,
					     .bias = module->bias});
	return local;
}

/* Modules are announced in order, but the last ones taken may not be whole yet. */
static void read_modules(struct places_process *process)
{
	uint32_t used = arena_reader_used(process->arena, ARENA_MODULES);
	struct arena_module module;

	for (; process->modules_read < used; process->modules_read++) {
		if (!arena_reader_module(process->arena, process->modules_read, &module)) {
			if (used - process->modules_read > 64)
				continue; /* never made whole: its maker died */
			break;
		}
		add_module(process, process->modules_read, &module, true);
	}
}

/* Whether a module had been unloaded in that generation. */
static bool was_gone(
	const struct places_process *process, struct local_module *module, uint32_t generation)
{
	struct arena_module record;

	if (module->index != UINT32_MAX &&
		arena_reader_module(process->arena, module->index, &record))
		module->gone = atomic_load_explicit(&record.gone, memory_order_relaxed);
	return module->gone && ((generation - module->gone) & 0x7fff) < 0x4000;
}

/*
 * The module that covered an address when generation `generation` (its low 15 bits) was current: of
 * those met not later and not gone, the one met last.
 */
static const struct local_module *module_at(
	const struct places_process *process, uint64_t address, uint32_t generation)
{
	const struct local_module *best = NULL;
	uint32_t best_age = 0x4000;

	for (uint32_t i = 0; i < process->module_count; i++) {
		struct local_module *module = &process->modules[i];
		uint32_t age = (generation - module->generation) & 0x7fff;

		if (address < module->start || address >= module->end || age > best_age ||
			was_gone(process, module, generation))
			continue;
		best = module;
		best_age = age;
	}
	return best;
}

static const struct local_module *find_module(
	struct places_process *process, uint64_t address, uint32_t generation)
{
	const struct local_module *module;
	struct arena_module mapped;
	struct arena_reader_counts counts;
	enum maps_answer answer;

	read_modules(process);
	module = module_at(process, address, generation);
	if (module || !process->arena->is_live || process->maps_missed > MAPS_TRIES)
		return module;
	/* What is mapped there now tells nothing of what was before something was unloaded. */
	arena_reader_counts(process->arena, &counts);
	if (generation != (counts.generation & 0x7fff))
		return NULL;
	answer = maps_find(process->arena->os_pid, address, &mapped);
	if (answer == MAPS_UNKNOWN) {
		process->maps_missed++;
		return NULL;
	}
	mapped.generation = generation;
	return add_module(process, UINT32_MAX, &mapped, answer == MAPS_FILE);
}

static uint32_t frame_number(
	struct places_process *process, uint64_t pc, uint32_t generation, uint32_t flags)
{
	const struct local_module *module = NULL;
	uint64_t key = pc | (uint64_t)generation << 48 | (flags & PLACES_EXACT ? NODE_EXACT : 0);
	uint64_t address = pc;
	uint32_t frame;
	bool is_new;

	if (idmap_get(&process->frame_of_pc, key, &frame))
		return frame;
	if (pc < NODE_WORDS) {
		flags = PLACES_END;
	} else {
		/* A call may be a function's last instruction, so the module is that of the call.
		 */
		module = find_module(process, flags & PLACES_EXACT ? pc : pc - 1, generation);
		if (module && module->module_id)
			address = pc - module->bias;
	}
	frame = intern_number(&process->places->frames,
		(struct intern_key){
			{(uint64_t)(module ? module->module_id : 0) << 32 | flags, address, 0}},
		&is_new);
	if (frame)
		idmap_put(&process->frame_of_pc, key, frame);
	return frame;
}

uint32_t places_entry_frame(struct places_process *process, uint64_t function)
{
	struct arena_reader_counts counts;
	uint32_t generation = NODE_GENERATION(function);

	if (!(function & ENTRY_DATED)) {
		arena_reader_counts(process->arena, &counts);
		generation = (uint32_t)counts.generation & 0x7fff;
	}
	function = NODE_ADDRESS(function);
	if (!function || function >> 47)
		return 0;
	/* As if it were a return address whose call is the function's first instruction. */
	return frame_number(process, function + 1, generation, 0);
}

static bool has_room_for(struct places_process *process, uint32_t node)
{
	uint32_t capacity = process->node_capacity ? process->node_capacity : 1024;
	uint32_t *more;

	if (node < process->node_capacity)
		return true;
	while (capacity <= node)
		capacity *= 2;
	more = realloc(process->stack_of_node, capacity * sizeof *more);
	if (!more)
		return false;
	memset(more + process->node_capacity, 0,
		(capacity - process->node_capacity) * sizeof *more);
	process->stack_of_node = more;
	process->node_capacity = capacity;
	return true;
}

const struct local_module *places_module(
	struct places_process *process, uint64_t address, uint32_t generation)
{
	read_modules(process);
	return module_at(process, address, generation & 0x7fff);
}

/* The stack that `caller` is with the frame at `pc`. */
static uint32_t stack_with(struct places_process *process, uint32_t caller, uint64_t pc)
{
	uint32_t frame = frame_number(process, NODE_ADDRESS(pc), (uint32_t)NODE_GENERATION(pc),
		pc & NODE_EXACT ? PLACES_EXACT : 0);
	bool is_new;

	if (!frame)
		return 0;
	return intern_number(&process->places->stacks,
		(struct intern_key){{(uint64_t)caller << 32 | frame, 0, 0}}, &is_new);
}

uint32_t places_stack_of(struct places_process *process, const uint64_t *pcs, unsigned count)
{
	uint32_t stack = 0;

	while (count) {
		stack = stack_with(process, stack, pcs[--count]);
		if (!stack)
			return 0;
	}
	return stack;
}

uint32_t places_stack(struct places_process *process, uint32_t node)
{
	struct {
		uint64_t pc;
		uint32_t node;
	} chain[CHAIN_MAX];
	uint32_t stack = 0, at = node;
	int count = 0;

	if (!node || node > INT32_MAX || node >= process->arena->region[ARENA_NODES].count ||
		!has_room_for(process, node))
		return 0;
	/* Outwards to a node that is known already, … */
	while (at && !process->stack_of_node[at]) {
		uint32_t caller;

		if (count == CHAIN_MAX ||
			!arena_reader_node(process->arena, at, &chain[count].pc, &caller))
			return 0;
		chain[count++].node = at;
		at = caller;
	}
	stack = at ? process->stack_of_node[at] : 0;
	/* … and back inwards. A caller's number is thus always smaller. */
	while (count) {
		stack = stack_with(process, stack, chain[--count].pc);
		if (!stack)
			return 0;
		process->stack_of_node[chain[count].node] = stack;
	}
	return stack;
}
