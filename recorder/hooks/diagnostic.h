/*
 * What wrappers have in common of functions that say something on the standard error by ways of
 * libc's own: perror, warn, error and their kin. What libc writes is put together once more, and
 * noted after it was written; or before, by a function that does not come back.
 *
 *	struct diagnostic diagnostic;
 *
 *	UNWIND_FROM_CALLER(&diagnostic.call.log.from);
 *	if (!diagnostic_enter(&diagnostic, ACAUSAL_API_perror)) { call the real one; return; }
 *	diagnostic_say(&diagnostic, …); …
 *	diagnostic_do(&diagnostic, what calls the real one);
 */
#ifndef ACAUSAL_HOOKS_DIAGNOSTIC_H
#define ACAUSAL_HOOKS_DIAGNOSTIC_H

#include "recorder/hooks/stdio_call.h"
#include "recorder/hooks/text.h"

enum { DIAGNOSTIC_PIECES = 12, DIAGNOSTIC_WORDS = 256 };

struct diagnostic {
	struct stdio_call call; /* the first member */
	struct iovec pieces[DIAGNOSTIC_PIECES];
	int count;
	struct text text;	      /* what the program had to say, formatted */
	char words[DIAGNOSTIC_WORDS]; /* for errors' names */
	bool (*real)(struct diagnostic *diagnostic);
	/* The call's arguments, for `real`. */
	const char *prefix, *format;
	va_list *arguments;
	const siginfo_t *info;
	unsigned line;
	int number;
	bool writes_by_descriptor; /* not by the stream */
};

/* Fills what the others need, but for `call.log.from`. False: pass the call through. */
bool diagnostic_enter(struct diagnostic *diagnostic, enum acausal_api api);

/* One more piece of what is said. Borrowed until it has been noted. */
void diagnostic_say(struct diagnostic *diagnostic, const char *words);

/* The same of what is formatted, and kept in `text`. */
void diagnostic_say_text(struct diagnostic *diagnostic);

/* What an error is called, as strerror has it. */
void diagnostic_say_error(struct diagnostic *diagnostic, int number);

/*
 * Calls `real`, which returns whether it has written the pieces, with stderr locked, and notes
 * them. `text` is to be ended by the caller.
 */
void diagnostic_do(struct diagnostic *diagnostic, bool (*real)(struct diagnostic *diagnostic));

/* Notes the pieces: what writes them does not come back. */
void diagnostic_last(struct diagnostic *diagnostic);

#endif
