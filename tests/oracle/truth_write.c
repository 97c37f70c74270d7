/*
 * Writes down what truth.c has kept, a line for each fact, and lies where it is asked to. Words and
 * numbers parted by blanks:
 *
 *     P pid generation seed how parent token handle api site
 *     T tid kind root token api site function name
 *     H number tid made-token api site hook address loop handle trigger life has_ref pool inherited
 *     A thing token api site timeout repeat end end-token end-site     in the order of arming
 *     F thing token api                                                uv_ref and uv_unref
 *     S thing token api first                                          sends, when all are known
 *     R tid token armed-token outer part function thing arming api site
 *       status bytes cause kind count {token api site}
 *     E pid status signal by-callback
 */
#include "tests/oracle/truth_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* X(TAG, word) */
#define LIES(X)                                                                                    \
	X(LINK, "link")                                                                            \
	X(FUNCTION, "function")                                                                    \
	X(MISSING, "missing")                                                                      \
	X(SITE, "site")                                                                            \
	X(OUTER, "outer")                                                                          \
	X(STATUS, "status")                                                                        \
	X(BYTES, "bytes")                                                                          \
	X(CAUSE, "cause")                                                                          \
	X(KIND, "kind")                                                                            \
	X(UNCAUSED, "uncaused")                                                                    \
	X(THING, "thing")                                                                          \
	X(MAKER, "maker")                                                                          \
	X(TRIGGER, "trigger")                                                                      \
	X(HANDLE, "handle")                                                                        \
	X(LOOP, "loop")                                                                            \
	X(GONE, "gone")                                                                            \
	X(HAS_REF, "has_ref")                                                                      \
	X(REF, "ref")                                                                              \
	X(POOL, "pool")                                                                            \
	X(ARMING, "arming")                                                                        \
	X(END, "end")                                                                              \
	X(ENDER, "ender")                                                                          \
	X(TIMEOUT, "timeout")                                                                      \
	X(REPEAT, "repeat")                                                                        \
	X(SEND, "send")                                                                            \
	X(NAME, "name")                                                                            \
	X(SPAWN, "spawn")                                                                          \
	X(EXIT, "exit")

#define X(tag, word) LIE_##tag,
enum lie { LIE_NONE, LIES(X) };
#undef X

static enum lie lie;

/* True once, where it is told. */
static bool lies(enum lie about, bool is_possible)
{
	if (lie != about || !is_possible)
		return false;
	lie = LIE_NONE;
	return true;
}

static const char *word(const char *text)
{
	return text && *text ? text : "-";
}

static unsigned long long number(uint64_t value)
{
	return value;
}

static uint64_t other_token(uint64_t token)
{
	const uint64_t root = truth_process.threads->root;

	return token == root ? root + 1 : root;
}

static void write_process(FILE *file, uint64_t seed)
{
	const struct truth_origin *origin = &truth_process.origin;
	const uint64_t token = lies(LIE_SPAWN, origin->token && origin->how != 'x')
				       ? origin->token - 1
				       : origin->token;

	fprintf(file, "P %d %u %llu %c %d %llu %llu %s %s\n", getpid(), truth_process.generation,
		number(seed), origin->how ? origin->how : '-', origin->parent, number(token),
		number(origin->handle), word(origin->api), word(origin->site));
	for (const struct truth_exit *end = truth_process.exits; end; end = end->next)
		fprintf(file, "E %d %lld %d %d\n", end->os_pid,
			(long long)end->status + lies(LIE_EXIT, end->signal == 0), end->signal,
			end->by_callback);
}

static void write_arming(FILE *file, const struct truth_thing *thing, size_t i)
{
	const struct truth_arming *arming = &thing->armings[i];
	enum truth_end end = arming->end;
	uint64_t ender = arming->ended.token;
	const bool is_last = i + 1 == thing->arming_count;

	if (lies(LIE_ARMING, end == END_FIRED))
		return;
	if (lies(LIE_END, end == END_STOPPED))
		end = END_REPLACED;
	if (lies(LIE_ENDER, end == END_CLOSED && !is_last))
		ender = other_token(ender);
	fprintf(file, "A %llu %llu %s %s %lld %lld %c %llu %s\n", number(thing->number),
		number(arming->armed.token), word(arming->armed.api), word(arming->armed.site),
		(long long)arming->timeout_ms +
			lies(LIE_TIMEOUT, arming->timeout_ms >= 0 && end == END_FIRED),
		(long long)arming->repeat_ms +
			lies(LIE_REPEAT, arming->repeat_ms > 0 && end == END_CLOSED),
		end, number(ender), word(arming->ended.site));
}

static void write_thing(FILE *file, int tid, const struct truth_thing *thing)
{
	uint64_t trigger = thing->trigger, handle = thing->handle, loop = thing->loop;
	uint64_t made = thing->made.token;
	enum truth_pool pool = thing->pool;
	enum truth_life life = thing->life;
	int has_ref = thing->has_ref;

	if (thing->refused || lies(LIE_THING, thing->runs > 0))
		return;
	if (lies(LIE_MAKER, !thing->is_inherited))
		made = other_token(made);
	if (lies(LIE_TRIGGER, loop && !thing->is_inherited))
		trigger = loop;
	if (lies(LIE_HANDLE, handle != 0))
		handle = loop;
	if (lies(LIE_LOOP, loop != 0))
		loop = thing->number;
	if (lies(LIE_POOL, pool == POOL_FILE && thing->runs && !thing->is_inherited))
		pool = POOL_NEVER;
	if (lies(LIE_HAS_REF, has_ref == 0))
		has_ref = 1;
	if (lies(LIE_GONE, life == LIFE_GONE))
		life = LIFE_ALIVE;
	fprintf(file, "H %llu %d %llu %s %s %s %llu %llu %llu %llu %c %d %c %d\n",
		number(thing->number), tid, number(made), word(thing->made.api),
		word(thing->made.site), thing->hook_type, number((uintptr_t)thing->address),
		number(loop), number(handle), number(trigger), life, has_ref, pool,
		thing->is_inherited);
	for (size_t i = 0; i < thing->arming_count; i++)
		write_arming(file, thing, i);
	for (size_t i = 0; i < thing->refs.count; i++)
		if (!lies(LIE_REF, true))
			fprintf(file, "F %llu %llu %s\n", number(thing->number),
				number(thing->refs.list[i].token), thing->refs.list[i].api);
	for (size_t i = 0; thing->knows_sends && i < thing->sends.count; i++)
		fprintf(file, "S %llu %llu %s %zu\n", number(thing->number),
			number(thing->sends.list[i].token), thing->sends.list[i].api,
			lies(LIE_SEND, thing->firsts[i] != i) ? i : thing->firsts[i]);
}

static void write_record(FILE *file, int tid, const struct truth_record *record)
{
	const struct truth_run *run = &record->run;
	const char *function = record->function, *site = run->armed.site, *kind = run->cause_kind;
	uint64_t armed = run->armed.token, outer = record->outer;
	enum truth_cause cause = run->cause;
	int64_t status = run->status, bytes = run->bytes;
	const bool is_caused = cause == CAUSE_ONE_OF && record->causes.count;
	size_t count = record->causes.count;

	if (lies(LIE_MISSING, true))
		return;
	if (lies(LIE_LINK, true))
		armed = other_token(armed);
	if (lies(LIE_FUNCTION, true))
		function = "nobody";
	if (lies(LIE_SITE, site != NULL))
		site = "nowhere";
	if (lies(LIE_OUTER, true))
		outer = record->token;
	if (lies(LIE_STATUS, status == 0))
		status = -1;
	if (lies(LIE_BYTES, bytes > 0))
		bytes++;
	if (lies(LIE_KIND, is_caused))
		kind = "nothing";
	if (lies(LIE_UNCAUSED, is_caused))
		cause = CAUSE_NONE;
	if (cause == CAUSE_NONE)
		count = 0;
	fprintf(file, "R %d %llu %llu %llu %s %s %llu %ld %s %s %lld %lld %c %s %zu", tid,
		number(record->token), number(armed), number(outer), run->part, function,
		number(record->thing), record->arming, word(run->armed.api), word(site),
		(long long)status, (long long)bytes, cause, word(kind), count);
	for (size_t i = 0; i < count; i++) {
		uint64_t token = record->causes.list[i].token;

		if (lies(LIE_CAUSE, is_caused && count == 1))
			token = other_token(token);
		fprintf(file, " %llu %s %s", number(token), word(record->causes.list[i].api),
			word(record->causes.list[i].site));
	}
	fputc('\n', file);
}

static void write_thread(FILE *file, const struct truth_thread *thread)
{
	const char *name = thread->name;

	if (lies(LIE_NAME, *name))
		name = "nobody";
	fprintf(file, "T %d %s %llu %llu %s %s %s %s\n", thread->tid, thread->kind,
		number(thread->root), number(thread->armed.token), word(thread->armed.api),
		word(thread->armed.site), thread->function, word(name));
	for (const struct truth_thing *thing = thread->things; thing; thing = thing->next)
		write_thing(file, thread->tid, thing);
	for (size_t i = 0; i < thread->count; i++)
		write_record(file, thread->tid, &thread->records[i]);
}

static int write_file(const char *folder, uint64_t seed)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/%d.%u", folder, getpid(), truth_process.generation);
	file = fopen(path, "wxe");
	if (!file)
		return -1;
	write_process(file, seed);
	for (const struct truth_thread *thread = truth_process.threads; thread;
		thread = thread->next)
		write_thread(file, thread);
	return fclose(file) ? -1 : 0;
}

int truth_write(const char *folder, uint64_t seed, bool also_lies)
{
#define X(tag, word) word,
	static const char *const words[] = {NULL, LIES(X)};
#undef X
	char path[256];

	for (size_t i = 1; also_lies && i < sizeof words / sizeof *words; i++) {
		snprintf(path, sizeof path, "%s-%s", folder, words[i]);
		lie = (enum lie)i;
		if ((mkdir(path, 0700) && errno != EEXIST) || write_file(path, seed))
			return -1;
	}
	lie = LIE_NONE;
	return write_file(folder, seed);
}
