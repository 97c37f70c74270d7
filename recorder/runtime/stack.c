/*
 * Stacks as nodes: see stack.h.
 *
 * The way of a stack that was seen before: unwind, hash the return addresses, one probe of a
 * process-wide cache from hash to node. Only a new stack is put into the tree frame by frame, from
 * the outside in, where a hash chain over the shared nodes finds the ones that exist.
 *
 * The cache identifies a stack by 64 bits of hash: for a million different stacks the chance that
 * any two are taken for one another is below 1 in 10 million.
 */
#include "recorder/runtime/stack.h"

#include "recorder/runtime/unwind_row.h"
#include "recorder/wire/events.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>

enum { CACHE_SIZE = 1 << 13, CHAINS = 1 << 14 };

/* A torn entry does not match: the node is stored beside the hash mixed with it. */
struct cached {
	_Atomic uint64_t hash_and_node, node;
};

static struct cached cache[CACHE_SIZE];
static _Atomic uint32_t chain[CHAINS];

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9fb21c651e98df25ull;
	return hash ^ hash >> 32;
}

static uint32_t cache_find(uint64_t hash)
{
	struct cached *entry = &cache[hash % CACHE_SIZE];
	uint64_t node = atomic_load_explicit(&entry->node, memory_order_relaxed);

	if (atomic_load_explicit(&entry->hash_and_node, memory_order_relaxed) != (hash ^ node))
		return 0;
	return (uint32_t)node;
}

static void cache_put(uint64_t hash, uint32_t node)
{
	struct cached *entry = &cache[hash % CACHE_SIZE];

	atomic_store_explicit(&entry->hash_and_node, hash ^ node, memory_order_relaxed);
	atomic_store_explicit(&entry->node, node, memory_order_relaxed);
}

static uint32_t node_find(uint32_t first, uint32_t until, uint32_t caller, uint64_t pc)
{
	uint32_t index;

	for (index = first; index != until && index != 0; index = arena_map.nodes[index].next)
		if (arena_map.nodes[index].caller == caller &&
			atomic_load_explicit(&arena_map.nodes[index].pc, memory_order_acquire) ==
				pc)
			return index;
	return 0;
}

/* Nodes that must be left when one is made: for innermost frames, and for words. */
enum { LEAF_ROOM = 16, WORD_ROOM = 256 }; /* one in so many; so many */

static bool has_room(uint32_t left)
{
	return atomic_load_explicit(&arena()->used[ARENA_NODES].value, memory_order_relaxed) +
		       left <
	       arena_map.count[ARENA_NODES];
}

/* The node of `pc` called from `caller`; where there is none it is made, if `left` can be more. */
static uint32_t node_intern(uint32_t caller, uint64_t pc, uint32_t left)
{
	_Atomic uint32_t *head = &chain[mix(mix(1, caller), pc) % CHAINS];
	uint32_t first = atomic_load_explicit(head, memory_order_acquire);
	uint32_t found = node_find(first, 0, caller, pc), made, seen = first;
	struct arena_node *node;

	if (found)
		return found;
	if (unlikely(!has_room(left)))
		return 0;
	made = arena_grow(ARENA_NODES);
	if (made == UINT32_MAX)
		return 0;
	node = &arena_map.nodes[made];
	node->caller = caller;
	node->next = seen;
	atomic_store_explicit(&node->pc, pc, memory_order_release);
	while (!atomic_compare_exchange_weak_explicit(
		head, &seen, made, memory_order_release, memory_order_acquire)) {
		/* Another thread may have made the same node: look at what is new only. */
		found = node_find(seen, first, caller, pc);
		if (found) {
			/* Ours stays in the arena, of no stack. */
			return found;
		}
		first = node->next = seen;
	}
	return made;
}

/* Whether `pc` is in the function that begins at `function`. */
static bool is_inside(uint64_t pc, uintptr_t function)
{
	uintptr_t start;

	return unwind_function_start((uintptr_t)pc - 1, &start) && start == function;
}

/* What is known of a module that is mapped now; `build_id` points into it. */
struct mapped {
	uint64_t start, end, bias;
	const char *path;
	const void *build_id;
	uint32_t build_id_size;
};

/* Finds the build ID in the notes of a mapped ELF file. */
static void build_id_find(struct mapped *mapped, const ElfW(Phdr) * segment, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		const char *at, *end;

		if (segment[i].p_type != PT_NOTE)
			continue;
		at = (const char *)(uintptr_t)(mapped->bias + segment[i].p_vaddr);
		end = at + segment[i].p_memsz;
		if ((uintptr_t)at < mapped->start || (uintptr_t)end > mapped->end)
			continue;
		while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = at + sizeof *note;
			const char *bytes = name + ((note->n_namesz + 3) & ~3u);

			if (note->n_namesz > 64 || note->n_descsz > (size_t)(end - at) ||
				bytes + note->n_descsz > end)
				break;
			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
				note->n_descsz <= ARENA_BUILD_ID_MAX &&
				memcmp(name, "GNU", 4) == 0) {
				mapped->build_id = bytes;
				mapped->build_id_size = note->n_descsz;
				return;
			}
			at = bytes + ((note->n_descsz + 3) & ~3u);
		}
	}
}

static bool module_is(const struct arena_module *module, const struct mapped *mapped)
{
	return module->start == mapped->start && module->end == mapped->end &&
	       module->bias == mapped->bias && module->build_id_size == mapped->build_id_size &&
	       memcmp(module->build_id, mapped->build_id, mapped->build_id_size) == 0 &&
	       strncmp(module->path, mapped->path, sizeof module->path - 1) == 0;
}

/* A module's record, when there is one at that index. */
static struct arena_module *module_record(uint64_t index)
{
	struct arena_module *module = &arena_map.modules[index];

	return atomic_load_explicit(&module->ready, memory_order_acquire) ? module : NULL;
}

static bool is_there(struct arena_module *module)
{
	return atomic_load_explicit(&module->gone, memory_order_relaxed) == 0;
}

/* The record of the module that is at `address` now; NULL when none is known. */
static struct arena_module *module_at(uint64_t address)
{
	uint64_t index = atomic_load(&arena()->used[ARENA_MODULES].value);

	while (index-- > 0) {
		struct arena_module *module = module_record(index);

		if (module && address >= module->start && address < module->end && is_there(module))
			return module;
	}
	return NULL;
}

/*
 * Whether another's code was in that place a moment ago, without a dlclose that was seen: libc
 * unloads what it has loaded itself (character sets, name services).
 */
static bool replaces_code(const struct mapped *mapped)
{
	uint64_t index = atomic_load(&arena()->used[ARENA_MODULES].value);

	while (index-- > 0) {
		struct arena_module *module = module_record(index);

		if (module && module->start < mapped->end && module->end > mapped->start &&
			is_there(module))
			return true;
	}
	return false;
}

/* A module that comes back gets another record: the one before tells when it was gone. */
static void module_add(const struct mapped *mapped)
{
	struct arena_module *module = module_at(mapped->start);
	uint32_t index;

	if (module && module_is(module, mapped))
		return;
	if (replaces_code(mapped))
		stack_forget_code();
	index = arena_grow(ARENA_MODULES);
	if (index == UINT32_MAX)
		return;
	module = &arena_map.modules[index];
	module->generation = (uint32_t)atomic_load(&arena()->generation.value);
	module->start = mapped->start;
	module->end = mapped->end;
	module->bias = mapped->bias;
	module->build_id_size = mapped->build_id_size;
	memcpy(module->build_id, mapped->build_id, mapped->build_id_size);
	strncpy(module->path, mapped->path, sizeof module->path - 1);
	atomic_store_explicit(&module->ready, 1, memory_order_release);
}

void stack_note_module(const struct dl_find_object *object)
{
	const struct link_map *map = object->dlfo_link_map;
	const ElfW(Ehdr) *header = object->dlfo_map_start;
	struct mapped mapped = {
		.start = (uintptr_t)object->dlfo_map_start,
		.end = (uintptr_t)object->dlfo_map_end,
		.bias = map ? map->l_addr : 0,
		.path = map && map->l_name ? map->l_name : "",
		.build_id = "",
	};

	if (!arena())
		return;
	/* The ELF header is where the first segment begins in any file that a linker made. */
	if (mapped.end - mapped.start < 4096 || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
		header->e_phoff + header->e_phnum * sizeof(ElfW(Phdr)) > 4096)
		return;
	build_id_find(&mapped,
		(const ElfW(Phdr) *)(const void *)((const char *)header + header->e_phoff),
		header->e_phnum);
	module_add(&mapped);
}

/*
 * The generation of the module that an address is in goes with it: after code was unloaded the same
 * address may be something else, but whoever stayed keeps the nodes that it has.
 */
static uint64_t with_generation(uint64_t pc)
{
	const struct arena_module *module = module_at(NODE_ADDRESS(pc));
	uint64_t generation = module ? module->generation : atomic_load(&arena()->generation.value);

	return (pc & (NODE_EXACT | NODE_ADDRESS(UINT64_MAX))) | (generation & 0x7fff) << 48;
}

static uint32_t words_intern(enum node_end words)
{
	return node_intern(0, words, 0);
}

/* There is no room for the rest of it. */
static uint32_t stack_cut(const uint64_t *pcs, unsigned count)
{
	uint32_t words = words_intern(NODE_END_NO_ROOM), leaf = 0;

	arena_next(&arena()->stacks_cut);
	if (words && count > 0)
		leaf = node_intern(words, with_generation(pcs[0]), WORD_ROOM);
	return leaf ? leaf : words;
}

static uint32_t stack_intern(
	const uint64_t *pcs, unsigned count, enum node_end end, uintptr_t callback)
{
	const uint32_t left = arena_map.count[ARENA_NODES] / LEAF_ROOM;
	uint32_t node = 0;
	unsigned i;

	if (end != NODE_END_NONE) {
		node = words_intern(end);
	} else if (callback && (count == 0 || !is_inside(pcs[count - 1], callback))) {
		/*
		 * The callback left by a tail call. Its entry stands for it, plus one: all other
		 * addresses are those after a call.
		 */
		struct dl_find_object object;

		if (_dl_find_object((void *)callback, &object) == 0)
			stack_note_module(&object);
		node = node_intern(0, with_generation((uint64_t)callback + 1), left);
		if (unlikely(node == 0))
			return stack_cut(pcs, count);
	}
	for (i = count; i-- > 0;) {
		node = node_intern(node, with_generation(pcs[i]), left);
		if (unlikely(node == 0))
			return stack_cut(pcs, count);
	}
	return node;
}

static bool is_paused(void)
{
	return atomic_load_explicit(&arena()->is_paused, memory_order_relaxed) == ARENA_PAUSED;
}

/*
 * The node of a stack that was walked, from the cache or made; 0: there is none. While recording is
 * paused none is made.
 */
static uint32_t stack_node(
	const uint64_t *pcs, unsigned count, enum node_end end, uintptr_t callback)
{
	uint64_t hash = mix(callback, (uint64_t)end << 1), factor = hash | 1;
	uint64_t sum = atomic_load_explicit(&arena()->generation.value, memory_order_relaxed);
	uint32_t node;
	unsigned i;

	/* A polynomial in the addresses: its multiplications do not wait for one another. */
	for (i = 0; i < count; i++) {
		sum += (pcs[i] ^ pcs[i] << 31) * factor;
		factor *= 0x9fb21c651e98df25ull;
	}
	hash = mix(hash, sum ^ sum >> 29);
	node = cache_find(hash);
	if (unlikely(node == 0)) {
		node = is_paused() ? 0 : stack_intern(pcs, count, end, callback);
		if (node)
			cache_put(hash, node);
	}
	return node;
}

/* What stands for a stack that stack_node has none for. */
static __attribute__((cold)) uint32_t stack_unknown(void)
{
	return is_paused() ? words_intern(NODE_END_PAUSED) : 0;
}

static uint32_t capture_again(const struct unwind_start *start, const struct stack_bounds *bounds,
	struct unwind_memory *memory)
{
	uint64_t pcs[ARENA_STACK_DEPTH];
	enum node_end end;
	bool same;
	unsigned count =
		unwind_again(memory, start, bounds->limit, pcs, ARENA_STACK_DEPTH, &end, &same);
	uint32_t node;

	/* The very stack of the last time, in a run of the same callback. */
	if (same && memory->note[0] && memory->note[1] == bounds->callback)
		return (uint32_t)memory->note[0];
	if (same)
		unwind_remembered(memory, pcs);
	node = stack_node(pcs, count, end, bounds->callback);
	if (memory->holds) {
		memory->note[0] = node;
		memory->note[1] = bounds->callback;
	}
	return likely(node) ? node : stack_unknown();
}

uint32_t stack_capture(const struct unwind_start *start, const struct stack_bounds *bounds,
	struct unwind_memory *memory)
{
	uint64_t pcs[ARENA_STACK_DEPTH];
	enum node_end end;
	unsigned count;
	uint32_t node;

	if (likely(memory && !memory->busy)) {
		memory->busy = true;
		atomic_signal_fence(memory_order_seq_cst);
		node = capture_again(start, bounds, memory);
		atomic_signal_fence(memory_order_seq_cst);
		memory->busy = false;
		return node;
	}
	count = unwind(start, bounds->limit, false, pcs, ARENA_STACK_DEPTH, &end);
	node = stack_node(pcs, count, end, bounds->callback);
	return likely(node) ? node : stack_unknown();
}

void stack_settle(struct unwind_memory *memory)
{
	if (likely(!memory->busy))
		return;
	memory->count = 0;
	memory->busy = false;
}

uint32_t stack_capture_exact(const struct unwind_start *start, const struct stack_bounds *bounds)
{
	uint64_t pcs[ARENA_STACK_DEPTH];
	enum node_end end;
	unsigned count = unwind(start, bounds->limit, true, pcs, ARENA_STACK_DEPTH, &end);

	return stack_node(pcs, count, end, bounds->callback);
}

static bool is_loaded(const struct arena_module *module)
{
	struct dl_find_object object;
	const char *path;

	if (_dl_find_object((void *)(uintptr_t)module->start, &object) != 0)
		return false;
	path = object.dlfo_link_map ? object.dlfo_link_map->l_name : NULL;
	return (uintptr_t)object.dlfo_map_start == module->start &&
	       (uintptr_t)object.dlfo_map_end == module->end &&
	       strncmp(module->path, path ? path : "", sizeof module->path - 1) == 0;
}

void stack_forget_code(void)
{
	uint64_t generation, index;

	if (!arena()) {
		unwind_flush();
		return;
	}
	generation = arena_next(&arena()->generation);
	unwind_flush();
	for (index = atomic_load(&arena()->used[ARENA_MODULES].value); index-- > 0;) {
		struct arena_module *module = module_record(index);

		if (module && is_there(module) && !is_loaded(module))
			atomic_store(&module->gone, (uint32_t)generation);
	}
}

uint64_t stack_entry(uintptr_t function)
{
	uint64_t generation =
		atomic_load_explicit(&arena()->generation.value, memory_order_relaxed);

	return NODE_ADDRESS(function) | (generation & 0x7fff) << 48 | ENTRY_DATED;
}

/* What dl_iterate_phdr tells, with the bounds that _dl_find_object tells: records are compared. */
static int note_loaded(struct dl_phdr_info *info, size_t size, void *user)
{
	struct mapped mapped = {
		.bias = info->dlpi_addr,
		.path = info->dlpi_name ? info->dlpi_name : "",
		.build_id = "",
	};
	struct dl_find_object object;
	int i;

	(void)size;
	(void)user;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			break;
	if (i == info->dlpi_phnum ||
		_dl_find_object((void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), &object) !=
			0)
		return 0;
	mapped.start = (uintptr_t)object.dlfo_map_start;
	mapped.end = (uintptr_t)object.dlfo_map_end;
	build_id_find(&mapped, info->dlpi_phdr, info->dlpi_phnum);
	module_add(&mapped);
	return 0;
}

void stack_note_loaded(void)
{
	if (arena())
		dl_iterate_phdr(note_loaded, NULL);
}
