/* `log --with KEY`: the values of a context that were in force where a line was written. */
#ifndef ACAUSAL_DEBUGGER_LOG_WITH_H
#define ACAUSAL_DEBUGGER_LOG_WITH_H

#include "debugger/lineage/context_values.h"
#include "debugger/text/json.h"

#define LOG_WITH_MAX 8

/* Begins zeroed. What was looked up last is kept: lines of one run follow each other. */
struct log_with {
	char *keys[LOG_WITH_MAX];
	size_t count;
	struct run_row run;	      /* of the last line … */
	struct context_values values; /* … and what was in force */
	struct strbuf words;
};

/* Takes a key, or several parted by commas. */
int log_with_add(struct log_with *with, const char *keys, struct error *err);
void log_with_deinit(struct log_with *with);

/* Is there any context to be shown? 0, or -1 and why not. */
int log_with_check(const struct log_with *with, struct reader *recording, struct error *err);

/* Looks up what was in force where a line was written: for the two below. */
int log_with_load(struct log_with *with, struct reader *recording, const struct log_row *log,
	struct error *err);

/* "request_id=7f3a user=-", printable; borrowed until the next call. */
const char *log_with_words(struct log_with *with);

/* The object under "context": each key and its value or null. */
void log_with_json(const struct log_with *with, struct json *json);

#endif
