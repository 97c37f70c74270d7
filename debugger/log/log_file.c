/* A log file, read line by line: see log_file.h. Memory is bounded by LOG_FILE_LINE_MAX. */
#include "debugger/log/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define ROOM (1 << 20)

/* Formats that grep does not look into. */
static const struct {
	const char *magic;
	size_t length;
	const char *name, *command;
} packed[] = {
	{"\x1f\x8b", 2, "gzip", "gunzip -k"},
	{"\xfd"
	 "7zXZ\0",
		6, "xz", "unxz -k"},
	{"\x28\xb5\x2f\xfd", 4, "zstd", "unzstd"},
	{"BZh", 3, "bzip2", "bunzip2 -k"},
	{"\x04\x22\x4d\x18", 4, "lz4", "unlz4"},
};

static int64_t time_of(const struct statx_timestamp *stamp)
{
	return (int64_t)((uint64_t)stamp->tv_sec * 1000000000 + stamp->tv_nsec);
}

static int check_kind(struct log_file *file, const char *path, struct error *err)
{
	char head[8];
	ssize_t count;
	size_t i;

	count = pread(file->descriptor, head, sizeof head, 0);
	if (count < 0)
		return error_set_errno(err, errno, "log: cannot read '%s'", path);
	for (i = 0; i < sizeof packed / sizeof packed[0]; i++)
		if ((size_t)count >= packed[i].length &&
			!memcmp(head, packed[i].magic, packed[i].length))
			return error_set(err,
				"log: '%s' is compressed (%s), and its lines are not to be seen:"
				" unpack it first (%s) and name the file that comes of it",
				path, packed[i].name, packed[i].command);
	return 0;
}

static int open_file(struct log_file *file, const char *path, struct error *err)
{
	struct statx status;

	file->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file->descriptor < 0 && errno == ENOENT)
		return error_set(err, "log: no such file: '%s'", path);
	if (file->descriptor < 0)
		return error_set_errno(err, errno, "log: cannot open '%s'", path);
	if (statx(file->descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &status))
		return error_set_errno(err, errno, "log: cannot look at '%s'", path);
	if (!S_ISREG(status.stx_mode))
		return error_set(
			err, "log: '%s' is no plain file: name a log file and a line of it", path);
	file->device = makedev(status.stx_dev_major, status.stx_dev_minor);
	file->inode = status.stx_ino;
	file->size = status.stx_size;
	file->born_ns = status.stx_mask & STATX_BTIME ? time_of(&status.stx_btime) : INT64_MIN;
	file->modified_ns = time_of(&status.stx_mtime);
	return check_kind(file, path, err);
}

int log_file_init(struct log_file *file, const char *path, struct error *err)
{
	*file = (struct log_file){.descriptor = -1};
	if (open_file(file, path, err)) {
		log_file_deinit(file);
		return -1;
	}
	file->path = realpath(path, NULL);
	if (!file->path)
		file->path = strdup(path);
	if (!file->path) {
		log_file_deinit(file);
		return error_set(err, "out of memory");
	}
	return 0;
}

void log_file_deinit(struct log_file *file)
{
	if (file->descriptor >= 0)
		close(file->descriptor);
	free(file->room);
	free(file->path);
	*file = (struct log_file){.descriptor = -1};
}

void log_file_rewind(struct log_file *file)
{
	free(file->room);
	file->room = NULL;
	file->room_size = 0;
	file->begin = file->end = 0;
	file->offset = 0;
	file->number = 0;
	file->at_end = false;
}

/* Reads more behind what is there. 1 done, 0 there is no room, -1 an error. */
static int fill(struct log_file *file, struct error *err)
{
	ssize_t count;

	if (file->begin) {
		memmove(file->room, file->room + file->begin, file->end - file->begin);
		file->end -= file->begin;
		file->begin = 0;
	}
	if (file->end == file->room_size && file->room_size < LOG_FILE_LINE_MAX) {
		size_t size = file->room_size ? 2 * file->room_size : ROOM;
		char *room = realloc(file->room, size);

		if (!room)
			return error_set(err, "out of memory");
		file->room = room;
		file->room_size = size;
	}
	if (file->end == file->room_size)
		return 0;
	count = pread(file->descriptor, file->room + file->end, file->room_size - file->end,
		(off_t)(file->offset + file->end));
	if (count < 0 && errno == EINTR)
		return 1;
	if (count < 0)
		return error_set_errno(err, errno, "log: cannot read '%s'", file->path);
	file->at_end = !count;
	file->end += (size_t)count;
	return 1;
}

/* The rest of a line that is longer than the room: only how long it is. */
static int skip_rest(struct log_file *file, struct log_file_line *ret, struct error *err)
{
	char room[1 << 14];
	uint64_t at = file->offset + file->end;
	const char *newline;
	ssize_t count;

	for (;;) {
		count = pread(file->descriptor, room, sizeof room, (off_t)at);
		if (count < 0)
			return error_set_errno(err, errno, "log: cannot read '%s'", file->path);
		newline = count ? memchr(room, '\n', (size_t)count) : NULL;
		at += newline ? (uint64_t)(newline - room) : (uint64_t)count;
		if (!count || newline)
			break;
	}
	ret->length = (size_t)(at - file->offset);
	file->offset = at + (count ? 1 : 0);
	file->begin = file->end = 0;
	return 1;
}

int log_file_next(struct log_file *file, struct log_file_line *ret, struct error *err)
{
	size_t searched = 0;

	for (;;) {
		size_t there = file->end - file->begin;
		char *begin = file->room + file->begin;
		char *newline =
			there > searched ? memchr(begin + searched, '\n', there - searched) : NULL;
		int filled;

		searched = there;
		if (newline || (file->at_end && there)) {
			size_t length = newline ? (size_t)(newline - begin) : there;

			*ret = (struct log_file_line){
				++file->number, file->offset, begin, length, length};
			file->begin += length + (newline ? 1 : 0);
			file->offset += length + (newline ? 1 : 0);
			return 1;
		}
		if (file->at_end)
			return 0;
		filled = fill(file, err);
		if (filled < 0)
			return -1;
		if (filled)
			continue;
		*ret = (struct log_file_line){
			++file->number, file->offset, file->room, there, there};
		return skip_rest(file, ret, err);
	}
}
