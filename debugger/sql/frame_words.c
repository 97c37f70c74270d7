/* A frame in words: see frame_words.h. */
#include "debugger/sql/frame_words.h"

#include "debugger/lineage/place.h"
#include "debugger/text/printable.h"

#include <inttypes.h>

void frame_words_add(struct strbuf *words, const struct frame *frame, const char *executable)
{
	const char *name = frame->function ? frame->function : frame->end_reason;

	if (name)
		printable_add_string(words, name);
	else
		printable_add_string(words, frame->module ? frames_basename(frame->module) : "?");
	if (!name && frame->address != UNKNOWN)
		strbuf_printf(words, "+0x%" PRIx64, (uint64_t)frame->address);
	if (!frame->file)
		return;
	strbuf_add_string(words, " (");
	place_add_file(words, frame->file, frame->directory, executable);
	if (frame->line != UNKNOWN)
		strbuf_printf(words, ":%" PRId64, frame->line);
	strbuf_add_char(words, ')');
}
