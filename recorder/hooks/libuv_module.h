/*
 * Loaded modules, as far as they have to do with libuv: read from their dynamic sections in memory,
 * without a lock and without the loader's help. Signal-safe.
 */
#ifndef ACAUSAL_HOOKS_LIBUV_MODULE_H
#define ACAUSAL_HOOKS_LIBUV_MODULE_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

/* Where the code of libuv is in a module; sizes are 0 when there is none. */
struct libuv_text {
	uintptr_t low, size;
	uintptr_t near_low, near_size; /* what may belong to it still, around that */
};

/* A module that is loaded: addresses, and what tells it from another one in the same place. */
struct libuv_module {
	uintptr_t low, high;
	uint64_t identity;
	const struct link_map *map;
};

/* The module that `address` is in; false when there is none. */
bool libuv_module_at(uintptr_t address, struct libuv_module *ret);

/* The module that dl_iterate_phdr tells of. */
bool libuv_module_of(const struct dl_phdr_info *info, struct libuv_module *ret);

/* Whether it is still where it was. */
bool libuv_module_is_loaded(const struct libuv_module *module);

/* The part of the module that is libuv's code: of size 0 when uv_run is not in it. */
struct libuv_text libuv_module_text(const struct libuv_module *module);

/* The function of this name that the module has for others to use; NULL: none. */
void *libuv_module_find(const struct libuv_module *module, const char *name);

/* Whether uv_run is among those. */
bool libuv_module_has_run(const struct libuv_module *module);

/* Whether the module imports a function of this name. */
bool libuv_module_imports(const struct libuv_module *module, const char *name);

/* Whether it imports or has a function of libuv at all that `is_wrapped`. */
bool libuv_module_calls(const struct libuv_module *module, bool (*is_wrapped)(const char *name));

/* Whether the module needs (DT_NEEDED) a library of this name. */
bool libuv_module_needs(const struct libuv_module *module, const char *library);

/*
 * Whether an import of the module that `is_wrapped` leads into another module than `own`: then its
 * calls go past the wrappers, which are in `own`.
 */
bool libuv_module_bypasses(const struct libuv_module *module, const struct libuv_module *own,
	bool (*is_wrapped)(const char *name));

#endif
