/* What the files recording*.c share; nothing else includes it. */
#ifndef ACAUSAL_INGEST_RECORDING_INTERNAL_H
#define ACAUSAL_INGEST_RECORDING_INTERNAL_H

#include "recorder/ingest/batch.h"
#include "recorder/ingest/recording.h"
#include "recorder/ingest/waiting.h"
#include "recorder/wire/names.h"

#include <sqlite3.h>

/* X(TAG, SQL) */
#define RECORDING_STATEMENTS(X)                                                                    \
	X(META, "INSERT OR REPLACE INTO meta VALUES (?1, ?2)")                                     \
	X(TYPE, "INSERT INTO type VALUES (?1, ?2, ?3, ?4, ?5)")                                    \
	X(API, "INSERT INTO api VALUES (?1, ?2)")                                                  \
	X(PROCESS, "INSERT INTO process (process_id, os_pid, parent_process_id, "                  \
		   "spawned_by_async_id, executable, arguments, runtime, runtime_version, "        \
		   "started_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")                      \
	X(PROCESS_BIRTH, "UPDATE process SET parent_process_id = ?2, spawned_by_async_id = ?3, "   \
			 "is_foreign = ?4 WHERE process_id = ?1")                                  \
	X(PROCESS_FORKED, "UPDATE process SET executable = coalesce(executable, "                  \
			  "(SELECT executable FROM process WHERE process_id = ?2)), "              \
			  "arguments = coalesce(arguments, "                                       \
			  "(SELECT arguments FROM process WHERE process_id = ?2)) "                \
			  "WHERE process_id = ?1")                                                 \
	X(PROCESS_PROGRAM, "UPDATE process SET executable = coalesce(?2, executable), "            \
			   "arguments = coalesce(?3, arguments) WHERE process_id = ?1")            \
	X(PROCESS_RUNTIME, "UPDATE process SET runtime = ?2 WHERE process_id = ?1")                \
	X(PROCESS_END, "UPDATE process SET ended_ns = ?2, exit_code = ?3, exit_signal = ?4 "       \
		       "WHERE process_id = ?1")                                                    \
	X(PROCESS_HISTORY, "UPDATE process SET history_from_ns = ?2 WHERE process_id = ?1")        \
	X(THREAD, "INSERT INTO thread (thread_id, process_id, os_tid, name, role, "                \
		  "root_run_id, started_ns, is_foreign) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "  \
		  "ON CONFLICT (thread_id) DO UPDATE SET os_tid = excluded.os_tid, "               \
		  "name = coalesce(name, excluded.name), role = excluded.role, "                   \
		  "root_run_id = excluded.root_run_id, started_ns = excluded.started_ns, "         \
		  "is_foreign = excluded.is_foreign WHERE root_run_id IS NULL")                    \
	X(THREAD_LAST_RUN, "UPDATE thread SET last_run_id = ?2 WHERE thread_id = ?1")              \
	X(MODULE, "INSERT INTO module VALUES (?1, ?2, ?3)")                                        \
	X(MAPPING, "INSERT INTO mapping (module_id, process_id, start_address, end_address, "      \
		   "load_bias) VALUES (?1, ?2, ?3, ?4, ?5)")                                       \
	X(FRAME, "INSERT INTO frame VALUES (?1, ?2, ?3, ?4, ?5)")                                  \
	X(SOURCE, "INSERT OR IGNORE INTO source (frame_id, inline_depth, function, file, line, "   \
		  "column, directory) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")                        \
	X(STACK, "INSERT INTO stack (stack_id, caller_id, frame_id) VALUES (?1, ?2, ?3)")          \
	X(STACK_SIGNATURE, "UPDATE stack SET signature = ?2 WHERE stack_id = ?1")                  \
	X(ORIGIN, "INSERT INTO origin VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")                    \
	X(ENTRY, "INSERT INTO entry VALUES (?1, ?2, ?3, ?4)")                                      \
	X(REQUEST, "INSERT OR IGNORE INTO packed_request SELECT * FROM waiting_request")           \
	X(RESOURCE, "INSERT OR IGNORE INTO packed_resource SELECT * FROM waiting_resource")        \
	X(RUN, "INSERT OR IGNORE INTO packed_run SELECT * FROM waiting_run")                       \
	X(SHOT, "INSERT OR IGNORE INTO packed_shot SELECT * FROM waiting_shot")                    \
	X(OUTER, "INSERT OR IGNORE INTO packed_outer SELECT * FROM waiting_outer")                 \
	X(ARMING, "INSERT OR IGNORE INTO packed_arming SELECT * FROM waiting_arming")              \
	X(CAUSE, "INSERT OR IGNORE INTO packed_cause SELECT * FROM waiting_cause")                 \
	X(POLL, "INSERT OR IGNORE INTO packed_poll SELECT * FROM waiting_poll")                    \
	X(POOL, "INSERT OR IGNORE INTO packed_pool SELECT * FROM waiting_pool")                    \
	X(REF, "INSERT INTO ref SELECT * FROM waiting_ref")                                        \
	X(DETAIL, "INSERT INTO detail (async_id, text) VALUES (?1, ?2) ON CONFLICT (async_id) "    \
		  "DO UPDATE SET text = excluded.text")                                            \
	X(FD, "INSERT INTO detail (async_id, fd) VALUES (?1, ?2) ON CONFLICT (async_id) "          \
	      "DO UPDATE SET fd = excluded.fd")                                                    \
	X(FOLD, "INSERT OR IGNORE INTO fold VALUES (?1, ?2, ?3, ?4)")                              \
	X(SINK, "INSERT OR REPLACE INTO sink VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")         \
	X(LOG_ORIGIN, "INSERT INTO log_origin VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")            \
	X(CONTEXT, "INSERT OR IGNORE INTO context SELECT c0, c1, c2, c3, c6, c7, c4, c5 "          \
		   "FROM waiting_context")                                                         \
	X(RESOURCE_CONTEXT, "INSERT OR IGNORE INTO resource_context "                              \
			    "SELECT * FROM waiting_resource_context")                              \
	X(ARMING_CONTEXT, "INSERT OR IGNORE INTO arming_context "                                  \
			  "SELECT * FROM waiting_arming_context")                                  \
	X(CONTEXT_REPEAT, "INSERT OR IGNORE INTO context_repeat "                                  \
			  "SELECT * FROM waiting_context_repeat")                                  \
	X(LOG, "INSERT INTO packed_log SELECT NULL, w.* FROM waiting_log w")                       \
	X(LOG_KEPT, "INSERT INTO packed_log VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7)")            \
	X(LOG_CHANGED, "UPDATE packed_log SET log_origin_id = ?2, full_length = ?3, text = ?4 "    \
		       "WHERE log_id = ?1")                                                        \
	X(CRASH,                                                                                   \
		"INSERT INTO crash (process_id, thread_id, run_id, stack_id, signal, code, "       \
		"fault_address, crashed_ns, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)") \
	X(GAP, "INSERT INTO gap VALUES (NULL, ?1, ?2, ?3, ?4, ?5)")                                \
	X(TOTAL, "INSERT INTO stack_total VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")       \
	X(DESTROYED, "UPDATE packed_resource SET lifetime_ns = max(0, ?2 - created_ns) "           \
		     "WHERE async_id = ?1")                                                        \
	X(RETYPED, "UPDATE packed_resource SET type_id = coalesce(?2, type_id), "                  \
		   "trigger_delta = coalesce(async_id - ?3, trigger_delta), "                      \
		   "handle_delta = coalesce(async_id - ?4, handle_delta) WHERE async_id = ?1")     \
	X(DISARMED, "UPDATE packed_arming SET stood_ns = max(0, ?2 - armed_ns), end_code = ?3, "   \
		    "disarmed_delta = ?4 - coalesce(run_id, 0), disarmed_stack_id = ?5 WHERE "     \
		    "arming_id = ?1")                                                              \
	X(CAUSED, "UPDATE packed_cause SET caused_delta = min(?2 - coalesce(run_id, 0), "          \
		  "coalesce(caused_delta, 9223372036854775807)) WHERE cause_id = ?1")              \
	X(RUN_ENDED, "UPDATE packed_run SET duration_ns = max(0, ?2 - began_ns) "                  \
		     "WHERE run_id = ?1")                                                          \
	X(THREAD_ENDED, "UPDATE thread SET ended_ns = ?2 WHERE thread_id = ?1")                    \
	X(REFERENCED, "UPDATE packed_resource SET has_ref = ?2 WHERE async_id = ?1 "               \
		      "AND has_ref IS NOT NULL")                                                   \
	X(THREAD_NAME, "UPDATE thread SET name = ?2 WHERE thread_id = ?1")                         \
	X(UNENDED_RESOURCES,                                                                       \
		"SELECT r.async_id, coalesce(r.type_id, o.type_id) FROM packed_resource r "        \
		"LEFT JOIN origin o ON o.origin_id = r.origin_id WHERE r.async_id BETWEEN ?1 "     \
		"AND ?2 AND r.lifetime_ns IS NULL AND r.created_ns < ?3")                          \
	X(UNENDED_ARMINGS, "SELECT arming_id, 0 FROM packed_arming WHERE arming_id BETWEEN ?1 "    \
			   "AND ?2 AND end_code IS NULL AND stood_ns IS NULL AND armed_ns < ?3")   \
	X(FIND_RESOURCE, "SELECT coalesce(r.type_id, o.type_id), o.stack_id FROM "                 \
			 "packed_resource r LEFT JOIN origin o ON o.origin_id = r.origin_id "      \
			 "WHERE r.async_id = ?1")                                                  \
	X(FIND_THREAD, "SELECT root_run_id FROM thread WHERE thread_id = ?1")                      \
	X(FIND_REQUEST, "SELECT run_id FROM packed_request WHERE async_id = ?1")                   \
	X(FIND_RUN, "SELECT 1 FROM packed_run WHERE run_id = ?1 UNION ALL "                        \
		    "SELECT 1 FROM packed_shot WHERE run_id = ?1")                                 \
	X(FIND_ARMING, "SELECT run_id, origin_id FROM packed_arming WHERE arming_id = ?1")

#define X(tag, sql) STATEMENT_##tag,
enum statement { RECORDING_STATEMENTS(X) STATEMENT_COUNT };
#undef X

/* What waits for the next flush, by the table that it goes to. X(TAG, name, columns, row) */
#define RECORDING_WAITING(X)                                                                       \
	X(RESOURCE, resource, 10, struct row_resource)                                             \
	X(REQUEST, request, 14, struct row_request)                                                \
	X(RUN, run, 9, struct row_run)                                                             \
	X(SHOT, shot, 11, struct row_shot)                                                         \
	X(OUTER, outer, 3, struct row_outer)                                                       \
	X(ARMING, arming, 12, struct row_arming)                                                   \
	X(CAUSE, cause, 8, struct row_cause)                                                       \
	X(POLL, poll, 5, struct row_poll)                                                          \
	X(POOL, pool, 5, struct row_pool)                                                          \
	X(REF, ref, 4, struct row_ref)                                                             \
	X(CONTEXT, context, 8, struct row_context)                                                 \
	X(RESOURCE_CONTEXT, resource_context, 2, struct row_carried)                               \
	X(ARMING_CONTEXT, arming_context, 2, struct row_carried)                                   \
	X(CONTEXT_REPEAT, context_repeat, 2, struct row_carried)                                   \
	X(LOG, log, 7, struct row_log)

#define X(tag, ...) WAITING_##tag,
enum { RECORDING_WAITING(X) WAITING_COUNT };
#undef X

struct recording {
	char *path;
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENT_COUNT];
	struct recording_terms *terms;	       /* forgotten when written and many */
	struct waiting waiting[WAITING_COUNT]; /* rows by their tables */
	struct batch changes;
	char *texts; /* of the lines and contexts that wait */
	size_t text_size, text_capacity;
	struct idmap line_numbers; /* lines so far, by row_log.counted_by */
	uint32_t types_written;	   /* of the programs' own */
	uint32_t modules_written, mappings_written, frames_written, stacks_written;
	uint32_t origins_written, entries_written, log_origins_written;
	struct recording_counts counts;
	bool in_transaction, has_failed;
	struct error failure;
};

/* Notes the first failure, rolls back, and fills `err` with its words. Returns -1. */
int recording_fail(struct recording *, const char *doing, struct error *err);
int recording_no_memory(struct recording *, struct error *err);
int recording_run(struct recording *, const char *sql, const char *doing, struct error *err);
int recording_begin(struct recording *, struct error *err);
int recording_step(struct recording *, sqlite3_stmt *, struct error *err);

/* recording_rows.c: makes `waiting` readable by name in SQL. -1: SQLite failed. */
int recording_wait_init(struct recording *);

/* recording_logs.c: what lines refer to by number. */
int recording_write_log_terms(struct recording *, struct error *err);
/* Before the lines that wait are written, sorted; and when they have been. */
void recording_number_logs(struct recording *);
waiting_text recording_give_line; /* `user` is the struct recording */

/* recording_texts.c: the text of rows that wait. Where it begins; false: there is no memory. */
bool recording_add_text(struct recording *, const char *text, size_t length, uint32_t *ret);
void recording_forget_texts(struct recording *);
/* The key and the value of a context; `user` is the struct recording. */
waiting_text recording_give_context;
/* Some of the text that waits, as a value: a BLOB when it is not UTF-8. */
void recording_give_text(const struct recording *, uint32_t at, uint32_t length, sqlite3_context *);

/* NULL for 0; for ROW_UNKNOWN; for no text or an empty one. */
void recording_bind_id(sqlite3_stmt *, int column, int64_t id);
void recording_bind_number(sqlite3_stmt *, int column, int64_t number);
void recording_bind_text(sqlite3_stmt *, int column, const char *text);

/* As a BLOB when it is not UTF-8, or has a NUL. Borrowed until the statement has run. */
void recording_bind_bytes(sqlite3_stmt *, int column, const char *bytes, size_t length);
/* The same of a name; NULL for none or an empty one. */
void recording_bind_name(sqlite3_stmt *, int column, const char *name);
bool recording_is_utf8(const char *bytes, size_t length);

#endif
