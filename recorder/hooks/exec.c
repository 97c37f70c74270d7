/*
 * Executing another program: it is recorded too, and told where it comes from.
 *
 * The new environment lies on the stack (a vfork child must leave nothing behind in its parent's
 * memory, and the child of a process with many threads must not allocate), so that an exec that
 * fails leaves everything as it was. errno is the real function's.
 */
#include "recorder/hooks/environment.h"
#include "recorder/hooks/hook.h"
#include "recorder/hooks/libc.h"
#include "recorder/hooks/spawning.h"
#include "recorder/runtime/settings.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

/* One call. What `api` does not need is 0. */
struct exec {
	enum acausal_api api;
	const char *path;
	char *const *arguments, *const *variables;
	int fd, flags;
};

static int exec_real(const struct exec *exec, char *const *variables)
{
	switch (exec->api) {
	case ACAUSAL_API_execvp:
	case ACAUSAL_API_execlp:
	case ACAUSAL_API_execvpe:
		return libc_real.execvpe(exec->path, exec->arguments, variables);
	case ACAUSAL_API_fexecve:
		return libc_real.fexecve(exec->fd, exec->arguments, variables);
	case ACAUSAL_API_execveat:
		return libc_real.execveat(
			exec->fd, exec->path, exec->arguments, variables, exec->flags);
	default:
		return libc_real.execve(exec->path, exec->arguments, variables);
	}
}

static void look_at_target(const struct exec *exec, struct target *ret)
{
	switch (exec->api) {
	case ACAUSAL_API_execvp:
	case ACAUSAL_API_execlp:
	case ACAUSAL_API_execvpe:
		if (exec->path)
			target_search(ret, exec->path);
		break;
	case ACAUSAL_API_fexecve:
		target_look(ret, exec->fd, "", AT_EMPTY_PATH);
		break;
	case ACAUSAL_API_execveat:
		if (exec->path)
			target_look(ret, exec->fd, exec->path, exec->flags);
		break;
	default:
		if (exec->path)
			target_look(ret, AT_FDCWD, exec->path, 0);
	}
}

static int exec_told(const struct exec *exec, const struct unwind_start *from)
{
	struct environment_told told = {.os_pid = (uint32_t)getpid()};
	char **variables;
	int result;
	size_t size;
	void *room;

	libc_resolve();
	/* What the real function refuses for want of an environment must not be given one. */
	if (exec->api == ACAUSAL_API_fexecve && !exec->variables)
		return exec_real(exec, exec->variables);
	if (!environment_is_readable(exec->variables) || environment_is_others(exec->variables))
		return exec_real(exec, exec->variables);
	told.how = environment_how(
		exec_origin(from, exec->api, &told.origin), told.os_pid == settings.os_pid);
	if (told.how != ENVIRONMENT_STAYS)
		look_at_target(exec, &told.target);
	if (!environment_changes(&told))
		return exec_real(exec, exec->variables);
	size = environment_size(&told, exec->variables);
	room = size <= ENVIRONMENT_ON_STACK ? alloca(size) : environment_map(size);
	variables = room ? environment_write(&told, exec->variables, room, size) : NULL;
	result = exec_real(exec, variables ? variables : exec->variables);
	/* What we add may be what makes it too much. */
	if (variables && errno == E2BIG)
		result = exec_real(exec, exec->variables);
	if (room && size > ENVIRONMENT_ON_STACK)
		environment_unmap(room, size);
	return result;
}

#define EXEC(name, ...)                                                                            \
	const struct exec exec = {.api = ACAUSAL_API_##name, __VA_ARGS__};                         \
	struct unwind_start from;                                                                  \
	UNWIND_FROM_CALLER(&from);                                                                 \
	return exec_told(&exec, &from)

WRAPPER int execve(const char *path, char *const arguments[], char *const variables[])
{
	EXEC(execve, .path = path, .arguments = arguments, .variables = variables);
}

WRAPPER int execv(const char *path, char *const arguments[])
{
	EXEC(execv, .path = path, .arguments = arguments, .variables = environ);
}

WRAPPER int execvp(const char *name, char *const arguments[])
{
	EXEC(execvp, .path = name, .arguments = arguments, .variables = environ);
}

WRAPPER int execvpe(const char *name, char *const arguments[], char *const variables[])
{
	EXEC(execvpe, .path = name, .arguments = arguments, .variables = variables);
}

WRAPPER int fexecve(int fd, char *const arguments[], char *const variables[])
{
	EXEC(fexecve, .fd = fd, .arguments = arguments, .variables = variables);
}

WRAPPER int execveat(
	int folder, const char *path, char *const arguments[], char *const variables[], int flags)
{
	EXEC(execveat, .fd = folder, .path = path, .arguments = arguments, .variables = variables,
		.flags = flags);
}

/* --- arguments one by one ----------------------------------------------------------------- */

/* How many there are, with the NULL at their end. */
static size_t arguments_count(const char *first, va_list rest)
{
	size_t count = 1;

	if (first)
		for (count = 2; va_arg(rest, const char *); count++)
			;
	return count;
}

static void arguments_take(char **to, const char *first, va_list *rest)
{
	*to = (char *)first;
	while (*to++)
		*to = va_arg(*rest, char *);
}

#define EXEC_LIST(first, arguments, rest)                                                          \
	do {                                                                                       \
		va_start(rest, first);                                                             \
		(arguments) = alloca(arguments_count(first, rest) * sizeof *(arguments));          \
		va_end(rest);                                                                      \
		va_start(rest, first);                                                             \
		arguments_take(arguments, first, &rest);                                           \
	} while (0)

WRAPPER int execl(const char *path, const char *first, ...)
{
	char **arguments;
	va_list rest;

	EXEC_LIST(first, arguments, rest);
	va_end(rest);
	EXEC(execl, .path = path, .arguments = arguments, .variables = environ);
}

WRAPPER int execlp(const char *name, const char *first, ...)
{
	char **arguments;
	va_list rest;

	EXEC_LIST(first, arguments, rest);
	va_end(rest);
	EXEC(execlp, .path = name, .arguments = arguments, .variables = environ);
}

WRAPPER int execle(const char *path, const char *first, ...)
{
	char **arguments, **variables;
	va_list rest;

	EXEC_LIST(first, arguments, rest);
	variables = va_arg(rest, char **);
	va_end(rest);
	EXEC(execle, .path = path, .arguments = arguments, .variables = variables);
}
