/*
 * A recording, opened for reading: see reader.h. Promises that nothing is written to the file
 * and that no single look-up goes on for ever. Must not be used to write recordings.
 */
#include "debugger/recording/reader.h"

#include "debugger/recording/file_kind.h"
#include "debugger/recording/reader_guard.h"
#include "debugger/recording/regexp.h"
#include "debugger/text/strbuf.h"
#include "schema/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRESS_INTERVAL 2000
#define INTERN_MAX	  4096 /* bytes of one interned text */
#define INTERN_BUCKETS	  4096

struct interned {
	struct interned *next;
	char text[];
};

struct reader {
	sqlite3 *database;
	char *path;
	enum recording_state state;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	int64_t budget, steps;
	bool in_transaction, is_indexed, has_history, lacks_log;
	struct {
		void *thing;
		void (*destroy)(void *);
	} attached[ATTACHMENTS];
	char *kept;
	struct interned *interned[INTERN_BUCKETS];
};

static volatile sig_atomic_t interrupted;

void reader_interrupt(void)
{
	interrupted = 1;
}

void reader_clear_interrupt(void)
{
	interrupted = 0;
}

bool reader_is_interrupted(void)
{
	return interrupted;
}

static int on_progress(void *context)
{
	struct reader *recording = context;

	recording->steps += PROGRESS_INTERVAL;
	return interrupted || (recording->budget && recording->steps > recording->budget);
}

static int refuse(enum file_kind kind, const char *path, struct error *err)
{
	switch (kind) {
	case FILE_MISSING:
		return error_set(err,
			"no recording '%s': make one with 'acausal record COMMAND',"
			" or name one with -r FILE",
			path);
	case FILE_UNREADABLE:
		return error_set_errno(err, errno, "cannot read '%s'", path);
	case FILE_EXECUTABLE:
		return error_set(err,
			"'%s' is %s, not a recording: record it with"
			" 'acausal record %s'",
			path, file_kind_words(kind), path);
	default:
		return error_set(err, "'%s' is %s, not a recording: name one with -r FILE", path,
			file_kind_words(kind));
	}
}

/*
 * Is a recorder at work on the file? SQLite's connections hold a shared POSIX lock on bytes from
 * 0x40000002 while a WAL database is open. To be asked before we open it ourselves: closing any
 * descriptor of a file drops all of a process's own locks on it.
 */
static bool has_writer(const char *path)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000002, .l_len = 510};
	char name[64], command[256];
	ssize_t count;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), found;

	if (descriptor < 0)
		return false;
	found = fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(descriptor);
	if (!found)
		return false;
	/* Another debugger holds the same lock. When it cannot be asked, believe in a recorder. */
	snprintf(name, sizeof name, "/proc/%ld/cmdline", (long)lock.l_pid);
	descriptor = open(name, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return true;
	count = read(descriptor, command, sizeof command);
	close(descriptor);
	return count <= 0 || memmem(command, (size_t)count, "\0record", 8);
}

/* Whether something was written to it that is in its -wal file alone. */
static bool has_log(const struct reader *recording)
{
	char path[PATH_MAX];
	struct stat status;

	return snprintf(path, sizeof path, "%s-wal", recording->path) >= (int)sizeof path ||
	       (stat(path, &status) == 0 && status.st_size > 0);
}

/*
 * Whether there is no such file, of one whose header says that there was. Must not be asked of a
 * file that SQLite has open, as has_writer.
 */
static bool is_without_log(const char *path)
{
	char log_path[PATH_MAX], format = 0;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	bool expected;

	if (descriptor < 0)
		return false;
	/* "File format write version", at byte 18 of a database: 2 is WAL. */
	expected = pread(descriptor, &format, 1, 18) == 1 && format == 2;
	close(descriptor);
	/* Who looked at it before has left an empty one. */
	return expected &&
	       snprintf(log_path, sizeof log_path, "%s-wal", path) < (int)sizeof log_path &&
	       (stat(log_path, &status) ? errno == ENOENT : status.st_size == 0);
}

/* Whether the file cannot be read because another one cannot be made beside it. */
static bool lacks_room(struct reader *recording)
{
	switch (recording->database ? sqlite3_extended_errcode(recording->database) : SQLITE_OK) {
	case SQLITE_IOERR_SHMOPEN:
	case SQLITE_IOERR_SHMSIZE:
	case SQLITE_IOERR_SHMMAP:
		return true;
	default:
		return false;
	}
}

/*
 * Opens the database. One in WAL mode on read-only media or a full disk, and without its -wal file,
 * cannot be opened but as immutable.
 */
static int open_database(struct reader *recording, struct error *err)
{
	static const char probe[] = "SELECT count(*) FROM sqlite_master";
	struct strbuf uri = {0};
	const char *c;
	int code;

	code = sqlite3_open_v2(recording->path, &recording->database,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
	if (!code) {
		sqlite3_busy_timeout(recording->database, 2000);
		reader_guard_configure(recording->database);
		code = sqlite3_exec(recording->database, probe, NULL, NULL, NULL);
	}
	if ((code == SQLITE_CANTOPEN || code == SQLITE_READONLY || lacks_room(recording)) &&
		!has_log(recording)) {
		sqlite3_close(recording->database);
		recording->database = NULL;
		strbuf_add_string(&uri, "file:");
		for (c = recording->path; *c; c++) {
			if (strchr("%?#", *c))
				strbuf_printf(&uri, "%%%02x", (unsigned char)*c);
			else
				strbuf_add_char(&uri, *c);
		}
		strbuf_add_string(&uri, "?immutable=1");
		code = sqlite3_open_v2(strbuf_string(&uri), &recording->database,
			SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
		strbuf_deinit(&uri);
		if (!code) {
			reader_guard_configure(recording->database);
			code = sqlite3_exec(recording->database, probe, NULL, NULL, NULL);
		}
	}
	return code ? reader_error(recording, NULL, err) : 0;
}

static int pragma_value(struct reader *recording, const char *sql, int64_t *ret)
{
	sqlite3_stmt *statement;
	int code = -1;

	if (sqlite3_prepare_v2(recording->database, sql, -1, &statement, NULL))
		return -1;
	if (sqlite3_step(statement) == SQLITE_ROW) {
		*ret = sqlite3_column_int64(statement, 0);
		code = 0;
	}
	sqlite3_finalize(statement);
	return code;
}

/* The file's mark and version. */
static int check_identity(struct reader *recording, struct error *err)
{
	int64_t application = 0, version = 0;

	if (pragma_value(recording, "PRAGMA application_id", &application) ||
		pragma_value(recording, "PRAGMA user_version", &version))
		return reader_error(recording, NULL, err);
	if (application != 0x61636175 && recording->state == RECORDING_GROWING)
		return error_set(err,
			"'%s' is being made and holds nothing yet: try again in a moment",
			recording->path);
	if (application != 0x61636175)
		return refuse(FILE_DATABASE, recording->path, err);
	if (version > READER_SCHEMA)
		return error_set(err,
			"'%s' was made by a newer acausal (schema %lld; this one reads up to %d):"
			" upgrade acausal",
			recording->path, (long long)version, READER_SCHEMA);
	if (version < 1)
		return error_set(err,
			"'%s' has no schema version: it is damaged, or was cut short"
			" before anything was recorded",
			recording->path);
	return 0;
}

/* Asks for SQLite's plan: an index of the right name on another column is none. */
bool reader_finds(struct reader *recording, const char *table, const char *column)
{
	sqlite3_stmt *statement;
	bool found = false;
	char sql[160];

	snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN SELECT 1 FROM main.%s WHERE %s = 1", table,
		column);
	if (sqlite3_prepare_v2(recording->database, sql, -1, &statement, NULL))
		return false;
	if (sqlite3_step(statement) == SQLITE_ROW) {
		const char *plan = (const char *)sqlite3_column_text(statement, 3);

		found = plan && !strncmp(plan, "SEARCH", 6);
	}
	sqlite3_finalize(statement);
	return found;
}

static int open_all(struct reader *recording, bool writer, struct error *err)
{
	const char *complete;

	recording->state = writer ? RECORDING_GROWING : RECORDING_CUT;
	if (open_database(recording, err) || check_identity(recording, err))
		return -1;
	sqlite3_progress_handler(recording->database, PROGRESS_INTERVAL, on_progress, recording);
	if (reader_guard_check(recording->database, recording->path, err) ||
		reader_guard_make_views(recording->database, recording->path, err))
		return -1;
	regexp_add(recording->database);
	recording->has_history =
		reader_guard_has_column(recording->database, "process", "history_from_ns") &&
		reader_guard_has_column(recording->database, "gap", "reason");
	recording->is_indexed = reader_finds(recording, "packed_request", "run_id");
	reader_guard_seal(recording->database);
	complete = reader_meta(recording, "complete");
	if (complete && !strcmp(complete, "1"))
		recording->state = RECORDING_COMPLETE;
	return 0;
}

static int open_new(struct reader **ret, const char *path, bool writer, struct error *err)
{
	struct reader *recording;

	recording = calloc(1, sizeof *recording);
	if (!recording || !(recording->path = strdup(path))) {
		free(recording);
		return error_set(err, "out of memory");
	}
	recording->budget = READER_BUDGET;
	if (open_all(recording, writer, err)) {
		reader_close(recording);
		return -1;
	}
	*ret = recording;
	return 0;
}

int reader_open(struct reader **ret, const char *path, struct error *err)
{
	enum file_kind kind = file_kind_of(path);
	bool is_alone;

	if (kind == FILE_EMPTY && has_writer(path))
		kind = FILE_RECORDING;
	if (kind != FILE_RECORDING)
		return refuse(kind, path, err);
	is_alone = is_without_log(path);
	if (open_new(ret, path, has_writer(path), err))
		return -1;
	(*ret)->lacks_log = is_alone && (*ret)->state == RECORDING_CUT;
	return 0;
}

int reader_open_again(struct reader **ret, const char *path, struct error *err)
{
	return open_new(ret, path, true, err);
}

void reader_close(struct reader *recording)
{
	size_t i;

	if (!recording)
		return;
	for (i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(recording->statements[i]);
	sqlite3_close(recording->database);
	for (i = 0; i < INTERN_BUCKETS; i++) {
		while (recording->interned[i]) {
			struct interned *next = recording->interned[i]->next;

			free(recording->interned[i]);
			recording->interned[i] = next;
		}
	}
	for (i = 0; i < ATTACHMENTS; i++)
		if (recording->attached[i].thing)
			recording->attached[i].destroy(recording->attached[i].thing);
	free(recording->kept);
	free(recording->path);
	free(recording);
}

void reader_attach(struct reader *recording, enum reader_attachment as, void *thing,
	void (*destroy)(void *thing))
{
	recording->attached[as].thing = thing;
	recording->attached[as].destroy = destroy;
}

void *reader_attached(const struct reader *recording, enum reader_attachment as)
{
	return recording->attached[as].thing;
}

bool reader_was_drained(struct reader *recording)
{
	const char *drained = reader_meta(recording, "drained");

	return drained && !strcmp(drained, "1");
}

bool reader_has_history(const struct reader *recording)
{
	return recording->has_history;
}

bool reader_is_indexed(const struct reader *recording)
{
	return recording->is_indexed;
}

const char *reader_path(const struct reader *recording)
{
	return recording->path;
}

enum recording_state reader_state(const struct reader *recording)
{
	return recording->state;
}

bool reader_lacks_log(const struct reader *recording)
{
	return recording->lacks_log;
}

const char *reader_state_words(const struct reader *recording)
{
	switch (recording->state) {
	case RECORDING_COMPLETE:
		return NULL;
	case RECORDING_GROWING:
		return "still growing";
	default:
		return recording->lacks_log ? "cut short, and no -wal file is beside it: what came "
					      "last, or all, may"
					      " be missing"
					    : "cut short: what came last may be missing";
	}
}

sqlite3 *reader_database(struct reader *recording)
{
	return recording->database;
}

void reader_set_budget(struct reader *recording, int64_t steps)
{
	recording->budget = steps;
	recording->steps = 0;
}

/* What was recorded last is in a file that can be read only with a third one beside it. */
static int error_beside(const struct reader *recording, const char *why, struct error *err)
{
	return error_set(err,
		"%s: cannot be read here, because a file has to be made beside it and %s: copy it "
		"with its -wal file to another folder",
		recording->path, why);
}

int reader_error(struct reader *recording, const char *what, struct error *err)
{
	int code = recording->database ? sqlite3_errcode(recording->database) : SQLITE_NOMEM;
	const char *words =
		recording->database ? sqlite3_errmsg(recording->database) : "out of memory";

	switch (code & 0xff) {
	case SQLITE_INTERRUPT:
		if (interrupted)
			return error_set(err, "interrupted");
		return error_set(err, "%s: a look-up took far too long: the recording is damaged",
			recording->path);
	case SQLITE_BUSY:
		return error_set(err, "%s: locked by another program for too long: try again",
			recording->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_IOERR:
		if (lacks_room(recording))
			return error_beside(recording, "there is no room on that disk", err);
		return error_set(err,
			"%s: damaged or truncated (%s): record again, or save what can be read"
			" with the .recover of SQLite's shell",
			recording->path, words);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		if (has_log(recording))
			return error_beside(recording, "nothing may be written there", err);
		/* fall through */
	default:
		return error_set(err, "%s: %s%s%s", recording->path, what ? what : "",
			what ? ": " : "", words);
	}
}

int reader_begin(struct reader *recording, struct error *err)
{
	if (sqlite3_exec(recording->database, "BEGIN", NULL, NULL, NULL))
		return reader_error(recording, NULL, err);
	recording->in_transaction = true;
	return 0;
}

void reader_end(struct reader *recording)
{
	if (recording->in_transaction)
		sqlite3_exec(recording->database, "COMMIT", NULL, NULL, NULL);
	recording->in_transaction = false;
}

int reader_prepare(struct reader *recording, enum statement_slot slot, const char *sql,
	sqlite3_stmt **ret, struct error *err)
{
	sqlite3_stmt *statement = recording->statements[slot];

	if (!statement) {
		if (sqlite3_prepare_v3(recording->database, sql, -1, SQLITE_PREPARE_PERSISTENT,
			    &statement, NULL))
			return reader_error(recording, NULL, err);
		recording->statements[slot] = statement;
	}
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	recording->steps = 0;
	*ret = statement;
	return 0;
}

int reader_step(struct reader *recording, sqlite3_stmt *statement, struct error *err)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	if (code == SQLITE_DONE) {
		sqlite3_reset(statement);
		return 0;
	}
	reader_error(recording, NULL, err);
	sqlite3_reset(statement);
	return -1;
}

int reader_integer(struct reader *recording, enum statement_slot slot, const char *sql,
	int64_t first, int64_t second, int64_t *ret, struct error *err)
{
	sqlite3_stmt *statement;
	int found;

	if (reader_prepare(recording, slot, sql, &statement, err))
		return -1;
	if (first != UNKNOWN)
		sqlite3_bind_int64(statement, 1, first);
	if (second != UNKNOWN)
		sqlite3_bind_int64(statement, 2, second);
	found = reader_step(recording, statement, err);
	if (found == 1 && sqlite3_column_type(statement, 0) == SQLITE_NULL)
		found = 0;
	else if (found == 1)
		*ret = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return found;
}

const char *reader_intern(struct reader *recording, const char *text)
{
	struct interned **bucket, *entry;
	uint32_t hash = 2166136261u;
	size_t length, i;

	if (!text)
		return NULL;
	length = strnlen(text, INTERN_MAX);
	for (i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	bucket = &recording->interned[(hash ^ hash >> 16) % INTERN_BUCKETS];
	for (entry = *bucket; entry; entry = entry->next)
		if (!strncmp(entry->text, text, length) && !entry->text[length])
			return entry->text;
	entry = malloc(sizeof *entry + length + 1);
	if (!entry)
		return NULL;
	memcpy(entry->text, text, length);
	entry->text[length] = '\0';
	entry->next = *bucket;
	*bucket = entry;
	return entry->text;
}

const char *reader_keep(struct reader *recording, const void *bytes, size_t count)
{
	free(recording->kept);
	recording->kept = malloc(count + 1);
	if (!recording->kept)
		return NULL;
	if (count)
		memcpy(recording->kept, bytes, count);
	recording->kept[count] = '\0';
	return recording->kept;
}

const char *reader_meta(struct reader *recording, const char *key)
{
	sqlite3_stmt *statement;
	const char *value = NULL;

	if (reader_prepare(recording, STATEMENT_META, "SELECT value FROM main.meta WHERE key = ?1",
		    &statement, NULL))
		return NULL;
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		value = reader_intern(recording, (const char *)sqlite3_column_text(statement, 0));
	sqlite3_reset(statement);
	return value;
}
