/*
 * A core file as it lies on disk: what the process had mapped, its threads' registers and what the
 * kernel noted of it. Knows neither modules nor stacks.
 *
 * Nothing in it is trusted: counts, offsets and sizes are bounded, and the file is read piece by
 * piece, never mapped, so that one that is cut while it is read is no harm. One thread.
 */
#ifndef ACAUSAL_CORE_CORE_FILE_H
#define ACAUSAL_CORE_CORE_FILE_H

#include "recorder/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	CORE_REGISTERS = 17, /* of x86-64 as DWARF numbers them: rax, rdx, rcx, rbx, rsi, rdi, rbp,
				rsp, r8 to r15, and rip */
	CORE_SECOND_ARGUMENT = 4, /* of a system call */
	CORE_FP = 6,
	CORE_SP = 7,
	CORE_PC = 16,
};

struct core_segment {
	uint64_t address, size;
	uint64_t offset, kept; /* in the file; fewer bytes than `size` when some were not dumped */
	bool is_writable, is_executable;
};

struct core_thread {
	uint32_t os_tid;
	int signal;	 /* that it was handling as the core was made; 0: none */
	int64_t syscall; /* number of the system call that it was in; -1: in none */
	uint64_t registers[CORE_REGISTERS];
};

/* A file that was mapped. Sorted by address. */
struct core_mapping {
	uint64_t start, end, offset;
	const char *path;
};

struct core_file {
	int fd;
	uint64_t size;		       /* bytes of the file … */
	uint64_t expected;	       /* … and how many its headers speak of */
	struct core_segment *segments; /* sorted by address, none overlapping */
	size_t segment_count;
	struct core_thread *threads; /* the one that got the signal first */
	size_t thread_count;
	struct core_mapping *mappings;
	size_t mapping_count;
	char *paths;		      /* that the mappings point into */
	char name[17], arguments[81]; /* of the process, shortened by the kernel; may be empty */
	uint32_t os_pid;	      /* 0: not known */
	uint64_t entry, vdso;	      /* addresses; 0: not known */
	/* The signal that ended the process; all 0 when none did, or it is not noted. */
	int signal, code;
	uint64_t fault_address;
};

/*
 * Opens a core. An error when it is none, or none that can be read; one that was cut short is
 * opened as far as it goes.
 */
int core_file_open(struct core_file *ret, const char *path, struct error *err);
void core_file_close(struct core_file *);

/* Bytes of memory from `address` on, as far as they were dumped. Returns how many, 0 for none. */
size_t core_file_read(const struct core_file *, uint64_t address, void *buffer, size_t size);

/* What covers the address, dumped or not; NULL: nothing. */
const struct core_segment *core_file_segment(const struct core_file *, uint64_t address);
const struct core_mapping *core_file_mapping(const struct core_file *, uint64_t address);

/* All `size` bytes at `offset` of a file; false when they are not there. */
bool core_file_read_at(int fd, void *buffer, size_t size, uint64_t offset);

#endif
