/*
 * The library of queries: see query_library.h. A user's file is trusted as the user's; only plain
 * files of a sensible size are read.
 */
#include "debugger/sql/query_library.h"

#include "debugger/text/strbuf.h"
#include "schema/queries.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX (1 << 20)

static struct query_entry *add(struct query_library *library, const char *name)
{
	size_t i;

	for (i = 0; i < library->count; i++) /* the user's replaces ours */
		if (!strcmp(library->entries[i].query.name, name))
			return &library->entries[i];
	if (library->count == library->capacity) {
		size_t capacity = library->capacity ? library->capacity * 2 : 32;
		struct query_entry *entries = realloc(library->entries, capacity * sizeof *entries);

		if (!entries)
			return NULL;
		library->entries = entries;
		library->capacity = capacity;
	}
	memset(&library->entries[library->count], 0, sizeof library->entries[0]);
	return &library->entries[library->count++];
}

/* Letters, digits, '-' and '_', and ".sql" behind: the length of the name; 0 for another file. */
static size_t name_of_file(const char *file)
{
	size_t length = 0;

	while (isalnum((unsigned char)file[length]) ||
		(length && strchr("-_", file[length]) && file[length]))
		length++;
	return !strcmp(file + length, ".sql") && length < sizeof((struct query *)0)->name ? length
											  : 0;
}

/* The whole of a file. NULL, and why in `err`. */
static char *read_text(const char *path, struct error *err)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char *text = NULL;
	ssize_t count;
	size_t length = 0;

	if (descriptor < 0 || fstat(descriptor, &status)) {
		error_set_errno(err, errno, "cannot read '%s'", path);
	} else if (!S_ISREG(status.st_mode) || status.st_size > TEXT_MAX) {
		error_set(err, "'%s' is no plain file of at most 1 MiB", path);
	} else if (!(text = malloc((size_t)status.st_size + 1))) {
		error_set(err, "out of memory");
	} else {
		while (length < (size_t)status.st_size &&
			(count = read(descriptor, text + length, (size_t)status.st_size - length)) >
				0)
			length += (size_t)count;
		text[length] = '\0';
		if (strlen(text) != length)
			error_set(err, "'%s' is no text", path);
	}
	if (descriptor >= 0)
		close(descriptor);
	return text;
}

static int add_file(
	struct query_library *library, const char *folder, const char *file, struct error *err)
{
	char name[sizeof((struct query *)0)->name];
	size_t length = name_of_file(file);
	struct query_entry *entry;
	char *path;

	if (!length)
		return 0;
	memcpy(name, file, length);
	name[length] = '\0';
	entry = add(library, name);
	if (!entry || asprintf(&path, "%s/%s", folder, file) < 0)
		return error_set(err, "out of memory");
	*entry = (struct query_entry){.path = path};
	snprintf(entry->query.name, sizeof entry->query.name, "%s", name);
	entry->text = read_text(path, &entry->complaint);
	if (entry->text && !entry->complaint.text[0])
		query_parse(&entry->query, name, entry->text, &entry->complaint);
	return 0;
}

/* Where the user's own are. False when there is no such place. */
static bool find_folder(struct strbuf *ret)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		strbuf_printf(ret, "%s/acausal/queries", config);
	else if (home && *home == '/')
		strbuf_printf(ret, "%s/.config/acausal/queries", home);
	return ret->length;
}

static int add_users(struct query_library *library, struct error *err)
{
	struct strbuf folder = {0};
	struct dirent *file;
	DIR *directory = find_folder(&folder) ? opendir(strbuf_string(&folder)) : NULL;
	int result = 0;

	while (directory && !result && (file = readdir(directory)))
		result = add_file(library, strbuf_string(&folder), file->d_name, err);
	if (directory)
		closedir(directory);
	strbuf_deinit(&folder);
	return result;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct query_entry *)a)->query.name,
		((const struct query_entry *)b)->query.name);
}

int query_library_init(struct query_library *library, struct error *err)
{
	size_t i;

	*library = (struct query_library){0};
	for (i = 0; schema_queries[i].name; i++) {
		struct query_entry *entry = add(library, schema_queries[i].name);

		if (!entry)
			return error_set(err, "out of memory");
		if (query_parse(&entry->query, schema_queries[i].name, schema_queries[i].sql, err))
			return -1;
	}
	if (add_users(library, err))
		return -1;
	qsort(library->entries, library->count, sizeof library->entries[0], compare);
	return 0;
}

void query_library_deinit(struct query_library *library)
{
	size_t i;

	for (i = 0; i < library->count; i++) {
		free(library->entries[i].path);
		free(library->entries[i].text);
	}
	free(library->entries);
	*library = (struct query_library){0};
}

const struct query_entry *query_library_find(const struct query_library *library, const char *name)
{
	size_t i;

	for (i = 0; i < library->count; i++)
		if (!strcmp(library->entries[i].query.name, name))
			return &library->entries[i];
	return NULL;
}
