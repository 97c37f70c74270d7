/*
 * Processes that execute another program from their first moment: posix_spawn and what runs a
 * shell.
 *
 * Libc makes these with clone(2), where nothing of ours runs between the two: what the program is
 * told goes into the environment beforehand, before its process has an ID. The shells of system and
 * popen get the environment of this process, and know only who their parent is.
 */
#include "recorder/hooks/environment.h"
#include "recorder/hooks/hook.h"
#include "recorder/hooks/libc.h"
#include "recorder/hooks/spawning.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>

struct spawn {
	enum acausal_api api;
	pid_t *os_pid;
	const char *path;
	const posix_spawn_file_actions_t *actions;
	const posix_spawnattr_t *attributes;
	char *const *arguments, *const *variables;
};

static int spawn_real(const struct spawn *spawn, char *const *variables)
{
	if (spawn->api == ACAUSAL_API_posix_spawnp)
		return libc_real.posix_spawnp(spawn->os_pid, spawn->path, spawn->actions,
			spawn->attributes, spawn->arguments, variables);
	return libc_real.posix_spawn(spawn->os_pid, spawn->path, spawn->actions, spawn->attributes,
		spawn->arguments, variables);
}

static void look_at_target(const struct spawn *spawn, struct target *ret)
{
	if (!spawn->path)
		return;
	if (spawn->api == ACAUSAL_API_posix_spawnp)
		target_search(ret, spawn->path);
	else
		target_look(ret, AT_FDCWD, spawn->path, 0);
}

static int spawn_told(const struct spawn *spawn, const struct unwind_start *from)
{
	struct environment_told told = {0};
	char **variables;
	int result;
	size_t size;
	void *room;

	libc_resolve();
	if (!environment_is_readable(spawn->variables) || environment_is_others(spawn->variables))
		return spawn_real(spawn, spawn->variables);
	told.how = environment_how(spawn_origin(from, spawn->api, &told.origin), false);
	if (told.how != ENVIRONMENT_STAYS)
		look_at_target(spawn, &told.target);
	if (!environment_changes(&told))
		return spawn_real(spawn, spawn->variables);
	size = environment_size(&told, spawn->variables);
	room = size <= ENVIRONMENT_ON_STACK ? alloca(size) : environment_map(size);
	variables = room ? environment_write(&told, spawn->variables, room, size) : NULL;
	result = spawn_real(spawn, variables ? variables : spawn->variables);
	/* What we add may be what makes it too much. */
	if (variables && result == E2BIG)
		result = spawn_real(spawn, spawn->variables);
	if (room && size > ENVIRONMENT_ON_STACK)
		environment_unmap(room, size);
	return result;
}

#define SPAWN(name, path)                                                                          \
	const struct spawn spawn = {                                                               \
		ACAUSAL_API_##name, os_pid, path, actions, attributes, arguments, variables};      \
	struct unwind_start from;                                                                  \
                                                                                                   \
	UNWIND_FROM_CALLER(&from);                                                                 \
	return spawn_told(&spawn, &from)

WRAPPER int posix_spawn(pid_t *restrict os_pid, const char *restrict path,
	const posix_spawn_file_actions_t *restrict actions,
	const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
	char *const variables[restrict])
{
	SPAWN(posix_spawn, path);
}

WRAPPER int posix_spawnp(pid_t *restrict os_pid, const char *restrict name,
	const posix_spawn_file_actions_t *restrict actions,
	const posix_spawnattr_t *restrict attributes, char *const arguments[restrict],
	char *const variables[restrict])
{
	SPAWN(posix_spawnp, name);
}

WRAPPER int system(const char *command)
{
	struct arena_origin origin;
	struct unwind_start from;

	UNWIND_FROM_CALLER(&from);
	libc_resolve();
	/* Without a command it only asks whether there is a shell. */
	if (command)
		spawn_origin(&from, ACAUSAL_API_system, &origin);
	return libc_real.system(command);
}

WRAPPER FILE *popen(const char *command, const char *mode)
{
	struct arena_origin origin;
	struct unwind_start from;

	UNWIND_FROM_CALLER(&from);
	libc_resolve();
	spawn_origin(&from, ACAUSAL_API_popen, &origin);
	return libc_real.popen(command, mode);
}
