/* The things of a recording in a few words: "timer 43 (500 ms)", "on_retry of timer 43". */
#ifndef ACAUSAL_DEBUGGER_DESCRIBE_H
#define ACAUSAL_DEBUGGER_DESCRIBE_H

#include "debugger/lineage/async_stack.h"
#include "debugger/text/strbuf.h"

/* "uv_timer_t" as "timer", but threads as "pthread" and "uv_thread"; NULL as "resource". */
void describe_type(struct strbuf *buffer, const char *type);

/* "timer 43", with the detail in brackets when there is one and it is wanted. */
void describe_resource(
	struct strbuf *buffer, const char *type, int64_t async_id, const char *detail);

/* "on_retry of timer 43", "the main thread", "worker, start of thread:3". */
void describe_execution(struct strbuf *buffer, const struct execution *execution);

/* "thread:3 (worker)". */
void describe_thread(struct strbuf *buffer, const struct thread_row *thread);

/* "SIGSEGV at address 0x18 (SEGV_MAPERR: nothing is mapped there)". */
void describe_signal(struct strbuf *buffer, const struct crash_row *crash);

/* "SIGSEGV", or "signal 99". */
void describe_signal_name(struct strbuf *buffer, int64_t number);

/* libuv's status of a run: "ECANCELED", "EOF", "0". */
void describe_status(struct strbuf *buffer, int64_t status);

/* "uv_timer_start(500 ms, repeat 50)". */
void describe_arming(struct strbuf *buffer, const char *api, int64_t timeout_ms, int64_t repeat_ms);

/* Where a log line went: "fd 3, /var/log/app.log", "syslog". */
void describe_sink(struct strbuf *words, const struct log_row *log);

#endif
