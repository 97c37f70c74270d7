/*
 * Test plan: random walks up and down a call tree of functions of several kinds (with and without
 * frame pointer, with alloca, deep and shallow), capturing now and then. A remembered walk must
 * give what a walk from scratch gives, every time; and it must be used, not fall back.
 */
#include "recorder/runtime/unwind_again.h"

#include <alloca.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEEPEST = 25, ROUNDS = 2000, MAX = 128 };

static struct unwind_memory memory;
static uintptr_t limit;
static uint64_t state = 1;
static unsigned captures, different, same_seen, kept_seen;

static unsigned random_below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

/* Stands in the place of a wrapper: both walks begin at its caller. */
__attribute__((noinline)) static void capture(void)
{
	uint64_t plain[MAX], again[MAX];
	enum node_end plain_end, again_end;
	struct unwind_start start;
	unsigned plain_count, again_count;
	bool same;

	UNWIND_FROM_CALLER(&start);
	plain_count = unwind(&start, limit, false, plain, MAX, &plain_end);
	again_count = unwind_again(&memory, &start, limit, again, MAX, &again_end, &same);
	if (same)
		unwind_remembered(&memory, again);
	captures++;
	same_seen += same;
	kept_seen += memory.holds;
	if (plain_count != again_count || plain_end != again_end ||
		memcmp(plain, again, plain_count * sizeof *plain) != 0)
		different++;
}

static void descend(unsigned depth);

/* What follows each call keeps it from being a tail call. */
#define STEP(name, attributes, before)                                                             \
	__attribute__((noinline attributes)) static void name(unsigned depth)                      \
	{                                                                                          \
		before;                                                                            \
		if (random_below(3) == 0)                                                          \
			capture();                                                                 \
		descend(depth);                                                                    \
		if (random_below(4) == 0)                                                          \
			capture();                                                                 \
		__asm__ volatile("");                                                              \
	}

STEP(step_plain, , )
STEP(step_pointer, , char *room = alloca(16 + random_below(200)); __asm__ volatile("" ::"r"(room)))
STEP(step_large, , char room[700]; __asm__ volatile("" ::"r"(room)))
STEP(step_register, , register unsigned long value = random_below(1 << 30);
	__asm__ volatile(""
			 : "+r"(value)::"rbx", "r12", "r13", "r14", "r15"))

static void (*const steps[])(unsigned) = {step_plain, step_pointer, step_large, step_register};

__attribute__((noinline)) static void descend(unsigned depth)
{
	unsigned i, times = 1 + random_below(2);

	if (depth == 0) {
		capture();
		return;
	}
	for (i = 0; i < times && random_below(8); i++)
		steps[random_below(sizeof steps / sizeof *steps)](depth - 1);
	__asm__ volatile("");
}

static void remembered_walks_equal_walks(void **context)
{
	unsigned i;

	(void)context;
	limit = (uintptr_t)__builtin_frame_address(0);
	for (i = 0; i < ROUNDS; i++)
		descend(random_below(DEEPEST));
	assert_true(captures > 10000);
	assert_int_equal(different, 0);
	/* All of these frames are usual ones: hardly a walk may be done without the memory. */
	assert_true(kept_seen > captures / 10 * 9);
	assert_true(same_seen > 0);
}

__attribute__((noinline)) static void capture_twice(void)
{
	volatile unsigned i; /* not unrolled: from one place, so that the stack is the very same */

	for (i = 0; i < 2; i++)
		capture();
	__asm__ volatile("");
}

static void forgotten_with_the_rows(void **context)
{
	unsigned before;

	(void)context;
	limit = (uintptr_t)__builtin_frame_address(0);
	capture_twice();
	before = same_seen;
	capture_twice();
	assert_true(same_seen > before);
	memory.generation--;
	before = same_seen;
	capture_twice();
	assert_int_equal(same_seen, before + 1);
	assert_int_equal(different, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembered_walks_equal_walks),
		cmocka_unit_test(forgotten_with_the_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
