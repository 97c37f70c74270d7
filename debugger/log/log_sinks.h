/*
 * Which of the recording's sinks a log file is: by its identity, which a rename does not change,
 * else by its names, that of a rotated file too.
 */
#ifndef ACAUSAL_DEBUGGER_LOG_SINKS_H
#define ACAUSAL_DEBUGGER_LOG_SINKS_H

#include "debugger/recording/reader.h"
#include "debugger/text/strbuf.h"

struct log_sink {
	int64_t sink_id, device, inode, born_ns, size_before; /* UNKNOWN: not known */
	const char *kind, *path, *moved_to;
	size_t generation; /* of a file: how often it was cut short before */
	size_t file;	   /* the same for all sinks that are one file: the index of one of them */
	size_t group;	   /* … since it was cut short last */
};

/* From where lines come: one writer, and one function. */
struct log_origin {
	int64_t origin_id, sink_id, writer_id;
	bool is_unordered; /* what it wrote may stand in the file in another order */
};

/* Begins zeroed. Strings belong to the recording. */
struct log_sinks {
	struct log_sink *rows; /* in the order of sink_id */
	size_t count;
	struct log_origin *origins; /* in the order of origin_id */
	size_t origin_count;
};

int log_sinks_init(struct log_sinks *sinks, struct reader *recording, struct error *err);
void log_sinks_deinit(struct log_sinks *sinks);

/* NULL when there is none. */
const struct log_sink *log_sinks_find(const struct log_sinks *sinks, int64_t sink_id);
const struct log_origin *log_sinks_origin(const struct log_sinks *sinks, int64_t origin_id);

/* A file as it is now. */
struct log_identity {
	const char *path; /* whole */
	int64_t device, inode, born_ns;
};

/* How sinks were found, the surest first. */
enum sinks_choice { SINKS_BY_IDENTITY, SINKS_BY_PATH, SINKS_BY_ROTATION, SINKS_ALL };

/* Sets chosen[i] for those of rows[i] that may be the file. */
enum sinks_choice log_sinks_choose(
	const struct log_sinks *sinks, const struct log_identity *file, bool *chosen);

/*
 * The name of a log file without what rotation adds: "app.log" of "app.log.1",
 * "app.log-20261126.1", "app-2026-11-26.log", "app.log.1.old".
 */
void log_sinks_add_stem(struct strbuf *ret, const char *path);

#endif
