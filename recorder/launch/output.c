/*
 * Old and new recordings: FILE becomes FILE.old with all that SQLite keeps beside it. A file that
 * is no recording of ours is never moved, overwritten or removed, neither at FILE nor at FILE.old.
 */
#include "recorder/launch/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What SQLite may keep beside a database, and what was to become one. */
static const char *const companions[] = {"-wal", "-shm", "-journal", "-new"};

enum {
	APPLICATION_ID = 0x61636175,
	/* A byte far beyond those that SQLite locks (at 1 GiB), and where nothing is written. */
	LOCKED_BYTE = 0x50000000,
	LONGEST_SUFFIX = sizeof ".old-journal",
	NAME_SIZE = PATH_MAX + LONGEST_SUFFIX,
};

static void join(char ret[NAME_SIZE], const char *path, const char *suffix, const char *companion)
{
	snprintf(ret, NAME_SIZE, "%s%s%s", path, suffix, companion);
}

/* Offsets in a SQLite file's header: the magic at 0, application_id at 68, big-endian. */
static bool is_recording(int fd)
{
	unsigned char header[72];

	return pread(fd, header, sizeof header, 0) == sizeof header &&
	       !memcmp(header, "SQLite format 3", 16) &&
	       ((uint32_t)header[68] << 24 | (uint32_t)header[69] << 16 |
		       (uint32_t)header[70] << 8 | header[71]) == APPLICATION_ID;
}

static bool is_being_written(int fd)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCKED_BYTE, .l_len = 1};

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Whether what is at `path` may be moved away or replaced. */
static int check_old(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	int ret = 0;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_set_errno(err, errno, "%s", path);
	if (fstat(fd, &status) != 0)
		ret = error_set_errno(err, errno, "%s", path);
	else if (!S_ISREG(status.st_mode) || !is_recording(fd))
		ret = error_set(err,
			"%s is no recording, and is left alone: name another file with -o", path);
	else if (is_being_written(fd))
		ret = error_set(err,
			"%s is being written by another acausal record: name another file with -o",
			path);
	close(fd);
	return ret;
}

static int check_folder(const char *path, struct error *err)
{
	char folder[PATH_MAX];
	char *slash;

	strcpy(folder, path);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = 0;
	else
		strcpy(folder, ".");
	if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
		return error_set_errno(err, errno, "no recording can be made in %s", folder);
	return 0;
}

int output_init(struct output *output, const char *path, struct error *err)
{
	char old[NAME_SIZE];
	struct stat status;

	*output = (struct output){.lock = -1};
	if (!path[0])
		return error_set(err, "the recording's name is empty");
	if (lstat(path, &status) != 0) {
		if (errno != ENOENT)
			return error_set_errno(err, errno, "%s", path);
		if (strlen(path) >= sizeof output->path)
			return error_set_errno(err, ENAMETOOLONG, "%.64s…", path);
		strcpy(output->path, path);
	} else if (S_ISLNK(status.st_mode)) {
		if (!realpath(path, output->path))
			return error_set_errno(
				err, errno, "%s is a link, and what it leads to", path);
	} else {
		if (strlen(path) >= sizeof output->path)
			return error_set_errno(err, ENAMETOOLONG, "%.64s…", path);
		strcpy(output->path, path);
	}
	if (strlen(output->path) + LONGEST_SUFFIX >= sizeof output->path)
		return error_set_errno(err, ENAMETOOLONG, "%.64s…", path);
	if (check_folder(output->path, err) != 0 || check_old(output->path, err) != 0)
		return -1;
	join(old, output->path, ".old", "");
	/* Only one that would be replaced is looked at. */
	if (access(output->path, F_OK) == 0)
		return check_old(old, err);
	return 0;
}

int output_make_room(struct output *output, struct error *err)
{
	char from[NAME_SIZE], to[NAME_SIZE];

	/* Time has passed: look again. */
	if (check_old(output->path, err) != 0)
		return -1;
	if (access(output->path, F_OK) == 0) {
		join(to, output->path, ".old", "");
		if (check_old(to, err) != 0)
			return -1;
		/* The file goes first: with its companions gone and itself still here, what they
		 * hold would be lost. */
		if (rename(output->path, to) != 0)
			return error_set_errno(err, errno, "renaming %s to %s", output->path, to);
		output->is_moved = true;
	}
	for (size_t i = 0; i < sizeof companions / sizeof *companions; i++) {
		join(from, output->path, "", companions[i]);
		join(to, output->path, ".old", companions[i]);
		if (!output->is_moved) {
			/* Of a recording that was removed: SQLite would take them for the new
			 * one's. */
			unlink(from);
			continue;
		}
		unlink(to);
		if (rename(from, to) != 0 && errno != ENOENT)
			return error_set_errno(err, errno, "renaming %s to %s", from, to);
	}
	return 0;
}

void output_lock(struct output *output)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCKED_BYTE, .l_len = 1};

	/*
	 * Never closed: closing any descriptor of a file drops the locks that SQLite has on it in
	 * the same process.
	 */
	output->lock = open(output->path, O_RDWR | O_CLOEXEC);
	if (output->lock >= 0)
		fcntl(output->lock, F_OFD_SETLK, &lock);
}

int output_check(const struct output *output, struct error *err)
{
	struct stat made, found;

	if (output->lock < 0 || fstat(output->lock, &made) != 0)
		return 0;
	if (stat(output->path, &found) != 0)
		return error_set_errno(err, errno,
			"the recording %s was moved or removed while it was being written",
			output->path);
	/* The last: that may have been so when it was opened. */
	if (found.st_dev != made.st_dev || found.st_ino != made.st_ino ||
		!is_recording(output->lock))
		return error_set(err,
			"the recording %s was replaced by another file while it was being written",
			output->path);
	return 0;
}

bool output_is_recording(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool ret = fd >= 0 && is_recording(fd);

	if (fd >= 0)
		close(fd);
	return ret;
}

/* Whether the file at the recording's place can be one that we have begun to make. */
static bool may_be_ours(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	bool is_absent = fd < 0 && errno == ENOENT;
	bool ret = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
		   (status.st_size == 0 || is_recording(fd));

	if (fd >= 0)
		close(fd);
	return ret || is_absent;
}

void output_take_back(struct output *output)
{
	char from[NAME_SIZE], to[NAME_SIZE];

	/* Somebody else's file may have come there in between. */
	if (!may_be_ours(output->path))
		return;
	unlink(output->path);
	for (size_t i = 0; i < sizeof companions / sizeof *companions; i++) {
		join(to, output->path, "", companions[i]);
		unlink(to);
		join(from, output->path, ".old", companions[i]);
		if (output->is_moved)
			rename(from, to);
	}
	join(from, output->path, ".old", "");
	if (output->is_moved)
		rename(from, output->path);
	output->is_moved = false;
}

long long output_size(const struct output *output)
{
	struct stat status;

	return stat(output->path, &status) == 0 ? (long long)status.st_size : -1;
}
