/* What commands share: the recording that is looked at, and where results go. */
#ifndef ACAUSAL_DEBUGGER_SESSION_H
#define ACAUSAL_DEBUGGER_SESSION_H

#include "debugger/frames.h"
#include "debugger/reader.h"
#include "debugger/strbuf.h"

#include <stdbool.h>
#include <stdio.h>

struct session {
	char *path; /* of the recording, a core or a snapshot; NULL only for want of memory */
	const char *executable; /* of a core or snapshot; NULL: the one that it names. Borrowed */
	bool path_given;	/* by -r or the environment, and not the default */
	bool path_typed;	/* by -r: without it, the next command would not find it */
	bool at_prompt;
	bool quit; /* the prompt is to end */
	FILE *out;

	struct reader *recording; /* NULL until it is needed */
	struct frames_cache *cache;
};

/* Takes -r's FILE, or NULL for $ACAUSAL_RECORDING or acausal.db. */
void session_init(struct session *session, const char *path);
void session_deinit(struct session *session);

/* Goes over to another recording. Takes a copy. */
void session_set_path(struct session *session, const char *path);

/* How a command is typed here, as far as its own arguments: "trace", "acausal trace -r FILE". */
void session_add_command(const struct session *session, struct strbuf *words, const char *command);

/*
 * Opens the recording unless it is open; one that still grew is looked at again. Of a core it opens
 * what that has of history, see core_view.h, and so of a snapshot that a program took. Between this
 * and session_release everything sees it at one moment.
 */
int session_acquire(struct session *session, struct error *err);
void session_release(struct session *session);

#endif
