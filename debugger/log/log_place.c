/*
 * Which recorded line is the one at a place in a file: see log_place.h. A wrong line is worse than
 * none: whatever is not excluded keeps the answer ambiguous.
 */
#include "debugger/log/log_place.h"

bool log_place_fits(const struct place_question *question, const struct place_candidate *candidate)
{
	return !question->has_bounds ||
	       (candidate->low < question->line && question->line < candidate->high);
}

static bool is_of_writer(const struct place_candidate *a, const struct place_candidate *b)
{
	return a->group == b->group && a->writer == b->writer && !a->is_unordered &&
	       !b->is_unordered;
}

/* What makes candidates indistinct. */
static enum place_why why_several(const struct place_question *question)
{
	const struct place_candidate *first = question->candidates;
	size_t i;

	for (i = 0; i < question->count; i++)
		if (question->candidates[i].is_cut)
			return PLACE_CUT;
	for (i = 1; i < question->count; i++)
		if (first[i].is_unordered)
			return PLACE_UNORDERED;
	for (i = 1; i < question->count; i++)
		if (!is_of_writer(first, &first[i]))
			return PLACE_WRITERS;
	return question->line_count < question->count ? PLACE_FEWER : PLACE_MORE;
}

/* The first of `lines` that is not below `line`. */
static size_t position(const struct place_question *question, int64_t line)
{
	size_t low = 0, high = question->line_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (question->lines[middle] < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of the same writer, between the same two lines. */
static bool is_sibling(const struct place_candidate *a, const struct place_candidate *b)
{
	return a->low == b->low && a->high == b->high && (a == b || is_of_writer(a, b));
}

/* May a candidate stand at any of lines[from … to)? */
static bool reaches(const struct place_question *question, const struct place_candidate *candidate,
	size_t from, size_t to)
{
	size_t first;

	if (candidate->low == PLACE_BEHIND)
		return false;
	first = position(question, candidate->low + 1);
	first = first < from ? from : first;
	return first < to && question->lines[first] < candidate->high;
}

/*
 * The siblings of `one` are all that can stand between their two lines: which of them is at the
 * question's line? Counts `mates` of them where `there` lines of the file are; the file may have
 * lost lines at its beginning or its end.
 */
static bool count_between(
	const struct place_candidate *one, size_t mates, size_t there, size_t index, size_t *ret)
{
	*ret = index;
	if (there == mates)
		return true;
	if (there > mates)
		return false; /* somebody else's are among them */
	if (one->low != PLACE_BEFORE && one->high == PLACE_BEHIND)
		return true;
	*ret = mates - there + index;
	return one->low == PLACE_BEFORE && one->high != PLACE_BEHIND;
}

/* By the lines around it. */
static struct place_answer decide_between(const struct place_question *question, size_t index)
{
	struct place_answer answer = {PLACE_AMBIGUOUS, why_several(question), 0, index, false};
	const struct place_candidate *one = NULL;
	size_t i, from, to, mates = 0, wanted;

	for (i = 0; i < question->count && !one; i++)
		if (log_place_fits(question, &question->candidates[i]))
			one = &question->candidates[i];
	if (!one) {
		answer.why = PLACE_ELSEWHERE;
		return answer;
	}
	/* With nothing around it that is known, this would be mere counting. */
	if (one->low == PLACE_BEFORE && one->high == PLACE_BEHIND)
		return answer;
	from = position(question, one->low + 1);
	to = position(question, one->high);
	for (i = 0; i < question->count; i++) {
		const struct place_candidate *other = &question->candidates[i];

		if (is_sibling(one, other))
			mates++;
		else if (reaches(question, other, from, to))
			return answer;
	}
	if (!count_between(one, mates, to - from, index - from, &wanted))
		return answer;
	for (i = 0; i < question->count; i++)
		if (is_sibling(one, &question->candidates[i]) && !wanted--)
			break;
	answer.sure = PLACE_NARROWED;
	answer.why = PLACE_BETWEEN;
	answer.chosen = i;
	answer.is_short = to - from < mates;
	return answer;
}

struct place_answer log_place_decide(const struct place_question *question)
{
	struct place_answer answer = {PLACE_NOT_FOUND, PLACE_NOTHING, 0, 0, false};
	size_t i;

	if (!question->count)
		return answer;
	answer.index = position(question, question->line);
	answer.sure = PLACE_AMBIGUOUS;
	answer.why = why_several(question);
	if (question->line_count == question->count && question->count == 1 &&
		log_place_fits(question, &question->candidates[0])) {
		/* What was not kept of a line cannot be compared. */
		answer.sure = question->candidates[0].is_cut ? PLACE_NARROWED : PLACE_EXACT;
		answer.why = question->candidates[0].is_cut ? PLACE_CUT : PLACE_ONCE;
		return answer;
	}
	for (i = 0; i < question->count; i++)
		if (question->candidates[i].is_cut)
			return answer; /* not all of the text is compared: it is not to be counted
					*/
	for (i = 1; i < question->count; i++)
		if (!is_of_writer(&question->candidates[0], &question->candidates[i]))
			break;
	if (i == question->count && question->line_count == question->count &&
		log_place_fits(question, &question->candidates[answer.index])) {
		answer.sure = PLACE_EXACT;
		answer.why = PLACE_COUNTED;
		answer.chosen = answer.index;
		return answer;
	}
	return question->has_bounds ? decide_between(question, answer.index) : answer;
}
