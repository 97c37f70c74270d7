/*
 * Lines for the prompt: see prompt_line.h. With prompt_history.c the only file that knows readline,
 * which keeps its state in globals; so does this.
 */
#include "debugger/prompt/prompt_line.h"

#include "debugger/prompt/complete_sql.h"
#include "debugger/prompt/completion.h"
#include "debugger/prompt/execute.h"
#include "debugger/prompt/prompt_history.h"
#include "debugger/prompt/settings.h"
#include "debugger/prompt/source.h"
#include "debugger/text/page.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"
#include "debugger/text/terminal.h"
#include "debugger/time/cursor.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After stdio. */
#include <readline/readline.h>

static const struct command_table *commands;
static struct session *of_session;
static struct candidates candidates; /* what was completed last, for the list of it */
static bool asks_sql;		     /* the line is one of SQL (prompt_line_ask) */
static bool gave_up;		     /* … and Ctrl-C was typed before it */

/* Matches as readline wants them: what they have in common, then all of them. */
static char **as_matches(void)
{
	char **matches = calloc(candidates.count + 2, sizeof *matches);
	size_t i;

	if (!matches || !(matches[0] = candidates_common(&candidates))) {
		free(matches);
		return NULL;
	}
	/* One match is to be alone. */
	for (i = 0; i < candidates.count && (candidates.count > 1 || candidates.is_cut); i++)
		if (!(matches[i + 1] = strdup(candidates.list[i].word)))
			break;
	return matches;
}

static void complete_line_of_sql(size_t start, size_t end)
{
	if (session_acquire(of_session, NULL))
		return;
	complete_sql(&candidates, of_session, rl_line_buffer, start, end);
	session_release(of_session);
}

static char **complete(const char *text, int start, int end)
{
	size_t length;

	(void)text;
	rl_attempted_completion_over = 1; /* no file names, unless asked for */
	candidates_clear(&candidates);
	if (asks_sql)
		complete_line_of_sql((size_t)start, (size_t)end);
	else
		completion_find(&candidates, commands, of_session, rl_line_buffer, (size_t)start,
			(size_t)end);
	if (candidates.wants_files) {
		rl_attempted_completion_over = 0;
		rl_filename_completion_desired = 1;
		return NULL;
	}
	if (!candidates.count)
		return NULL;
	length = strlen(candidates.list[0].word);
	if (!rl_completer_quote_characters && start && rl_line_buffer[start - 1] == '\'')
		rl_completion_append_character = '\''; /* of a text in SQL */
	if (candidates.count == 1 && length && strchr(":=(", candidates.list[0].word[length - 1]))
		rl_completion_append_character = '\0';
	return as_matches();
}

/*
 * Where words begin, which in SQL is after other characters than in other lines; and a quote is a
 * text there, and not a way to write a word with blanks.
 */
static char *word_breaks(void)
{
	const char *breaks =
		asks_sql ? COMPLETE_SQL_BREAKS
			 : completion_breaks(commands, rl_line_buffer, (size_t)rl_point);

	rl_completer_quote_characters = strchr(breaks, '(') ? NULL : "'\"";
	return (char *)breaks;
}

/* One candidate a line, with what it is. */
static void show_described(void)
{
	struct page page = {0};
	size_t i, width = 0, rows;
	int height, columns;

	rl_get_screen_size(&height, &columns);
	rows = height > 4 ? (size_t)height - 3 : 1;
	terminal_begin(&page, rl_outstream);
	for (i = 0; i < candidates.count; i++)
		if (printable_width(candidates.list[i].word) > width)
			width = printable_width(candidates.list[i].word);
	for (i = 0; i < candidates.count && i < rows; i++) {
		struct strbuf words = {0};

		page_add(&page, PAGE_STRONG, candidates.list[i].word);
		if (candidates.list[i].words) {
			page_tab(&page, width + 2);
			printable_shorten(&words, candidates.list[i].words, page_room(&page), 0);
			page_add(&page, PAGE_FAINT, strbuf_string(&words));
		}
		page_end_line(&page);
		strbuf_deinit(&words);
	}
	if (i < candidates.count || candidates.is_cut)
		page_add(&page, PAGE_FAINT, "... and more\n");
	fputs(strbuf_string(&page.text), rl_outstream);
	page_deinit(&page);
}

static void show_matches(char **matches, int count, int longest)
{
	size_t i;
	bool described = false;

	for (i = 0; i < candidates.count; i++)
		described |= candidates.list[i].words != NULL;
	rl_crlf();
	if (described && !candidates.wants_files)
		show_described();
	else
		rl_display_match_list(matches, count, longest);
	rl_forced_update_display();
}

/* File names with blanks and quotes in them are typed with backslashes, see words.h. */
static const char special[] = " \t\\'\"|";

static char *quote_file(char *text, int match_kind, char *quote)
{
	struct strbuf quoted = {0};
	const char *c;

	(void)match_kind;
	if (quote && *quote)
		strbuf_add_char(&quoted, *quote);
	for (c = text; *c; c++) {
		if (!(quote && *quote) && strchr(special, *c))
			strbuf_add_char(&quoted, '\\');
		strbuf_add_char(&quoted, *c);
	}
	return quoted.data ? quoted.data : strdup("");
}

static char *unquote_file(char *text, int quote)
{
	struct strbuf plain = {0};
	const char *c;

	for (c = text; *c; c++) {
		if (*c == '\\' && quote != '\'' && c[1])
			c++;
		strbuf_add_char(&plain, *c);
	}
	return plain.data ? plain.data : strdup("");
}

static int is_quoted(char *line, int at)
{
	int i, slashes = 0;

	for (i = at - 1; i >= 0 && line[i] == '\\'; i--)
		slashes++;
	return slashes % 2;
}

/* Ctrl-C empties the line. */
static void give_up_line(void)
{
	rl_crlf();
	if (asks_sql) { /* and what is above it is given up too */
		gave_up = true;
		rl_set_prompt("sql> ");
	}
	rl_replace_line("", 0);
	rl_on_new_line();
	rl_redisplay();
}

/*
 * The next key. Signals come only while it waits for one, so that none is noticed late: readline
 * alone looks at a Ctrl-C that came while it drew the line when the next key is typed.
 */
static int read_key(FILE *stream)
{
	struct pollfd input = {.fd = fileno(stream), .events = POLLIN};
	sigset_t all, before;
	int ready;

	for (;;) {
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, &before);
		ready = -1;
		if (!rl_pending_signal() && !execute_was_interrupted())
			ready = ppoll(&input, 1, NULL, &before);
		sigprocmask(SIG_SETMASK, &before, NULL);
		rl_check_signals();
		if (execute_was_interrupted()) {
			execute_forget_interrupt();
			give_up_line();
		} else if (ready > 0) {
			return rl_getc(stream);
		}
	}
}

void prompt_line_begin(const struct command_table *table, struct session *session)
{
	commands = table;
	of_session = session;
	rl_readline_name = "acausal";
	rl_instream = stdin;
	rl_outstream = stdout;
	rl_change_environment = 0; /* an exported COLUMNS is the user's word */
	rl_attempted_completion_function = complete;
	rl_completion_word_break_hook = word_breaks;
	rl_completion_display_matches_hook = show_matches;
	rl_filename_quote_characters = special;
	rl_filename_quoting_function = quote_file;
	rl_filename_dequoting_function = unquote_file;
	rl_char_is_quoted_p = is_quoted;
	rl_getc_function = read_key;
	rl_variable_bind("expand-tilde", "on");
	prompt_history_begin();
}

void prompt_line_end(void)
{
	candidates_clear(&candidates);
}

/* "(acausal) ", and where in time it stands, if it stands anywhere. */
static void add_prompt(struct strbuf *words)
{
	int64_t ns = session_attached(of_session, SESSION_CURSOR) ? cursor_ns(of_session) : UNKNOWN;

	strbuf_add_string(words, "(acausal");
	if (ns != UNKNOWN) {
		strbuf_add_char(words, ' ');
		quantity_add_moment(words, ns);
	}
	strbuf_add_string(words, ") ");
}

char *prompt_line_read(void)
{
	struct strbuf prompt = {0};
	char *line;

	add_prompt(&prompt);
	execute_forget_interrupt();
	line = readline(strbuf_string(&prompt));
	strbuf_deinit(&prompt);
	return line;
}

static void on_interrupt(int number)
{
	(void)number;
	execute_interrupt();
}

char *prompt_line_ask(struct session *session, const char *prompt, bool *ret_interrupted)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
	char *line = NULL;
	size_t size = 0;

	*ret_interrupted = gave_up = false;
	if (!isatty(STDIN_FILENO)) {
		if (getline(&line, &size, stdin) < 0) {
			free(line);
			return NULL;
		}
		line[strcspn(line, "\n")] = '\0';
		return line;
	}
	if (!of_session) { /* asked from the shell */
		sigaction(SIGINT, &action, NULL);
		prompt_line_begin(NULL, session);
	}
	asks_sql = true;
	execute_forget_interrupt();
	line = readline(prompt);
	asks_sql = false;
	*ret_interrupted = gave_up;
	if (line && line[strspn(line, " \t")])
		prompt_line_remember(line);
	if (!line)
		fputc('\n', rl_outstream);
	return line;
}

void prompt_line_remember(const char *line)
{
	if (!settings_of(of_session)->no_history)
		prompt_history_add(line);
}

char *prompt_line_next(FILE *file)
{
	char *line = NULL;
	size_t size = 0;

	if (source_read(file, &line, &size) > 0)
		return line;
	free(line);
	return NULL;
}
