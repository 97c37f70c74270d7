/*
 * What a core's process had loaded, executable and libraries, and the files here that are the same
 * by build ID. A file with another build ID is never used: saying nothing is better than naming the
 * wrong function. One thread.
 */
#ifndef ACAUSAL_CORE_CORE_MODULES_H
#define ACAUSAL_CORE_CORE_MODULES_H

#include "recorder/core/core_file.h"

enum { CORE_BUILD_ID_MAX = 32 };

struct core_module {
	uint64_t start, end; /* addresses, from the first mapping of it to the last */
	uint64_t bias;	     /* subtract it from an address to get the ELF file's own */
	const char *path;    /* as the process had it; borrowed from the core */
	char *file;	     /* the same by build ID, to be read; NULL: there is none here */
	unsigned char build_id[CORE_BUILD_ID_MAX];
	size_t build_id_size; /* 0: it has none, or it is not in the core */
	bool is_executable;   /* the program itself */
	bool is_vdso;	      /* the kernel's own, whose bytes are in the core */
	bool has_bias;
};

struct core_modules {
	const struct core_file *core; /* borrowed */
	struct core_module *list;     /* sorted by address */
	size_t count;
};

/*
 * `executable` is the file to take for the program itself, or NULL for the path that the core
 * names. An error when that file is not there, or is not the program by its build ID.
 */
int core_modules_init(struct core_modules *ret, const struct core_file *core,
	const char *executable, struct error *err);
void core_modules_deinit(struct core_modules *);

/* What covers the address; NULL: nothing, or code made at run time. */
const struct core_module *core_modules_find(const struct core_modules *, uint64_t address);

/* The program itself; NULL when it is not known. */
const struct core_module *core_modules_executable(const struct core_modules *);

/*
 * Memory as core_file_read gives it, and what was not dumped because the process had not changed it
 * from the modules' files.
 */
size_t core_modules_read(const struct core_modules *, uint64_t address, void *buffer, size_t size);

/* In hexadecimal, "" when it has none. */
const char *core_module_build_id(const struct core_module *, char room[2 * CORE_BUILD_ID_MAX + 1]);

/* The addresses of a section of the module's file, by name; false when that is not known. */
bool core_module_section(
	const struct core_module *, const char *name, uint64_t *start, uint64_t *end);

#endif
