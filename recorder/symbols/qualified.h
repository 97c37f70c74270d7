/*
 * Names of C++ functions with the namespaces and classes around them, by where they stand in a
 * unit's tree: for functions that nothing outside the unit can call, which have no linkage name.
 */
#ifndef ACAUSAL_SYMBOLS_QUALIFIED_H
#define ACAUSAL_SYMBOLS_QUALIFIED_H

#include <elfutils/libdw.h>

struct qualified;

/* Walks the whole unit once. NULL when it is none of C++, or memory is short. */
struct qualified *qualified_create(Dwarf_Die *unit);
void qualified_destroy(struct qualified *qualified);

/*
 * "space::Class::function" for a function or inlined call of the unit; NULL when nothing is around
 * it, or it is not known what. Borrowed until qualified_destroy.
 */
const char *qualified_name(struct qualified *qualified, Dwarf_Die *function);

#endif
