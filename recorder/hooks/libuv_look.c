/*
 * Looks for uses of libuv that no wrapper can see: see libuv_look.h.
 *
 * A module loaded with RTLD_DEEPBIND finds its own libuv before the wrappers, and its imports tell
 * so. A libuv loaded by dlmopen is in a namespace that the wrappers are not in: there, the loader
 * lists nothing for us, but the kernel does.
 */
#include "recorder/hooks/libuv_look.h"

#include "recorder/hooks/libuv_module.h"
#include "recorder/hooks/libuv_table.h"
#include "recorder/runtime/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MODULES = 512 };

struct look {
	struct libuv_module own;
	bool has_libuv, is_bypassed;
	uintptr_t low[MODULES]; /* of the modules that the loader lists */
	int count;
};

static int look_at(struct dl_phdr_info *info, size_t size, void *user)
{
	struct look *look = user;
	struct libuv_module module;

	(void)size;
	if (!libuv_module_of(info, &module))
		return 0;
	if (look->count < MODULES)
		look->low[look->count++] = module.low;
	look->has_libuv |= module.low != look->own.low && libuv_module_has_run(&module);
	return 0;
}

static int look_at_imports(struct dl_phdr_info *info, size_t size, void *user)
{
	struct look *look = user;
	struct libuv_module module;

	(void)size;
	look->is_bypassed = libuv_module_of(info, &module) &&
			    libuv_module_bypasses(&module, &look->own, libuv_is_wrapped);
	return look->is_bypassed;
}

static bool is_listed(const struct look *look, uintptr_t low)
{
	int i;

	for (i = 0; i < look->count; i++)
		if (look->low[i] == low)
			return true;
	return look->count == MODULES;
}

/* A line of /proc/self/maps: whether it is of a libuv that the loader does not list. */
static bool is_apart(const struct look *look, const char *line)
{
	const char *file = strrchr(line, '/');
	struct libuv_module module;

	return file && strncmp(file + 1, "libuv", 5) == 0 &&
	       libuv_module_at(strtoul(line, NULL, 16), &module) && !is_listed(look, module.low);
}

static bool maps_tell(const struct look *look)
{
	char text[4096];
	size_t kept = 0;
	ssize_t got;
	bool ret = false;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	while (!ret && (got = read(fd, text + kept, sizeof text - 1 - kept)) > 0) {
		char *line = text, *end;

		text[kept + (size_t)got] = 0;
		while ((end = strchr(line, '\n'))) {
			*end = 0;
			ret |= is_apart(look, line);
			line = end + 1;
		}
		/* The beginning of a line; one that fills all of it is of no file of ours. */
		kept = strlen(line) < sizeof text - 1 ? strlen(line) : 0;
		memmove(text, line, kept);
	}
	close(fd);
	return ret;
}

static void note(enum arena_libuv what)
{
	atomic_fetch_or(&arena()->libuv, (uint32_t)what);
}

void libuv_look_back(void)
{
	struct look look = {0};
	int saved = errno;

	stack_note_loaded();
	if (!arena() || (atomic_load(&arena()->libuv) & ARENA_LIBUV_USED) ||
		!libuv_module_at((uintptr_t)libuv_look_back, &look.own))
		return;
	dl_iterate_phdr(look_at, &look);
	if (look.has_libuv && dl_iterate_phdr(look_at_imports, &look))
		note(ARENA_LIBUV_BYPASSED);
	if (maps_tell(&look))
		note(ARENA_LIBUV_APART);
	errno = saved;
}

__attribute__((destructor(101))) static void end(void)
{
	libuv_look_back();
}
