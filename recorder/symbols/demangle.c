/*
 * Demangling with the C++ runtime's own __cxa_demangle, which every such runtime has by the ABI.
 * It is looked for when the first mangled name is met: acausal then depends on C++ no more than
 * the programs do that it looks at, and without one it shows mangled names.
 */
#include "recorder/symbols/demangle.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Longer names than this are shown as they are. */
enum { NAME_MAX_LENGTH = 16384 };

typedef char *cxa_demangle_function(const char *name, char *buffer, size_t *length, int *status);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static cxa_demangle_function *cxa_demangle;

static void find_runtime(void)
{
	static const char *const libraries[] = {"libstdc++.so.6", "libc++abi.so.1"};

	for (size_t i = 0; i < sizeof libraries / sizeof *libraries && !cxa_demangle; i++) {
		void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_LOCAL);

		if (library)
			*(void **)&cxa_demangle = dlsym(library, "__cxa_demangle");
	}
}

char *demangle(const char *name)
{
	int status;

	/* Without the prefix __cxa_demangle takes names for types: "i" would be "int". */
	if (strncmp(name, "_Z", 2) || strlen(name) > NAME_MAX_LENGTH)
		return NULL;
	pthread_once(&once, find_runtime);
	return cxa_demangle ? cxa_demangle(name, NULL, NULL, &status) : NULL;
}
