/*
 * The tags of `record --tag-lines`: ` [#ID]` before the end of each line on the descriptors 1 and
 * 2, with the ID of the resource whose run wrote the line's first byte; ` [#P:ID]` in a process
 * other than the first. A line whose run is not known has none, nor has one whose "\r\n" is written
 * in two calls. What the program is told of its call is what it would be without them:
 *
 *	if (tag_is_wanted(fd) && tag_begin(&tagged, thread, &from, &written, pieces, count)) {
 *		result = real.write(fd, tagged.bytes, tagged.length);
 *		if (result > 0)
 *			result = (ssize_t)tag_untagged(&tagged, (size_t)result);
 *		tag_end(&tagged);
 *	} else ...
 *
 * What `written` says of a line is its descriptor and its stdio stream: text that waits in a
 * stream's buffer is in another line than what is written past it. A line that goes on by way of
 * another process (fork) or another file (dup2) is a new one.
 *
 * Any thread; signal safe; errno is left as it was. It allocates, by mmap, and may wait for the
 * process's number, once, for a second at most: nothing here runs unless tags were asked for.
 */
#ifndef ACAUSAL_HOOKS_TAG_H
#define ACAUSAL_HOOKS_TAG_H

#include "recorder/runtime/logged.h"
#include "recorder/runtime/settings.h"

/* Text with its tags. It may be copied, and the copy used in its place. */
struct tagged {
	char *bytes;
	size_t length;
	size_t untagged; /* bytes without them */
	size_t size;	 /* of the mapping; 0: `bytes` is the program's own text */
	/* The rest is tag.c's own. */
	struct tag_line *line;
	const struct tag_place *places;
	size_t place_count;
	uint64_t before, resource;
};

/* Whether lines on `fd` are to be tagged. */
static inline bool tag_is_wanted(int fd)
{
	return unlikely(settings.tags_lines) && (fd == 1 || fd == 2);
}

/*
 * The same text with its tags, to be followed by tag_end. False: write it as it is (it is empty,
 * cannot be read, or there is no memory). `from` is where the stack is looked at, since that may
 * show that the run has been left.
 */
bool tag_begin(struct tagged *ret, struct thread *thread, const struct unwind_start *from,
	const struct written *written, const struct iovec *pieces, int count);
void tag_end(struct tagged *tagged);

/*
 * The first `written` bytes have been written: to be told after each write of some of them, counted
 * from the beginning. Returns of how many bytes of the program's that is. 0: of none yet, only of a
 * tag. The program cannot be told so of a call that wrote something: go on with the rest.
 */
size_t tag_untagged(const struct tagged *tagged, size_t written);

/*
 * For functions that write one byte and hardly ever fail: the tag that has to go before `byte`,
 * without a NUL; returns its length, 0 for none. The byte counts as written.
 */
enum { TAG_MAX = 48 };
size_t tag_of_byte(char ret[TAG_MAX], struct thread *thread, const struct unwind_start *from,
	const struct written *written, unsigned char byte);

/* `fd` is another file from now on. */
void tag_forget(int fd);

#endif
