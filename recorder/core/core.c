/* Puts together what a core consists of: see core.h. Reads nothing itself. */
#include "recorder/core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The section in the recorder's library from which the program's callbacks are called. */
static void find_trampolines(struct core *core)
{
	static const char name[] = "/libacausal.so";
	size_t length = strlen(name);

	for (size_t i = 0; i < core->modules.count; i++) {
		const struct core_module *module = &core->modules.list[i];
		size_t end = strlen(module->path);

		if (end < length || strcmp(module->path + end - length, name) != 0)
			continue;
		core->has_library = true;
		if (core_module_section(module, "acausal_trampolines", &core->trampolines,
			    &core->trampolines_end))
			return;
	}
}

int core_open(struct core **ret, const char *path, const char *executable, struct error *err)
{
	struct core *core = calloc(1, sizeof *core);
	struct error why;

	if (!core || !(core->path = strdup(path))) {
		free(core);
		return error_set(err, "no memory for the core '%s'", path);
	}
	core->file.fd = -1;
	if (core_file_open(&core->file, path, err) ||
		core_modules_init(&core->modules, &core->file, executable, err) ||
		core_unwind_create(&core->unwind, &core->modules, err))
		goto fail;
	if (core_arena_init(&core->arena, &core->file, &why) < 0)
		snprintf(core->no_arena, sizeof core->no_arena, "%.399s", why.text);
	find_trampolines(core);
	if (core->has_library && !core->arena.image.bytes && !core->no_arena[0])
		snprintf(core->no_arena, sizeof core->no_arena,
			"the recorder's memory is not in the core, which was cut short or made "
			"with a"
			" coredump_filter that leaves it out");
	*ret = core;
	return 0;
fail:
	core_close(core);
	return -1;
}

void core_close(struct core *core)
{
	if (!core)
		return;
	core_arena_deinit(&core->arena);
	core_unwind_destroy(core->unwind);
	core_modules_deinit(&core->modules);
	core_file_close(&core->file);
	free(core->path);
	free(core);
}
