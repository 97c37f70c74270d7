/*
 * Reads the environment: see settings.h. Whatever is wrong in it means that it was not for us.
 */
#include "recorder/runtime/settings.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings settings;

/* As it stands in LD_PRELOAD, where names are parted by spaces and colons. */
static void find_library(void)
{
	struct dl_find_object object;
	const char *path;

	if (_dl_find_object(&settings, &object) != 0 || !object.dlfo_link_map)
		return;
	path = object.dlfo_link_map->l_name;
	if (path && path[0] == '/' && strlen(path) < sizeof settings.library &&
		!strpbrk(path, ": "))
		strcpy(settings.library, path);
}

/* One number of ACAUSAL_FROM and the point after it, or its end. */
static bool number_read(const char **text, uint64_t *ret, char after)
{
	size_t length = strspn(*text, "0123456789abcdef");

	if (length == 0 || length > 16 || (*text)[length] != after)
		return false;
	*ret = strtoull(*text, NULL, 16);
	*text += length + (after != 0);
	return true;
}

/* An origin that was meant for another process is one that this one inherited. */
static bool origin_read(const char *text, struct arena_origin *ret)
{
	uint64_t os_pid, target;

	if (!text || !number_read(&text, &os_pid, '.') || !number_read(&text, &ret->started, '.') ||
		!number_read(&text, &ret->spawn_id, '.') || !number_read(&text, &target, 0))
		return false;
	ret->os_pid = (uint32_t)os_pid;
	return target ? target == (uint64_t)getpid() : os_pid == (uint64_t)getppid();
}

/* What cannot be meant is as if it were not there. */
static void logs_read(const char *log, const char *most, const char *tags)
{
	if (!log || (log[0] != '+' && log[0] != '-') || (log[1] && log[1] != '\n') ||
		strlen(log) >= sizeof settings.log)
		log = "+";
	strcpy(settings.log, log);
	settings.keeps_logs = log[0] == '+' || log[1];
	settings.tags_lines = settings.keeps_logs && tags && strcmp(tags, "1") == 0;
	settings.log_max = ARENA_LOG_MAX;
	if (!most || !most[0] || strspn(most, "0123456789") != strlen(most) || strlen(most) > 18)
		return;
	settings.log_max = strtoull(most, NULL, 10);
	if (settings.log_max == 0)
		settings.log_max = ARENA_LOG_MAX;
}

/* 0: there is none. */
static uint64_t flight_read(const char *text)
{
	uint64_t size;
	int shift = 0;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return 0;
	size = strtoull(text, &end, 10);
	if (*end == 'K' || *end == 'k')
		shift = 10;
	else if (*end == 'M' || *end == 'm')
		shift = 20;
	else if (*end == 'G' || *end == 'g')
		shift = 30;
	if (end[shift != 0] || size == 0)
		return 0;
	if (size > (uint64_t)ARENA_FLIGHT_MOST >> shift)
		return ARENA_FLIGHT_MOST;
	size <<= shift;
	return size < ARENA_FLIGHT_LEAST ? ARENA_FLIGHT_LEAST : size;
}

void settings_read(void)
{
	const char *socket = getenv(ARENA_SOCKET_ENV), *pid = getenv(ARENA_PID_ENV);
	const char *on_full = getenv("ACAUSAL_ON_FULL");

	settings.flight_size = flight_read(getenv(ARENA_FLIGHT_ENV));
	if (!socket || strlen(socket) >= sizeof settings.socket)
		socket = "";
	if (!socket[0] && !settings.flight_size)
		return;
	find_library();
	strcpy(settings.socket, socket);
	settings.is_stray = pid && strtol(pid, NULL, 10) != getpid();
	if (settings.is_stray)
		return;
	settings.os_pid = (uint32_t)getpid();
	if (settings.flight_size)
		settings.on_full = ARENA_OVERWRITES;
	else if (on_full && strcmp(on_full, "drop") == 0)
		settings.on_full = ARENA_DROPS;
	if (!origin_read(getenv(ARENA_FROM_ENV), &settings.from))
		settings.from = (struct arena_origin){.os_pid = (uint32_t)getppid(),
			.is_shell = strcmp(program_invocation_name, "sh") == 0};
	logs_read(getenv(ARENA_LOG_ENV), getenv(ARENA_LOG_MAX_ENV), getenv(ARENA_TAG_ENV));
	/* A tag has the number that the recorder gives to the process. */
	settings.tags_lines = settings.tags_lines && settings.socket[0];
	settings.follows = !pid;
	settings.is_asked = true;
}
