/* What our standard output is: see terminal.h. Must not be used for JSON or CSV. */
#include "debugger/text/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PIPE_COLUMNS  100
#define LEAST_COLUMNS 40
#define MEASURE	      110
#define MOST_COLUMNS  1000
#define FLOW_BYTES    (64 << 10)

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

/* Runs the pager; NULL when there is none. */
static FILE *open_pager(void)
{
	const char *command = is_set("PAGER") ? getenv("PAGER") : "less";

	if (!strcmp(command, "cat"))
		return NULL;
	setenv("LESS", "FRX", 0);
	return popen(command, "w");
}

/* Returns false when there is no pager. */
static bool show_in_pager(const struct page *page)
{
	FILE *pager = open_pager();
	void (*before)(int);

	if (!pager)
		return false;
	before = signal(SIGPIPE, SIG_IGN); /* the reader quits when he has seen enough */
	fputs(strbuf_string(&page->text), pager);
	pclose(pager);
	signal(SIGPIPE, before);
	return true;
}

/* Is there a terminal that so many lines are too many for, and somebody who could page? */
static bool is_too_long(FILE *out, size_t lines)
{
	struct winsize size;

	return isatty(fileno(out)) && isatty(STDIN_FILENO) &&
	       !ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_row && lines >= size.ws_row;
}

void terminal_show(const struct page *page, FILE *out, int may_page)
{
	fflush(out);
	if (may_page && is_too_long(out, page->new_lines) && show_in_pager(page))
		return;
	fputs(strbuf_string(&page->text), out);
	fflush(out);
}

bool terminal_flow_write(struct terminal_flow *flow, struct page *page)
{
	bool pages = flow->may_page && !flow->pager && is_too_long(flow->out, page->new_lines);
	FILE *out;

	if (flow->is_over || (!pages && page->text.length < FLOW_BYTES))
		return !flow->is_over;
	if (pages && !flow->written) {
		fflush(flow->out);
		flow->pager = open_pager();
		if (flow->pager) /* the reader quits when he has seen enough */
			flow->signal_before = signal(SIGPIPE, SIG_IGN);
		flow->may_page = flow->pager;
	}
	out = flow->pager ? flow->pager : flow->out;
	if (fputs(strbuf_string(&page->text), out) < 0 || fflush(out))
		flow->is_over = true;
	strbuf_clear(&page->text);
	flow->written = page->new_lines;
	return !flow->is_over;
}

void terminal_flow_end(struct terminal_flow *flow, struct page *page)
{
	terminal_flow_write(flow, page);
	if (!flow->is_over)
		fputs(strbuf_string(&page->text), flow->pager ? flow->pager : flow->out);
	strbuf_clear(&page->text);
	if (flow->pager) {
		pclose(flow->pager);
		signal(SIGPIPE, flow->signal_before);
		flow->pager = NULL;
	}
	fflush(flow->out);
}
