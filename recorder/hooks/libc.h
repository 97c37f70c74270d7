/*
 * The real functions of libc that are interposed.
 */
#ifndef ACAUSAL_HOOKS_LIBC_H
#define ACAUSAL_HOOKS_LIBC_H

#include "recorder/runtime/arch.h"
#include "recorder/wire/names.h"

#include <features.h>
/* Some of these functions are inlined by <stdio.h>, and could not be defined here. */
#undef __USE_EXTERN_INLINES

#include <dirent.h>
#include <dlfcn.h>
#include <err.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syslog.h>
#include <sys/uio.h>
#include <unistd.h>
#include <wchar.h>

/* For programs compiled with _FORTIFY_SOURCE, or with old headers: no header declares them. */
int __vprintf_chk(int flag, const char *format, va_list arguments);
int __vfprintf_chk(FILE *stream, int flag, const char *format, va_list arguments);
int __vdprintf_chk(int fd, int flag, const char *format, va_list arguments);
int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __dprintf_chk(int fd, int flag, const char *format, ...);
int __vwprintf_chk(int flag, const wchar_t *format, va_list arguments);
int __vfwprintf_chk(FILE *stream, int flag, const wchar_t *format, va_list arguments);
int __wprintf_chk(int flag, const wchar_t *format, ...);
int __fwprintf_chk(FILE *stream, int flag, const wchar_t *format, ...);
void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments);
void __syslog_chk(int priority, int flag, const char *format, ...);
int _IO_putc(int byte, FILE *stream);
/* <error.h> inlines these. */
void error(int status, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));
void error_at_line(int status, int number, const char *file, unsigned int line, const char *format,
	...) __attribute__((format(printf, 5, 6)));
void __assert_fail(const char *assertion, const char *file, unsigned int line, const char *function)
	__attribute__((noreturn));
void __assert_perror_fail(int number, const char *file, unsigned int line, const char *function)
	__attribute__((noreturn));
void __assert(const char *assertion, const char *file, int line) __attribute__((noreturn));

/* Of other standards than the one that is asked for; <signal.h> does not declare them. */
int __sigaction(int number, const struct sigaction *action, struct sigaction *old);
__sighandler_t bsd_signal(int number, __sighandler_t handler);

/*
 * Before the wrapper of a function whose name is not reserved (ACAUSAL_LIBC_UNRESERVED), which is
 * then called acausal_NAME: exports it as libc's own version of NAME, and not the default one. So
 * only what was linked with libc's is bound to it, and not what means the NAME of another library.
 */
#define UNRESERVED(name)                                                                           \
	__typeof__(name) acausal_##name;                                                           \
	__asm__(".symver acausal_" #name ", " #name "@" ARCH_LIBC_VERSION ", remove")

/* Programs call what has been superseded, too. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

struct libc_real {
#define X(name) __typeof__(&name) name;
	ACAUSAL_LIBC_FUNCTIONS(X)
#undef X
};

/* Resolved all at once by libc_resolve: in the constructor, or by the first wrapper before it. */
extern struct libc_real libc_real;
void libc_resolve(void);

#endif
