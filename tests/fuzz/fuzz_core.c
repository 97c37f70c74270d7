/* Fuzz target: any bytes as a core, with `acausal core` and what it makes of the core's history. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

enum { INPUT_MAX = 2 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* libdw would ask a server for files of build IDs that it does not find here. */
	unsetenv("DEBUGINFOD_URLS");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > INPUT_MAX)
		return 0;
	fuzz_write(bytes, size);
	fuzz_look_core(fuzz_choice(bytes, size));
	/* It reads the core once more, and its history has a target of its own. */
	if (fuzz_choice(bytes, size) / 3 % 4 == 0)
		fuzz_look(fuzz_choice(bytes, size) / 12);
	fuzz_remove();
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	return fuzz_change_words(bytes, size, room, seed);
}
