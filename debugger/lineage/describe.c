/* The things of a recording in a few words: see describe.h. Promises printable text. */
#include "debugger/lineage/describe.h"

#include "debugger/recording/point.h"
#include "debugger/text/printable.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#define DETAIL_MAX 200 /* bytes */

void describe_type(struct strbuf *buffer, const char *type)
{
	size_t length;

	if (!type) {
		strbuf_add_string(buffer, "resource");
		return;
	}
	length = strlen(type);
	if (length > 2 && !strcmp(type + length - 2, "_t"))
		length -= 2;
	/* "thread 3" would be taken for thread:3, which is numbered otherwise. */
	if (length > 3 && !strncmp(type, "uv_", 3) && strcmp(type, "uv_thread_t"))
		printable_add(buffer, type + 3, length - 3, 0);
	else
		printable_add(buffer, type, length, 0);
}

void describe_resource(
	struct strbuf *buffer, const char *type, int64_t async_id, const char *detail)
{
	describe_type(buffer, type);
	if (async_id != UNKNOWN) {
		strbuf_add_char(buffer, ' ');
		point_add_async(buffer, async_id);
	}
	if (detail && *detail) {
		strbuf_add_string(buffer, " (");
		printable_add(buffer, detail, strlen(detail), DETAIL_MAX);
		strbuf_add_char(buffer, ')');
	}
}

void describe_execution(struct strbuf *buffer, const struct execution *execution)
{
	bool is_main = execution->class && !strcmp(execution->class, "root");

	if (execution->run.run_id == UNKNOWN) {
		strbuf_add_string(buffer, "outside any recorded run");
		return;
	}
	if (execution->is_root && is_main) {
		strbuf_add_string(buffer, "the main thread");
		return;
	}
	if (execution->callback)
		printable_add_string(buffer, execution->callback);
	if (execution->is_root) {
		strbuf_printf(buffer, "%sstart of thread:%" PRId64, execution->callback ? ", " : "",
			execution->run.thread_id);
		return;
	}
	if (!execution->callback)
		strbuf_add_string(buffer, "a callback");
	strbuf_add_string(buffer, " of ");
	describe_resource(buffer, execution->type, execution->run.async_id, execution->detail);
}

void describe_thread(struct strbuf *buffer, const struct thread_row *thread)
{
	strbuf_printf(buffer, "thread:%" PRId64, thread->thread_id);
	if (thread->role && !strcmp(thread->role, "main")) {
		strbuf_add_string(buffer, " (main)");
	} else if (thread->name && *thread->name) {
		strbuf_add_string(buffer, " (");
		printable_add_string(buffer, thread->name);
		strbuf_add_char(buffer, ')');
	} else if (thread->role && !strcmp(thread->role, "pool")) {
		strbuf_add_string(buffer, " (pool)");
	}
}

void describe_signal_name(struct strbuf *buffer, int64_t number)
{
	const char *name = number > 0 && number < NSIG ? sigabbrev_np((int)number) : NULL;

	if (name)
		strbuf_printf(buffer, "SIG%s", name);
	else
		strbuf_printf(buffer, "signal %" PRId64, number);
}

/* X(signal, code, name, words): what siginfo's si_code says of a fault; sigaction(2). */
#define FAULTS(X)                                                                                  \
	X(SIGSEGV, SEGV_MAPERR, "nothing is mapped there")                                         \
	X(SIGSEGV, SEGV_ACCERR, "no permission there")                                             \
	X(SIGBUS, BUS_ADRALN, "misaligned")                                                        \
	X(SIGBUS, BUS_ADRERR, "no such memory, or a file was truncated")                           \
	X(SIGBUS, BUS_OBJERR, "hardware error")                                                    \
	X(SIGFPE, FPE_INTDIV, "integer divided by zero")                                           \
	X(SIGFPE, FPE_INTOVF, "integer overflow")                                                  \
	X(SIGFPE, FPE_FLTDIV, "divided by zero")                                                   \
	X(SIGFPE, FPE_FLTINV, "invalid floating-point operation")                                  \
	X(SIGILL, ILL_ILLOPC, "illegal instruction")                                               \
	X(SIGILL, ILL_ILLOPN, "illegal operand")

static const struct {
	int signal, code;
	const char *name, *words;
} faults[] = {
#define X(signal, code, words) {signal, code, #code, words},
	FAULTS(X)
#undef X
};

void describe_signal(struct strbuf *buffer, const struct crash_row *crash)
{
	bool has_address = crash->code > 0 && (crash->signal == SIGSEGV || crash->signal == SIGBUS);
	size_t i;

	describe_signal_name(buffer, crash->signal);
	if (has_address && crash->fault_address != UNKNOWN)
		strbuf_printf(buffer, " at address 0x%" PRIx64, (uint64_t)crash->fault_address);
	for (i = 0; i < sizeof faults / sizeof faults[0]; i++)
		if (crash->signal == faults[i].signal && crash->code == faults[i].code)
			strbuf_printf(buffer, " (%s: %s)", faults[i].name, faults[i].words);
	if (crash->signal == SIGSEGV && crash->code == SI_KERNEL)
		strbuf_add_string(buffer, " (an address that cannot be)");
	else if (crash->code == SI_TKILL)
		strbuf_add_string(buffer, " (raised by the program)");
	else if (crash->code == SI_USER)
		strbuf_add_string(buffer, " (sent by kill)");
	if (crash->message && *crash->message) {
		strbuf_add_string(buffer, ": ");
		printable_add(buffer, crash->message, strlen(crash->message), 1000);
	}
}

/* libuv's numbers of getaddrinfo's errors, UV_EAI_ADDRFAMILY and on. */
static const char *const resolver[] = {"EAI_ADDRFAMILY", "EAI_AGAIN", "EAI_BADFLAGS",
	"EAI_CANCELED", "EAI_FAIL", "EAI_FAMILY", "EAI_MEMORY", "EAI_NODATA", "EAI_NONAME",
	"EAI_OVERFLOW", "EAI_SERVICE", "EAI_SOCKTYPE"};

void describe_status(struct strbuf *buffer, int64_t status)
{
	const char *name = status < 0 && status > -4095 ? strerrorname_np((int)-status) : NULL;

	if (status == -4095)
		strbuf_add_string(buffer, "EOF"); /* UV_EOF */
	else if (status <= -3000 &&
		 status > -3000 - (int64_t)(sizeof resolver / sizeof resolver[0]))
		strbuf_add_string(buffer, resolver[-3000 - status]);
	else if (name)
		strbuf_add_string(buffer, name);
	else
		strbuf_printf(buffer, "%" PRId64, status);
}

void describe_arming(struct strbuf *buffer, const char *api, int64_t timeout_ms, int64_t repeat_ms)
{
	if (api)
		printable_add_string(buffer, api);
	else
		strbuf_add_string(buffer, "an unknown call");
	if (timeout_ms == UNKNOWN)
		return;
	strbuf_printf(buffer, "(%" PRId64 " ms", timeout_ms);
	if (repeat_ms != UNKNOWN && repeat_ms > 0)
		strbuf_printf(buffer, ", repeat %" PRId64, repeat_ms);
	strbuf_add_char(buffer, ')');
}

void describe_sink(struct strbuf *words, const struct log_row *log)
{
	size_t before = words->length;

	if (log->fd != UNKNOWN)
		strbuf_printf(words, "fd %" PRId64, log->fd);
	if (log->path || log->sink_kind)
		strbuf_add_string(words, words->length > before ? ", " : "");
	if (log->path)
		printable_add_string(words, log->path);
	else if (log->sink_kind)
		printable_add_string(words, log->sink_kind);
	if (words->length == before)
		strbuf_add_string(words, "it is not known where");
}
