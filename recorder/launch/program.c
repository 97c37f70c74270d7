/*
 * Says beforehand why a program could not be seen: static, of another architecture or C library,
 * or with rights of its own, for which the loader ignores LD_PRELOAD. Reads program and dynamic
 * headers as the loader does (section headers may be stripped) and trusts none of them.
 *
 * What is decided here is only advice to the user: the kernel decides what is run.
 */
#include "recorder/launch/program.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
	INTERPRETERS_MAX = 5, /* scripts run by scripts: the kernel follows as many */
	HEADERS_MAX = 1000,
	STRING_MAX = 256,
};

#if defined(__x86_64__)
enum { OUR_MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { OUR_MACHINE = EM_AARCH64 };
#endif

/* What the loader reads of a file. */
struct image {
	Elf *elf;
	char interpreter[STRING_MAX];
	char soname[STRING_MAX];
	bool has_interpreter;
};

static int status_of(int number)
{
	return number == ENOENT || number == ENOTDIR ? PROGRAM_NOT_FOUND : PROGRAM_NOT_EXECUTABLE;
}

static bool is_executable(const char *path, int *number)
{
	struct stat status;

	if (stat(path, &status) != 0) {
		*number = errno;
		return false;
	}
	*number = EACCES;
	return S_ISREG(status.st_mode) && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* As execvp: a file that may not be run is passed over, but remembered. */
static int search(struct program *ret, const char *command, struct error *err)
{
	const char *path = getenv("PATH");
	char standard[256] = "/bin:/usr/bin";
	int number, denied = ENOENT;

	if (!path) {
		confstr(_CS_PATH, standard, sizeof standard);
		path = standard;
	}
	for (;;) {
		size_t length = strcspn(path, ":");
		int wrote = snprintf(ret->path, sizeof ret->path, "%.*s%s%s", (int)length, path,
			length ? "/" : "./", command);

		if (wrote > 0 && (size_t)wrote < sizeof ret->path) {
			if (is_executable(ret->path, &number))
				return 0;
			if (number != ENOENT && number != ENOTDIR)
				denied = number;
		}
		if (!path[length])
			break;
		path += length + 1;
	}
	error_set_errno(err, denied, "%s", command);
	return status_of(denied);
}

static void read_string(Elf *elf, uint64_t offset, uint64_t limit, char *ret)
{
	uint64_t size = limit < STRING_MAX - 1 ? limit : STRING_MAX - 1;
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)offset, size, ELF_T_BYTE);

	if (data && data->d_buf)
		memcpy(ret, data->d_buf, size);
	ret[data && data->d_buf ? size : 0] = 0;
}

static uint64_t file_size(Elf *elf)
{
	size_t size;

	return elf_rawfile(elf, &size) ? size : 0;
}

/* Where the loader would find `address` in the file; 0 when nowhere. */
static uint64_t file_offset(Elf *elf, uint64_t address, uint64_t *limit)
{
	size_t count;

	if (elf_getphdrnum(elf, &count) != 0)
		return 0;
	for (size_t i = 0; i < count && i < HEADERS_MAX; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD ||
			address < header.p_vaddr || address - header.p_vaddr >= header.p_filesz)
			continue;
		*limit = header.p_filesz - (address - header.p_vaddr);
		return header.p_offset + (address - header.p_vaddr);
	}
	return 0;
}

static void read_dynamic(struct image *image, const GElf_Phdr *header, char *asan, size_t asan_size)
{
	Elf_Data *data = elf_getdata_rawchunk(
		image->elf, (int64_t)header->p_offset, header->p_filesz, ELF_T_DYN);
	uint64_t strings = 0, limit = 0;
	GElf_Dyn entry;

	for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++)
		if (entry.d_tag == DT_STRTAB)
			strings = file_offset(image->elf, entry.d_un.d_ptr, &limit);
	if (!strings)
		return;
	for (int i = 0; gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
		char name[STRING_MAX];

		if ((entry.d_tag != DT_NEEDED && entry.d_tag != DT_SONAME) ||
			entry.d_un.d_val >= limit)
			continue;
		read_string(image->elf, strings + entry.d_un.d_val, limit - entry.d_un.d_val, name);
		if (entry.d_tag == DT_SONAME)
			memcpy(image->soname, name, sizeof name);
		else if (!strncmp(name, "libasan.so", 10) && strlen(name) < asan_size &&
			 !strpbrk(name, ": "))
			strcpy(asan, name);
	}
}

static void read_image(struct image *image, char *asan, size_t asan_size)
{
	size_t count, size = file_size(image->elf);

	if (elf_getphdrnum(image->elf, &count) != 0)
		return;
	for (size_t i = 0; i < count && i < HEADERS_MAX; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(image->elf, (int)i, &header) || header.p_offset > size ||
			header.p_filesz > size - header.p_offset)
			continue;
		if (header.p_type == PT_INTERP) {
			image->has_interpreter = true;
			read_string(
				image->elf, header.p_offset, header.p_filesz, image->interpreter);
		} else if (header.p_type == PT_DYNAMIC) {
			read_dynamic(image, &header, asan, asan_size);
		}
	}
}

/* Why the library cannot get into this ELF file. `name` is how to speak of it. */
static int check_elf(struct program *program, Elf *elf, const char *name, struct error *err)
{
	struct image image = {.elf = elf};
	const char *base;
	GElf_Ehdr header;

	if (!gelf_getehdr(elf, &header))
		return 0;
	if (header.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
		return error_set(err,
			"%s is a %s-bit program: acausal records %zu-bit programs only", name,
			header.e_ident[EI_CLASS] == ELFCLASS32 ? "32" : "64", 8 * sizeof(void *));
	if (header.e_machine != OUR_MACHINE)
		return error_set(
			err, "%s is a program for another kind of processor than this one", name);
	read_image(&image, program->asan, sizeof program->asan);
	/* The dynamic loader, called as a program, has no interpreter and loads everything. */
	if (!image.has_interpreter && !image.soname[0])
		return error_set(err,
			"%s is linked statically: no library can be loaded into it to record it",
			name);
	base = strrchr(image.interpreter, '/');
	base = base ? base + 1 : image.interpreter;
	if (!strncmp(base, "ld-musl", 7))
		return error_set(
			err, "%s runs on musl: acausal records programs that run on glibc", name);
	return 0;
}

/* A file with rights of its own runs in secure mode, where LD_PRELOAD is ignored. */
static bool has_own_rights(const char *path, int fd)
{
	struct stat status;
	struct statvfs volume;
	bool gains;

	if (fstat(fd, &status) != 0)
		return false;
	gains = ((status.st_mode & S_ISUID) && status.st_uid != getuid()) ||
		((status.st_mode & S_ISGID) && (status.st_mode & S_IXGRP) &&
			status.st_gid != getgid()) ||
		(getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0);
	return gains && !(fstatvfs(fd, &volume) == 0 && (volume.f_flag & ST_NOSUID));
}

/* Reads the interpreter of a script into `ret`; false when the file is none. */
static bool read_interpreter(int fd, char ret[STRING_MAX])
{
	char line[STRING_MAX];
	ssize_t size = pread(fd, line, sizeof line - 1, 0);
	size_t begin;

	if (size < 2 || memcmp(line, "#!", 2))
		return false;
	line[size] = 0;
	begin = 2 + strspn(line + 2, " \t");
	line[begin + strcspn(line + begin, " \t\n")] = 0;
	memcpy(ret, line + begin, strlen(line + begin) + 1);
	return true;
}

/*
 * Looks into the file at `path`. Returns 0 or a status; `interpreter` is filled when it is a script
 * and empty otherwise.
 */
static int check_file(struct program *program, const char *path, const char *name,
	char interpreter[STRING_MAX], struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int status = 0;
	Elf *elf;

	interpreter[0] = 0;
	/* What may be run need not be readable; then nothing is known about it. */
	if (fd < 0)
		return 0;
	/* Scripts are given no rights, whatever their mode says. */
	if (read_interpreter(fd, interpreter)) {
		close(fd);
		return 0;
	}
	if (has_own_rights(path, fd)) {
		error_set(err,
			"%s has rights of its own (setuid, setgid or capabilities): no library can "
			"be "
			"loaded into it to record it",
			name);
		close(fd);
		return PROGRAM_FAILED;
	}
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		status = check_elf(program, elf, name, err) == 0 ? 0 : PROGRAM_FAILED;
	else
		/* No format that the kernel knows: execvp has the shell run it. */
		strcpy(interpreter, "/bin/sh");
	elf_end(elf);
	close(fd);
	return status;
}

int program_find(struct program *ret, const char *command, struct error *err)
{
	char path[sizeof ret->path], interpreter[STRING_MAX], name[2 * sizeof path];
	int status, number;

	*ret = (struct program){0};
	if (strlen(command) >= sizeof ret->path) {
		error_set_errno(err, ENAMETOOLONG, "%.64s…", command);
		return PROGRAM_NOT_EXECUTABLE;
	}
	if (!command[0]) {
		error_set(err, "the name of the command is empty");
		return PROGRAM_NOT_FOUND;
	}
	if (!strchr(command, '/')) {
		status = search(ret, command, err);
		if (status)
			return status;
	} else {
		strcpy(ret->path, command);
		if (!is_executable(command, &number)) {
			error_set_errno(err, number, "%s", command);
			return status_of(number);
		}
	}
	strcpy(path, ret->path);
	strcpy(name, command);
	for (int i = 0; i < INTERPRETERS_MAX; i++) {
		status = check_file(ret, path, name, interpreter, err);
		if (status || !interpreter[0])
			return status;
		ret->is_script = true;
		if (!is_executable(interpreter, &number)) {
			error_set_errno(
				err, number, "%s: its interpreter %s", command, interpreter);
			return status_of(number);
		}
		strcpy(path, interpreter);
		snprintf(name, sizeof name, "%s, which runs %s,", interpreter, command);
	}
	return 0;
}
