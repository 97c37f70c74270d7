/*
 * Call-frame information: how to get from a function's frame to its caller's, as compilers write it
 * into .eh_frame, read for the three registers that a stack walk needs (stack pointer, frame
 * pointer, return address) and nothing else.
 *
 * The reader takes bytes and gives a row. It allocates nothing, calls nothing, keeps no state and
 * never reads outside the bytes it was given, whatever is in them: any thread, signal safe. Which
 * processor the information is for is a parameter.
 */
#ifndef ACAUSAL_RUNTIME_CFI_H
#define ACAUSAL_RUNTIME_CFI_H

#include "recorder/runtime/cfi_module.h"

#include <stdbool.h>
#include <stdint.h>

/* DWARF's numbers for the registers of a processor. */
struct cfi_arch {
	uint8_t sp, fp, ra;
	bool ra_in_register; /* a call leaves its return address in register `ra`, not on the stack
			      */
	bool ra_state; /* DW_CFA_AARCH64_negate_ra_state and its kin may occur, and change no row */
};

extern const struct cfi_arch cfi_arch_x86_64, cfi_arch_aarch64;

/* The canonical frame address (CFA) is the stack pointer of the caller, before the call. */
enum cfi_base { CFI_FROM_SP, CFI_FROM_FP };

enum cfi_rule {
	CFI_KEPT,     /* the caller's value is still in the register */
	CFI_SAVED,    /* it is in memory, at an offset from the CFA */
	CFI_OUTERMOST /* return address only: there is no caller */
};

/* What holds at one address of a function. */
struct cfi_row {
	uint64_t function;	      /* where the function (strictly, its FDE) begins */
	int32_t cfa_offset;	      /* CFA = base + cfa_offset */
	int32_t fp_offset, ra_offset; /* from the CFA, where the rule is CFI_SAVED */
	uint8_t cfa_base;	      /* enum cfi_base */
	uint8_t fp_rule, ra_rule;     /* enum cfi_rule */
	bool signal_frame; /* entered by an interruption: no other field but `function` is set */
};

/*
 * Finds the row in force at `pc`: for a return address pass the address of the call's last byte,
 * that is, one less. `ret` is filled only when the result is CFI_FOUND; of an outermost frame only
 * `function` and `ra_rule` are set.
 */
enum cfi_result cfi_find(const struct cfi_arch *arch, const struct cfi_module *module, uint64_t pc,
	struct cfi_row *ret);

/* Finds where the function that holds `pc` begins, without reading its rows. */
enum cfi_result cfi_find_function(const struct cfi_module *module, uint64_t pc, uint64_t *ret);

#endif
