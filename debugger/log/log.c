/*
 * `log`: see log.h. Puts together what others do: patterns (pattern), texts and places
 * (log_search), and where lines go (log_show).
 */
#include "debugger/log/log.h"

#include "debugger/log/log_answer.h"
#include "debugger/log/log_input.h"
#include "debugger/log/log_show.h"
#include "debugger/recording/file_kind.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MISSING_NAMED	20 /* lines of the input that were not found */
#define UNCERTAIN_NAMED 8  /* lines that are not certain, where they are not marked */

static const struct option_row log_options[] = {
	{"file", 0, "PATH:LINE",
		"the line at a place in a log file, as grep -n and editors name it "
		"(PATH:LINE:COLUMN"
		" and PATH:LINE:text too)"},
	{"trace", 't', NULL,
		"show the async stack of each line that is found; the same one only once"},
	{"ignore-case", 'i', NULL, "PATTERN matches letters of either case"},
	{"fixed-strings", 'F', NULL, "PATTERN is a text, not a regular expression"},
	{"with", 0, "KEY[,KEY...]",
		"show with each line the values that a context had there for these keys; \"-\" is"
		" none"},
	{"limit", 0, "N", "at most N lines; with --trace at most N different async stacks (10)"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE", "the recording; else $ACAUSAL_RECORDING, else acausal.db"},
	{"help", 'h', NULL, "this help"},
	{0},
};

static int read_limit(const struct option_values *values, int64_t *ret, struct error *err)
{
	const char *limit = option_value(values, "limit");
	char *end;

	*ret = UNKNOWN;
	if (!limit)
		return 0;
	*ret = strtoll(limit, &end, 10);
	if (*limit < '0' || *limit > '9' || *end || *ret < 1 || *ret > INT64_C(1) << 40)
		return error_set(err, "log: --limit takes a number from 1 on, not '%s'", limit);
	return 0;
}

/* It may be given more than once. */
static int read_with(const struct option_values *values, struct log_show *show, struct error *err)
{
	for (int i = 0; i < values->given_count; i++)
		if (values->given[i].row->name && !strcmp(values->given[i].row->name, "with") &&
			log_with_add(&show->with, values->given[i].value, err))
			return -1;
	return 0;
}

/* Nothing was found: is there anything to be found? */
static int nothing(struct session *session, const char *pattern, struct error *err)
{
	static const char *const why[] = {
		[RECORDING_COMPLETE] = "",
		[RECORDING_GROWING] = " yet",
		[RECORDING_CUT] = "",
	};
	struct strbuf words = {0};
	int64_t last;
	int found = reader_integer(session->recording, STATEMENT_LAST_LOG,
		"SELECT max(log_id) FROM main.packed_log", UNKNOWN, UNKNOWN, &last, err);

	if (found < 0)
		return -1;
	printable_add(&words, pattern ? pattern : "", strlen(pattern ? pattern : ""), 100);
	if (!found)
		error_set(err,
			"%s holds no log line%s: the program wrote none to its standard output,"
			" its standard error or a log file that is recorded (see 'acausal help"
			" record', --log)",
			session->path, why[reader_state(session->recording)]);
	else
		error_set(err, "no recorded line%s matches '%s'",
			why[reader_state(session->recording)], strbuf_string(&words));
	strbuf_deinit(&words);
	return -1;
}

/* What a line goes through. */
struct taking {
	struct log_show *show;
};

static int take(void *context, int64_t log_id, struct error *err)
{
	struct taking *taking = context;

	return log_show_line(taking->show, log_id, NULL, NULL, err);
}

static int by_pattern(struct session *session, const struct invocation *invocation,
	struct log_show *show, const char *pattern, struct error *err)
{
	struct pattern_options options = {option_value(&invocation->options, "ignore-case"),
		option_value(&invocation->options, "fixed-strings")};
	struct taking taking = {show};
	struct pattern *match = NULL;
	int result;

	if (pattern && pattern_create(&match, pattern, &options, err))
		return 2;
	log_show_begin(show, session, match);
	result = log_lines_each(session->recording, match, take, &taking, err);
	if (result >= 0)
		result = log_show_end(show, err);
	if (result >= 0 && !show->count)
		result = nothing(session, pattern, err);
	pattern_destroy(match);
	return result < 0 ? 1 : 0;
}

/* All lines of an answer. */
static int show_answer(struct log_show *show, const struct log_search *search,
	const struct search_query *query, struct error *err)
{
	int result = 1;

	for (size_t i = 0; result == 1 && i < query->answer.count; i++)
		result = log_show_line(show, query->answer.log_ids[i], search, query, err);
	return result;
}

/* "log:7, exact: the text was recorded once and stands in the file once" */
static void answer_sentence(
	struct log_show *show, const struct log_search *search, const struct search_query *query)
{
	const struct search_answer *answer = &query->answer;
	struct strbuf words = {0};

	log_answer_add_subject(&words, search, query);
	if (answer->sure == PLACE_AMBIGUOUS && answer->recorded > 1)
		strbuf_add_string(&words, " may be any of these: ");
	else
		strbuf_printf(&words, " %slog:%" PRId64 ": ",
			answer->sure == PLACE_AMBIGUOUS ? "may be "
			: answer->sure == PLACE_LIKELY	? "is most likely, but not certainly, "
							: "is ",
			answer->log_ids[0]);
	log_answer_add_why(&words, answer);
	log_show_sentence(show,
		answer->sure == PLACE_EXACT	 ? PAGE_GOOD
		: answer->sure == PLACE_NARROWED ? PAGE_PLAIN
						 : PAGE_WARN,
		strbuf_string(&words));
	strbuf_deinit(&words);
}

/* Of a place: why it is no answer, as an error. */
static int refuse_answer(
	const struct log_search *search, const struct search_query *query, struct error *err)
{
	const struct search_answer *answer = &query->answer;
	struct strbuf words = {0};

	if (!answer->count) {
		log_answer_add_missing(&words, search, query);
		error_set(err, "log: %s", strbuf_string(&words));
	} else {
		strbuf_add_string(&words, "log: ");
		log_answer_add_subject(&words, search, query);
		strbuf_add_string(&words, " may be ");
		if (answer->count == 1) {
			strbuf_printf(&words, "log:%" PRId64 ", or none: ", answer->log_ids[0]);
		} else {
			strbuf_add_string(&words, "any of ");
			quantity_add_count(&words, (int64_t)(answer->count + answer->left_out));
			strbuf_add_string(&words, " recorded lines: ");
		}
		log_answer_add_why(&words, answer);
		error_set(err, "%s", strbuf_string(&words));
	}
	strbuf_deinit(&words);
	return 1;
}

static int by_place(
	struct session *session, struct log_show *show, const char *place, struct error *err)
{
	struct log_search search = {0};
	const struct search_query *query;
	int status = log_input_place(&search, place, err), result;

	if (!status && log_search_run(&search, session->recording, err))
		status = 1;
	if (!status) {
		query = &search.queries[0];
		log_show_begin(show, session, NULL);
		result = show_answer(show, &search, query, err);
		/* The error says it of several, but traces need it before them. */
		if (result >= 0 && query->answer.count &&
			query->answer.sure != (show->traces ? PLACE_EXACT : PLACE_AMBIGUOUS))
			answer_sentence(show, &search, query);
		result = result < 0 ? -1 : log_show_end(show, err);
		if (result < 0)
			status = 1;
		else if (!query->answer.count || query->answer.sure == PLACE_AMBIGUOUS)
			status = refuse_answer(&search, query, err);
	}
	log_search_deinit(&search);
	return status;
}

/* The lines of the input that were not found. Returns how many. */
static int64_t name_missing(const struct log_search *search)
{
	struct strbuf words = {0};
	int64_t count = 0;
	size_t i;

	fflush(stdout);
	for (i = 0; i < search->count; i++) {
		if (search->queries[i].answer.count)
			continue;
		if (++count > MISSING_NAMED)
			continue;
		strbuf_clear(&words);
		log_answer_add_missing(&words, search, &search->queries[i]);
		fprintf(stderr, "acausal: log: %s\n", strbuf_string(&words));
	}
	strbuf_deinit(&words);
	return count;
}

/* The same text again is the same answer, of which one is enough. */
static bool is_repeated(const struct log_search *search, size_t i, bool *said)
{
	const struct search_query *query = &search->queries[i];
	bool again;

	if (query->raw == WANTED_NONE || query->answer.sure != PLACE_AMBIGUOUS || query->is_place)
		return false;
	again = said[query->raw];
	said[query->raw] = true;
	return again;
}

/* "3 lines of the input fit more than one recorded line" */
static void add_uncertain(struct strbuf *words, int64_t count, const char *how)
{
	if (!count)
		return;
	strbuf_add_string(words, words->length ? "; " : "");
	quantity_add_count(words, count);
	strbuf_add_string(
		words, count == 1 ? " line of the input fits " : " lines of the input fit ");
	strbuf_add_string(words, how);
}

/* What is not certain of the answers; where the list has no marks, which they are. */
static void uncertain_sentence(struct log_show *show, const struct log_search *search)
{
	struct strbuf words = {0};
	int64_t several = 0, likely = 0, named = 0;
	size_t i;

	for (i = 0; i < search->count; i++) {
		const struct search_answer *answer = &search->queries[i].answer;

		if (answer->sure == PLACE_AMBIGUOUS && answer->recorded > 1)
			several++;
		else
			likely += log_answer_is_uncertain(answer);
	}
	add_uncertain(&words, several, "more than one recorded line");
	add_uncertain(&words, likely,
		"one, but not certainly (by its end, or in a file that may be another)");
	if (words.length && !show->traces)
		strbuf_add_string(&words, ": those are marked with ?");
	for (i = 0; words.length && show->traces && i < search->count; i++) {
		const struct search_answer *answer = &search->queries[i].answer;

		if (answer->count && log_answer_is_uncertain(answer) && named < UNCERTAIN_NAMED)
			strbuf_printf(&words, "%slog:%" PRId64,
				named++ ? ", " : ": not certain are ", answer->log_ids[0]);
	}
	if (several || named < likely)
		strbuf_add_string(&words, show->traces ? " and others" : "");
	if (words.length)
		log_show_sentence(show, PAGE_WARN, strbuf_string(&words));
	strbuf_deinit(&words);
}

static int show_answers(struct log_show *show, const struct log_search *search, struct error *err)
{
	bool *said = calloc(search->wanted.count + 1, sizeof *said);
	int result = 1;
	size_t i;

	if (!said)
		return error_set(err, "out of memory");
	for (i = 0; result == 1 && i < search->count; i++)
		if (!is_repeated(search, i, said))
			result = show_answer(show, search, &search->queries[i], err);
	free(said);
	if (result >= 0)
		uncertain_sentence(show, search);
	return result;
}

static int by_input(struct session *session, struct log_show *show, struct error *err)
{
	struct log_search search = {0};
	int64_t missing = 0;
	int result = log_input_lines(&search, stdin, err);

	if (!result && !search.count)
		result = error_set(err, "log: there is nothing on the input: pipe lines of a log to"
					" it (grep ERROR app.log | acausal log -)");
	if (!result)
		result = log_search_run(&search, session->recording, err);
	if (!result) {
		log_show_begin(show, session, NULL);
		result = show_answers(show, &search, err);
		result = result < 0 ? -1 : log_show_end(show, err);
		missing = name_missing(&search);
	}
	if (!result && missing)
		result = error_set(err, "log: %" PRId64 " of %zu lines of the input were not found",
			missing, search.count);
	log_search_deinit(&search);
	return result ? 1 : 0;
}

/* What the command line asks for. */
static int check(const struct session *session, const char *word, const char *file,
	const struct option_values *values, struct error *err)
{
	bool lines = word && !strcmp(word, "-");

	if (word && file)
		return error_set(err, "log: PATTERN and --file are two questions: ask one");
	if (lines && session->at_prompt)
		return error_set(err, "log: '-' is for lines that are piped to 'acausal log -'");
	if ((lines || file) &&
		(option_value(values, "ignore-case") || option_value(values, "fixed-strings")))
		return error_set(err, "log: -i and -F are about a PATTERN, and there is none");
	if (word && !lines && file_kind_of(word) == FILE_RECORDING)
		return error_set(
			err, "log: '%s' is a recording, not a PATTERN: type -r %s", word, word);
	return 0;
}

static int log_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const struct option_values *values = &invocation->options;
	const char *format = option_value(values, "format"), *file = option_value(values, "file");
	const char *word = values->word_count ? values->words[0] : NULL;
	struct log_show *show;
	int status;

	if (check(session, word, file, values, err))
		return 2;
	show = calloc(1, sizeof *show);
	if (!show) {
		error_set(err, "out of memory");
		return 1;
	}
	show->as_json = format && *format == 'j';
	show->traces = option_value(values, "trace");
	if (read_limit(values, &show->limit, err) || read_with(values, show, err))
		status = 2;
	else if (log_with_check(&show->with, session->recording, err))
		status = 1;
	else if (file)
		status = by_place(session, show, file, err);
	else if (word && !strcmp(word, "-"))
		status = by_input(session, show, err);
	else
		status = by_pattern(session, invocation, show, word, err);
	log_show_deinit(show);
	free(show);
	return status;
}

const struct command log_command = {
	.name = "log",
	.group = GROUP_THINGS,
	.usage = "[options] [PATTERN | --file PATH:LINE | -]",
	.summary = "list what the program wrote, or find a line of its log",
	.description = "Lists recorded lines with their moment, thread, point (log:N) and the"
		       "\nresource whose callback wrote them (#ID); 'trace' and 'info' take both."
		       "\nPATTERN is a regular expression as in Perl (PCRE2); (?i) in front of "
		       "it, or"
		       "\n-i, ignores case."
		       "\n\n"
		       "  acausal log 'timeout|refused'             lines that match\n"
		       "  acausal log --trace 'query .* failed'     how the program came to write "
		       "them\n"
		       "  acausal log --file app.log:1042           that line of a file\n"
		       "  grep ERROR app.log | acausal log -        lines from the input\n"
		       "\n"
		       "A file is known again after it was renamed or rotated. Where the same "
		       "text was"
		       "\nwritten several times, what is said is no more than what is sure: which "
		       "of"
		       "\nthem it is, or which it may be."
		       "\n\n"
		       "A line marked ? is not certain: one of several, or no more than likely, "
		       "as "
		       "where"
		       "\nonly a line's end is the same. In JSON, sure says so, and "
		       "why."
		       "\nLines marked ~ were seen only when a buffer was flushed; #? is a run "
		       "that "
		       "is"
		       "\nnot known. On a terminal long lines are cut, in JSON they are whole."
		       "\n\n"
		       "Exit status: 1 when no line was found, when a line of the input was not, "
		       "or when"
		       "\na place may be several lines.",
	.options = log_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT | COMMAND_RECORDING,
	.most_words = 1,
	.run = log_run,
};
