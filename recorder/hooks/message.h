/*
 * Messages as programs that do without syslog(3) send them: a datagram of /dev/log, "<PRI>text", or
 * one of systemd's journal, fields with a MESSAGE among them.
 */
#ifndef ACAUSAL_HOOKS_MESSAGE_H
#define ACAUSAL_HOOKS_MESSAGE_H

#include "recorder/hooks/log.h"

/* Notes the text of a message, the first `length` bytes of several pieces, which has been sent. */
void message_note(const struct log_call *log, const struct iovec *pieces, int count, size_t length);

#endif
