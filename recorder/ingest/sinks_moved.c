/*
 * Where a log file is at the end: its name may have been given to a new one (logrotate, `mv`).
 * Names come from arenas, which are not trusted: what they name is never opened but as a folder,
 * and the number of names that are looked at has a limit.
 */
#include "recorder/ingest/sinks.h"
#include "recorder/wire/names.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum {
	NAMES_A_FOLDER = 10000,
	NAMES_IN_ALL = 200000,
};

/* Whether this name, in that folder, is of the sink's file. */
static bool is_its(const struct sink *sink, int folder, const char *name)
{
	struct statx status;
	int64_t born_ns;

	if (statx(folder, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_INO | STATX_BTIME,
		    &status) != 0 ||
		makedev(status.stx_dev_major, status.stx_dev_minor) != sink->device ||
		status.stx_ino != sink->inode)
		return false;
	/* A new file is often given the number of one that was removed. */
	born_ns = status.stx_btime.tv_sec * 1000000000 + status.stx_btime.tv_nsec;
	return !sink->born_ns || !(status.stx_mask & STATX_BTIME) || born_ns == sink->born_ns;
}

/* The path of the file in the folder that its path is in; NULL when it is not there. */
static char *look_through(const struct sink *sink, int *names_left)
{
	int length = (int)(strrchr(sink->path, '/') - sink->path);
	char *path = strndup(sink->path, length ? (size_t)length : 1);
	DIR *folder = path ? opendir(path) : NULL;
	int in_folder = NAMES_A_FOLDER;
	struct dirent *entry;
	char *found = NULL;

	free(path);
	while (folder && in_folder-- > 0 && (*names_left)-- > 0) {
		entry = readdir(folder);
		if (!entry)
			break;
		if ((entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN) ||
			!is_its(sink, dirfd(folder), entry->d_name))
			continue;
		if (asprintf(&found, "%.*s/%s", length, sink->path, entry->d_name) < 0)
			found = NULL;
		break;
	}
	if (folder)
		closedir(folder);
	return found;
}

void sinks_find_moved(struct sinks *sinks)
{
	int names_left = NAMES_IN_ALL;

	for (uint32_t i = 0; i < sinks->count && names_left > 0; i++) {
		struct sink *sink = &sinks->sinks[i];

		names_left--;
		if (sink->kind != ACAUSAL_SINK_FILE || !sink->path || sink->path[0] != '/' ||
			sink->is_cut || is_its(sink, AT_FDCWD, sink->path))
			continue;
		free(sink->moved_to);
		sink->moved_to = look_through(sink, &names_left);
		if (sink->moved_to)
			sink->is_news = sinks->have_news = true;
	}
}
