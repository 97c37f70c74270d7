/*
 * The executable and the arguments, from /proc: see program.h. What is too long is cut, and where
 * there is no /proc nothing is told.
 */
#include "recorder/runtime/program.h"

#include "recorder/runtime/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PATH_BYTES = 1024, ARGUMENT_BYTES = 3072 };

/* Bytes of the file, `size` at most. */
static size_t read_file(const char *path, char *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t part;
	size_t ret = 0;

	if (fd < 0)
		return 0;
	while (ret < size && (part = read(fd, bytes + ret, size - ret)) > 0)
		ret += (size_t)part;
	close(fd);
	return ret;
}

void program_tell(void)
{
	struct thread *thread = thread_self();
	struct event_program *event;
	size_t size = sizeof *event + PATH_BYTES + ARGUMENT_BYTES;
	int saved = errno;
	ssize_t length;

	event = thread ? emit_begin(&thread->emit, size) : NULL;
	if (!event)
		return;
	length = readlink("/proc/self/exe", event->text, PATH_BYTES);
	*event = (struct event_program){.path_length = length > 0 ? (uint32_t)length : 0};
	event->arguments_length = (uint32_t)read_file(
		"/proc/self/cmdline", event->text + event->path_length, ARGUMENT_BYTES);
	event->is_cut = event->arguments_length == ARGUMENT_BYTES;
	size = sizeof *event + event->path_length + event->arguments_length;
	emit_commit(&thread->emit, EVENT_PROGRAM, 0, (size + 7) & ~(size_t)7);
	errno = saved;
}
