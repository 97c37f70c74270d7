/*
 * Finding libuv's real functions: see libuv_table.h.
 *
 * As the loader does, the global scope is searched first and then the calling module's own: an
 * executable linked to libuv has its functions in the global scope, and then all other modules use
 * those, too; a libuv that came with a module loaded by RTLD_LOCAL (uvloop, luv) is found through
 * that module. All functions are found in one go: resolving one by one could take the loader's lock
 * at any time, also in a signal handler. For a program that is linked to libuv it is never taken
 * after the start.
 */
#include "recorder/hooks/libuv_table.h"

#include "recorder/hooks/libc.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

enum { TABLES = 32 };

static struct table tables[TABLES];
static _Atomic bool is_ready[TABLES];
static _Atomic unsigned tables_made;
static _Atomic int tables_high; /* those from here on have never been ready */
struct table *_Atomic libuv_global_table;
const struct libuv *_Atomic libuv_only;

static const struct {
	const char *name;
	size_t offset;
} names[] = {
#define X(name) {"uv_" #name, offsetof(struct libuv, name)},
	LIBUV_FUNCTIONS(X)
#undef X
};

enum { NAMES = sizeof names / sizeof *names };

bool libuv_is_wrapped(const char *name)
{
	int i;

	for (i = 0; i < NAMES; i++)
		if (strcmp(names[i].name, name) == 0)
			return true;
	return false;
}

static int absent(void)
{
	return UV_ENOSYS;
}

const struct libuv libuv_nothing = {
#define X(name) .name = (__typeof__(&uv_##name))(void *)absent,
	LIBUV_FUNCTIONS(X)
#undef X
};

/*
 * A table to be filled, or NULL. They are taken in turn, because a thread may be on its way back
 * out of the libuv that one was of.
 */
static struct table *table_take(void)
{
	unsigned first = atomic_load(&tables_made), i;

	for (i = 0; i < TABLES; i++) {
		unsigned at = (first + i) % TABLES;

		if (atomic_load(&is_ready[at]) || !libuv_slot_take(&tables[at].sequence))
			continue;
		if (!atomic_load(&is_ready[at]))
			return &tables[at];
		libuv_slot_give(&tables[at].sequence);
	}
	return NULL;
}

static void tables_count(void)
{
	struct table *only = NULL;
	int count = 0, i;

	for (i = 0; i < TABLES; i++)
		if (atomic_load(&is_ready[i])) {
			only = &tables[i];
			count++;
		}
	atomic_store(&libuv_only, count == 1 ? &only->uv : NULL);
}

/* --- finding functions -------------------------------------------------------------------- */

static void **function_of(struct libuv *uv, int i)
{
	return (void **)(void *)((char *)uv + names[i].offset);
}

/* Our own wrappers are found too, in the program's own scope. */
static void *find_real(void *handle, const char *name)
{
	void *function = dlsym(handle, name);
	struct libuv_module module, own;

	if (!function || !libuv_module_at((uintptr_t)function, &module) ||
		!libuv_module_at((uintptr_t)find_real, &own) || module.low == own.low)
		return NULL;
	return function;
}

/* Finds what is missing still. */
static void fill(struct table *table, void *handle)
{
	int i;

	for (i = 0; i < NAMES; i++)
		if (!*function_of(&table->uv, i))
			*function_of(&table->uv, i) = find_real(handle, names[i].name);
}

static void fill_from_module(struct table *table, const char *path)
{
	void *handle = path && *path ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;

	if (!handle)
		return;
	if (find_real(handle, "uv_run"))
		fill(table, handle);
	libc_real.dlclose(handle);
}

/* Walks over the modules by number, since nothing may be looked up during dl_iterate_phdr. */
struct visit {
	int number;
	char path[1024];
};

static int visit_path(struct dl_phdr_info *info, size_t size, void *user)
{
	struct visit *visit = user;

	(void)size;
	if (visit->number-- > 0)
		return 0;
	visit->path[0] = 0;
	if (info->dlpi_name && strlen(info->dlpi_name) < sizeof visit->path)
		strcpy(visit->path, info->dlpi_name);
	return 1;
}

static bool path_needs(const char *path, const char *library)
{
	struct link_map *map = *path ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	const struct libuv_module module = {.map = map};
	bool ret = map && libuv_module_needs(&module, library);

	if (map)
		libc_real.dlclose(map);
	return ret;
}

/*
 * A module that does not name the library it uses leaves that to whoever loads it; those that need
 * the module are asked, and then any.
 */
static void fill_from_others(struct table *table, const char *path)
{
	const char *library = strrchr(path, '/');
	int pass, number;

	library = library ? library + 1 : path;
	for (pass = 0; pass < 2; pass++)
		for (number = 0; !table->uv.run; number++) {
			struct visit visit = {.number = number};

			if (!dl_iterate_phdr(visit_path, &visit))
				break;
			if (pass == 1 || path_needs(visit.path, library))
				fill_from_module(table, visit.path);
		}
}

/* Notes where the functions are; those that are missing become absent ones. */
static void settle(struct table *table)
{
	int i, at;

	table->modules = 0;
	for (i = 0; i < NAMES; i++) {
		void **function = function_of(&table->uv, i);
		struct libuv_module module;

		if (!*function)
			*function = (void *)absent;
		else if (libuv_module_at((uintptr_t)*function, &module)) {
			for (at = 0; at < table->modules; at++)
				if (table->module[at].low == module.low)
					break;
			if (at < table->modules || at == TABLE_MODULES)
				continue;
			table->module[at] = module;
			table->text[at] = libuv_module_text(&module);
			table->modules++;
		}
	}
}

/* An equal table that is there already, or this one, which is then ready. */
static struct table *table_publish(struct table *table)
{
	int i;

	settle(table);
	for (i = 0; i < TABLES; i++)
		if (&tables[i] != table && atomic_load(&is_ready[i]) &&
			memcmp(&tables[i].uv, &table->uv, offsetof(struct libuv, number)) == 0)
			break;
	if (i == TABLES) {
		table->uv.number = (uint8_t)(table - tables + 1);
		atomic_store(&is_ready[table - tables], true);
		atomic_fetch_add(&tables_made, 1);
		libuv_raise_to(&tables_high, (int)(table - tables) + 1);
	}
	libuv_slot_give(&table->sequence);
	tables_count();
	return i == TABLES ? table : &tables[i];
}

static void table_drop(struct table *table)
{
	libuv_slot_give(&table->sequence);
}

/* What the global scope leads to; NULL when there is no libuv in it. */
static struct table *find_global(void)
{
	struct table *table = find_real(RTLD_NEXT, "uv_run") ? table_take() : NULL;

	if (!table)
		return NULL;
	memset(&table->uv, 0, sizeof table->uv);
	fill(table, RTLD_NEXT);
	table = table_publish(table);
	atomic_store(&libuv_global_table, table);
	return table;
}

bool libuv_table_lacks(const struct table *global, const struct libuv_module *module)
{
	int i;

	for (i = 0; i < NAMES; i++)
		if (*function_of((struct libuv *)&global->uv, i) == (void *)absent &&
			libuv_module_imports(module, names[i].name))
			return true;
	return false;
}

/* The modules, but ours, that have a libuv. */
struct carriers {
	struct libuv_module last;
	int count;
};

static int visit_carrier(struct dl_phdr_info *info, size_t size, void *user)
{
	struct libuv_module module, own;
	struct carriers *carriers = user;

	(void)size;
	if (libuv_module_of(info, &module) && libuv_module_has_run(&module) &&
		libuv_module_at((uintptr_t)visit_carrier, &own) && own.low != module.low) {
		carriers->last = module;
		carriers->count++;
	}
	return 0;
}

/*
 * Where one libuv is all that there is, its functions are what everybody is bound to. Found without
 * dlsym, whose lock may be held by a dlopen that waits, in a constructor, for the calling thread.
 */
static bool fill_from_only(struct table *table)
{
	struct carriers carriers = {.count = 0};
	int i;

	dl_iterate_phdr(visit_carrier, &carriers);
	if (carriers.count != 1)
		return false;
	for (i = 0; i < NAMES; i++)
		*function_of(&table->uv, i) = libuv_module_find(&carriers.last, names[i].name);
	return true;
}

struct table *libuv_table_for(const struct libuv_module *module)
{
	struct table *table;

	libc_resolve();
	table = table_take();
	if (!table)
		return NULL;
	memset(&table->uv, 0, sizeof table->uv);
	if (fill_from_only(table))
		return table_publish(table);
	fill(table, RTLD_NEXT);
	if (module && module->map->l_name) {
		fill_from_module(table, module->map->l_name);
		if (!table->uv.run)
			fill_from_others(table, module->map->l_name);
	}
	dlerror(); /* what we may have left there is not the program's */
	if (table->uv.run)
		return table_publish(table);
	table_drop(table);
	return NULL;
}

struct table *libuv_table_any(void)
{
	int i;

	for (i = 0; i < TABLES; i++)
		if (atomic_load(&is_ready[i]))
			return &tables[i];
	return NULL;
}

struct table *libuv_table_newest(void)
{
	struct carriers carriers = {.count = 0};
	int i, at;

	dl_iterate_phdr(visit_carrier, &carriers);
	if (!carriers.count)
		return NULL;
	for (i = 0; i < TABLES; i++)
		for (at = 0; atomic_load(&is_ready[i]) && at < tables[i].modules; at++)
			if (tables[i].module[at].low == carriers.last.low)
				return &tables[i];
	return libuv_table_for(&carriers.last);
}

const struct libuv *libuv_newest(void)
{
	struct table *table = atomic_load(&libuv_global_table);
	int saved = errno;

	if (!table)
		table = libuv_table_newest();
	if (!table)
		table = libuv_table_any();
	errno = saved;
	return table ? &table->uv : &libuv_nothing;
}

const struct libuv *libuv_numbered(unsigned number)
{
	if (number == 0 || number > TABLES || !atomic_load(&is_ready[number - 1]))
		return NULL;
	return &tables[number - 1].uv;
}

bool libuv_tables_hold(uintptr_t address)
{
	int high = atomic_load_explicit(&tables_high, memory_order_relaxed), i, at;

	for (i = 0; i < high; i++) {
		if (!atomic_load_explicit(&is_ready[i], memory_order_acquire))
			continue;
		for (at = 0; at < tables[i].modules; at++)
			if (libuv_lies_in(address, tables[i].text[at].low, tables[i].text[at].size))
				return true;
	}
	return false;
}

/* --- code that goes away and comes -------------------------------------------------------- */

static bool table_is_loaded(const struct table *table)
{
	int i;

	for (i = 0; i < table->modules; i++)
		if (!libuv_module_is_loaded(&table->module[i]))
			return false;
	return true;
}

bool libuv_table_is_ready(const struct table *table)
{
	return atomic_load(&is_ready[table - tables]);
}

void libuv_tables_forget(void)
{
	int i;

	for (i = 0; i < TABLES; i++) {
		struct table *table = &tables[i], *global = table;

		if (!atomic_load(&is_ready[i]) || !libuv_slot_take(&table->sequence))
			continue;
		if (!table_is_loaded(table)) {
			atomic_compare_exchange_strong(&libuv_global_table, &global, NULL);
			atomic_store(&is_ready[i], false);
		}
		libuv_slot_give(&table->sequence);
	}
	tables_count();
}

/* A libuv that the program is linked to is found before anything can call it. */
__attribute__((constructor(101))) static void find_linked(void)
{
	libc_resolve();
	find_global();
	dlerror();
}
