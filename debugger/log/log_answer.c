/* Answers of a search in words: see log_answer.h. Prints nothing. */
#include "debugger/log/log_answer.h"

#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>

#define QUOTED_BYTES 80

static void add_path(
	struct strbuf *words, const struct log_search *search, const struct search_query *query)
{
	printable_add_string(words, search->sources[query->source].path);
}

void log_answer_add_subject(
	struct strbuf *words, const struct log_search *search, const struct search_query *query)
{
	if (query->number) {
		strbuf_printf(words, "line %" PRId64 " of the input", query->number);
	} else if (query->is_place) {
		add_path(words, search, query);
		strbuf_printf(words, ":%" PRId64, query->line);
	} else {
		strbuf_add_char(words, '\'');
		printable_add(words, query->bytes, query->kept, QUOTED_BYTES);
		strbuf_add_char(words, '\'');
	}
}

bool log_answer_is_uncertain(const struct search_answer *answer)
{
	return answer->sure == PLACE_AMBIGUOUS || answer->sure == PLACE_LIKELY;
}

const char *log_answer_sureness(const struct search_answer *answer)
{
	return answer->sure == PLACE_EXACT	? "exact"
	       : answer->sure == PLACE_NARROWED ? "narrowed"
	       : answer->sure == PLACE_LIKELY	? "likely"
						: "ambiguous";
}

static void add_times(struct strbuf *words, size_t count)
{
	if (count == 1) {
		strbuf_add_string(words, "once");
		return;
	}
	quantity_add_count(words, (int64_t)count);
	strbuf_add_string(words, " times");
}

/* "it was recorded 12 times and stands in the file 9 times" */
static void add_counts(struct strbuf *words, const struct search_answer *answer)
{
	strbuf_add_string(words, "the text was recorded ");
	add_times(words, answer->recorded);
	if (!answer->in_file)
		return;
	strbuf_add_string(words, " and stands in the file ");
	add_times(words, answer->in_file);
}

static void add_place_why(struct strbuf *words, const struct search_answer *answer)
{
	switch (answer->why) {
	case PLACE_COUNTED:
		strbuf_add_string(words, "number ");
		quantity_add_count(words, (int64_t)answer->index + 1);
		strbuf_add_string(words, " of ");
		quantity_add_count(words, (int64_t)answer->recorded);
		strbuf_add_string(words, " such lines, in the file and in the recording, all of"
					 " one writer");
		break;
	case PLACE_BETWEEN:
		strbuf_add_string(words, "the lines around it leave no other; ");
		add_counts(words, answer);
		break;
	case PLACE_CUT:
		strbuf_add_string(words, "only the beginning of it was kept, which is the same, and"
					 " its length");
		break;
	case PLACE_ONCE:
		add_counts(words, answer);
		break;
	case PLACE_MORE:
		add_counts(words, answer);
		strbuf_add_string(words, ": somebody else wrote it too");
		break;
	case PLACE_WRITERS:
		add_counts(words, answer);
		strbuf_add_string(words, ", by several writers, whose order is not certain");
		break;
	case PLACE_UNORDERED:
		add_counts(words, answer);
		strbuf_add_string(words, ", by calls that may reach a file in any order");
		break;
	case PLACE_ELSEWHERE:
		strbuf_add_string(words, "the lines around it fit none of them: the file was"
					 " edited, or somebody else wrote it");
		break;
	case PLACE_UNBOUNDED:
		add_counts(words, answer);
		strbuf_add_string(words, ": no line that is known stands on one side of it, and"
					 " the file may have lost some there");
		break;
	default:
		add_counts(words, answer);
		strbuf_add_string(words, ": the file lost some, or they are not written yet");
	}
}

void log_answer_add_why(struct strbuf *words, const struct search_answer *answer)
{
	bool of_place = answer->in_file;

	if (answer->way == SEARCH_BY_TAG)
		strbuf_add_string(words, "by its tag; ");
	if (of_place) {
		add_place_why(words, answer);
	} else if (answer->why == PLACE_CUT) {
		add_place_why(words, answer);
	} else {
		add_counts(words, answer);
	}
	if (answer->way == SEARCH_BY_END)
		strbuf_add_string(words, ", and is the end of the line");
	else if (of_place && answer->way == SEARCH_BY_TEXT)
		strbuf_add_string(words, "; by its text alone: it was not recorded of that file");
	if (of_place && answer->changed_after)
		strbuf_add_string(words, "; the file was written to after recording had ended");
}

void log_answer_add_missing(
	struct strbuf *words, const struct log_search *search, const struct search_query *query)
{
	const struct search_answer *answer = &query->answer;

	if (answer->missing == SEARCH_FOREIGN) {
		strbuf_add_string(words, "nothing in '");
		add_path(words, search, query);
		strbuf_add_string(words,
			"' was recorded: it is a file of another program, or one whose"
			" lines are not recorded (record --log)");
		return;
	}
	if (answer->missing == SEARCH_NO_LINE) {
		strbuf_add_char(words, '\'');
		add_path(words, search, query);
		strbuf_printf(words, "' has %" PRId64 " line%s, and so no line %" PRId64,
			answer->file_lines, answer->file_lines == 1 ? "" : "s", query->line);
		return;
	}
	log_answer_add_subject(words, search, query);
	if (answer->missing == SEARCH_BEFORE) {
		strbuf_add_string(words, " was written before recording began: the file had ");
		quantity_add_count(words, (int64_t)answer->size_before);
		strbuf_add_string(words, " bytes then");
		return;
	}
	strbuf_add_string(words, " was not recorded");
	if (query->is_place)
		strbuf_add_string(words, ", as others of its file were: somebody else wrote it, or"
					 " it was changed since");
	if (query->number) {
		strbuf_add_string(words, ": ");
		printable_add(words, query->bytes, query->kept, QUOTED_BYTES);
	}
}
