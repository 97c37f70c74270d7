/*
 * Put before each file of the recorder's runtime where that is built into a sanitized program. A
 * sanitizer keeps the last round of thread-specific destructors for itself, and knows nothing of
 * the thread afterwards; the runtime's own has to have come to its end before.
 */
#ifndef ACAUSAL_TESTS_TRAP_SANITIZED_H
#define ACAUSAL_TESTS_TRAP_SANITIZED_H

#include <limits.h>
#undef PTHREAD_DESTRUCTOR_ITERATIONS
#define PTHREAD_DESTRUCTOR_ITERATIONS 3

#endif
