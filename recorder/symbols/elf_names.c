/*
 * Functions by ELF symbol. A symbol is believed only as far as its size says, or, for hand-written
 * assembly that gives none, up to the next symbol or its section's end: in a stripped library the
 * code between two exported functions belongs to neither.
 */
#include "recorder/symbols/elf_names.h"

#include "recorder/symbols/ranges.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

struct elf_names {
	struct ranges sized, unsized; /* values are positions in `strings` */
	const char **strings;
	size_t count;
};

/* A symbol without a size: it reaches to `limit` at most. */
struct unsized {
	uint64_t start, limit;
	uint32_t value;
};

/*
 * Of several names for one place the one that a person wrote in a call: with the fewest leading
 * underscores, and then rather global than weak or local.
 */
static uint32_t name_rank(const char *name, const GElf_Sym *symbol)
{
	uint32_t underscores = (uint32_t)strspn(name, "_");
	uint32_t binding = GELF_ST_BIND(symbol->st_info) == STB_GLOBAL ? 2
			   : GELF_ST_BIND(symbol->st_info) == STB_WEAK ? 1
								       : 0;

	/* The leading underscore of a mangled name is none of those. */
	if (!strncmp(name, "_Z", 2))
		underscores = 0;
	return (underscores < 16 ? 16 - underscores : 0) * 4 + binding;
}

/* Marks of ARM and RISC-V that tell code from data, and assembler's local labels. */
static bool is_label(const char *name)
{
	return !name[0] || name[0] == '$' || !strncmp(name, ".L", 2);
}

static uint64_t section_end(Elf *elf, GElf_Word index, uint64_t bias)
{
	GElf_Shdr header;
	Elf_Scn *section = index < SHN_LORESERVE ? elf_getscn(elf, index) : NULL;

	if (!section || !gelf_getshdr(section, &header) || !(header.sh_flags & SHF_EXECINSTR))
		return 0;
	return header.sh_addr + header.sh_size + bias;
}

/* The first place after `start` where another symbol begins, or `limit`. */
static uint64_t next_start(const struct ranges *starts, uint64_t start, uint64_t limit)
{
	size_t low = 0, high = starts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (starts->items[middle].start <= start)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < starts->count && starts->items[low].start < limit)
		return starts->items[low].start;
	return limit;
}

static bool add_unsized(struct elf_names *names, const struct unsized *list, size_t count)
{
	struct ranges starts = {0};
	bool ok = true;

	for (size_t i = 0; ok && i < names->sized.count; i++)
		ok = ranges_add(&starts, names->sized.items[i].start,
			names->sized.items[i].start + 1, 0, 0);
	for (size_t i = 0; ok && i < count; i++)
		ok = ranges_add(&starts, list[i].start, list[i].start + 1, 0, 0);
	if (ok)
		ranges_sort(&starts);
	for (size_t i = 0; ok && i < count; i++)
		ok = ranges_add(&names->unsized, list[i].start,
			next_start(&starts, list[i].start, list[i].limit), list[i].value, 0);
	ranges_deinit(&starts);
	return ok;
}

struct elf_names *elf_names_create(Dwfl_Module *module)
{
	int total = dwfl_module_getsymtab(module);
	struct elf_names *names;
	struct unsized *unsized;
	size_t unsized_count = 0;

	if (total <= 0)
		return NULL;
	names = calloc(1, sizeof *names);
	unsized = calloc((size_t)total, sizeof *unsized);
	if (!names || !unsized)
		goto fail;
	names->strings = calloc((size_t)total, sizeof *names->strings);
	if (!names->strings)
		goto fail;
	for (int i = 1; i < total; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		GElf_Word section;
		Elf *elf;
		Dwarf_Addr bias;
		const char *name = dwfl_module_getsym_info(
			module, i, &symbol, &address, &section, &elf, &bias);
		int type = GELF_ST_TYPE(symbol.st_info);
		uint64_t limit;

		if (!name || is_label(name) || symbol.st_shndx == SHN_UNDEF)
			continue;
		if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
			continue;
		if (type != STT_NOTYPE && symbol.st_size) {
			if (!ranges_add(&names->sized, address, address + symbol.st_size,
				    (uint32_t)names->count, name_rank(name, &symbol)))
				goto fail;
		} else {
			limit = elf ? section_end(elf, section, bias) : 0;
			if (limit <= address)
				continue;
			unsized[unsized_count++] =
				(struct unsized){address, limit, (uint32_t)names->count};
		}
		names->strings[names->count++] = name;
	}
	if (!add_unsized(names, unsized, unsized_count))
		goto fail;
	ranges_sort(&names->sized);
	ranges_sort(&names->unsized);
	free(unsized);
	return names;
fail:
	free(unsized);
	elf_names_destroy(names);
	return NULL;
}

void elf_names_destroy(struct elf_names *names)
{
	if (!names)
		return;
	ranges_deinit(&names->sized);
	ranges_deinit(&names->unsized);
	free(names->strings);
	free(names);
}

const char *elf_names_lookup(const struct elf_names *names, uint64_t address)
{
	const struct range *range;

	if (!names)
		return NULL;
	range = ranges_find(&names->sized, address);
	if (!range)
		range = ranges_find(&names->unsized, address);
	return range ? names->strings[range->value] : NULL;
}
