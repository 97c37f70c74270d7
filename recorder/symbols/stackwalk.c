/*
 * libdwfl's unwinder over a process that is no more: see stackwalk.h. Memory is the copy of the
 * stack and nothing else; files are used only if they have the build ID that was recorded.
 */
#include "recorder/symbols/stackwalk.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREAD = 1, BUILD_ID_TEXT = 129 };

struct walk {
	Dwfl *dwfl;
	const struct stackwalk *of;
	uint64_t pc, sp; /* where to begin: not where it is if no code is there */
	struct stackwalk_frame *frames;
	unsigned count, max;
	bool begins_at_caller, is_stopped;
	bool has_missed; /* memory that is not in the copy */
};

static char *debug_path;

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.debuginfo_path = &debug_path,
};

static bool same_build_id(Dwfl_Module *file, const char *wanted)
{
	const unsigned char *found;
	char text[BUILD_ID_TEXT] = "";
	GElf_Addr address;
	int size = dwfl_module_build_id(file, &found, &address);

	for (int i = 0; i < size && i < BUILD_ID_TEXT / 2; i++)
		snprintf(text + 2 * i, 3, "%02x", found[i]);
	return !strcmp(text, wanted);
}

/* False: another file than the one that was mapped is there now. One that is not there is left out.
 */
static bool report(Dwfl *dwfl, const struct stackwalk_module *module)
{
	int fd = open(module->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	Dwfl_Module *file;
	Dwarf_Addr bias;

	if (fd < 0)
		return true;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return true;
	}
	file = dwfl_report_elf(dwfl, module->path, module->path, fd, module->bias, true);
	if (!file) {
		close(fd);
		return false;
	}
	return dwfl_module_getelf(file, &bias) && same_build_id(file, module->build_id);
}

static bool read_word(const struct stackwalk *of, uint64_t address, uint64_t *ret)
{
	uint64_t offset = address - of->stack_address;

	if (offset > of->stack_size || of->stack_size - offset < sizeof *ret)
		return false;
	memcpy(ret, of->stack + offset, sizeof *ret);
	return true;
}

static pid_t next_thread(Dwfl *dwfl, void *user, void **thread)
{
	(void)dwfl;
	if (*thread)
		return 0;
	*thread = user;
	return THREAD;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *user)
{
	struct walk *walk = user;

	(void)dwfl;
	if (read_word(walk->of, address, ret))
		return true;
	walk->has_missed = true;
	return false;
}

/* The stack pointer's number in DWARF. */
static int sp_number(const struct stackwalk *of)
{
	return of->register_count == 17 ? 7 : 31;
}

static bool set_registers(Dwfl_Thread *thread, void *user)
{
	const struct walk *walk = user;
	Dwarf_Word registers[64];
	unsigned count = walk->of->register_count;

	if (count > sizeof registers / sizeof *registers)
		return false;
	memcpy(registers, walk->of->registers, count * sizeof *registers);
	registers[sp_number(walk->of)] = walk->sp;
	registers[count - 1] = walk->pc;
	/* On aarch64 the pc has no number. */
	if (!dwfl_thread_state_registers(thread, 0, count == 17 ? count : count - 1, registers))
		return false;
	dwfl_thread_state_register_pc(thread, walk->pc);
	return true;
}

static int on_frame(Dwfl_Frame *frame, void *user)
{
	struct walk *walk = user;
	Dwarf_Addr pc;
	bool is_exact;

	if (!dwfl_frame_pc(frame, &pc, &is_exact))
		return DWARF_CB_ABORT;
	/* Where no code was to begin from, the first frame is that of a caller. */
	if (!walk->count && walk->begins_at_caller)
		is_exact = false;
	if (pc >= walk->of->stop_low && pc < walk->of->stop_high) {
		walk->is_stopped = true;
		return DWARF_CB_ABORT;
	}
	/* Of code that nothing is known of, libdw would follow the frame pointer. */
	if (walk->count == walk->max || !dwfl_addrmodule(walk->dwfl, is_exact ? pc : pc - 1))
		return DWARF_CB_ABORT;
	walk->frames[walk->count++] = (struct stackwalk_frame){.pc = pc, .is_exact = is_exact};
	return DWARF_CB_OK;
}

/* After a jump to where no code is, begins at whoever called. */
static bool find_begin(Dwfl *dwfl, struct walk *walk)
{
	const struct stackwalk *of = walk->of;
	uint64_t pc = of->registers[of->register_count - 1], caller;

	walk->pc = pc;
	walk->sp = of->registers[sp_number(of)];
	if (dwfl_addrmodule(dwfl, pc))
		return true;
	if (of->register_count == 17) {
		if (!read_word(of, walk->sp, &caller))
			return false;
		walk->sp += 8;
	} else {
		caller = of->registers[30];
	}
	if (!dwfl_addrmodule(dwfl, caller))
		return false;
	walk->pc = caller;
	walk->begins_at_caller = true;
	return true;
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.memory_read = memory_read,
	.set_initial_registers = set_registers,
};

unsigned stackwalk_run(
	const struct stackwalk *of, struct stackwalk_frame *frames, unsigned max, bool *is_whole)
{
	struct walk walk = {.of = of, .frames = frames, .max = max};
	Dwfl *dwfl = walk.dwfl = dwfl_begin(&callbacks);
	int result = -1;

	*is_whole = false;
	if (!dwfl)
		return 0;
	dwfl_report_begin(dwfl);
	for (unsigned i = 0; i < of->module_count; i++)
		if (!report(dwfl, &of->modules[i]))
			goto out;
	dwfl_report_end(dwfl, NULL, NULL);
	if (find_begin(dwfl, &walk) &&
		dwfl_attach_state(dwfl, NULL, THREAD, &thread_callbacks, &walk))
		result = dwfl_getthread_frames(dwfl, THREAD, on_frame, &walk);
	/* libdwfl takes a word that it cannot read for the end of the stack. */
	*is_whole = walk.is_stopped || (result == 0 && !walk.has_missed);
out:
	dwfl_end(dwfl);
	return walk.count;
}
