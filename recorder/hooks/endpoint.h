/*
 * Where streams, datagram sockets and polls lead to: descriptor, own address, peer.
 *
 * Asked of the kernel when a handle comes by its descriptor, never while it reads or writes; errno
 * is kept. `index` 0 is ignored.
 */
#ifndef ACAUSAL_HOOKS_ENDPOINT_H
#define ACAUSAL_HOOKS_ENDPOINT_H

#include "recorder/hooks/hook.h"

#include <sys/socket.h>

enum endpoint_side { ENDPOINT_NONE, ENDPOINT_OWN, ENDPOINT_PEER };

/* The handle of record `index` has this descriptor now. */
void endpoint_fd(struct thread *thread, uint32_t index, int fd);

/* The same, with the address of that side as its words, when it has one. */
void endpoint_socket(struct thread *thread, uint32_t index, int fd, enum endpoint_side side);

/* The same for the descriptor that libuv says the handle has; nothing when it has none. */
void endpoint_handle(struct thread *thread, const struct libuv *uv, uint32_t index,
	const void *handle, enum endpoint_side side);

/* An address as words about the resource; nothing for a family that libuv does not take. */
void endpoint_address(struct thread *thread, uint32_t index, const struct sockaddr *address);

#endif
