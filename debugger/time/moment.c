/* TIME: see moment.h. Promises that what quantity_add_moment writes is read as the same moment. */
#include "debugger/time/moment.h"

#include "debugger/recording/lookup.h"
#include "debugger/recording/point.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SECOND	   INT64_C(1000000000)
#define DAY	   INT64_C(86400)
#define TEXT_BYTES 64

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Decimal digits; moves *text behind. False when there are none, or too many. */
static bool read_digits(const char **text, int64_t *ret)
{
	const char *begin = *text;

	for (*ret = 0; is_digit(**text); ++*text)
		if (__builtin_mul_overflow(*ret, 10, ret) ||
			__builtin_add_overflow(*ret, **text - '0', ret))
			return false;
	return *text > begin;
}

/* What follows a decimal point, in billionths; digits beyond those are passed over. */
static void read_fraction(const char **text, int64_t *ret)
{
	int64_t place = SECOND / 10;

	for (*ret = 0; is_digit(**text); ++*text, place /= 10)
		*ret += (**text - '0') * place;
}

static bool read_unit(const char *text, int64_t *ret)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {{"", SECOND}, {"s", SECOND}, {"ms", 1000000}, {"us", 1000}, {"µs", 1000},
		{"ns", 1}, {"m", 60 * SECOND}, {"min", 60 * SECOND}, {"h", 3600 * SECOND}};
	size_t i;

	for (i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (!strcmp(text, units[i].name)) {
			*ret = units[i].ns;
			return true;
		}
	}
	return false;
}

/* "1.2s": a number and its unit, without blanks. */
static bool read_duration(const char *text, int64_t *ret)
{
	int64_t whole = 0, billionths = 0, unit, part;
	bool has_whole = is_digit(*text);

	if (has_whole && !read_digits(&text, &whole))
		return false;
	if (*text == '.') {
		text++;
		if (!has_whole && !is_digit(*text))
			return false;
		read_fraction(&text, &billionths);
	} else if (!has_whole) {
		return false;
	}
	if (!read_unit(text, &unit) || __builtin_mul_overflow(whole, unit, ret))
		return false;
	part = unit >= SECOND ? billionths * (unit / SECOND) : billionths * unit / SECOND;
	return !__builtin_add_overflow(*ret, part, ret);
}

/* Exactly `width` digits and the separator after them (0: none). */
static bool read_field(const char **text, int width, char separator, int64_t *ret)
{
	*ret = 0;
	for (; width; width--, ++*text) {
		if (!is_digit(**text))
			return false;
		*ret = *ret * 10 + (**text - '0');
	}
	return !separator || *(*text)++ == separator;
}

/* Days since 1970 of the proleptic Gregorian calendar. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month > 2 ? year : year - 1, century_year, day_of_year;

	century_year = shifted % 400;
	day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return shifted / 400 * 146097 + century_year * 365 + century_year / 4 - century_year / 100 +
	       day_of_year - 719468;
}

/* "Z", "+01:00", or nothing, which is UTC too. In seconds. */
static bool read_offset(const char *text, int64_t *ret)
{
	int64_t hours, minutes = 0;
	bool is_west = *text == '-';

	*ret = 0;
	if (!*text || !strcmp(text, "Z") || !strcmp(text, "z"))
		return true;
	if (*text != '+' && *text != '-')
		return false;
	text++;
	if (!read_field(&text, 2, 0, &hours))
		return false;
	text += *text == ':';
	if (*text && !read_field(&text, 2, 0, &minutes))
		return false;
	*ret = (is_west ? -1 : 1) * (hours * 3600 + minutes * 60);
	return !*text && hours < 24 && minutes < 60;
}

/* ISO 8601 (UTC, or with an offset from it) as ns since 1970; false when it is none. */
static bool read_clock(const char *text, int64_t *ret)
{
	static const signed char lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t year, month, day, hour, minute, second = 0, billionths = 0, offset, seconds;

	if (!read_field(&text, 4, '-', &year) || !read_field(&text, 2, '-', &month) ||
		!read_field(&text, 2, 0, &day) || year < 1970 || year > 2200 || month < 1 ||
		month > 12 || day < 1 || day > lengths[month - 1])
		return false;
	if (*text != 'T' && *text != 't' && *text != ' ')
		return false;
	text++;
	if (!read_field(&text, 2, ':', &hour) || !read_field(&text, 2, 0, &minute))
		return false;
	if (*text == ':') {
		text++;
		if (!read_field(&text, 2, 0, &second))
			return false;
		if (*text == '.' || *text == ',') {
			text++;
			read_fraction(&text, &billionths);
		}
	}
	if (!read_offset(text, &offset) || hour > 23 || minute > 59 || second > 60)
		return false;
	seconds = days_since_1970(year, month, day) * DAY + hour * 3600 + minute * 60 + second;
	*ret = (seconds - offset) * SECOND + billionths;
	return true;
}

/* "+81.2 s" is one word; "1 5" is not. */
static bool without_blanks(const char *text, char *ret, size_t size)
{
	size_t length = 0;
	bool was_blank = false;

	for (; *text; text++) {
		if (*text == ' ' || *text == '\t') {
			was_blank = true;
			continue;
		}
		if (length + 1 == size ||
			(was_blank && length && is_digit(ret[length - 1]) && is_digit(*text)))
			return false;
		ret[length++] = *text;
		was_blank = false;
	}
	ret[length] = '\0';
	return true;
}

int moment_read(const char *text, struct moment *ret, struct error *err)
{
	char word[TEXT_BYTES];
	const char *rest = word;
	bool is_relative = false, is_back = false;

	*ret = (struct moment){MOMENT_CLOCK, 0};
	if (read_clock(text, &ret->ns))
		return 0;
	if (!without_blanks(text, word, sizeof word))
		return error_set(err, "'%.80s' is no TIME: it is more than one, or too long", text);
	if (!strcmp(word, "start") || !strcmp(word, "end")) {
		ret->kind = *word == 's' ? MOMENT_START : MOMENT_END;
		return 0;
	}
	if (*rest == '.' && (rest[1] == '+' || rest[1] == '-')) {
		is_relative = true;
		rest++;
	}
	if (*rest == '-')
		is_relative = is_back = true;
	if (*rest == '+' || *rest == '-')
		rest++;
	if (!read_duration(rest, &ret->ns))
		return error_set(err,
			"'%s' is no TIME: type +1.2s, 350ms, -5ms (before the cursor), a date and"
			" time as 2026-11-22T00:10:05Z, start or end",
			text);
	ret->kind = is_relative ? MOMENT_RELATIVE : MOMENT_ABSOLUTE;
	if (is_back)
		ret->ns = -ret->ns;
	return 0;
}

int moment_read_words(
	char *const *words, int count, struct moment *ret, int *ret_taken, struct error *err)
{
	char joined[TEXT_BYTES];

	*ret_taken = 2;
	if (count > 1 &&
		snprintf(joined, sizeof joined, "%s %s", words[0], words[1]) < (int)sizeof joined &&
		!moment_read(joined, ret, NULL))
		return 0;
	*ret_taken = 1;
	return moment_read(words[0], ret, err);
}

/* The last moment that a process which has no end left anything of. */
static int last_of_process(
	struct reader *recording, int64_t process_id, int64_t *ret, struct error *err)
{
	static const char sql[] =
		"SELECT max(ns) FROM ("
		"SELECT * FROM (SELECT max(created_ns, coalesce(created_ns + lifetime_ns, "
		"created_ns))"
		" AS ns FROM main.packed_resource WHERE async_id BETWEEN ?1 AND ?2"
		" ORDER BY async_id DESC LIMIT 100) UNION ALL "
		"SELECT * FROM (SELECT created_ns + wait_ns + duration_ns FROM main.packed_request"
		" WHERE async_id BETWEEN ?1 AND ?2 ORDER BY async_id DESC LIMIT 100) UNION ALL "
		"SELECT * FROM (SELECT began_ns + coalesce(duration_ns, 0) FROM main.packed_run"
		" WHERE run_id BETWEEN ?1 AND ?2 ORDER BY run_id DESC LIMIT 100) UNION ALL "
		"SELECT * FROM (SELECT armed_ns + wait_ns + duration_ns FROM main.packed_shot"
		" WHERE run_id BETWEEN ?1 AND ?2 ORDER BY run_id DESC LIMIT 100) UNION ALL "
		"SELECT * FROM (SELECT armed_ns + coalesce(stood_ns, 0) FROM main.packed_arming"
		" WHERE arming_id BETWEEN ?1 AND ?2 ORDER BY arming_id DESC LIMIT 100) UNION ALL "
		"SELECT * FROM (SELECT caused_ns FROM main.packed_cause"
		" WHERE cause_id BETWEEN ?1 AND ?2 ORDER BY cause_id DESC LIMIT 100) UNION ALL "
		"SELECT started_ns FROM main.process WHERE process_id = ?3)";
	int64_t base = id_main(process_id) - 1;
	sqlite3_stmt *row;
	int found;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	sqlite3_bind_int64(row, 1, base);
	sqlite3_bind_int64(row, 2, base + ((INT64_C(1) << ID_PROCESS_SHIFT) - 1));
	sqlite3_bind_int64(row, 3, process_id);
	found = reader_step(recording, row, err);
	*ret = found == 1 ? lookup_column(row, 0) : UNKNOWN;
	sqlite3_finalize(row);
	return found < 0 ? -1 : 0;
}

/* The last moment that the recording has anything of. */
static int find_end(struct reader *recording, int64_t *ret, struct error *err)
{
	/* Those without an end are few but in a damaged recording. */
	static const char open_sql[] = "SELECT process_id FROM main.process WHERE ended_ns IS NULL"
				       " ORDER BY process_id DESC LIMIT 1000";
	static const char other_sql[] =
		"SELECT max(ns) FROM (SELECT max(ended_ns) AS ns FROM main.process UNION ALL"
		" SELECT max(crashed_ns) FROM main.crash UNION ALL"
		" SELECT written_ns FROM main.packed_log WHERE log_id ="
		" (SELECT max(log_id) FROM main.packed_log))";
	sqlite3_stmt *row;
	int64_t ns = UNKNOWN;
	int found;

	*ret = 0;
	if (sqlite3_prepare_v2(reader_database(recording), other_sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	found = reader_step(recording, row, err);
	if (found == 1 && lookup_column(row, 0) > *ret)
		*ret = lookup_column(row, 0);
	sqlite3_finalize(row);
	if (found < 0)
		return -1;
	if (sqlite3_prepare_v2(reader_database(recording), open_sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	while ((found = reader_step(recording, row, err)) == 1) {
		if (last_of_process(recording, sqlite3_column_int64(row, 0), &ns, err)) {
			found = -1;
			break;
		}
		if (ns > *ret)
			*ret = ns;
	}
	sqlite3_finalize(row);
	return found < 0 ? -1 : 0;
}

static int resolve_clock(struct reader *recording, int64_t ns, int64_t *ret, struct error *err)
{
	const char *started = reader_meta(recording, "started_at");
	int64_t began;

	if (!started || !read_clock(started, &began))
		return error_set(err,
			"%s does not say when it was made: type a time since its beginning, as "
			"+1.2s",
			reader_path(recording));
	*ret = ns - began; /* both are within some centuries of 1970 */
	return 0;
}

int moment_resolve(struct reader *recording, const struct moment *moment, int64_t cursor_ns,
	int64_t *ret, struct error *err)
{
	switch (moment->kind) {
	case MOMENT_RELATIVE:
		if (cursor_ns == UNKNOWN)
			return error_set(err, "there is no cursor yet that this could be counted "
					      "from: type 'at TIME'"
					      " with a time since the beginning, as +1.2s");
		if (__builtin_add_overflow(cursor_ns, moment->ns, ret))
			return error_set(err, "that moment is too far away");
		return 0;
	case MOMENT_CLOCK:
		return resolve_clock(recording, moment->ns, ret, err);
	case MOMENT_START:
		*ret = 0;
		return 0;
	case MOMENT_END:
		return find_end(recording, ret, err);
	default:
		*ret = moment->ns;
		return 0;
	}
}

int moment_default(struct reader *recording, int64_t *ret, struct error *err)
{
	struct point point = {POINT_CRASH, UNKNOWN};
	struct crash_row crash;

	if (!point_resolve(recording, &point, NULL) &&
		lookup_crash(recording, point.id, &crash, err) == 1 &&
		crash.crashed_ns != UNKNOWN) {
		*ret = crash.crashed_ns;
		return 0;
	}
	return find_end(recording, ret, err);
}

void moment_add(struct strbuf *words, int64_t ns)
{
	uint64_t n = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	if (n % 1000)
		strbuf_printf(words, "%c%" PRIu64 ".%09" PRIu64 " s", ns < 0 ? '-' : '+',
			n / 1000000000, n % 1000000000);
	else
		quantity_add_moment(words, ns);
}
