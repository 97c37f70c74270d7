/*
 * The program shuts itself in, by seccomp: from then on it is asked for nothing that it might be
 * killed for (runtime/confined.h). Whoever installs a filter without privileges, by whatever way,
 * gives up gaining new ones before, by prctl.
 */
#include "recorder/hooks/hook.h"
#include "recorder/hooks/libc.h"
#include "recorder/hooks/sink.h"
#include "recorder/runtime/confined.h"
#include "recorder/runtime/settings.h"

#include <linux/seccomp.h>
#include <stdarg.h>

static enum confinement confinement_of(int option, unsigned long argument)
{
	if (option == PR_SET_SECCOMP)
		return CONFINED;
	return option == PR_SET_NO_NEW_PRIVS && argument ? CONFINED_PERHAPS : CONFINED_NOT;
}

/* What has to be asked and told can be now, and not later. */
static void look_ahead(enum confinement how)
{
	uint32_t sink;
	int fd;

	if (settings.keeps_logs && arena())
		for (fd = 1; fd <= 2; fd++)
			sink_of(fd, arena_ticks(), &sink);
	if (how == CONFINED)
		arena_dump_whole();
}

/* Whether no clock may be read by this thread. */
static bool is_timeless(int option, unsigned long argument)
{
	return (option == PR_SET_SECCOMP && argument == SECCOMP_MODE_STRICT) ||
	       (option == PR_SET_TSC && argument == PR_TSC_SIGSEGV);
}

WRAPPER int prctl(int option, ...)
{
	unsigned long arguments[4];
	enum confinement how;
	va_list rest;
	int result, i;

	/* As libc does: there is no telling how many were given. */
	va_start(rest, option);
	for (i = 0; i < 4; i++)
		arguments[i] = va_arg(rest, unsigned long);
	va_end(rest);
	libc_resolve();
	how = confinement_of(option, arguments[0]);
	if (unlikely(how != CONFINED_NOT))
		look_ahead(how);
	if (unlikely(is_timeless(option, arguments[0])))
		arena_stop_clock();
	result = libc_real.prctl(option, arguments[0], arguments[1], arguments[2], arguments[3]);
	if (unlikely(how != CONFINED_NOT) && result == 0)
		confined_note(how);
	if (is_timeless(option, arguments[0]) ? result != 0 : option == PR_SET_TSC && result == 0)
		arena_go_on_clock();
	return result;
}
