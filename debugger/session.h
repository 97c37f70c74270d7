/* What commands share: the recording that is looked at, and where results go. */
#ifndef ACAUSAL_DEBUGGER_SESSION_H
#define ACAUSAL_DEBUGGER_SESSION_H

#include "debugger/recording/frames.h"
#include "debugger/recording/point.h"
#include "debugger/recording/reader.h"
#include "debugger/text/strbuf.h"

#include <stdbool.h>
#include <stdio.h>

/* What commands of the prompt leave for each other; one thing each. */
enum session_attachment {
	SESSION_CURSOR,	   /* debugger/time: where in time the prompt stands */
	SESSION_SELECTION, /* debugger/frame: the stack that was shown last, and a frame of it */
	SESSION_SETTINGS,  /* debugger/prompt: what `set` has set */
	SESSION_SQL,	   /* debugger/sql: what .mode and its like have set */
	SESSION_ATTACHMENTS
};

struct session {
	char *path; /* of the recording, a core or a snapshot; NULL only for want of memory */
	const char *executable; /* of a core or snapshot; NULL: the one that it names. Borrowed */
	bool path_given;	/* by -r or the environment, and not the default */
	bool path_typed;	/* by -r: without it, the next command would not find it */
	bool at_prompt;
	bool is_visit; /* of one command to another recording, which the next would not find */
	bool quit;     /* the prompt is to end */
	FILE *out;

	/*
	 * Reads a line of SQL after `prompt`, without its newline, to be freed; NULL at the end of
	 * the input. *ret_interrupted: by Ctrl-C all lines before it were given up. The recording
	 * must be released meanwhile. NULL: nobody can be asked.
	 */
	char *(*ask)(struct session *session, const char *prompt, bool *ret_interrupted);

	struct reader *recording; /* NULL until it is needed */
	struct frames_cache *cache;

	struct point current; /* what the prompt looked at last; POINT_DEFAULT: nothing */
	struct {
		void *thing;
		void (*destroy)(void *thing);
	} attached[SESSION_ATTACHMENTS];
};

/* Takes -r's FILE, or NULL for $ACAUSAL_RECORDING or acausal.db. */
void session_init(struct session *session, const char *path);
void session_deinit(struct session *session);

/* For one command that is about another file than `from` is. */
void session_init_visit(struct session *visit, const struct session *from, const char *path);

/* Goes over to another recording. Takes a copy. */
void session_set_path(struct session *session, const char *path);

/*
 * The point that `word` names. Without a word (NULL) that is, at the prompt, the one looked at
 * last, else POINT_DEFAULT. "." is the one looked at last, or an error.
 */
int session_point(
	const struct session *session, const char *word, struct point *ret, struct error *err);

/* Remembers what was looked at. */
void session_look_at(struct session *session, const struct point *point);

/*
 * Keeps something until the session goes over to another recording or ends, when `destroy` gets it;
 * what was kept there before is destroyed. session_attached is NULL while there is nothing.
 */
void session_attach(struct session *session, enum session_attachment as, void *thing,
	void (*destroy)(void *thing));
void *session_attached(const struct session *session, enum session_attachment as);

/* How a command is typed here, as far as its own arguments: "trace", "acausal trace -r FILE". */
void session_add_command(const struct session *session, struct strbuf *words, const char *command);

/* Is it a core, whether or not it carries history? */
bool session_has_core(const struct session *session);

/*
 * Opens the recording unless it is open; one that still grew is looked at again. Of a core it opens
 * what that has of history, see core_view.h, and so of a snapshot that a program took. Between this
 * and session_release everything sees it at one moment. One that still grows is closed by that:
 * what belongs to it, and was not copied, is gone.
 */
int session_acquire(struct session *session, struct error *err);
void session_release(struct session *session);

#endif
