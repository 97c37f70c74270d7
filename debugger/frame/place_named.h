/* What `list` is asked for: a line of a file of the recording, by words. */
#ifndef ACAUSAL_DEBUGGER_PLACE_NAMED_H
#define ACAUSAL_DEBUGGER_PLACE_NAMED_H

#include "debugger/frame/selection.h"

enum place_ask {
	PLACE_NEAR_FRAME, /* around the selected frame, or on from what was listed last */
	PLACE_BEFORE,	  /* "-" */
	PLACE_AFTER,	  /* "+" */
	PLACE_LINES,	  /* "12", "12,20": of the file that was listed last, or the frame's */
	PLACE_FILE,	  /* "render.c:12" */
	PLACE_FUNCTION
};

/* As it was typed. */
struct place_words {
	enum place_ask ask;
	char *name;	     /* of a file or function; to be freed */
	int64_t first, last; /* lines; `last` 0: only one was named */
};

/* Reads the words; knows no recording. NULL is PLACE_NEAR_FRAME. */
int place_words_read(const char *text, struct place_words *ret, struct error *err);

/* A place in a file as the recording names it. Strings belong to the recording. */
struct named_place {
	const char *file, *directory, *function;
	int64_t line;
	const char *build_id; /* of a module that has it; may be NULL */
};

/*
 * Finds the file or function: in the selected stack, else anywhere in the recording. An error when
 * there is none, or when more than one is meant.
 */
int named_place_find(struct reader *recording, const struct selection *selection,
	const struct place_words *words, struct named_place *ret, struct error *err);

/* The build ID of the module of a place; NULL when that is not known. */
int named_place_build_id(struct reader *recording, const char *file, const char *directory,
	const char **ret, struct error *err);

#endif
