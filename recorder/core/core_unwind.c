/*
 * Stacks by libdw: see core_unwind.h. libdw is given the modules at their addresses, the threads'
 * registers and a function that reads memory, and never sees the core file itself.
 *
 * It would go on by the frame pointer where code has no unwind information, which is right only for
 * code that keeps one: ours does (the library in the recorded process), others' stack ends there.
 */
#include "recorder/core/core_unwind.h"

#include <elf.h>
#include <elfutils/libdwfl.h>
#include <elfutils/version.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, VDSO_MAX = 1 << 20 };

struct core_unwind {
	const struct core_modules *modules;
	Dwfl *dwfl;
	Elf *machine; /* says what kind of machine it is, and nothing else */
	Elf64_Ehdr header;
	/* the thread that is being walked */
	const struct core_thread *thread;
	struct core_stack *stack;
	uint64_t first_pc; /* when the walk begins at the caller of a jump to nowhere; else 0 */
	/* the page read last */
	uint64_t page_address;
	size_t page_size;
	unsigned char page[PAGE];
};

static char *debug_path; /* NULL: libdwfl's standard places */

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.debuginfo_path = &debug_path,
};

static bool read_word(struct core_unwind *unwind, uint64_t address, uint64_t *ret)
{
	uint64_t page = address & ~(uint64_t)(PAGE - 1);

	if (address - page > PAGE - sizeof *ret)
		return core_modules_read(unwind->modules, address, ret, sizeof *ret) == sizeof *ret;
	if (page != unwind->page_address || !unwind->page_size) {
		unwind->page_address = page;
		unwind->page_size = core_modules_read(unwind->modules, page, unwind->page, PAGE);
	}
	if (address - page + sizeof *ret > unwind->page_size)
		return core_modules_read(unwind->modules, address, ret, sizeof *ret) == sizeof *ret;
	memcpy(ret, unwind->page + (address - page), sizeof *ret);
	return true;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *argument)
{
	uint64_t word = 0;
	bool found = read_word(argument, address, &word);

	(void)dwfl;
	*result = word;
	return found;
}

static pid_t next_thread(Dwfl *dwfl, void *argument, void **thread)
{
	struct core_unwind *unwind = argument;

	(void)dwfl;
	if (*thread)
		return 0;
	*thread = unwind;
	return (pid_t)unwind->thread->os_tid;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *argument, void **thread)
{
	(void)dwfl;
	(void)tid;
	*thread = argument;
	return true;
}

/*
 * A call of a function pointer that points nowhere has pushed the return address and done nothing
 * else: the walk begins at the call, one byte before that address.
 */
static bool set_registers(Dwfl_Thread *thread, void *argument)
{
	struct core_unwind *unwind = argument;
	Dwarf_Word registers[CORE_REGISTERS];

	for (int i = 0; i < CORE_REGISTERS; i++)
		registers[i] = unwind->thread->registers[i];
	if (unwind->first_pc) {
		registers[CORE_PC] = unwind->first_pc - 1;
		registers[CORE_SP] += sizeof(uint64_t);
	}
	return dwfl_thread_state_registers(thread, 0, CORE_REGISTERS, registers);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_registers,
};

/* The kernel's own library is in no file, but its bytes are in the core. */
static int vdso_file(const struct core_modules *modules, const struct core_module *module)
{
	size_t size = module->end - module->start;
	int fd = size <= VDSO_MAX ? memfd_create("vdso", MFD_CLOEXEC) : -1;
	unsigned char *bytes = fd < 0 ? NULL : malloc(size);

	if (bytes && core_file_read(modules->core, module->start, bytes, size) == size &&
		write(fd, bytes, size) == (ssize_t)size) {
		free(bytes);
		return fd;
	}
	free(bytes);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* One whose file is not here may yet be found, by its build ID through debuginfod. */
static void report_module(struct core_unwind *unwind, const struct core_module *module)
{
	int fd = module->is_vdso ? vdso_file(unwind->modules, module)
		 : module->file	 ? open(module->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
				 : -1;
	Dwfl_Module *added;

	if (fd >= 0 && module->has_bias) {
		added = dwfl_report_elf(unwind->dwfl, module->path,
			module->file ? module->file : module->path, fd, module->bias, true);
		if (added)
			return;
	}
	if (fd >= 0)
		close(fd);
	added = dwfl_report_module(unwind->dwfl, module->path, module->start, module->end);
	if (added && module->build_id_size)
		dwfl_module_report_build_id(added, module->build_id, module->build_id_size, 0);
}

int core_unwind_create(
	struct core_unwind **ret, const struct core_modules *modules, struct error *err)
{
	struct core_unwind *unwind = calloc(1, sizeof *unwind);

	if (!unwind)
		return error_set(err, "no memory to unwind the core's stacks");
	unwind->modules = modules;
	unwind->thread = modules->core->threads;
	memcpy(unwind->header.e_ident, ELFMAG, SELFMAG);
	unwind->header.e_ident[EI_CLASS] = ELFCLASS64;
	unwind->header.e_ident[EI_DATA] = ELFDATA2LSB;
	unwind->header.e_ident[EI_VERSION] = EV_CURRENT;
	unwind->header.e_type = ET_CORE;
	unwind->header.e_machine = EM_X86_64;
	unwind->header.e_version = EV_CURRENT;
	unwind->header.e_ehsize = sizeof unwind->header;
	elf_version(EV_CURRENT);
	unwind->machine = elf_memory((char *)&unwind->header, sizeof unwind->header);
	unwind->dwfl = dwfl_begin(&callbacks);
	if (!unwind->machine || !unwind->dwfl) {
		core_unwind_destroy(unwind);
		return error_set(err, "libdw: %s", dwfl_errmsg(-1));
	}
	dwfl_report_begin(unwind->dwfl);
	for (size_t i = 0; i < modules->count; i++)
		report_module(unwind, &modules->list[i]);
	dwfl_report_end(unwind->dwfl, NULL, NULL);
	if (!dwfl_attach_state(unwind->dwfl, unwind->machine, (pid_t)unwind->thread->os_tid,
		    &thread_callbacks, unwind)) {
		core_unwind_destroy(unwind);
		return error_set(err, "libdw cannot unwind this core: %s", dwfl_errmsg(-1));
	}
	*ret = unwind;
	return 0;
}

void core_unwind_destroy(struct core_unwind *unwind)
{
	if (!unwind)
		return;
	if (unwind->dwfl)
		dwfl_end(unwind->dwfl);
	if (unwind->machine)
		elf_end(unwind->machine);
	free(unwind);
}

static bool covers(Dwarf_CFI *cfi, Dwarf_Addr address)
{
	Dwarf_Frame *frame;

	if (!cfi || dwarf_cfi_addrframe(cfi, address, &frame))
		return false;
	free(frame);
	return true;
}

/* Whether libdw is led by unwind information from this frame to its caller. */
static bool can_go_on(const struct core_unwind *unwind, const struct core_frame *frame)
{
	uint64_t address = frame->pc - !frame->is_exact;
	Dwfl_Module *module = dwfl_addrmodule(unwind->dwfl, address);
	const char *name = frame->module ? strrchr(frame->module->path, '/') : NULL;
	Dwarf_Addr bias = 0;
	Dwarf_CFI *cfi = module ? dwfl_module_eh_cfi(module, &bias) : NULL;

	if (covers(cfi, address - bias))
		return true;
	cfi = module ? dwfl_module_dwarf_cfi(module, &bias) : NULL;
	if (covers(cfi, address - bias))
		return true;
	return name && !strcmp(name, "/libacausal.so");
}

/* What is mapped from a file and not in the core at all, gdb's gcore has left out: code is. */
static bool is_code(const struct core_unwind *unwind, uint64_t address)
{
	const struct core_file *core = unwind->modules->core;
	const struct core_segment *segment = core_file_segment(core, address);

	return segment ? segment->is_executable : core_file_mapping(core, address) != NULL;
}

static void add_frame(struct core_unwind *unwind, uint64_t pc, bool is_exact)
{
	struct core_stack *stack = unwind->stack;

	stack->frames[stack->count++] = (struct core_frame){.pc = pc,
		.is_exact = is_exact,
		.module = core_modules_find(unwind->modules, pc - !is_exact)};
}

/* The stack pointer and what else the function can still rely on, as far as libdw tells. */
static void take_registers(Dwfl_Frame *state, struct core_frame *frame)
{
#if _ELFUTILS_PREREQ(0, 188)
	static const unsigned kept[CORE_KEPT] = {3, CORE_FP, 12, 13, 14, 15};
	Dwarf_Word word;

	if (!dwfl_frame_reg(state, CORE_SP, &word))
		frame->sp = word;
	for (int i = 0; i < CORE_KEPT; i++) {
		if (dwfl_frame_reg(state, kept[i], &word))
			continue;
		frame->kept[i] = word;
		frame->is_kept |= 1u << i;
	}
#else
	(void)state;
	(void)frame;
#endif
}

static int on_frame(Dwfl_Frame *state, void *argument)
{
	struct core_unwind *unwind = argument;
	struct core_stack *stack = unwind->stack;
	struct core_frame *frame;
	Dwarf_Addr pc;
	bool is_exact;

	if (!dwfl_frame_pc(state, &pc, &is_exact))
		return DWARF_CB_ABORT;
	if (unwind->first_pc && stack->count == 1) {
		pc = unwind->first_pc;
		is_exact = false;
	}
	if (stack->count && !is_code(unwind, pc - !is_exact))
		return DWARF_CB_ABORT;
	if (stack->count == CORE_FRAMES_MAX) {
		stack->end = CORE_STACK_DEEPER;
		return DWARF_CB_ABORT;
	}
	add_frame(unwind, pc, is_exact);
	frame = &stack->frames[stack->count - 1];
	take_registers(state, frame);
	if (can_go_on(unwind, frame))
		return DWARF_CB_OK;
	stack->end = frame->module && !frame->module->file && !frame->module->is_vdso
			     ? CORE_STACK_MISSING
			     : CORE_STACK_NO_CFI;
	return DWARF_CB_ABORT;
}

void core_unwind_thread(
	struct core_unwind *unwind, const struct core_thread *thread, struct core_stack *ret)
{
	uint64_t caller = 0, pc = thread->registers[CORE_PC];

	ret->count = 0;
	ret->end = CORE_STACK_BROKEN;
	unwind->thread = thread;
	unwind->stack = ret;
	unwind->first_pc = 0;
	if (!is_code(unwind, pc)) {
		add_frame(unwind, pc, true);
		if (!read_word(unwind, thread->registers[CORE_SP], &caller) || !caller ||
			!is_code(unwind, caller - 1))
			return;
		unwind->first_pc = caller;
	}
	if (!dwfl_getthread_frames(unwind->dwfl, (pid_t)thread->os_tid, on_frame, unwind))
		ret->end = CORE_STACK_NONE;
	if (!ret->count)
		add_frame(unwind, pc, true);
}

struct Dwfl_Module *core_unwind_module(const struct core_unwind *unwind, uint64_t address)
{
	return dwfl_addrmodule(unwind->dwfl, address);
}

const char *core_unwind_function(
	const struct core_unwind *unwind, uint64_t address, uint64_t *start)
{
	Dwfl_Module *module = dwfl_addrmodule(unwind->dwfl, address);
	GElf_Off offset;
	GElf_Sym symbol;
	const char *name =
		module ? dwfl_module_addrinfo(module, address, &offset, &symbol, NULL, NULL, NULL)
		       : NULL;

	if (name)
		*start = address - offset;
	return name;
}

const char *core_stack_end_words(enum core_stack_end end)
{
	static const char *const words[] = {
#define X(tag, text) [CORE_STACK_##tag] = text,
		CORE_STACK_ENDS(X)
#undef X
	};

	return words[end];
}
