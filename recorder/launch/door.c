/*
 * The recorder's socket. Who a caller is, is told by the kernel; that it may come in, by the token.
 *
 * Nothing here waits: a process may connect and say nothing, or be gone before it is heard (what it
 * sent is still there then). Somebody who knows the name alone can take up no more than a place for
 * a second.
 */
#include "recorder/launch/door.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Who has connected and said hello need not wait until we come to it. */
enum { OUTSIDE = 1024 };

int door_init(struct door *door, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	uint64_t random[2];
	int length;

	*door = (struct door){.listener = -1};
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return error_set_errno(err, errno, "no random numbers");
	length = snprintf(
		door->name, sizeof door->name, "acausal-%016llx", (unsigned long long)random[0]);
	door->token = random[1] | 1; /* 0 is what somebody says who was told none */
	door->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (door->listener < 0)
		return error_set_errno(err, errno, "making the recorder's socket");
	memcpy(address.sun_path + 1, door->name, (size_t)length);
	if (bind(door->listener, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) !=
			0 ||
		listen(door->listener, OUTSIDE) != 0) {
		error_set_errno(err, errno, "making the recorder's socket");
		door_deinit(door);
		return -1;
	}
	snprintf(door->name + length, sizeof door->name - (size_t)length, ".%016llx",
		(unsigned long long)door->token);
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

	/* While the room is full, callers wait outside, and are not to wake us. */
	if (door->guest_count < DOOR_GUESTS && !door->is_short)
		ret[count++] = (struct pollfd){.fd = door->listener, .events = POLLIN};
	for (int i = 0; i < door->guest_count; i++)
		ret[count++] = (struct pollfd){.fd = door->guests[i].socket, .events = POLLIN};
	return count;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Closes the guest's socket; the others move up, so that they stay in the order of coming. */
static void see_off(struct door *door, int index)
{
	close(door->guests[index].socket);
	memmove(&door->guests[index], &door->guests[index + 1],
		(size_t)(--door->guest_count - index) * sizeof *door->guests);
}

static void see_off_the_silent(struct door *door)
{
	long long now = now_ms();
	int patience = door->guest_count == DOOR_GUESTS ? DOOR_PATIENCE_FULL_MS : DOOR_PATIENCE_MS;

	for (int i = door->guest_count - 1; i >= 0; i--)
		if (now - door->guests[i].came_ms > patience)
			see_off(door, i);
}

static void let_in(struct door *door)
{
	long long now = now_ms();

	door->is_short = false;
	while (door->guest_count < DOOR_GUESTS) {
		int socket = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct ucred credentials;
		socklen_t size = sizeof credentials;

		if (socket < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			door->is_short = errno != EAGAIN;
			return;
		}
		/* 0: of a process namespace that we cannot see into. */
		if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 ||
			credentials.pid <= 0) {
			close(socket);
			continue;
		}
		door->guests[door->guest_count++] =
			(struct door_guest){socket, credentials.pid, now};
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

enum heard { HEARD_NOTHING, HEARD_HELLO, HEARD_NONSENSE, HEARD_UNUSABLE };

static enum heard judge(const struct door *door, const struct arena_hello *hello, size_t size,
	int memfd, bool was_cut, struct error *err)
{
	if (size != sizeof *hello || hello->magic != ARENA_MAGIC || hello->token != door->token)
		return HEARD_NONSENSE;
	if (hello->version != ARENA_VERSION) {
		error_set(err, "libacausal.so is of another version (%u) than this acausal (%u)",
			hello->version, ARENA_VERSION);
		return HEARD_UNUSABLE;
	}
	if (memfd < 0 && !hello->size) {
		error_set(err,
			"a limit on memory or on the size of files leaves no room (ulimit -v, "
			"-f)");
		return HEARD_UNUSABLE;
	}
	if (memfd < 0 && was_cut) {
		error_set(err, "the recorder had no descriptor left (ulimit -n)");
		return HEARD_UNUSABLE;
	}
	if (memfd < 0) {
		error_set(err, "a process did not make itself known as it should");
		return HEARD_UNUSABLE;
	}
	return HEARD_HELLO;
}

static enum heard hear(const struct door *door, const struct door_guest *guest,
	struct door_hello *ret, struct error *err)
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
	enum heard heard;
	int memfd;

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return HEARD_NOTHING;
	if (size <= 0)
		return HEARD_NONSENSE;
	memfd = take_descriptor(&message);
	heard = judge(door, &hello, (size_t)size, memfd, message.msg_flags & MSG_CTRUNC, err);
	if (heard == HEARD_HELLO)
		*ret = (struct door_hello){
			.os_pid = guest->os_pid, .memfd = memfd, .size = hello.size};
	else if (memfd >= 0)
		close(memfd);
	return heard;
}

int door_next(struct door *door, struct door_hello *ret, struct error *err)
{
	let_in(door);
	for (int i = 0; i < door->guest_count;) {
		enum heard heard = hear(door, &door->guests[i], ret, err);

		if (heard == HEARD_NOTHING) {
			i++;
			continue;
		}
		see_off(door, i);
		if (heard != HEARD_NONSENSE)
			return heard == HEARD_HELLO ? 1 : -1;
	}
	see_off_the_silent(door);
	return 0;
}
