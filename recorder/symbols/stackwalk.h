/*
 * A stack walked from outside its process, with libdw: from the registers of a thread and a copy of
 * its stack's top, by the call-frame information of the files that the process had mapped. Nothing
 * of the process itself is needed any more.
 */
#ifndef ACAUSAL_SYMBOLS_STACKWALK_H
#define ACAUSAL_SYMBOLS_STACKWALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file that was mapped. Without those that are not there any more the walk may break off. */
struct stackwalk_module {
	const char *path;
	const char *build_id; /* hexadecimal; "": it had none */
	uint64_t start, bias;
};

struct stackwalk {
	const struct stackwalk_module *modules;
	unsigned module_count;
	const uint64_t *registers; /* by their numbers in DWARF; the last is the pc */
	unsigned register_count;
	uint64_t stack_address; /* of `stack` */
	const unsigned char *stack;
	size_t stack_size;
	uint64_t stop_low, stop_high; /* the walk ends before a return address in this text */
};

struct stackwalk_frame {
	uint64_t pc;
	bool is_exact; /* the very instruction; else where the call returns to */
};

/*
 * Writes the frames, innermost first, at most `max`. Returns how many. `*is_whole`: the walk came
 * to an end and did not break off.
 */
unsigned stackwalk_run(
	const struct stackwalk *, struct stackwalk_frame *frames, unsigned max, bool *is_whole);

#endif
