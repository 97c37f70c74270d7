/*
 * The notes of a core: see core_file_internal.h. Their layout is the kernel's (fs/binfmt_elf.c,
 * fill_note_info and fill_files_note): a name and a description, each padded to 4 bytes.
 */
#include "recorder/core/core_file_internal.h"

#include <elf.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>

enum {
	NOTES_MAX = 64 << 20, /* bytes */
	THREADS_MAX = 1 << 16,
	MAPPINGS_MAX = 1 << 16,
};

static uint64_t word_at(const unsigned char *bytes, size_t index)
{
	uint64_t word;

	memcpy(&word, bytes + index * sizeof word, sizeof word);
	return word;
}

#if defined(__x86_64__)
/* The kernel's order is that of struct user_regs_struct; DWARF's is the System V ABI's. */
static void take_registers(const struct elf_prstatus *status, struct core_thread *ret)
{
	struct user_regs_struct r;
	uint64_t *to = ret->registers;

	memcpy(&r, &status->pr_reg, sizeof r);
	to[0] = r.rax, to[1] = r.rdx, to[2] = r.rcx, to[3] = r.rbx, to[4] = r.rsi, to[5] = r.rdi;
	to[CORE_FP] = r.rbp, to[CORE_SP] = r.rsp;
	to[8] = r.r8, to[9] = r.r9, to[10] = r.r10, to[11] = r.r11;
	to[12] = r.r12, to[13] = r.r13, to[14] = r.r14, to[15] = r.r15;
	to[CORE_PC] = r.rip;
	ret->syscall = (int64_t)r.orig_rax;
}
#else
static void take_registers(const struct elf_prstatus *status, struct core_thread *ret)
{
	(void)status;
	ret->syscall = -1;
}
#endif

static int take_thread(
	struct core_file *core, const unsigned char *bytes, size_t size, struct error *err)
{
	struct elf_prstatus status;
	struct core_thread *threads;

	if (size != sizeof status || core->thread_count == THREADS_MAX)
		return 0;
	/* Doubled whenever the count is a power of two. */
	if (!(core->thread_count & (core->thread_count - 1))) {
		size_t capacity = core->thread_count ? 2 * core->thread_count : 1;

		threads = realloc(core->threads, capacity * sizeof *threads);
		if (!threads)
			return error_set(err, "no memory for the core's threads");
		core->threads = threads;
	}
	memcpy(&status, bytes, sizeof status);
	threads = &core->threads[core->thread_count++];
	*threads =
		(struct core_thread){.os_tid = (uint32_t)status.pr_pid, .signal = status.pr_cursig};
	take_registers(&status, threads);
	return 0;
}

static void take_process(struct core_file *core, const unsigned char *bytes, size_t size)
{
	struct elf_prpsinfo info;

	if (size != sizeof info)
		return;
	memcpy(&info, bytes, sizeof info);
	core->os_pid = (uint32_t)info.pr_pid;
	memcpy(core->name, info.pr_fname, sizeof core->name - 1);
	memcpy(core->arguments, info.pr_psargs, sizeof core->arguments - 1);
	for (size_t i = strlen(core->arguments); i && core->arguments[i - 1] == ' '; i--)
		core->arguments[i - 1] = 0;
}

static void take_signal(struct core_file *core, const unsigned char *bytes, size_t size)
{
	siginfo_t info;

	if (size < sizeof info)
		return;
	memcpy(&info, bytes, sizeof info);
	core->signal = info.si_signo;
	core->code = info.si_code;
	if (info.si_code > 0)
		core->fault_address = (uintptr_t)info.si_addr;
}

static void take_auxiliary(struct core_file *core, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; 16 * (i + 1) <= size; i++) {
		if (word_at(bytes, 2 * i) == AT_ENTRY)
			core->entry = word_at(bytes, 2 * i + 1);
		else if (word_at(bytes, 2 * i) == AT_SYSINFO_EHDR)
			core->vdso = word_at(bytes, 2 * i + 1);
	}
}

static int by_start(const void *a, const void *b)
{
	const struct core_mapping *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* A count, the unit of offsets, (start, end, offset) for each, and as many paths after one another.
 */
static int take_files(
	struct core_file *core, const unsigned char *bytes, size_t size, struct error *err)
{
	uint64_t count, unit;
	size_t at;

	if (core->mappings || size < 16)
		return 0;
	count = word_at(bytes, 0);
	unit = word_at(bytes, 1);
	if (count > MAPPINGS_MAX || 16 + 24 * count > size)
		return 0;
	at = 16 + 24 * (size_t)count;
	core->mappings = calloc((size_t)count + 1, sizeof *core->mappings);
	core->paths = malloc(size - at + 1);
	if (!core->mappings || !core->paths)
		return error_set(err, "no memory for the core's list of files");
	memcpy(core->paths, bytes + at, size - at);
	core->paths[size - at] = 0;
	for (size_t i = 0, path = 0; i < count && path < size - at; i++) {
		struct core_mapping mapping = {word_at(bytes, 2 + 3 * i), word_at(bytes, 3 + 3 * i),
			0, core->paths + path};

		path += strlen(core->paths + path) + 1;
		if (mapping.start >= mapping.end ||
			__builtin_mul_overflow(word_at(bytes, 4 + 3 * i), unit, &mapping.offset))
			continue;
		core->mappings[core->mapping_count++] = mapping;
	}
	qsort(core->mappings, core->mapping_count, sizeof *core->mappings, by_start);
	return 0;
}

static int take_note(struct core_file *core, uint32_t type, const unsigned char *bytes, size_t size,
	struct error *err)
{
	switch (type) {
	case NT_PRSTATUS:
		return take_thread(core, bytes, size, err);
	case NT_PRPSINFO:
		take_process(core, bytes, size);
		return 0;
	case NT_SIGINFO:
		take_signal(core, bytes, size);
		return 0;
	case NT_AUXV:
		take_auxiliary(core, bytes, size);
		return 0;
	case NT_FILE:
		return take_files(core, bytes, size, err);
	default:
		return 0;
	}
}

int core_notes_read(struct core_file *core, uint64_t offset, uint64_t size, struct error *err)
{
	unsigned char *bytes;
	size_t at = 0;
	int result = 0;

	if (offset >= core->size)
		return 0;
	if (size > core->size - offset)
		size = core->size - offset;
	if (size > NOTES_MAX)
		size = NOTES_MAX;
	bytes = malloc(size + 1);
	if (!bytes)
		return error_set(err, "no memory for the core's notes");
	if (!core_file_read_at(core->fd, bytes, size, offset))
		size = 0;
	while (!result && at + sizeof(Elf64_Nhdr) <= size) {
		Elf64_Nhdr note;
		size_t name = at + sizeof note, text;

		memcpy(&note, bytes + at, sizeof note);
		text = name + (((size_t)note.n_namesz + 3) & ~(size_t)3);
		if (text > size || note.n_descsz > size - text)
			break;
		if (note.n_namesz == 5 && !memcmp(bytes + name, "CORE", 5))
			result = take_note(core, note.n_type, bytes + text, note.n_descsz, err);
		at = text + (((size_t)note.n_descsz + 3) & ~(size_t)3);
	}
	free(bytes);
	return result;
}
