/*
 * async_stack(POINT [, BY]) in SQL: the async stack of a point, a row for each frame. POINT is as
 * on the command line or the number of an async ID; NULL: the crash, as there. BY is 'link' (the
 * default), 'cause' or 'trigger'.
 */
#ifndef ACAUSAL_DEBUGGER_ASYNC_STACK_TABLE_H
#define ACAUSAL_DEBUGGER_ASYNC_STACK_TABLE_H

#include "debugger/sql/table_function.h"

extern const struct table_function async_stack_function;

#endif
