/*
 * Why there is no recording although the command ran, or why something is missing in it: one line
 * for each cause that can be told from the others.
 */
#include "recorder/launch/explain.h"

#include "recorder/launch/carried.h"
#include "recorder/launch/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* What a security module calls the confinement of a process; "" when there is none. */
static void read_profile(const char *process, char *ret, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	ret[0] = 0;
	snprintf(path, sizeof path, "/proc/%s/attr/current", process);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	length = read(fd, ret, size - 1);
	close(fd);
	ret[length > 0 ? length : 0] = 0;
	ret[strcspn(ret, "\n")] = 0;
}

void explain_find_profile(pid_t os_pid, char *ret, size_t size)
{
	char process[32], ours[256];

	snprintf(process, sizeof process, "%d", (int)os_pid);
	read_profile(process, ret, size);
	read_profile("self", ours, sizeof ours);
	if (!strcmp(ret, ours) || !strncmp(ret, "unconfined", 10))
		ret[0] = 0;
}

/* What the files that were seen say, once each has been looked into. */
struct finding {
	const char *carrier; /* has a libuv of its own in it */
	const char *perhaps; /* the same, for what can be told without symbols */
	bool has_library;    /* there was a libuv that could be seen */
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void look_into(struct finding *ret, const char *path, bool look_for_words)
{
	switch (carried_find(path, look_for_words)) {
	case CARRIED_HIDDEN:
	case CARRIED_EXPORTED:
		if (!ret->carrier)
			ret->carrier = path;
		break;
	case CARRIED_PERHAPS:
		if (!ret->perhaps)
			ret->perhaps = path;
		break;
	case CARRIED_LIBRARY:
		ret->has_library = true;
		break;
	case CARRIED_NOT:
		break;
	}
}

static struct finding look_into_files(const struct sightings *sightings, bool look_for_words)
{
	struct finding ret = {0};

	for (uint32_t i = 0; i < sightings->count; i++)
		/* Ours exports the same names. */
		if (strcmp(base_of(sightings->files[i].path), "libacausal.so") != 0)
			look_into(&ret, sightings->files[i].path, look_for_words);
	return ret;
}

/* Why nothing of libuv was seen in processes that did reach the recorder. */
static void explain_unseen(
	const struct followed *followed, const struct program *program, const char *command)
{
	const struct sightings *sightings = &followed->sightings;
	struct finding found = look_into_files(sightings, true);

	/* It may have ended before the system could be asked which file it was. */
	if (!found.carrier && !program->is_script)
		look_into(&found, program->path, true);
	if (found.carrier)
		report_line(
			"%s carries its own libuv, which is not recorded: uv_run is in the code "
			"of %s itself; there is no recording",
			base_of(found.carrier), found.carrier);
	else if (sightings->libuv & ARENA_LIBUV_BYPASSED)
		report_line(
			"libuv was bound past the recorder in %s (dlopen with RTLD_DEEPBIND), so "
			"its calls were not seen; there is no recording",
			command);
	else if (sightings->libuv & ARENA_LIBUV_APART)
		report_line(
			"libuv was loaded into a namespace of its own in %s (dlmopen), where it "
			"is not seen; there is no recording",
			command);
	else if (sightings->has_unseen_calls)
		report_line("libuv was called in %s by addresses that dlsym gave out, which is not "
			    "seen; there is no recording",
			command);
	else if (sightings->libuv & ARENA_LIBUV_CALLED)
		report_line("libuv was called in %s, but nothing was made with it; there is no "
			    "recording",
			command);
	else if (found.has_library && sightings->is_cut_short)
		report_line("libuv was loaded into %s, but no call of it was seen until it was "
			    "ended; there is no recording",
			command);
	else if (found.has_library)
		report_line(
			"libuv was loaded into %s and never used; there is no recording", command);
	else if (found.perhaps)
		report_line("%s seems to carry its own libuv, which is not recorded: %s has no "
			    "symbols, but words of libuv's; there is no recording",
			base_of(found.perhaps), found.perhaps);
	else
		report_line("no libuv was found in %s%s; there is no recording", command,
			followed->is_alone ? ", whose child processes are left alone" : "");
}

/* Which of the limits that the command had from us leaves no room for an arena; NULL: none. */
static const char *limit_in_the_way(void)
{
	enum { LEAST = 32 << 20 }; /* more than the smallest one needs */
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < LEAST)
		return "its limit on the size of files (ulimit -f)";
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < 4 * LEAST)
		return "its limit on memory (ulimit -v)";
	return NULL;
}

void explain_nothing(const struct followed *followed, const struct program *program,
	const char *command, const char *profile)
{
	const char *limit = limit_in_the_way();

	if (followed->has_come)
		explain_unseen(followed, program, command);
	else if (profile[0])
		report_line(
			"%s never reached the recorder: it is confined by the profile %s; nothing "
			"was recorded",
			command, profile);
	else if (limit)
		report_line("%s could not be recorded: %s leaves no room for it", command, limit);
	else
		report_line("%s never reached the recorder (was libacausal.so kept out of it?); "
			    "nothing was recorded",
			command);
}

void explain_missing(const struct followed *followed)
{
	const struct sightings *sightings = &followed->sightings;
	const struct finding found = look_into_files(sightings, false);

	if (found.carrier)
		report_line("not recorded: %s carries a libuv of its own (uv_run is in the code of "
			    "%s itself)",
			base_of(found.carrier), found.carrier);
	if (sightings->libuv & ARENA_LIBUV_BYPASSED)
		report_line("not recorded: a libuv that was bound past the recorder (dlopen with "
			    "RTLD_DEEPBIND)");
	if (sightings->has_unseen_calls)
		report_line("not recorded: calls of libuv by addresses that dlsym gave out");
}
