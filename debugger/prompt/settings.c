/*
 * `set` and `show`: see settings.h. What concerns the terminal is kept where that is looked at
 * (terminal.h), the rest with the session.
 */
#include "debugger/prompt/settings.h"

#include "debugger/source/source_text.h"
#include "debugger/text/json.h"
#include "debugger/text/printable.h"
#include "debugger/text/terminal.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_COLUMN   13
#define SUMMARY_COLUMN 19

enum setting_tag {
	SETTING_PAGER,
	SETTING_WIDTH,
	SETTING_COLOUR,
	SETTING_ECHO,
	SETTING_HISTORY,
	SETTING_SOURCE_PATH
};

static const struct setting {
	enum setting_tag tag;
	const char *name, *other_name; /* the other one that people may be used to */
	const char *values;	       /* as option rows have them; N is a number */
	const char *summary;
} settings[] = {
	{SETTING_PAGER, "pager", "pagination", "on|off",
		"show in $PAGER, or less, what is longer than the terminal"},
	{SETTING_WIDTH, "width", "columns", "auto|N", "columns that text is for"},
	{SETTING_COLOUR, "colour", "color", "auto|on|off", "colours on a terminal"},
	{SETTING_ECHO, "echo", "trace-commands", "on|off",
		"show the commands of a file before they are done"},
	{SETTING_HISTORY, "history", NULL, "on|off", "keep what is typed for the next time"},
	{SETTING_SOURCE_PATH, "source-path", "substitute-path", "PATH",
		"where source files are: FROM=TO and folders, parted by colons"},
};
#define SETTING_COUNT (sizeof settings / sizeof settings[0])

static const struct option_row show_options[] = {
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static const struct option_row set_options[] = {
	{"help", 'h', NULL, "this help"},
	{0},
};

const struct settings *settings_of(const struct session *session)
{
	static const struct settings none;
	const struct settings *found = session_attached(session, SESSION_SETTINGS);

	return found ? found : &none;
}

const char *settings_name(size_t index, const char **ret_values, const char **ret_summary)
{
	if (index >= SETTING_COUNT)
		return NULL;
	*ret_values = settings[index].values;
	*ret_summary = settings[index].summary;
	return settings[index].name;
}

/* By its name, a beginning that only one has, or the other name. */
static const struct setting *find_setting(const char *name, struct error *err)
{
	const struct setting *found = NULL;
	struct strbuf names = {0};
	size_t i, count = 0;

	for (i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];

		strbuf_printf(&names, "%s%s", i ? ", " : "", setting->name);
		if ((setting->other_name && !strcmp(name, setting->other_name)) ||
			!strncmp(name, setting->name, strlen(name))) {
			found = setting;
			count++;
		}
	}
	if (count != 1)
		error_set(err, "no setting '%.60s': there are %s", name, strbuf_string(&names));
	strbuf_deinit(&names);
	return count == 1 ? found : NULL;
}

/* As it would be set. */
static const char *value_of(
	const struct session *session, const struct setting *setting, char *room, size_t size)
{
	static const char *const choices[] = {
		[TERMINAL_AUTO] = "auto", [TERMINAL_ON] = "on", [TERMINAL_OFF] = "off"};
	const struct settings *kept = settings_of(session);

	switch (setting->tag) {
	case SETTING_PAGER:
		return terminal_wishes.pager == TERMINAL_OFF ? "off" : "on";
	case SETTING_COLOUR:
		return choices[terminal_wishes.colour];
	case SETTING_ECHO:
		return kept->echo ? "on" : "off";
	case SETTING_HISTORY:
		return kept->no_history ? "off" : "on";
	case SETTING_SOURCE_PATH:
		return getenv(SOURCE_PATH_VARIABLE) ? getenv(SOURCE_PATH_VARIABLE) : "";
	default:
		snprintf(room, size, "%zu", terminal_wishes.columns);
		return terminal_wishes.columns ? room : "auto";
	}
}

/* 0 is what the terminal has, in gdb too. */
static int set_width(const char *value, struct error *err)
{
	char *end;
	long number = strcmp(value, "auto") ? strtol(value, &end, 10) : 0;

	if (strcmp(value, "auto") && (*value < '0' || *value > '9' || *end || number > 1000))
		return error_set(err, "set width: it takes a number of columns, or auto");
	terminal_wishes.columns = (size_t)number;
	return 0;
}

static int set_value(struct session *session, const struct setting *setting, const char *value,
	struct error *err)
{
	struct settings *kept = session_attached(session, SESSION_SETTINGS);
	bool on = !strcmp(value, "on");

	if (setting->tag == SETTING_WIDTH)
		return set_width(value, err);
	/* Kept where it is looked at. */
	if (setting->tag == SETTING_SOURCE_PATH)
		return setenv(SOURCE_PATH_VARIABLE, value, 1) ? error_set(err, "out of memory") : 0;
	if (!option_is_among(value, setting->values))
		return error_set(err, "set %s: it takes %s, not '%.60s'", setting->name,
			setting->values, value);
	if (!kept && !(kept = calloc(1, sizeof *kept)))
		return error_set(err, "out of memory");
	if (!session_attached(session, SESSION_SETTINGS))
		session_attach(session, SESSION_SETTINGS, kept, free);
	switch (setting->tag) {
	case SETTING_PAGER:
		terminal_wishes.pager = on ? TERMINAL_ON : TERMINAL_OFF;
		break;
	case SETTING_COLOUR:
		terminal_wishes.colour = on		 ? TERMINAL_ON
					 : *value == 'a' ? TERMINAL_AUTO
							 : TERMINAL_OFF;
		break;
	case SETTING_ECHO:
		kept->echo = on;
		break;
	default:
		kept->no_history = !on;
	}
	return 0;
}

static void show_text(struct session *session, const struct setting *only)
{
	struct page page = {0};
	struct strbuf value = {0};
	char room[32];
	size_t i;

	terminal_begin(&page, session->out);
	for (i = 0; i < SETTING_COUNT; i++) {
		if (only && only != &settings[i])
			continue;
		page_add(&page, PAGE_STRONG, settings[i].name);
		page_tab(&page, VALUE_COLUMN);
		strbuf_clear(&value);
		printable_add_string(&value, value_of(session, &settings[i], room, sizeof room));
		page_add(&page, PAGE_PLAIN, strbuf_string(&value));
		if (page.column >= SUMMARY_COLUMN)
			page_end_line(&page);
		page_tab(&page, SUMMARY_COLUMN);
		page.indent = SUMMARY_COLUMN;
		page_words(&page, PAGE_FAINT, settings[i].summary);
		page_end_line(&page);
	}
	terminal_show(&page, session->out, false);
	page_deinit(&page);
	strbuf_deinit(&value);
}

static int show_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	struct json json = {.out = session->out};
	const struct setting *only = NULL;
	char room[32];
	size_t i;

	if (invocation->options.word_count &&
		!(only = find_setting(invocation->options.words[0], err)))
		return 2;
	if (!format || *format != 'j') {
		show_text(session, only);
		return 0;
	}
	json_open(&json, '{');
	for (i = 0; i < SETTING_COUNT; i++)
		if (!only || only == &settings[i])
			json_key_string(&json, settings[i].name,
				value_of(session, &settings[i], room, sizeof room));
	json_close(&json, '}');
	fputc('\n', session->out);
	return 0;
}

static int set_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const struct option_values *options = &invocation->options;
	const struct setting *setting;

	if (!options->word_count) {
		show_text(session, NULL);
		return 0;
	}
	setting = find_setting(options->words[0], err);
	if (!setting)
		return 2;
	if (options->word_count < 2) {
		error_set(err, "set %s: to what? It takes %s", setting->name, setting->values);
		return 2;
	}
	return set_value(session, setting, options->words[1], err) ? 2 : 0;
}

const struct command set_command = {
	.name = "set",
	.group = GROUP_PROMPT,
	.usage = "[NAME VALUE]",
	.summary = "set how the prompt behaves: pager, width, colour",
	.description = "Without NAME it lists what can be set. It holds until the prompt ends; put "
		       "what you"
		       "\nalways want into a file for 'debug -x FILE'.\n"
		       "\n"
		       "  set pager off\n"
		       "  set width 100",
	.options = set_options,
	.flags = COMMAND_PROMPT | COMMAND_REPEAT_NOT,
	.most_words = 2,
	.completion = COMPLETE_SETTING,
	.completion_next = COMPLETE_SETTING,
	.run = set_run,
};

const struct command show_command = {
	.name = "show",
	.group = GROUP_PROMPT,
	.usage = "[options] [NAME]",
	.summary = "show what is set",
	.description = "As JSON it is one object, each setting with its value as a string.",
	.options = show_options,
	.flags = COMMAND_PROMPT,
	.most_words = 1,
	.completion = COMPLETE_SETTING,
	.run = show_run,
};
