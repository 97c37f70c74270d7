/*
 * What programs share that try acausal.h in several ways, one a run: `PROGRAM WAY` prints a line
 * for each fault and "WAY: N faults", and exits with 0 when there are none, 2 when there is no such
 * way.
 */
#ifndef OWN_WAYS_H
#define OWN_WAYS_H

#include "recorder/acausal.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static _Atomic int faults;
static struct acausal_storage *storage;
static _Atomic int given_back;
static int one = 1;
static jmp_buf way_back;

static void expect_at(int line, bool is_true, const char *words)
{
	if (is_true)
		return;
	printf("line %d: %s\n", line, words);
	fflush(stdout);
	faults++;
}

#define expect(condition) expect_at(__LINE__, condition, #condition)

static void give_back(void *value)
{
	(void)value;
	given_back++;
}

static void *in_force(void)
{
	return acausal_storage_get(storage);
}

static inline void nothing(void *argument)
{
	expect(in_force() == argument);
}

struct way {
	const char *name;
	void (*run)(void);
	bool makes_storage; /* itself, later */
};

static inline int go(int argc, char **argv, const struct way *ways, size_t count)
{
	for (size_t i = 0; argc > 1 && i < count; i++) {
		if (strcmp(argv[1], ways[i].name) != 0)
			continue;
		if (!ways[i].makes_storage)
			storage = acausal_storage_create(give_back);
		ways[i].run();
		printf("%s: %d faults\n", argv[1], faults);
		return faults != 0;
	}
	return 2;
}

#endif
