/*
 * Stacks when there is no room for them, and while recording is paused: never a wrong one, but its
 * innermost frame alone, or words for all of it.
 */
#include "recorder/runtime/stack.h"
#include "recorder/runtime/unwind_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct unwind_memory memory;
static struct stack_bounds bounds;
static uint64_t innermost; /* return address of the last start */

static uint32_t (*volatile further)(int depth, struct unwind_memory *with);

static uint32_t go_down(int depth, struct unwind_memory *with)
{
	struct unwind_start start;
	uint32_t node;

	if (depth > 0) {
		node = further(depth - 1, with);
		__asm__ volatile("" : "+r"(node)); /* no sibling call */
		return node;
	}
	UNWIND_FROM_CALLER(&start);
	innermost = start.pc;
	return stack_capture(&start, &bounds, with);
}

/* A stack that differs from others in its depth alone: it ends here. */
static __attribute__((noinline)) uint32_t capture(int depth, struct unwind_memory *with)
{
	uint32_t node;

	bounds.limit = (uintptr_t)__builtin_frame_address(0);
	further = go_down;
	node = further(depth, with);
	__asm__ volatile("" : "+r"(node));
	return node;
}

static uint64_t address_of(uint32_t node)
{
	return NODE_ADDRESS(atomic_load(&arena_map.nodes[node].pc));
}

static unsigned depth_of(uint32_t node)
{
	unsigned depth = 0;

	for (; node; node = arena_map.nodes[node].caller) {
		assert_true(arena_map.nodes[node].caller < node);
		depth++;
	}
	return depth;
}

/* As if so many nodes were taken, of so many that there is room for. */
static void room_is(uint32_t used, uint32_t count)
{
	atomic_store(&arena()->used[ARENA_NODES].value, used);
	arena_map.count[ARENA_NODES] = count;
}

static void there_is_room(void **state)
{
	uint32_t first = capture(3, NULL);

	(void)state;
	assert_true(depth_of(first) >= 3);
	assert_int_equal(address_of(first), NODE_ADDRESS(innermost));
	assert_int_equal(capture(3, &memory), first);
	assert_int_equal(atomic_load(&arena()->stacks_cut.value), 0);
}

static void none_for_frames(void **state)
{
	uint32_t node, again, known = capture(3, NULL);

	(void)state;
	room_is(8000, 8500);
	node = capture(10, NULL);
	assert_int_equal(depth_of(node), 2);
	assert_int_equal(address_of(node), NODE_ADDRESS(innermost));
	assert_int_equal(address_of(arena_map.nodes[node].caller), NODE_END_NO_ROOM);
	assert_int_equal(atomic_load(&arena()->stacks_cut.value), 1);
	/* What is known already is as it was. */
	assert_int_equal(capture(3, NULL), known);
	again = capture(10, NULL);
	assert_int_equal(again, node);
	assert_int_equal(atomic_load(&arena()->stacks_cut.value), 1);
}

static void none_for_any(void **state)
{
	uint32_t node;

	(void)state;
	room_is(8400, 8500);
	node = capture(11, NULL);
	/* The same innermost frame has a node already; this one's has none. */
	assert_int_equal(depth_of(node), 2);
	room_is(8500, 8500);
	bounds.callback = 0;
	node = capture(0, NULL);
	assert_true(depth_of(node) <= 2);
	assert_int_equal(address_of(node) == NODE_END_NO_ROOM ||
				 address_of(arena_map.nodes[node].caller) == NODE_END_NO_ROOM,
		1);
	assert_int_equal(atomic_load(&arena()->used[ARENA_NODES].value), 8500);
}

static void while_paused(void **state)
{
	uint32_t before = capture(5, &memory), paused;
	uint64_t used;

	(void)state;
	used = atomic_load(&arena()->used[ARENA_NODES].value);
	atomic_store(&arena()->is_paused, 1);
	/* One that is known needs no room. */
	assert_int_equal(capture(5, &memory), before);
	paused = capture(7, &memory);
	assert_int_equal(depth_of(paused), 1);
	assert_int_equal(address_of(paused), NODE_END_PAUSED);
	assert_int_equal(capture(7, &memory), paused);
	assert_int_equal(capture(7, NULL), paused);
	assert_int_equal(capture(5, &memory), before);
	assert_int_equal(atomic_load(&arena()->used[ARENA_NODES].value), used + 1);
	atomic_store(&arena()->is_paused, 0);
	/* Nothing of it is remembered as a stack. */
	assert_true(depth_of(capture(7, &memory)) >= 7);
	assert_int_equal(capture(5, &memory), before);
}

static int set_up(void **state)
{
	const struct arena_request request = {
		.socket = "", .on_full = ARENA_OVERWRITES, .flight_size = ARENA_FLIGHT_LEAST};
	struct arena_header *header = arena_make(&request);

	(void)state;
	if (!header)
		return -1;
	arena_start(header);
	unwind_set_module_hook(stack_note_module);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(while_paused),
		cmocka_unit_test(there_is_room),
		cmocka_unit_test(none_for_frames),
		cmocka_unit_test(none_for_any),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
