/* What `record` says of itself on stderr, after the program has ended. */
#ifndef ACAUSAL_LAUNCH_REPORT_H
#define ACAUSAL_LAUNCH_REPORT_H

#include "recorder/ingest/ingest.h"

#include <stdbool.h>

/* One line "acausal: …". Control characters in it are shown as '?'. */
void report_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line that is written over by the next one: only on a terminal, and not for short work. */
struct report_progress {
	bool is_wanted, is_shown;
	long long began_ms, shown_ms;
};

void report_progress_init(struct report_progress *progress);
/* `doing` in a word or two, `done` of `total` of it. */
void report_progress_show(
	struct report_progress *progress, const char *doing, uint64_t done, uint64_t total);
void report_progress_erase(struct report_progress *progress);

/* What there is now in the recording at `path`, of `size` bytes. */
void report_summary(const struct ingest_summary *summary, const char *path, long long size);

/* Since when the history of a recording is whole in which the oldest events may be overwritten. */
void report_history(const struct ingest_summary *summary);

#endif
