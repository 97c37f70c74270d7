/*
 * What our standard output is: see terminal.h. Must not be used for JSON or CSV, but for the stream
 * of terminal_open, which takes everything.
 */
#include "debugger/text/terminal.h"

#include "debugger/text/paged_stream.h"

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

struct terminal_wishes terminal_wishes;

static struct paged_stream *open_stream; /* what terminal_open has given */

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static bool has_colour(bool is_terminal)
{
	const char *term = getenv("TERM");

	if (terminal_wishes.colour != TERMINAL_AUTO)
		return is_terminal && terminal_wishes.colour == TERMINAL_ON;
	return is_terminal && !is_set("NO_COLOR") && !(term && !strcmp(term, "dumb"));
}

/* The descriptor behind it; -1 when it has none. */
static int descriptor_of(FILE *out)
{
	bool is_paged = open_stream && out == paged_stream_file(open_stream);

	return is_paged ? STDOUT_FILENO : fileno(out);
}

bool terminal_is(FILE *out)
{
	return isatty(descriptor_of(out));
}

void terminal_begin(struct page *page, FILE *out)
{
	const char *columns = getenv("COLUMNS");
	int descriptor = descriptor_of(out);
	bool is_terminal = isatty(descriptor);
	struct winsize size;
	long number = columns ? strtol(columns, NULL, 10) : 0;

	page->columns = PIPE_COLUMNS;
	page->strict = false;
	if (terminal_wishes.columns)
		number = (long)terminal_wishes.columns;
	else if (is_terminal && !ioctl(descriptor, TIOCGWINSZ, &size) && size.ws_col)
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
	page->colour = has_colour(is_terminal);
}

/* The pager's command; NULL when there is none. */
static const char *pager_command(void)
{
	static const char usual[] = "command -v less >/dev/null && exec less || exec cat";
	const char *command = is_set("PAGER") ? getenv("PAGER") : usual;

	if (!strcmp(command, "cat") || terminal_wishes.pager == TERMINAL_OFF)
		return NULL;
	setenv("LESS", "FRX", 0);
	return command;
}

/* Runs the pager; false when there is none. */
static bool open_pager(struct shell_command *ret)
{
	const char *command = pager_command();

	return command && !shell_command_feed(ret, command, NULL);
}

/* Returns false when there is no pager. */
static bool show_in_pager(const struct page *page)
{
	struct shell_command pager;
	void (*before)(int);

	if (!open_pager(&pager))
		return false;
	before = signal(SIGPIPE, SIG_IGN); /* the reader quits when he has seen enough */
	fputs(strbuf_string(&page->text), pager.input);
	shell_command_end(&pager);
	signal(SIGPIPE, before);
	return true;
}

/* What `out` shows at a time, when it is a terminal and somebody could page; else nothing. */
static struct paged_room room_of(int out)
{
	struct winsize size;

	if (!isatty(out) || !isatty(STDIN_FILENO) || ioctl(out, TIOCGWINSZ, &size))
		return (struct paged_room){0, 0};
	return (struct paged_room){size.ws_row, size.ws_col ? size.ws_col : 80};
}

static bool is_too_long(FILE *out, size_t lines)
{
	int descriptor = fileno(out);
	size_t height = descriptor < 0 ? 0 : room_of(descriptor).lines;

	return height && lines >= height;
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
	bool pages =
		flow->may_page && !flow->pager.input && is_too_long(flow->out, page->new_lines);
	FILE *out;

	if (flow->is_over || (!pages && page->text.length < FLOW_BYTES))
		return !flow->is_over;
	if (pages && !flow->written) {
		fflush(flow->out);
		flow->may_page = open_pager(&flow->pager);
		if (flow->may_page) /* the reader quits when he has seen enough */
			flow->signal_before = signal(SIGPIPE, SIG_IGN);
	}
	out = flow->pager.input ? flow->pager.input : flow->out;
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
		fputs(strbuf_string(&page->text),
			flow->pager.input ? flow->pager.input : flow->out);
	strbuf_clear(&page->text);
	if (flow->pager.input) {
		shell_command_end(&flow->pager);
		signal(SIGPIPE, flow->signal_before);
	}
	fflush(flow->out);
}

FILE *terminal_open(void (*on_quit)(void))
{
	struct paged_room room = room_of(STDOUT_FILENO);
	const char *command = room.lines ? pager_command() : NULL;

	if (!command)
		return NULL;
	open_stream = paged_stream_create(stdout, command, room, on_quit, NULL);
	return open_stream ? paged_stream_file(open_stream) : NULL;
}

void terminal_settle(void)
{
	if (open_stream)
		paged_stream_settle(open_stream);
}

bool terminal_close(FILE *stream)
{
	struct paged_stream *closed = open_stream;

	if (!closed || stream != paged_stream_file(closed))
		return false;
	open_stream = NULL;
	return paged_stream_destroy(closed, NULL);
}
