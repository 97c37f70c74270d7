/*
 * Rows in the cache: see unwind_row.h. Also what unwind.h says of code: unwind_flush,
 * unwind_function_start, unwind_set_module_hook.
 *
 * What the cache holds of an address is one word, the address and its row packed together, so that
 * threads and signal handlers read and write it without a lock and never see half of one. Code
 * outside any module may vanish at any time: it is read only after asking the kernel.
 */
#include "recorder/runtime/unwind_row.h"

#include <elf.h>
#include <link.h>

struct row_set row_sets[ROW_SETS];

/* Advanced by unwind_flush: what was decoded before must not be stored after. */
_Atomic uint64_t row_generation;

static void (*module_hook)(const struct dl_find_object *object);

/* Stores a code that was decoded while the generation was `decoded_in`. */
static void row_put(uintptr_t at, uint32_t code, uint64_t decoded_in)
{
	const uintptr_t set = (at >> ARCH_PC_SHIFT) % ROW_SETS;
	const uint64_t old = atomic_load_explicit(&row_sets[set].way[0], memory_order_relaxed);

	atomic_store(&row_sets[set].way[1], old);
	atomic_store(&row_sets[set].way[0], row_tag(at) | code);
	/* Either this is seen here, or unwind_flush sees the entries. */
	if (atomic_load(&row_generation) != decoded_in) {
		atomic_store(&row_sets[set].way[1], 0);
		atomic_store(&row_sets[set].way[0], 0);
	}
}

void unwind_flush(void)
{
	unsigned i, way;

	atomic_fetch_add(&row_generation, 1);
	/* Looking first keeps pages that were never written from becoming memory. */
	for (i = 0; i < ROW_SETS; i++)
		for (way = 0; way < 2; way++)
			if (atomic_load(&row_sets[i].way[way]))
				atomic_store(&row_sets[i].way[way], 0);
}

static bool fits(int32_t offset, unsigned max)
{
	return offset % 8 == 0 && offset >= 0 && (unsigned)offset / 8 <= max;
}

static uint32_t row_pack(const struct cfi_row *row)
{
	uint32_t kind = CODE_USUAL, base = row->cfa_base == CFI_FROM_FP ? CODE_FROM_FP : 0;
	int32_t slot = 0;

	if (row->ra_rule == CFI_OUTERMOST)
		return CODE_OUTERMOST;
	if (row->fp_rule == CFI_SAVED) {
		slot = -row->fp_offset;
		if (slot < 16 || row->ra_rule != CFI_SAVED ||
			row->ra_offset != (ARCH_RA_IN_REGISTER ? row->fp_offset + 8 : -8))
			return CODE_WIDE;
	} else if (ARCH_RA_IN_REGISTER) {
		kind = CODE_RA_ONLY;
		if (row->ra_rule == CFI_SAVED) {
			slot = -row->ra_offset;
			if (slot < 8)
				return CODE_WIDE;
		}
	} else if (row->ra_offset != -8) {
		return CODE_WIDE;
	}
	if (!fits(row->cfa_offset, CODE_CFA_MAX) || !fits(slot, CODE_SLOT_MAX))
		return CODE_WIDE;
	return kind | base | (uint32_t)row->cfa_offset / 8 << CODE_CFA_SHIFT |
	       (uint32_t)slot / 8 << CODE_SLOT_SHIFT;
}

READS_STACK static void copy_bytes(uintptr_t address, unsigned size, uint8_t *ret)
{
	unsigned i;

	for (i = 0; i < size; i++)
		ret[i] = *(const volatile uint8_t *)(address + i);
}

/* Reads code that may not be there, 8 bytes or more. */
static bool copy_code(uintptr_t address, unsigned size, uint8_t *ret)
{
	if (address < LOWEST_ADDRESS || !can_read(address) || !can_read(address + size - 8))
		return false;
	copy_bytes(address, size, ret);
	return true;
}

static bool is_sigreturn(uintptr_t pc)
{
	uint8_t code[ARCH_SIGRETURN_SIZE];

	return copy_code(pc, sizeof code, code) && arch_is_sigreturn(code);
}

bool row_follows_call(uintptr_t pc)
{
	uint8_t code[8] = {0};
	const unsigned in_page = pc % PAGE;

	if (!copy_code(pc - sizeof code, sizeof code, code)) {
		/* The call may be the first thing in its mapping. */
		if (in_page >= sizeof code || !can_read(pc - in_page))
			return false;
		copy_bytes(pc - in_page, in_page, code + sizeof code - in_page);
	}
	return arch_follows_call(code + sizeof code);
}

/* The segment of a loaded module that holds its .eh_frame_hdr. */
static struct cfi_module module_of(const struct dl_find_object *object)
{
	const uintptr_t start = (uintptr_t)object->dlfo_map_start;
	const uintptr_t hdr = (uintptr_t)object->dlfo_eh_frame;
	const uintptr_t bias = object->dlfo_link_map->l_addr;
	const ElfW(Ehdr) *elf = object->dlfo_map_start;
	const ElfW(Phdr) * segment;
	unsigned i;
	struct cfi_module module = {
		.bytes = object->dlfo_map_start,
		.size = (uintptr_t)object->dlfo_map_end - start,
		.address = start,
		.eh_frame_hdr = hdr,
	};

	/*
	 * A module's range has holes where nothing is mapped. Its program headers tell them, but
	 * for a file whose headers were moved away from its beginning.
	 */
	if (memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0 || elf->e_phentsize != sizeof *segment ||
		elf->e_phoff % 8 || elf->e_phoff > PAGE ||
		elf->e_phnum > (PAGE - elf->e_phoff) / sizeof *segment)
		return module;
	segment = (const void *)(start + elf->e_phoff);
	for (i = 0; i < elf->e_phnum; i++) {
		uintptr_t from = bias + segment[i].p_vaddr;

		if (segment[i].p_type != PT_LOAD || hdr - from >= segment[i].p_filesz)
			continue;
		if (from < start || segment[i].p_filesz > module.size - (from - start))
			continue;
		module.bytes = (const uint8_t *)from;
		module.address = from;
		module.size = segment[i].p_filesz;
		break;
	}
	return module;
}

enum cfi_result row_read(uintptr_t pc, bool exact, struct cfi_row *ret)
{
	const uintptr_t at = lookup_address(pc, exact);
	struct dl_find_object object;
	struct cfi_module module;

	if (_dl_find_object((void *)at, &object) != 0 || !object.dlfo_eh_frame)
		return CFI_NO_FDE;
	module = module_of(&object);
	return cfi_find(&ARCH_CFI, &module, at, ret);
}

bool row_has_module(uintptr_t pc, bool exact)
{
	struct dl_find_object object;

	return _dl_find_object((void *)lookup_address(pc, exact), &object) == 0;
}

/* Whether a function begins at `pc`, for all that is known of a module. */
static bool begins_function(uintptr_t pc, const struct cfi_module *module)
{
	uint64_t start;

	return cfi_find_function(module, pc, &start) == CFI_FOUND && start == pc;
}

/* Code that no row describes; `module` is NULL outside of any and where it has no information. */
static uint32_t code_without_row(
	uintptr_t pc, bool exact, bool in_module, const struct cfi_module *module)
{
	/* makecontext and its like make a coroutine's first function return to another's start. */
	if (module && !exact && begins_function(pc, module))
		return CODE_BOTTOM;
	if (is_sigreturn(pc))
		return CODE_SIGNAL;
	if (exact ? !can_read(pc & -8ull) : !row_follows_call(pc))
		return CODE_NO_CODE;
	return in_module ? CODE_BARE : CODE_NO_MODULE;
}

uint32_t row_decode(uintptr_t pc, bool exact)
{
	const uint64_t decoded_in = atomic_load(&row_generation);
	const uintptr_t at = lookup_address(pc, exact);
	struct dl_find_object object;
	struct cfi_module module;
	struct cfi_row row;
	uint32_t code;

	if (_dl_find_object((void *)at, &object) != 0) {
		code = code_without_row(pc, exact, false, NULL);
		/* An exact address is met once; a signal frame is not worth the doubt. */
		if (code == CODE_NO_MODULE && !exact)
			row_put(at, code, decoded_in);
		return code;
	}
	if (module_hook)
		module_hook(&object);
	if (object.dlfo_eh_frame) {
		module = module_of(&object);
		switch (cfi_find(&ARCH_CFI, &module, at, &row)) {
		case CFI_FOUND:
			if (!row.signal_frame)
				code = row_pack(&row);
			else
				code = is_sigreturn(pc) ? CODE_SIGNAL : CODE_REFUSED;
			break;
		case CFI_NO_FDE:
			code = code_without_row(pc, exact, true, &module);
			break;
		default:
			code = CODE_REFUSED;
			break;
		}
	} else {
		code = code_without_row(pc, exact, true, NULL);
	}
	if (code != CODE_NO_CODE)
		row_put(at, code, decoded_in);
	return code;
}

bool unwind_function_start(uintptr_t pc, uintptr_t *ret)
{
	struct dl_find_object object;
	struct cfi_module module;
	uint64_t start;

	pc &= 0xffffffffffff;
	if (_dl_find_object((void *)pc, &object) != 0 || !object.dlfo_eh_frame)
		return false;
	module = module_of(&object);
	if (cfi_find_function(&module, pc, &start) != CFI_FOUND)
		return false;
	*ret = start;
	return true;
}

void unwind_set_module_hook(void (*hook)(const struct dl_find_object *object))
{
	module_hook = hook;
}
