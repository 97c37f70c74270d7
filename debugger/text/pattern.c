/*
 * A regular expression for log lines: see pattern.h. The only file that knows PCRE2. A pattern is
 * its user's own, but neither it nor the text may make us hang or run out of memory: both compiling
 * and matching have limits.
 */
#include "debugger/text/pattern.h"

#include "debugger/text/printable.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_MAX  10000	/* bytes */
#define MATCH_LIMIT  2000000	/* steps in one text */
#define HEAP_LIMIT   (64 << 10) /* KiB, of the matcher that is no machine code */
#define STACK_FIRST  (32 << 10)
#define STACK_MOST   (1 << 20)
#define QUOTED_BYTES 60

struct pattern {
	pcre2_code *code;
	pcre2_match_context *context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
};

/* What PCRE2 says of a code. */
static void message(int code, char *ret, size_t size)
{
	if (pcre2_get_error_message(code, (PCRE2_UCHAR *)ret, size) < 0)
		snprintf(ret, size, "error %d of PCRE2", code);
}

static int refuse(const char *pattern, int code, size_t offset, struct error *err)
{
	struct strbuf words = {0}, near = {0};
	size_t length = strlen(pattern);
	char why[160];

	message(code, why, sizeof why);
	printable_add(&words, pattern, length, QUOTED_BYTES);
	if (offset < length) {
		printable_add(&near, pattern + offset, strnlen(pattern + offset, QUOTED_BYTES), 0);
		error_set(err, "'%s' is no regular expression: %s, at character %zu: %s",
			strbuf_string(&words), why, offset + 1, strbuf_string(&near));
	} else {
		error_set(err, "'%s' is no regular expression: %s, at its end",
			strbuf_string(&words), why);
	}
	strbuf_deinit(&words);
	strbuf_deinit(&near);
	return -1;
}

static int compile(struct pattern *match, const char *pattern,
	const struct pattern_options *options, struct error *err)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
	PCRE2_SIZE offset = 0;
	int code = 0;

	if (!context)
		return error_set(err, "out of memory");
	pcre2_set_max_pattern_length(context, PATTERN_MAX);
	if (options->ignore_case)
		flags |= PCRE2_CASELESS;
	/* PCRE2 allows few options beside this one. */
	if (options->literal)
		flags = (flags & ~(uint32_t)PCRE2_NEVER_BACKSLASH_C) | PCRE2_LITERAL;
	match->code = pcre2_compile(
		(PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, flags, &code, &offset, context);
	pcre2_compile_context_free(context);
	return match->code ? 0 : refuse(pattern, code, offset, err);
}

int pattern_create(struct pattern **ret, const char *pattern, const struct pattern_options *options,
	struct error *err)
{
	struct pattern *match = calloc(1, sizeof *match);

	if (!match)
		return error_set(err, "out of memory");
	if (compile(match, pattern, options, err)) {
		pattern_destroy(match);
		return -1;
	}
	match->context = pcre2_match_context_create(NULL);
	match->data = pcre2_match_data_create_from_pattern(match->code, NULL);
	if (!match->context || !match->data) {
		pattern_destroy(match);
		return error_set(err, "out of memory");
	}
	pcre2_set_match_limit(match->context, MATCH_LIMIT);
	pcre2_set_heap_limit(match->context, HEAP_LIMIT);
	/* Where there is no machine code, pcre2_match interprets. */
	if (!pcre2_jit_compile(match->code, PCRE2_JIT_COMPLETE)) {
		match->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, NULL);
		pcre2_jit_stack_assign(match->context, NULL, match->stack);
	}
	*ret = match;
	return 0;
}

void pattern_destroy(struct pattern *match)
{
	if (!match)
		return;
	pcre2_jit_stack_free(match->stack);
	pcre2_match_data_free(match->data);
	pcre2_match_context_free(match->context);
	pcre2_code_free(match->code);
	free(match);
}

int pattern_find(struct pattern *match, const char *bytes, size_t length, size_t from,
	struct pattern_range *ret, struct error *err)
{
	PCRE2_SPTR text = (PCRE2_SPTR)(bytes ? bytes : "");
	const PCRE2_SIZE *found;
	char why[160];
	int code = pcre2_match(match->code, text, length, from, 0, match->data, match->context);

	if (code == PCRE2_ERROR_JIT_STACKLIMIT)
		code = pcre2_match(
			match->code, text, length, from, PCRE2_NO_JIT, match->data, match->context);
	if (code == PCRE2_ERROR_NOMATCH)
		return 0;
	if (code < 0) {
		message(code, why, sizeof why);
		return error_set(err, "the pattern takes too long on a line: %s", why);
	}
	found = pcre2_get_ovector_pointer(match->data);
	*ret = (struct pattern_range){found[0], found[1]};
	if (ret->end < ret->begin) /* \K in a look-ahead */
		ret->end = ret->begin;
	return 1;
}
