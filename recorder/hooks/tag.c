/*
 * Tags at the ends of lines: see tag.h.
 *
 * What a line is in is one word, its state, which says whether it has begun, for whom, and how much
 * of its tag has been written already: a write may have been cut in the middle of one. The word is
 * changed only by what has really been written. Two threads that write to the same line at once may
 * disagree about who began it, as the kernel alone knows who came first; no lock would tell them.
 */
#include "recorder/hooks/tag.h"

#include "recorder/runtime/unwind_row.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	LINES = 16,	    /* of one descriptor: its own, and those of streams */
	PATIENCE_MS = 1000, /* for the process's number */
	NAP_NS = 1000000,
	SPARE_SIZE = 1 << 16,
};

/*
 * State: bit 0 that the line has begun, bit 1 that it ends in a carriage return that no tag stands
 * before, bits 2 to 7 how many bytes of its tag have been written, and above them the resource.
 */
enum { BEGUN = 1, RETURNED = 2, CUT_SHIFT = 2, CUT_MASK = 63, RESOURCE_SHIFT = 8 };

struct tag_line {
	const void *_Atomic writer; /* NULL: none yet; the first of a descriptor is its own */
	_Atomic uint64_t state;
};

/* A tag within the text: `skipped` bytes of it were written before. */
struct tag_place {
	size_t at;
	uint32_t length, skipped;
};

/* By descriptor, 1 and 2; of the process `owner`. A forked child begins with none. */
static struct tag_line lines[2][LINES];
static _Atomic uint32_t owner;
static _Atomic bool is_nameless; /* the process's number was waited for in vain */

static unsigned cut_of(uint64_t state)
{
	return state >> CUT_SHIFT & CUT_MASK;
}

static uint64_t with_cut(uint64_t state, size_t cut)
{
	return (state & ~((uint64_t)CUT_MASK << CUT_SHIFT)) | (uint64_t)cut << CUT_SHIFT;
}

static uint64_t begun_by(uint64_t resource)
{
	return resource << RESOURCE_SHIFT | BEGUN;
}

void tag_forget(int fd)
{
	int i;

	if (fd != 1 && fd != 2)
		return;
	for (i = 0; i < LINES; i++) {
		atomic_store(&lines[fd - 1][i].writer, NULL);
		atomic_store(&lines[fd - 1][i].state, 0);
	}
}

/* NULL when there are too many streams. */
static struct tag_line *line_of(const struct written *written)
{
	struct tag_line *of_descriptor = lines[written->fd - 1];
	uint32_t process = arena()->os_pid;
	int i;

	if (atomic_load(&owner) != process) {
		tag_forget(1);
		tag_forget(2);
		atomic_store(&is_nameless, false);
		atomic_store(&owner, process);
	}
	if (!written->writer)
		return of_descriptor;
	for (i = 1; i < LINES; i++) {
		const void *writer = NULL;

		if (atomic_compare_exchange_strong(
			    &of_descriptor[i].writer, &writer, written->writer) ||
			writer == written->writer)
			return &of_descriptor[i];
	}
	return NULL;
}

/* The ingester gives it when it takes the process in, which it does as soon as it can. */
static uint32_t process_number(void)
{
	const struct timespec nap = {0, NAP_NS};
	struct arena_header *header = arena();
	struct timespec from, now;
	uint32_t number = atomic_load(&header->process_id);
	long waited;

	if (likely(number) || atomic_load(&is_nameless))
		return number;
	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		syscall(SYS_futex, &header->process_id, FUTEX_WAIT, 0, &nap, NULL, 0);
		number = atomic_load(&header->process_id);
		clock_gettime(CLOCK_MONOTONIC, &now);
		waited = (now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000;
	} while (!number && waited < PATIENCE_MS && arena_is_drained(header));
	if (!number)
		atomic_store(&is_nameless, true);
	return number;
}

static char *put_number(char *to, uint64_t number)
{
	char digits[20];
	int i = sizeof digits;

	do {
		digits[--i] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	memcpy(to, digits + i, sizeof digits - (size_t)i);
	return to + sizeof digits - i;
}

/* Returns its length; 0 when the resource or the process is not known. */
static size_t tag_write(char ret[TAG_MAX], uint64_t resource)
{
	uint32_t number = resource ? process_number() : 0;
	char *to = ret;

	if (!number)
		return 0;
	*to++ = ' ';
	*to++ = '[';
	*to++ = '#';
	if (number != 1) {
		to = put_number(to, number);
		*to++ = ':';
	}
	to = put_number(to, resource);
	*to++ = ']';
	return (size_t)(to - ret);
}

/* The state after more of the line, `length` bytes that do not end it. */
static uint64_t after_part(uint64_t state, const char *text, size_t length, uint64_t resource)
{
	size_t i = 0;

	if (length == 0)
		return state;
	if (!(state & BEGUN))
		state = begun_by(resource);
	while (i < length && text[i] == '\r')
		i++;
	if (i < length) /* it goes on behind its tag */
		state = with_cut(state, 0);
	state &= ~(uint64_t)RETURNED;
	return text[length - 1] == '\r' && !cut_of(state) ? state | RETURNED : state;
}

/* The state after any text of the program's. */
static uint64_t after_text(uint64_t state, const char *text, size_t length, uint64_t resource)
{
	const char *end = length ? memrchr(text, '\n', length) : NULL;

	if (!end)
		return after_part(state, text, length, resource);
	end++;
	return after_part(0, end, length - (size_t)(end - text), resource);
}

/* --- the text with its tags ---------------------------------------------------------------- */

/* A mapping that is in use nowhere: to make one for each line would cost more than all the rest. */
static void *_Atomic spare;

/* `size` may become more. */
static char *memory_take(size_t *size)
{
	void *memory = NULL;

	if (*size <= SPARE_SIZE) {
		*size = SPARE_SIZE;
		memory = atomic_exchange(&spare, NULL);
	}
	if (!memory)
		memory = mmap(
			NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory != MAP_FAILED ? memory : NULL;
}

static void memory_give(void *memory, size_t size)
{
	void *none = NULL;

	if (size != SPARE_SIZE || !atomic_compare_exchange_strong(&spare, &none, memory))
		munmap(memory, size);
}

/* What is known of the text before it is copied. */
struct text {
	const struct iovec *pieces;
	int count;
	size_t length, newlines;
};

static bool is_readable(const void *bytes, size_t length)
{
	uintptr_t page = (uintptr_t)bytes & ~(uintptr_t)(PAGE - 1);

	if (length > UINTPTR_MAX - (uintptr_t)bytes)
		return false;
	for (; page < (uintptr_t)bytes + length; page += PAGE)
		if (!can_read(page))
			return false;
	return true;
}

/* False when the call would fail: then nothing may be touched, for it has to fail by itself. */
static bool text_look(struct text *ret, const struct iovec *pieces, int count)
{
	int i;

	*ret = (struct text){.pieces = pieces, .count = count};
	if (count < 1 || count > IOV_MAX || !is_readable(pieces, (size_t)count * sizeof *pieces))
		return false;
	for (i = 0; i < count; i++) {
		const char *at = pieces[i].iov_base, *end = at + pieces[i].iov_len;

		if (pieces[i].iov_len > SSIZE_MAX - ret->length ||
			!is_readable(at, pieces[i].iov_len))
			return false;
		ret->length += pieces[i].iov_len;
		while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
			ret->newlines++;
			at++;
		}
	}
	return ret->length > 0;
}

/* While the text is copied. */
struct copying {
	char *to;		 /* where the next byte goes */
	char *line;		 /* where what this text adds to the line begins */
	struct tag_place *place; /* the next one */
	uint64_t state, resource;
	char tag[TAG_MAX]; /* of lines that this text begins */
	size_t tag_length;
	char first[TAG_MAX]; /* of the line that it goes on with */
	size_t first_length;
};

static void copy_tag(struct copying *copying, const char *base, char *at, const char *tag,
	size_t length, size_t from)
{
	if (length <= from)
		return;
	memmove(at + length - from, at, (size_t)(copying->to - at));
	memcpy(at, tag + from, length - from);
	*copying->place++ =
		(struct tag_place){(size_t)(at - base), (uint32_t)(length - from), (uint32_t)from};
	copying->to += length - from;
}

/*
 * The tag, before the carriage returns that the line ends in, and the end of the line. `before`:
 * the state of the line that the text goes on with, 0 in its further ones.
 */
static void copy_end(struct copying *copying, const char *base, uint64_t before)
{
	bool goes_on = before & BEGUN;
	char *at = copying->to;

	while (at > copying->line && at[-1] == '\r')
		at--;
	/* A tag behind a carriage return that is written already would overwrite the line. */
	if (!cut_of(copying->state) && !(before & RETURNED && at == copying->line))
		copy_tag(copying, base, at, goes_on ? copying->first : copying->tag,
			goes_on ? copying->first_length : copying->tag_length, 0);
	*copying->to++ = '\n';
	copying->line = copying->to;
	copying->state = 0;
}

static void copy_text(struct copying *copying, const struct text *text)
{
	const char *base = copying->to;
	uint64_t before = copying->state;
	int i;

	if (cut_of(before))
		copy_tag(copying, base, copying->to, copying->first, copying->first_length,
			cut_of(before));
	copying->line = copying->to;
	for (i = 0; i < text->count; i++) {
		const char *at = text->pieces[i].iov_base, *end = at + text->pieces[i].iov_len;

		while (at < end) {
			const char *newline = memchr(at, '\n', (size_t)(end - at));
			size_t length = (size_t)((newline ? newline : end) - at);

			memcpy(copying->to, at, length);
			copying->to += length;
			copying->state = after_part(copying->state, at, length, copying->resource);
			at += length;
			if (!newline)
				break;
			copy_end(copying, base, before);
			before = 0;
			at++;
		}
	}
}

/* Of the program's own bytes, when they lie together and nothing is to be added. */
static bool is_whole(struct tagged *ret, const struct text *text)
{
	int i, found = -1;

	for (i = 0; i < text->count; i++) {
		if (text->pieces[i].iov_len && found >= 0)
			return false;
		if (text->pieces[i].iov_len)
			found = i;
	}
	ret->bytes = text->pieces[found].iov_base;
	ret->length = text->length;
	return true;
}

static bool tagged_make(struct tagged *ret, const struct text *text)
{
	struct copying copying = {.state = ret->before, .resource = ret->resource};
	size_t longest, room, places, size;
	char *memory;

	if (text->newlines || cut_of(ret->before)) {
		if (ret->before & BEGUN)
			copying.first_length =
				tag_write(copying.first, ret->before >> RESOURCE_SHIFT);
		copying.tag_length = tag_write(copying.tag, ret->resource);
	}
	longest = copying.tag_length > copying.first_length ? copying.tag_length
							    : copying.first_length;
	if (longest == 0 && is_whole(ret, text))
		return true;
	if (__builtin_mul_overflow(text->newlines + 1, longest, &room) ||
		__builtin_add_overflow(room, text->length + 7, &room) ||
		__builtin_mul_overflow(text->newlines + 1, sizeof *copying.place, &places) ||
		__builtin_add_overflow(room &= ~(size_t)7, places, &size))
		return false;
	memory = memory_take(&size);
	if (!memory)
		return false;
	copying.to = memory;
	copying.place = (struct tag_place *)(void *)(memory + room);
	ret->bytes = memory;
	ret->size = size;
	ret->places = copying.place;
	copy_text(&copying, text);
	ret->length = (size_t)(copying.to - memory);
	ret->place_count = (size_t)(copying.place - ret->places);
	return true;
}

bool tag_begin(struct tagged *ret, struct thread *thread, const struct unwind_start *from,
	const struct written *written, const struct iovec *pieces, int count)
{
	struct tag_line *line = line_of(written);
	struct text text;
	int saved = errno;
	bool made = false;

	if (!line)
		return false;
	if (text_look(&text, pieces, count)) {
		/* The stack first: see logged_resource. */
		run_capture(thread, from);
		*ret = (struct tagged){.line = line,
			.before = atomic_load(&line->state),
			.resource = logged_resource(thread),
			.untagged = text.length};
		made = tagged_make(ret, &text);
	}
	if (!made && text.length)
		atomic_store(&line->state, BEGUN); /* by nobody that is known */
	errno = saved;
	return made;
}

void tag_end(struct tagged *tagged)
{
	int saved = errno;

	if (tagged->size)
		memory_give(tagged->bytes, tagged->size);
	errno = saved;
}

size_t tag_untagged(const struct tagged *tagged, size_t written)
{
	uint64_t state = tagged->before;
	size_t at = 0, untagged = 0, i;

	for (i = 0; i < tagged->place_count && tagged->places[i].at < written; i++) {
		const struct tag_place *place = &tagged->places[i];
		size_t length = place->length;

		if (length > written - place->at)
			length = written - place->at;
		state = after_text(state, tagged->bytes + at, place->at - at, tagged->resource);
		untagged += place->at - at;
		if (!(state & BEGUN))
			state = begun_by(tagged->resource);
		state = with_cut(state & ~(uint64_t)RETURNED, place->skipped + length);
		at = place->at + length;
	}
	state = after_text(state, tagged->bytes + at, written - at, tagged->resource);
	atomic_store(&tagged->line->state, state);
	return untagged + (written - at);
}

size_t tag_of_byte(char ret[TAG_MAX], struct thread *thread, const struct unwind_start *from,
	const struct written *written, unsigned char byte)
{
	struct tag_line *line = line_of(written);
	const char text = (char)byte;
	int saved = errno;
	uint64_t state;
	size_t length = 0, cut;

	if (!line)
		return 0;
	state = atomic_load(&line->state);
	if (!(state & BEGUN)) {
		run_capture(thread, from);
		state = begun_by(logged_resource(thread));
	}
	cut = cut_of(state);
	if (cut || (byte == '\n' && !(state & RETURNED)))
		length = tag_write(ret, state >> RESOURCE_SHIFT);
	if (cut) {
		memmove(ret, ret + cut, length > cut ? length - cut : 0);
		state = with_cut(state, length);
	}
	atomic_store(&line->state, byte == '\n' ? 0 : after_part(state, &text, 1, 0));
	errno = saved;
	return cut < length ? length - cut : 0;
}
