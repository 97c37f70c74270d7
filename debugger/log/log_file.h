/*
 * A log file as it lies on the disk, read line by line. It is not trusted and may be of any size,
 * be written to or cut short while it is read: it is streamed, never mapped.
 */
#ifndef ACAUSAL_DEBUGGER_LOG_FILE_H
#define ACAUSAL_DEBUGGER_LOG_FILE_H

#include "recorder/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_FILE_LINE_MAX (4 << 20) /* bytes that are kept of a line */

struct log_file {
	int descriptor;
	uint64_t device, inode, size;
	int64_t born_ns;     /* since 1970; INT64_MIN: the file system does not say */
	int64_t modified_ns; /* since 1970 */
	char *path;	     /* as the kernel has it, without links */

	/* where reading stands */
	char *room;
	size_t room_size, begin, end; /* what is read and not yet handed out */
	uint64_t offset;	      /* of `begin` in the file */
	int64_t number;
	bool at_end;
};

/* An error in words when it is no plain file, or a compressed one. To be ended with
 * log_file_deinit. */
int log_file_init(struct log_file *file, const char *path, struct error *err);
void log_file_deinit(struct log_file *file);

/* Goes back to the first line; until the next one is read it holds no memory for lines. */
void log_file_rewind(struct log_file *file);

struct log_file_line {
	int64_t number; /* from 1 */
	uint64_t offset;
	const char *bytes; /* borrowed until the next call */
	size_t length;	   /* without its newline */
	size_t kept;	   /* how much of it is at `bytes` */
};

/* 1 and the next line, 0 at the end, -1 an error. What follows the last newline is a line too. */
int log_file_next(struct log_file *file, struct log_file_line *ret, struct error *err);

#endif
