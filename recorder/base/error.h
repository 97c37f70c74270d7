/*
 * Why something failed, in one line that a user can act on: what failed, on what, why, what to do.
 *
 * The idiom of everything outside the recorded process: a fallible function returns 0, or -1 after
 * filling `err`, its last parameter. Only `main` and the prompt print an error, after the words
 * "acausal: ". Absence (no debug information, no arming seen) is a value and no error.
 */
#ifndef ACAUSAL_BASE_ERROR_H
#define ACAUSAL_BASE_ERROR_H

struct error {
	char text[1024];
};

/* Fills `err` (cut to its size; may be NULL). Returns -1, so that `return error_set(…)` reads well.
 */
int error_set(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, with ": " and the words for the errno value `number` appended. */
int error_set_errno(struct error *err, int number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
