/*
 * The ingester: from arenas of recorded processes to one recording. Whoever launches or opens
 * processes hands their arenas in and calls `ingest_drain` again and again; at the end
 * `ingest_finish` makes the file complete.
 *
 * Arenas are not trusted: what makes no sense in one is counted as lost and skipped. After an error
 * of the recording itself (a full disk) what has been committed stays valid, and every further call
 * but `ingest_destroy` fails with the same words.
 *
 * One thread at a time. Killed at any moment it leaves a file that opens and says that it was cut
 * short (`meta.complete` is '0').
 */
#ifndef ACAUSAL_INGEST_INGEST_H
#define ACAUSAL_INGEST_INGEST_H

#include "recorder/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ingest;
struct ingest_process;

/* Strings are borrowed until `ingest_destroy`. */
struct ingest_options {
	const char *path;	  /* of the recording, which must not be there yet */
	const char *command_json; /* JSON array; NULL: none */
	const char *version;	  /* of acausal */
	uint64_t began_ns;	  /* CLOCK_MONOTONIC at time 0; 0: now */
	bool symbolize;		  /* resolve addresses at the end */
	uint64_t log_max;	  /* bytes kept of a line; 0: as many as the process keeps */
	/*
	 * Called now and then during `ingest_finish`, `phase` being "reading", "symbols" or
	 * "indexes", with `done` of `total`; `total` is 0 when it is not known. May be NULL.
	 */
	void (*progress)(void *user, const char *phase, uint64_t done, uint64_t total);
	/*
	 * Where the file of a module is, when it is not at its path. Of two with one path the build
	 * ID (hexadecimal, "" when it has none) tells which is meant. NULL: it is at its path; also
	 * the function may be NULL.
	 */
	const char *(*module_file)(void *user, const char *path, const char *build_id);
	void *user;
};

/* What is known of a process from outside of it. Strings are copied. */
struct ingest_process_info {
	pid_t os_pid;
	bool is_root; /* nothing that is recorded made it: it is the command itself */
	struct ingest_process *before; /* what it was until it called exec; NULL: nothing */
	uint32_t parent_process_id;  /* when the arena names none; 0: not known, or not recorded */
	int64_t spawned_by_async_id; /* 0: not known */
	const char *executable;	     /* NULL: asked of /proc when the process runs */
	const char *arguments_json;  /* NULL: not known */
	const char *runtime;	     /* NULL: 'libuv', once something of libuv's is met */
	const char *runtime_version; /* NULL: not known */
	/*
	 * The bytes are those of a core or a copy: they are only read, their times are mapped by
	 * what stands in the header, and time 0 is when the first such process began. Otherwise
	 * the process runs on this machine, its mapping is writable, and chunks are given back.
	 */
	bool is_dead;
};

struct ingest_summary {
	uint64_t resources, runs, stacks, processes, threads, lost, waits, wait_ns;
	int64_t crash_id; /* of the last crash; 0 when there was none */
	/* The process that ended by it, with the signal; 0 when none did. */
	uint32_t crash_process_id;
	int crash_signal;
	/* Since when no event of any process was overwritten; 0: since the beginning. */
	int64_t history_from_ns;
	uint64_t size; /* bytes of the file */
};

/* A new file with mode 0600. */
int ingest_create(const struct ingest_options *, struct ingest **ret, struct error *err);

/*
 * Adds a process by its arena, which is borrowed until `ingest_process_is_done`, `ingest_finish` or
 * `ingest_destroy`, must not shrink (seal it),
 * and must begin on a boundary of 64 bytes. The process is owned by the ingester.
 */
int ingest_add_process(struct ingest *, const void *arena, size_t size,
	const struct ingest_process_info *, struct ingest_process **ret, struct error *err);

/*
 * Whether an ended process has been read to its end: its arena may be unmapped then. The pointer
 * stays valid until 8,192 others have come to that after it.
 */
bool ingest_process_is_done(const struct ingest_process *);

/* What is its `process_id` in the recording. */
uint32_t ingest_process_id(const struct ingest_process *);

/*
 * Reads what has been published, some megabytes at most. `*busy`: there was something. A process in
 * flight mode is read only once it has ended, or by ingest_finish.
 */
int ingest_drain(struct ingest *, bool *busy, struct error *err);

enum {
	INGEST_STATUS_UNKNOWN = -1,
	INGEST_BECAME_ANOTHER = -2, /* by exec: another process's arena goes on where it ended */
};

/* The process has ended, as wait(2) says or as above. The rest of it is read by the next drain. */
void ingest_process_ended(struct ingest_process *, int wait_status);

#define INGEST_TIME_UNKNOWN UINT64_MAX

/*
 * The same of one that ended at that moment of CLOCK_MONOTONIC, before it was added.
 * INGEST_TIME_UNKNOWN: when is not known.
 */
void ingest_process_ended_at(struct ingest_process *, int wait_status, uint64_t monotonic_ns);

int ingest_finish(struct ingest *, struct ingest_summary *ret, struct error *err);

/* Also without `ingest_finish`: the file then stays as it was committed last. NULL is fine. */
void ingest_destroy(struct ingest *);

#endif
