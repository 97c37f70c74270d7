/* What `sql` has been told: see sql_settings.h. */
#include "debugger/sql/sql_settings.h"

#include "debugger/recording/file_kind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void close_output(struct sql_settings *settings)
{
	if (settings->output)
		fclose(settings->output);
	free(settings->output_path);
	settings->output = NULL;
	settings->output_path = NULL;
	settings->once = false;
}

static void forget_parameters(struct sql_settings *settings, const char *name)
{
	struct sql_parameter **at = &settings->parameters;

	while (*at) {
		struct sql_parameter *parameter = *at;

		if (name && strcmp(parameter->name, name)) {
			at = &parameter->next;
			continue;
		}
		*at = parameter->next;
		free(parameter->name);
		free(parameter->value);
		free(parameter);
	}
}

static void destroy(void *thing)
{
	struct sql_settings *settings = thing;

	close_output(settings);
	forget_parameters(settings, NULL);
	free(settings->null_text);
	free(settings->separator);
	free(settings->row_separator);
	free(settings->table);
	free(settings);
}

struct sql_settings *sql_settings_of(struct session *session)
{
	struct sql_settings *settings = session_attached(session, SESSION_SQL);

	if (!settings && (settings = calloc(1, sizeof *settings)))
		session_attach(session, SESSION_SQL, settings, destroy);
	return settings;
}

int sql_settings_text(
	struct sql_settings *settings, char **which, const char *text, struct error *err)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return error_set(err, "out of memory");
	free(*which);
	*which = copy;
	settings->style.null_text = settings->null_text;
	settings->style.separator = settings->separator;
	settings->style.row_separator = settings->row_separator;
	settings->style.table = settings->table;
	return 0;
}

int sql_settings_output(
	struct sql_settings *settings, const char *path, bool once, struct error *err)
{
	enum file_kind kind = path ? file_kind_of(path) : FILE_MISSING;
	FILE *file = NULL;

	if (kind == FILE_RECORDING || kind == FILE_IMAGE || kind == FILE_CORE)
		return error_set(err, "sql: '%s' is %s: results are not written over it", path,
			file_kind_words(kind));
	if (path) {
		file = fopen(path, "we");
		if (!file)
			return error_set_errno(err, errno, "sql: cannot write '%s'", path);
	}
	close_output(settings);
	settings->output = file;
	settings->output_path = path ? strdup(path) : NULL;
	settings->once = file && once;
	return 0;
}

int sql_settings_parameter(
	struct sql_settings *settings, const char *name, const char *value, struct error *err)
{
	struct sql_parameter *parameter;

	forget_parameters(settings, name);
	if (!name || !value)
		return 0;
	parameter = calloc(1, sizeof *parameter);
	if (parameter) {
		parameter->name = strdup(name);
		parameter->value = strdup(value);
		parameter->next = settings->parameters;
		settings->parameters = parameter;
	}
	if (parameter && parameter->name && parameter->value)
		return 0;
	if (parameter) {
		settings->parameters = parameter->next;
		free(parameter->name);
		free(parameter->value);
		free(parameter);
	}
	return error_set(err, "out of memory");
}

static void bind_value(sqlite3_stmt *statement, int number, const char *value)
{
	size_t length = strlen(value);
	char *end;
	long long integer = strtoll(value, &end, 10);
	double real;

	if (!sqlite3_stricmp(value, "NULL"))
		return;
	if (end != value && !*end) {
		sqlite3_bind_int64(statement, number, integer);
		return;
	}
	real = strtod(value, &end);
	if (end != value && !*end)
		sqlite3_bind_double(statement, number, real);
	else if (length > 1 && *value == '\'' && value[length - 1] == '\'')
		sqlite3_bind_text(statement, number, value + 1, (int)length - 2, SQLITE_TRANSIENT);
	else
		sqlite3_bind_text(statement, number, value, (int)length, SQLITE_TRANSIENT);
}

void sql_settings_bind(const struct sql_settings *settings, sqlite3_stmt *statement)
{
	const struct sql_parameter *parameter;
	int i;

	for (i = 1; i <= sqlite3_bind_parameter_count(statement); i++) {
		const char *name = sqlite3_bind_parameter_name(statement, i);

		for (parameter = settings->parameters; name && parameter;
			parameter = parameter->next)
			if (!strcmp(parameter->name, name))
				bind_value(statement, i, parameter->value);
	}
}
