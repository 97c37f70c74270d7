/*
 * A core, opened with all that belongs to it: the file, the modules, the recorder's arena when the
 * process was recorded, and what walks its threads' stacks. One thread.
 */
#ifndef ACAUSAL_CORE_CORE_H
#define ACAUSAL_CORE_CORE_H

#include "recorder/core/core_arena.h"
#include "recorder/core/core_unwind.h"

struct core {
	char *path;
	struct core_file file;
	struct core_modules modules;
	struct core_arena arena; /* `bytes` is NULL: the process was not recorded, … */
	char no_arena[400];	 /* … or its arena is useless, and this says why */
	struct core_unwind *unwind;
	bool has_library;		       /* the recorder's was in the process */
	uint64_t trampolines, trampolines_end; /* where callbacks begin; 0: not known */
};

/* `executable` as core_modules_init has it. */
int core_open(struct core **ret, const char *path, const char *executable, struct error *err);
void core_close(struct core *);

#endif
