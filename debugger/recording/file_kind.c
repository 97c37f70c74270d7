/* What a file is, by its first bytes: see file_kind.h. Decides nothing from a file's name. */
#include "debugger/recording/file_kind.h"

#include "recorder/snapshot/image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID "acau" /* as it stands in the file, big-endian at byte 68 */

/* SQLite's file format, section "The Database Header". */
static enum file_kind database_kind(const unsigned char *head, size_t count)
{
	static const unsigned char none[4];

	if (count < 100)
		return FILE_OTHER;
	if (!memcmp(head + 68, APPLICATION_ID, 4))
		return FILE_RECORDING;
	/* Version 2 for writing is WAL: the page with the mark may not be in the file yet. */
	if (head[18] == 2 && !memcmp(head + 68, none, 4) && !memcmp(head + 60, none, 4))
		return FILE_RECORDING;
	return FILE_DATABASE;
}

static enum file_kind content_kind(const unsigned char *head, size_t count)
{
	uint64_t magic;
	uint16_t type;

	if (!count)
		return FILE_EMPTY;
	if (count >= sizeof magic) {
		memcpy(&magic, head, sizeof magic);
		if (magic == ARENA_MAGIC)
			return FILE_IMAGE;
	}
	if (count >= 16 && !memcmp(head, "SQLite format 3", 16))
		return database_kind(head, count);
	if (count >= 18 && !memcmp(head, ELFMAG, SELFMAG)) {
		memcpy(&type, head + 16, sizeof type);
		return type == ET_CORE ? FILE_CORE : FILE_EXECUTABLE;
	}
	return FILE_OTHER;
}

enum file_kind file_kind_of(const char *path)
{
	unsigned char head[100];
	struct stat status;
	ssize_t count;
	int descriptor, number;

	if (stat(path, &status))
		return errno == ENOENT || errno == ENOTDIR ? FILE_MISSING : FILE_UNREADABLE;
	if (S_ISDIR(status.st_mode))
		return FILE_DIRECTORY;
	if (!S_ISREG(status.st_mode))
		return FILE_SPECIAL;
	descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (descriptor < 0)
		return FILE_UNREADABLE;
	count = read(descriptor, head, sizeof head);
	number = errno;
	close(descriptor);
	errno = number;
	return count < 0 ? FILE_UNREADABLE : content_kind(head, (size_t)count);
}

const char *file_kind_words(enum file_kind kind)
{
	static const char *const words[] = {
		[FILE_MISSING] = "missing",
		[FILE_UNREADABLE] = "not readable",
		[FILE_DIRECTORY] = "a folder",
		[FILE_SPECIAL] = "a device or a pipe",
		[FILE_EMPTY] = "an empty file",
		[FILE_RECORDING] = "a recording",
		[FILE_DATABASE] = "an SQLite database of another program",
		[FILE_CORE] = "a core dump",
		[FILE_IMAGE] = "a snapshot that a program took of itself",
		[FILE_EXECUTABLE] = "an executable or a library",
		[FILE_OTHER] = "a file of another kind",
	};

	return words[kind];
}
