/*
 * Lists of libraries: see preload.h.
 *
 * AddressSanitizer's library may be in a list because its user put it there, or because we had to
 * (`acausal record` does the same): a child that does not need ours must not get it. The mark
 * between it and this library tells: a colon when we put both, a space when it was there before.
 */
#include "recorder/runtime/preload.h"

#include <string.h>

static const char marks[] = " :";
static const char asan_prefix[] = "libasan.so";

static bool is_asan(const char *name, size_t length)
{
	const char *slash = memrchr(name, '/', length);
	const char *base = slash ? slash + 1 : name;

	return length - (size_t)(base - name) >= sizeof asan_prefix - 1 &&
	       memcmp(base, asan_prefix, sizeof asan_prefix - 1) == 0;
}

/* Where `library` stands in the list as a whole name; NULL when nowhere. */
static const char *find(const char *list, const char *library)
{
	size_t length = strlen(library);
	const char *at = list;

	while (length && (at = strstr(at, library)) != NULL) {
		if ((at == list || strchr(marks, at[-1])) && strchr(marks, at[length]))
			return at;
		at++;
	}
	return NULL;
}

/* The beginning of the name that ends just before `end`. */
static const char *name_before(const char *list, const char *end)
{
	while (end > list && !strchr(marks, end[-1]))
		end--;
	return end;
}

/* What is to be taken out of the list, for `library` at `at`. */
static void cut_out(
	const char *list, const char *at, size_t length, const char **ret_from, const char **ret_to)
{
	const char *before = at > list ? name_before(list, at - 1) : at;
	const char *after = at + length;

	*ret_from = at;
	*ret_to = *after ? after + 1 : after;
	if (at == list)
		return;
	if (is_asan(before, (size_t)(at - 1 - before)) && at[-1] == ':') {
		*ret_from = before;
	} else if (at[-1] == ' ' || !*after) {
		*ret_from = at - 1;
		*ret_to = after;
	}
}

static char *append(char *to, const char *text, size_t length)
{
	memcpy(to, text, length);
	return to + length;
}

/* Takes `library` out of what is in `to`. */
static void strip(char *to, const char *library)
{
	const char *at, *from, *until;

	while ((at = find(to, library)) != NULL) {
		cut_out(to, at, strlen(library), &from, &until);
		memmove(to + (from - to), until, strlen(until) + 1);
	}
}

/* The end of the AddressSanitizer library's name in the list; NULL when it is not there. */
static const char *after_asan(const char *list)
{
	const char *name = list;

	while (*name) {
		size_t length = strcspn(name, marks);

		if (is_asan(name, length))
			return name + length;
		name += length + (name[length] != 0);
	}
	return NULL;
}

size_t preload_room(const char *value, const char *library, const char *asan)
{
	return (value ? strlen(value) : 0) + strlen(library) + strlen(asan) + 4;
}

size_t preload_write(
	char *to, const char *value, const char *library, bool leave_out, const char *asan)
{
	size_t length = strlen(library), rest;
	const char *place;
	char *at;

	strcpy(to, value ? value : "");
	strip(to, library);
	if (leave_out)
		return strlen(to);
	place = after_asan(to);
	rest = strlen(place ? place : to) + 1;
	if (place) {
		at = to + (place - to);
		memmove(at + 1 + length, at, rest);
		*at++ = ' ';
		append(at, library, length);
	} else {
		size_t front = length + (rest > 1) + (*asan ? strlen(asan) + 1 : 0);

		memmove(to + front, to, rest);
		at = to;
		if (*asan) {
			at = append(at, asan, strlen(asan));
			*at++ = ':';
		}
		at = append(at, library, length);
		if (rest > 1)
			*at = ':';
	}
	return strlen(to);
}
