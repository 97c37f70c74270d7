/*
 * What truth.c keeps and truth_write.c writes. Nothing else includes it.
 */
#ifndef ORACLE_TRUTH_INTERNAL_H
#define ORACLE_TRUTH_INTERNAL_H

#include "tests/oracle/truth.h"

struct truth_record {
	uint64_t token, outer, thing;
	long arming; /* index; -1: of no arming */
	const char *function;
	struct truth_run run;
	struct acts causes;
};

struct truth_thread {
	struct truth_thread *next;
	int tid;
	const char *kind, *function;
	char name[16]; /* "": the thread was not named */
	struct arm armed;
	uint64_t root;
	struct truth_record *records;
	size_t count, room;
	struct truth_thing *things, **last_thing;
	uint64_t now;
	int depth;
};

struct truth_exit {
	struct truth_exit *next;
	int os_pid, signal;
	int64_t status;
	bool by_callback;
};

struct truth_process {
	unsigned generation;
	struct truth_origin origin;
	struct truth_thread *threads;
	struct truth_exit *exits;
};

extern struct truth_process truth_process;

#endif
