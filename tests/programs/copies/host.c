/*
 * Loads plugins and calls their functions, as the arguments say:
 *
 *	NAME=PATH[,global|,deep|,apart]   load (RTLD_LOCAL; RTLD_GLOBAL; RTLD_DEEPBIND; dlmopen)
 *	NAME.FUNCTION                     call NAME_FUNCTION
 *	NAME.next=OTHER.FUNCTION          what NAME's next callback is to end with
 *	-NAME                             unload
 *	!NAME                             unload, by an address that libc itself gave
 *
 * Says of a plugin whether it was loaded where another was before.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLUGINS = 256 };

static struct plugin {
	char name[32];
	void *handle;
	uintptr_t address;
} plugins[PLUGINS];
static int count;

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, dlerror());
	exit(2);
}

static void load(const char *name, int length, char *path)
{
	struct plugin *plugin = &plugins[count++];
	char *how = strchr(path, ',');
	struct link_map *map = NULL;
	int flags = RTLD_LAZY;

	if (count == PLUGINS)
		exit(3);
	if (how)
		*how++ = 0;
	if (how && strcmp(how, "global") == 0)
		flags |= RTLD_GLOBAL;
	if (how && strcmp(how, "deep") == 0)
		flags |= RTLD_DEEPBIND;
	snprintf(plugin->name, sizeof plugin->name, "%.*s", length, name);
	if (how && strcmp(how, "apart") == 0)
		plugin->handle = dlmopen(LM_ID_NEWLM, path, flags);
	else
		plugin->handle = dlopen(path, flags);
	if (!plugin->handle || dlinfo(plugin->handle, RTLD_DI_LINKMAP, &map) != 0)
		fail(path);
	plugin->address = map->l_addr;
	for (int i = 0; i < count - 1; i++)
		if (plugins[i].address == plugin->address)
			printf("%s is where %s was\n", plugin->name, plugins[i].name);
}

static struct plugin *find(const char *name)
{
	for (int i = count - 1; i >= 0; i--) {
		size_t length = strlen(plugins[i].name);

		if (plugins[i].handle && strncmp(plugins[i].name, name, length) == 0 &&
			(name[length] == '.' || name[length] == 0))
			return &plugins[i];
	}
	fprintf(stderr, "no plugin %s\n", name);
	exit(2);
}

/* `what` is NAME.FUNCTION, up to the length. */
static void *function_of(const char *what, int length)
{
	struct plugin *plugin = find(what);
	char symbol[128];
	void *function;

	snprintf(symbol, sizeof symbol, "%s_%.*s", plugin->name,
		length - (int)strlen(plugin->name) - 1, what + strlen(plugin->name) + 1);
	function = dlsym(plugin->handle, symbol);
	if (!function)
		fail(symbol);
	return function;
}

static void unload(struct plugin *plugin, int (*close)(void *))
{
	close(plugin->handle);
	plugin->handle = NULL;
}

/* As libc unloads what it has loaded itself: nobody who stands in dlclose's place hears of it. */
static int (*own_dlclose(void))(void *)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	void *function = libc ? dlsym(libc, "dlclose") : NULL;

	if (!function)
		fail("dlclose");
	return (int (*)(void *))function;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *what = argv[i], *equals = strchr(what, '=');

		if (what[0] == '-') {
			unload(find(what + 1), dlclose);
		} else if (what[0] == '!') {
			unload(find(what + 1), own_dlclose());
		} else if (equals && !memchr(what, '.', (size_t)(equals - what))) {
			load(what, (int)(equals - what), equals + 1);
		} else if (equals) {
			void *next = function_of(equals + 1, (int)strlen(equals + 1));

			((void (*)(void (*)(void)))function_of(what, (int)(equals - what)))(
				(void (*)(void))next);
		} else {
			((void (*)(void))function_of(what, (int)strlen(what)))();
		}
		fflush(stdout);
	}
	return 0;
}
