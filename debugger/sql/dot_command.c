/*
 * The dot commands of `sql`: see dot_command.h. One row of the table each, in the order in which a
 * beginning is looked for, as SQLite's shell does it.
 */
#include "debugger/sql/dot_command.h"

#include "debugger/sql/dot_settings.h"
#include "debugger/sql/sql_feed.h"
#include "debugger/text/page.h"
#include "debugger/text/printable.h"
#include "debugger/text/spelling.h"
#include "debugger/text/terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8

/* --- what there is -------------------------------------------------------------------------------
 */

/*
 * What the contract and the schema call tables, and where ours are made anew as TEMP views. What a
 * pattern names is found as LIKE finds it.
 */
#define TABLES                                                                                     \
	"SELECT name, type FROM (SELECT name, 'view' AS type FROM temp.sqlite_master"              \
	" WHERE type = 'view' UNION ALL SELECT name, 'table' FROM main.sqlite_master"              \
	" WHERE type = 'table') WHERE ?1 IS NULL OR name LIKE ?1"                                  \
	" ORDER BY name LIKE 'packed%', name"

/* As many columns of names as fit, downwards. */
static int list_names(struct sql_run *run, const char *pattern, struct error *err)
{
	sqlite3 *database = reader_database(run->session->recording);
	struct strbuf names = {0};
	struct page page = {0};
	size_t count = 0, width = 0, columns, lines, i, at;
	sqlite3_stmt *statement;
	const char **list;
	char *name;

	if (sqlite3_prepare_v2(database, TABLES, -1, &statement, NULL))
		return reader_error(run->session->recording, NULL, err), 1;
	sqlite3_bind_text(statement, 1, pattern, -1, SQLITE_TRANSIENT);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		size_t before = names.length;

		printable_add_string(&names, (const char *)sqlite3_column_text(statement, 0));
		strbuf_add(&names, "", 1);
		count++;
		at = names.data ? printable_width(names.data + before) : 0;
		width = at > width ? at : width;
	}
	sqlite3_finalize(statement);
	list = calloc(count + 1, sizeof *list);
	if (list && !names.failed) {
		for (i = 0, name = names.data; i < count; i++, name += strlen(name) + 1)
			list[i] = name;
		terminal_begin(&page, sql_run_out(run));
		columns = page.columns / (width + 2) ? page.columns / (width + 2) : 1;
		lines = (count + columns - 1) / columns;
		for (i = 0; i < lines; i++) {
			for (at = i; at < count; at += lines) {
				page_tab(&page, (at / lines) * (width + 2));
				page_add(&page, PAGE_PLAIN, list[at]);
			}
			page_end_line(&page);
		}
		terminal_show(&page, sql_run_out(run), false);
		page_deinit(&page);
	}
	free(list);
	strbuf_deinit(&names);
	sql_run_end_result(run);
	return 0;
}

static int run_tables(struct sql_run *run, int count, char **words, struct error *err)
{
	const char *pattern = count > 1 ? words[1] : NULL;

	if (run->settings->style.mode == RESULT_COLUMN)
		return list_names(run, pattern, err);
	return sql_run_own(run, TABLES, pattern, false, err);
}

static int run_schema(struct sql_run *run, int count, char **words, struct error *err)
{
	static const char sql[] =
		"SELECT sql || ';' AS schema FROM (SELECT name, tbl_name, sql FROM"
		" main.sqlite_master WHERE type <> 'view' /* ours are made anew */"
		" UNION ALL SELECT name, tbl_name, sql FROM temp.sqlite_master)"
		" WHERE sql IS NOT NULL AND (?1 IS NULL OR name LIKE ?1 OR tbl_name LIKE ?1)"
		" ORDER BY tbl_name, name";

	if (count > 1) /* a habit of SQL */
		words[1][strcspn(words[1], ";")] = '\0';
	return sql_run_own(run, sql, count > 1 ? words[1] : NULL,
		run->settings->style.mode == RESULT_COLUMN, err);
}

static int run_indexes(struct sql_run *run, int count, char **words, struct error *err)
{
	static const char sql[] = "SELECT name, tbl_name AS \"table\" FROM main.sqlite_master"
				  " WHERE type = 'index' AND (?1 IS NULL OR tbl_name LIKE ?1)"
				  " ORDER BY tbl_name, name";

	return sql_run_own(run, sql, count > 1 ? words[1] : NULL, false, err);
}

static int run_databases(struct sql_run *run, int count, char **words, struct error *err)
{
	(void)count;
	(void)words;
	return sql_run_own(run, "SELECT 'main' AS name, ?1 AS file, 'only read' AS state",
		reader_path(run->session->recording), false, err);
}

/* --- doing ---------------------------------------------------------------------------------------
 */

static int run_read(struct sql_run *run, int count, char **words, struct error *err)
{
	const char *path = run->path;
	FILE *file;
	int status;

	(void)count;
	if (run->depth >= DEPTH_MAX) {
		error_set(err, "sql: .read of '%.200s': files that read files that read files …",
			words[1]);
		return 1;
	}
	file = fopen(words[1], "re");
	if (!file) {
		error_set_errno(err, errno, "sql: cannot read '%s'", words[1]);
		return 1;
	}
	run->path = words[1];
	run->depth++;
	status = sql_feed_file(run, dot_command_run, file, err);
	run->depth--;
	run->path = path;
	fclose(file);
	return status;
}

static int run_print(struct sql_run *run, int count, char **words, struct error *err)
{
	struct strbuf line = {0};
	int i;

	(void)err;
	for (i = 1; i < count; i++) {
		strbuf_add_string(&line, i > 1 ? " " : "");
		printable_add_string(&line, words[i]);
	}
	fprintf(sql_run_out(run), "%s\n", strbuf_string(&line));
	strbuf_deinit(&line);
	return 0;
}

static int run_quit(struct sql_run *run, int count, char **words, struct error *err)
{
	(void)count;
	(void)words;
	(void)err;
	run->quits = true;
	return 0;
}

static int run_help(struct sql_run *run, int count, char **words, struct error *err);

/* --- the table -----------------------------------------------------------------------------------
 */

struct dot_command {
	const char *name, *usage, *summary;
	int least, most; /* words after the name */
	dot_settings_run *run;
};

static const struct dot_command commands[] = {
	{"tables", "[PATTERN]", "the tables and views", 0, 1, run_tables},
	{"schema", "[PATTERN]", "how they were made, with their columns", 0, 1, run_schema},
	{"indexes", "[TABLE]", "the indexes", 0, 1, run_indexes},
	{"databases", "", "the file that is read", 0, 0, run_databases},
	{"mode", "[MODE [TABLE]]", "how rows are written; without MODE, which modes there are", 0,
		2, dot_settings_mode},
	{"headers", "on|off", "whether a line of headings comes first", 1, 1, dot_settings_headers},
	{"nullvalue", "TEXT", "what stands for NULL", 1, 1, dot_settings_nullvalue},
	{"separator", "COLUMN [ROW]", "what parts values, and rows, of list, tabs and csv", 1, 2,
		dot_settings_separator},
	{"width", "[N ...]", "widths of columns; 0 as needed, negative to the right", 0,
		RESULT_WIDTHS_MAX, dot_settings_width},
	{"timer", "on|off", "whether to say how long each statement took", 1, 1,
		dot_settings_timer},
	{"eqp", "on|off", "whether to show each query's plan before its rows", 1, 1,
		dot_settings_eqp},
	{"parameter", "COMMAND ...",
		"parameters of queries: set NAME VALUE, unset NAME, clear, list", 1, 3,
		dot_settings_parameter},
	{"output", "[FILE]", "where results go; without FILE, here again", 0, 1,
		dot_settings_output},
	{"once", "FILE", "where the next result goes", 1, 1, dot_settings_once},
	{"read", "FILE", "run the SQL and the dot commands in a file", 1, 1, run_read},
	{"print", "WORDS...", "write words", 0, -1, run_print},
	{"show", "", "what has been set", 0, 0, dot_settings_show},
	{"help", "[NAME]", "this list", 0, 1, run_help},
	{"quit", "", "end; so does Ctrl-D", 0, 0, run_quit},
	{"exit", "", "the same", 0, 1, run_quit},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

/* What SQLite's shell has and we have not, and why. */
static const struct {
	const char *name, *why;
} elsewhere[] = {
	{"open", "another recording is named by -r FILE, or by 'debug FILE'"},
	{"import", "a recording is only read"},
	{"load", "a recording is only read, and acausal's functions are here already"},
	{"restore", "a recording is only read"},
	{"save", "a recording is a file: copy it"},
	{"backup", "a recording is a file: copy it"},
	{"clone", "a recording is a file: copy it"},
	{"dump", "a recording is a file: copy it; '.mode insert' writes rows as SQL"},
	{"recover", "SQLite's own shell has it"},
	{"shell", "at the prompt '!COMMAND' runs one"},
	{"system", "at the prompt '!COMMAND' runs one"},
	{"cd", "start acausal in that folder"},
	{"excel", "'.mode csv' and '.once FILE' write what a spreadsheet reads"},
	{"bail", "a script ends at its first error"},
};

const char *dot_command_name(size_t index, const char **ret_summary)
{
	if (index >= COMMANDS)
		return NULL;
	if (ret_summary)
		*ret_summary = commands[index].summary;
	return commands[index].name;
}

/* The first that the word begins; NULL when there is none. */
static const struct dot_command *find(const char *word)
{
	size_t i, length = strlen(word);

	for (i = 0; length && i < COMMANDS; i++)
		if (!strncmp(commands[i].name, word, length))
			return &commands[i];
	if (!strcmp(word, "indices") || !strcmp(word, "header"))
		return find(*word == 'i' ? "indexes" : "headers");
	return NULL;
}

static int unknown(const char *word, struct error *err)
{
	const char *nearest = NULL;
	size_t i, distance, least = spelling_limit(word);

	for (i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
		if (strcmp(elsewhere[i].name, word))
			continue;
		error_set(err, "sql: there is no '.%s' here: %s", word, elsewhere[i].why);
		return 2;
	}
	for (i = 0; i < COMMANDS; i++) {
		distance = spelling_distance(word, commands[i].name);
		if (distance >= least)
			continue;
		least = distance;
		nearest = commands[i].name;
	}
	if (nearest)
		error_set(err, "sql: unknown '.%.40s': did you mean '.%s'? ('.help' lists them)",
			word, nearest);
	else
		error_set(err, "sql: unknown '.%.40s': '.help' lists what there is", word);
	return 2;
}

static int run_help(struct sql_run *run, int count, char **words, struct error *err)
{
	const struct dot_command *only = count > 1 ? find(words[1] + (words[1][0] == '.')) : NULL;
	struct page page = {0};
	size_t i;

	if (count > 1 && !only)
		return unknown(words[1] + (words[1][0] == '.'), err);
	terminal_begin(&page, sql_run_out(run));
	for (i = 0; i < COMMANDS; i++) {
		if (only && only != &commands[i])
			continue;
		page_add(&page, PAGE_PLAIN, ".");
		page_add(&page, PAGE_STRONG, commands[i].name);
		page_add(&page, PAGE_PLAIN, *commands[i].usage ? " " : "");
		page_add(&page, PAGE_PLAIN, commands[i].usage);
		page_tab(&page, 26);
		page.indent = 26;
		page_words(&page, PAGE_FAINT, commands[i].summary);
		page_end_line(&page);
	}
	terminal_show(&page, sql_run_out(run), false);
	page_deinit(&page);
	return 0;
}

/* Words as SQLite's shell takes them: '…' as it stands, "…" with \ before what is special. */
static int split(char *line, char **words, int most)
{
	int count = 0;

	for (line += strspn(line, " \t\r\n"); *line && count < most;
		line += strspn(line, " \t\r\n")) {
		char quote = *line == '\'' || *line == '"' ? *line++ : 0, *to = line;

		words[count++] = to;
		while (*line && (quote ? *line != quote : !strchr(" \t\r\n", *line))) {
			if (quote != '\'' && *line == '\\' && line[1]) {
				line++;
				*to++ = (char)(*line == 'n'   ? '\n'
					       : *line == 't' ? '\t'
					       : *line == 'r' ? '\r'
							      : *line);
				line++;
			} else {
				*to++ = *line++;
			}
		}
		if (*line)
			line++;
		*to = '\0';
	}
	return count;
}

int dot_command_run(struct sql_run *run, const char *line, struct error *err)
{
	char *words[RESULT_WIDTHS_MAX + 2], *copy = strdup(line + 1);
	const struct dot_command *command;
	int count, status = 2;

	if (!copy)
		return error_set(err, "out of memory"), 1;
	count = split(copy, words, RESULT_WIDTHS_MAX + 2);
	command = count ? find(words[0]) : NULL;
	if (!command)
		status = unknown(count ? words[0] : "", err);
	else if (count - 1 < command->least || (command->most >= 0 && count - 1 > command->most))
		error_set(err, "sql: it is .%s%s%s", command->name, *command->usage ? " " : "",
			command->usage);
	else
		status = command->run(run, count, words, err);
	run->statements++;
	free(copy);
	return status;
}
