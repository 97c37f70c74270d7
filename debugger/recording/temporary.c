/* Recordings that nobody keeps: see temporary.h. */
#include "debugger/recording/temporary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int temporary_make(struct temporary *ret, struct error *err)
{
	const char *folder = getenv("TMPDIR");

	if (!folder || !*folder)
		folder = "/tmp";
	if ((size_t)snprintf(ret->folder, sizeof ret->folder, "%s/acausal.XXXXXX", folder) >=
		sizeof ret->folder)
		return error_set(err, "the path of $TMPDIR is too long");
	if (!mkdtemp(ret->folder))
		return error_set_errno(err, errno,
			"cannot make a temporary recording in '%s' (set TMPDIR to another folder)",
			folder);
	snprintf(ret->path, sizeof ret->path, "%s/acausal.db", ret->folder);
	return 0;
}

int temporary_open(const struct temporary *temporary, struct reader **ret, struct error *err)
{
	int result = reader_open(ret, temporary->path, err);

	/* What is open stays until it is closed. */
	temporary_remove(temporary);
	return result;
}

void temporary_remove(const struct temporary *temporary)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char path[sizeof temporary->path + 8];

	for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
		snprintf(path, sizeof path, "%s%s", temporary->path, tails[i]);
		unlink(path);
	}
	rmdir(temporary->folder);
}
