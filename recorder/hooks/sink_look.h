/*
 * What a descriptor leads to, as the kernel says, and whether the user wants its lines: see
 * wire/arena.h, ACAUSAL_LOG.
 *
 * Any thread; signal safe; errno may change. Nothing is remembered here.
 */
#ifndef ACAUSAL_HOOKS_SINK_LOOK_H
#define ACAUSAL_HOOKS_SINK_LOOK_H

#include "recorder/wire/arena.h"
#include "recorder/wire/names.h"

#include <stdbool.h>
#include <sys/socket.h>

struct sink_look {
	enum acausal_sink kind;
	bool is_kept;
	/* All the rest only of what is kept; as in struct arena_sink. */
	uint64_t device, inode, size;
	int64_t born_ns;
	uint32_t path_length;
	char path[ARENA_SINK_PATH_MAX];
};

/* False: the descriptor is not open, or the kernel does not say. */
bool sink_look(struct sink_look *ret, int fd);

/* The same, but only for `kind`, `device`, `inode`, `born_ns` and `size`. */
bool sink_look_again(struct sink_look *ret, int fd);

/* What stands for syslog. */
void sink_look_syslog(struct sink_look *ret);

/* Whether syslog, or systemd's journal, listens at an address. */
bool sink_look_is_syslog(const struct sockaddr *address, socklen_t length);

/* Whether descriptor 1 or 2 is kept, for all that can be known without asking what it is. */
bool sink_look_is_kept_unseen(int fd);

#endif
