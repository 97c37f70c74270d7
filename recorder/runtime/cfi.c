/*
 * Reader of .eh_frame rows (DWARF 5, section 6.4; Linux Standard Base, "Exception Frames").
 *
 * Promises: no allocation, no call out of this file, no state, bounded stack and time, no read
 * outside the module's bytes. A row that it gives is the row that the bytes describe; everything
 * that it does not understand is refused, never guessed. Must not be used to restore any other
 * register than the three it knows, nor for .debug_frame.
 */
#include "recorder/runtime/cfi.h"

#include <stddef.h>
#include <string.h>

const struct cfi_arch cfi_arch_x86_64 = { .sp = 7, .fp = 6, .ra = 16 };
const struct cfi_arch cfi_arch_aarch64 = {
	.sp = 31, .fp = 29, .ra = 30, .ra_in_register = true, .ra_state = true
};

enum {
	/* Pointer encodings: the format in the low four bits, what it is relative to above. */
	PE_ABSPTR = 0x00,
	PE_ULEB128 = 0x01,
	PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SLEB128 = 0x09,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_PCREL = 0x10,
	PE_DATAREL = 0x30,
	PE_ALIGNED = 0x50,
	PE_RELATION = 0x70,
	PE_INDIRECT = 0x80,
	PE_OMIT = 0xff,
};

enum {
	OP_NOP = 0x00,
	OP_SET_LOC = 0x01,
	OP_ADVANCE_LOC1 = 0x02,
	OP_ADVANCE_LOC2 = 0x03,
	OP_ADVANCE_LOC4 = 0x04,
	OP_OFFSET_EXTENDED = 0x05,
	OP_RESTORE_EXTENDED = 0x06,
	OP_UNDEFINED = 0x07,
	OP_SAME_VALUE = 0x08,
	OP_REGISTER = 0x09,
	OP_REMEMBER_STATE = 0x0a,
	OP_RESTORE_STATE = 0x0b,
	OP_DEF_CFA = 0x0c,
	OP_DEF_CFA_REGISTER = 0x0d,
	OP_DEF_CFA_OFFSET = 0x0e,
	OP_DEF_CFA_EXPRESSION = 0x0f,
	OP_EXPRESSION = 0x10,
	OP_OFFSET_EXTENDED_SF = 0x11,
	OP_DEF_CFA_SF = 0x12,
	OP_DEF_CFA_OFFSET_SF = 0x13,
	OP_VAL_OFFSET = 0x14,
	OP_VAL_OFFSET_SF = 0x15,
	OP_VAL_EXPRESSION = 0x16,
	OP_MIPS_ADVANCE_LOC8 = 0x1d,
	OP_AARCH64_NEGATE_RA_STATE_WITH_PC = 0x2c,
	OP_AARCH64_NEGATE_RA_STATE = 0x2d,
	OP_GNU_ARGS_SIZE = 0x2e,
	OP_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
	/* These hold their operand in the low six bits. */
	OP_ADVANCE_LOC = 0x40,
	OP_OFFSET = 0x80,
	OP_RESTORE = 0xc0,
};

enum { REMEMBERED_STATES = 8 };

/*
 * A place in the module's bytes. Running out of them is remembered in `bad`, after which every read
 * gives 0 and nothing is left, so that it need be asked only where a result is used.
 */
struct reader {
	const struct cfi_module *module;
	const uint8_t *at, *end;
	bool bad;
};

/* Everything from `address` to the end of the module's bytes. */
static struct reader reader_at(const struct cfi_module *module, uint64_t address)
{
	struct reader r = { .module = module };
	uint64_t offset = address - module->address;

	if (offset > module->size) {
		r.at = r.end = module->bytes;
		r.bad = true;
	} else {
		r.at = module->bytes + offset;
		r.end = module->bytes + module->size;
	}
	return r;
}

static uint64_t reader_address(const struct reader *r)
{
	return r->module->address + (uint64_t)(r->at - r->module->bytes);
}

static uint64_t reader_left(const struct reader *r)
{
	return (uint64_t)(r->end - r->at);
}

static void reader_fail(struct reader *r)
{
	r->bad = true;
	r->at = r->end;
}

static void skip(struct reader *r, uint64_t bytes)
{
	if (bytes > reader_left(r))
		reader_fail(r);
	else
		r->at += bytes;
}

static void cut(struct reader *r, uint64_t bytes)
{
	if (bytes > reader_left(r))
		reader_fail(r);
	else
		r->end = r->at + bytes;
}

/* Both processors are little endian. */
static uint64_t read_bytes(struct reader *r, unsigned size)
{
	uint64_t value = 0;

	if (size > reader_left(r)) {
		reader_fail(r);
		return 0;
	}
	memcpy(&value, r->at, size);
	r->at += size;
	return value;
}

static uint8_t read_u8(struct reader *r)
{
	if (r->at == r->end) {
		reader_fail(r);
		return 0;
	}
	return *r->at++;
}

static int64_t read_signed(struct reader *r, unsigned size)
{
	unsigned shift = 64 - 8 * size;

	return (int64_t)(read_bytes(r, size) << shift) >> shift;
}

static uint64_t read_uleb(struct reader *r)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = read_u8(r);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) && shift < 140);
	return value;
}

static int64_t read_sleb(struct reader *r)
{
	uint64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = read_u8(r);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) && shift < 140);
	if ((byte & 0x40) && shift < 64)
		value |= ~0ull << shift;
	return (int64_t)value;
}

static void skip_block(struct reader *r)
{
	skip(r, read_uleb(r));
}

/* The value as written, without what it is relative to. False when the format is not known. */
static bool read_format(struct reader *r, uint8_t encoding, uint64_t *ret)
{
	switch (encoding & 0x0f) {
	case PE_ABSPTR:
	case PE_UDATA8:
	case PE_SDATA8:
		*ret = read_bytes(r, 8);
		return true;
	case PE_UDATA4:
		*ret = read_bytes(r, 4);
		return true;
	case PE_UDATA2:
		*ret = read_bytes(r, 2);
		return true;
	case PE_SDATA4:
		*ret = (uint64_t)read_signed(r, 4);
		return true;
	case PE_SDATA2:
		*ret = (uint64_t)read_signed(r, 2);
		return true;
	case PE_ULEB128:
		*ret = read_uleb(r);
		return true;
	case PE_SLEB128:
		*ret = (uint64_t)read_sleb(r);
		return true;
	default:
		return false;
	}
}

/* `data` is what PE_DATAREL is relative to. */
static bool read_pointer(struct reader *r, uint8_t encoding, uint64_t data, uint64_t *ret)
{
	uint64_t here = reader_address(r);

	if ((encoding & PE_INDIRECT) || !read_format(r, encoding, ret))
		return false;
	switch (encoding & PE_RELATION) {
	case 0:
		return true;
	case PE_PCREL:
		*ret += here;
		return true;
	case PE_DATAREL:
		*ret += data;
		return data != 0;
	default:
		return false;
	}
}

static bool skip_pointer(struct reader *r, uint8_t encoding)
{
	uint64_t ignored;

	if (encoding == PE_OMIT)
		return true;
	if ((encoding & PE_RELATION) == PE_ALIGNED) {
		skip(r, -reader_address(r) & 7);
		skip(r, 8);
		return true;
	}
	return read_format(r, encoding, &ignored);
}

struct cie {
	struct reader instructions;
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra;
	uint8_t encoding;	/* of addresses in its FDEs */
	bool augmented;		/* its FDEs carry augmentation data */
	bool signal_frame;
};

struct fde {
	struct cie cie;
	struct reader instructions;
	uint64_t begin;
};

/* Bounds `r`, standing at an entry of .eh_frame, to what that entry says it holds. */
static enum cfi_result open_entry(struct reader *r)
{
	uint64_t length = read_bytes(r, 4);

	/* The 64-bit form would need an .eh_frame above 4 GiB. */
	if (length == 0xffffffff)
		return CFI_REFUSED;
	cut(r, length);
	return r->bad || length == 0 ? CFI_MALFORMED : CFI_FOUND;
}

/* Reads the augmentation `letters`, whose data stands where `r` is. */
static enum cfi_result read_augmentation(struct reader *r, struct reader letters, struct cie *cie)
{
	uint8_t letter = read_u8(&letters), encoding;
	struct reader data;
	uint64_t length;

	if (letter == 0)
		return CFI_FOUND;
	if (letter != 'z')
		return CFI_REFUSED;
	cie->augmented = true;
	length = read_uleb(r);
	data = *r;
	cut(&data, length);
	skip(r, length);
	while ((letter = read_u8(&letters))) {
		switch (letter) {
		case 'R':
			cie->encoding = read_u8(&data);
			break;
		case 'P':
			encoding = read_u8(&data);
			if (!skip_pointer(&data, encoding))
				return CFI_REFUSED;
			break;
		case 'L':
			skip(&data, 1);
			break;
		case 'S':
			cie->signal_frame = true;
			break;
		case 'B': /* aarch64: return addresses are signed with key B */
		case 'G': /* aarch64: tagged stack */
			break;
		default:
			return CFI_REFUSED;
		}
	}
	return data.bad ? CFI_MALFORMED : CFI_FOUND;
}

static enum cfi_result read_cie(const struct cfi_module *module, uint64_t address, struct cie *ret)
{
	struct reader r = reader_at(module, address), letters;
	enum cfi_result result = open_entry(&r);
	uint8_t version;

	if (result != CFI_FOUND)
		return result;
	if (read_bytes(&r, 4) != 0)
		return CFI_MALFORMED;
	version = read_u8(&r);
	if (version != 1 && version != 3)
		return r.bad ? CFI_MALFORMED : CFI_REFUSED;

	*ret = (struct cie){ .encoding = PE_ABSPTR };
	letters = r;
	while (read_u8(&r))
		;
	ret->code_align = read_uleb(&r);
	ret->data_align = read_sleb(&r);
	ret->ra = version == 1 ? read_u8(&r) : read_uleb(&r);
	result = read_augmentation(&r, letters, ret);
	ret->instructions = r;
	return r.bad && result == CFI_FOUND ? CFI_MALFORMED : result;
}

/* Reads the FDE at `address`; CFI_NO_FDE when it does not hold `pc`. */
static enum cfi_result read_fde(
	const struct cfi_module *module, uint64_t address, uint64_t pc, struct fde *ret)
{
	struct reader r = reader_at(module, address);
	enum cfi_result result = open_entry(&r);
	uint64_t here, back, length;

	if (result != CFI_FOUND)
		return result;
	here = reader_address(&r);
	back = read_bytes(&r, 4);
	if (r.bad || back == 0)
		return CFI_MALFORMED;
	result = read_cie(module, here - back, &ret->cie);
	if (result != CFI_FOUND)
		return result;
	if (!read_pointer(&r, ret->cie.encoding, 0, &ret->begin) ||
		!read_format(&r, ret->cie.encoding, &length))
		return CFI_REFUSED;
	if (ret->cie.augmented)
		skip_block(&r);
	if (r.bad)
		return CFI_MALFORMED;
	ret->instructions = r;
	return pc - ret->begin < length ? CFI_FOUND : CFI_NO_FDE;
}

/* Bytes of a pointer in a table that is to be searched by bisection; 0 when it cannot be. */
static unsigned fixed_size(uint8_t encoding)
{
	switch (encoding & 0x0f) {
	case PE_ABSPTR:
	case PE_UDATA8:
	case PE_SDATA8:
		return 8;
	case PE_UDATA4:
	case PE_SDATA4:
		return 4;
	case PE_UDATA2:
	case PE_SDATA2:
		return 2;
	default:
		return 0;
	}
}

/*
 * Searches .eh_frame_hdr's sorted table for the FDE that may hold `pc`. A module without that table
 * is refused: reading all of .eh_frame for each new address could take milliseconds.
 */
static enum cfi_result search_table(const struct cfi_module *module, uint64_t pc, uint64_t *ret)
{
	const uint64_t header = module->eh_frame_hdr;
	struct reader r = reader_at(module, header), entry;
	uint8_t version = read_u8(&r), pointer_encoding = read_u8(&r);
	uint8_t count_encoding = read_u8(&r), table_encoding = read_u8(&r);
	uint64_t count, low = 0, high, first = 0;
	unsigned size = fixed_size(table_encoding);

	if (r.bad)
		return CFI_MALFORMED;
	if (version != 1 || count_encoding == PE_OMIT || table_encoding == PE_OMIT || size == 0)
		return CFI_REFUSED;
	if (!skip_pointer(&r, pointer_encoding) ||
		!read_pointer(&r, count_encoding, header, &count))
		return CFI_REFUSED;
	if (r.bad || count > reader_left(&r) / (2 * size))
		return CFI_MALFORMED;

	/* Entries below `low` begin at or before pc, those from `high` on after it. */
	for (high = count; low < high;) {
		uint64_t middle = low + (high - low) / 2;

		entry = r;
		skip(&entry, middle * 2 * size);
		if (!read_pointer(&entry, table_encoding, header, &first))
			return CFI_REFUSED;
		if (first <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return CFI_NO_FDE;
	entry = r;
	skip(&entry, (low - 1) * 2 * size + size);
	return read_pointer(&entry, table_encoding, header, ret) ? CFI_FOUND : CFI_REFUSED;
}

enum rule_kind { RULE_UNSPECIFIED, RULE_SAME, RULE_UNDEFINED, RULE_OFFSET, RULE_OTHER };

enum cfa_kind { CFA_UNSPECIFIED, CFA_SP, CFA_FP, CFA_OTHER, CFA_EXPRESSION };

/* The rules in force, for the tracked registers alone: kept small, for it is remembered often. */
struct state {
	int32_t cfa_offset, fp_offset, ra_offset;
	uint8_t cfa;	    /* enum cfa_kind */
	uint8_t sp, fp, ra; /* enum rule_kind */
};

struct machine {
	const struct cfi_arch *arch;
	const struct cie *cie;
	struct state now, initial, remembered[REMEMBERED_STATES];
	unsigned depth;
};

static void set_rule(
	struct machine *m, uint64_t number, enum rule_kind kind, uint64_t factored, int64_t align)
{
	int32_t offset = 0;

	/* An offset that does not fit cannot be a stack's. */
	if (kind == RULE_OFFSET && __builtin_mul_overflow((int64_t)factored, align, &offset))
		kind = RULE_OTHER;
	if (number == m->arch->fp) {
		m->now.fp = kind;
		m->now.fp_offset = offset;
	} else if (number == m->arch->ra) {
		m->now.ra = kind;
		m->now.ra_offset = offset;
	} else if (number == m->arch->sp) {
		m->now.sp = kind;
	}
}

static void restore_rule(struct machine *m, uint64_t number)
{
	if (number == m->arch->fp) {
		m->now.fp = m->initial.fp;
		m->now.fp_offset = m->initial.fp_offset;
	} else if (number == m->arch->ra) {
		m->now.ra = m->initial.ra;
		m->now.ra_offset = m->initial.ra_offset;
	} else if (number == m->arch->sp) {
		m->now.sp = m->initial.sp;
	}
}

static void set_cfa_register(struct machine *m, uint64_t number)
{
	if (number == m->arch->sp)
		m->now.cfa = CFA_SP;
	else if (number == m->arch->fp)
		m->now.cfa = CFA_FP;
	else
		m->now.cfa = CFA_OTHER;
}

static void set_cfa_offset(struct machine *m, uint64_t factored, int64_t align)
{
	if (__builtin_mul_overflow((int64_t)factored, align, &m->now.cfa_offset))
		m->now.cfa = CFA_EXPRESSION;
}

/*
 * Runs instructions until the row that holds `pc` is complete. Each one takes at least a byte, so
 * that this ends.
 */
static enum cfi_result run(struct machine *m, struct reader r, uint64_t location, uint64_t pc)
{
	const uint64_t code_align = m->cie->code_align;
	const int64_t data_align = m->cie->data_align;
	uint64_t number, offset;

	while (r.at != r.end) {
		uint8_t op = read_u8(&r), low = op & 0x3f;

		switch (op & 0xc0) {
		case OP_ADVANCE_LOC:
			location += low * code_align;
			if (location > pc)
				return CFI_FOUND;
			continue;
		case OP_OFFSET:
			set_rule(m, low, RULE_OFFSET, read_uleb(&r), data_align);
			continue;
		case OP_RESTORE:
			restore_rule(m, low);
			continue;
		}
		switch (op) {
		case OP_NOP:
			break;
		case OP_SET_LOC:
			if (!read_pointer(&r, m->cie->encoding, 0, &location))
				return CFI_REFUSED;
			break;
		case OP_ADVANCE_LOC1:
			location += read_u8(&r) * code_align;
			break;
		case OP_ADVANCE_LOC2:
			location += read_bytes(&r, 2) * code_align;
			break;
		case OP_ADVANCE_LOC4:
			location += read_bytes(&r, 4) * code_align;
			break;
		case OP_MIPS_ADVANCE_LOC8:
			location += read_bytes(&r, 8) * code_align;
			break;
		case OP_OFFSET_EXTENDED:
			number = read_uleb(&r);
			set_rule(m, number, RULE_OFFSET, read_uleb(&r), data_align);
			break;
		case OP_OFFSET_EXTENDED_SF:
			number = read_uleb(&r);
			set_rule(m, number, RULE_OFFSET, (uint64_t)read_sleb(&r), data_align);
			break;
		case OP_GNU_NEGATIVE_OFFSET_EXTENDED:
			number = read_uleb(&r);
			set_rule(m, number, RULE_OFFSET, -read_uleb(&r), data_align);
			break;
		case OP_RESTORE_EXTENDED:
			restore_rule(m, read_uleb(&r));
			break;
		case OP_UNDEFINED:
			set_rule(m, read_uleb(&r), RULE_UNDEFINED, 0, 0);
			break;
		case OP_SAME_VALUE:
			set_rule(m, read_uleb(&r), RULE_SAME, 0, 0);
			break;
		case OP_REGISTER:
			set_rule(m, read_uleb(&r), RULE_OTHER, 0, 0);
			read_uleb(&r);
			break;
		case OP_VAL_OFFSET:
		case OP_VAL_OFFSET_SF:
			number = read_uleb(&r);
			offset = read_uleb(&r);
			/* "The caller's stack pointer is the CFA" is what holds anyway. */
			if (number == m->arch->sp && offset == 0)
				set_rule(m, number, RULE_UNSPECIFIED, 0, 0);
			else
				set_rule(m, number, RULE_OTHER, 0, 0);
			break;
		case OP_EXPRESSION:
		case OP_VAL_EXPRESSION:
			set_rule(m, read_uleb(&r), RULE_OTHER, 0, 0);
			skip_block(&r);
			break;
		case OP_REMEMBER_STATE:
			if (m->depth == REMEMBERED_STATES)
				return CFI_REFUSED;
			m->remembered[m->depth++] = m->now;
			break;
		case OP_RESTORE_STATE:
			if (m->depth == 0)
				return CFI_MALFORMED;
			m->now = m->remembered[--m->depth];
			break;
		case OP_DEF_CFA:
			set_cfa_register(m, read_uleb(&r));
			set_cfa_offset(m, read_uleb(&r), 1);
			break;
		case OP_DEF_CFA_SF:
			set_cfa_register(m, read_uleb(&r));
			set_cfa_offset(m, (uint64_t)read_sleb(&r), data_align);
			break;
		case OP_DEF_CFA_REGISTER:
			/* Without an offset from a register before it this means nothing. */
			number = read_uleb(&r);
			if (m->now.cfa == CFA_UNSPECIFIED)
				return CFI_MALFORMED;
			if (m->now.cfa != CFA_EXPRESSION)
				set_cfa_register(m, number);
			break;
		case OP_DEF_CFA_OFFSET:
			set_cfa_offset(m, read_uleb(&r), 1);
			break;
		case OP_DEF_CFA_OFFSET_SF:
			set_cfa_offset(m, (uint64_t)read_sleb(&r), data_align);
			break;
		case OP_DEF_CFA_EXPRESSION:
			m->now.cfa = CFA_EXPRESSION;
			skip_block(&r);
			break;
		case OP_GNU_ARGS_SIZE:
			read_uleb(&r);
			break;
		case OP_AARCH64_NEGATE_RA_STATE:
		case OP_AARCH64_NEGATE_RA_STATE_WITH_PC:
			/* A signed address is recognised by its own high bits. */
			if (!m->arch->ra_state)
				return CFI_REFUSED;
			break;
		default:
			return CFI_REFUSED;
		}
		if (location > pc)
			break;
	}
	return r.bad ? CFI_MALFORMED : CFI_FOUND;
}

/* Turns the rules into a row, or refuses them. */
static enum cfi_result make_row(
	const struct state *state, const struct cfi_arch *arch, struct cfi_row *ret)
{
	if (state->ra == RULE_UNDEFINED) {
		ret->ra_rule = CFI_OUTERMOST;
		return CFI_FOUND;
	}
	if (state->cfa != CFA_SP && state->cfa != CFA_FP)
		return state->cfa == CFA_UNSPECIFIED ? CFI_MALFORMED : CFI_REFUSED;
	if (state->sp != RULE_UNSPECIFIED)
		return CFI_REFUSED;
	ret->cfa_base = state->cfa == CFA_SP ? CFI_FROM_SP : CFI_FROM_FP;
	ret->cfa_offset = state->cfa_offset;

	if (state->fp == RULE_OFFSET) {
		ret->fp_rule = CFI_SAVED;
		ret->fp_offset = state->fp_offset;
	} else if (state->fp == RULE_SAME || state->fp == RULE_UNSPECIFIED) {
		ret->fp_rule = CFI_KEPT;
	} else {
		return CFI_REFUSED;
	}

	if (state->ra == RULE_OFFSET) {
		ret->ra_rule = CFI_SAVED;
		ret->ra_offset = state->ra_offset;
	} else if (arch->ra_in_register &&
		   (state->ra == RULE_SAME || state->ra == RULE_UNSPECIFIED)) {
		ret->ra_rule = CFI_KEPT;
	} else {
		return CFI_REFUSED;
	}
	return CFI_FOUND;
}

enum cfi_result cfi_find(const struct cfi_arch *arch, const struct cfi_module *module, uint64_t pc,
	struct cfi_row *ret)
{
	struct machine m;
	enum cfi_result result;
	struct fde fde;
	uint64_t address;

	result = search_table(module, pc, &address);
	if (result == CFI_FOUND)
		result = read_fde(module, address, pc, &fde);
	if (result != CFI_FOUND)
		return result;
	*ret = (struct cfi_row){ .function = fde.begin };
	if (fde.cie.signal_frame) {
		ret->signal_frame = true;
		return CFI_FOUND;
	}
	if (fde.cie.ra != arch->ra)
		return CFI_REFUSED;

	m.arch = arch;
	m.cie = &fde.cie;
	m.depth = 0;
	m.now = m.initial = (struct state){ 0 };
	result = run(&m, fde.cie.instructions, 0, UINT64_MAX);
	if (result != CFI_FOUND)
		return result;
	m.initial = m.now;
	result = run(&m, fde.instructions, fde.begin, pc);
	if (result != CFI_FOUND)
		return result;
	return make_row(&m.now, arch, ret);
}

enum cfi_result cfi_find_function(const struct cfi_module *module, uint64_t pc, uint64_t *ret)
{
	enum cfi_result result;
	struct fde fde;
	uint64_t address;

	result = search_table(module, pc, &address);
	if (result == CFI_FOUND)
		result = read_fde(module, address, pc, &fde);
	if (result == CFI_FOUND)
		*ret = fde.begin;
	return result;
}
