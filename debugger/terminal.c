/* What our standard output is: see terminal.h. Must not be used for JSON or CSV. */
#include "debugger/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PIPE_COLUMNS  100
#define LEAST_COLUMNS 40
#define MEASURE	      110
#define MOST_COLUMNS  1000

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

void terminal_begin(struct page *page, FILE *out)
{
	const char *columns = getenv("COLUMNS"), *term = getenv("TERM");
	bool is_terminal = isatty(fileno(out));
	struct winsize size;
	long number = columns ? strtol(columns, NULL, 10) : 0;

	page->columns = PIPE_COLUMNS;
	page->strict = false;
	if (is_terminal && !ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col)
		number = size.ws_col;
	else if (is_terminal && !number)
		number = 80;
	if (number > 0) {
		page->columns = number < LEAST_COLUMNS	? LEAST_COLUMNS
				: number > MOST_COLUMNS ? MOST_COLUMNS
							: (size_t)number;
		page->strict = true;
	}
	page->measure = page->columns < MEASURE ? page->columns : MEASURE;
	page->colour = is_terminal && !is_set("NO_COLOR") && !(term && !strcmp(term, "dumb"));
}

/* Runs the pager. Returns false when there is none. */
static bool show_in_pager(const struct page *page)
{
	const char *command = is_set("PAGER") ? getenv("PAGER") : "less";
	void (*before)(int);
	FILE *pager;

	if (!strcmp(command, "cat"))
		return false;
	setenv("LESS", "FRX", 0);
	pager = popen(command, "w");
	if (!pager)
		return false;
	before = signal(SIGPIPE, SIG_IGN); /* the reader quits when he has seen enough */
	fputs(strbuf_string(&page->text), pager);
	pclose(pager);
	signal(SIGPIPE, before);
	return true;
}

void terminal_show(const struct page *page, FILE *out, int may_page)
{
	struct winsize size;

	fflush(out);
	if (may_page && isatty(fileno(out)) && isatty(STDIN_FILENO) &&
		!ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_row &&
		page->new_lines >= size.ws_row && show_in_pager(page))
		return;
	fputs(strbuf_string(&page->text), out);
	fflush(out);
}
