/*
 * The options of `acausal record` about lines: see log_options.h. What cannot be meant is said
 * here, because the recorded process would do as if it had been told nothing.
 */
#include "recorder/launch/log_options.h"

#include "recorder/ingest/lines.h"
#include "recorder/wire/arena.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void log_options_init(struct log_options *options)
{
	*options = (struct log_options){.log = "+", .longest = ARENA_LOG_MAX};
}

void log_options_none(struct log_options *options)
{
	options->log[0] = '-';
}

/* The current folder as a pattern, without the components that `*rest` begins with "../" for. */
static bool begin_here(char ret[2 * PATH_MAX], const char **rest)
{
	char folder[PATH_MAX], *to = ret;
	bool is_up;

	if (!getcwd(folder, sizeof folder) || folder[0] != '/')
		return false;
	while ((is_up = !strncmp(*rest, "../", 3)) || !strncmp(*rest, "./", 2)) {
		*rest += is_up ? 3 : 2;
		if (is_up)
			*strrchr(folder, '/') = 0;
		if (!folder[0])
			strcpy(folder, "/");
	}
	for (const char *from = folder; *from; from++) {
		if (strchr("*?[\\", *from))
			*to++ = '\\';
		*to++ = *from;
	}
	if (to[-1] != '/')
		*to++ = '/';
	*to = 0;
	return true;
}

int log_options_add(struct log_options *options, const char *pattern, struct error *err)
{
	char folder[2 * PATH_MAX] = "";
	const char *rest = pattern;
	size_t used = strlen(options->log), room = sizeof options->log - used;

	if (!pattern[0])
		return error_set(err, "the pattern of --log is empty: give the name of a "
				      "file, which may have * and ? in it");
	if (strchr(pattern, '\n'))
		return error_set(err,
			"the pattern of --log %s has a newline in it, which "
			"cannot be said here: write ? in its place",
			pattern);
	if (pattern[0] != '/' && strchr(pattern, '/') && !begin_here(folder, &rest))
		return error_set(err,
			"--log %s is meant from the current folder, which cannot be "
			"found: give the whole path",
			pattern);
	if ((size_t)snprintf(options->log + used, room, "\n%s%s", folder, rest) >= room) {
		options->log[used] = 0;
		return error_set(err,
			"the patterns of --log are too long together, %zu bytes at "
			"most: use fewer or shorter ones",
			sizeof options->log - 1);
	}
	return 0;
}

int log_options_limit(struct log_options *options, const char *size, struct error *err)
{
	size_t digits = strspn(size, "0123456789");
	uint64_t number = digits && digits < 18 ? strtoull(size, NULL, 10) : 0;
	const char *unit = size + digits;

	if (*unit == 'K' || *unit == 'k')
		number <<= 10;
	else if (*unit == 'M' || *unit == 'm')
		number <<= 20;
	if (!digits || (*unit && (!strchr("KkMm", *unit) || unit[1])))
		return error_set(
			err, "--log-max is a number of bytes, 4096 or 64K or 1M, not %s", size);
	if (!number || number > LINES_LONGEST || digits >= 9)
		return error_set(err, "--log-max is at least 1 and at most %dM, not %s",
			LINES_LONGEST >> 20, size);
	options->longest = number;
	return 0;
}

int log_options_variables(const struct log_options *options, char *ret[LOG_VARIABLES])
{
	int count = 0, failed = 0;

	if (strcmp(options->log, "+") != 0)
		failed |= asprintf(&ret[count++], "%s=%s", ARENA_LOG_ENV, options->log) < 0;
	if (options->longest != ARENA_LOG_MAX)
		failed |= asprintf(&ret[count++], "%s=%" PRIu64, ARENA_LOG_MAX_ENV,
				  options->longest) < 0;
	if (options->tags_lines)
		failed |= asprintf(&ret[count++], "%s=1", ARENA_TAG_ENV) < 0;
	return failed ? -1 : count;
}
