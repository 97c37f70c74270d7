/* Numbers and times in words: see quantity.h. For people; JSON gets the numbers themselves. */
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <stdio.h>

void quantity_add_count(struct strbuf *buffer, int64_t count)
{
	char digits[32];
	int i, length;

	length = snprintf(
		digits, sizeof digits, "%" PRIu64, count < 0 ? -(uint64_t)count : (uint64_t)count);
	if (count < 0)
		strbuf_add_char(buffer, '-');
	for (i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			strbuf_add_char(buffer, ',');
		strbuf_add_char(buffer, digits[i]);
	}
}

void quantity_add_duration(struct strbuf *buffer, int64_t ns)
{
	uint64_t n = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint64_t seconds = n / 1000000000;

	if (ns < 0)
		strbuf_add_char(buffer, '-');
	if (n < 1000)
		strbuf_printf(buffer, "%" PRIu64 " ns", n);
	else if (n < 9950)
		strbuf_printf(buffer, "%.1f us", (double)n / 1e3);
	else if (n < 999500)
		strbuf_printf(buffer, "%.0f us", (double)n / 1e3);
	else if (n < 999950000)
		strbuf_printf(buffer, "%.1f ms", (double)n / 1e6);
	else if (seconds < 120)
		strbuf_printf(buffer, "%.1f s", (double)n / 1e9);
	else if (seconds < 7200)
		strbuf_printf(
			buffer, "%" PRIu64 " min %02" PRIu64 " s", seconds / 60, seconds % 60);
	else if (seconds < 172800)
		strbuf_printf(buffer, "%" PRIu64 " h %02" PRIu64 " min", seconds / 3600,
			seconds / 60 % 60);
	else
		strbuf_printf(buffer, "%" PRIu64 " d %02" PRIu64 " h", seconds / 86400,
			seconds / 3600 % 24);
}

void quantity_add_span(struct strbuf *buffer, int64_t from_ns, int64_t to_ns)
{
	quantity_add_duration(buffer, (int64_t)((uint64_t)to_ns - (uint64_t)from_ns));
}

void quantity_add_part(struct strbuf *buffer, int64_t part_ns, int64_t whole_ns)
{
	double part = (double)part_ns;

	if (part_ns < 0 || whole_ns < 1000 || whole_ns >= INT64_C(120000000000))
		quantity_add_duration(buffer, part_ns);
	else if (whole_ns < 9950 && part_ns >= 50)
		strbuf_printf(buffer, "%.1f", part / 1e3);
	else if (whole_ns >= 9950 && whole_ns < 999500 && part_ns >= 500)
		strbuf_printf(buffer, "%.0f", part / 1e3);
	else if (whole_ns >= 999500 && whole_ns < 999950000 && part_ns >= 50000)
		strbuf_printf(buffer, "%.1f", part / 1e6);
	else if (whole_ns >= 999950000 && part_ns >= 50000000)
		strbuf_printf(buffer, "%.1f", part / 1e9);
	else if (!part_ns)
		strbuf_add_string(buffer, "0");
	else
		quantity_add_duration(buffer, part_ns);
}

void quantity_add_moment(struct strbuf *buffer, int64_t ns)
{
	uint64_t n = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	strbuf_printf(buffer, "%c%" PRIu64 ".%06" PRIu64 " s", ns < 0 ? '-' : '+', n / 1000000000,
		n % 1000000000 / 1000);
}
