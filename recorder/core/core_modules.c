/*
 * Modules of a core: see core_modules.h. The kernel dumps the first page of each mapped ELF file
 * (bit 4 of coredump_filter), which has its program headers and, as linkers lay it out, its build
 * ID.
 */
#include "recorder/core/core_modules.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MODULES_MAX = 8192,
	HEADERS_MAX = 64,
	NOTES_MAX = 4096,
	SECTIONS_MAX = 4096,
	SEGMENTS_MAX = 64 /* of a module, before its code */
};

/* An ELF file's bytes: those of a file, or those that the core has of it in memory. */
struct image {
	int fd; /* -1: in memory */
	const struct core_file *core;
	uint64_t start;
};

/* At `offset` of the file; in memory the first mapping begins with offset 0. */
static bool image_read(const struct image *image, void *buffer, size_t size, uint64_t offset)
{
	if (image->fd >= 0)
		return core_file_read_at(image->fd, buffer, size, offset);
	return offset < 1u << 30 &&
	       core_file_read(image->core, image->start + offset, buffer, size) == size;
}

struct headers {
	Elf64_Ehdr elf;
	Elf64_Phdr program[HEADERS_MAX];
};

static bool read_headers(const struct image *image, struct headers *ret)
{
	return image_read(image, &ret->elf, sizeof ret->elf, 0) &&
	       !memcmp(ret->elf.e_ident, ELFMAG, SELFMAG) &&
	       ret->elf.e_ident[EI_CLASS] == ELFCLASS64 &&
	       ret->elf.e_phentsize == sizeof ret->program[0] && ret->elf.e_phnum <= HEADERS_MAX &&
	       image_read(image, ret->program, ret->elf.e_phnum * sizeof ret->program[0],
		       ret->elf.e_phoff);
}

/* The address that the file's first byte has in its own numbering. */
static bool find_base(const struct headers *headers, uint64_t *ret)
{
	for (int i = 0; i < headers->elf.e_phnum; i++) {
		const Elf64_Phdr *load = &headers->program[i];

		if (load->p_type != PT_LOAD || load->p_offset >= 4096)
			continue;
		*ret = load->p_vaddr - load->p_offset;
		return true;
	}
	return false;
}

static size_t parse_build_id(
	const unsigned char *bytes, size_t size, unsigned char ret[CORE_BUILD_ID_MAX])
{
	size_t at = 0;

	while (at + sizeof(Elf64_Nhdr) <= size) {
		Elf64_Nhdr note;
		size_t name = at + sizeof note, text;

		memcpy(&note, bytes + at, sizeof note);
		text = name + (((size_t)note.n_namesz + 3) & ~(size_t)3);
		if (text > size || note.n_descsz > size - text)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			!memcmp(bytes + name, "GNU", 4) && note.n_descsz <= CORE_BUILD_ID_MAX) {
			memcpy(ret, bytes + text, note.n_descsz);
			return note.n_descsz;
		}
		at = text + (((size_t)note.n_descsz + 3) & ~(size_t)3);
	}
	return 0;
}

static size_t find_build_id(const struct image *image, const struct headers *headers,
	unsigned char ret[CORE_BUILD_ID_MAX])
{
	unsigned char bytes[NOTES_MAX];
	size_t found = 0;

	for (int i = 0; i < headers->elf.e_phnum && !found; i++) {
		const Elf64_Phdr *notes = &headers->program[i];
		size_t size = notes->p_filesz < sizeof bytes ? notes->p_filesz : sizeof bytes;

		if (notes->p_type == PT_NOTE && image_read(image, bytes, size, notes->p_offset))
			found = parse_build_id(bytes, size, ret);
	}
	return found;
}

static int open_regular(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && (fstat(fd, &status) || !S_ISREG(status.st_mode))) {
		close(fd);
		fd = -1;
		errno = ENOEXEC;
	}
	return fd;
}

/* Takes `path` as the module's file if it is the same one. */
static bool try_file(struct core_module *module, const char *path)
{
	struct image image = {.fd = open_regular(path)};
	unsigned char build_id[CORE_BUILD_ID_MAX];
	struct headers headers;
	bool same;

	if (image.fd < 0)
		return false;
	same = module->build_id_size && read_headers(&image, &headers) &&
	       find_build_id(&image, &headers, build_id) == module->build_id_size &&
	       !memcmp(build_id, module->build_id, module->build_id_size);
	close(image.fd);
	if (same)
		module->file = strdup(path);
	return module->file != NULL;
}

/* At its place; else where debug packages and debuginfod's kin link files by their build ID. */
static void find_file(struct core_module *module)
{
	static const char deleted[] = " (deleted)";
	char room[2 * CORE_BUILD_ID_MAX + 1], path[PATH_MAX];
	size_t length = strlen(module->path);

	if (module->is_vdso || !module->build_id_size)
		return;
	if (length < sizeof path) {
		memcpy(path, module->path, length + 1);
		if (length > strlen(deleted) && !strcmp(path + length - strlen(deleted), deleted))
			path[length - strlen(deleted)] = 0;
		if (try_file(module, path))
			return;
	}
	core_module_build_id(module, room);
	snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s", room, room + 2);
	try_file(module, path);
}

/* What its headers in memory tell. */
static void look_into(struct core_module *module, const struct core_file *core)
{
	struct image image = {.fd = -1, .core = core, .start = module->start};
	struct headers headers;
	uint64_t base;

	if (!read_headers(&image, &headers))
		return;
	if (find_base(&headers, &base)) {
		module->bias = module->start - base;
		module->has_bias = true;
	}
	module->build_id_size = find_build_id(&image, &headers, module->build_id);
}

static bool begins_elf(const struct core_file *core, uint64_t address)
{
	char magic[SELFMAG];

	return core_file_read(core, address, magic, sizeof magic) == sizeof magic &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

static bool has_code(const struct core_file *core, uint64_t start, uint64_t end)
{
	const struct core_segment *segment = core_file_segment(core, start);
	const struct core_segment *last = core->segments + core->segment_count;

	for (int i = 0; segment && segment < last && segment->address < end; i++, segment++)
		if (segment->is_executable || i == SEGMENTS_MAX)
			return segment->is_executable;
	return false;
}

/* The mappings of one file that follow one another: from the one with its beginning on. */
static size_t take_module(struct core_modules *modules, size_t i)
{
	const struct core_file *core = modules->core;
	const struct core_mapping *first = &core->mappings[i];
	struct core_module module = {.start = first->start, .end = first->end, .path = first->path};

	for (i++; i < core->mapping_count; i++) {
		const struct core_mapping *next = &core->mappings[i];

		if (!next->offset || strcmp(next->path, first->path))
			break;
		module.end = next->end;
	}
	/* gdb's gcore leaves code out altogether, and then only the beginning tells what it is. */
	if (first->offset || modules->count == MODULES_MAX ||
		(!has_code(core, module.start, module.end) && !begins_elf(core, module.start)))
		return i;
	module.is_executable = core->entry >= module.start && core->entry < module.end;
	if (begins_elf(core, module.start))
		look_into(&module, core);
	modules->list[modules->count++] = module;
	return i;
}

static void take_vdso(struct core_modules *modules)
{
	const struct core_file *core = modules->core;
	const struct core_segment *segment =
		core->vdso ? core_file_segment(core, core->vdso) : NULL;
	struct core_module module = {.path = "[vdso]", .is_vdso = true};

	if (!segment || segment->address != core->vdso || !begins_elf(core, core->vdso))
		return;
	module.start = segment->address;
	module.end = segment->address + segment->size;
	look_into(&module, core);
	modules->list[modules->count++] = module;
}

static int by_start(const void *a, const void *b)
{
	const struct core_module *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static struct core_module *executable_of(struct core_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		if (modules->list[i].is_executable)
			return &modules->list[i];
	return NULL;
}

/* The user's file for the program. Where the core has no build ID, he is believed. */
static int take_named(struct core_modules *modules, const char *path, struct error *err)
{
	struct core_module *module = executable_of(modules);
	struct image image = {.fd = open_regular(path)};
	char was[2 * CORE_BUILD_ID_MAX + 1];
	struct headers headers;
	uint64_t base;
	bool is_elf;

	if (image.fd < 0)
		return error_set_errno(err, errno, "cannot read the executable '%s'", path);
	if (!module) {
		close(image.fd);
		return error_set(err, "which executable it is of, the core does not say");
	}
	is_elf = read_headers(&image, &headers) && find_base(&headers, &base);
	if (is_elf && !module->build_id_size) {
		module->build_id_size = find_build_id(&image, &headers, module->build_id);
		module->bias = module->start - base;
		module->has_bias = true;
	}
	close(image.fd);
	if (!is_elf)
		return error_set(err, "'%s' is no executable", path);
	if (try_file(module, path))
		return 0;
	if (module->build_id_size)
		return error_set(err,
			"'%s' is not the core's executable (%s): that one's build ID is %s", path,
			module->path, core_module_build_id(module, was));
	module->file = strdup(path); /* neither has one */
	return module->file ? 0 : error_set(err, "no memory for a path");
}

int core_modules_init(struct core_modules *ret, const struct core_file *core,
	const char *executable, struct error *err)
{
	size_t room = core->mapping_count < MODULES_MAX ? core->mapping_count : MODULES_MAX;

	*ret = (struct core_modules){.core = core};
	ret->list = calloc(room + 1, sizeof *ret->list);
	if (!ret->list)
		return error_set(err, "no memory for the core's modules");
	for (size_t i = 0; i < core->mapping_count;)
		i = take_module(ret, i);
	take_vdso(ret);
	qsort(ret->list, ret->count, sizeof *ret->list, by_start);
	if (executable && take_named(ret, executable, err)) {
		core_modules_deinit(ret);
		return -1;
	}
	for (size_t i = 0; i < ret->count; i++)
		if (!ret->list[i].file)
			find_file(&ret->list[i]);
	return 0;
}

void core_modules_deinit(struct core_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		free(modules->list[i].file);
	free(modules->list);
	*modules = (struct core_modules){0};
}

const struct core_module *core_modules_find(const struct core_modules *modules, uint64_t address)
{
	size_t low = 0, high = modules->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (modules->list[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < modules->list[low - 1].end ? &modules->list[low - 1] : NULL;
}

const struct core_module *core_modules_executable(const struct core_modules *modules)
{
	return executable_of((struct core_modules *)modules);
}

/* One piece from the file that was mapped there, if nobody can have written to it. */
static size_t read_file(
	const struct core_modules *modules, uint64_t address, char *buffer, size_t size)
{
	const struct core_module *module = core_modules_find(modules, address);
	const struct core_mapping *mapping = core_file_mapping(modules->core, address);
	const struct core_segment *segment = core_file_segment(modules->core, address);
	bool done;
	int fd;

	if (!module || !module->file || !mapping || (segment && segment->is_writable) ||
		mapping->end - address < size)
		return 0;
	fd = open_regular(module->file);
	if (fd < 0)
		return 0;
	done = core_file_read_at(fd, buffer, size, mapping->offset + (address - mapping->start));
	close(fd);
	return done ? size : 0;
}

size_t core_modules_read(
	const struct core_modules *modules, uint64_t address, void *buffer, size_t size)
{
	size_t done = core_file_read(modules->core, address, buffer, size);

	if (done < size)
		done += read_file(modules, address + done, (char *)buffer + done, size - done);
	return done;
}

const char *core_module_build_id(
	const struct core_module *module, char room[2 * CORE_BUILD_ID_MAX + 1])
{
	room[0] = 0;
	for (size_t i = 0; i < module->build_id_size; i++)
		snprintf(room + 2 * i, 3, "%02x", module->build_id[i]);
	return room;
}

bool core_module_section(
	const struct core_module *module, const char *name, uint64_t *start, uint64_t *end)
{
	struct image image = {.fd = module->file ? open_regular(module->file) : -1};
	size_t length = strlen(name) + 1;
	Elf64_Shdr names, section;
	Elf64_Ehdr header;
	char found[64];
	bool result = false;

	if (image.fd < 0 || length > sizeof found)
		goto out;
	if (!image_read(&image, &header, sizeof header, 0) ||
		header.e_shentsize != sizeof section || header.e_shnum > SECTIONS_MAX ||
		!image_read(&image, &names, sizeof names,
			header.e_shoff + (uint64_t)header.e_shstrndx * sizeof names))
		goto out;
	for (int i = 0; i < header.e_shnum && !result; i++) {
		if (!image_read(&image, &section, sizeof section,
			    header.e_shoff + (uint64_t)i * sizeof section) ||
			!image_read(&image, found, length, names.sh_offset + section.sh_name) ||
			memcmp(found, name, length))
			continue;
		*start = section.sh_addr + module->bias;
		*end = *start + section.sh_size;
		result = true;
	}
out:
	if (image.fd >= 0)
		close(image.fd);
	return result;
}
