/*
 * Help and manual pages: see manual.h. Says nothing that is not in the command table, but for the
 * frame around it.
 */
#include "debugger/manual.h"

#include "debugger/command.h"
#include "debugger/text/terminal.h"
#include "debugger/text/version.h"

#include <ctype.h>
#include <string.h>

#define COLUMNS	      80 /* where there is no terminal */
#define MOST_COLUMNS  100
#define OPTION_COLUMN 27
#define NAME_COLUMN   12
#define MARGIN	      2 /* of what stays as it is */

static void option_words(const struct option_row *row, char *room, size_t size)
{
	if (row->name && row->letter)
		snprintf(room, size, "-%c, --%s%s%s", row->letter, row->name,
			row->argument ? " " : "", row->argument ? row->argument : "");
	else if (row->name)
		snprintf(room, size, "--%s%s%s", row->name, row->argument ? " " : "",
			row->argument ? row->argument : "");
	else
		snprintf(room, size, "-%c%s%s", row->letter, row->argument ? " " : "",
			row->argument ? row->argument : "");
}

static bool is_row(const struct option_row *row)
{
	return row && (row->name || row->letter);
}

/* A page that is always filled, and not too wide to be read. */
static void begin(struct page *page, FILE *out)
{
	terminal_begin(page, out);
	if (!page->strict)
		page->columns = COLUMNS;
	else if (page->columns > MOST_COLUMNS)
		page->columns = MOST_COLUMNS;
	page->strict = true;
}

static void show(struct page *page, FILE *out)
{
	terminal_show(page, out, true);
	page_deinit(page);
}

/* Words in a column that goes on where it began. */
static void add_column(struct page *page, size_t column, const char *text)
{
	page_tab(page, column);
	page->indent = column;
	page_words(page, PAGE_PLAIN, text);
	page_end_line(page);
	page->indent = 0;
}

/* Paragraphs; a line that begins with a blank stays as it is. */
static void add_paragraphs(struct page *page, const char *text)
{
	struct strbuf line = {0};

	while (*text) {
		size_t length = strcspn(text, "\n");
		bool stays = !length || *text == ' ';

		if (stays && page->column)
			page_end_line(page);
		strbuf_clear(&line);
		strbuf_add_string(&line, page->column ? " " : "");
		strbuf_add(&line, text, length);
		if (stays) {
			page_add(page, PAGE_PLAIN, strbuf_string(&line));
			page_end_line(page);
		} else {
			page_words(page, PAGE_PLAIN, strbuf_string(&line));
		}
		text += length + (text[length] == '\n');
	}
	if (page->column)
		page_end_line(page);
	strbuf_deinit(&line);
}

static void add_aliases(struct page *page, const char *aliases)
{
	page_add(page, PAGE_PLAIN, "Also: ");
	for (; *aliases; aliases++) {
		char letter[] = {*aliases, '\0'};

		page_add(page, PAGE_PLAIN, *aliases == ' ' ? ", " : letter);
	}
	page_end_line(page);
}

void manual_show(const struct command *command, FILE *out)
{
	const struct option_row *row;
	struct page page = {0};
	char words[80];

	begin(&page, out);
	page_printf(&page, PAGE_PLAIN, "usage: %s%s%s%s",
		command->flags & COMMAND_SHELL ? "acausal " : "", command->name,
		*command->usage ? " " : "", command->usage);
	page_end_line(&page);
	page_end_line(&page);
	page_printf(&page, PAGE_PLAIN, "%c%s.", toupper((unsigned char)command->summary[0]),
		command->summary + 1);
	page_end_line(&page);
	if (command->aliases)
		add_aliases(&page, command->aliases);
	page_end_line(&page);
	add_paragraphs(&page, command->description);
	if (is_row(command->options))
		page_end_line(&page);
	for (row = command->options; is_row(row); row++) {
		option_words(row, words, sizeof words);
		page_printf(&page, PAGE_PLAIN, "  %s", words);
		add_column(&page, OPTION_COLUMN, row->help);
	}
	show(&page, out);
}

static void add_heading(struct page *page, const char *heading, bool parts)
{
	if (parts)
		page_end_line(page);
	page_printf(page, PAGE_STRONG, "%s:", heading);
	page_end_line(page);
}

static void add_list(struct page *page, const struct command_table *table, int flags)
{
	static const char *const headings[] = {
#define X(tag, heading) heading,
		COMMAND_GROUPS(X)
#undef X
	};
	const struct command *const *row, *command;
	bool has_heading, has_any = false;
	int group;

	for (group = 0; group < GROUP_COUNT; group++) {
		has_heading = false;
		for (row = table->rows; (command = *row); row++) {
			if ((int)command->group != group ||
				!(command->flags & flags & (COMMAND_SHELL | COMMAND_PROMPT)))
				continue;
			if (!has_heading)
				add_heading(page, headings[group], has_any);
			has_heading = has_any = true;
			page_printf(page, PAGE_PLAIN, "  %s", command->name);
			add_column(page, NAME_COLUMN, command->summary);
		}
	}
}

void manual_list_shell(const struct command_table *table, FILE *out)
{
	static const char before[] = "acausal: how did the program get here?\n\n"
				     "usage: acausal COMMAND [ARGUMENTS]\n\n";
	static const char after[] = "\n  acausal help COMMAND   more about one\n"
				    "  acausal --version      " ACAUSAL_VERSION "\n\n"
				    "Begin with: acausal record ./program\n";
	struct page page = {0};

	begin(&page, out);
	add_paragraphs(&page, before);
	add_list(&page, table, COMMAND_SHELL);
	add_paragraphs(&page, after);
	show(&page, out);
}

void manual_list_prompt(const struct command_table *table, FILE *out)
{
	static const char after[] =
		"\n  help COMMAND   more about one; a beginning of its name will do\n"
		"  Enter          the last command again\n"
		"  Ctrl-C         ends what takes too long; Ctrl-D leaves\n";
	struct page page = {0};

	begin(&page, out);
	add_list(&page, table, COMMAND_PROMPT);
	add_paragraphs(&page, after);
	show(&page, out);
}

/* One line for roff: "-" and "\\" stay what they are, and it begins no request. */
static void roff_line(const char *text, size_t length, FILE *out)
{
	if (length && (*text == '.' || *text == '\''))
		fputs("\\&", out);
	for (; length; length--, text++) {
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
}

static void roff_text(const char *text, FILE *out)
{
	roff_line(text, strlen(text), out);
}

/* Paragraphs; a line that begins with a blank is an example and stays as it is. */
static void roff_paragraphs(const char *text, FILE *out)
{
	bool is_example = false;

	while (*text) {
		size_t length = strcspn(text, "\n"), blanks = strspn(text, " ");
		size_t margin = blanks < MARGIN ? blanks : MARGIN; /* more is a column's */

		if (length && (blanks > 0) != is_example) {
			fputs(is_example ? ".fi\n.RE\n.PP\n" : ".PP\n.RS\n.nf\n", out);
			is_example = !is_example;
		}
		if (!length && !is_example)
			fputs(".PP\n", out);
		roff_line(text + margin, length - margin, out);
		if (length || is_example)
			fputc('\n', out);
		text += length + (text[length] == '\n');
	}
	if (is_example)
		fputs(".fi\n.RE\n", out);
}

static void roff_command(const struct command *command, FILE *out)
{
	const struct option_row *row;
	char words[80];

	fprintf(out, ".TH ACAUSAL\\-%s 1 \"\" \"acausal %s\" \"acausal\"\n", command->name,
		ACAUSAL_VERSION);
	fprintf(out, ".SH NAME\nacausal\\-%s \\- ", command->name);
	roff_text(command->summary, out);
	fprintf(out, "\n.SH SYNOPSIS\n.B acausal %s\n", command->name);
	roff_text(command->usage, out);
	fputs("\n.SH DESCRIPTION\n", out);
	roff_paragraphs(command->description, out);
	if (is_row(command->options))
		fputs(".SH OPTIONS\n", out);
	for (row = command->options; is_row(row); row++) {
		option_words(row, words, sizeof words);
		fputs(".TP\n.B ", out);
		roff_text(words, out);
		fputc('\n', out);
		roff_text(row->help, out);
		fputc('\n', out);
	}
	fputs(".SH SEE ALSO\n.BR acausal (1)\n", out);
}

void manual_write_roff(const struct command_table *table, const struct command *command, FILE *out)
{
	const struct command *const *row;

	if (command) {
		roff_command(command, out);
		return;
	}
	fprintf(out, ".TH ACAUSAL 1 \"\" \"acausal %s\" \"acausal\"\n", ACAUSAL_VERSION);
	fputs(".SH NAME\nacausal \\- how did the program get here? for asynchronous programs\n"
	      ".SH SYNOPSIS\n.B acausal\n.RI [ command ]\n.RI [ arguments ]\n.SH DESCRIPTION\n"
	      "acausal records every asynchronous resource of a program with its trigger and its\n"
	      "native stack into an SQLite file, and afterwards shows the whole causal stack of "
	      "any\n"
	      "point in it, across every callback boundary, down to main.\n.SH COMMANDS\n",
		out);
	for (row = table->rows; (command = *row); row++) {
		if (!(command->flags & COMMAND_SHELL))
			continue;
		fprintf(out, ".TP\n.BR acausal\\-%s (1)\n", command->name);
		roff_text(command->summary, out);
		fputc('\n', out);
	}
	fputs(".SH ENVIRONMENT\n.TP\n.B ACAUSAL_RECORDING\nthe recording to look at, when there is "
	      "no"
	      " \\-r\n.TP\n.B NO_COLOR\nno colours\n.TP\n.B PAGER\nshows what is longer than the"
	      " terminal\n.SH EXIT STATUS\n0 done; 1 it could not be done, or what was asked for is"
	      " not there; 2 the command line is wrong.\n",
		out);
}
