/*
 * Between which lines of a file recorded lines must stand: for each of them, the nearest lines of
 * its writer, before and behind it, whose text occurs once among the recorded lines and once in the
 * file. Reads both as a whole; for what counting alone does not decide.
 */
#ifndef ACAUSAL_DEBUGGER_LOG_ORDER_H
#define ACAUSAL_DEBUGGER_LOG_ORDER_H

#include "debugger/log/log_file.h"
#include "debugger/log/log_place.h"
#include "debugger/log/log_sinks.h"

/*
 * Sets `low` and `high` of candidates. `candidates` points to all that are asked for, in the order
 * of log_id. Of the file, lines that begin at or after `from` count; of the recording, those of the
 * sinks that are chosen.
 */
int log_order_bound(struct reader *recording, const struct log_sinks *sinks, const bool *chosen,
	struct log_file *file, uint64_t from, struct place_candidate **candidates, size_t count,
	struct error *err);

/* 1: one of a file's lines, from `from` on, has the text of any recorded line; 0: none; -1: an
 * error.
 */
int log_order_is_known(
	struct reader *recording, struct log_file *file, uint64_t from, struct error *err);

#endif
