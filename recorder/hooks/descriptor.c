/*
 * What makes a descriptor another file's: then hooks/sink.c forgets what it knew of it. The rest of
 * such functions, those of stdio, are with their kin.
 *
 * In between, nothing is remembered: a thread that looks while the kernel closes the file and
 * another opens its own in its place may be told of either.
 */
#include "recorder/hooks/hook.h"
#include "recorder/hooks/libc.h"
#include "recorder/hooks/sink.h"

#include <sys/syscall.h>

WRAPPER int close(int fd)
{
	int result;

	sink_unsettle(fd);
	/* As write, it may be called by whoever is called by what resolves. */
	result = likely(libc_real.close) ? libc_real.close(fd) : (int)syscall(SYS_close, fd);
	sink_forget(fd);
	return result;
}

WRAPPER int dup(int fd)
{
	int result;

	libc_resolve();
	result = libc_real.dup(fd);
	sink_forget(result);
	return result;
}

WRAPPER int dup2(int fd, int to)
{
	int result;

	libc_resolve();
	if (fd == to)
		return libc_real.dup2(fd, to);
	sink_unsettle(to);
	result = libc_real.dup2(fd, to);
	sink_forget(to);
	return result;
}

WRAPPER int dup3(int fd, int to, int flags)
{
	int result;

	libc_resolve();
	sink_unsettle(to);
	result = libc_real.dup3(fd, to, flags);
	sink_forget(to);
	return result;
}

WRAPPER int close_range(unsigned int first, unsigned int last, int flags)
{
	int result;

	libc_resolve();
	sink_forget_range(first, last);
	result = libc_real.close_range(first, last, flags);
	sink_forget_range(first, last);
	return result;
}

WRAPPER void closefrom(int first)
{
	libc_resolve();
	sink_forget_range(first < 0 ? 0 : (unsigned)first, ~0u);
	libc_real.closefrom(first);
	sink_forget_range(first < 0 ? 0 : (unsigned)first, ~0u);
}

WRAPPER int closedir(DIR *folder)
{
	/* Declared never to be NULL, and refuses it all the same. */
	DIR *volatile given = folder;
	int fd = given ? dirfd(given) : -1, result;

	libc_resolve();
	sink_unsettle(fd);
	result = libc_real.closedir(folder);
	sink_forget(fd);
	return result;
}
