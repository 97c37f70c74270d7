/*
 * Runs a fuzz target over files that are named, each once, without libFuzzer: what a seed once
 * broke stays mended. Says nothing when all is well; what goes wrong ends the process.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { INPUT_MAX = 16 << 20, SECONDS_MAX = 20 };
static const long memory_max_kib = 3 << 20; /* for all inputs together, with a sanitizer */

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room)
{
	(void)bytes;
	(void)room;
	return size;
}

int main(int argc, char **argv)
{
	uint8_t *bytes = malloc(INPUT_MAX);
	struct rusage usage;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; bytes && i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t size;

		if (!file) {
			perror(argv[i]);
			return 2;
		}
		size = fread(bytes, 1, INPUT_MAX, file);
		fclose(file);
		alarm(SECONDS_MAX); /* a hang is a defect too */
		LLVMFuzzerTestOneInput(bytes, size);
		alarm(0);
		getrusage(RUSAGE_SELF, &usage);
		fuzz_must(usage.ru_maxrss < memory_max_kib, "memory is bounded", argv[i]);
	}
	free(bytes);
	return 0;
}
