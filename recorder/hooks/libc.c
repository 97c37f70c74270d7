/*
 * libc's real functions: see libc.h. Resolving takes the loader's lock, so it happens once, early.
 */
#include "recorder/hooks/libc.h"

#include "recorder/runtime/arch.h"

struct libc_real libc_real;

/* Not sanitized: a sanitizer may come here as it begins. */
__attribute__((no_sanitize("address", "thread", "undefined"))) void libc_resolve(void)
{
	/* The last of the list. */
	if (__atomic_load_n(&libc_real.dlclose, __ATOMIC_ACQUIRE))
		return;
#define X(name)                                                                                    \
	__atomic_store_n(&libc_real.name,                                                          \
		(__typeof__(&name))dlvsym(RTLD_NEXT, #name, ARCH_LIBC_VERSION), __ATOMIC_RELEASE);
	ACAUSAL_LIBC_UNRESERVED(X)
#undef X
#define X(name)                                                                                    \
	__atomic_store_n(                                                                          \
		&libc_real.name, (__typeof__(&name))dlsym(RTLD_NEXT, #name), __ATOMIC_RELEASE);
	ACAUSAL_LIBC_RESERVED(X)
#undef X
}

__attribute__((constructor(101))) static void resolve(void)
{
	libc_resolve();
}
