/*
 * Reads what the loader reads of a module: see libuv_module.h. Trusts the module as the loader
 * does, which has bound it by the same tables.
 */
#include "recorder/hooks/libuv_module.h"

#include <dlfcn.h>
#include <string.h>

/*
 * Static functions at the edges of libuv's code have no symbols here: how far they may reach beyond
 * the functions that have one.
 */
enum { NEAR_BYTES = 32768 };

struct dynamic {
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *hash, *gnu_hash;
	const ElfW(Rela) * relocations[2]; /* of the procedure linkage table, and others */
	size_t relocations_size[2];
};

/* A name that a module imports, and where the address that it is bound to is kept. */
struct libuv_import {
	const char *name;
	uintptr_t place;
};

static bool dynamic_read(const struct link_map *map, struct dynamic *ret)
{
	const ElfW(Dyn) * entry;

	memset(ret, 0, sizeof *ret);
	for (entry = map->l_ld; entry && entry->d_tag != DT_NULL; entry++) {
		uintptr_t address = entry->d_un.d_ptr;

		/* The loader has put addresses in the place of offsets, but in read-only ones. */
		if (address < map->l_addr)
			address += map->l_addr;
		switch (entry->d_tag) {
		case DT_SYMTAB:
			ret->symbols = (const void *)address;
			break;
		case DT_STRTAB:
			ret->strings = (const void *)address;
			break;
		case DT_HASH:
			ret->hash = (const void *)address;
			break;
		case DT_GNU_HASH:
			ret->gnu_hash = (const void *)address;
			break;
		case DT_JMPREL:
			ret->relocations[0] = (const void *)address;
			break;
		case DT_PLTRELSZ:
			ret->relocations_size[0] = entry->d_un.d_val;
			break;
		case DT_RELA:
			ret->relocations[1] = (const void *)address;
			break;
		case DT_RELASZ:
			ret->relocations_size[1] = entry->d_un.d_val;
			break;
		default:
			break;
		}
	}
	return ret->symbols && ret->strings;
}

/* The number of symbols stands nowhere: the last one is in the last chain of the hash table. */
static uint32_t symbol_count(const struct dynamic *dynamic)
{
	const uint32_t *hash = dynamic->gnu_hash, *buckets, *chains;
	uint32_t last = 0, i;

	if (!hash)
		return dynamic->hash ? dynamic->hash[1] : 0;
	buckets = hash + 4 + hash[2] * (sizeof(ElfW(Addr)) / sizeof *hash);
	chains = buckets + hash[0];
	for (i = 0; i < hash[0]; i++)
		if (buckets[i] > last)
			last = buckets[i];
	/* Imports alone are not in the table; they come before the others. */
	if (last < hash[1])
		return hash[1];
	while (!(chains[last - hash[1]] & 1))
		last++;
	return last + 1;
}

static const char *name_of(const struct dynamic *dynamic, const ElfW(Sym) * symbol)
{
	return dynamic->strings + symbol->st_name;
}

static bool is_function(const ElfW(Sym) * symbol)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	return type == STT_FUNC || type == STT_GNU_IFUNC;
}

/* Two modules of the same path are one file; its address and size are compared besides. */
static uint64_t identity_of(const struct link_map *map)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ (uintptr_t)map->l_ld;
	const char *at;

	for (at = map->l_name; at && *at; at++)
		hash = (hash ^ (unsigned char)*at) * 0x100000001b3ull;
	return hash;
}

bool libuv_module_at(uintptr_t address, struct libuv_module *ret)
{
	struct dl_find_object object;

	if (_dl_find_object((void *)address, &object) != 0 || !object.dlfo_link_map)
		return false;
	*ret = (struct libuv_module){
		.low = (uintptr_t)object.dlfo_map_start,
		.high = (uintptr_t)object.dlfo_map_end,
		.identity = identity_of(object.dlfo_link_map),
		.map = object.dlfo_link_map,
	};
	return true;
}

bool libuv_module_is_loaded(const struct libuv_module *module)
{
	struct libuv_module now;

	return libuv_module_at(module->low, &now) && now.low == module->low &&
	       now.high == module->high && now.identity == module->identity;
}

bool libuv_module_of(const struct dl_phdr_info *info, struct libuv_module *ret)
{
	int i;

	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			return libuv_module_at(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, ret);
	return false;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

/* As the loader looks a name up, because it is quick: any program may be asked this at its end. */
void *libuv_module_find(const struct libuv_module *module, const char *name)
{
	const uint32_t wanted = hash_of(name), *hash, *buckets, *chains;
	struct dynamic dynamic;
	uint32_t i;

	if (!dynamic_read(module->map, &dynamic) || !dynamic.gnu_hash || !dynamic.gnu_hash[0])
		return NULL;
	hash = dynamic.gnu_hash;
	buckets = hash + 4 + hash[2] * (sizeof(ElfW(Addr)) / sizeof *hash);
	chains = buckets + hash[0];
	for (i = buckets[wanted % hash[0]]; i >= hash[1]; i++) {
		if ((chains[i - hash[1]] | 1) == (wanted | 1) &&
			strcmp(name_of(&dynamic, &dynamic.symbols[i]), name) == 0)
			return (void *)(module->map->l_addr + dynamic.symbols[i].st_value);
		if (chains[i - hash[1]] & 1)
			break;
	}
	return NULL;
}

bool libuv_module_has_run(const struct libuv_module *module)
{
	return libuv_module_find(module, "uv_run") != NULL;
}

/* What of [low, high) is libuv's, when functions of it lie in [first, last). */
static struct libuv_text text_around(
	const struct libuv_module *module, uintptr_t first, uintptr_t last)
{
	uintptr_t low = first - module->low > NEAR_BYTES ? first - NEAR_BYTES : module->low;
	uintptr_t high = module->high - last > NEAR_BYTES ? last + NEAR_BYTES : module->high;

	return (struct libuv_text){first, last - first, low, high - low};
}

struct libuv_text libuv_module_text(const struct libuv_module *module)
{
	uintptr_t first = UINTPTR_MAX, last = 0;
	bool has_run = false, has_others = false;
	struct dynamic dynamic;
	uint32_t count, i;

	if (!dynamic_read(module->map, &dynamic))
		return (struct libuv_text){0};
	count = symbol_count(&dynamic);
	for (i = 1; i < count; i++) {
		const ElfW(Sym) *symbol = &dynamic.symbols[i];
		const char *name = name_of(&dynamic, symbol);
		uintptr_t begin = module->map->l_addr + symbol->st_value;

		if (symbol->st_shndx == SHN_UNDEF || !symbol->st_value || !is_function(symbol))
			continue;
		if (strncmp(name, "uv_", 3) != 0) {
			has_others |= strcmp(name, "_init") != 0 && strcmp(name, "_fini") != 0;
			continue;
		}
		has_run |= strcmp(name, "uv_run") == 0;
		if (begin < first)
			first = begin;
		if (begin + symbol->st_size > last)
			last = begin + symbol->st_size;
	}
	if (!has_run || first < module->low || last > module->high || first >= last)
		return (struct libuv_text){0};
	/* What exports nothing else is a libuv and nothing else. */
	if (!has_others)
		return (struct libuv_text){module->low, module->high - module->low, 0, 0};
	return text_around(module, first, last);
}

bool libuv_module_needs(const struct libuv_module *module, const char *library)
{
	const ElfW(Dyn) * entry;
	struct dynamic dynamic;

	if (!dynamic_read(module->map, &dynamic))
		return false;
	for (entry = module->map->l_ld; entry->d_tag != DT_NULL; entry++)
		if (entry->d_tag == DT_NEEDED &&
			strcmp(dynamic.strings + entry->d_un.d_val, library) == 0)
			return true;
	return false;
}

/*
 * Calls `visit` with each import of the module that has a place of its own to be bound in, until it
 * returns true. (Imports are found by that: the hash table tells of exports alone.) `with_own` also
 * with what is in the module itself, where the loader may bind it to something else.
 */
static bool visit_imports(const struct libuv_module *module, bool with_own,
	bool (*visit)(const struct libuv_import *import, const void *user), const void *user)
{
	struct dynamic dynamic;
	size_t i;
	int part;

	if (!dynamic_read(module->map, &dynamic))
		return false;
	for (part = 0; part < 2; part++) {
		const ElfW(Rela) *relocation = dynamic.relocations[part];

		for (i = 0; i < dynamic.relocations_size[part] / sizeof *relocation; i++) {
			uint64_t number = ELF64_R_SYM(relocation[i].r_info);
			const ElfW(Sym) *symbol = &dynamic.symbols[number];
			struct libuv_import import = {name_of(&dynamic, symbol),
				module->map->l_addr + relocation[i].r_offset};

			if (number != 0 && (with_own || symbol->st_shndx == SHN_UNDEF) &&
				visit(&import, user))
				return true;
		}
	}
	return false;
}

static bool is_named(const struct libuv_import *import, const void *user)
{
	return strcmp(import->name, user) == 0;
}

bool libuv_module_imports(const struct libuv_module *module, const char *name)
{
	return visit_imports(module, false, is_named, name);
}

struct wrapped {
	bool (*is_wrapped)(const char *name);
};

static bool is_of_libuv(const struct libuv_import *import, const void *user)
{
	const struct wrapped *wrapped = user;

	return strncmp(import->name, "uv_", 3) == 0 && wrapped->is_wrapped(import->name);
}

bool libuv_module_calls(const struct libuv_module *module, bool (*is_wrapped)(const char *name))
{
	const struct wrapped wrapped = {is_wrapped};

	return visit_imports(module, true, is_of_libuv, &wrapped);
}

struct bypass {
	const struct libuv_module *module, *own;
	bool (*is_wrapped)(const char *name);
};

static bool is_bypass(const struct libuv_import *import, const void *user)
{
	const struct bypass *bypass = user;
	struct libuv_module target;

	if (strncmp(import->name, "uv_", 3) != 0 || !bypass->is_wrapped(import->name) ||
		import->place - bypass->module->low >
			bypass->module->high - bypass->module->low - sizeof(uintptr_t))
		return false;
	/* Where it was never called it leads to the module's own stub still. */
	return libuv_module_at(*(const uintptr_t *)import->place, &target) &&
	       target.low != bypass->own->low && target.low != bypass->module->low;
}

bool libuv_module_bypasses(const struct libuv_module *module, const struct libuv_module *own,
	bool (*is_wrapped)(const char *name))
{
	const struct bypass bypass = {module, own, is_wrapped};

	return module->low != own->low && visit_imports(module, false, is_bypass, &bypass);
}
