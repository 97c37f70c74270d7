/*
 * libc's real functions: see libc.h. Resolving takes the loader's lock, so it happens once, early.
 */
#include "recorder/hooks/libc.h"

struct libc_real libc_real;

void libc_resolve(void)
{
	/* The last of the list. */
	if (__atomic_load_n(&libc_real.dlclose, __ATOMIC_ACQUIRE))
		return;
#define X(name)                                                                                    \
	__atomic_store_n(                                                                          \
		&libc_real.name, (__typeof__(&name))dlsym(RTLD_NEXT, #name), __ATOMIC_RELEASE);
	ACAUSAL_LIBC_FUNCTIONS(X)
#undef X
}

__attribute__((constructor(101))) static void resolve(void)
{
	libc_resolve();
}
