/*
 * A stream that pages when it must: see paged_stream.h. Memory is bounded: what is kept is at most
 * KEPT_MAX bytes, then the pager is started however few lines they are.
 */
#include "debugger/text/paged_stream.h"

#include "debugger/text/shell_command.h"
#include "debugger/text/strbuf.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX (1 << 20)

struct paged_stream {
	FILE *file, *out;
	const char *command;
	struct paged_room room;
	size_t lines, column;
	struct strbuf kept;
	struct shell_command pager; /* once there is one */
	void (*on_quit)(void);
	bool is_over, pager_failed;
	int status; /* of the last pager */
	void (*signal_before)(int);
};

static void tell_over(struct paged_stream *stream)
{
	if (!stream->is_over && stream->on_quit)
		stream->on_quit();
	stream->is_over = true;
}

/* Where bytes go that are kept no longer. */
static FILE *target(const struct paged_stream *stream)
{
	return stream->pager.input ? stream->pager.input : stream->out;
}

static void write_through(struct paged_stream *stream, const char *bytes, size_t count)
{
	FILE *to = target(stream);

	if (stream->is_over)
		return;
	if (fwrite(bytes, 1, count, to) != count || fflush(to))
		tell_over(stream);
}

static void start_pager(struct paged_stream *stream)
{
	fflush(stream->out);
	if (shell_command_feed(&stream->pager, stream->command, NULL))
		stream->pager_failed = true; /* then it all goes to the terminal */
	write_through(stream, strbuf_string(&stream->kept), stream->kept.length);
	strbuf_clear(&stream->kept);
}

/*
 * A long line takes more than one of the terminal's. What paints it is counted too: the pager is
 * left at once when all fits after all.
 */
static void count_byte(struct paged_stream *stream, char byte)
{
	bool goes_on = ((unsigned char)byte & 0xc0) == 0x80; /* of UTF-8 */

	if (byte != '\n' && !goes_on && ++stream->column <= stream->room.columns)
		return;
	stream->lines += !goes_on;
	stream->column = goes_on ? stream->column : byte != '\n';
}

static ssize_t on_write(void *cookie, const char *bytes, size_t count)
{
	struct paged_stream *stream = cookie;
	size_t i;

	if (stream->is_over) {
		errno = EPIPE;
		return 0;
	}
	for (i = 0; i < count; i++)
		count_byte(stream, bytes[i]);
	if (stream->pager.input || stream->pager_failed) {
		write_through(stream, bytes, count);
	} else {
		strbuf_add(&stream->kept, bytes, count);
		if (stream->lines >= stream->room.lines || stream->kept.length > KEPT_MAX)
			start_pager(stream);
	}
	return (ssize_t)count;
}

struct paged_stream *paged_stream_create(FILE *out, const char *pager, struct paged_room room,
	void (*on_quit)(void), struct error *err)
{
	struct paged_stream *stream = calloc(1, sizeof *stream);

	if (!stream) {
		error_set(err, "out of memory");
		return NULL;
	}
	*stream = (struct paged_stream){
		.out = out, .command = pager, .room = room, .on_quit = on_quit};
	stream->file = fopencookie(stream, "w", (cookie_io_functions_t){.write = on_write});
	stream->signal_before = signal(SIGPIPE, SIG_IGN); /* the reader may quit at any time */
	if (stream->file && (out || !shell_command_feed(&stream->pager, pager, err)))
		return stream;
	signal(SIGPIPE, stream->signal_before);
	if (stream->file)
		fclose(stream->file);
	else
		error_set(err, "out of memory");
	free(stream);
	return NULL;
}

FILE *paged_stream_file(struct paged_stream *stream)
{
	return stream->file;
}

void paged_stream_settle(struct paged_stream *stream)
{
	fflush(stream->file);
	if (!stream->is_over && stream->kept.length)
		write_through(stream, stream->kept.data, stream->kept.length);
	if (stream->pager.input)
		stream->status = shell_command_end(&stream->pager);
	if (stream->out)
		fflush(stream->out);
	strbuf_clear(&stream->kept);
	clearerr(stream->file);
	stream->lines = stream->column = 0;
	stream->is_over = stream->pager_failed = false;
}

bool paged_stream_destroy(struct paged_stream *stream, int *ret_status)
{
	bool was_over;

	fflush(stream->file);
	was_over = stream->is_over;
	paged_stream_settle(stream);
	if (ret_status)
		*ret_status = stream->status;
	fclose(stream->file);
	signal(SIGPIPE, stream->signal_before);
	strbuf_deinit(&stream->kept);
	free(stream);
	return was_over;
}
