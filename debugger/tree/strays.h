/*
 * Rows that do not stand where the order of IDs and times says: armings and causes that were told
 * of again later, causes that got their ID when they were noticed, and what a process inherited by
 * fork or, its main thread, by being started: that is of a run of another process.
 */
#ifndef ACAUSAL_DEBUGGER_STRAYS_H
#define ACAUSAL_DEBUGGER_STRAYS_H

#include "debugger/recording/reader.h"

#include <stdbool.h>

enum stray_table {
	STRAY_REQUEST,
	STRAY_RESOURCE,
	STRAY_ARMING,
	STRAY_SHOT,
	STRAY_CAUSE,
	STRAY_TABLES
};

struct stray {
	int64_t run_id; /* that made, armed or caused it */
	enum stray_table table;
	int64_t id; /* in that table */
};

struct strays {
	struct stray *rows;   /* by run, table and ID */
	struct stray *placed; /* the same by table and ID */
	size_t count, capacity;
};

/* `slack_ns`: by how much times may be out of order without a row being a stray. */
int strays_init(
	struct strays *strays, struct reader *recording, int64_t slack_ns, struct error *err);
void strays_deinit(struct strays *strays);

/* The index of the first of a run, or where it would be. */
size_t strays_first(const struct strays *strays, int64_t run_id);

/* Is that row one of them? What bisects for a moment must not heed its time. */
bool strays_has(const struct strays *strays, enum stray_table table, int64_t id);

#endif
