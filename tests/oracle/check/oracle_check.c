/*
 * Compares what the oracle wrote of its own causality with the recording of the same run.
 *
 *     oracle_check RECORDING TRUTH-FOLDER
 *
 * In each process, on each thread, the recorded runs in the order of their IDs must be the
 * callbacks that the program itself counted, one for one, and the recorded resources the things
 * that it made; so each token of the truth names a run and each thing a resource, and then all else
 * can be compared. Runs of alloc callbacks are left out: the program does not follow those.
 *
 * Exit status 0 when all is equal, 1 with the first differences when not, 2 when it cannot tell.
 */
#include "tests/oracle/check/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_DIFFERENCES = 12 };

#define X(tag, words) words,
static const char *const aspect_names[] = {ASPECTS(X)};
#undef X

size_t compared[ASPECT_COUNT];
static size_t different[ASPECT_COUNT];

void differs(enum aspect aspect, const char *format, ...)
{
	static int shown;
	va_list list;

	different[aspect]++;
	if (shown++ >= SHOWN_DIFFERENCES)
		return;
	printf("seed %" PRIu64 ": %s: ", processes[0].seed, aspect_names[aspect]);
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
}

void fail(const char *format, ...)
{
	va_list list;

	fprintf(stderr, "oracle_check: ");
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fprintf(stderr, "\n");
	exit(2);
}

void *grow(void *array, size_t count, size_t size)
{
	/* Room for a power of two. */
	if (count & (count - 1))
		return array;
	array = realloc(array, (count ? 2 * count : 1) * size);
	if (!array)
		fail("out of memory");
	return array;
}

const char *or_nothing(const char *words)
{
	return words ? words : "-";
}

bool is_same(const char *recorded, const char *truth)
{
	return strcmp(or_nothing(recorded), truth) == 0;
}

int main(int argc, char **argv)
{
	bool equal = true;

	if (argc != 3)
		fail("usage: oracle_check RECORDING TRUTH-FOLDER");
	truth_read(argv[2]);
	recording_read(argv[1]);
	processes_join();
	armings_compare();
	runs_compare();
	things_compare();
	processes_compare();
	printf("seed %" PRIu64 ":", processes[0].seed);
	for (int i = 0; i < ASPECT_COUNT; i++) {
		printf("%s %zu %s", i ? "," : "", compared[i], aspect_names[i]);
		if (different[i])
			printf(" (%zu DIFFERENT)", different[i]);
		equal = equal && !different[i];
	}
	printf("\n");
	return equal ? 0 : 1;
}
