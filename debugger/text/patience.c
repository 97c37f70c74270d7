/* What is said while one waits: see patience.h. Looks at the clock only now and then. */
#include "debugger/text/patience.h"

#include "debugger/text/quantity.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define COUNTS_A_LOOK 16384 /* a power of two: some milliseconds of reading rows */
#define SECOND	      INT64_C(1000000000)

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

static void tell(struct patience *patience)
{
	struct strbuf words = {0};
	int columns;

	quantity_add_count(&words, patience->count);
	columns = fprintf(stderr, "\racausal: %s %s (Ctrl-C ends it)", strbuf_string(&words),
			  patience->what) -
		  1;
	fprintf(stderr, "%*s", patience->columns > columns ? patience->columns - columns : 0, "");
	fflush(stderr);
	if (columns > patience->columns)
		patience->columns = columns;
	strbuf_deinit(&words);
}

void patience_count(struct patience *patience)
{
	int64_t now;

	if (++patience->count % COUNTS_A_LOOK)
		return;
	now = now_ns();
	if (!patience->began_ns)
		patience->began_ns = patience->told_ns = now;
	if (now - patience->told_ns < SECOND || !isatty(STDERR_FILENO))
		return;
	patience->told_ns = now;
	tell(patience);
}

void patience_end(struct patience *patience)
{
	if (patience->columns > 0)
		fprintf(stderr, "\r%*s\r", patience->columns, "");
	fflush(stderr);
	patience->columns = 0;
}
