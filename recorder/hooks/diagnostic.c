/*
 * What the program says by libc's own ways of complaining: see diagnostic.h.
 *
 * With tags the text is written here and not by the real function: by stderr, or by its descriptor,
 * as that does.
 */
#include "recorder/hooks/diagnostic.h"

#include "recorder/hooks/tag.h"

#include <errno.h>
#include <string.h>

bool diagnostic_enter(struct diagnostic *diagnostic, enum acausal_api api)
{
	struct stdio_call *call = &diagnostic->call;

	call->log.thread = NULL;
	if (!stderr)
		return false;
	if (!stdio_passes(stderr))
		stdio_enter(call, api, stderr);
	diagnostic->count = 0;
	diagnostic->text.mapped = 0;
	diagnostic->writes_by_descriptor = false;
	return call->log.thread != NULL;
}

void diagnostic_say(struct diagnostic *diagnostic, const char *words)
{
	if (diagnostic->count < DIAGNOSTIC_PIECES)
		diagnostic->pieces[diagnostic->count++] =
			(struct iovec){(void *)(uintptr_t)words, strlen(words)};
}

void diagnostic_say_text(struct diagnostic *diagnostic)
{
	if (diagnostic->count < DIAGNOSTIC_PIECES)
		diagnostic->pieces[diagnostic->count++] =
			(struct iovec){diagnostic->text.bytes, diagnostic->text.length};
}

void diagnostic_say_error(struct diagnostic *diagnostic, int number)
{
	diagnostic_say(diagnostic, strerror_r(number, diagnostic->words, DIAGNOSTIC_WORDS));
}

static size_t length_of(const struct diagnostic *diagnostic)
{
	size_t length = 0;
	int i;

	for (i = 0; i < diagnostic->count; i++)
		length += diagnostic->pieces[i].iov_len;
	return length;
}

static void note(const struct diagnostic *diagnostic)
{
	const struct log_call *log = &diagnostic->call.log;

	if (!diagnostic->call.is_within)
		logged_pieces(log->thread, &log->from, &log->written, diagnostic->pieces,
			diagnostic->count, length_of(diagnostic));
}

/* Returns false when the real function has to write it. */
static bool write_tagged(struct diagnostic *diagnostic)
{
	struct stdio_call *call = &diagnostic->call;
	struct log_call *log = &call->log;
	struct tagged tagged;
	size_t done = 0;
	ssize_t written;

	if (fwide(stderr, 0) > 0)
		return false;
	if (!diagnostic->writes_by_descriptor) {
		stdio_put_tagged(call, diagnostic->pieces, diagnostic->count, &done);
		return true;
	}
	if (!tag_begin(&tagged, log->thread, &log->from, &log->written, diagnostic->pieces,
		    diagnostic->count))
		return false;
	while (done < tagged.length && (written = libc_real.write(log->written.fd,
						tagged.bytes + done, tagged.length - done)) > 0)
		done += (size_t)written;
	tag_untagged(&tagged, done);
	tag_end(&tagged);
	note(diagnostic);
	return true;
}

static void do_real(struct stdio_call *call)
{
	struct diagnostic *diagnostic = (struct diagnostic *)call;

	if (diagnostic->real(diagnostic))
		note(diagnostic);
}

static void do_tagged(struct stdio_call *call)
{
	if (!write_tagged((struct diagnostic *)call))
		do_real(call);
}

void diagnostic_do(struct diagnostic *diagnostic, bool (*real)(struct diagnostic *diagnostic))
{
	struct stdio_call *call = &diagnostic->call;

	diagnostic->real = real;
	stdio_do(call, tag_is_wanted(call->log.written.fd) ? do_tagged : do_real);
}

void diagnostic_last(struct diagnostic *diagnostic)
{
	note(diagnostic);
	stdio_forget(stderr);
}
