/*
 * The one writer of a recording: its statements and its life. See recording.h; what fills a batch's
 * rows is in recording_rows.c.
 *
 * While the program runs nothing is forced to the disk: a killed recorder leaves its writes to the
 * kernel, and waiting for a disk would make the program wait. At the end everything is synchronised
 * once.
 */
#include "recorder/ingest/recording_internal.h"
#include "schema/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BUSY_MS = 2000 };

static const char *const statement_sql[STATEMENT_COUNT] = {
#define X(tag, sql) [STATEMENT_##tag] = sql,
	RECORDING_STATEMENTS(X)
#undef X
};

/*
 * References as they were last: while recording they are taken as they come, which may be in
 * another order when several threads have changed one handle's.
 */
static const char last_references_sql[] =
	"UPDATE packed_resource SET has_ref = (SELECT r.has_ref FROM ref r WHERE "
	"r.async_id = packed_resource.async_id ORDER BY r.at_ns DESC, r.rowid DESC LIMIT 1) "
	"WHERE async_id IN (SELECT async_id FROM ref) AND has_ref IS NOT NULL";

static const char *name_of_type[][3] = {
#define X(tag, name, class, hook_type, armed) [ACAUSAL_TYPE_##tag] = {name, class, hook_type},
	ACAUSAL_TYPES(X)
#undef X
};

static const bool type_is_armed[] = {
#define X(tag, name, class, hook_type, armed) [ACAUSAL_TYPE_##tag] = armed,
	ACAUSAL_TYPES(X)
#undef X
};

static const char *const name_of_api[] = {
#define X(name) [ACAUSAL_API_uv_##name] = "uv_" #name,
	ACAUSAL_LIBUV_FUNCTIONS(X)
#undef X
#define X(name) [ACAUSAL_API_##name] = #name,
		ACAUSAL_LIBC_FUNCTIONS(X) ACAUSAL_LIBC_VARIADIC(X) ACAUSAL_OWN_FUNCTIONS(X)
#undef X
};

/* SQLite does not always keep why a write failed. */
static bool is_limited(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

/* What whoever records can do about it. */
static const char *advice_on(int code, int number)
{
	if ((code & 0xff) == SQLITE_IOERR && number == ENOSPC)
		code = SQLITE_FULL;
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return "; end other programs, or raise the limit (ulimit -v)";
	case SQLITE_FULL:
		return "; make room on that disk, or record to another one with -o";
	case SQLITE_IOERR:
		if (number == ENOENT)
			return "; was it removed while it was being written?";
		return is_limited()
			       ? "; there is a limit on the size of files: raise it (ulimit -f)"
			       : "; look after that disk, or record to another one with -o";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ": another process keeps it locked; end that one, or name another file with "
		       "-o";
	case SQLITE_READONLY:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ": it was moved, or another process has changed it; name another file with "
		       "-o";
	case SQLITE_CANTOPEN:
		return "; see that files can be made beside it, or name another one with -o";
	default:
		return "";
	}
}

int recording_fail(struct recording *recording, const char *doing, struct error *err)
{
	int code = recording->db ? sqlite3_errcode(recording->db) : SQLITE_NOMEM;

	if (!recording->has_failed) {
		int number = recording->db ? sqlite3_system_errno(recording->db) : 0;
		bool has_number = number && ((code & 0xff) == SQLITE_IOERR ||
						    (code & 0xff) == SQLITE_CANTOPEN);
		char words[128];

		recording->has_failed = true;
		error_set(&recording->failure, "%s the recording %s failed: %s%s%s%s", doing,
			recording->path,
			recording->db ? sqlite3_errmsg(recording->db) : "out of memory",
			has_number ? ": " : "",
			has_number ? strerror_r(number, words, sizeof words) : "",
			advice_on(code, number));
		if (recording->db && !sqlite3_get_autocommit(recording->db))
			sqlite3_exec(recording->db, "ROLLBACK", NULL, NULL, NULL);
		recording->in_transaction = false;
	}
	if (err)
		*err = recording->failure;
	return -1;
}

int recording_check(struct recording *recording, struct error *err)
{
	return recording->has_failed ? recording_fail(recording, "writing", err) : 0;
}

int recording_no_memory(struct recording *recording, struct error *err)
{
	if (!recording->has_failed) {
		recording->has_failed = true;
		error_set(&recording->failure, "no memory left to write the recording %s",
			recording->path);
	}
	if (err)
		*err = recording->failure;
	return -1;
}

int recording_run(
	struct recording *recording, const char *sql, const char *doing, struct error *err)
{
	if (recording->has_failed ||
		sqlite3_exec(recording->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return recording_fail(recording, doing, err);
	return 0;
}

int recording_begin(struct recording *recording, struct error *err)
{
	if (recording->has_failed)
		return recording_fail(recording, "writing", err);
	if (recording->in_transaction)
		return 0;
	if (recording_run(recording, "BEGIN IMMEDIATE", "writing", err))
		return -1;
	recording->in_transaction = true;
	return 0;
}

int recording_step(struct recording *recording, sqlite3_stmt *statement, struct error *err)
{
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		return recording_fail(recording, "writing", err);
	return 0;
}

static int prepare_all(struct recording *recording, struct error *err)
{
	for (int i = 0; i < STATEMENT_COUNT; i++)
		if (sqlite3_prepare_v3(recording->db, statement_sql[i], -1,
			    SQLITE_PREPARE_PERSISTENT, &recording->statement[i], NULL) != SQLITE_OK)
			return recording_fail(recording, "preparing", err);
	return 0;
}

/* The names that rows use by number. */
static int write_names(struct recording *recording, struct error *err)
{
	sqlite3_stmt *type = recording->statement[STATEMENT_TYPE];
	sqlite3_stmt *api = recording->statement[STATEMENT_API];

	for (int i = 1; i < ACAUSAL_TYPE_COUNT; i++) {
		sqlite3_bind_int(type, 1, i);
		for (int n = 0; n < 3; n++)
			sqlite3_bind_text(type, n + 2, name_of_type[i][n], -1, SQLITE_STATIC);
		sqlite3_bind_int(type, 5, type_is_armed[i]);
		if (recording_step(recording, type, err))
			return -1;
	}
	for (int i = 1; i < ACAUSAL_API_COUNT; i++) {
		sqlite3_bind_int(api, 1, i);
		sqlite3_bind_text(api, 2, name_of_api[i], -1, SQLITE_STATIC);
		if (recording_step(recording, api, err))
			return -1;
	}
	return 0;
}

static int open_file(struct recording *recording, const char *path, struct error *err)
{
	if (sqlite3_open_v2(path, &recording->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK)
		return recording_fail(recording, "opening", err);
	sqlite3_extended_result_codes(recording->db, 1);
	sqlite3_busy_timeout(recording->db, BUSY_MS);
	return 0;
}

static int close_file(struct recording *recording, struct error *err)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_finalize(recording->statement[i]);
		recording->statement[i] = NULL;
	}
	if (sqlite3_close(recording->db) != SQLITE_OK)
		return recording_fail(recording, "making", err);
	recording->db = NULL;
	return 0;
}

/* Everything that a recording has before anything is recorded. */
static int fill_new_file(struct recording *recording, const char *path, struct error *err)
{
	return open_file(recording, path, err) ||
			       (recording_wait_init(recording) &&
				       recording_fail(recording, "making", err)) ||
			       recording_run(recording,
				       "PRAGMA page_size = 8192;"
				       "PRAGMA synchronous = OFF;"
				       "PRAGMA journal_mode = MEMORY;",
				       "setting up", err) ||
			       recording_begin(recording, err) ||
			       recording_run(
				       recording, schema_tables_sql, "making the tables of", err) ||
			       recording_run(
				       recording, schema_views_sql, "making the views of", err) ||
			       prepare_all(recording, err) || write_names(recording, err) ||
			       recording_set_meta(recording, "complete", "0", err) ||
			       recording_run(recording, "COMMIT", "making", err) ||
			       close_file(recording, err)
		       ? -1
		       : 0;
}

/*
 * Makes the file under another name and then gives it its own, so that whatever is found under that
 * one, whenever we were killed, is a recording.
 */
static int make_file(struct recording *recording, struct error *err)
{
	char *path;
	int fd, result;

	if (asprintf(&path, "%s" RECORDING_NEW_SUFFIX, recording->path) < 0)
		return recording_no_memory(recording, err);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		result = error_set_errno(err, errno, "cannot make the recording %s", path);
		free(path);
		return result;
	}
	close(fd);
	result = fill_new_file(recording, path, err);
	recording->in_transaction = false;
	if (!result && renameat2(AT_FDCWD, path, AT_FDCWD, recording->path, RENAME_NOREPLACE) &&
		/* Not every file system can; then what comes in between is replaced. */
		(errno != EINVAL || access(recording->path, F_OK) == 0 ||
			rename(path, recording->path)))
		result = error_set_errno(
			err, errno, "cannot make the recording %s", recording->path);
	if (result)
		unlink(path);
	free(path);
	return result;
}

int recording_create(
	const char *path, struct recording_terms *terms, struct recording **ret, struct error *err)
{
	struct recording *recording = calloc(1, sizeof *recording);
	bool is_name = path[0] && path[0] != ':'; /* ":memory:" would not be a file */

	if (!recording)
		return error_set(err, "no memory to record");
	recording->terms = terms;
	batch_init(&recording->changes, sizeof(struct change));
	idmap_init(&recording->line_numbers, 1 << 20);
	if (asprintf(&recording->path, "%s%s", is_name ? "" : "./", path) < 0) {
		recording->path = NULL;
		recording_destroy(recording);
		return error_set(err, "no memory to record");
	}
	if (make_file(recording, err) || open_file(recording, recording->path, err) ||
		(recording_wait_init(recording) && recording_fail(recording, "opening", err)) ||
		recording_run(recording,
			"PRAGMA synchronous = OFF;"
			"PRAGMA journal_mode = WAL;"
			"PRAGMA wal_autocheckpoint = 2000;"
			"PRAGMA cache_size = -32768;",
			"setting up", err) ||
		prepare_all(recording, err)) {
		recording_destroy(recording);
		return -1;
	}
	*ret = recording;
	return 0;
}

void recording_destroy(struct recording *recording)
{
	if (!recording)
		return;
	for (int i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(recording->statement[i]);
	sqlite3_close(recording->db);
	for (int i = 0; i < WAITING_COUNT; i++)
		batch_deinit(&recording->waiting[i].batch);
	batch_deinit(&recording->changes);
	idmap_deinit(&recording->line_numbers);
	free(recording->texts);
	free(recording->path);
	free(recording);
}

const struct recording_counts *recording_counts(const struct recording *recording)
{
	return &recording->counts;
}

/* Whether a look-up finds a row; it is left open for its columns to be read. */
static bool finds(struct recording *recording, enum statement name, int64_t id)
{
	if (recording->has_failed)
		return false;
	sqlite3_bind_int64(recording->statement[name], 1, id);
	return sqlite3_step(recording->statement[name]) == SQLITE_ROW;
}

bool recording_has_async_id(struct recording *recording, int64_t async_id)
{
	bool found = finds(recording, STATEMENT_FIND_RESOURCE, async_id);

	sqlite3_reset(recording->statement[STATEMENT_FIND_RESOURCE]);
	if (!found) {
		found = finds(recording, STATEMENT_FIND_REQUEST, async_id);
		sqlite3_reset(recording->statement[STATEMENT_FIND_REQUEST]);
	}
	return found;
}

bool recording_has_arming(struct recording *recording, int64_t arming_id)
{
	int64_t run_id;
	uint32_t origin_id;

	return recording_find_arming(recording, arming_id, &run_id, &origin_id);
}

bool recording_has_run(struct recording *recording, int64_t run_id, int64_t async_id)
{
	sqlite3_stmt *request = recording->statement[STATEMENT_FIND_REQUEST];
	bool found = finds(recording, STATEMENT_FIND_RUN, run_id);

	sqlite3_reset(recording->statement[STATEMENT_FIND_RUN]);
	if (!found) {
		found = finds(recording, STATEMENT_FIND_REQUEST, async_id) &&
			sqlite3_column_int64(request, 0) == run_id;
		sqlite3_reset(request);
	}
	return found;
}

bool recording_find_arming(
	struct recording *recording, int64_t arming_id, int64_t *run_id, uint32_t *origin_id)
{
	sqlite3_stmt *statement = recording->statement[STATEMENT_FIND_ARMING];
	bool found = finds(recording, STATEMENT_FIND_ARMING, arming_id);

	if (found) {
		*run_id = sqlite3_column_int64(statement, 0);
		*origin_id = (uint32_t)sqlite3_column_int64(statement, 1);
	}
	sqlite3_reset(statement);
	return found;
}

bool recording_find_thread(struct recording *recording, uint32_t thread_id, int64_t *root_run_id)
{
	sqlite3_stmt *statement = recording->statement[STATEMENT_FIND_THREAD];
	bool found = finds(recording, STATEMENT_FIND_THREAD, thread_id);

	if (found)
		*root_run_id = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return found;
}

bool recording_find_resource(
	struct recording *recording, int64_t async_id, uint32_t *type_id, uint32_t *stack_id)
{
	sqlite3_stmt *statement = recording->statement[STATEMENT_FIND_RESOURCE];
	bool found = finds(recording, STATEMENT_FIND_RESOURCE, async_id);

	if (found) {
		*type_id = (uint32_t)sqlite3_column_int64(statement, 0);
		*stack_id = (uint32_t)sqlite3_column_int64(statement, 1);
	}
	sqlite3_reset(statement);
	return found;
}

static int each_unended(struct recording *recording, enum statement name, const int64_t bounds[3],
	recording_visit *visit, void *user, struct error *err)
{
	sqlite3_stmt *statement = recording->statement[name];
	int step = SQLITE_ROW, result = 0;

	if (recording->has_failed)
		return recording_fail(recording, "reading", err);
	for (int i = 0; i < 3; i++)
		sqlite3_bind_int64(statement, i + 1, bounds[i]);
	while (!result && (step = sqlite3_step(statement)) == SQLITE_ROW)
		result = visit(user, sqlite3_column_int64(statement, 0),
			(uint32_t)sqlite3_column_int64(statement, 1), err);
	if (!result && step != SQLITE_DONE)
		result = recording_fail(recording, "reading", err);
	sqlite3_reset(statement);
	return result;
}

int recording_each_unended_resource(struct recording *recording, int64_t first, int64_t last,
	int64_t before_ns, recording_visit *visit, void *user, struct error *err)
{
	const int64_t bounds[] = {first, last, before_ns};

	return each_unended(recording, STATEMENT_UNENDED_RESOURCES, bounds, visit, user, err);
}

int recording_each_unended_arming(struct recording *recording, int64_t first, int64_t last,
	int64_t before_ns, recording_visit *visit, void *user, struct error *err)
{
	const int64_t bounds[] = {first, last, before_ns};

	return each_unended(recording, STATEMENT_UNENDED_ARMINGS, bounds, visit, user, err);
}

/*
 * The trigger of a process's main thread that no uv_process_t stands for: the resource in whose run
 * it was made. That run ended after the process was made, and its row was written later.
 */
static const char main_triggers_sql[] =
	"UPDATE packed_resource SET trigger_delta = async_id - coalesce("
	"(SELECT r.async_id FROM packed_run r WHERE r.run_id = packed_resource.run_id),"
	"(SELECT s.async_id FROM packed_shot s WHERE s.run_id = packed_resource.run_id),"
	"(SELECT q.async_id FROM packed_request q WHERE q.run_id = packed_resource.run_id))"
	" WHERE async_id IN (SELECT ((process_id - 1) << 40) + 1 FROM process)"
	" AND run_id IS NOT NULL AND trigger_delta IS NULL";

int recording_finish(struct recording *recording, struct error *err)
{
	int64_t lost = 0;
	int code;

	if (recording_flush(recording, INT64_MAX, &lost, err) || recording_begin(recording, err) ||
		recording_run(recording, schema_indexes_sql, "indexing", err) ||
		recording_run(recording, last_references_sql, "finishing", err) ||
		recording_run(recording, main_triggers_sql, "finishing", err) ||
		recording_run(recording, "COMMIT", "finishing", err))
		return -1;
	recording->in_transaction = false;
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_finalize(recording->statement[i]);
		recording->statement[i] = NULL;
	}
	if (recording_run(recording, "PRAGMA synchronous = FULL", "finishing", err))
		return -1;
	/* A reader that has the recording open keeps it in WAL mode: complete, but three files. */
	code = sqlite3_exec(recording->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
	if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED)
		return recording_fail(recording, "finishing", err);
	sqlite3_exec(recording->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	/* Last, so that it is true: all else is on the disk. */
	return recording_run(
		recording, "UPDATE meta SET value = '1' WHERE key = 'complete'", "finishing", err);
}
