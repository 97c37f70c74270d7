/*
 * Entries of .eh_frame: see cfi_entry.h. Promises no read outside the module's bytes, which the
 * reader bounds. An encoding or augmentation that is not known is refused: what follows it could
 * only be guessed.
 */
#include "recorder/runtime/cfi_entry.h"

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

	*ret = (struct cie){.encoding = PE_ABSPTR};
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

enum cfi_result cfi_entry_find(const struct cfi_module *module, uint64_t pc, struct fde *ret)
{
	uint64_t address;
	enum cfi_result result = search_table(module, pc, &address);

	return result == CFI_FOUND ? read_fde(module, address, pc, ret) : result;
}
