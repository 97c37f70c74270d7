/*
 * The reader of call-frame information, on information made here: each instruction, each
 * augmentation and encoding, what is refused, and bytes that are wrong in every way. The made
 * module lies at the very end of a page that is followed by nothing, so that a read past it is a
 * fault.
 *
 * That real libraries are read right is the business of the program cfi_oracle.
 */
#include "recorder/runtime/cfi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum {
	PAGES = 4 * 4096,
	ROOM = 4096,
	CODE = 0x20000, /* where the described function begins */
	LENGTH = 0x1000,
	BASE = 0x10000, /* address of the module's bytes */
};

/* Bytes of .eh_frame_hdr and .eh_frame in the making. */
struct image {
	uint8_t bytes[ROOM];
	size_t size;
	size_t fde;    /* where the last FDE begins */
	size_t cie;    /* where the last CIE begins */
	size_t length; /* where the open entry's length is */
};

static uint8_t *pages;

static void put(struct image *image, uint64_t value, unsigned size)
{
	assert_true(image->size + size <= ROOM);
	memcpy(image->bytes + image->size, &value, size);
	image->size += size;
}

static void put_at(struct image *image, size_t at, uint32_t value)
{
	memcpy(image->bytes + at, &value, 4);
}

static void put_bytes(struct image *image, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	while (size--)
		put(image, *byte++, 1);
}

static void open_entry(struct image *image)
{
	image->length = image->size;
	put(image, 0, 4);
}

static void close_entry(struct image *image)
{
	put_at(image, image->length, (uint32_t)(image->size - image->length - 4));
}

/* .eh_frame_hdr with a table of one, filled in by finish(). */
static void put_header(struct image *image)
{
	put(image, 1, 1);
	put(image, 0x1b, 1); /* .eh_frame's address: pcrel sdata4 */
	put(image, 0x03, 1); /* count: udata4 */
	put(image, 0x3b, 1); /* table: datarel sdata4 */
	put(image, 16, 4);
	put(image, 1, 4);
	put(image, CODE - BASE, 4);
	put(image, 0, 4);
}

struct cie_words {
	const char *augmentation;
	const void *data; /* of the augmentation */
	size_t data_size;
	uint8_t version, code_align, data_align /* as SLEB128 */, ra;
};

static const struct cie_words usual_cie = {
	.augmentation = "zR",
	.data = "\x1b",
	.data_size = 1,
	.version = 1,
	.code_align = 1,
	.data_align = 0x78, /* -8 */
	.ra = 16,
};

/* CFA = rsp + 8, return address at CFA - 8. */
static const char usual_start[] = {0x0c, 7, 8, (char)0x90, 1};

static void put_cie(
	struct image *image, const struct cie_words *words, const void *instructions, size_t size)
{
	image->cie = image->size;
	open_entry(image);
	put(image, 0, 4);
	put(image, words->version, 1);
	put_bytes(image, words->augmentation, strlen(words->augmentation) + 1);
	put(image, words->code_align, 1);
	put(image, words->data_align, 1);
	put(image, words->ra, 1);
	if (words->augmentation[0] == 'z') {
		put(image, words->data_size, 1);
		put_bytes(image, words->data, words->data_size);
	}
	put_bytes(image, instructions, size);
	close_entry(image);
}

/* An FDE with addresses of pcrel sdata4, unless `encoding` says another. */
static void put_fde(struct image *image, uint8_t encoding, bool augmented, const void *instructions,
	size_t size)
{
	uint64_t here, value = CODE;

	image->fde = image->size;
	open_entry(image);
	put(image, image->size - image->cie, 4);
	here = BASE + image->size;
	if ((encoding & 0x70) == 0x10)
		value -= here;
	switch (encoding & 0x0f) {
	case 0x02:
	case 0x0a:
		put(image, value, 2);
		put(image, LENGTH, 2);
		break;
	case 0x03:
	case 0x0b:
		put(image, value, 4);
		put(image, LENGTH, 4);
		break;
	default:
		put(image, value, 8);
		put(image, LENGTH, 8);
		break;
	}
	if (augmented)
		put(image, 0, 1);
	put_bytes(image, instructions, size);
	close_entry(image);
	put_at(image, 16, (uint32_t)image->fde);
}

/* The image as a module whose last byte is the last one that can be read. */
static struct cfi_module module_of(const struct image *image)
{
	uint8_t *bytes = pages + PAGES - image->size;

	memcpy(bytes, image->bytes, image->size);
	return (struct cfi_module){
		.bytes = bytes, .size = image->size, .address = BASE, .eh_frame_hdr = BASE};
}

static enum cfi_result find_in(const struct image *image, const struct cfi_arch *arch,
	uint64_t offset, struct cfi_row *row)
{
	const struct cfi_module module = module_of(image);

	memset(row, 0x55, sizeof *row);
	return cfi_find(arch, &module, CODE + offset, row);
}

/* The row at CODE + offset of a function described by `instructions` after the usual beginning. */
static enum cfi_result find(
	const void *instructions, size_t size, uint64_t offset, struct cfi_row *row)
{
	struct image image = {.size = 0};

	put_header(&image);
	put_cie(&image, &usual_cie, usual_start, sizeof usual_start);
	put_fde(&image, 0x1b, true, instructions, size);
	return find_in(&image, &cfi_arch_x86_64, offset, row);
}

#define FIND(offset, row, ...)                                                                     \
	find((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), offset, row)

static void assert_row(
	const struct cfi_row *row, enum cfi_base base, int cfa, enum cfi_rule fp_rule, int fp)
{
	assert_int_equal(row->function, CODE);
	assert_false(row->signal_frame);
	assert_int_equal(row->cfa_base, base);
	assert_int_equal(row->cfa_offset, cfa);
	assert_int_equal(row->fp_rule, fp_rule);
	if (fp_rule == CFI_SAVED)
		assert_int_equal(row->fp_offset, fp);
	assert_int_equal(row->ra_rule, CFI_SAVED);
	assert_int_equal(row->ra_offset, -8);
}

static void test_rows_of_a_usual_function(void **state)
{
	/* push %rbp; mov %rsp, %rbp; …; pop %rbp; ret */
	static const uint8_t usual[] = {
		0x41, /* advance 1 */
		0x0e,
		16, /* def_cfa_offset 16 */
		0x86,
		2,    /* offset rbp at CFA - 16 */
		0x43, /* advance 3 */
		0x0d,
		6, /* def_cfa_register rbp */
		0x02,
		100, /* advance_loc1 100 */
		0x0c,
		7,
		8,
		0xc6, /* def_cfa rsp + 8; restore rbp */
		0,
		0,
		0,
	};
	struct cfi_row row;
	unsigned offset;

	(void)state;
	for (offset = 0; offset < LENGTH; offset++) {
		assert_int_equal(find(usual, sizeof usual, offset, &row), CFI_FOUND);
		if (offset < 1)
			assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
		else if (offset < 4)
			assert_row(&row, CFI_FROM_SP, 16, CFI_SAVED, -16);
		else if (offset < 104)
			assert_row(&row, CFI_FROM_FP, 16, CFI_SAVED, -16);
		else
			assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
	}
	assert_int_equal(find(usual, sizeof usual, LENGTH, &row), CFI_NO_FDE);
	assert_int_equal(find(usual, sizeof usual, (uint64_t)-1, &row), CFI_NO_FDE);
}

static void test_advances(void **state)
{
	struct cfi_row row;

	(void)state;
	/* advance_loc2 0x300, def_cfa_offset 24 */
	assert_int_equal(FIND(0x2ff, &row, 0x03, 0x00, 0x03, 0x0e, 24), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
	assert_int_equal(FIND(0x300, &row, 0x03, 0x00, 0x03, 0x0e, 24), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 24, CFI_KEPT, 0);
	/* advance_loc4 0x300 */
	assert_int_equal(FIND(0x2ff, &row, 0x04, 0x00, 0x03, 0, 0, 0x0e, 24), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
	assert_int_equal(FIND(0x300, &row, 0x04, 0x00, 0x03, 0, 0, 0x0e, 24), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 24, CFI_KEPT, 0);
	/* MIPS_advance_loc8 0x300 */
	assert_int_equal(FIND(0x2ff, &row, 0x1d, 0, 3, 0, 0, 0, 0, 0, 0, 0x0e, 24), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
	assert_int_equal(FIND(0x300, &row, 0x1d, 0, 3, 0, 0, 0, 0, 0, 0, 0x0e, 24), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 24, CFI_KEPT, 0);
}

/* What is restored is what the CIE said. */
static void test_restore(void **state)
{
	static const uint8_t start[] = {0x0c, 7, 8, 0x90, 1, 0x86, 2};
	static const uint8_t instructions[] = {0x08, 6, 0x41, 0xc6, 0x41, 0x08, 6, 0x41, 0x06, 6};
	struct image image = {.size = 0};
	struct cfi_row row;
	unsigned offset;

	(void)state;
	put_header(&image);
	put_cie(&image, &usual_cie, start, sizeof start);
	put_fde(&image, 0x1b, true, instructions, sizeof instructions);
	for (offset = 0; offset < 4; offset++) {
		assert_int_equal(find_in(&image, &cfi_arch_x86_64, offset, &row), CFI_FOUND);
		assert_row(&row, CFI_FROM_SP, 8, offset & 1 ? CFI_SAVED : CFI_KEPT, -16);
	}
}

static void test_set_loc(void **state)
{
	struct image image = {.size = 0};
	struct cie_words cie = usual_cie;
	/* set_loc CODE + 0x10 as an absolute udata4, def_cfa_offset 24 */
	static const uint8_t instructions[] = {0x01, 0x10, 0x00, 0x02, 0x00, 0x0e, 24};
	struct cfi_row row;

	(void)state;
	cie.data = "\x03";
	put_header(&image);
	put_cie(&image, &cie, usual_start, sizeof usual_start);
	put_fde(&image, 0x03, true, instructions, sizeof instructions);
	assert_int_equal(find_in(&image, &cfi_arch_x86_64, 0x0f, &row), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
	assert_int_equal(find_in(&image, &cfi_arch_x86_64, 0x10, &row), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 24, CFI_KEPT, 0);
}

static void test_offsets(void **state)
{
	struct cfi_row row;

	(void)state;
	/* offset_extended rbp, 3 */
	assert_int_equal(FIND(0, &row, 0x05, 6, 3), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_SAVED, -24);
	/* offset_extended_sf rbp, -2: above the CFA */
	assert_int_equal(FIND(0, &row, 0x11, 6, 0x7e), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_SAVED, 16);
	/* GNU_negative_offset_extended rbp, 2 */
	assert_int_equal(FIND(0, &row, 0x2f, 6, 2), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_SAVED, 16);
	/* then restore_extended, and same_value */
	assert_int_equal(FIND(0, &row, 0x86, 2, 0x06, 6), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
	assert_int_equal(FIND(0, &row, 0x86, 2, 0x08, 6), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
	/* def_cfa_sf rbp, -4; def_cfa_offset_sf -3; def_cfa_offset of two bytes */
	assert_int_equal(FIND(0, &row, 0x12, 6, 0x7c), CFI_FOUND);
	assert_row(&row, CFI_FROM_FP, 32, CFI_KEPT, 0);
	assert_int_equal(FIND(0, &row, 0x13, 0x7d), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 24, CFI_KEPT, 0);
	assert_int_equal(FIND(0, &row, 0x0e, 0x80, 0x02), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 256, CFI_KEPT, 0);
	/* Other registers, nop and GNU_args_size change nothing. */
	assert_int_equal(
		FIND(0, &row, 0x83, 5, 0x09, 3, 12, 0x0a, 0x0b, 0, 0x2e, 0x90, 1), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
	assert_int_equal(
		FIND(0, &row, 0x10, 3, 2, 0x77, 8, 0x16, 12, 2, 0x77, 0, 0x14, 3, 1, 0x07, 13),
		CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
}

static void test_remembered_states(void **state)
{
	struct cfi_row row;

	(void)state;
	/* What is restored is the rules and the CFA. */
	assert_int_equal(FIND(0, &row, 0x0a, 0x86, 2, 0x0c, 6, 48, 0x0b), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
	assert_int_equal(
		FIND(0, &row, 0x0e, 16, 0x0a, 0x0e, 24, 0x0a, 0x0e, 32, 0x0b, 0x0b), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 16, CFI_KEPT, 0);
	assert_int_equal(FIND(0, &row, 0x0b), CFI_MALFORMED);
	assert_int_equal(FIND(0, &row, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a), CFI_FOUND);
	assert_int_equal(
		FIND(0, &row, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a), CFI_REFUSED);
}

static void test_refused_rows(void **state)
{
	struct cfi_row row;

	(void)state;
	assert_int_equal(FIND(0, &row, 0x0f, 2, 0x77, 8), CFI_REFUSED); /* CFA expression */
	assert_int_equal(FIND(0, &row, 0x0f, 2, 0x77, 8, 0x0e, 16), CFI_REFUSED); /* still one */
	assert_int_equal(FIND(0, &row, 0x0f, 2, 0x77, 8, 0x0d, 7), CFI_REFUSED);
	assert_int_equal(FIND(0, &row, 0x0d, 10), CFI_REFUSED);		    /* CFA from r10 */
	assert_int_equal(FIND(0, &row, 0x10, 6, 2, 0x76, 0), CFI_REFUSED);  /* fp by expression */
	assert_int_equal(FIND(0, &row, 0x16, 16, 2, 0x76, 0), CFI_REFUSED); /* ra by expression */
	assert_int_equal(FIND(0, &row, 0x09, 6, 3), CFI_REFUSED);	    /* fp in rbx */
	assert_int_equal(FIND(0, &row, 0x09, 16, 3), CFI_REFUSED);	    /* ra in rbx */
	assert_int_equal(FIND(0, &row, 0x07, 6), CFI_REFUSED);		    /* fp lost */
	assert_int_equal(FIND(0, &row, 0x08, 16), CFI_REFUSED);		    /* ra in no register */
	assert_int_equal(FIND(0, &row, 0x14, 6, 2), CFI_REFUSED);	    /* fp = CFA - 16 */
	assert_int_equal(FIND(0, &row, 0x87, 3), CFI_REFUSED);		    /* sp saved */
	assert_int_equal(FIND(0, &row, 0x2d), CFI_REFUSED);		    /* not on x86-64 */
	assert_int_equal(FIND(0, &row, 0x3f), CFI_REFUSED);		    /* no such thing */
	/* An offset beyond 31 bits */
	assert_int_equal(FIND(0, &row, 0x0e, 0x80, 0x80, 0x80, 0x80, 0x10), CFI_REFUSED);
	assert_int_equal(FIND(0, &row, 0x86, 0x80, 0x80, 0x80, 0x80, 0x10), CFI_REFUSED);
	/* After the wanted row nothing counts. */
	assert_int_equal(FIND(0, &row, 0x41, 0x3f), CFI_FOUND);
	/* The stack pointer is the CFA: said, too. */
	assert_int_equal(FIND(0, &row, 0x14, 7, 0), CFI_FOUND);
	assert_row(&row, CFI_FROM_SP, 8, CFI_KEPT, 0);
}

static void test_outermost_frame(void **state)
{
	struct cfi_row row;

	(void)state;
	assert_int_equal(FIND(0, &row, 0x07, 16), CFI_FOUND);
	assert_int_equal(row.ra_rule, CFI_OUTERMOST);
	assert_int_equal(row.function, CODE);
}

/* Each letter and encoding that compilers write, and some that nobody does. */
static void test_augmentations(void **state)
{
	static const struct {
		const char *letters, *data;
		size_t size;
		uint8_t encoding, version;
		enum cfi_result result;
	} tries[] = {
		{"zR", "\x1b", 1, 0x1b, 1, CFI_FOUND},
		{"zR", "\x1b", 1, 0x1b, 3, CFI_FOUND},
		{"zR", "\x1c", 1, 0x1c, 1, CFI_FOUND},
		{"zR", "\x10", 1, 0x10, 1, CFI_FOUND},
		{"zR", "\x00", 1, 0x00, 1, CFI_FOUND},
		{"zR", "\x03", 1, 0x03, 1, CFI_FOUND},
		{"zR", "\x0b", 1, 0x0b, 1, CFI_FOUND},
		{"zR", "\x04", 1, 0x04, 1, CFI_FOUND},
		{"zR", "\x0c", 1, 0x0c, 1, CFI_FOUND},
		{"", "", 0, 0x00, 1, CFI_FOUND},
		{"z", "", 0, 0x00, 1, CFI_FOUND},
		{"zPLR", "\x9b\1\2\3\4\x1b\x1b", 7, 0x1b, 1, CFI_FOUND},
		{"zPR", "\x03\1\2\3\4\x1b", 6, 0x1b, 1, CFI_FOUND},
		{"zPR", "\x1a\1\2\x1b", 4, 0x1b, 1, CFI_FOUND},
		{"zPR", "\x00\1\2\3\4\5\6\7\x08\x1b", 10, 0x1b, 1, CFI_FOUND},
		{"zPR", "\xff\x1b", 2, 0x1b, 1, CFI_FOUND},
		{"zRB", "\x1b", 1, 0x1b, 1, CFI_FOUND},
		{"zRG", "\x1b", 1, 0x1b, 1, CFI_FOUND},
		{"zR", "\x1b\7\7", 3, 0x1b, 1, CFI_FOUND}, /* more data than letters */
		{"zR", "\x9b", 1, 0x1b, 1, CFI_REFUSED},   /* indirect */
		{"zR", "\x2b", 1, 0x0b, 1, CFI_REFUSED},   /* relative to the text */
		{"zR", "\x3b", 1, 0x0b, 1, CFI_REFUSED},   /* relative to the data */
		{"zR", "\x07", 1, 0x0b, 1, CFI_REFUSED},   /* no such format */
		{"zX", "\x1b", 1, 0x1b, 1, CFI_REFUSED},
		{"eh", "", 0, 0x00, 1, CFI_REFUSED},
		{"zR", "\x1b", 1, 0x1b, 4, CFI_REFUSED},
		{"zR", "", 0, 0x1b, 1, CFI_MALFORMED}, /* less data than letters */
		{"zPR", "\x00\1\2", 3, 0x1b, 1, CFI_MALFORMED},
	};
	struct cfi_row row;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof tries / sizeof *tries; i++) {
		struct image image = {.size = 0};
		struct cie_words cie = usual_cie;

		cie.augmentation = tries[i].letters;
		cie.data = tries[i].data;
		cie.data_size = tries[i].size;
		cie.version = tries[i].version;
		put_header(&image);
		put_cie(&image, &cie, usual_start, sizeof usual_start);
		put_fde(&image, tries[i].encoding, cie.augmentation[0] == 'z', "\x0e\x18", 2);
		if (find_in(&image, &cfi_arch_x86_64, 5, &row) != tries[i].result)
			fail_msg("augmentation %zu (%s)", i, tries[i].letters);
		if (tries[i].result == CFI_FOUND)
			assert_row(&row, CFI_FROM_SP, 24, CFI_KEPT, 0);
	}
}

static void test_signal_frame(void **state)
{
	struct image image = {.size = 0};
	struct cie_words cie = usual_cie;
	struct cfi_row row;

	(void)state;
	cie.augmentation = "zRS";
	put_header(&image);
	put_cie(&image, &cie, usual_start, sizeof usual_start);
	/* Its rows are expressions, which do not matter. */
	put_fde(&image, 0x1b, true, "\x0f\x04\x77\xa0\x01\x06", 6);
	assert_int_equal(find_in(&image, &cfi_arch_x86_64, 0, &row), CFI_FOUND);
	assert_true(row.signal_frame);
	assert_int_equal(row.function, CODE);
}

static void test_another_return_column(void **state)
{
	struct image image = {.size = 0};
	struct cie_words cie = usual_cie;
	struct cfi_row row;

	(void)state;
	cie.ra = 3;
	put_header(&image);
	put_cie(&image, &cie, usual_start, sizeof usual_start);
	put_fde(&image, 0x1b, true, "", 0);
	assert_int_equal(find_in(&image, &cfi_arch_x86_64, 0, &row), CFI_REFUSED);
}

static void test_aarch64(void **state)
{
	struct image image = {.size = 0};
	struct cie_words cie = usual_cie;
	static const uint8_t start[] = {0x0c, 31, 0}; /* CFA = sp */
	static const uint8_t instructions[] = {
		0x41, 0x2d,			     /* after 4 bytes: signed */
		0x41, 0x0e, 96,			     /* stp x29, x30, [sp, #-96]! */
		0x9d, 12, 0x9e, 11,		     /* x29 at CFA - 96, x30 at CFA - 88 */
		0x41, 0x0d, 29,			     /* mov x29, sp */
		0x41, 0xde, 0xdd, 0x0c, 31, 0, 0x2d, /* all undone */
	};
	struct cfi_row row;

	(void)state;
	cie.code_align = 4;
	cie.ra = 30;
	put_header(&image);
	put_cie(&image, &cie, start, sizeof start);
	put_fde(&image, 0x1b, true, instructions, sizeof instructions);
	assert_int_equal(find_in(&image, &cfi_arch_aarch64, 4, &row), CFI_FOUND);
	assert_int_equal(row.cfa_base, CFI_FROM_SP);
	assert_int_equal(row.cfa_offset, 0);
	assert_int_equal(row.fp_rule, CFI_KEPT);
	assert_int_equal(row.ra_rule, CFI_KEPT);
	assert_int_equal(find_in(&image, &cfi_arch_aarch64, 8, &row), CFI_FOUND);
	assert_int_equal(row.cfa_offset, 96);
	assert_int_equal(row.fp_rule, CFI_SAVED);
	assert_int_equal(row.fp_offset, -96);
	assert_int_equal(row.ra_rule, CFI_SAVED);
	assert_int_equal(row.ra_offset, -88);
	assert_int_equal(find_in(&image, &cfi_arch_aarch64, 15, &row), CFI_FOUND);
	assert_int_equal(row.cfa_base, CFI_FROM_FP);
	assert_int_equal(row.cfa_offset, 96);
	assert_int_equal(find_in(&image, &cfi_arch_aarch64, 16, &row), CFI_FOUND);
	assert_int_equal(row.cfa_base, CFI_FROM_SP);
	assert_int_equal(row.cfa_offset, 0);
	assert_int_equal(row.ra_rule, CFI_KEPT);
}

/* Tables of several functions, in each encoding that can be searched. */
static void test_table(void **state)
{
	static const uint8_t encodings[] = {0x3b, 0x3c, 0x33, 0x0b, 0x04, 0x3a};
	enum { FUNCTIONS = 9 };
	size_t i;
	unsigned n;

	(void)state;
	for (i = 0; i < sizeof encodings; i++) {
		const uint8_t encoding = encodings[i];
		const unsigned size = (encoding & 7) == 4 ? 8 : (encoding & 7) == 2 ? 2 : 4;
		const uint64_t base = encoding & 0x30 ? BASE : 0;
		struct image image = {.size = 0};
		struct cfi_module module;
		size_t table, end;
		uint64_t start;

		put(&image, 1, 1);
		put(&image, 0x1b, 1);
		put(&image, 0x03, 1);
		put(&image, encoding, 1);
		put(&image, 0, 4);
		put(&image, FUNCTIONS, 4);
		table = image.size;
		for (n = 0; n < FUNCTIONS; n++) {
			put(&image, BASE + 0x1000 + n * 0x100 - base, size);
			put(&image, 0, size);
		}
		put_cie(&image, &usual_cie, usual_start, sizeof usual_start);
		for (n = 0; n < FUNCTIONS; n++) {
			image.fde = image.size;
			open_entry(&image);
			put(&image, image.size - image.cie, 4);
			put(&image, 0x1000 + n * 0x100 - image.size, 4);
			put(&image, 0x80, 4);
			put(&image, 0, 1);
			close_entry(&image);
			end = image.size;
			image.size = table + n * 2 * size + size;
			put(&image, BASE + image.fde - base, size);
			image.size = end;
		}
		module = module_of(&image);
		for (n = 0; n < FUNCTIONS; n++) {
			const uint64_t begin = BASE + 0x1000 + n * 0x100;

			assert_int_equal(cfi_find_function(&module, begin, &start), CFI_FOUND);
			assert_int_equal(start, begin);
			assert_int_equal(
				cfi_find_function(&module, begin + 0x7f, &start), CFI_FOUND);
			assert_int_equal(start, begin);
			assert_int_equal(
				cfi_find_function(&module, begin + 0x80, &start), CFI_NO_FDE);
			assert_int_equal(cfi_find_function(&module, begin - 1, &start), CFI_NO_FDE);
		}
	}
}

static void test_header(void **state)
{
	struct image image = {.size = 0}, wrong;
	struct cfi_module module;
	struct cfi_row row;

	(void)state;
	put_header(&image);
	put_cie(&image, &usual_cie, usual_start, sizeof usual_start);
	put_fde(&image, 0x1b, true, "", 0);

	wrong = image;
	wrong.bytes[0] = 2;
	assert_int_equal(find_in(&wrong, &cfi_arch_x86_64, 0, &row), CFI_REFUSED);
	wrong = image;
	wrong.bytes[3] = 0xff; /* no table */
	assert_int_equal(find_in(&wrong, &cfi_arch_x86_64, 0, &row), CFI_REFUSED);
	wrong = image;
	put_at(&wrong, 8, 0x10000000); /* more entries than bytes */
	assert_int_equal(find_in(&wrong, &cfi_arch_x86_64, 0, &row), CFI_MALFORMED);
	wrong = image;
	put_at(&wrong, 8, 0);
	assert_int_equal(find_in(&wrong, &cfi_arch_x86_64, 0, &row), CFI_NO_FDE);
	wrong = image;
	put_at(&wrong, 16, 0x7fffffff); /* an FDE far away */
	assert_int_equal(find_in(&wrong, &cfi_arch_x86_64, 0, &row), CFI_MALFORMED);
	wrong = image;
	put_at(&wrong, 16, (uint32_t)image.cie); /* a CIE for an FDE */
	assert_int_equal(find_in(&wrong, &cfi_arch_x86_64, 0, &row), CFI_MALFORMED);
	wrong = image;
	put_at(&wrong, image.fde + 4, 0x7fffffff); /* a CIE before the beginning */
	assert_int_equal(find_in(&wrong, &cfi_arch_x86_64, 0, &row), CFI_MALFORMED);
	wrong = image;
	put_at(&wrong, image.fde, 0xffffffff); /* the 64-bit form */
	assert_int_equal(find_in(&wrong, &cfi_arch_x86_64, 0, &row), CFI_REFUSED);
	wrong = image;
	put_at(&wrong, image.fde, 0x7fffffff); /* longer than the bytes */
	assert_int_equal(find_in(&wrong, &cfi_arch_x86_64, 0, &row), CFI_MALFORMED);

	/* A header that is outside. */
	module = module_of(&image);
	module.eh_frame_hdr = BASE + image.size;
	assert_int_equal(cfi_find(&cfi_arch_x86_64, &module, CODE, &row), CFI_MALFORMED);
	module.eh_frame_hdr = BASE - 1;
	assert_int_equal(cfi_find(&cfi_arch_x86_64, &module, CODE, &row), CFI_MALFORMED);
}

/* A function with one of everything, to be broken. */
static void put_rich(struct image *image)
{
	static const uint8_t instructions[] = {
		0x41,
		0x0e,
		16,
		0x86,
		2,
		0x02,
		3,
		0x0d,
		6,
		0x0a,
		0x05,
		3,
		4,
		0x10,
		12,
		2,
		0x77,
		8,
		0x11,
		6,
		0x7e,
		0x14,
		13,
		1,
		0x03,
		1,
		0,
		0x0c,
		7,
		0x88,
		1,
		0x0b,
		0x04,
		4,
		0,
		0,
		0,
		0x12,
		6,
		0x7c,
		0x13,
		0x7d,
		0x2e,
		8,
		0x2f,
		6,
		2,
		0x06,
		6,
		0xc6,
		0x07,
		13,
		0x08,
		6,
		0x09,
		3,
		12,
		0x0f,
		2,
		0x77,
		8,
		0x0c,
		7,
		8,
	};
	struct cie_words cie = usual_cie;

	cie.augmentation = "zPLR";
	cie.data = "\x9b\1\2\3\4\x1b\x1b";
	cie.data_size = 7;
	put_header(image);
	put_cie(image, &cie, usual_start, sizeof usual_start);
	put_fde(image, 0x1b, true, instructions, sizeof instructions);
}

/* Cut off anywhere: no read past the end (a fault), and never a row where bytes are missing. */
static void test_truncated(void **state)
{
	struct image image = {.size = 0};
	struct cfi_row row;
	size_t whole;

	(void)state;
	put_rich(&image);
	whole = image.size;
	assert_int_equal(find_in(&image, &cfi_arch_x86_64, 0x900, &row), CFI_FOUND);
	for (image.size = 0; image.size < whole; image.size++)
		assert_int_not_equal(find_in(&image, &cfi_arch_x86_64, 0x900, &row), CFI_FOUND);
}

static uint64_t random_state = 88172645463325252ull;

static uint32_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32);
}

/* Wrong bytes anywhere: any answer, but no fault and no endless loop. */
static void test_damaged(void **state)
{
	struct image image = {.size = 0}, wrong;
	unsigned round, changes, found = 0;
	struct cfi_row row;

	(void)state;
	put_rich(&image);
	for (round = 0; round < 200000; round++) {
		wrong = image;
		for (changes = 1 + random_number() % 4; changes; changes--)
			wrong.bytes[random_number() % image.size] = (uint8_t)random_number();
		found += find_in(&wrong, round & 1 ? &cfi_arch_x86_64 : &cfi_arch_aarch64,
				 random_number() % LENGTH, &row) == CFI_FOUND;
	}
	assert_true(found > 1000);
}

static int map_pages(void **state)
{
	(void)state;
	pages = mmap(NULL, PAGES + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return pages == MAP_FAILED || mprotect(pages, PAGES, PROT_READ | PROT_WRITE);
}

static int unmap_pages(void **state)
{
	(void)state;
	return munmap(pages, PAGES + 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_of_a_usual_function),
		cmocka_unit_test(test_advances),
		cmocka_unit_test(test_restore),
		cmocka_unit_test(test_set_loc),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_remembered_states),
		cmocka_unit_test(test_refused_rows),
		cmocka_unit_test(test_outermost_frame),
		cmocka_unit_test(test_augmentations),
		cmocka_unit_test(test_signal_frame),
		cmocka_unit_test(test_another_return_column),
		cmocka_unit_test(test_aarch64),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, map_pages, unmap_pages);
}
