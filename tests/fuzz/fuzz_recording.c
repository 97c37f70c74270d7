/* Fuzz target: any bytes as a recording. The debugger answers or says in words why it cannot. */
#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size > INPUT_MAX)
		return 0;
	fuzz_write(bytes, size);
	fuzz_look(fuzz_choice(bytes, size));
	fuzz_remove();
	return 0;
}
