/*
 * Environments of programs to be: see environment.h.
 *
 * A variable of ours that is there already is replaced, LD_PRELOAD in its place, so that the order
 * is as it was. Where this library cannot be loaded it is only taken out of LD_PRELOAD.
 */
#include "recorder/hooks/environment.h"

#include "recorder/runtime/preload.h"
#include "recorder/runtime/settings.h"
#include "recorder/runtime/unwind_row.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static const char preload_name[] = "LD_PRELOAD=";
static const char socket_name[] = ARENA_SOCKET_ENV "=";
static const char on_full_name[] = "ACAUSAL_ON_FULL=";
static const char flight_name[] = ARENA_FLIGHT_ENV "=";
static const char from_name[] = ARENA_FROM_ENV "=";
static const char pid_name[] = ARENA_PID_ENV "=";
static const char log_name[] = ARENA_LOG_ENV "=";
static const char log_max_name[] = ARENA_LOG_MAX_ENV "=";
static const char tag_name[] = ARENA_TAG_ENV "=";

enum {
	OURS = 8, /* variables that are added at most */
	/* PID.STARTED.SPAWN.TARGET in hexadecimal, and all the rest */
	OURS_SIZE = sizeof socket_name + sizeof settings.socket + sizeof on_full_name + 5 +
		    sizeof flight_name + 20 + sizeof from_name + 4 * 17 + sizeof log_name +
		    sizeof settings.log + sizeof log_max_name + 20 + sizeof tag_name + 1,
};

static bool is(const char *variable, const char *name)
{
	return strncmp(variable, name, strlen(name)) == 0;
}

static bool is_ours(const char *variable)
{
	return is(variable, socket_name) || is(variable, on_full_name) || is(variable, from_name) ||
	       is(variable, pid_name) || is(variable, log_name) || is(variable, log_max_name) ||
	       is(variable, tag_name) || is(variable, flight_name);
}

/* Whether the word that holds `address` can be read; `page` is the last one that was asked for. */
static bool word_is_readable(uintptr_t address, uintptr_t *page)
{
	if (address / PAGE != *page && !can_read(address & ~(uintptr_t)7))
		return false;
	*page = address / PAGE;
	return true;
}

bool environment_is_readable(char *const *variables)
{
	uintptr_t list_page = UINTPTR_MAX, text_page = UINTPTR_MAX;
	const char *text;

	for (; variables; variables++) {
		if (!word_is_readable((uintptr_t)variables, &list_page) ||
			!word_is_readable((uintptr_t)variables + sizeof *variables - 1, &list_page))
			return false;
		if (!*variables)
			return true;
		for (text = *variables;; text++) {
			if (!word_is_readable((uintptr_t)text, &text_page))
				return false;
			if (!*text)
				break;
		}
	}
	return true;
}

bool environment_is_others(char *const *variables)
{
	for (; variables && *variables; variables++)
		if (is(*variables, socket_name) &&
			strcmp(*variables + sizeof socket_name - 1, settings.socket) != 0)
			return true;
	return false;
}

enum environment_how environment_how(bool has_origin, bool is_self)
{
	if (has_origin)
		return ENVIRONMENT_ORIGIN;
	if (!settings.library[0])
		return ENVIRONMENT_STAYS;
	if (settings.follows)
		return ENVIRONMENT_QUIET;
	if (settings.is_stray || !is_self)
		return ENVIRONMENT_LEFT;
	return ENVIRONMENT_QUIET;
}

bool environment_changes(const struct environment_told *told)
{
	switch (told->how) {
	case ENVIRONMENT_STAYS:
		return false;
	case ENVIRONMENT_QUIET:
		return told->target.refuses || told->target.asan[0];
	default:
		return true;
	}
}

size_t environment_size(const struct environment_told *told, char *const *variables)
{
	size_t size = OURS_SIZE, count = 0;

	for (; variables && variables[count]; count++)
		if (is(variables[count], preload_name))
			size += sizeof preload_name +
				preload_room(variables[count], settings.library, told->target.asan);
	size += sizeof preload_name + preload_room(NULL, settings.library, told->target.asan);
	return size + (count + OURS + 1) * sizeof *variables;
}

static char *append(char *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length + 1);
	return to + length;
}

static char *append_number(char *to, uint64_t number, char after)
{
	int shift = 60;

	while (shift > 0 && !(number >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[number >> shift & 15];
	*to = after;
	return to + (after != 0);
}

static char *append_from(char *to, const struct environment_told *told)
{
	to = append(to, from_name);
	to = append_number(to, told->origin.os_pid, '.');
	to = append_number(to, told->origin.started, '.');
	to = append_number(to, told->origin.spawn_id, '.');
	return append_number(to, told->os_pid, 0);
}

static char *append_decimal(char *to, uint64_t number)
{
	char digits[20];
	int count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	while (count > 0)
		*to++ = digits[--count];
	*to = 0;
	return to;
}

/* What is as it would be without them is not said. Returns where the next text goes. */
static char *append_logs(char *text, char ***next)
{
	if (strcmp(settings.log, "+") != 0) {
		*(*next)++ = text;
		text = append(append(text, log_name), settings.log) + 1;
	}
	if (settings.log_max != ARENA_LOG_MAX) {
		*(*next)++ = text;
		text = append_decimal(append(text, log_max_name), settings.log_max) + 1;
	}
	if (settings.tags_lines) {
		*(*next)++ = text;
		text = append(append(text, tag_name), "1") + 1;
	}
	return text;
}

/* Who listens, and what is to be done when there is no room. Likewise. */
static char *append_recorder(char *text, char ***next)
{
	if (settings.socket[0]) {
		*(*next)++ = text;
		text = append(append(text, socket_name), settings.socket) + 1;
		*(*next)++ = text;
		text = append(append(text, on_full_name),
			       settings.on_full == ARENA_DROPS ? "drop" : "wait") +
		       1;
	}
	if (settings.flight_size) {
		*(*next)++ = text;
		text = append_decimal(append(text, flight_name), settings.flight_size) + 1;
	}
	return text;
}

/* Writes the variable LD_PRELOAD; returns its end, or NULL when there is to be none. */
static char *append_preload(char *to, const char *value, const struct environment_told *told)
{
	char *text = append(to, preload_name);
	bool leave_out = told->target.refuses || told->how == ENVIRONMENT_LEFT;
	size_t length = preload_write(text, value, settings.library, leave_out, told->target.asan);

	/* One that was empty before stays. */
	return length || (value && !value[0]) ? text + length : NULL;
}

char **environment_write(
	const struct environment_told *told, char *const *variables, void *room, size_t size)
{
	size_t count = 0, i, most = size / sizeof *variables;
	char **ret = room, **next = ret, *text, *end;
	bool has_preload = false;
	bool tells = told->how == ENVIRONMENT_ORIGIN && !told->target.refuses;

	/* The texts come after the pointers; the program may have changed its environment. */
	while (variables && variables[count] && count < most)
		count++;
	if (environment_size(told, variables) > size)
		return NULL;
	text = (char *)(ret + count + OURS + 1);
	for (i = 0; i < count; i++) {
		if (is(variables[i], preload_name)) {
			end = append_preload(text, variables[i] + sizeof preload_name - 1, told);
			has_preload = true;
			if (end) {
				*next++ = text;
				text = end + 1;
			}
		} else if (!tells || !is_ours(variables[i])) {
			*next++ = variables[i];
		}
	}
	if (tells) {
		if (!has_preload && (end = append_preload(text, NULL, told)) != NULL) {
			*next++ = text;
			text = end + 1;
		}
		text = append_recorder(text, &next);
		text = append_logs(text, &next);
		*next++ = text;
		append_from(text, told);
	}
	*next = NULL;
	return ret;
}

void *environment_map(size_t size)
{
	int saved = errno;
	void *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	errno = saved;
	return room == MAP_FAILED ? NULL : room;
}

void environment_unmap(void *room, size_t size)
{
	int saved = errno;

	munmap(room, size);
	errno = saved;
}
