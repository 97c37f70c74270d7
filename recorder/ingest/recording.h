/*
 * The SQLite file that a recording is, as its one writer sees it. Rows are collected and written in
 * batches, in order of their keys; whatever has been committed stays valid when a later write fails
 * or the process is killed. Knows nothing of arenas.
 *
 * After an error every further call fails with the same words. One thread.
 */
#ifndef ACAUSAL_INGEST_RECORDING_H
#define ACAUSAL_INGEST_RECORDING_H

#include "recorder/base/error.h"
#include "recorder/ingest/intern.h"
#include "recorder/ingest/own_types.h"
#include "recorder/ingest/places.h"
#include "recorder/ingest/rows.h"
#include "recorder/ingest/sinks.h"

#include <stdbool.h>
#include <stddef.h>

struct recording;

/* What rows refer to by number. New ones are written before the rows. */
struct recording_terms {
	struct places places;
	/*
	 * {thread_id << 32 | stack_id, type_id << 32 | api_id, loop_id}; of a cause there stands
	 * ORIGIN_CAUSE + kind instead of a type_id.
	 */
	struct intern origins;
	int64_t *origin_addresses; /* beside the keys of origins: of the first object; 0: none */
	uint32_t origin_address_capacity;
	struct intern entries; /* {thread_id << 32 | part, callback frame_id, 0} */
	struct own_types own_types;
	struct sinks sinks;
	struct intern writers; /* {process_id << 32 | number of the thread, sink, stream} */
	/*
	 * {thread_id << 32 | writer_id, fd + 1 << 32 | api_id << 1 | at_flush,
	 * process_id << 32 | sink_id}
	 */
	struct intern log_origins;
};

enum { ORIGIN_CAUSE = 1 << 16 };

struct recording_counts {
	int64_t resources, requests, runs; /* rows written; a request is a resource with a run */
	int64_t last_crash_id;
	int64_t history_from_ns; /* the latest that was written of a process; 0: none was */
};

/* Put behind a recording's name, it is that of the file that is to become it. */
#define RECORDING_NEW_SUFFIX "-new"

/* A new file at `path`, which must not be there: 0600, in WAL mode, with tables and views. */
int recording_create(
	const char *path, struct recording_terms *terms, struct recording **ret, struct error *err);
/* Closes the file as it is. What has not been flushed is lost. */
void recording_destroy(struct recording *);

/* -1 after a failure, with its words. */
int recording_check(struct recording *, struct error *err);

/* Rows that wait for the next flush. -1 only when memory is short. */
int recording_add_resource(struct recording *, const struct row_resource *, struct error *err);
int recording_add_request(struct recording *, const struct row_request *, struct error *err);
int recording_add_run(struct recording *, const struct row_run *, struct error *err);
int recording_add_shot(struct recording *, const struct row_shot *, struct error *err);
int recording_add_arming(struct recording *, const struct row_arming *, struct error *err);
int recording_add_cause(struct recording *, const struct row_cause *, struct error *err);
int recording_add_poll(struct recording *, const struct row_poll *, struct error *err);
int recording_add_pool(struct recording *, const struct row_pool *, struct error *err);
int recording_add_ref(struct recording *, const struct row_ref *, struct error *err);
/* A value that was set: key and value lie one behind the other. `row->text` is filled here. */
int recording_add_context(
	struct recording *, const struct row_context *, const char *text, struct error *err);
int recording_add_context_repeat(struct recording *, const struct row_carried *, struct error *err);
int recording_add_resource_context(
	struct recording *, const struct row_carried *, struct error *err);
int recording_add_arming_context(struct recording *, const struct row_carried *, struct error *err);
/* A line; `row->text` is filled here. */
int recording_add_log(
	struct recording *, const struct row_log *, const char *text, struct error *err);
/*
 * The same at once, into the transaction that the next flush commits: a new row, whose `log_id` is
 * filled here, or what has become of the one that has it.
 */
int recording_keep_log(struct recording *, struct row_log *, const char *text, struct error *err);
int recording_add_change(struct recording *, const struct change *, struct error *err);

/* Rows written at once, into the transaction that the next flush commits. */
int recording_set_meta(struct recording *, const char *key, const char *value, struct error *err);
int recording_write_process(struct recording *, const struct row_process *, struct error *err);
/* Its parent and what it came of. */
int recording_write_process_birth(
	struct recording *, const struct row_process *, struct error *err);
/* What it runs is what its parent ran, where that is not known. */
int recording_write_process_forked(
	struct recording *, uint32_t process_id, uint32_t parent_process_id, struct error *err);
/* Its executable and arguments, where they are not NULL. */
int recording_write_process_program(
	struct recording *, const struct row_process *, struct error *err);
int recording_write_process_runtime(
	struct recording *, uint32_t process_id, const char *runtime, struct error *err);
int recording_write_process_end(struct recording *, uint32_t process_id, int64_t ended_ns,
	int exit_code, int exit_signal, struct error *err); /* -1: unknown */
/* From when on nothing of it was overwritten. */
int recording_write_process_history(
	struct recording *, uint32_t process_id, int64_t from_ns, struct error *err);
int recording_write_thread(struct recording *, const struct row_thread *, struct error *err);
int recording_write_last_run(
	struct recording *, uint32_t thread_id, int64_t run_id, struct error *err);
/* A thread's new name, of one that has a row. */
int recording_write_thread_name(
	struct recording *, uint32_t thread_id, const char *name, struct error *err);
int recording_write_detail(
	struct recording *, int64_t async_id, const char *text, size_t length, struct error *err);
int recording_write_fd(struct recording *, int64_t async_id, int64_t fd, struct error *err);
int recording_write_fold(struct recording *, int64_t run_id, int period, int64_t times,
	int64_t to_run_id, struct error *err);
int recording_write_crash(struct recording *, const struct row_crash *, struct error *err);
int recording_write_gap(struct recording *, uint32_t thread_id, int64_t from_ns, int64_t to_ns,
	int64_t lost, bool was_paused, struct error *err);
int recording_write_total(struct recording *, const struct row_total *, struct error *err);
int recording_write_source(struct recording *, uint32_t frame_id, int inline_depth,
	const char *function, const char *file, const char *directory, int line, int column,
	struct error *err);
int recording_write_signature(
	struct recording *, uint32_t stack_id, int64_t signature, struct error *err);

/* Whether enough has been collected for a flush. */
bool recording_is_full(const struct recording *);
/* The changes that wait; those that have been seen to elsewhere are to be made CHANGE_DONE. */
struct change *recording_changes(struct recording *, size_t *count);

/*
 * Writes and commits. Changes to rows that are not there are kept for later flushes, unless they
 * came before `give_up_before_ns`; those count as lost in `*lost`.
 */
int recording_flush(
	struct recording *, int64_t give_up_before_ns, int64_t *lost, struct error *err);

/* Look-ups among the rows that have been flushed. 0 or ROW_UNKNOWN where there is nothing. */
bool recording_has_async_id(struct recording *, int64_t async_id);
bool recording_has_arming(struct recording *, int64_t arming_id);
bool recording_has_run(struct recording *, int64_t run_id, int64_t async_id);
bool recording_find_arming(
	struct recording *, int64_t arming_id, int64_t *run_id, uint32_t *origin_id);
/* The thread's row; its root run is 0 when it has not been announced. */
bool recording_find_thread(struct recording *, uint32_t thread_id, int64_t *root_run_id);
bool recording_find_resource(
	struct recording *, int64_t async_id, uint32_t *type_id, uint32_t *stack_id);

/*
 * Calls `visit` for each row that has been flushed and has no end: resources or armings whose IDs
 * are from `first` to `last` and which began before `before_ns`. `type_id` is a resource's. It may
 * add changes, and write nothing.
 */
typedef int recording_visit(void *user, int64_t id, uint32_t type_id, struct error *err);
int recording_each_unended_resource(struct recording *, int64_t first, int64_t last,
	int64_t before_ns, recording_visit *visit, void *user, struct error *err);
int recording_each_unended_arming(struct recording *, int64_t first, int64_t last,
	int64_t before_ns, recording_visit *visit, void *user, struct error *err);

const struct recording_counts *recording_counts(const struct recording *);

/* Indexes, `complete`, and one file without a log beside it. */
int recording_finish(struct recording *, struct error *err);

#endif
