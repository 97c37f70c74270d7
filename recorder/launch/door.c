/*
 * The recorder's socket. Anybody on the machine can see its name once it is there, so a caller is
 * known by the process ID that the kernel gives, and the only one let in is the process we started:
 * as long as we have not waited for it, its ID is nobody else's.
 *
 * Nothing here waits: a process may connect and say nothing, or be gone before it is heard (what it
 * sent is still there then).
 */
#include "recorder/launch/door.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int door_init(struct door *door, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	uint64_t random[2];
	int length;

	*door = (struct door){.listener = -1};
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return error_set_errno(err, errno, "no random numbers");
	length = snprintf(door->name, sizeof door->name, "acausal-%016llx%016llx",
		(unsigned long long)random[0], (unsigned long long)random[1]);
	door->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (door->listener < 0)
		return error_set_errno(err, errno, "making the recorder's socket");
	memcpy(address.sun_path + 1, door->name, (size_t)length);
	if (bind(door->listener, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) !=
			0 ||
		listen(door->listener, DOOR_GUESTS) != 0) {
		error_set_errno(err, errno, "making the recorder's socket");
		door_deinit(door);
		return -1;
	}
	return 0;
}

void door_deinit(struct door *door)
{
	while (door->guest_count)
		close(door->guests[--door->guest_count].socket);
	if (door->listener >= 0)
		close(door->listener);
	door->listener = -1;
}

int door_poll(const struct door *door, struct pollfd *ret)
{
	int count = 0;

	/* While the room is full, callers wait outside. */
	if (door->guest_count < DOOR_GUESTS)
		ret[count++] = (struct pollfd){.fd = door->listener, .events = POLLIN};
	for (int i = 0; i < door->guest_count; i++)
		ret[count++] = (struct pollfd){.fd = door->guests[i].socket, .events = POLLIN};
	return count;
}

static void let_in(struct door *door, pid_t os_pid)
{
	while (door->guest_count < DOOR_GUESTS) {
		int socket = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct ucred credentials;
		socklen_t size = sizeof credentials;

		if (socket < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			return;
		}
		if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 ||
			credentials.pid != os_pid) {
			close(socket);
			continue;
		}
		door->guests[door->guest_count++] = (struct door_guest){socket, credentials.pid};
	}
}

/* Takes the descriptor out of `message`; closes any others. -1 when there is none. */
static int take_descriptor(struct msghdr *message)
{
	int ret = -1;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
		part = CMSG_NXTHDR(message, part)) {
		int descriptors[4];
		size_t count;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (count > sizeof descriptors / sizeof *descriptors)
			count = sizeof descriptors / sizeof *descriptors;
		memcpy(descriptors, CMSG_DATA(part), count * sizeof(int));
		for (size_t i = 0; i < count; i++) {
			if (ret < 0)
				ret = descriptors[i];
			else
				close(descriptors[i]);
		}
	}
	return ret;
}

/* 1: heard; 0: nothing said yet; -1: not to be used, or gone. */
static int hear(const struct door_guest *guest, struct door_hello *ret, struct error *err)
{
	union {
		char bytes[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct arena_hello hello = {0};
	struct iovec bytes = {&hello, sizeof hello};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	ssize_t size = recvmsg(guest->socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	int memfd;

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (size <= 0)
		return error_set(err, "the process broke off while it made itself known");
	memfd = take_descriptor(&message);
	if (memfd < 0 || size != sizeof hello || hello.magic != ARENA_MAGIC) {
		error_set(err, "the process did not make itself known as it should");
	} else if (hello.version != ARENA_VERSION) {
		error_set(err, "libacausal.so is of another version (%u) than this acausal (%u)",
			hello.version, ARENA_VERSION);
	} else {
		*ret = (struct door_hello){
			.os_pid = guest->os_pid, .memfd = memfd, .size = hello.size};
		return 1;
	}
	if (memfd >= 0)
		close(memfd);
	return -1;
}

int door_next(struct door *door, pid_t os_pid, struct door_hello *ret, struct error *err)
{
	let_in(door, os_pid);
	for (int i = 0; i < door->guest_count; i++) {
		int heard = hear(&door->guests[i], ret, err);

		if (!heard)
			continue;
		close(door->guests[i].socket);
		/* In the order of coming: the hello of an exec follows the one before. */
		memmove(&door->guests[i], &door->guests[i + 1],
			(size_t)(--door->guest_count - i) * sizeof *door->guests);
		return heard;
	}
	return 0;
}
