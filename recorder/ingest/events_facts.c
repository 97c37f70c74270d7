/*
 * Events to rows: what is known beside runs and edges. Words about resources, gaps;
 * waits of loops, the pool's work, references, names of threads.
 */
#include "recorder/ingest/events_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

/* A peer's address in words; 0 when it is of no family that has any. */
static size_t address_words(const char *bytes, size_t size, char *text, size_t text_size)
{
	char host[INET6_ADDRSTRLEN];
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} address;

	memset(&address, 0, sizeof address);
	memcpy(&address, bytes, size < sizeof address ? size : sizeof address);
	if (address.any.sa_family == AF_INET && size >= sizeof address.in) {
		inet_ntop(AF_INET, &address.in.sin_addr, host, sizeof host);
		return (size_t)snprintf(text, text_size, "%s:%u", host, ntohs(address.in.sin_port));
	}
	if (address.any.sa_family == AF_INET6 && size >= sizeof address.in6) {
		inet_ntop(AF_INET6, &address.in6.sin6_addr, host, sizeof host);
		return (size_t)snprintf(
			text, text_size, "[%s]:%u", host, ntohs(address.in6.sin6_port));
	}
	if (address.any.sa_family == AF_UNIX && size > offsetof(struct sockaddr_un, sun_path)) {
		size_t length = size - offsetof(struct sockaddr_un, sun_path);

		if (length > sizeof address.un.sun_path)
			length = sizeof address.un.sun_path;
		if (!address.un.sun_path[0]) /* abstract: shown as ss does */
			address.un.sun_path[0] = '@';
		return (size_t)snprintf(text, text_size, "%.*s", (int)length, address.un.sun_path);
	}
	return 0;
}

static int64_t detail_number(const struct found *found, uint32_t length)
{
	int64_t number = 0;

	memcpy(&number, found->tail, length < sizeof number ? length : sizeof number);
	return number;
}

int events_on_detail(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_detail *event = &found->event->DETAIL;
	struct recording *recording = process->ingest->recording;
	int64_t async_id, number;
	char words[160];
	size_t length;

	if (!event->async_id || event->length > found->tail_size ||
		!events_id(process, event->async_id, &async_id))
		return OUTCOME_SENSELESS;
	switch (event->kind) {
	case EVENT_DETAIL_TEXT:
		return recording_write_detail(recording, async_id, found->tail, event->length, err);
	case EVENT_DETAIL_SOCKADDR:
		length = address_words(found->tail, event->length, words, sizeof words);
		return length ? recording_write_detail(recording, async_id, words, length, err) : 0;
	case EVENT_DETAIL_NUMBER:
		length = (size_t)snprintf(words, sizeof words, "%lld",
			(long long)detail_number(found, event->length));
		return recording_write_detail(recording, async_id, words, length, err);
	case EVENT_DETAIL_FD:
		number = detail_number(found, event->length);
		if (number < 0 || number > INT32_MAX)
			return OUTCOME_SENSELESS;
		return recording_write_fd(recording, async_id, number, err);
	default:
		return OUTCOME_SENSELESS;
	}
}

int events_on_gap(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_gap *event = &found->event->GAP;

	const bool was_paused = event->head.flags & EVENT_GAP_PAUSED;
	const int64_t to_ns = events_ns(process, event->to);

	if (to_ns > process->gap_to_ns)
		process->gap_to_ns = to_ns;
	if (was_paused)
		process->ingest->has_overwritten = true;
	else
		process->told_lost += event->lost;
	/* What was lost may be the rest of a line: what comes after it is none of that. */
	if (lines_end_thread(&process->ingest->lines, process->process_id, found->thread, err))
		return -1;
	return recording_write_gap(process->ingest->recording,
		events_thread_id(process, found->thread), events_ns(process, event->from), to_ns,
		event->lost, was_paused, err);
}

int events_on_poll(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_poll *event = &found->event->POLL;
	struct row_poll row = {.timeout_ms = event->timeout_ms < -1 ? -1 : event->timeout_ms};

	if (!event->loop_id || !event->entered || event->left < event->entered ||
		!events_id(process, event->loop_id, &row.loop_id))
		return OUTCOME_SENSELESS;
	row.thread_id = events_thread_id(process, found->thread);
	row.entered_ns = events_ns(process, event->entered);
	row.wait_ns = events_span(row.entered_ns, events_ns(process, event->left));
	return recording_add_poll(process->ingest->recording, &row, err);
}

int events_on_pool(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_pool *event = &found->event->POOL;
	struct row_pool row = {.is_estimated = event->estimated != 0};

	if (!event->async_id || !event->ended || event->began > event->ended ||
		!events_id(process, event->async_id, &row.async_id))
		return OUTCOME_SENSELESS;
	row.thread_id = events_thread_id(process, found->thread);
	row.began_ns = events_ns(process, event->began);
	row.duration_ns = events_span(row.began_ns, events_ns(process, event->ended));
	return recording_add_pool(process->ingest->recording, &row, err);
}

int events_on_ref(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_ref *event = &found->event->REF;
	struct row_ref row = {.has_ref = event->has_ref != 0};

	if (!event->async_id || !event->at || event->has_ref > 1 ||
		!events_id(process, event->async_id, &row.async_id) ||
		!events_id(process, event->run_id, &row.run_id))
		return OUTCOME_SENSELESS;
	row.at_ns = events_ns(process, event->at);
	if (recording_add_ref(process->ingest->recording, &row, err))
		return -1;
	return window_reference(process->ingest, row.async_id, row.has_ref, err);
}

int events_on_name(struct ingest_process *process, const struct found *found, struct error *err)
{
	const struct event_name *event = &found->event->NAME;
	struct thread *thread = threads_find(process, event->thread);
	char name[sizeof event->name + 1] = {0};

	if (!thread)
		return OUTCOME_SENSELESS;
	memcpy(name, event->name, sizeof event->name);
	if (thread->is_announced)
		return recording_write_thread_name(
			process->ingest->recording, thread->thread_id, name, err);
	memcpy(thread->name, name, sizeof thread->name);
	return 0;
}
