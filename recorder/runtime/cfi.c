/*
 * Reader of .eh_frame rows (DWARF 5, section 6.4; Linux Standard Base, "Exception Frames").
 *
 * Promises: no allocation, no state, bounded stack and time, no read
 * outside the module's bytes. A row that it gives is the row that the bytes describe; everything
 * that it does not understand is refused, never guessed. Must not be used to restore any other
 * register than the three it knows, nor for .debug_frame.
 */
#include "recorder/runtime/cfi.h"

#include "recorder/runtime/cfi_entry.h"

const struct cfi_arch cfi_arch_x86_64 = {.sp = 7, .fp = 6, .ra = 16};
const struct cfi_arch cfi_arch_aarch64 = {
	.sp = 31, .fp = 29, .ra = 30, .ra_in_register = true, .ra_state = true};

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

	result = cfi_entry_find(module, pc, &fde);
	if (result != CFI_FOUND)
		return result;
	*ret = (struct cfi_row){.function = fde.begin};
	if (fde.cie.signal_frame) {
		ret->signal_frame = true;
		return CFI_FOUND;
	}
	if (fde.cie.ra != arch->ra)
		return CFI_REFUSED;

	m.arch = arch;
	m.cie = &fde.cie;
	m.depth = 0;
	m.now = m.initial = (struct state){0};
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
	struct fde fde;
	enum cfi_result result = cfi_entry_find(module, pc, &fde);

	if (result == CFI_FOUND)
		*ret = fde.begin;
	return result;
}
