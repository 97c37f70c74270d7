/*
 * Whether the program has shut itself in since it was started (seccomp): then a system call that it
 * did not mean to make may be its end, and what can be done without must be.
 *
 * Any thread; signal safe; errno is kept.
 */
#ifndef ACAUSAL_RUNTIME_CONFINED_H
#define ACAUSAL_RUNTIME_CONFINED_H

#include <stdbool.h>

enum confinement {
	CONFINED_NOT,
	CONFINED_PERHAPS, /* it did what comes before that, and what came then may not be seen */
	CONFINED,
};

/* What the process is under already is no harm. Called once, and in a child that begins anew. */
void confined_start(void);

/* The program did something that was seen. */
void confined_note(enum confinement how);

/* Asks the kernel where nothing was seen. */
bool is_confined(void);

/* The same, but asks nothing, and says yes, where asking might be forbidden. */
bool may_be_confined(void);

#endif
