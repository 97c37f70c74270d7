/* Names of the functions of an ELF file by its symbol tables, sorted once to be asked often. */
#ifndef ACAUSAL_SYMBOLS_ELF_NAMES_H
#define ACAUSAL_SYMBOLS_ELF_NAMES_H

#include <elfutils/libdwfl.h>
#include <stdint.h>

struct elf_names;

/*
 * Of .symtab (also of a separate debug file), else .dynsym and the compressed table that
 * distributions put into .gnu_debugdata. Borrows `module`. NULL when there are none.
 */
struct elf_names *elf_names_create(Dwfl_Module *module);
void elf_names_destroy(struct elf_names *names);

/*
 * The name as it stands in the table (mangled), or NULL when no symbol is known to reach over
 * `address`, which is one of `module`'s. Borrowed for as long as `module` lives.
 */
const char *elf_names_lookup(const struct elf_names *names, uint64_t address);

#endif
