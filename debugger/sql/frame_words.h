/* A frame in words, on one line: "open_session (session.c:40)", "libfoo.so+0x1f20". Printable. */
#ifndef ACAUSAL_DEBUGGER_FRAME_WORDS_H
#define ACAUSAL_DEBUGGER_FRAME_WORDS_H

#include "debugger/recording/frames.h"
#include "debugger/text/strbuf.h"

/* `executable` is that of the process, for short file names; may be NULL. */
void frame_words_add(struct strbuf *words, const struct frame *frame, const char *executable);

#endif
