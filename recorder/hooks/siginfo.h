/*
 * What psiginfo(3) says of a signal's code.
 */
#ifndef ACAUSAL_HOOKS_SIGINFO_H
#define ACAUSAL_HOOKS_SIGINFO_H

/* In the language of the locale; NULL: it says the number. Not signal safe. */
const char *siginfo_code_text(int signal, int code);

#endif
