/*
 * What each call of a writing function begins with: see log.h.
 *
 * Nothing is asked of the kernel but by hooks/sink.c, now and then. The standard library of C++ is
 * told by the module that calls, which is remembered by its range of addresses.
 */
#include "recorder/hooks/log.h"

#include "recorder/runtime/settings.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

/* --- who calls ---------------------------------------------------------------------------- */

/* Whose buffers it is that a call empties. */
enum library {
	LIBRARY_OTHER,
	LIBRARY_STDCXX, /* gcc's: its streams write by themselves, or by stdio as they are written
			   to */
	LIBRARY_CXX,	/* clang's: its streams of files write by stdio when their buffer is full */
};

enum {
	RANGES = 8,
	/* A module's range in one word: its first page, how many pages, and what it is. */
	KIND_BITS = 2,
	COUNT_BITS = 26,
	PAGE_BITS = 12,
};

static _Atomic uint64_t ranges[RANGES];
static _Atomic unsigned ranges_next;
static _Atomic uint64_t ranges_of; /* generation of the loaded modules */

static enum library library_named(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (strncmp(name, "libstdc++.so", 12) == 0)
		return LIBRARY_STDCXX;
	return strncmp(name, "libc++.so", 9) == 0 ? LIBRARY_CXX : LIBRARY_OTHER;
}

static __attribute__((noinline)) enum library library_ask(uintptr_t address)
{
	struct dl_find_object object;
	enum library library = LIBRARY_OTHER;
	uint64_t page, count;
	unsigned at;

	if (_dl_find_object((void *)address, &object) != 0 || !object.dlfo_link_map)
		return LIBRARY_OTHER;
	if (object.dlfo_link_map->l_name)
		library = library_named(object.dlfo_link_map->l_name);
	page = (uintptr_t)object.dlfo_map_start >> PAGE_BITS;
	count = ((uintptr_t)object.dlfo_map_end >> PAGE_BITS) - page;
	if (count >> COUNT_BITS || page >> (64 - COUNT_BITS - KIND_BITS))
		return library;
	at = atomic_fetch_add(&ranges_next, 1);
	atomic_store(&ranges[at % RANGES],
		page << (COUNT_BITS + KIND_BITS) | count << KIND_BITS | (uint64_t)library);
	return library;
}

static enum library library_of(uintptr_t address)
{
	uint64_t now = atomic_load_explicit(&arena()->generation.value, memory_order_relaxed);
	int i;

	/* Something was unloaded. */
	if (unlikely(atomic_load_explicit(&ranges_of, memory_order_relaxed) != now)) {
		for (i = 0; i < RANGES; i++)
			atomic_store(&ranges[i], 0);
		atomic_store(&ranges_of, now);
	}
	for (i = 0; i < RANGES; i++) {
		uint64_t range = atomic_load_explicit(&ranges[i], memory_order_relaxed);
		uint64_t page = range >> (COUNT_BITS + KIND_BITS);

		if ((address >> PAGE_BITS) - page < (range >> KIND_BITS & ((1u << COUNT_BITS) - 1)))
			return (enum library)(range & ((1u << KIND_BITS) - 1));
	}
	return library_ask(address);
}

static bool is_system_call(enum acausal_api api)
{
	switch (api) {
#define X(name) case ACAUSAL_API_##name:
		ACAUSAL_LIBC_WRITES(X)
#undef X
		return true;
	default:
		return false;
	}
}

/* Whether a stream of C++ empties its buffer, and the text was made before. */
static bool is_flush(const struct log_call *log)
{
	switch (library_of(log->from.pc)) {
	case LIBRARY_STDCXX:
		return is_system_call(log->written.api);
	case LIBRARY_CXX:
		/* What it has for stdout and stderr keeps nothing back. */
		return is_system_call(log->written.api) || log->written.fd > 2;
	default:
		return false;
	}
}

/* --- entering ----------------------------------------------------------------------------- */

/* False: nothing of the call is kept, for all that can be known without its descriptor. */
static bool log_may_be_kept(struct log_call *log)
{
	log->thread = NULL;
	return settings.keeps_logs && (likely(arena() != NULL) || thread_when_forked) &&
	       !libuv_is_text(log->from.pc);
}

static void log_begin(struct log_call *log, const struct written *written)
{
	log->thread = thread_self();
	if (!log->thread)
		return;
	log->written = *written;
	if (written->fd >= 0 && is_flush(log))
		log->written.flags |= EVENT_LOG_FLUSH;
	run_settle(log->thread, log->from.sp);
}

void log_enter(struct log_call *log, enum acausal_api api, int fd)
{
	struct written written = {.fd = fd, .api = (uint16_t)api};

	if (!log_may_be_kept(log) || fd < 0)
		return;
	written.ticks = arena_ticks();
	if (sink_of(fd, written.ticks, &written.sink))
		log_begin(log, &written);
}

void log_enter_call(struct log_call *log, struct call *call, int fd)
{
	log->thread = NULL;
	if (!call->thread || fd < 0 || !settings.keeps_logs)
		return;
	log->written = (struct written){.fd = fd, .ticks = call_ticks(call), .api = call->api};
	if (!sink_of(fd, call->ticks, &log->written.sink))
		return;
	log->from = call->from;
	log->thread = call->thread;
}

void log_enter_address(struct log_call *log, enum acausal_api api, int fd,
	const struct sockaddr *address, socklen_t length)
{
	struct written written = {.fd = fd, .api = (uint16_t)api};

	if (log_may_be_kept(log) && sink_of_address(address, length, &written.sink))
		log_begin(log, &written);
}

void log_enter_syslog(struct log_call *log, enum acausal_api api)
{
	struct written written = {.fd = -1, .api = (uint16_t)api, .flags = EVENT_LOG_MESSAGE};

	if (log_may_be_kept(log) && sink_of_syslog(&written.sink))
		log_begin(log, &written);
}
