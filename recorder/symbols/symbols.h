/*
 * From an address in an ELF file to functions, files and lines, with libdw. Knows nothing of
 * recordings. A `struct symbols` keeps every file that it was asked about open until it is
 * destroyed; it may be used by one thread at a time.
 */
#ifndef ACAUSAL_SYMBOLS_SYMBOLS_H
#define ACAUSAL_SYMBOLS_SYMBOLS_H

#include "recorder/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

/* A place in the source. What is not known is NULL or 0. */
struct symbols_line {
	const char *function;  /* demangled */
	const char *file;      /* as the compiler was given it: may be relative to `directory` */
	const char *directory; /* where the compiler ran; NULL when `file` is absolute */
	int line, column;
	bool inlined; /* `function` was inlined into that of the next line */
};

/* 0, or -1 when memory is short. */
int symbols_create(struct symbols **ret, struct error *err);
void symbols_destroy(struct symbols *symbols);

/*
 * What is at `elf_address` of the file `module_path`: an address as the file itself has it (no
 * load bias), and inside the instruction of interest: the caller has taken 1 off a return address.
 * Returns the number of places put into `lines`, `max` at most: the innermost inlined call first,
 * the function that holds them all last. 0 when nothing is known, also when the file is not there
 * any more or has another build ID than the one given (`build_id_size` 0: it had none).
 * Strings are borrowed until the next call with the same `symbols`.
 *
 * Debug information may come from a file of its own, found by build ID or debug link under
 * /usr/lib/debug, or through debuginfod when DEBUGINFOD_URLS is set (which may take its time).
 */
int symbols_lookup(struct symbols *symbols, const char *module_path, const unsigned char *build_id,
	size_t build_id_size, uint64_t elf_address, struct symbols_line *lines, size_t max);

#endif
