/*
 * Rows of the recording as they are before they are written: facts with final IDs and times. In all
 * of them 0 is "unknown" for IDs, ROW_UNKNOWN for other numbers.
 *
 * Each begins with its key, by which a batch of them is sorted.
 */
#ifndef ACAUSAL_INGEST_ROWS_H
#define ACAUSAL_INGEST_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROW_UNKNOWN INT64_MIN

struct row_resource {
	int64_t async_id;
	uint32_t origin_id;
	uint32_t type_id;      /* 0: that of its origin */
	int64_t address_delta; /* from its origin's address */
	int64_t trigger_id, run_id, created_ns, lifetime_ns, handle_id;
	int64_t has_ref; /* 0 or 1; unknown of what cannot keep a loop alive */
};

struct row_run {
	int64_t run_id, async_id, arming_id;
	uint32_t entry_id, outer_stack_id;
	int64_t began_ns, duration_ns, status, bytes, cause_id;
	int64_t outer_run_id; /* 0: the thread's root run */
};

/* A request with its run; `run.async_id` and `run.arming_id` are not used. */
struct row_request {
	struct row_resource resource;
	struct row_run run;
};

struct row_arming {
	int64_t arming_id, async_id, run_id;
	uint32_t origin_id, disarmed_stack_id;
	int64_t armed_ns, timeout_ms, repeat_ms, times, stood_ns, disarmed_run_id;
	uint32_t end_code; /* enum acausal_end */
};

/* A run with the arming that it used up; of the arming, `async_id` and its end are not used. */
struct row_shot {
	struct row_run run;
	struct row_arming arming;
};

/* A run that began inside of another than its thread's root run. */
struct row_outer {
	int64_t run_id, outer_run_id;
	uint32_t outer_stack_id;
};

struct row_cause {
	int64_t cause_id, async_id, run_id, caused_ns, first_id, caused_run_id;
	int64_t times;	    /* ROW_UNKNOWN: once */
	uint32_t origin_id; /* with its kind */
};

/* A loop's wait in the kernel. */
struct row_poll {
	int64_t entered_ns, loop_id, wait_ns;
	int32_t timeout_ms; /* -1: for ever */
	uint32_t thread_id;
};

/* When a thread of the pool had a request. */
struct row_pool {
	int64_t async_id, began_ns, duration_ns;
	uint32_t thread_id;
	bool is_estimated;
};

struct row_ref {
	int64_t async_id, run_id, at_ns;
	bool has_ref;
};

struct row_log {
	int64_t written_ns, run_id;
	int64_t full_length; /* ROW_UNKNOWN: that of the text */
	uint64_t counted_by; /* lines with the same are numbered together */
	uint32_t log_origin_id, stack_id;
	uint32_t line_number;  /* given when it is written; 0: none */
	uint32_t text, length; /* in the batch's text */
	int64_t log_id;	       /* of a row that is there already; 0: a new one */
};

/* A value that was set. Gone without a key: what the parent has is in force again. */
struct row_context {
	int64_t context_id, parent_id, async_id, run_id, set_ns;
	uint32_t stack_id;
	uint32_t text, key_length, value_length; /* in the batch's text: the key, then the value */
	bool is_gone;				 /* the key was taken away: there is no value */
};

/* What was in force where a resource or an arming was made. */
struct row_carried {
	int64_t id, context_id;
};

struct row_thread {
	uint32_t thread_id, process_id, os_tid;
	int role; /* enum acausal_role, -1 when not known */
	const char *name;
	int64_t root_run_id, last_run_id, started_ns, ended_ns;
	int is_foreign; /* -1 when not known */
};

struct row_process {
	uint32_t process_id, os_pid, parent_process_id;
	int64_t spawned_by_async_id;
	const char *executable, *arguments, *runtime, *runtime_version; /* may be NULL */
	int64_t started_ns;
	bool is_foreign; /* a process made it, by a call that is not known */
};

struct row_crash {
	uint32_t process_id, thread_id, stack_id;
	int64_t run_id;
	int signal, code;
	bool has_fault_address; /* not of a signal that was sent, nor of an address that cannot be
				 */
	uint64_t fault_address;
	int64_t crashed_ns;
	const char *message; /* NULL: none */
	size_t message_length;
};

struct row_total {
	uint32_t type_id, stack_id;
	int64_t created, destroyed, runs, wait_ns, wait_max_ns, run_ns, run_max_ns;
	const char *buckets;
};

/* Something that became known about a row after it was written, or before it came. */
enum change_kind {
	CHANGE_DESTROYED,    /* at_ns */
	CHANGE_RETYPED,	     /* type_id, trigger_id, handle_id */
	CHANGE_DISARMED,     /* at_ns, end_code, run_id, stack_id */
	CHANGE_CAUSED,	     /* run_id */
	CHANGE_RUN_ENDED,    /* at_ns */
	CHANGE_THREAD_ENDED, /* at_ns */
	CHANGE_REFERENCED,   /* has_ref */
	CHANGE_DONE,	     /* nothing any more */
};

struct change {
	int64_t id;
	enum change_kind kind;
	uint32_t type_id, stack_id, end_code, has_ref;
	int64_t at_ns, run_id, trigger_id, handle_id;
	int64_t since_ns; /* when the ingester learned of it … */
	uint64_t mark;	  /* … and from which chunk */
};

#endif
