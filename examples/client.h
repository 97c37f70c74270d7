/*
 * The client side of the examples: a question over loopback and its answer, in plain blocking
 * calls, so that all of libuv that one sees in a recording is the server's.
 */
#ifndef EXAMPLES_CLIENT_H
#define EXAMPLES_CLIENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connects to the port of this machine and sends `question`. Returns the socket, or -1. */
static inline int client_send(int port, const char *question)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
		send(fd, question, strlen(question), MSG_NOSIGNAL) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * Reads until the server closes, and closes the socket. What came, at most size - 1 bytes, is left
 * in `answer` as a string; an empty one when nothing came.
 */
static inline void client_receive(int fd, char *answer, size_t size)
{
	size_t length = 0;
	ssize_t n;

	while (length < size - 1 && (n = recv(fd, answer + length, size - 1 - length, 0)) > 0)
		length += (size_t)n;
	answer[length] = '\0';
	close(fd);
}

#endif
