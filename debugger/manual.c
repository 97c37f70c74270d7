/*
 * Help and manual pages: see manual.h. Says nothing that is not in the command table, but for the
 * frame around it.
 */
#include "debugger/manual.h"

#include "debugger/command.h"
#include "debugger/text/version.h"

#include <ctype.h>
#include <string.h>

#define COLUMNS	     80
#define OPTION_WIDTH 24
#define NAME_WIDTH   8

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

/* Words that go on where a column begins, within the width that help keeps to. */
static void write_column(const char *text, size_t column, FILE *out)
{
	size_t at = column;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (at == column || at + 1 + length <= COLUMNS) {
			at += (size_t)fprintf(
				out, "%s%.*s", at == column ? "" : " ", (int)length, text);
			text += length + (text[length] == ' ');
		} else {
			fprintf(out, "\n%*s", (int)column, "");
			at = column;
		}
	}
	fputc('\n', out);
}

void manual_show(const struct command *command, FILE *out)
{
	const struct option_row *row;
	char words[80];

	fprintf(out, "usage: acausal %s%s%s\n\n%c%s.\n", command->name, *command->usage ? " " : "",
		command->usage, toupper((unsigned char)command->summary[0]), command->summary + 1);
	if (command->aliases)
		fprintf(out, "Also: %s\n", command->aliases);
	fprintf(out, "\n%s\n", command->description);
	if (!is_row(command->options))
		return;
	fputc('\n', out);
	for (row = command->options; is_row(row); row++) {
		option_words(row, words, sizeof words);
		fprintf(out, "  %-*s ", OPTION_WIDTH, words);
		write_column(row->help, OPTION_WIDTH + 3, out);
	}
}

void manual_list(const struct command_table *table, int flags, FILE *out)
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
				fprintf(out, "%s%s:\n", has_any ? "\n" : "", headings[group]);
			has_heading = has_any = true;
			fprintf(out, "  %-*s  %s\n", NAME_WIDTH, command->name, command->summary);
		}
	}
}

/* Text for roff: "-" and "\" stay what they are, and no line begins a request. */
static void roff_text(const char *text, FILE *out)
{
	bool line_begins = true;

	for (; *text; text++) {
		if (line_begins && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		line_begins = *text == '\n';
		if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
}

/* Paragraphs; a line that begins with a blank is an example and stays as it is. */
static void roff_paragraphs(const char *text, FILE *out)
{
	bool is_example = false;

	while (*text) {
		size_t length = strcspn(text, "\n");
		char line[512];

		snprintf(line, sizeof line, "%.*s", (int)length, text);
		if ((*line == ' ') != is_example && *line) {
			fputs(is_example ? ".fi\n.RE\n.PP\n" : ".PP\n.RS\n.nf\n", out);
			is_example = !is_example;
		}
		if (!*line && !is_example)
			fputs(".PP\n", out);
		roff_text(is_example ? line + strspn(line, " ") : line, out);
		if (*line || is_example)
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
