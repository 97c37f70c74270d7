/*
 * What differs between the two sides of a forest, by more than chance makes of the same program.
 * The rules are in compare.c; diff_command tells them to users.
 */
#ifndef ACAUSAL_DEBUGGER_DIFF_COMPARE_H
#define ACAUSAL_DEBUGGER_DIFF_COMPARE_H

#include "debugger/diff/forest.h"
#include "recorder/base/error.h"

/* In the order in which they are shown. X(TAG, code in JSON) */
#define DIFFERENCES(X)                                                                             \
	X(ONLY_OTHER, "only_other") /* a path that the base does not have */                       \
	X(ONLY_BASE, "only_base")                                                                  \
	X(STATUS, "status")   /* runs that ended with an error */                                  \
	X(ALIVE, "alive")     /* the share that is never destroyed */                              \
	X(CREATED, "created") /* how many a run of what is around it creates or arms */            \
	X(RUNS, "runs")	      /* how often what was asked for ran */                               \
	X(RAN, "run_time")                                                                         \
	X(WAITED, "wait_time")

#define X(tag, code) DIFFERENCE_##tag,
enum difference_kind { DIFFERENCES(X) DIFFERENCE_KINDS };
#undef X

#define DIFFERENCE_ALSO 3

enum compare_by { COMPARE_BY_ALL, COMPARE_BY_CREATED, COMPARE_BY_RUNS, COMPARE_BY_TIME };

struct difference {
	enum difference_kind kind;
	uint32_t node;
	bool is_rare;		      /* seen too seldom to tell from chance */
	int64_t status;		      /* of STATUS */
	int64_t counts[FOREST_SIDES]; /* how many … */
	int64_t of[FOREST_SIDES];     /* … of how many */
	int64_t created, runs;	      /* of ONLY_…: below the node, itself included */
	int64_t alive;		      /* of ONLY_…: never destroyed, with what is told with it */
	size_t paths;		      /* … so many nodes */
	double score;

	/* What is told with a more significant one: the same call by another way, … */
	bool is_told;
	size_t ways; /* … so many, told with this one, */
	/* … and other calls from the same stack. */
	uint32_t also[DIFFERENCE_ALSO];
	size_t also_count;
};

struct comparison {
	struct difference *rows; /* the most significant of a kind first */
	size_t count, capacity;
	size_t rare;					       /* of them */
	size_t common;					       /* nodes that both have */
	size_t unnamed[FOREST_SIDES], functions[FOREST_SIDES]; /* in the stacks of calls */
	double drift, wait_drift; /* all took so many times as long in the other one */
	enum difference_kind order[DIFFERENCE_KINDS];
};

struct compare_options {
	enum compare_by by;
	const char *type; /* NULL: of all */
	bool is_cut_off;  /* one of them ends while its program still ran */
};

/* To be ended with comparison_deinit. Sorts the samples of the forest. */
int compare(struct comparison *ret, struct forest *forest, const struct compare_options *options,
	struct error *err);
void comparison_deinit(struct comparison *comparison);

#endif
