/*
 * tally(KEY, VALUE, ID [, ONCE]) in SQL: what GROUP BY does, for ten million rows in a second and
 * without sorting them. The result is a JSON array, by rising KEY:
 *
 *     [{"key": 7, "count": 3, "sum": 60, "min": 10, "min_id": 1, "max": 30, "max_id": 3,
 *       "p50": 20, "p90": 30, "p99": 30}, …]
 *
 * KEY and VALUE are integers; rows without a VALUE are left out. min_id and max_id are the first
 * IDs with these values. Percentiles are right to within 3 % and never beyond the maximum. Of rows
 * with the same ONCE only the first counts.
 */
#ifndef ACAUSAL_DEBUGGER_TALLY_H
#define ACAUSAL_DEBUGGER_TALLY_H

#include <sqlite3.h>

/* Returns an SQLite code. */
int tally_add(sqlite3 *database);

#endif
