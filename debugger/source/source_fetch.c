/*
 * debuginfod: see source_fetch.h. The functions and what they return are those of
 * debuginfod_find_source(3); the client library stays loaded, as libcurl below it wants.
 */
#include "debugger/source/source_fetch.h"

#include "debugger/recording/reader.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUILD_ID_MAX 128 /* hexadecimal digits */

struct client;

/* The library, once it is loaded. */
struct library {
	struct client *(*begin)(void);
	void (*end)(struct client *);
	void (*set_user_data)(struct client *, void *);
	void *(*get_user_data)(struct client *);
	void (*set_progress)(struct client *, int (*)(struct client *, long, long));
	int (*find_source)(struct client *, const unsigned char *, int, const char *, char **);
};

struct fetch {
	const struct library *library;
	const char *path;
	void (*on_begin)(const char *path);
	bool told;
};

bool source_fetch_is_wanted(void)
{
	const char *urls = getenv("DEBUGINFOD_URLS");

	return urls && urls[strspn(urls, " ")];
}

static int load(struct library *ret, struct error *err)
{
	void *handle = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return error_set(err,
			"DEBUGINFOD_URLS is set, but libdebuginfod is not there: install "
			"libdebuginfod1");
	*(void **)&ret->begin = dlsym(handle, "debuginfod_begin");
	*(void **)&ret->end = dlsym(handle, "debuginfod_end");
	*(void **)&ret->set_user_data = dlsym(handle, "debuginfod_set_user_data");
	*(void **)&ret->get_user_data = dlsym(handle, "debuginfod_get_user_data");
	*(void **)&ret->set_progress = dlsym(handle, "debuginfod_set_progressfn");
	*(void **)&ret->find_source = dlsym(handle, "debuginfod_find_source");
	if (!ret->begin || !ret->end || !ret->set_user_data || !ret->get_user_data ||
		!ret->set_progress || !ret->find_source)
		return error_set(err, "libdebuginfod is too old to fetch source files");
	return 0;
}

/* The library calls it while it waits, with its client alone, of which it knows a pointer. */
static const struct library *loaded;

static int on_progress(struct client *client, long done, long whole)
{
	struct fetch *fetch = loaded->get_user_data(client);

	(void)done;
	(void)whole;
	if (!fetch->told && fetch->on_begin)
		fetch->on_begin(fetch->path);
	fetch->told = true;
	return reader_is_interrupted();
}

/* It becomes part of a path in the client's cache. */
static bool is_build_id(const char *text)
{
	size_t length = text ? strlen(text) : 0;

	return length >= 2 && length <= BUILD_ID_MAX && length % 2 == 0 &&
	       strspn(text, "0123456789abcdef") == length;
}

int source_fetch(const char *build_id, const char *path, void (*on_begin)(const char *path),
	int *ret, struct error *err)
{
	static struct library library;
	struct fetch fetch = {&library, path, on_begin, false};
	struct client *client;
	int result;

	if (!source_fetch_is_wanted() || !is_build_id(build_id) || *path != '/')
		return 0;
	if (!loaded && load(&library, err))
		return -1;
	loaded = &library;
	client = library.begin();
	if (!client)
		return error_set(err, "libdebuginfod does not begin: out of memory?");
	library.set_user_data(client, &fetch);
	library.set_progress(client, on_progress);
	/* A length of 0 says that the build ID is text. */
	result = library.find_source(client, (const unsigned char *)build_id, 0, path, NULL);
	library.end(client);
	if (reader_is_interrupted()) {
		if (result >= 0)
			close(result);
		return error_set(err, "interrupted");
	}
	if (result == -ENOENT || result == -ENOSYS)
		return 0;
	if (result < 0)
		return error_set(
			err, "%s cannot be fetched by debuginfod: %s", path, strerror(-result));
	*ret = result;
	return 1;
}
