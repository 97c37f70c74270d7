/*
 * One look into /proc/PID/maps and the head of one ELF file: see maps.h. Neither is trusted; both
 * are read with bounds, and a file that is not a regular one is never opened for reading.
 */
#include "recorder/ingest/maps.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_MAX = 65536, HEADERS_MAX = 64, NOTES_MAX = 4096 };

bool maps_executable(uint32_t os_pid, char *path, unsigned size)
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/%u/exe", os_pid);
	length = readlink(link, path, size - 1);
	if (length <= 0)
		return false;
	path[length] = 0;
	return true;
}

static bool read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	return offset < INT64_MAX && pread(fd, buffer, size, (off_t)offset) == (ssize_t)size;
}

static void find_build_id(int fd, const Elf64_Phdr *notes, struct arena_module *ret)
{
	unsigned char bytes[NOTES_MAX];
	size_t size = notes->p_filesz < sizeof bytes ? notes->p_filesz : sizeof bytes, at = 0;

	if (!read_at(fd, bytes, size, notes->p_offset))
		return;
	while (at + sizeof(Elf64_Nhdr) <= size) {
		Elf64_Nhdr note;
		size_t name, text;

		memcpy(&note, bytes + at, sizeof note);
		name = at + sizeof note;
		if (note.n_namesz > size || note.n_descsz > size)
			return;
		text = name + ((note.n_namesz + 3u) & ~3u);
		if (text + note.n_descsz > size)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
			!memcmp(bytes + name, "GNU", 4) && note.n_descsz <= ARENA_BUILD_ID_MAX) {
			ret->build_id_size = note.n_descsz;
			memcpy(ret->build_id, bytes + text, note.n_descsz);
			return;
		}
		at = text + ((note.n_descsz + 3u) & ~3u);
	}
}

/* The bias of a mapping of the file's bytes from `offset` on at `start`. */
static bool read_elf(const char *path, uint64_t start, uint64_t offset, struct arena_module *ret)
{
	Elf64_Ehdr header;
	Elf64_Phdr program[HEADERS_MAX];
	struct stat status;
	bool found = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return false;
	if (fstat(fd, &status) || !S_ISREG(status.st_mode) ||
		!read_at(fd, &header, sizeof header, 0) ||
		memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
		header.e_phentsize != sizeof program[0] || header.e_phnum > HEADERS_MAX ||
		!read_at(fd, program, header.e_phnum * sizeof program[0], header.e_phoff))
		goto out;
	for (int i = 0; i < header.e_phnum && !found; i++) {
		const Elf64_Phdr *load = &program[i];
		uint64_t page = load->p_offset & ~4095ull;

		if (load->p_type != PT_LOAD || offset < page ||
			offset - page >= load->p_filesz + 4096)
			continue;
		if (!(load->p_flags & PF_X))
			continue;
		ret->bias = start - (load->p_vaddr + (offset - load->p_offset));
		found = true;
	}
	for (int i = 0; i < header.e_phnum && found && !ret->build_id_size; i++)
		if (program[i].p_type == PT_NOTE)
			find_build_id(fd, &program[i], ret);
out:
	close(fd);
	return found;
}

enum maps_answer maps_find(uint32_t os_pid, uint64_t address, struct arena_module *ret)
{
	char name[64], line[PATH_MAX + 128];
	enum maps_answer answer = MAPS_UNKNOWN;
	FILE *maps;

	memset(ret, 0, sizeof *ret);
	snprintf(name, sizeof name, "/proc/%u/maps", os_pid);
	maps = fopen(name, "re");
	if (!maps)
		return MAPS_UNKNOWN;
	for (int i = 0; i < LINES_MAX && fgets(line, sizeof line, maps); i++) {
		unsigned long start, end, offset;
		int path = 0;
		size_t length;

		if (sscanf(line, "%lx-%lx %*4s %lx %*x:%*x %*u %n", &start, &end, &offset, &path) <
				3 ||
			!path || address < start || address >= end)
			continue;
		answer = MAPS_NO_FILE;
		ret->start = start;
		ret->end = end;
		length = strcspn(line + path, "\n");
		line[path + length] = 0;
		if (length >= ARENA_PATH_MAX)
			break;
		if (!strcmp(line + path, "[vdso]")) {
			ret->bias = start;
			answer = MAPS_FILE;
		} else if (line[path] == '/' && read_elf(line + path, start, offset, ret)) {
			answer = MAPS_FILE;
		}
		if (answer == MAPS_FILE)
			memcpy(ret->path, line + path, length + 1);
		break;
	}
	fclose(maps);
	return answer;
}
