/*
 * Functions, inlined calls and lines at an address, by DWARF. An index over one file's debug
 * information, made bit by bit: units at the beginning, the functions of a unit when an address
 * in it is first asked about.
 */
#ifndef ACAUSAL_SYMBOLS_SCOPES_H
#define ACAUSAL_SYMBOLS_SCOPES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scopes;

/* What is not known is NULL or 0. */
struct scope {
	const char *linkage_name; /* mangled */
	const char *name;	  /* as in the source; qualified when there is no linkage_name */
	const char *file, *directory;
	int line, column;
	bool inlined;
};

/*
 * Code outside [text_start, text_end) is left out: linkers leave the addresses of functions that
 * they dropped near 0. Borrows `dwarf`. NULL when memory is short.
 */
struct scopes *scopes_create(Dwarf *dwarf, uint64_t text_start, uint64_t text_end);
void scopes_destroy(struct scopes *scopes);

/*
 * Fills `ret` with what is at `address` (one of the DWARF file's), innermost inlined call first;
 * returns how many, 0 when nothing is known. The last may lack names (assembly) and have a line
 * only. Strings are borrowed until scopes_destroy.
 */
size_t scopes_lookup(struct scopes *scopes, uint64_t address, struct scope *ret, size_t max);

#endif
