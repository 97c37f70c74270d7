/*
 * Words into JSON strings. Arguments are any bytes but NUL; JSON is UTF-8, so what is not becomes
 * U+FFFD.
 */
#include "recorder/base/arguments.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ARGUMENTS_MAX = 4096,
	BYTES_MAX = 1 << 20, /* of a command line from /proc */
};

/* Bytes of the UTF-8 character at `s`, 0 when it is none (overlong, surrogate, too big, cut). */
static size_t character(const unsigned char *s)
{
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (length == 0 || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) ||
		(s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return length;
}

static void write_string(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', out);
	while (*s) {
		size_t length = character(s);

		if (length == 0) {
			fputs("\xef\xbf\xbd", out);
			length = 1;
		} else if (*s == '"' || *s == '\\') {
			fprintf(out, "\\%c", *s);
		} else if (*s < ' ' || *s == 127) {
			fprintf(out, "\\u%04x", *s);
		} else {
			fwrite(s, 1, length, out);
		}
		s += length;
	}
	fputc('"', out);
}

char *arguments_json(char *const *arguments)
{
	char *ret = NULL;
	size_t size;
	FILE *out = open_memstream(&ret, &size);

	if (!out)
		return NULL;
	fputc('[', out);
	for (int i = 0; arguments[i] && i < ARGUMENTS_MAX; i++) {
		if (i)
			fputc(',', out);
		write_string(out, arguments[i]);
	}
	fputc(']', out);
	if (fclose(out) != 0) {
		free(ret);
		return NULL;
	}
	return ret;
}

char *arguments_json_of_bytes(const char *bytes, size_t size)
{
	char *copy = malloc(size + 1), *ret = NULL;
	char **words = calloc(ARGUMENTS_MAX + 1, sizeof *words);
	size_t count = 0;

	if (copy && words) {
		memcpy(copy, bytes, size);
		copy[size] = 0;
		for (size_t at = 0; at < size && count < ARGUMENTS_MAX; at += strlen(copy + at) + 1)
			words[count++] = copy + at;
		if (count)
			ret = arguments_json(words);
	}
	free(words);
	free(copy);
	return ret;
}

char *arguments_json_of(pid_t os_pid)
{
	char path[64], *bytes = malloc(BYTES_MAX), *ret = NULL;
	ssize_t part;
	size_t size = 0;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)os_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && bytes) {
		while (size < BYTES_MAX && (part = read(fd, bytes + size, BYTES_MAX - size)) > 0)
			size += (size_t)part;
		ret = arguments_json_of_bytes(bytes, size);
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	return ret;
}
