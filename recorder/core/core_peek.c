/* Words of a core's memory: see core_peek.h. Promises to read within the core only. */
#include "recorder/core/core_peek.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, PAGES = 256 };

struct page {
	uint64_t address;
	size_t size; /* of what is there; 0: nothing was read yet, or nothing is there */
	unsigned char bytes[PAGE];
};

struct core_peek {
	const struct core_modules *modules;
	struct page pages[PAGES];
};

struct core_peek *core_peek_create(const struct core_modules *modules)
{
	struct core_peek *peek = calloc(1, sizeof *peek);

	if (!peek)
		return NULL;
	peek->modules = modules;
	for (int i = 0; i < PAGES; i++)
		peek->pages[i].address = UINT64_MAX;
	return peek;
}

void core_peek_destroy(struct core_peek *peek)
{
	free(peek);
}

static const struct page *page_of(struct core_peek *peek, uint64_t address)
{
	struct page *page = &peek->pages[address / PAGE % PAGES];

	address &= ~(uint64_t)(PAGE - 1);
	if (page->address != address) {
		page->address = address;
		page->size = core_file_read(peek->modules->core, address, page->bytes, PAGE);
	}
	return page;
}

static bool core_peek_bytes(struct core_peek *peek, uint64_t address, void *ret, size_t size)
{
	const struct page *page = page_of(peek, address);
	uint64_t at = address % PAGE;

	if (size > PAGE)
		return false;
	if (at + size <= page->size) {
		memcpy(ret, page->bytes + at, size);
		return true;
	}
	/* Over the end of a page, or none: a segment may begin in the middle of one. */
	return core_file_read(peek->modules->core, address, ret, size) == size;
}

bool core_peek_word(struct core_peek *peek, uint64_t address, uint64_t *ret)
{
	return core_peek_bytes(peek, address, ret, sizeof *ret);
}

bool core_peek_int(struct core_peek *peek, uint64_t address, uint32_t *ret)
{
	return core_peek_bytes(peek, address, ret, sizeof *ret);
}

char *core_peek_text(struct core_peek *peek, uint64_t address)
{
	char *text = address ? malloc(PEEK_TEXT_MAX) : NULL;
	size_t length = 0;

	/* Not over the end of a page at once, where nothing may follow. */
	while (text && length < PEEK_TEXT_MAX) {
		size_t part = PAGE - (size_t)((address + length) % PAGE), end;

		if (part > PEEK_TEXT_MAX - length)
			part = PEEK_TEXT_MAX - length;
		part = core_modules_read(peek->modules, address + length, text + length, part);
		end = strnlen(text + length, part);
		if (end < part)
			return text;
		if (!part)
			break;
		length += part;
	}
	free(text);
	return NULL;
}

bool core_peek_is_code(const struct core_peek *peek, uint64_t address)
{
	const struct core_file *core = peek->modules->core;
	const struct core_segment *segment = core_file_segment(core, address);

	/* A core of gdb's leaves code out altogether. */
	return segment ? segment->is_executable : core_file_mapping(core, address) != NULL;
}
