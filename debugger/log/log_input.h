/* What `log` is asked for in other ways than a pattern: a place in a file, lines on the input. */
#ifndef ACAUSAL_DEBUGGER_LOG_INPUT_H
#define ACAUSAL_DEBUGGER_LOG_INPUT_H

#include "debugger/log/log_search.h"

#include <stdio.h>

/*
 * PATH:LINE, PATH:LINE:COLUMN or PATH:LINE:text; of several readings the one with the longest path
 * that is there. Returns 0, or the exit status when it cannot be.
 */
int log_input_place(struct log_search *search, const char *place, struct error *err);

/*
 * Every line of `in` that is not empty: a text, or what grep -n says of a file that is there.
 * Returns 0 or -1.
 */
int log_input_lines(struct log_search *search, FILE *in, struct error *err);

#endif
