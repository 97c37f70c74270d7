/*
 * The loadable extension: our functions and views in any SQLite client.
 *
 *     sqlite3 -cmd '.load build/acausal_sqlite' acausal.db 'SELECT * FROM async_stack(42)'
 *
 * Functions read the file of `main` by a connection of their own, opened and guarded as the program
 * opens a recording, when the first of them is called, and again when it has grown. The contract's
 * views are made as TEMP views of the client's connection, so that those of the file are not used;
 * a file that claims to be a recording and has not its tables is refused. It changes nothing else
 * in the client: no settings, no authorizer, no progress handler.
 */
#include "debugger/extension/host.h"
#include "debugger/recording/reader_guard.h"
#include "debugger/sql/sql_functions.h"
#include "debugger/text/version.h"
#include "schema/schema.h"

#include <stdlib.h>

const sqlite3_api_routines *sqlite3_api;

struct extension {
	struct sql_source source; /* first */
	sqlite3 *client;
	int64_t version; /* of the data, when the recording was opened */
};

/* Does `main` say that it is a recording? */
static bool is_recording(sqlite3 *client)
{
	sqlite3_stmt *statement;
	bool found = false;

	if (sqlite3_prepare_v2(client, "PRAGMA main.application_id", -1, &statement, NULL))
		return false;
	if (sqlite3_step(statement) == SQLITE_ROW)
		found = sqlite3_column_int64(statement, 0) == SCHEMA_APPLICATION_ID;
	sqlite3_finalize(statement);
	return found;
}

static int data_version(struct extension *extension, int64_t *ret, struct error *err)
{
	*ret = 0;
	return reader_integer(extension->source.recording, STATEMENT_DATA_VERSION,
		       "PRAGMA data_version", UNKNOWN, UNKNOWN, ret, err) < 0
		       ? -1
		       : 0;
}

static void forget(struct extension *extension)
{
	reader_close(extension->source.recording);
	frames_cache_destroy(extension->source.cache);
	extension->source.recording = NULL;
	extension->source.cache = NULL;
}

/*
 * Rows are read when they are asked for, but what was found out on opening and names of functions
 * are kept: both may be others when a recorder has written meanwhile. What is being read stays.
 */
static int forget_old(struct extension *extension, struct error *err)
{
	struct reader *recording = extension->source.recording;
	int64_t version;

	if (!recording || extension->source.cursors ||
		reader_state(recording) == RECORDING_COMPLETE)
		return 0;
	if (data_version(extension, &version, err))
		return -1;
	if (version != extension->version)
		forget(extension);
	return 0;
}

static int open_recording(struct extension *extension, struct error *err)
{
	const char *path = sqlite3_db_filename(extension->client, "main");

	if (!path || !*path)
		return error_set(err,
			"acausal's functions need a recording: this database is no file (they read "
			"the one that was opened, not one that was attached)");
	if (!is_recording(extension->client))
		return error_set(err,
			"'%s' is an SQLite database, but not a recording (acausal's functions read "
			"the one that was opened, not one that was attached)",
			path);
	if (reader_open_again(&extension->source.recording, path, err))
		return -1;
	reader_set_budget(extension->source.recording, 0);
	return data_version(extension, &extension->version, err);
}

static int acquire(struct sql_source *source, struct error *err)
{
	struct extension *extension = (struct extension *)source;

	if (forget_old(extension, err))
		return -1;
	if (!source->cache && !(source->cache = frames_cache_create()))
		return error_set(err, "out of memory");
	return source->recording ? 0 : open_recording(extension, err);
}

static void destroy(void *thing)
{
	struct extension *extension = thing;

	forget(extension);
	free(extension);
}

static void version(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	(void)values;
	sqlite3_result_text(context, ACAUSAL_VERSION, -1, SQLITE_STATIC);
}

static int add_views(sqlite3 *client, struct error *err)
{
	const char *path = sqlite3_db_filename(client, "main");
	sqlite3_stmt *statement;
	bool has_them;

	if (!is_recording(client))
		return 0;
	if (!path || !*path)
		path = "main";
	if (sqlite3_prepare_v2(client, "SELECT 1 FROM temp.sqlite_master WHERE name = 'run_edge'",
		    -1, &statement, NULL))
		return error_set(err, "%s: %s", path, sqlite3_errmsg(client));
	has_them = sqlite3_step(statement) == SQLITE_ROW;
	sqlite3_finalize(statement);
	if (has_them) /* loaded twice */
		return 0;
	return reader_guard_check(client, path, err) || reader_guard_make_views(client, path, err)
		       ? -1
		       : 0;
}

static int define(sqlite3 *client, struct error *err)
{
	struct extension *extension = calloc(1, sizeof *extension);

	if (sqlite3_libversion_number() < 3026000) {
		free(extension);
		return error_set(err, "acausal's functions need SQLite 3.26 or later");
	}
	if (!extension)
		return error_set(err, "out of memory");
	extension->client = client;
	extension->source.acquire = acquire;
	/* It is freed with this function, and so lives as long as the others. */
	if (sqlite3_create_function_v2(client, "acausal_version", 0, SQLITE_UTF8 | SQLITE_INNOCUOUS,
		    extension, version, NULL, NULL, destroy))
		return error_set(err, "%s", sqlite3_errmsg(client));
	return sql_functions_define(client, &extension->source, err) || add_views(client, err) ? -1
											       : 0;
}

/* What SQLite calls, by the file's name. */
__attribute__((visibility("default"))) int sqlite3_acausalsqlite_init(
	sqlite3 *client, char **message, const sqlite3_api_routines *api);

int sqlite3_acausalsqlite_init(sqlite3 *client, char **message, const sqlite3_api_routines *api)
{
	struct error err = {""};

	sqlite3_api = api;
	if (!define(client, &err))
		return SQLITE_OK;
	*message = sqlite3_mprintf("%s", err.text);
	return SQLITE_ERROR;
}
