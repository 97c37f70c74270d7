/*
 * Addresses to names and lines: one libdwfl session for each file, kept with its tables. DWARF is
 * asked first, ELF symbols for what it does not say. A file that is not the one which was recorded
 * is never used: saying nothing is better than naming the wrong function.
 *
 * Each file has its own Dwfl and stands at bias 0 in it, so that addresses are the file's own.
 */
#include "recorder/symbols/symbols.h"

#include "recorder/symbols/demangle.h"
#include "recorder/symbols/elf_names.h"
#include "recorder/symbols/scopes.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	BUILD_ID_MAX = 64,
	LINES_MAX = 65, /* of one address: as many as scopes_lookup can find */
};

struct module {
	struct module *next;
	char *path;
	unsigned char build_id[BUILD_ID_MAX];
	size_t build_id_size;

	Dwfl *dwfl; /* NULL: there is no such file, or it is another one */
	Dwfl_Module *file;
	struct scopes *scopes; /* NULL: no DWARF */
	Dwarf_Addr dwarf_bias; /* subtract it to get the DWARF file's addresses */
	struct elf_names *elf_names;
	bool elf_names_sought;
};

struct symbols {
	struct module *modules; /* the one asked last at the front */
	char *names[LINES_MAX]; /* made for the last look-up */
	size_t name_count;
};

static char *debug_path; /* NULL: libdwfl's standard places */

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.debuginfo_path = &debug_path,
};

int symbols_create(struct symbols **ret, struct error *err)
{
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : error_set(err, "out of memory for symbols");
}

static void forget_strings(struct symbols *symbols)
{
	while (symbols->name_count)
		free(symbols->names[--symbols->name_count]);
}

static void module_destroy(struct module *module)
{
	elf_names_destroy(module->elf_names);
	scopes_destroy(module->scopes);
	if (module->dwfl)
		dwfl_end(module->dwfl);
	free(module->path);
	free(module);
}

void symbols_destroy(struct symbols *symbols)
{
	if (!symbols)
		return;
	forget_strings(symbols);
	while (symbols->modules) {
		struct module *next = symbols->modules->next;

		module_destroy(symbols->modules);
		symbols->modules = next;
	}
	free(symbols);
}

static bool same_build_id(const struct module *module)
{
	const unsigned char *found;
	GElf_Addr address;
	int size = dwfl_module_build_id(module->file, &found, &address);

	if (size < 0)
		size = 0;
	return (size_t)size == module->build_id_size &&
	       (!size || !memcmp(found, module->build_id, (size_t)size));
}

/* Makes `path` the module's file if it is the one that was recorded. */
static bool open_file(struct module *module, const char *path)
{
	/* Not to be held up by a FIFO or a terminal that stands there now. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	Dwarf_Addr bias;

	if (fd < 0)
		return false;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		goto close_fd;
	module->dwfl = dwfl_begin(&callbacks);
	if (!module->dwfl)
		goto close_fd;
	dwfl_report_begin(module->dwfl);
	module->file = dwfl_report_elf(module->dwfl, path, path, fd, 0, true);
	if (!module->file)
		goto end_dwfl;
	fd = -1; /* libdwfl's now */
	dwfl_report_end(module->dwfl, NULL, NULL);
	if (dwfl_module_getelf(module->file, &bias) && bias == 0 && same_build_id(module))
		return true;
end_dwfl:
	dwfl_end(module->dwfl);
	module->dwfl = NULL;
	module->file = NULL;
close_fd:
	if (fd >= 0)
		close(fd);
	return false;
}

/*
 * When the file itself is gone or replaced, its separate debug file still has everything: the same
 * program headers, symbols, and DWARF.
 */
static bool open_debug_file(struct module *module)
{
	char path[64 + 2 * BUILD_ID_MAX] = "/usr/lib/debug/.build-id/";
	size_t length = strlen(path);

	if (module->build_id_size < 3)
		return false;
	for (size_t i = 0; i < module->build_id_size; i++)
		length += (size_t)snprintf(path + length, sizeof path - length,
			i == 0 ? "%02x/" : "%02x", module->build_id[i]);
	snprintf(path + length, sizeof path - length, ".debug");
	return open_file(module, path);
}

/* Where the file has code. */
static void find_text(Elf *elf, uint64_t *start, uint64_t *end)
{
	size_t count;

	*start = UINT64_MAX;
	*end = 0;
	if (elf_getphdrnum(elf, &count) != 0)
		return;
	for (size_t i = 0; i < count && i < 1000; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD ||
			!(header.p_flags & PF_X) ||
			header.p_vaddr + header.p_memsz < header.p_vaddr)
			continue;
		if (header.p_vaddr < *start)
			*start = header.p_vaddr;
		if (header.p_vaddr + header.p_memsz > *end)
			*end = header.p_vaddr + header.p_memsz;
	}
}

static void open_dwarf(struct module *module)
{
	uint64_t start, end;
	Dwarf_Addr elf_bias;
	Elf *elf = dwfl_module_getelf(module->file, &elf_bias);
	Dwarf *dwarf;

	if (!elf)
		return;
	find_text(elf, &start, &end);
	dwarf = dwfl_module_getdwarf(module->file, &module->dwarf_bias);
	if (dwarf && start < end)
		module->scopes =
			scopes_create(dwarf, start - module->dwarf_bias, end - module->dwarf_bias);
}

static struct module *module_create(
	const char *path, const unsigned char *build_id, size_t build_id_size)
{
	struct module *module = calloc(1, sizeof *module);

	if (!module)
		return NULL;
	module->path = strdup(path);
	if (!module->path) {
		free(module);
		return NULL;
	}
	module->build_id_size = build_id_size;
	if (build_id_size)
		memcpy(module->build_id, build_id, build_id_size);
	if (open_file(module, path) || open_debug_file(module))
		open_dwarf(module);
	return module;
}

static struct module *find_module(struct symbols *symbols, const char *path,
	const unsigned char *build_id, size_t build_id_size)
{
	struct module *module;

	for (struct module **link = &symbols->modules; (module = *link); link = &module->next) {
		if (module->build_id_size != build_id_size || strcmp(module->path, path) ||
			(build_id_size && memcmp(module->build_id, build_id, build_id_size)))
			continue;
		*link = module->next;
		break;
	}
	if (!module)
		module = module_create(path, build_id, build_id_size);
	if (module) {
		module->next = symbols->modules;
		symbols->modules = module;
	}
	return module;
}

static const char *readable_name(
	struct symbols *symbols, const char *linkage_name, const char *name)
{
	char *demangled = NULL;

	if (linkage_name && symbols->name_count < LINES_MAX)
		demangled = demangle(linkage_name);
	if (demangled)
		return symbols->names[symbols->name_count++] = demangled;
	return name ? name : linkage_name;
}

/*
 * How much of an ELF symbol is the function's name: without the version of an interface ("@…") and
 * without what compilers add for the pieces and copies that they make of a function (".part.0").
 */
static size_t name_length(const char *name)
{
	static const char *const additions[] = {
		".cold", ".part", ".isra", ".constprop", ".lto_priv", ".llvm"};
	size_t length = strcspn(name, "@");

	for (size_t i = 0; i < sizeof additions / sizeof *additions; i++) {
		const char *at = strstr(name, additions[i]);
		const char *end = at ? at + strlen(additions[i]) : NULL;

		if (at && at > name && (*end == '.' || !*end || *end == '@') &&
			(size_t)(at - name) < length)
			length = (size_t)(at - name);
	}
	return length;
}

/* The function at `address` by ELF symbol. */
static const char *elf_name(struct symbols *symbols, struct module *module, uint64_t address)
{
	const char *name;
	char *base, *demangled;

	if (!module->elf_names_sought) {
		module->elf_names_sought = true;
		module->elf_names = elf_names_create(module->file);
	}
	name = elf_names_lookup(module->elf_names, address);
	if (!name || symbols->name_count == LINES_MAX)
		return name;
	base = strndup(name, name_length(name));
	if (!base)
		return name;
	demangled = demangle(base);
	if (demangled)
		free(base);
	return symbols->names[symbols->name_count++] = demangled ? demangled : base;
}

int symbols_lookup(struct symbols *symbols, const char *module_path, const unsigned char *build_id,
	size_t build_id_size, uint64_t elf_address, struct symbols_line *lines, size_t max)
{
	struct scope scopes[LINES_MAX];
	struct module *module;
	size_t count = 0;

	forget_strings(symbols);
	if (!max || build_id_size > BUILD_ID_MAX)
		return 0;
	module = find_module(symbols, module_path, build_id, build_id_size);
	if (!module || !module->dwfl)
		return 0;
	if (module->scopes)
		count = scopes_lookup(module->scopes, elf_address - module->dwarf_bias, scopes,
			max < LINES_MAX ? max : LINES_MAX);
	for (size_t i = 0; i < count; i++)
		lines[i] = (struct symbols_line){
			.function = readable_name(symbols, scopes[i].linkage_name, scopes[i].name),
			.file = scopes[i].file,
			.directory = scopes[i].directory,
			.line = scopes[i].line,
			.column = scopes[i].column,
			.inlined = scopes[i].inlined,
		};
	if (count == 0) {
		const char *name = elf_name(symbols, module, elf_address);

		if (!name)
			return 0;
		lines[0] = (struct symbols_line){.function = name};
		return 1;
	}
	if (!lines[count - 1].function)
		lines[count - 1].function = elf_name(symbols, module, elf_address);
	return (int)count;
}
