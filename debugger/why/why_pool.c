/*
 * Who had the threads of the pool: see why_pool.h. What is alike, by function that was asked for
 * and callback that ran, is told of once.
 */
#include "debugger/why/why_pool.h"

#include "debugger/recording/lookup_activity.h"
#include "debugger/text/printable.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>
#include <stdlib.h>

#define LOOKED_MAX  64 /* uses of the pool that are looked into, the longest */
#define GROUPS_MAX  8
#define GROUPS_TOLD 4

/* Uses of the pool that are alike. Texts are the recording's. */
struct group {
	const char *api, *callback;
	int64_t ids[3];
	int64_t count, had_ns;
	int64_t creator_id; /* the one run that asked for them; UNKNOWN: several did */
	bool is_estimated;
};

struct groups {
	struct group rows[GROUPS_MAX];
	size_t count;
	bool is_cut;
};

static void join(struct groups *groups, const struct pool_use *use,
	const struct resource_row *resource, const char *callback)
{
	struct group *group;
	size_t i = 0;

	while (i < groups->count &&
		(groups->rows[i].api != resource->api || groups->rows[i].callback != callback))
		i++;
	if (i == GROUPS_MAX) {
		groups->is_cut = true;
		return;
	}
	group = &groups->rows[i];
	if (i == groups->count) {
		*group = (struct group){
			.api = resource->api, .callback = callback, .creator_id = resource->run_id};
		groups->count++;
	}
	if (group->creator_id != resource->run_id)
		group->creator_id = UNKNOWN;
	if (group->count < 3)
		group->ids[group->count] = use->async_id;
	group->count++;
	if (__builtin_add_overflow(group->had_ns, use->had_ns, &group->had_ns))
		group->had_ns = INT64_MAX;
	group->is_estimated |= use->is_estimated;
}

static int add_use(struct account *account, struct groups *groups, const struct pool_use *use,
	struct error *err)
{
	struct inquiry *inquiry = &account->inquiry;
	struct resource_row resource;
	struct execution work;

	execution_forget(&work);
	if (lookup_resource(inquiry->recording, use->async_id, &resource, err) < 0 ||
		execution_load(inquiry->recording, inquiry->cache, use->run_id, use->thread_id,
			&work, err) < 0)
		return -1;
	facts_begin_item(&inquiry->facts);
	inquiry_integer(inquiry, "async_id", use->async_id);
	inquiry_integer(inquiry, "run_id", use->run_id);
	inquiry_integer(inquiry, "thread_id", use->thread_id);
	inquiry_string(inquiry, "type", resource.type.name);
	inquiry_string(inquiry, "api", resource.api);
	inquiry_string(inquiry, "callback", work.callback);
	inquiry_integer(inquiry, "asked_run_id", resource.run_id);
	inquiry_integer(inquiry, "ns", use->had_ns);
	facts_end_item(&inquiry->facts);
	join(groups, use, &resource, work.callback);
	return 0;
}

/* "hash_key of work 22, work 23 and 2 more (117 ms in all, asked for in run:62)" */
static int add_group(struct account *account, const struct group *group, struct error *err)
{
	struct strbuf *words = &account->inquiry.words;

	if (group->callback)
		printable_add_string(words, group->callback);
	else
		printable_add_string(words, group->api ? group->api : "a request");
	strbuf_add_string(words, " of ");
	if (account_add_list(
		    account, group->ids, 3, group->count, false, account_add_resource, err))
		return -1;
	strbuf_add_string(words, " (");
	if (group->is_estimated)
		strbuf_add_string(words, "at most ");
	quantity_add_duration(words, group->had_ns);
	strbuf_add_string(words, group->count > 1 ? " in all" : "");
	if (group->creator_id != UNKNOWN) {
		strbuf_add_string(words, ", asked for in ");
		point_add_run(words, group->creator_id);
	}
	strbuf_add_char(words, ')');
	return 0;
}

/* Threads of the pool of a process, as far as they were seen. */
static int64_t thread_count(struct account *account, int64_t process_id)
{
	return inquiry_number(&account->inquiry,
		"SELECT count(*) FROM main.thread WHERE process_id = ?1 AND role = 'pool'",
		process_id);
}

static int tell(struct account *account, const struct groups *groups, int64_t async_id, bool is_cut,
	struct error *err)
{
	int64_t threads = thread_count(account, id_process(async_id));
	struct strbuf *words = account_sentence(account);
	size_t i, told = groups->count < GROUPS_TOLD ? groups->count : GROUPS_TOLD;

	if (threads > 1)
		strbuf_printf(words, "Meanwhile the pool's %" PRId64 " threads had ", threads);
	else
		strbuf_add_string(words, "Meanwhile the pool had ");
	for (i = 0; i < told; i++) {
		strbuf_add_string(words, !i ? "" : i + 1 == told ? " and " : ", ");
		if (add_group(account, &groups->rows[i], err))
			return -1;
	}
	if (groups->count > told || groups->is_cut || is_cut)
		strbuf_add_string(words, ", and others");
	strbuf_add_char(words, '.');
	return 0;
}

int why_pool(struct account *account, int64_t async_id, int64_t run_id, int64_t from_ns,
	int64_t to_ns, struct error *err)
{
	struct pool_uses *uses = malloc(sizeof *uses);
	struct groups groups = {.count = 0};
	int found, result = 0;
	size_t i;

	if (!uses)
		return error_set(err, "out of memory");
	found = lookup_pool_uses(
		account->inquiry.recording, async_id, run_id, from_ns, to_ns, uses, err);
	if (found == 1) {
		facts_begin_list(&account->inquiry.facts, "pool_had");
		for (i = 0; !result && i < uses->count && i < LOOKED_MAX; i++)
			result = add_use(account, &groups, &uses->rows[i], err);
		facts_end_list(&account->inquiry.facts);
		if (!result)
			result = tell(account, &groups, async_id,
				uses->is_cut || uses->count > LOOKED_MAX, err);
	} else if (!found) {
		strbuf_add_string(account_sentence(account),
			"Who had the pool's threads meanwhile is not recorded.");
	}
	free(uses);
	return found < 0 || result ? -1 : 0;
}
