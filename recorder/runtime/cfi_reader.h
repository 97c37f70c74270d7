/*
 * Reads the bytes of call-frame information without ever leaving them: integers, LEB128 numbers and
 * encoded pointers (DWARF 5, section 7.6; Linux Standard Base, "DWARF Exception Header Encoding").
 * For the reader of call-frame information only.
 */
#ifndef ACAUSAL_RUNTIME_CFI_READER_H
#define ACAUSAL_RUNTIME_CFI_READER_H

#include "recorder/runtime/cfi_module.h"

#include <stdbool.h>
#include <string.h>

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
static inline struct reader reader_at(const struct cfi_module *module, uint64_t address)
{
	struct reader r = {.module = module};
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

static inline uint64_t reader_address(const struct reader *r)
{
	return r->module->address + (uint64_t)(r->at - r->module->bytes);
}

static inline uint64_t reader_left(const struct reader *r)
{
	return (uint64_t)(r->end - r->at);
}

static inline void reader_fail(struct reader *r)
{
	r->bad = true;
	r->at = r->end;
}

static inline void skip(struct reader *r, uint64_t bytes)
{
	if (bytes > reader_left(r))
		reader_fail(r);
	else
		r->at += bytes;
}

static inline void cut(struct reader *r, uint64_t bytes)
{
	if (bytes > reader_left(r))
		reader_fail(r);
	else
		r->end = r->at + bytes;
}

/* Both processors are little endian. */
static inline uint64_t read_bytes(struct reader *r, unsigned size)
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

static inline uint8_t read_u8(struct reader *r)
{
	if (r->at == r->end) {
		reader_fail(r);
		return 0;
	}
	return *r->at++;
}

static inline int64_t read_signed(struct reader *r, unsigned size)
{
	unsigned shift = 64 - 8 * size;

	return (int64_t)(read_bytes(r, size) << shift) >> shift;
}

static inline uint64_t read_uleb(struct reader *r)
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

static inline int64_t read_sleb(struct reader *r)
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

static inline void skip_block(struct reader *r)
{
	skip(r, read_uleb(r));
}

/* The value as written, without what it is relative to. False when the format is not known. */
static inline bool read_format(struct reader *r, uint8_t encoding, uint64_t *ret)
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
static inline bool read_pointer(struct reader *r, uint8_t encoding, uint64_t data, uint64_t *ret)
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

static inline bool skip_pointer(struct reader *r, uint8_t encoding)
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

#endif
