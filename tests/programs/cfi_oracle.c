/*
 * Compares our reader of call-frame information with libdw's, for every row of every FDE of the ELF
 * files named: cfi_oracle FILE...
 *
 * Each row is compared at its first and its last address: CFA, frame pointer, return address, stack
 * pointer, signal flag. Ours must be equal, or refused where libdw's row is of a kind that is not
 * read (an expression, a rule on another register); in the gaps between functions both must find
 * nothing. One line a file says how many rows were equal and how many refused. Fails on any
 * difference, and when more than MAX_REFUSED rows in a thousand are refused: OpenSSL's assembler
 * code counts its CFA from scratch registers, which makes 2 in node and 10 in libcrypto alone;
 * compilers leave it at one or two rows a library.
 */
#include "recorder/runtime/cfi.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOWN_DIFFERENCES = 20, MAX_REFUSED = 3 };

struct counts {
	uint64_t functions, rows, refused, signal_frames, outermost, gaps, different;
};

struct subject {
	const char *path;
	Elf *elf;
	Dwarf_CFI *cfi; /* libdw's */
	const struct cfi_arch *arch;
	struct cfi_module module; /* ours */
	struct counts counts;
};

/* A row in words of its own, so that both readers' can be compared and shown. */
struct plain_row {
	bool simple; /* of a kind that we read; else nothing below counts, but `why` */
	bool signal_frame, outermost;
	bool cfa_from_fp, fp_saved, ra_saved;
	int64_t cfa_offset, fp_offset, ra_offset;
	const char *why;
};

static void difference(struct subject *subject, uint64_t address, const char *words)
{
	if (subject->counts.different++ < SHOWN_DIFFERENCES)
		printf("# %s: %#" PRIx64 ": %s\n", subject->path, address, words);
}

/* One location description of libdw: saved at CFA + offset, or untouched. */
static bool plain_register(Dwarf_Frame *frame, int number, bool *ret_saved, int64_t *ret_offset)
{
	Dwarf_Op memory[3], *ops;
	size_t count;

	if (dwarf_frame_register(frame, number, memory, &ops, &count) != 0)
		return false;
	*ret_saved = false;
	*ret_offset = 0;
	if (count == 0)
		return ops == NULL;
	*ret_saved = true;
	if (ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	if (count == 2 && ops[1].atom == DW_OP_plus_uconst)
		*ret_offset = (int64_t)ops[1].number;
	return count == 1 || (count == 2 && ops[1].atom == DW_OP_plus_uconst);
}

static bool is_undefined(Dwarf_Frame *frame, int number)
{
	Dwarf_Op memory[3], *ops;
	size_t count;

	return dwarf_frame_register(frame, number, memory, &ops, &count) == 0 && count == 0 &&
	       ops == memory;
}

/* The stack pointer of the caller is the CFA: its value, not a place in memory. */
static bool is_cfa(Dwarf_Frame *frame, int number)
{
	Dwarf_Op memory[3], *ops;
	size_t count;

	return dwarf_frame_register(frame, number, memory, &ops, &count) == 0 && count == 2 &&
	       ops[0].atom == DW_OP_call_frame_cfa && ops[1].atom == DW_OP_stack_value;
}

/* `ra` is the column of the return address, in which the caller is resumed. */
static void plain_of_libdw(Dwarf_Frame *frame, const struct cfi_arch *arch, int ra,
	bool signal_frame, struct plain_row *ret)
{
	Dwarf_Op *ops;
	size_t count;
	unsigned base;

	*ret = (struct plain_row){.signal_frame = signal_frame};
	if (signal_frame) {
		ret->simple = true;
		return;
	}
	ret->why = "return column";
	if (ra != arch->ra)
		return;
	if (is_undefined(frame, arch->ra)) {
		ret->simple = ret->outermost = true;
		return;
	}
	ret->why = "CFA";
	if (dwarf_frame_cfa(frame, &ops, &count) != 0 || count != 1)
		return;
	if (ops[0].atom == DW_OP_bregx) {
		base = (unsigned)ops[0].number;
		ret->cfa_offset = (int64_t)ops[0].number2;
	} else if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31) {
		base = ops[0].atom - DW_OP_breg0;
		ret->cfa_offset = (int64_t)ops[0].number;
	} else {
		return;
	}
	if (base != arch->sp && base != arch->fp)
		return;
	ret->cfa_from_fp = base == arch->fp;
	ret->why = "stack pointer";
	if (!is_cfa(frame, arch->sp))
		return;
	ret->why = "frame pointer";
	if (!plain_register(frame, arch->fp, &ret->fp_saved, &ret->fp_offset))
		return;
	ret->why = "return address";
	if (!plain_register(frame, arch->ra, &ret->ra_saved, &ret->ra_offset))
		return;
	if (!ret->ra_saved && !arch->ra_in_register)
		return;
	ret->why = NULL;
	ret->simple = true;
}

static void plain_of_ours(const struct cfi_row *row, struct plain_row *ret)
{
	*ret = (struct plain_row){.simple = true, .signal_frame = row->signal_frame};
	if (row->signal_frame)
		return;
	ret->outermost = row->ra_rule == CFI_OUTERMOST;
	if (ret->outermost)
		return;
	ret->cfa_from_fp = row->cfa_base == CFI_FROM_FP;
	ret->cfa_offset = row->cfa_offset;
	ret->fp_saved = row->fp_rule == CFI_SAVED;
	ret->fp_offset = row->fp_offset;
	ret->ra_saved = row->ra_rule == CFI_SAVED;
	ret->ra_offset = row->ra_offset;
}

static bool equal(const struct plain_row *a, const struct plain_row *b)
{
	return a->signal_frame == b->signal_frame && a->outermost == b->outermost &&
	       a->cfa_from_fp == b->cfa_from_fp && a->cfa_offset == b->cfa_offset &&
	       a->fp_saved == b->fp_saved && a->fp_offset == b->fp_offset &&
	       a->ra_saved == b->ra_saved && a->ra_offset == b->ra_offset;
}

static void describe(const struct plain_row *row, char *text, size_t size)
{
	if (!row->simple)
		snprintf(text, size, "not simple: %s", row->why);
	else if (row->signal_frame)
		snprintf(text, size, "signal frame");
	else if (row->outermost)
		snprintf(text, size, "outermost");
	else
		snprintf(text, size, "cfa %s%+" PRId64 ", fp %s%+" PRId64 ", ra %s%+" PRId64,
			row->cfa_from_fp ? "fp" : "sp", row->cfa_offset,
			row->fp_saved ? "c" : "kept", row->fp_offset, row->ra_saved ? "c" : "kept",
			row->ra_offset);
}

/* Whether ours is right at `address`; *ret_refused says that it is so by refusing. */
static void compare_at(struct subject *subject, uint64_t address, uint64_t function,
	const struct plain_row *theirs, bool *ret_refused)
{
	struct cfi_row row;
	struct plain_row ours;
	enum cfi_result result = cfi_find(subject->arch, &subject->module, address, &row);
	char words[300], right[100], wrong[100];

	*ret_refused = false;
	if (result == CFI_REFUSED) {
		*ret_refused = true;
		if (theirs->simple) {
			describe(theirs, right, sizeof right);
			snprintf(words, sizeof words, "refused without need: %s", right);
			difference(subject, address, words);
		}
		return;
	}
	if (result != CFI_FOUND) {
		difference(subject, address, result == CFI_NO_FDE ? "no FDE" : "malformed");
		return;
	}
	plain_of_ours(&row, &ours);
	if (!theirs->simple || !equal(&ours, theirs)) {
		describe(theirs, right, sizeof right);
		describe(&ours, wrong, sizeof wrong);
		snprintf(words, sizeof words, "ours: %s; libdw: %s", wrong, right);
		difference(subject, address, words);
	} else if (row.function != function) {
		difference(subject, address, "another function's beginning");
	}
}

static void compare_function(struct subject *subject, uint64_t begin, uint64_t end)
{
	uint64_t address = begin, start;
	struct counts *counts = &subject->counts;
	struct cfi_row row;
	Dwarf_Frame *frame;

	counts->functions++;
	if (cfi_find_function(&subject->module, begin, &start) != CFI_FOUND || start != begin)
		difference(subject, begin, "cfi_find_function does not find it");
	while (address < end) {
		Dwarf_Addr row_start, row_end;
		struct plain_row theirs;
		bool signal_frame, refused, refused_last;
		int ra;

		if (dwarf_cfi_addrframe(subject->cfi, address, &frame) != 0) {
			difference(subject, address, dwarf_errmsg(-1));
			return;
		}
		/* After DW_CFA_restore_state libdw's start is that of the state restored. */
		ra = dwarf_frame_info(frame, &row_start, &row_end, &signal_frame);
		if (ra < 0 || row_end <= address || row_start > address) {
			difference(subject, address, "libdw gives no range");
			free(frame);
			return;
		}
		if (row_end > end)
			row_end = end;
		plain_of_libdw(frame, subject->arch, ra, signal_frame, &theirs);
		free(frame);
		compare_at(subject, address, begin, &theirs, &refused);
		compare_at(subject, row_end - 1, begin, &theirs, &refused_last);
		counts->rows++;
		counts->refused += refused || refused_last;
		counts->signal_frames += theirs.signal_frame;
		counts->outermost += theirs.outermost;
		address = row_end;
	}
	if (dwarf_cfi_addrframe(subject->cfi, end, &frame) == 0) {
		free(frame);
	} else {
		counts->gaps++;
		if (cfi_find(subject->arch, &subject->module, end, &row) != CFI_NO_FDE)
			difference(subject, end, "a row where libdw finds none");
	}
}

/* The encoding of addresses in the FDEs of a CIE: the operand of the letter R. */
static int address_encoding(const Dwarf_CIE *cie)
{
	const uint8_t *data = cie->augmentation_data;
	const char *letter;

	if (cie->augmentation[0] != 'z')
		return DW_EH_PE_absptr;
	for (letter = cie->augmentation + 1; *letter; letter++) {
		if (*letter == 'R')
			return *data;
		if (*letter == 'L')
			data++;
		else if (*letter == 'P')
			data += (*data & 0x0f) == DW_EH_PE_sdata4 ||
						(*data & 0x0f) == DW_EH_PE_udata4
					? 5
					: 9;
	}
	return DW_EH_PE_absptr;
}

static bool compare_all(struct subject *subject, const GElf_Shdr *section, Elf_Data *data)
{
	unsigned char *ident = (unsigned char *)elf_getident(subject->elf, NULL);
	Dwarf_Off offset = 0, next;
	Dwarf_CFI_Entry entry, cie;
	int status;

	while ((status = dwarf_next_cfi(ident, data, true, offset, &next, &entry)) == 0) {
		uint64_t begin, length;
		Dwarf_Off ignored;

		offset = next;
		if (dwarf_cfi_cie_p(&entry))
			continue;
		if (dwarf_next_cfi(ident, data, true, entry.fde.CIE_pointer, &ignored, &cie) != 0)
			return false;
		begin = section->sh_addr + (uint64_t)(entry.fde.start - (uint8_t *)data->d_buf);
		switch (address_encoding(&cie.cie)) {
		case DW_EH_PE_pcrel | DW_EH_PE_sdata4: {
			int32_t relative, size;

			memcpy(&relative, entry.fde.start, 4);
			memcpy(&size, entry.fde.start + 4, 4);
			begin += (uint64_t)(int64_t)relative;
			length = (uint32_t)size;
			break;
		}
		case DW_EH_PE_pcrel | DW_EH_PE_sdata8: {
			uint64_t relative;

			memcpy(&relative, entry.fde.start, 8);
			memcpy(&length, entry.fde.start + 8, 8);
			begin += relative;
			break;
		}
		case DW_EH_PE_absptr:
			memcpy(&begin, entry.fde.start, 8);
			memcpy(&length, entry.fde.start + 8, 8);
			break;
		default:
			difference(subject, begin, "an encoding that this program cannot read");
			continue;
		}
		if (length)
			compare_function(subject, begin, begin + length);
	}
	return status == 1;
}

static const char *open_subject(struct subject *subject, GElf_Shdr *section, Elf_Data **data)
{
	int fd = open(subject->path, O_RDONLY | O_CLOEXEC);
	const uint8_t *bytes;
	struct stat status;
	GElf_Ehdr header;
	GElf_Phdr segment;
	Elf_Scn *scn = NULL;
	size_t count, i, names;
	uint64_t hdr = 0;

	if (fd < 0 || fstat(fd, &status) != 0)
		return "cannot be opened";
	bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	subject->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (bytes == MAP_FAILED || !subject->elf || !gelf_getehdr(subject->elf, &header) ||
		elf_getphdrnum(subject->elf, &count) != 0 ||
		elf_getshdrstrndx(subject->elf, &names) != 0)
		return "is no ELF file";
	if (header.e_machine == EM_X86_64)
		subject->arch = &cfi_arch_x86_64;
	else if (header.e_machine == EM_AARCH64)
		subject->arch = &cfi_arch_aarch64;
	else
		return "is for another processor";

	for (i = 0; i < count; i++)
		if (gelf_getphdr(subject->elf, (int)i, &segment) &&
			segment.p_type == PT_GNU_EH_FRAME)
			hdr = segment.p_vaddr;
	for (i = 0; i < count; i++)
		if (gelf_getphdr(subject->elf, (int)i, &segment) && segment.p_type == PT_LOAD &&
			hdr - segment.p_vaddr < segment.p_filesz)
			subject->module = (struct cfi_module){
				.bytes = bytes + segment.p_offset,
				.size = segment.p_filesz,
				.address = segment.p_vaddr,
				.eh_frame_hdr = hdr,
			};
	if (!subject->module.bytes)
		return "has no .eh_frame_hdr";

	subject->cfi = dwarf_getcfi_elf(subject->elf);
	if (!subject->cfi)
		return "has no call-frame information for libdw";
	while ((scn = elf_nextscn(subject->elf, scn)))
		if (gelf_getshdr(scn, section) &&
			strcmp(elf_strptr(subject->elf, names, section->sh_name), ".eh_frame") == 0)
			break;
	*data = scn ? elf_rawdata(scn, NULL) : NULL;
	return *data ? NULL : "has no .eh_frame";
}

static bool compare_file(const char *path)
{
	struct subject subject = {.path = path};
	const struct counts *counts = &subject.counts;
	const char *trouble;
	GElf_Shdr section;
	Elf_Data *data;
	bool good;

	trouble = open_subject(&subject, &section, &data);
	if (!trouble && !compare_all(&subject, &section, data))
		trouble = "has an .eh_frame that libdw cannot read";
	if (trouble) {
		printf("not ok - %s %s\n", path, trouble);
		return false;
	}
	good = counts->different == 0 && counts->rows > 0 &&
	       counts->refused * 1000 <= counts->rows * MAX_REFUSED;
	printf("%s - %s: %" PRIu64 " functions, %" PRIu64 " rows: %" PRIu64 " equal (%" PRIu64
	       " outermost, %" PRIu64 " of signal frames), %" PRIu64 " refused, %" PRIu64
	       " different; %" PRIu64 " gaps\n",
		good ? "ok" : "not ok", path, counts->functions, counts->rows,
		counts->rows - counts->refused - counts->different, counts->outermost,
		counts->signal_frames, counts->refused, counts->different, counts->gaps);
	dwarf_cfi_end(subject.cfi);
	elf_end(subject.elf);
	return good;
}

int main(int argc, char **argv)
{
	int i, status = argc < 2;

	elf_version(EV_CURRENT);
	for (i = 1; i < argc; i++)
		if (!compare_file(argv[i]))
			status = 1;
	return status;
}
