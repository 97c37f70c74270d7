/* The argument of --flight: see flight_size.h. What the process would clamp is an error here. */
#include "recorder/launch/flight_size.h"

#include "recorder/wire/arena.h"

#include <stdlib.h>
#include <string.h>

int flight_size_parse(uint64_t *ret, const char *words, struct error *err)
{
	static const char units[] = "KkMmGg";
	size_t digits = strspn(words, "0123456789");
	const char *unit = digits && words[digits] ? strchr(units, words[digits]) : NULL;
	uint64_t number = digits <= 10 ? strtoull(words, NULL, 10) : UINT32_MAX;

	if (!digits || (words[digits] && (!unit || words[digits + 1])))
		return error_set(
			err, "--flight is a number of bytes, 64M or 1G or 4194304, not %s", words);
	if (unit)
		number <<= 10 * (1 + (unit - units) / 2);
	if (number < ARENA_FLIGHT_LEAST || number > ARENA_FLIGHT_MOST)
		return error_set(err, "--flight is at least %dM and at most %dG, not %s",
			ARENA_FLIGHT_LEAST >> 20, ARENA_FLIGHT_MOST >> 30, words);
	*ret = number;
	return 0;
}
