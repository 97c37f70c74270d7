/*
 * Looks into executables: see target.h.
 *
 * Reads what kernel and loader read (file header, program headers, the dynamic section), with plain
 * reads of bounded size and no trust in what they find. It is the same look that `acausal record`
 * takes at its command, without a library: here it happens in other people's processes, between
 * fork and exec.
 */
#include "recorder/hooks/target.h"

#include "recorder/runtime/settings.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
enum { OUR_MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { OUR_MACHINE = EM_AARCH64 };
#endif

enum {
	INTERPRETERS_MAX = 5, /* scripts run by scripts: the kernel follows as many */
	SEGMENTS_MAX = 24,
	ENTRIES_READ = 32, /* of the dynamic section at a time */
	ENTRIES_MAX = 512,
	NAME_MAX_READ = 256,
};

struct image {
	int fd;
	int count;
	ElfW(Phdr) segment[SEGMENTS_MAX];
};

static bool read_at(int fd, void *to, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

/* Reads a text of at most `size` - 1 bytes; "" when there is none. */
static void read_text(int fd, char *to, size_t size, uint64_t offset)
{
	ssize_t length = offset <= INT64_MAX ? pread(fd, to, size - 1, (off_t)offset) : 0;

	to[length > 0 ? length : 0] = 0;
}

static const ElfW(Phdr) * segment_of(const struct image *image, uint32_t type)
{
	int i;

	for (i = 0; i < image->count; i++)
		if (image->segment[i].p_type == type)
			return &image->segment[i];
	return NULL;
}

/* Where the loader would find an address in the file; 0 when nowhere. */
static uint64_t offset_of(const struct image *image, uint64_t address)
{
	int i;

	for (i = 0; i < image->count; i++) {
		const ElfW(Phdr) *segment = &image->segment[i];

		if (segment->p_type == PT_LOAD && address - segment->p_vaddr < segment->p_filesz)
			return segment->p_offset + (address - segment->p_vaddr);
	}
	return 0;
}

/* Calls for each entry of the dynamic section of one tag, until one says that it is enough. */
static bool each_entry(const struct image *image, int64_t tag,
	bool (*enough)(const struct image *image, uint64_t value, void *user), void *user)
{
	const ElfW(Phdr) *dynamic = segment_of(image, PT_DYNAMIC);
	ElfW(Dyn) entries[ENTRIES_READ];
	uint64_t at, size;
	int i;

	if (!dynamic)
		return false;
	for (at = 0; at < dynamic->p_filesz && at < ENTRIES_MAX * sizeof *entries;
		at += sizeof entries) {
		size = dynamic->p_filesz - at < sizeof entries ? dynamic->p_filesz - at
							       : sizeof entries;
		memset(entries, 0, sizeof entries);
		if (!read_at(image->fd, entries, size, dynamic->p_offset + at))
			return false;
		for (i = 0; i < ENTRIES_READ; i++) {
			if (entries[i].d_tag == DT_NULL)
				return false;
			if (entries[i].d_tag == tag && enough(image, entries[i].d_un.d_val, user))
				return true;
		}
	}
	return false;
}

static bool take_value(const struct image *image, uint64_t value, void *user)
{
	(void)image;
	*(uint64_t *)user = value;
	return true;
}

struct needed {
	uint64_t strings; /* where they are in the file */
	char *asan;	  /* of struct target */
};

static bool take_asan(const struct image *image, uint64_t value, void *user)
{
	static const char prefix[] = "libasan.so";
	const struct needed *needed = user;
	char name[sizeof((struct target *)0)->asan];

	read_text(image->fd, name, sizeof name, needed->strings + value);
	if (strncmp(name, prefix, sizeof prefix - 1) != 0)
		return false;
	strcpy(needed->asan, name);
	return true;
}

static void look_for_asan(const struct image *image, struct target *ret)
{
	struct needed needed = {.asan = ret->asan};
	uint64_t address = 0;

	if (!each_entry(image, DT_STRTAB, take_value, &address))
		return;
	needed.strings = offset_of(image, address);
	if (needed.strings)
		each_entry(image, DT_NEEDED, take_asan, &needed);
}

static void look_at_elf(struct target *ret, int fd, const ElfW(Ehdr) * header)
{
	struct image image = {.fd = fd};
	const ElfW(Phdr) * interpreter;
	char name[NAME_MAX_READ];
	const char *base;

	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
		header->e_machine != OUR_MACHINE) {
		ret->refuses = true;
		return;
	}
	if (header->e_phentsize != sizeof *image.segment || header->e_phnum > SEGMENTS_MAX ||
		!read_at(fd, image.segment, header->e_phnum * sizeof *image.segment,
			header->e_phoff))
		return;
	image.count = header->e_phnum;
	interpreter = segment_of(&image, PT_INTERP);
	/* No loader, no complaint; what such a program executes may be of our kind again. */
	if (!interpreter)
		return;
	read_text(fd, name, sizeof name, interpreter->p_offset);
	base = strrchr(name, '/');
	/* Another libc's loader would not find the symbols of ours. */
	if (strncmp(base ? base + 1 : name, "ld-linux", 8) != 0)
		ret->refuses = true;
	else
		look_for_asan(&image, ret);
}

/* Fills `name` with the interpreter of a script; false when it is none. */
static bool read_interpreter(int fd, char name[NAME_MAX_READ])
{
	char line[NAME_MAX_READ];
	size_t begin;

	read_text(fd, line, sizeof line, 0);
	if (strncmp(line, "#!", 2) != 0)
		return false;
	begin = 2 + strspn(line + 2, " \t");
	line[begin + strcspn(line + begin, " \t\n")] = 0;
	strcpy(name, line + begin);
	return true;
}

/* Looks at one file. `name` is filled when another one is to be looked at instead. */
static void look_at(struct target *ret, int fd, char name[NAME_MAX_READ])
{
	struct stat status;
	ElfW(Ehdr) header;

	name[0] = 0;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || read_interpreter(fd, name))
		return;
	if (!read_at(fd, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return;
	look_at_elf(ret, fd, &header);
}

void target_look(struct target *ret, int folder, const char *path, int flags)
{
	enum { HOW = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };
	char name[NAME_MAX_READ];
	bool is_callers = false;
	int saved = errno, i, fd;

	*ret = (struct target){.refuses = access(settings.library, R_OK) != 0};
	if (ret->refuses) {
		errno = saved;
		return;
	}
	fd = openat(folder, path, HOW);
	/* Not a duplicate: to close it would drop the locks that the process has on the file. */
	if (fd < 0 && errno == ENOENT && flags & AT_EMPTY_PATH && !path[0]) {
		fd = folder;
		is_callers = true;
	}
	for (i = 0; fd >= 0 && i < INTERPRETERS_MAX; i++) {
		look_at(ret, fd, name);
		if (!is_callers)
			close(fd);
		is_callers = false;
		fd = name[0] ? openat(AT_FDCWD, name, HOW) : -1;
	}
	if (fd >= 0)
		close(fd);
	errno = saved;
}

/* The first that may be executed, as far as can be seen: only the kernel knows. */
static bool is_executable(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
	       faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

void target_search(struct target *ret, const char *name)
{
	const char *folder = getenv("PATH");
	size_t length, name_length = strlen(name);
	int saved = errno;
	char path[4096];

	if (!folder)
		folder = "/bin:/usr/bin";
	for (; name_length && !strchr(name, '/'); folder += length + 1) {
		length = strcspn(folder, ":");
		if (length + name_length + 2 <= sizeof path) {
			memcpy(path, folder, length);
			path[length] = '/';
			strcpy(path + length + (length > 0), name);
			if (is_executable(path)) {
				errno = saved;
				target_look(ret, AT_FDCWD, path, 0);
				return;
			}
		}
		if (!folder[length])
			break;
	}
	errno = saved;
	target_look(ret, AT_FDCWD, name, 0);
}
