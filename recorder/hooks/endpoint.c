/*
 * Descriptors, and the addresses at both ends: see endpoint.h. Also the functions that do nothing
 * but give a handle a descriptor of the program's.
 */
#include "recorder/hooks/endpoint.h"

#include "recorder/hooks/resource.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/un.h>

void endpoint_fd(struct thread *thread, uint32_t index, int fd)
{
	int64_t number = fd;

	if (fd >= 0)
		resource_detail(thread, index, EVENT_DETAIL_FD, &number, sizeof number);
}

/* Of a socket that has no name yet there is the family only, or port 0. */
static bool is_name(const struct sockaddr_storage *address, socklen_t size)
{
	if (address->ss_family == AF_INET)
		return ((const struct sockaddr_in *)address)->sin_port != 0;
	if (address->ss_family == AF_INET6)
		return ((const struct sockaddr_in6 *)address)->sin6_port != 0;
	return size > offsetof(struct sockaddr_un, sun_path);
}

void endpoint_socket(struct thread *thread, uint32_t index, int fd, enum endpoint_side side)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	int saved = errno, result;

	if (!index)
		return;
	endpoint_fd(thread, index, fd);
	if (side == ENDPOINT_NONE)
		return;
	result = side == ENDPOINT_PEER ? getpeername(fd, (struct sockaddr *)&address, &size)
				       : getsockname(fd, (struct sockaddr *)&address, &size);
	if (result == 0 && is_name(&address, size))
		resource_detail(thread, index, EVENT_DETAIL_SOCKADDR, &address,
			size < sizeof address ? size : sizeof address);
	errno = saved;
}

void endpoint_handle(struct thread *thread, const struct libuv *uv, uint32_t index,
	const void *handle, enum endpoint_side side)
{
	uv_os_fd_t fd;

	if (index && uv->fileno && uv->fileno(handle, &fd) == 0)
		endpoint_socket(thread, index, fd, side);
}

void endpoint_address(struct thread *thread, uint32_t index, const struct sockaddr *address)
{
	size_t size = 0;

	if (!index || !address)
		return;
	if (address->sa_family == AF_INET)
		size = sizeof(struct sockaddr_in);
	else if (address->sa_family == AF_INET6)
		size = sizeof(struct sockaddr_in6);
	if (size)
		resource_detail(thread, index, EVENT_DETAIL_SOCKADDR, address, size);
}

/* --- handles that are given a descriptor -------------------------------------------------- */

/* Connected already, perhaps: else it is its own address that says something. */
static void opened(struct call *call, const void *handle, int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	uint32_t index = handle_known(call, handle);
	int saved = errno;
	bool has_peer = getpeername(fd, (struct sockaddr *)&address, &size) == 0;

	errno = saved;
	endpoint_socket(call->thread, index, fd, has_peer ? ENDPOINT_PEER : ENDPOINT_OWN);
}

#define OPEN(name, type, descriptor)                                                               \
	WRAPPER int uv_##name(type *handle, descriptor fd)                                         \
	{                                                                                          \
		CALL_ON(name, handle);                                                             \
		int result = call.uv->name(handle, fd);                                            \
                                                                                                   \
		if (call.thread && result == 0)                                                    \
			opened(&call, handle, fd);                                                 \
		return result;                                                                     \
	}

OPEN(tcp_open, uv_tcp_t, uv_os_sock_t)
OPEN(pipe_open, uv_pipe_t, uv_file)
OPEN(udp_open, uv_udp_t, uv_os_sock_t)
