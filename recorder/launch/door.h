/*
 * Where recorded processes say hello: a listening socket with a name that nobody can guess.
 */
#ifndef ACAUSAL_LAUNCH_DOOR_H
#define ACAUSAL_LAUNCH_DOOR_H

#include "recorder/base/error.h"
#include "recorder/wire/arena.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	DOOR_NAME_SIZE = 64,
	DOOR_GUESTS = 8, /* connected, and not yet heard */
};

struct door {
	char name[DOOR_NAME_SIZE]; /* of the abstract socket, without its leading NUL */
	int listener;
	struct door_guest {
		int socket;
		pid_t os_pid;
	} guests[DOOR_GUESTS];
	int guest_count;
};

/* Who said hello. */
struct door_hello {
	pid_t os_pid; /* as the kernel says */
	int memfd;    /* the caller's to close */
	size_t size;
};

int door_init(struct door *door, struct error *err);
void door_deinit(struct door *door);

/* The descriptors to wait on, at most DOOR_GUESTS + 1; returns how many. */
int door_poll(const struct door *door, struct pollfd *ret);

/*
 * Takes the next hello of process `os_pid`; others are turned away. Returns 1, or 0 when there is
 * none now, or -1 when one was there that cannot be used (`err` says why; the process runs on).
 * Never waits.
 */
int door_next(struct door *door, pid_t os_pid, struct door_hello *ret, struct error *err);

#endif
