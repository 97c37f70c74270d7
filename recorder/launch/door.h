/*
 * Where recorded processes say hello: a listening socket whose name anybody on the machine can see,
 * and a token that only those know who got it from us in their environment.
 *
 * The socket is an abstract one: processes in another network namespace cannot reach it and run on
 * unrecorded.
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
	DOOR_GUESTS = 64, /* connected, and not yet heard */
	/* A process speaks as soon as it has come, but it may be kept from running. */
	DOOR_PATIENCE_MS = 30000,
	DOOR_PATIENCE_FULL_MS = 1000, /* when others wait outside */
};

struct door {
	char name[DOOR_NAME_SIZE]; /* "NAME.TOKEN", as ARENA_SOCKET_ENV has it */
	uint64_t token;
	int listener;
	struct door_guest {
		int socket;
		pid_t os_pid;
		long long came_ms;
	} guests[DOOR_GUESTS];
	int guest_count;
	bool is_short; /* of descriptors: nobody can be let in for now */
};

/* Who said hello. */
struct door_hello {
	pid_t os_pid; /* as the kernel says; it may be gone by now */
	int memfd;    /* the caller's to close */
	size_t size;
};

int door_init(struct door *door, struct error *err);
void door_deinit(struct door *door);

/* The descriptors to wait on, at most DOOR_GUESTS + 1; returns how many. */
int door_poll(const struct door *door, struct pollfd *ret);

/*
 * Takes the next hello, in the order of coming. Whoever does not know the token is turned away
 * without a word. Returns 1, or 0 when there is none now, or -1 when one was there that cannot be
 * used (`err` says why; the process runs on). Never waits.
 */
int door_next(struct door *door, struct door_hello *ret, struct error *err);

#endif
