/* What core_layout.c puts together: debug information (core_layout_dwarf.c), and the version. */
#ifndef ACAUSAL_CORE_CORE_LAYOUT_INTERNAL_H
#define ACAUSAL_CORE_CORE_LAYOUT_INTERNAL_H

#include "recorder/core/core_layout.h"

/*
 * The layout by a module's debug information, its own or from a separate file. What that does not
 * tell is CORE_LAYOUT_UNKNOWN. False when it tells nothing of loops and handles.
 */
bool core_layout_from_dwarf(
	struct core_layout *ret, const struct core *core, const struct core_module *module);

/* libuv's version in the module as UV_VERSION_HEX has it; 0: it cannot be told. */
uint32_t core_layout_version(const struct core *core, const struct core_module *module);

#endif
