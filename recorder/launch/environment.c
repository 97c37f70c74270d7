/*
 * LD_PRELOAD and what the library is told. Ours comes before what the user preloads, but after
 * AddressSanitizer, which refuses to run when anything is before it.
 */
#include "recorder/launch/environment.h"

#include "recorder/wire/arena.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static int find_library(char ret[PATH_MAX], struct error *err)
{
	static const char *const places[] = {"", "../lib/"};
	char folder[PATH_MAX], path[PATH_MAX + 32];
	ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);

	if (length > 0) {
		folder[length] = 0;
	} else if (!realpath((const char *)getauxval(AT_EXECFN), folder)) {
		return error_set_errno(err, errno,
			"where acausal is, and libacausal.so beside it, cannot be found without "
			"/proc");
	}
	*strrchr(folder, '/') = 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		snprintf(path, sizeof path, "%s/%slibacausal.so", folder, places[i]);
		if (access(path, R_OK) != 0 || !realpath(path, ret))
			continue;
		/* The loader parts the names in LD_PRELOAD at both, and knows no quotes. */
		if (strpbrk(ret, ": "))
			return error_set(err,
				"%s cannot be preloaded, because its path has a space or a colon: "
				"install "
				"acausal elsewhere",
				ret);
		return 0;
	}
	return error_set(err, "libacausal.so is neither in %s nor in %s/../lib", folder, folder);
}

/*
 * AddressSanitizer's library, when the user preloads it first himself: the length of its name. A
 * space after it, instead of a colon, says in the processes that it is not ours to take out.
 */
static int asan_length(const char *others)
{
	size_t length = strcspn(others, " :");
	const char *slash = memrchr(others, '/', length);

	return strncmp(slash ? slash + 1 : others, "libasan.so", 10) == 0 ? (int)length : 0;
}

int environment_init(struct environment *environment, const struct program *program,
	const char *door_name, const struct log_options *logs, bool drop_when_full,
	uint64_t flight_size, struct error *err)
{
	char library[PATH_MAX];
	const char *others = getenv("LD_PRELOAD");
	char **variable = environment->variables;
	int asan;

	*environment = (struct environment){0};
	if (find_library(library, err) != 0)
		return -1;
	if (!others)
		others = "";
	asan = asan_length(others);
	if (asan && asprintf(variable, "LD_PRELOAD=%.*s %s%s", asan, others, library,
			    others + asan) < 0)
		*variable = NULL;
	else if (!asan &&
		 asprintf(variable, "LD_PRELOAD=%s%s%s%s%s", program->asan,
			 program->asan[0] ? ":" : "", library, others[0] ? ":" : "", others) < 0)
		*variable = NULL;
	else if (asprintf(++variable, "%s=%s", ARENA_SOCKET_ENV, door_name) < 0)
		*variable = NULL;
	else if (asprintf(++variable, "ACAUSAL_ON_FULL=%s", drop_when_full ? "drop" : "wait") < 0)
		*variable = NULL;
	else if (flight_size &&
		 asprintf(++variable, "%s=%" PRIu64, ARENA_FLIGHT_ENV, flight_size) < 0)
		*variable = NULL;
	if (!*variable || log_options_variables(logs, variable + 1) < 0) {
		environment_deinit(environment);
		return error_set(err, "out of memory");
	}
	return 0;
}

void environment_deinit(struct environment *environment)
{
	for (int i = 0; i < ENVIRONMENT_COUNT; i++)
		free(environment->variables[i]);
	*environment = (struct environment){0};
}
