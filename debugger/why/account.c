/* What `why` has to say so far: see account.h. Promises printable words. */
#include "debugger/why/account.h"

#include "debugger/lineage/describe.h"
#include "debugger/text/quantity.h"

#include <string.h>

struct strbuf *account_sentence(struct account *account)
{
	struct strbuf *words = &account->inquiry.words;

	if (words->length)
		strbuf_add_char(words, ' ');
	return words;
}

/* Of the C library or of libuv: not where a program asked for something. */
static bool is_library(const struct frame *frame)
{
	const char *name = frame->module ? frames_basename(frame->module) : "";

	return frame->is_aside || frames_is_libc(frame) || !strncmp(name, "libuv.", 6);
}

void account_add_place(struct account *account, const struct frames *frames)
{
	struct strbuf *words = &account->inquiry.words;
	size_t before = words->length, i = 0;
	bool added;

	while (frames && i < frames->count && is_library(&frames->rows[i]))
		i++;
	strbuf_add_string(words, " in ");
	if (frames && i < frames->count)
		added = inquiry_add_frame(&account->inquiry, &frames->rows[i]);
	else
		added = inquiry_add_place(&account->inquiry, frames);
	if (!added)
		strbuf_truncate(words, before);
}

void account_add_moment(struct account *account, int64_t ns)
{
	if (ns == UNKNOWN)
		return;
	strbuf_add_string(&account->inquiry.words, " at ");
	quantity_add_moment(&account->inquiry.words, ns);
}

void account_add_before(struct account *account, int64_t ns, int64_t than_ns)
{
	int64_t before_ns;

	if (ns == UNKNOWN || than_ns == UNKNOWN || __builtin_sub_overflow(than_ns, ns, &before_ns))
		return;
	strbuf_add_string(&account->inquiry.words, ", ");
	quantity_add_duration(&account->inquiry.words, before_ns < 0 ? 0 : before_ns);
	strbuf_add_string(&account->inquiry.words, " before");
}

void account_run_keys(struct account *account, const struct execution *in)
{
	struct inquiry *inquiry = &account->inquiry;

	inquiry_integer(inquiry, "run_id", in->run.run_id);
	inquiry_integer(inquiry, "async_id", in->run.async_id);
	inquiry_string(inquiry, "type", in->type);
	inquiry_string(inquiry, "callback", in->callback);
	inquiry_integer(inquiry, "thread_id", in->run.thread_id);
}

int account_add_list(struct account *account, const int64_t *ids, size_t shown, int64_t count,
	bool is_cut, int (*add)(struct account *account, int64_t id, struct error *err),
	struct error *err)
{
	struct strbuf *words = &account->inquiry.words;
	bool has_more = count > (int64_t)shown || is_cut;
	size_t i;

	if (count < (int64_t)shown)
		shown = (size_t)(count < 0 ? 0 : count);
	for (i = 0; i < shown; i++) {
		strbuf_add_string(words, !i ? "" : i + 1 == shown && !has_more ? " and " : ", ");
		if (add(account, ids[i], err))
			return -1;
	}
	if (!has_more)
		return 0;
	if (count <= (int64_t)shown) {
		strbuf_add_string(words, " and perhaps others");
		return 0;
	}
	strbuf_add_string(words, " and ");
	if (is_cut)
		strbuf_add_string(words, "at least ");
	quantity_add_count(words, count - (int64_t)shown);
	strbuf_add_string(words, " more");
	return 0;
}

int account_add_resource(struct account *account, int64_t async_id, struct error *err)
{
	struct resource_row resource;

	if (lookup_resource(account->inquiry.recording, async_id, &resource, err) < 0)
		return -1;
	describe_resource(&account->inquiry.words, resource.type.name, async_id, NULL);
	return 0;
}
