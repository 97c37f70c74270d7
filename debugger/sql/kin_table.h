/*
 * ancestors(ID), descendants(ID) and fan_out() in SQL: resources along trigger edges, in whose
 * execution each was made.
 */
#ifndef ACAUSAL_DEBUGGER_KIN_TABLE_H
#define ACAUSAL_DEBUGGER_KIN_TABLE_H

#include "debugger/sql/table_function.h"

/* From a resource's trigger on, distance 1, outwards. */
extern const struct table_function ancestors_function;

/* All that came of a resource, by ID. Reads all that was made after it. */
extern const struct table_function descendants_function;

/* Of each resource in whose execution others were made, how many, by falling ID. Reads all. */
extern const struct table_function fan_out_function;

#endif
