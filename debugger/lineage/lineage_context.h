/* The contexts of an async stack's segments. */
#ifndef ACAUSAL_DEBUGGER_LINEAGE_CONTEXT_H
#define ACAUSAL_DEBUGGER_LINEAGE_CONTEXT_H

#include "debugger/lineage/async_stack.h"

/*
 * Fills `context` of the segments and of what made their runs fire; nothing where the recording has
 * no context. Reads a bounded number of rows, as lineage_add_waits does.
 */
int lineage_add_contexts(struct lineage *lineage, struct reader *recording, struct error *err);
void lineage_free_contexts(struct lineage *lineage);

#endif
