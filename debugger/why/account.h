/*
 * What `why` has to say so far: sentences in the words of an inquiry, which are not cleared between
 * them, and the same facts for scripts. The parts of `why` share it; no one else includes this.
 */
#ifndef ACAUSAL_DEBUGGER_ACCOUNT_H
#define ACAUSAL_DEBUGGER_ACCOUNT_H

#include "debugger/info/inquiry.h"
#include "debugger/lineage/segment.h"

struct account {
	struct inquiry inquiry;
	bool is_run_named;   /* the run in question has been named, with its callback */
	bool is_birth_told;  /* who made its resource has been said */
	int64_t next_run_id; /* worth a look: what held the loop, what made it fire; or UNKNOWN */
};

/* Begins a sentence: the words, with a blank at their end unless they are the first. */
struct strbuf *account_sentence(struct account *account);

/*
 * " in read_page (src/cache.c:64)", where a stack has a place that is known: the innermost that is
 * neither the C library's nor libuv's.
 */
void account_add_place(struct account *account, const struct frames *frames);

/* " at +1.2 s" */
void account_add_moment(struct account *account, int64_t ns);

/* ", 3.2 ms before": how long `ns` was before `than_ns`, where that is known. */
void account_add_before(struct account *account, int64_t ns, int64_t than_ns);

/* A run in an object for scripts: its ID, its callback and what it was of. */
void account_run_keys(struct account *account, const struct execution *in);

/* Adds "fs 24", "fs 24 and timer 21", "fs 24, timer 21, work 22 and 1,201 more". */
int account_add_list(struct account *account, const int64_t *ids, size_t shown, int64_t count,
	bool is_cut, int (*add)(struct account *account, int64_t id, struct error *err),
	struct error *err);
int account_add_resource(struct account *account, int64_t async_id, struct error *err);

#endif
