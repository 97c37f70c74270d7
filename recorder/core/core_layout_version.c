/*
 * Which version of libuv a module contains: see core_layout_internal.h. Read from the code of
 * uv_version(), which returns a constant, and of uv_version_string(), which must agree. Promises 0
 * where they are not the few instructions that compilers make of that.
 */
#include "recorder/core/core_layout_internal.h"

#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <string.h>

enum { CODE_MAX = 24, TEXT_MAX = 32 };

struct functions {
	uint64_t run, version, version_string; /* addresses; 0: not known */
};

static struct functions find_functions(const struct core *core, const struct core_module *module)
{
	Dwfl_Module *dwfl = core_unwind_module(core->unwind, module->start);
	int count = dwfl ? dwfl_module_getsymtab(dwfl) : 0;
	struct functions ret = {0};

	for (int i = 1; i < count; i++) {
		GElf_Sym symbol;
		GElf_Addr address;
		GElf_Word section;
		const char *name =
			dwfl_module_getsym_info(dwfl, i, &symbol, &address, &section, NULL, NULL);

		if (!name || strncmp(name, "uv_", 3) != 0 || section == SHN_UNDEF ||
			GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
			continue;
		if (!strcmp(name, "uv_run"))
			ret.run = address;
		else if (!strcmp(name, "uv_version"))
			ret.version = address;
		else if (!strcmp(name, "uv_version_string"))
			ret.version_string = address;
	}
	return ret;
}

bool core_libuv_is_in(const struct core *core, const struct core_module *module)
{
	return find_functions(core, module).run != 0;
}

static bool begins(const unsigned char *code, size_t left, const char *bytes, size_t count)
{
	return left >= count && !memcmp(code, bytes, count);
}

/* The offset of what does the work: behind a landing pad and the set-up of a frame. */
static size_t skip_entry(const unsigned char *code, size_t size)
{
	size_t at = 0;

	if (begins(code, size, "\xf3\x0f\x1e\xfa", 4))
		at += 4;
	if (begins(code + at, size - at, "\x55\x48\x89\xe5", 4))
		at += 4;
	return at;
}

/* Whether nothing but the return follows. */
static bool ends(const unsigned char *code, size_t left)
{
	return begins(code, left, "\xc3", 1) || begins(code, left, "\x5d\xc3", 2);
}

/* `mov $number, %eax` and a return. */
static uint32_t number_of(const unsigned char *code, size_t size)
{
	size_t at = skip_entry(code, size);
	uint32_t number;

	if (!begins(code + at, size - at, "\xb8", 1) || at + 5 > size ||
		!ends(code + at + 5, size - at - 5))
		return 0;
	memcpy(&number, code + at + 1, sizeof number);
	return number;
}

/* `lea place(%rip), %rax` and a return, or with `mov` where addresses are fixed. */
static uint64_t place_of(const unsigned char *code, size_t size, uint64_t address)
{
	size_t at = skip_entry(code, size);
	int32_t distance;

	if (number_of(code, size))
		return number_of(code, size);
	if (!begins(code + at, size - at, "\x48\x8d\x05", 3) || at + 7 > size ||
		!ends(code + at + 7, size - at - 7))
		return 0;
	memcpy(&distance, code + at + 3, sizeof distance);
	return address + at + 7 + (uint64_t)(int64_t)distance;
}

uint32_t core_layout_version(const struct core *core, const struct core_module *module)
{
	struct functions functions = find_functions(core, module);
	unsigned char code[CODE_MAX];
	char text[TEXT_MAX + 1] = "", expected[TEXT_MAX];
	uint32_t version = 0;
	uint64_t place = 0;
	size_t size;

	if (functions.version) {
		size = core_modules_read(&core->modules, functions.version, code, sizeof code);
		version = number_of(code, size);
	}
	if (!version || !functions.version_string)
		return version;
	size = core_modules_read(&core->modules, functions.version_string, code, sizeof code);
	place = place_of(code, size, functions.version_string);
	if (!place || core_modules_read(&core->modules, place, text, TEXT_MAX) != TEXT_MAX)
		return version;
	snprintf(expected, sizeof expected, "%u.%u.%u", version >> 16, version >> 8 & 255,
		version & 255);
	size = strlen(expected);
	return !strncmp(text, expected, size) && (!text[size] || text[size] == '-') ? version : 0;
}
