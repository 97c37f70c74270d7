/*
 * Looks for libuv in a file: by its symbols, and where those were stripped by the words of one of
 * its errors. The file is not trusted.
 */
#include "recorder/launch/carried.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <unistd.h>

enum { SYMBOLS_MAX = 4 << 20 };

/* What the symbols of a file say. */
struct symbols {
	bool are_there;	   /* there is a table of all of them */
	bool is_defined;   /* uv_run is in the file … */
	bool is_exported;  /* … for others to use … */
	bool is_bound;	   /* … and the loader binds the file's own calls of libuv */
	bool has_others;   /* other functions are exported as well */
	bool is_imported;  /* it comes from elsewhere */
	Elf_Data *dynamic; /* the table of what is exported and imported */
	size_t dynamic_names;
};

static bool is_function(const GElf_Sym *symbol)
{
	return GELF_ST_TYPE(symbol->st_info) == STT_FUNC ||
	       GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE;
}

static void read_symbol(
	struct symbols *ret, const GElf_Sym *symbol, const char *name, bool is_dynamic)
{
	bool is_run = !strcmp(name, "uv_run");

	if (symbol->st_shndx == SHN_UNDEF) {
		ret->is_imported |= is_run;
		return;
	}
	ret->is_defined |= is_run;
	ret->is_exported |= is_run && is_dynamic;
	ret->has_others |= is_dynamic && GELF_ST_TYPE(symbol->st_info) == STT_FUNC &&
			   strncmp(name, "uv_", 3) != 0;
}

static void read_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct symbols *ret)
{
	Elf_Data *data = elf_getdata(section, NULL);
	bool is_dynamic = header->sh_type == SHT_DYNSYM;
	uint64_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Sym symbol;

	for (int i = 1; data && (uint64_t)i < count && i < SYMBOLS_MAX; i++) {
		const char *name;

		if (!gelf_getsym(data, i, &symbol) || !is_function(&symbol))
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name)
			read_symbol(ret, &symbol, name, is_dynamic);
	}
	if (is_dynamic) {
		ret->dynamic = data;
		ret->dynamic_names = header->sh_link;
	} else {
		ret->are_there = true;
	}
}

/* Looks for a function of libuv among the places that the loader fills, which is also in the file.
 */
static void read_relocations(
	Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct symbols *symbols)
{
	Elf_Data *data = elf_getdata(section, NULL);
	uint64_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
	GElf_Rela relocation;
	GElf_Sym symbol;

	for (int i = 0; data && (uint64_t)i < count && i < SYMBOLS_MAX && !symbols->is_bound; i++) {
		const char *name;

		if (!gelf_getrela(data, i, &relocation) || !GELF_R_SYM(relocation.r_info) ||
			!gelf_getsym(
				symbols->dynamic, (int)GELF_R_SYM(relocation.r_info), &symbol) ||
			symbol.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, symbols->dynamic_names, symbol.st_name);
		symbols->is_bound = name && !strncmp(name, "uv_", 3);
	}
}

/* Calls `read` with each section of either type. */
static void each_section(Elf *elf, GElf_Word type, GElf_Word other_type, struct symbols *symbols,
	void (*read)(Elf *, Elf_Scn *, const GElf_Shdr *, struct symbols *))
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) &&
			(header.sh_type == type || header.sh_type == other_type))
			read(elf, section, &header, symbols);
}

static bool has_interpreter(Elf *elf)
{
	size_t count;

	if (elf_getphdrnum(elf, &count) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr header;

		if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_INTERP)
			return true;
	}
	return false;
}

static bool has_words(Elf *elf)
{
	static const char words[] = "resolved protocol is unknown";
	size_t size;
	const char *bytes = elf_rawfile(elf, &size);

	return bytes && memmem(bytes, size, words, sizeof words);
}

static enum carried look(Elf *elf, bool look_for_words)
{
	struct symbols symbols = {0};

	each_section(elf, SHT_DYNSYM, SHT_SYMTAB, &symbols, read_symbols);
	if (symbols.is_defined && !symbols.is_exported)
		return CARRIED_HIDDEN;
	if (symbols.is_defined && has_interpreter(elf))
		return CARRIED_EXPORTED;
	if (symbols.is_defined) {
		each_section(elf, SHT_RELA, SHT_RELA, &symbols, read_relocations);
		return symbols.has_others && !symbols.is_bound ? CARRIED_HIDDEN : CARRIED_LIBRARY;
	}
	if (look_for_words && !symbols.are_there && !symbols.is_imported && has_words(elf))
		return CARRIED_PERHAPS;
	return CARRIED_NOT;
}

enum carried carried_find(const char *path, bool look_for_words)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum carried ret = CARRIED_NOT;
	Elf *elf;

	if (fd < 0)
		return CARRIED_NOT;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		ret = look(elf, look_for_words);
	elf_end(elf);
	close(fd);
	return ret;
}
