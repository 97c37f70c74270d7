/*
 * An arena that is somebody else's no more: a copy of its bytes in private memory, from a core,
 * from a process that runs on, or from a file that acausal_snapshot has written; and how it becomes
 * a recording. Nothing in it is trusted. One thread.
 */
#ifndef ACAUSAL_SNAPSHOT_IMAGE_H
#define ACAUSAL_SNAPSHOT_IMAGE_H

#include "recorder/base/error.h"
#include "recorder/ingest/ingest.h"
#include "recorder/wire/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct image {
	void *bytes; /* page-aligned; NULL: none. Parts that were never used are not backed */
	size_t size;
};

/* Room for an arena of so many bytes, all zero. `size` is untrusted. */
int image_init(struct image *, uint64_t size, struct error *err);
void image_deinit(struct image *);

/*
 * Copies the arena of a running process out of its memory, without stopping it. What is in the copy
 * belongs together: each run, arming and resource that something refers to is either there or was
 * overwritten before. Its header says that `latest` is now.
 */
int image_of_process(struct image *ret, pid_t os_pid, struct error *err);

/* Reads what acausal_snapshot has written. */
int image_of_file(struct image *ret, const char *path, struct error *err);

/* Sets `is_paused` in the arena of a running process. Returns 1 when it was so already. */
int image_pause_process(pid_t os_pid, bool is_paused, struct error *err);

/* What is known beside the bytes. Strings may be NULL. */
struct image_origin {
	const char *path;	    /* of the recording to be made, not there yet */
	const char *version;	    /* of acausal */
	const char *executable;	    /* path */
	const char *arguments_json; /* JSON array */
	bool is_root;		    /* nothing that is recorded made the process */
	int wait_status;	    /* as ingest_process_ended has it; INGEST_STATUS_UNKNOWN */
	bool has_ended;
	/* As struct ingest_options has them. */
	const char *(*module_file)(void *user, const char *path, const char *build_id);
	void (*progress)(void *user, const char *phase, uint64_t done, uint64_t total);
	void (*is_there)(void *user); /* the file is made, and to be written; may be NULL */
	void *user;
};

/* Makes a finished recording of it. */
int image_record(const struct image *, const struct image_origin *, struct ingest_summary *ret,
	struct error *err);

#endif
