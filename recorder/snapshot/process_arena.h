/*
 * The arena of a running process, found in its memory map and reached through /proc/PID/mem, with
 * the permission that a debugger needs. The process is not stopped and is told nothing.
 *
 * What is read is not trusted. Any thread, one at a time.
 */
#ifndef ACAUSAL_SNAPSHOT_PROCESS_ARENA_H
#define ACAUSAL_SNAPSHOT_PROCESS_ARENA_H

#include "recorder/base/error.h"
#include "recorder/wire/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process_arena {
	pid_t os_pid; /* as we see it; the process may have another number for itself */
	int memory;   /* descriptor of /proc/PID/mem: of this program, not of what it becomes */
	uint64_t address, size;
	struct arena_header header; /* when it was found */
};

/*
 * Finds it. `err` says of a process that is not recorded how it would have to be started. Of one
 * that a recorder attends to, see process_arena_recorder.
 */
int process_arena_open(
	struct process_arena *ret, pid_t os_pid, bool is_to_write, struct error *err);
void process_arena_close(struct process_arena *);

/*
 * The recorder that takes the arena's events out, and whose recording therefore has them; 0: there
 * is none, it has died, or the process is in flight mode.
 */
pid_t process_arena_recorder(const struct process_arena *);

/*
 * Reads or writes bytes at an offset of the arena. The process may end meanwhile or execute another
 * program: then `err` says that.
 */
int process_arena_read(
	const struct process_arena *, uint64_t offset, void *ret, size_t size, struct error *err);
int process_arena_write(const struct process_arena *, uint64_t offset, const void *bytes,
	size_t size, struct error *err);

/* What its clock says now. */
uint64_t process_arena_ticks(const struct process_arena *);

#endif
