/*
 * Stacks as frames. A stack is read once and kept: segments that stand on the same stack share it.
 */
#ifndef ACAUSAL_DEBUGGER_FRAMES_H
#define ACAUSAL_DEBUGGER_FRAMES_H

#include "debugger/recording/reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unknown strings are NULL, unknown numbers UNKNOWN (lookup.h). */
struct frame {
	int64_t frame_id;
	const char *function;
	const char *file, *directory; /* where the compiler ran, for a file with a relative name */
	const char *module;	      /* path */
	const char *end_reason;	      /* no place, but why the stack ends here */
	int64_t line, column, address;
	bool inlined;  /* a call that the compiler inlined into the next frame */
	bool is_exact; /* the very instruction, not a return address */
	bool is_tail;  /* a callback that had ended in a call of the frame before */
	bool is_aside; /* nobody asks for it: how C starts a thread, the recorder's own wrapper */
};

/* Innermost first. */
struct frames {
	int64_t stack_id;
	size_t count;
	struct frame rows[];
};

/* What a stack stood on. */
struct frames_base {
	bool is_root;		   /* the start of a thread, and so frames of libc's */
	int64_t callback_frame_id; /* of the run; its entry stands for a callback that has left */
};

struct frames_cache;

struct frames_cache *frames_cache_create(void);
void frames_cache_destroy(struct frames_cache *cache);

/* The frames of a stack, none for an unknown one. Borrowed from the cache. */
int frames_of_stack(struct frames_cache *cache, struct reader *recording, int64_t stack_id,
	const struct frames_base *base, const struct frames **ret, struct error *err);

/* The function that one frame is in, as a stack of one; inlined calls in it are left out. */
int frames_of_place(struct frames_cache *cache, struct reader *recording, int64_t frame_id,
	const struct frames **ret, struct error *err);

/*
 * Marks in frames that come from elsewhere, a core's, what nobody asks for: `is_aside`. `is_root`:
 * they are the start of a thread.
 */
void frames_set_aside(struct frame *rows, size_t count, bool is_root);

/* Whether a function is of how C starts a program or a thread: the same below every main. */
bool frames_is_start(const char *function);

/* Whether a frame is of the C library or of the loader. */
bool frames_is_libc(const struct frame *frame);

/*
 * The innermost frame that its user can change: one with a line of source, else one of the
 * executable, else any. NULL: there is none.
 */
const struct frame *frames_of_program(const struct frames *frames, const char *executable);

/* The last part of a path; NULL stays NULL. */
const char *frames_basename(const char *path);

#endif
