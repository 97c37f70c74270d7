/* Files and claims of the fuzz targets: see fuzz.h. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[96], path[128];
static pid_t owner;

static void remove_folder(void)
{
	if (getpid() != owner)
		return;
	fuzz_remove();
	rmdir(folder);
}

static void make_folder(void)
{
	const char *in = getenv("TMPDIR");

	snprintf(folder, sizeof folder, "%.60s/acausal-fuzz.XXXXXX", in && *in ? in : "/tmp");
	fuzz_must(mkdtemp(folder) != NULL, "a folder for scratch files can be made", folder);
	snprintf(path, sizeof path, "%s/input", folder);
	owner = getpid();
	atexit(remove_folder);
}

const char *fuzz_path(void)
{
	if (!*path)
		make_folder();
	return path;
}

void fuzz_remove(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	char name[sizeof path + 16];

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		snprintf(name, sizeof name, "%s%s", fuzz_path(), suffixes[i]);
		unlink(name);
	}
}

void fuzz_write(const void *bytes, size_t size)
{
	int fd;

	fuzz_remove();
	fd = open(fuzz_path(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	fuzz_must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size,
		"the scratch file can be written", fuzz_path());
	close(fd);
}

void fuzz_must(bool holds, const char *what, const char *details)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz: it does not hold that %s: %s\n", what, details ? details : "");
	abort();
}

uint32_t fuzz_choice(const uint8_t *bytes, size_t size)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return (hash ^ hash >> 15) & ~(UINT32_C(1) << 31);
}
