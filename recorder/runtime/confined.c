/*
 * See confined.h. Under the strict mode of seccomp, and under many a filter, it is forbidden to ask
 * for the mode as well. So what was seen is not asked for; and whoever needs no leave to install a
 * filter, and does so by a system call made by hand, is believed to allow the question.
 */
#include "recorder/runtime/confined.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/prctl.h>

static _Atomic int noted; /* enum confinement */
static _Atomic int at_start;

void confined_start(void)
{
	if (atomic_load(&noted) == CONFINED_NOT)
		atomic_store(&at_start, prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
}

void confined_note(enum confinement how)
{
	int seen = atomic_load(&noted);

	while (seen < (int)how && !atomic_compare_exchange_weak(&noted, &seen, (int)how))
		;
}

bool is_confined(void)
{
	int saved = errno, now;

	if (atomic_load_explicit(&noted, memory_order_relaxed) == CONFINED)
		return true;
	now = prctl(PR_GET_SECCOMP);
	errno = saved;
	return now != atomic_load_explicit(&at_start, memory_order_relaxed);
}

bool may_be_confined(void)
{
	return atomic_load_explicit(&noted, memory_order_relaxed) != CONFINED_NOT || is_confined();
}
