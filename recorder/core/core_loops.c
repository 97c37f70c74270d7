/*
 * Loops of a core: see core_loops.h. The whole of the memory that the process could write to is
 * looked through for the pointer of a loop's inner handle back to its loop. Calls nothing of
 * libuv's.
 */
#include "recorder/core/core_loops_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum {
	BLOCK = 1 << 18,
	LOOPS_MAX = 1024,
	LIBUVS_MAX = 64,
	PENDING_MAX = 1 << 20, /* of all */
	FD_MAX = 1 << 24,
	LIKELY_MAX = 1 << 20, /* places that look like a loop's at first */
};
static const uint64_t search_max = UINT64_C(3) << 30;

bool core_field_word(struct core_search *search, const struct core_libuv *libuv, uint64_t base,
	enum core_layout_field field, uint64_t *ret)
{
	uint32_t at = libuv->layout.at[field];

	return at != CORE_LAYOUT_UNKNOWN && core_peek_word(search->peek, base + at, ret);
}

bool core_field_int(struct core_search *search, const struct core_libuv *libuv, uint64_t base,
	enum core_layout_field field, uint32_t *ret)
{
	uint32_t at = libuv->layout.at[field];

	return at != CORE_LAYOUT_UNKNOWN && core_peek_int(search->peek, base + at, ret);
}

uint64_t core_field(struct core_search *search, const struct core_libuv *libuv, uint64_t base,
	enum core_layout_field field)
{
	uint64_t word;

	return core_field_word(search, libuv, base, field, &word) ? word : 0;
}

uint64_t core_field_at(const struct core_libuv *libuv, uint64_t base, enum core_layout_field field)
{
	uint32_t at = libuv->layout.at[field];

	return at == CORE_LAYOUT_UNKNOWN ? 0 : base + at;
}

bool core_may_look(struct core_search *search, size_t words)
{
	search->words += words;
	if (search->words > CORE_WORDS_MAX)
		search->ret->is_cut = true;
	return search->words <= CORE_WORDS_MAX;
}

struct core_pending *core_pending_add(struct core_search *search, struct core_loop *loop)
{
	if (search->pending_count == PENDING_MAX) {
		search->ret->is_cut = true;
		return NULL;
	}
	if (loop->count == loop->capacity) {
		size_t capacity = loop->capacity ? 2 * loop->capacity : 64;
		struct core_pending *more = realloc(loop->pending, capacity * sizeof *more);

		if (!more) {
			search->ret->is_cut = true;
			return NULL;
		}
		loop->pending = more;
		loop->capacity = capacity;
	}
	search->pending_count++;
	loop->pending[loop->count] = (struct core_pending){.fd = CORE_LOOPS_UNKNOWN,
		.events = CORE_LOOPS_UNKNOWN,
		.due_ms = CORE_LOOPS_UNKNOWN,
		.repeat_ms = CORE_LOOPS_UNKNOWN,
		.interval_ms = CORE_LOOPS_UNKNOWN,
		.signal = CORE_LOOPS_UNKNOWN,
		.os_pid = CORE_LOOPS_UNKNOWN,
		.queue_size = CORE_LOOPS_UNKNOWN,
		.os_tid = CORE_LOOPS_UNKNOWN};
	return &loop->pending[loop->count++];
}

struct core_pending *core_request_add(struct core_search *search, struct core_loop *loop,
	const char *type, uint64_t address, uint64_t callback)
{
	struct core_pending *ret = core_pending_add(search, loop);

	if (!ret)
		return NULL;
	ret->type = type;
	ret->is_request = true;
	ret->address = address;
	ret->data = core_field(search, loop->libuv, address, CORE_LAYOUT_REQUEST_DATA);
	ret->callback = callback;
	loop->found_requests++;
	return ret;
}

/* A node has the next one's address, and then the one's before it. */
static bool step(struct core_search *search, uint64_t at, uint64_t *to, bool is_back)
{
	uint64_t there, back;

	if (search->steps++ >= CORE_STEPS_MAX ||
		!core_peek_word(search->peek, at + (is_back ? sizeof there : 0), &there) ||
		(there & 7) ||
		!core_peek_word(search->peek, there + (is_back ? 0 : sizeof back), &back) ||
		back != at)
		return false;
	*to = there;
	return true;
}

bool core_list_next(struct core_search *search, uint64_t at, uint64_t *next)
{
	return step(search, at, next, false);
}

bool core_list_previous(struct core_search *search, uint64_t at, uint64_t *previous)
{
	return step(search, at, previous, true);
}

/* What is known of the module that contains libuv. NULL: there are too many, or no memory. */
static struct core_libuv *libuv_of(struct core_search *search, const struct core_module *module)
{
	struct core_loops *ret = search->ret;
	struct core_libuv **libuvs, *libuv;

	for (size_t i = 0; i < ret->libuv_count; i++)
		if (ret->libuvs[i]->module == module)
			return ret->libuvs[i];
	if (ret->libuv_count == LIBUVS_MAX)
		return NULL;
	libuvs = realloc(ret->libuvs, (ret->libuv_count + 1) * sizeof *libuvs);
	if (!libuvs)
		return NULL;
	ret->libuvs = libuvs;
	libuv = malloc(sizeof *libuv);
	if (!libuv)
		return NULL;
	core_libuv_init(libuv, search->core, module);
	return libuvs[ret->libuv_count++] = libuv;
}

/* Modules in which libuv is likely, looked into at first: their layout may be another. */
static void take_likely(struct core_search *search)
{
	const struct core_modules *modules = &search->core->modules;

	for (size_t i = 0; i < modules->count; i++) {
		const struct core_module *module = &modules->list[i];

		if ((module->is_executable || strstr(module->path, "uv")) &&
			core_libuv_is_in(search->core, module))
			libuv_of(search, module);
	}
}

/* Whether a list has its head at the field, by at least one of its ends. */
static bool is_list(struct core_search *search, const struct core_libuv *libuv, uint64_t address,
	enum core_layout_field field)
{
	uint64_t head = core_field_at(libuv, address, field), node;

	return head &&
	       (core_list_next(search, head, &node) || core_list_previous(search, head, &node));
}

static bool is_loop(
	struct core_search *search, const struct core_libuv *libuv, uint64_t address, uint32_t *fd)
{
	uint64_t own = core_field_at(libuv, address, CORE_LAYOUT_LOOP_ASYNC);
	uint32_t type, flags;

	return core_field(search, libuv, own, CORE_LAYOUT_HANDLE_LOOP) == address &&
	       core_field_int(search, libuv, own, CORE_LAYOUT_HANDLE_TYPE, &type) &&
	       type == UV_ASYNC &&
	       core_field_int(search, libuv, own, CORE_LAYOUT_HANDLE_FLAGS, &flags) &&
	       (flags & CORE_HANDLE_INTERNAL) && !(flags & CORE_HANDLE_CLOSING) &&
	       core_field_int(search, libuv, address, CORE_LAYOUT_LOOP_BACKEND_FD, fd) &&
	       *fd < FD_MAX && is_list(search, libuv, address, CORE_LAYOUT_LOOP_HANDLES) &&
	       is_list(search, libuv, address, CORE_LAYOUT_LOOP_PENDING);
}

/*
 * Something points to where a loop would begin: is it one? `libuv` is one that has this layout;
 * whose loop it is, its inner handle's callback tells.
 */
static int look_at(struct core_search *search, const struct core_layout *layout, uint64_t address,
	struct error *err)
{
	struct core_loops *ret = search->ret;
	const struct core_module *module;
	const struct core_libuv *libuv;
	struct core_loop *loops;
	uint32_t count, fd;
	uint64_t callback;

	if (search->likely++ >= LIKELY_MAX) {
		ret->is_cut = true;
		return 0;
	}
	if (!core_peek_word(search->peek,
		    address + layout->at[CORE_LAYOUT_LOOP_ASYNC] +
			    layout->at[CORE_LAYOUT_ASYNC_CALLBACK],
		    &callback))
		return 0;
	module = core_modules_find(&search->core->modules, callback);
	if (!module || !core_peek_is_code(search->peek, callback))
		return 0;
	for (size_t i = 0; i < ret->loop_count; i++)
		if (ret->loops[i].address == address)
			return 0;
	libuv = libuv_of(search, module);
	if (!libuv || !is_loop(search, libuv, address, &fd))
		return 0;
	if (ret->loop_count == LOOPS_MAX) {
		ret->is_cut = true;
		return 0;
	}
	loops = realloc(ret->loops, (ret->loop_count + 1) * sizeof *loops);
	if (!loops)
		return error_set(err, "no memory for the core's loops");
	ret->loops = loops;
	loops = &ret->loops[ret->loop_count++];
	*loops = (struct core_loop){.libuv = libuv,
		.address = address,
		.data = core_field(search, libuv, address, CORE_LAYOUT_LOOP_DATA),
		.fd = fd,
		.os_tid = CORE_LOOPS_UNKNOWN,
		.wait_ms = CORE_LOOPS_UNKNOWN};
	if (core_field_int(search, libuv, address, CORE_LAYOUT_LOOP_ACTIVE_HANDLES, &count))
		loops->active_handles = count;
	if (core_field_int(search, libuv, address, CORE_LAYOUT_LOOP_ACTIVE_REQUESTS, &count))
		loops->active_requests = count;
	return 0;
}

/* How far behind a loop's beginning the pointer back to it lies. */
static uint64_t distance_of(const struct core_layout *layout)
{
	return (uint64_t)layout->at[CORE_LAYOUT_LOOP_ASYNC] + layout->at[CORE_LAYOUT_HANDLE_LOOP];
}

/* The words of one block, each of which may be the pointer back to its loop. */
static int look_through(struct core_search *search, const struct core_layout *layout,
	uint64_t address, const uint64_t *words, size_t count, struct error *err)
{
	const uint64_t distance = distance_of(layout);

	for (size_t i = 0; i < count; i++)
		if (words[i] == address + i * sizeof *words - distance &&
			look_at(search, layout, words[i], err))
			return -1;
	return 0;
}

/* By the layout that is known, and by those that are found to be other ones. */
static int look_through_all(struct core_search *search, uint64_t address, const uint64_t *words,
	size_t count, struct error *err)
{
	if (look_through(search, &core_layout_known, address, words, count, err))
		return -1;
	for (size_t i = 0; i < search->ret->libuv_count; i++) {
		const struct core_layout *layout = &search->ret->libuvs[i]->layout;

		if (distance_of(layout) != distance_of(&core_layout_known) &&
			look_through(search, layout, address, words, count, err))
			return -1;
	}
	return 0;
}

/* Holes in the file are passed over. */
static int search_segment(struct core_search *search, const struct core_segment *segment,
	uint64_t *block, uint64_t *searched, struct error *err)
{
	int fd = search->core->file.fd;
	uint64_t at = 0;

	while (at < segment->kept && *searched < search_max) {
		uint64_t left = segment->kept - at;
		size_t size = left < BLOCK ? (size_t)left & ~(size_t)7 : BLOCK;
		off_t data = lseek(fd, (off_t)(segment->offset + at), SEEK_DATA);

		if (data < 0 || !size)
			return 0;
		if ((uint64_t)data >= segment->offset + at + size) {
			data = (data - (off_t)segment->offset) & ~(off_t)4095;
			at = (uint64_t)data > at + size ? (uint64_t)data : at + size;
			continue;
		}
		if (!core_file_read_at(fd, block, size, segment->offset + at))
			return 0;
		if (look_through_all(
			    search, segment->address + at, block, size / sizeof *block, err))
			return -1;
		at += size;
		*searched += size;
	}
	return 0;
}

static int search_memory(struct core_search *search, struct error *err)
{
	const struct core_file *core = &search->core->file;
	uint64_t *block = malloc(BLOCK), searched = 0;
	int result = 0;

	if (!block)
		return error_set(err, "no memory to look for loops");
	for (size_t i = 0; i < core->segment_count && !result; i++)
		if (core->segments[i].is_writable && !(core->segments[i].address & 7))
			result = search_segment(search, &core->segments[i], block, &searched, err);
	if (searched >= search_max)
		search->ret->is_cut = true;
	free(block);
	return result;
}

int core_loops_find(struct core_loops *ret, const struct core *core, struct error *err)
{
	struct core_search search = {.core = core, .ret = ret};

	*ret = (struct core_loops){0};
	search.peek = core_peek_create(&core->modules);
	if (!search.peek)
		return error_set(err, "no memory to look for loops");
	take_likely(&search);
	if (search_memory(&search, err)) {
		core_peek_destroy(search.peek);
		core_loops_deinit(ret);
		return -1;
	}
	for (size_t i = 0; i < ret->loop_count; i++)
		core_handles_add(&search, &ret->loops[i]);
	if (ret->loop_count && core_running_find(&search)) {
		core_pool_add(&search);
		free(search.pools);
	}
	core_peek_destroy(search.peek);
	return 0;
}

void core_loops_deinit(struct core_loops *loops)
{
	for (size_t i = 0; i < loops->loop_count; i++) {
		for (size_t j = 0; j < loops->loops[i].count; j++)
			free(loops->loops[i].pending[j].text);
		free(loops->loops[i].pending);
	}
	for (size_t i = 0; i < loops->libuv_count; i++)
		free(loops->libuvs[i]);
	free(loops->libuvs);
	free(loops->loops);
	*loops = (struct core_loops){0};
}
