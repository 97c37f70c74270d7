/* Settings of `sql` by dot commands: see dot_settings.h. */
#include "debugger/sql/dot_settings.h"

#include "debugger/text/printable.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *words;
} modes[] = {
#define X(tag, name, words) {name, words},
	RESULT_MODES(X)
#undef X
};

static int list_modes(struct sql_run *run)
{
	size_t i;

	for (i = 0; i < RESULT_MODE_COUNT; i++)
		fprintf(sql_run_out(run), "%c %-10s %s\n",
			i == run->settings->style.mode ? '*' : ' ', modes[i].name, modes[i].words);
	return 0;
}

static int find_mode(const char *word, struct error *err)
{
	struct strbuf names = {0};
	size_t i, length = strlen(word);

	for (i = 0; i < RESULT_MODE_COUNT; i++)
		if (length && !strncmp(modes[i].name, word, length))
			return (int)i;
	/* As SQLite's shell has it. */
	if (!strncmp("columns", word, length))
		return RESULT_COLUMN;
	if (!strncmp("lines", word, length))
		return RESULT_LINE;
	for (i = 0; i < RESULT_MODE_COUNT; i++)
		strbuf_printf(&names, "%s%s", i ? ", " : "", modes[i].name);
	error_set(err, "sql: no mode '%.40s': there are %s", word, strbuf_string(&names));
	strbuf_deinit(&names);
	return -1;
}

int dot_settings_mode(struct sql_run *run, int count, char **words, struct error *err)
{
	struct sql_settings *settings = run->settings;
	int mode;

	if (count == 1)
		return list_modes(run);
	mode = find_mode(words[1], err);
	if (mode < 0)
		return 2;
	settings->style.mode = (enum result_mode)mode;
	/* Its own separators, until others are set. */
	return sql_settings_text(settings, &settings->separator, NULL, err) ||
			       sql_settings_text(settings, &settings->row_separator, NULL, err) ||
			       sql_settings_text(
				       settings, &settings->table, count > 2 ? words[2] : NULL, err)
		       ? 1
		       : 0;
}

/* on, off, 1, 0, yes, no */
static int read_switch(const char *name, const char *word, bool *ret, struct error *err)
{
	static const char *const on[] = {"on", "yes", "true", "1"}, *const off[] = {"off", "no",
									    "false", "0"};
	size_t i;

	for (i = 0; i < sizeof on / sizeof on[0]; i++) {
		*ret = !strcmp(word, on[i]);
		if (*ret || !strcmp(word, off[i]))
			return 0;
	}
	error_set(err, "sql: .%s takes on or off, not '%.40s'", name, word);
	return 2;
}

int dot_settings_headers(struct sql_run *run, int count, char **words, struct error *err)
{
	bool on;
	int status = read_switch("headers", words[1], &on, err);

	(void)count;
	if (!status)
		run->settings->style.headings = on ? RESULT_HEADINGS_ON : RESULT_HEADINGS_OFF;
	return status;
}

int dot_settings_timer(struct sql_run *run, int count, char **words, struct error *err)
{
	(void)count;
	return read_switch("timer", words[1], &run->settings->timer, err);
}

int dot_settings_eqp(struct sql_run *run, int count, char **words, struct error *err)
{
	(void)count;
	return read_switch("eqp", words[1], &run->settings->explain, err);
}

int dot_settings_nullvalue(struct sql_run *run, int count, char **words, struct error *err)
{
	(void)count;
	return sql_settings_text(run->settings, &run->settings->null_text, words[1], err) ? 1 : 0;
}

int dot_settings_separator(struct sql_run *run, int count, char **words, struct error *err)
{
	struct sql_settings *settings = run->settings;

	if (sql_settings_text(settings, &settings->separator, words[1], err))
		return 1;
	if (count > 2 && sql_settings_text(settings, &settings->row_separator, words[2], err))
		return 1;
	return 0;
}

int dot_settings_width(struct sql_run *run, int count, char **words, struct error *err)
{
	int widths[RESULT_WIDTHS_MAX] = {0}, i;
	char *end;
	long width;

	for (i = 1; i < count; i++) {
		width = strtol(words[i], &end, 10);
		if (end == words[i] || *end || width > 1000 || width < -1000) {
			error_set(
				err, "sql: .width takes numbers up to 1000, not '%.40s'", words[i]);
			return 2;
		}
		widths[i - 1] = (int)width;
	}
	memcpy(run->settings->style.widths, widths, sizeof widths);
	return 0;
}

static int list_parameters(struct sql_run *run)
{
	const struct sql_parameter *parameter;
	struct strbuf line = {0};

	for (parameter = run->settings->parameters; parameter; parameter = parameter->next) {
		strbuf_clear(&line);
		printable_add_string(&line, parameter->name);
		strbuf_add_char(&line, ' ');
		printable_add_string(&line, parameter->value);
		fprintf(sql_run_out(run), "%s\n", strbuf_string(&line));
	}
	strbuf_deinit(&line);
	return 0;
}

int dot_settings_parameter(struct sql_run *run, int count, char **words, struct error *err)
{
	const char *what = words[1], *name = count > 2 ? words[2] : NULL;

	if (!strcmp(what, "list") && count == 2)
		return list_parameters(run);
	if ((!strcmp(what, "clear") || !strcmp(what, "init")) && count == 2)
		return sql_settings_parameter(run->settings, NULL, NULL, err) ? 1 : 0;
	if (name && !strchr(":@$?", *name)) {
		error_set(err, "sql: a parameter's name begins with : @ $ or ?, not '%.40s'", name);
		return 2;
	}
	if (!strcmp(what, "set") && count == 4)
		return sql_settings_parameter(run->settings, name, words[3], err) ? 1 : 0;
	if (!strcmp(what, "unset") && count == 3)
		return sql_settings_parameter(run->settings, name, NULL, err) ? 1 : 0;
	error_set(err, "sql: it is .parameter set NAME VALUE, unset NAME, clear or list");
	return 2;
}

static int send(struct sql_run *run, const char *path, bool once, struct error *err)
{
	if (path && *path == '|') {
		error_set(err, "sql: results go to a file; at the prompt 'pipe sql … | COMMAND' "
			       "pipes them");
		return 2;
	}
	return sql_settings_output(run->settings, path, once, err) ? 1 : 0;
}

int dot_settings_output(struct sql_run *run, int count, char **words, struct error *err)
{
	return send(run, count > 1 && strcmp(words[1], "stdout") ? words[1] : NULL, false, err);
}

int dot_settings_once(struct sql_run *run, int count, char **words, struct error *err)
{
	(void)count;
	return send(run, words[1], true, err);
}

static void show_text(FILE *out, const char *name, const char *text)
{
	struct strbuf words = {0};

	if (text) {
		strbuf_add_char(&words, '"');
		printable_add_string(&words, text);
		strbuf_add_char(&words, '"');
	} else {
		strbuf_add_string(&words, "the mode's");
	}
	fprintf(out, "%12s: %s\n", name, strbuf_string(&words));
	strbuf_deinit(&words);
}

int dot_settings_show(struct sql_run *run, int count, char **words, struct error *err)
{
	static const char *const headings[] = {"the mode's", "on", "off"};
	const struct sql_settings *settings = run->settings;
	FILE *out = sql_run_out(run);
	int i, last = 0;

	(void)count;
	(void)words;
	(void)err;
	fprintf(out, "%12s: %s\n", "eqp", settings->explain ? "on" : "off");
	fprintf(out, "%12s: %s\n", "headers", headings[settings->style.headings]);
	fprintf(out, "%12s: %s\n", "mode", modes[settings->style.mode].name);
	show_text(out, "nullvalue", settings->null_text ? settings->null_text : "");
	fprintf(out, "%12s: %s\n", "output",
		settings->output && settings->output_path ? settings->output_path : "stdout");
	show_text(out, "separator", settings->separator);
	fprintf(out, "%12s: %s\n", "timer", settings->timer ? "on" : "off");
	for (i = 0; i < RESULT_WIDTHS_MAX; i++)
		last = settings->style.widths[i] ? i + 1 : last;
	fprintf(out, "%12s:", "width");
	for (i = 0; i < last; i++)
		fprintf(out, " %d", settings->style.widths[i]);
	fputc('\n', out);
	return 0;
}
