/*
 * The frame of a core file: see core_file.h. The kernel writes (fs/binfmt_elf.c, elf_core_dump) an
 * ELF header, program headers, the notes and then the segments, in the order of their addresses.
 */
#include "recorder/core/core_file.h"

#include "recorder/core/core_file_internal.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADERS_MAX = 1 << 20, NOTE_SEGMENTS_MAX = 64 };

bool core_file_read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	char *to = buffer;

	while (size) {
		ssize_t count = offset > INT64_MAX - size ? 0 : pread(fd, to, size, (off_t)offset);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return false;
		to += count;
		size -= (size_t)count;
		offset += (size_t)count;
	}
	return true;
}

static int check_header(const Elf64_Ehdr *header, const char *path, struct error *err)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG))
		return error_set(err, "'%s' is no core file", path);
	if (header->e_ident[EI_CLASS] == ELFCLASS32)
		return error_set(
			err, "'%s' is of a 32-bit program: only 64-bit ones can be read", path);
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
		return error_set(err, "'%s' is of another kind of machine than x86-64", path);
	if (header->e_type != ET_CORE)
		return error_set(err,
			"'%s' is an executable or a library, not a core file: name the core, and"
			" the executable with -e",
			path);
	if (header->e_machine != EM_X86_64)
		return error_set(err,
			"'%s' is of another kind of machine (ELF's number %u): only cores of"
			" x86-64 can be read",
			path, header->e_machine);
	return 0;
}

/* With 65,535 segments and more their number stands in the first section header. */
static size_t count_headers(const struct core_file *core, const Elf64_Ehdr *header)
{
	Elf64_Shdr section;

	if (header->e_phnum != PN_XNUM)
		return header->e_phnum;
	if (header->e_shentsize != sizeof section ||
		!core_file_read_at(core->fd, &section, sizeof section, header->e_shoff))
		return 0;
	return section.sh_info < HEADERS_MAX ? section.sh_info : HEADERS_MAX;
}

static void note_expected(struct core_file *core, uint64_t offset, uint64_t size)
{
	uint64_t end;

	if (!__builtin_add_overflow(offset, size, &end) && end > core->expected)
		core->expected = end;
}

static void take_segment(struct core_file *core, const Elf64_Phdr *header)
{
	struct core_segment segment = {.address = header->p_vaddr,
		.size = header->p_memsz,
		.offset = header->p_offset,
		.kept = header->p_filesz < header->p_memsz ? header->p_filesz : header->p_memsz,
		.is_writable = header->p_flags & PF_W,
		.is_executable = header->p_flags & PF_X};

	if (!segment.size || segment.address + segment.size < segment.address)
		return;
	note_expected(core, segment.offset, header->p_filesz);
	if (segment.offset >= core->size)
		segment.kept = 0;
	else if (segment.kept > core->size - segment.offset)
		segment.kept = core->size - segment.offset;
	core->segments[core->segment_count++] = segment;
}

static int by_address(const void *a, const void *b)
{
	const struct core_segment *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

/*
 * Of two that overlap, which no kernel writes, the later one goes. Nor are two of the same bytes of
 * the file, so that together they cannot keep more than it has: a small file is never much memory.
 */
static void sort_segments(struct core_file *core)
{
	uint64_t left = core->size;
	size_t kept = 0;

	qsort(core->segments, core->segment_count, sizeof *core->segments, by_address);
	for (size_t i = 0; i < core->segment_count; i++) {
		struct core_segment *segment = &core->segments[i];
		const struct core_segment *last = kept ? &core->segments[kept - 1] : NULL;

		if (last && segment->address - last->address < last->size)
			continue;
		if (segment->kept > left)
			segment->kept = left;
		left -= segment->kept;
		core->segments[kept++] = *segment;
	}
	core->segment_count = kept;
}

static int read_headers(
	struct core_file *core, const Elf64_Ehdr *header, const char *path, struct error *err)
{
	size_t count = count_headers(core, header), notes = 0;
	Elf64_Phdr *headers;
	int result = 0;

	if (header->e_phentsize != sizeof *headers || !count)
		return error_set(
			err, "'%s' is a core without program headers: it is damaged", path);
	headers = malloc(count * sizeof *headers);
	core->segments = malloc(count * sizeof *core->segments);
	if (!headers || !core->segments) {
		free(headers);
		return error_set(err, "no memory to read the core '%s'", path);
	}
	if (!core_file_read_at(core->fd, headers, count * sizeof *headers, header->e_phoff))
		result = error_set(err,
			"'%s' is a core that was cut short within its headers: nothing can be read",
			path);
	for (size_t i = 0; i < count && !result; i++) {
		if (headers[i].p_type == PT_LOAD) {
			take_segment(core, &headers[i]);
		} else if (headers[i].p_type == PT_NOTE && notes++ < NOTE_SEGMENTS_MAX) {
			note_expected(core, headers[i].p_offset, headers[i].p_filesz);
			result = core_notes_read(
				core, headers[i].p_offset, headers[i].p_filesz, err);
		}
	}
	free(headers);
	sort_segments(core);
	return result;
}

static int open_regular(struct core_file *core, const char *path, struct error *err)
{
	struct stat status;

	core->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (core->fd < 0)
		return error_set_errno(err, errno, "cannot read the core '%s'", path);
	if (fstat(core->fd, &status))
		return error_set_errno(err, errno, "cannot read the core '%s'", path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, "'%s' is no core file", path);
	core->size = (uint64_t)status.st_size;
	return core->size ? 0 : error_set(err, "'%s' is an empty file, not a core", path);
}

/* A debugger that takes a core of a running process has stopped it. */
static bool is_deadly(int signal)
{
	static const int harmless[] = {
		SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGCHLD, SIGURG, SIGWINCH};

	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		if (signal == harmless[i])
			return false;
	return signal > 0;
}

int core_file_open(struct core_file *ret, const char *path, struct error *err)
{
	Elf64_Ehdr header = {0};

	*ret = (struct core_file){.fd = -1};
	if (open_regular(ret, path, err))
		goto fail;
	if (!core_file_read_at(ret->fd, &header, EI_NIDENT, 0) ||
		memcmp(header.e_ident, ELFMAG, SELFMAG)) {
		error_set(err, "'%s' is no core file", path);
		goto fail;
	}
	if (!core_file_read_at(ret->fd, &header, sizeof header, 0) &&
		header.e_ident[EI_CLASS] == ELFCLASS64) {
		error_set(err, "'%s' was cut short within its first header", path);
		goto fail;
	}
	if (check_header(&header, path, err) || read_headers(ret, &header, path, err))
		goto fail;
	if (ret->thread_count && !ret->signal)
		ret->signal = ret->threads[0].signal;
	if (!is_deadly(ret->signal))
		ret->signal = ret->code = 0;
	if (ret->thread_count && !ret->os_pid)
		ret->os_pid = ret->threads[0].os_tid;
	if (!ret->thread_count) {
		error_set(err,
			ret->expected > ret->size
				? "'%s' is a core that was cut short within its notes: no thread is"
				  " in what there is"
				: "'%s' is a core without threads: it is damaged",
			path);
		goto fail;
	}
	return 0;
fail:
	core_file_close(ret);
	return -1;
}

void core_file_close(struct core_file *core)
{
	if (core->fd >= 0)
		close(core->fd);
	free(core->segments);
	free(core->threads);
	free(core->mappings);
	free(core->paths);
	*core = (struct core_file){.fd = -1};
}

const struct core_segment *core_file_segment(const struct core_file *core, uint64_t address)
{
	size_t low = 0, high = core->segment_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (core->segments[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - core->segments[low - 1].address >= core->segments[low - 1].size)
		return NULL;
	return &core->segments[low - 1];
}

const struct core_mapping *core_file_mapping(const struct core_file *core, uint64_t address)
{
	size_t low = 0, high = core->mapping_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (core->mappings[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < core->mappings[low - 1].end ? &core->mappings[low - 1] : NULL;
}

size_t core_file_read(const struct core_file *core, uint64_t address, void *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		const struct core_segment *segment = core_file_segment(core, address + done);
		uint64_t at = segment ? address + done - segment->address : 0;
		size_t part = size - done;

		if (!segment || at >= segment->kept)
			break;
		if (part > segment->kept - at)
			part = segment->kept - at;
		if (!core_file_read_at(core->fd, (char *)buffer + done, part, segment->offset + at))
			break;
		done += part;
	}
	return done;
}
