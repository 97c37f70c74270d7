/*
 * Recorded lines by their text, and by their place in a log file: any number of questions, answered
 * in one pass over the recording and two over each file. Says how sure each answer is, and why.
 */
#ifndef ACAUSAL_DEBUGGER_LOG_SEARCH_H
#define ACAUSAL_DEBUGGER_LOG_SEARCH_H

#include "debugger/log/log_file.h"
#include "debugger/log/log_place.h"
#include "debugger/log/log_sinks.h"
#include "debugger/log/log_text.h"
#include "debugger/log/log_wanted.h"
#include "debugger/recording/reader.h"

#define SEARCH_LISTED 1000 /* recorded lines that an ambiguous answer names */

/* Where an answer comes from. */
enum search_way {
	SEARCH_AT_PLACE, /* the file is one that was written to */
	SEARCH_BY_TAG,	 /* the line says of what it is */
	SEARCH_BY_TEXT,	 /* by its text alone */
	SEARCH_BY_END,	 /* by its end: somebody put words before it */
};

/* Why there is none. */
enum search_missing {
	SEARCH_FOUND,
	SEARCH_NOT_RECORDED, /* others of the file were */
	SEARCH_FOREIGN,	     /* nothing in the file was */
	SEARCH_BEFORE,	     /* it stood there before recording began */
	SEARCH_NO_LINE,	     /* the file has fewer lines */
};

struct search_answer {
	enum place_sure sure;
	enum place_why why;
	enum search_way way;
	enum search_missing missing;
	enum sinks_choice choice; /* of a place */
	bool changed_after;	  /* somebody wrote to the file after recording had ended */
	size_t in_file, recorded; /* how often the text stands there, and was recorded */
	size_t index;		  /* the how manieth of the file's, from 0 */
	int64_t file_lines;	  /* of a file with too few */
	uint64_t size_before;	  /* of a line that is older */
	int64_t *log_ids;	  /* the line, or those that it may be */
	size_t count, left_out;	  /* of an ambiguous one */
};

/* A file that lines are named of. */
struct search_source {
	char *path;
	struct log_file file;
};

struct search_query {
	char *bytes; /* the line, as far as it is kept */
	size_t length, kept;
	char *plain; /* of a text: without its colours; NULL: it has none */
	size_t plain_length;
	bool is_place;
	size_t said;	 /* where the line's own text is said to begin */
	size_t source;	 /* of a place: which file … */
	int64_t line;	 /* … and line */
	int64_t number;	 /* of the input, from 1 */
	uint64_t offset; /* of the line in the file */
	/* as it is looked for */
	size_t raw; /* the wanted text; WANTED_NONE: no such line */
	bool has_tag;
	int64_t tag_id;
	size_t bare_length;		 /* without its tag */
	size_t first_start, start_count; /* starts of the line as it is … */
	size_t bare_count;		 /* … then without its tag, and without its colours */
	struct search_answer answer;
};

struct search_start {
	size_t text, offset; /* the wanted text, and where in the line it begins */
};

/* Begins zeroed. */
struct log_search {
	struct search_query *queries;
	size_t count, capacity;
	struct search_source *sources;
	size_t source_count;
	struct search_start *starts;
	size_t start_count, start_capacity;
	struct log_wanted wanted;
	struct log_sinks sinks;
	struct reader *recording;
};

void log_search_deinit(struct log_search *search);

/* Asks for a text. Takes a copy; NULL when memory runs out. */
struct search_query *log_search_add(struct log_search *search, const char *bytes, size_t length);

/*
 * The file at `path` as a source: its index, opened once. -1: it cannot be, or there are too many.
 */
int log_search_source(struct log_search *search, const char *path, struct error *err);

/*
 * Asks for a line of a source. With `bytes`, as grep -n gives them, only if the line is their text
 * from `said` on, or behind a column's number there; else for the bytes as a text alone.
 */
struct search_query *log_search_add_place(struct log_search *search, int source, int64_t line,
	const char *bytes, size_t length, size_t said);

/* Answers them all. */
int log_search_run(struct log_search *search, struct reader *recording, struct error *err);

/* Of which resource the run is that wrote a line; UNKNOWN. */
int64_t log_search_async_of(struct reader *recording, int64_t log_id);

#endif
