/*
 * Rows of a recording, one at a time, by key. The only place that knows how a recording packs them
 * (schema/tables.sql); all look-ups are by primary key or index and take microseconds, but for
 * requests by run ID while a recording has no index yet: see request_finder.h.
 *
 * Every lookup_… returns 1 when there is such a row, 0 when there is none (then *ret is all
 * unknown), -1 after an error. Strings belong to the recording and live as long as it.
 */
#ifndef ACAUSAL_DEBUGGER_LOOKUP_H
#define ACAUSAL_DEBUGGER_LOOKUP_H

#include "debugger/recording/id.h"
#include "debugger/recording/reader.h"

#include <stdbool.h>
#include <stdint.h>

struct type_row {
	int64_t type_id;
	const char *name, *class, *hook_type;
	bool armed_by_creation;
};

struct run_row {
	int64_t run_id, async_id, arming_id, thread_id;
	int64_t outer_run_id; /* the thread's root run when nothing else; unknown for a root run */
	int64_t outer_stack_id, callback_frame_id;
	int64_t began_ns, duration_ns, status, bytes, cause_id;
	int64_t root_run_id; /* of its thread */
	const char *part;
	bool is_shot; /* packed with the arming that it used up */
};

struct resource_row {
	int64_t async_id, trigger_id, run_id, thread_id, stack_id, created_ns, destroyed_ns;
	int64_t address, loop_id, handle_id, has_ref, fd;
	int64_t request_run_id; /* of a request whose run is packed with it */
	const char *api, *detail;
	struct type_row type;
};

struct arming_row {
	int64_t arming_id, async_id, run_id, thread_id, stack_id, armed_ns, timeout_ms, repeat_ms;
	int64_t times, disarmed_ns, disarmed_run_id, disarmed_stack_id;
	const char *api, *end;
};

struct cause_row {
	int64_t cause_id, async_id, run_id, thread_id, stack_id, caused_ns;
	int64_t times; /* this the last; UNKNOWN: once */
	const char *kind, *api;
};

struct fold_row {
	int64_t run_id, period, times, to_run_id;
};

struct thread_row {
	int64_t thread_id, process_id, os_tid, root_run_id, last_run_id, started_ns, ended_ns;
	const char *name, *role;
	bool is_foreign;
};

struct process_row {
	int64_t process_id, os_pid, parent_process_id, spawned_by_async_id, started_ns, ended_ns;
	int64_t exit_code, exit_signal;
	int64_t history_from_ns; /* what was before may have been overwritten; UNKNOWN: nothing */
	const char *executable, *arguments, *runtime, *runtime_version;
	bool is_foreign; /* a process made it, by a call that is not known */
};

/* `text` is not interned: it lives until the next lookup_log. */
struct log_row {
	int64_t log_id, process_id, thread_id, run_id, stack_id, written_ns, fd, line_number;
	int64_t sink_id, writer_id;
	int64_t full_length; /* bytes of the whole line, of which `text` has the first */
	const char *path, *moved_to, *sink_kind, *api;
	const char *text;
	size_t text_length;
	bool at_flush; /* seen only when a buffer was flushed: the run is the flush's */
};

struct crash_row {
	int64_t crash_id, process_id, thread_id, run_id, stack_id, signal, code, fault_address;
	int64_t crashed_ns;
	const char *message;
};

struct gap_row {
	int64_t gap_id, thread_id, from_ns, to_ns, lost;
	bool was_paused; /* recording was: nothing was lost */
};

int lookup_run(struct reader *, int64_t run_id, struct run_row *ret, struct error *);
/* The same for a run that is no request's, as a thread's root run is not. */
int lookup_handle_run(struct reader *, int64_t run_id, struct run_row *ret, struct error *);
/* The same for one that is; *ret stays as it was when there is none. */
int lookup_request_run(struct reader *, int64_t run_id, struct run_row *ret, struct error *);
/* All unknown but the ID. */
void lookup_forget_run(struct run_row *ret, int64_t run_id);
int lookup_resource(struct reader *, int64_t async_id, struct resource_row *ret, struct error *);
/* By its ID, unless it is packed with the run that used it up. */
int lookup_arming(struct reader *, int64_t arming_id, struct arming_row *ret, struct error *);
/* … by that run's ID. */
int lookup_shot(struct reader *, int64_t run_id, struct arming_row *ret, struct error *);
/* The arming of a run, whichever way it is packed. */
int lookup_arming_of(
	struct reader *, const struct run_row *run, struct arming_row *ret, struct error *);
int lookup_cause(struct reader *, int64_t cause_id, struct cause_row *ret, struct error *);
/* The nearest fold row at this run or before it. */
int lookup_fold_before(struct reader *, int64_t run_id, struct fold_row *ret, struct error *);
int lookup_thread(struct reader *, int64_t thread_id, struct thread_row *ret, struct error *);
int lookup_process(struct reader *, int64_t process_id, struct process_row *ret, struct error *);
int lookup_log(struct reader *, int64_t log_id, struct log_row *ret, struct error *);
int lookup_crash(struct reader *, int64_t crash_id, struct crash_row *ret, struct error *);

/* The last gap of a process, or of nobody knows whose, that began at or before `ns`. */
int lookup_gap_before(
	struct reader *, int64_t process_id, int64_t ns, struct gap_row *ret, struct error *);

/* A column's integer, UNKNOWN for NULL; its text, interned. For statements of one's own. */
int64_t lookup_column(sqlite3_stmt *statement, int column);
const char *lookup_text(struct reader *recording, sqlite3_stmt *statement, int column);

#endif
