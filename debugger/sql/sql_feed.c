/* Lines of SQL: see sql_feed.h. What is whole is SQLite's to say. */
#include "debugger/sql/sql_feed.h"

#include <stdlib.h>
#include <string.h>

#define STATEMENT_MAX (1 << 20)

void sql_feed_forget(struct sql_feed *feed)
{
	strbuf_clear(&feed->text);
}

static bool is_blank(const char *text)
{
	return !text[strspn(text, " \t\r\n;")];
}

static int run_text(struct sql_feed *feed, struct error *err)
{
	int status = 0;

	if (feed->text.failed) {
		error_set(err, "out of memory");
		status = 1;
	} else if (!is_blank(strbuf_string(&feed->text))) {
		status = sql_run_text(feed->run, strbuf_string(&feed->text), feed->text_line, err);
	}
	sql_feed_forget(feed);
	return status;
}

int sql_feed_line(struct sql_feed *feed, const char *line, struct error *err)
{
	const char *begin = line + strspn(line, " \t\r");

	feed->line++;
	if (is_blank(strbuf_string(&feed->text))) {
		sql_feed_forget(feed);
		if (*begin == '.')
			return feed->dot(feed->run, begin, err);
		feed->text_line = feed->run->is_typed ? 1 : feed->line;
	}
	strbuf_add_string(&feed->text, line);
	strbuf_add_char(&feed->text, '\n');
	if (feed->text.length > STATEMENT_MAX) {
		sql_feed_forget(feed);
		error_set(err, "sql: a statement of more than 1 MiB");
		return 1;
	}
	return sqlite3_complete(strbuf_string(&feed->text)) ? run_text(feed, err) : 0;
}

int sql_feed_end(struct sql_feed *feed, struct error *err)
{
	int status = run_text(feed, err);

	strbuf_deinit(&feed->text);
	return status;
}

int sql_feed_file(struct sql_run *run, sql_feed_dot *dot, FILE *file, struct error *err)
{
	struct sql_feed feed = {.run = run, .dot = dot};
	char *line = NULL;
	size_t size = 0;
	int status = 0;

	while (!status && !run->quits && getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		status = sql_feed_line(&feed, line, err);
	}
	if (status || run->quits)
		sql_feed_forget(&feed);
	free(line);
	return status ? (strbuf_deinit(&feed.text), status) : sql_feed_end(&feed, err);
}

int sql_feed_text(struct sql_run *run, sql_feed_dot *dot, const char *text, struct error *err)
{
	struct sql_feed feed = {.run = run, .dot = dot};
	int status = 0;

	while (!status && !run->quits && *text) {
		size_t length = strcspn(text, "\n");
		char *line = strndup(text, length);

		if (!line)
			return error_set(err, "out of memory"), 1;
		status = sql_feed_line(&feed, line, err);
		free(line);
		text += length + (text[length] == '\n');
	}
	if (status || run->quits)
		sql_feed_forget(&feed);
	return status ? (strbuf_deinit(&feed.text), status) : sql_feed_end(&feed, err);
}
