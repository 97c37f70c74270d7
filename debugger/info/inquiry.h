/*
 * What `info` has found out of one thing so far: facts, and the words of the line that is being put
 * together. A line is begun with inquiry_words and ended with inquiry_line.
 */
#ifndef ACAUSAL_DEBUGGER_INQUIRY_H
#define ACAUSAL_DEBUGGER_INQUIRY_H

#include "debugger/info/facts.h"
#include "debugger/lineage/execution.h"
#include "debugger/session.h"

struct inquiry {
	struct reader *recording;   /* borrowed */
	struct frames_cache *cache; /* borrowed */
	struct facts facts;
	struct strbuf words;
	const char *executable;
	const struct session *session; /* borrowed */
	struct execution in;	       /* the run that inquiry_add_run was given last */
};

/* Of which process it is: its executable goes without saying. */
int inquiry_set_process(struct inquiry *inquiry, int64_t process_id, struct error *err);

/* Begins a line. */
struct strbuf *inquiry_words(struct inquiry *inquiry);

/* Ends it: the words so far become a line for people. */
void inquiry_line(struct inquiry *inquiry, const char *label);

/* A column for scripts. */
void inquiry_integer(struct inquiry *inquiry, const char *key, int64_t number);
void inquiry_string(struct inquiry *inquiry, const char *key, const char *text);

/* ", at +1.2 s"; nothing when it is not known. */
void inquiry_add_moment(struct inquiry *inquiry, int64_t ns);

/* "run:9 (on_connection of tcp 5)" */
int inquiry_add_run(struct inquiry *inquiry, int64_t run_id, int64_t thread_id, struct error *err);

/* "tcp 5 (0.0.0.0:3000)" */
int inquiry_add_resource(struct inquiry *inquiry, int64_t async_id, struct error *err);

/* ", on thread:3 (worker)" */
int inquiry_add_thread(struct inquiry *inquiry, int64_t thread_id, struct error *err);

/* "reload_config (src/config.c:210)": the innermost frame of a stack; false when it has none. */
bool inquiry_add_place(struct inquiry *inquiry, const struct frames *frames);

bool inquiry_add_frame(struct inquiry *inquiry, const struct frame *frame);

/* A number about the rows of one resource: the first of `sql`, which has one parameter. */
int64_t inquiry_number(struct inquiry *inquiry, const char *sql, int64_t async_id);

/* Rows are counted up to here: "12", or "more than 100,000". */
#define INQUIRY_COUNT_MAX 100000
void inquiry_add_count(struct inquiry *inquiry, int64_t count);

/* "acausal info 31"; at the prompt "info 31". */
void inquiry_add_command(struct inquiry *inquiry, const char *command, int64_t async_id);

/* A stack that was taken in the last run named, under `key`; for people below the line before it.
 */
int inquiry_add_stack(
	struct inquiry *inquiry, const char *key, int64_t stack_id, struct error *err);

#endif
