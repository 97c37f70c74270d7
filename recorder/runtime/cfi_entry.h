/*
 * Entries of .eh_frame: finds the FDE that describes an address, and reads it and its CIE up to
 * their instructions. For the reader of call-frame information only.
 */
#ifndef ACAUSAL_RUNTIME_CFI_ENTRY_H
#define ACAUSAL_RUNTIME_CFI_ENTRY_H

#include "recorder/runtime/cfi_reader.h"

/* What several functions have in common. */
struct cie {
	struct reader instructions;
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra;
	uint8_t encoding; /* of addresses in its FDEs */
	bool augmented;	  /* its FDEs carry augmentation data */
	bool signal_frame;
};

/* One function. */
struct fde {
	struct cie cie;
	struct reader instructions;
	uint64_t begin;
};

/* Finds the entry that holds `pc`. `ret` is filled only when the result is CFI_FOUND. */
enum cfi_result cfi_entry_find(const struct cfi_module *module, uint64_t pc, struct fde *ret);

#endif
