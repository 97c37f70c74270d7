/*
 * What call-frame information is read from, and how reading ends.
 */
#ifndef ACAUSAL_RUNTIME_CFI_MODULE_H
#define ACAUSAL_RUNTIME_CFI_MODULE_H

#include <stdint.h>

/*
 * The part of a loaded module or of a file that holds .eh_frame_hdr and .eh_frame, both whole.
 * Addresses here and below are all of one kind: of the process, with `address` the address of
 * `bytes`, or of the ELF file, with `address` the virtual address of the segment.
 */
struct cfi_module {
	const uint8_t *bytes; /* borrowed for the length of the call */
	uint64_t size;
	uint64_t address; /* of bytes[0] */
	uint64_t eh_frame_hdr;
};

enum cfi_result {
	CFI_FOUND,
	CFI_NO_FDE,   /* nothing is said about this address */
	CFI_REFUSED,  /* something is said, of a kind that is not read (an expression, mostly) */
	CFI_MALFORMED /* the bytes contradict themselves */
};

#endif
