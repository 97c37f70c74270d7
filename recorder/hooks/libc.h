/*
 * The real functions of libc that are interposed.
 */
#ifndef ACAUSAL_HOOKS_LIBC_H
#define ACAUSAL_HOOKS_LIBC_H

#include "recorder/wire/names.h"

#include <dlfcn.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct libc_real {
#define X(name) __typeof__(&name) name;
	ACAUSAL_LIBC_FUNCTIONS(X)
#undef X
};

/* Resolved all at once by libc_resolve: in the constructor, or by the first wrapper before it. */
extern struct libc_real libc_real;
void libc_resolve(void);

#endif
