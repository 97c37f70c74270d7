/* How the targets change inputs in ways of their own: see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

static uint32_t dice;

void fuzz_throw(unsigned seed)
{
	dice = seed;
}

uint32_t fuzz_dice(uint32_t below)
{
	dice = dice * 1664525u + 1013904223u;
	return below ? (dice >> 8) % below : 0;
}

uint64_t fuzz_odd_word(uint32_t number)
{
	static const uint64_t odd[] = {0, 1, 2, UINT64_MAX, UINT64_MAX - 7, INT64_MAX,
		(uint64_t)INT64_MIN, UINT64_C(1) << 40, (UINT64_C(1) << 40) - 1, UINT64_C(1) << 47,
		UINT32_MAX, UINT64_C(1) << 31, UINT64_C(1) << 62, UINT64_C(0x8000ffffffffffff),
		UINT16_MAX, 4096, UINT64_C(1) << 32};

	return odd[number % (sizeof odd / sizeof *odd)];
}

static void change_word(uint8_t *bytes, size_t size)
{
	uint8_t *to = bytes + 8 * (size_t)fuzz_dice((uint32_t)(size / 8));
	uint8_t *from = bytes + 8 * (size_t)fuzz_dice((uint32_t)(size / 8));
	unsigned part = fuzz_dice(3);
	uint64_t word;

	memcpy(&word, to, sizeof word);
	switch (fuzz_dice(4)) {
	case 0:
		word = fuzz_odd_word(fuzz_dice(32));
		break;
	case 1:
		memcpy(&word, from, sizeof word);
		break;
	case 2:
		word += 8 * (uint64_t)fuzz_dice(64) - 256;
		break;
	default:
		word ^= UINT64_C(1) << fuzz_dice(64);
	}
	memcpy(to, &word, part == 0 ? 2 : part == 1 ? 4 : 8);
}

size_t fuzz_change_words(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	fuzz_throw(seed);
	if (size < 16 || fuzz_dice(4) == 0)
		return LLVMFuzzerMutate(bytes, size, room);
	for (unsigned count = 1 + fuzz_dice(4); count; count--)
		change_word(bytes, size);
	return size;
}
