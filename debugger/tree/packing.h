/*
 * How a recording packs what a tree is made of (schema/tables.sql): the columns that are asked for,
 * of a table called `p`, and how a row of them reads.
 */
#ifndef ACAUSAL_DEBUGGER_PACKING_H
#define ACAUSAL_DEBUGGER_PACKING_H

#include "debugger/tree/sprout.h"

#include <sqlite3.h>
#include <stdbool.h>

#define PACKING_REQUEST                                                                            \
	"p.async_id, p.origin_id, p.created_ns, p.run_id, p.entry_id, p.created_ns + p.wait_ns,"   \
	" p.wait_ns, p.duration_ns, p.status, p.cause_id, p.run_id - p.creator_delta"
#define PACKING_RESOURCE "p.async_id, p.origin_id, p.created_ns, p.type_id, p.run_id"
#define PACKING_ARMING                                                                             \
	"p.arming_id, p.origin_id, p.armed_ns, p.async_id, p.timeout_ms, p.repeat_ms, p.end_code," \
	" p.armed_ns + p.stood_ns, p.run_id"
#define PACKING_SHOT                                                                               \
	"p.run_id - p.arming_delta, p.origin_id, p.armed_ns, p.async_id, p.timeout_ms, p.run_id,"  \
	" p.entry_id, p.armed_ns + p.wait_ns, p.wait_ns, p.duration_ns, p.cause_id,"               \
	" p.run_id - p.armer_delta"
#define PACKING_CAUSE                                                                              \
	"p.cause_id, p.origin_id, p.caused_ns, p.async_id, p.run_id + p.caused_delta, p.run_id,"   \
	" p.first_delta IS NOT NULL"
/* With the table `entry` as `e`. */
#define PACKING_RUN                                                                                \
	"p.run_id, p.async_id, p.arming_id, p.entry_id, p.began_ns, p.duration_ns, p.status,"      \
	" p.cause_id, e.part"

/* All unknown but the kind. */
void packing_forget(struct sprout *sprout, enum sprout_kind kind);

/* A request with its run, whose ID may be unknown. */
void packing_read_request(sqlite3_stmt *row, struct sprout *request, struct sprout *run);
void packing_read_resource(sqlite3_stmt *row, struct sprout *resource);
void packing_read_arming(sqlite3_stmt *row, struct sprout *arming, int64_t *disarmed_ns);
/* An arming with the run that used it up. */
void packing_read_shot(sqlite3_stmt *row, struct sprout *arming, struct sprout *run);
void packing_read_cause(sqlite3_stmt *row, struct sprout *cause);
void packing_read_run(sqlite3_stmt *row, struct sprout *run, bool *is_close);

#endif
