/*
 * What a captured stack costs: nanoseconds for one capture of 8 frames, ours and glibc's
 * backtrace(), measured in turns so that both meet the same machine, the best of many rounds of
 * each. Prints one line for each; fails only when the two see different stacks.
 */
#include "recorder/runtime/unwind.h"
#include "recorder/runtime/unwind_row.h"

#include <execinfo.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))

enum { DEPTH = 8, ROUNDS = 200, CALLS = 500 };

static double best_ours = 1e9, best_cold = 1e9, best_glibc = 1e9;
static int wrong;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

/* Stands for an interposed wrapper: captures its caller's stack up to `limit`. */
static NOINLINE unsigned capture(uintptr_t limit, uint64_t *pcs)
{
	struct unwind_start start;
	enum node_end end;

	UNWIND_FROM_CALLER(&start);
	return unwind(&start, limit, false, pcs, DEPTH, &end);
}

static NOINLINE void leaf(uintptr_t limit)
{
	uint64_t pcs[DEPTH];
	void *addresses[DEPTH + 1];
	unsigned count = 0;
	int round, call, i, found = 0;
	double began;

	for (round = 0; round < ROUNDS; round++) {
		began = now();
		for (call = 0; call < CALLS; call++)
			count = capture(limit, pcs);
		best_ours = least(best_ours, (now() - began) / CALLS);

		began = now();
		for (call = 0; call < CALLS / 50; call++)
			found = backtrace(addresses, DEPTH + 1);
		best_glibc = least(best_glibc, (now() - began) / (CALLS / 50));

		unwind_flush();
		began = now();
		capture(limit, pcs);
		best_cold = least(best_cold, now() - began);
	}
	/* The innermost of each is another place in this function. */
	for (i = 1; i < DEPTH; i++)
		if (count != DEPTH || found < DEPTH || pcs[i] != (uint64_t)(uintptr_t)addresses[i])
			wrong = 1;
}

/* Frames of different sizes and kinds. */
#define FRAME(name, next, bytes)                                                                   \
	static NOINLINE void name(uintptr_t limit)                                                 \
	{                                                                                          \
		volatile char block[bytes];                                                        \
                                                                                                   \
		block[0] = 1;                                                                      \
		next(limit);                                                                       \
		block[1] = block[0];                                                               \
	}
FRAME(frame_1, leaf, 24)
FRAME(frame_2, frame_1, 100)
FRAME(frame_3, frame_2, 8)
FRAME(frame_4, frame_3, 300)
FRAME(frame_5, frame_4, 40)
FRAME(frame_6, frame_5, 4000)
FRAME(frame_7, frame_6, 16)

/* Stands for a trampoline. */
static NOINLINE void enter(void)
{
	frame_7((uintptr_t)__builtin_frame_address(0) + 16);
}

int main(void)
{
	enter();
	printf("unwind: 8 frames, warm      %8.1f ns\n", best_ours);
	printf("unwind: 8 frames, all new   %8.1f ns\n", best_cold);
	printf("glibc backtrace, 9 frames   %8.1f ns\n", best_glibc);
	if (wrong)
		printf("not the same stack\n");
	return wrong;
}
