/* Details that are kept: see detail.h. Nothing is kept of a resource whose record is far behind. */
#include "recorder/runtime/detail.h"

#include <string.h>

/* Text that is cut ends in these, and not in the middle of a character. */
static const char ellipsis[] = "...";

/* Writes what there is room for. Returns its length; 0 when nothing of it would be true. */
static size_t words_write(char *to, const struct detail_words *words)
{
	const size_t count = sizeof words->piece / sizeof *words->piece;
	size_t length = 0, all = 0, i;

	for (i = 0; i < count; i++) {
		size_t part = words->piece[i].size;

		all += part;
		if (part > ARENA_DETAIL_MAX - length)
			part = ARENA_DETAIL_MAX - length;
		if (part)
			memcpy(to + length, words->piece[i].bytes, part);
		length += part;
	}
	if (all <= ARENA_DETAIL_MAX)
		return length;
	if (words->kind != EVENT_DETAIL_TEXT)
		return 0;
	length = ARENA_DETAIL_MAX - (sizeof ellipsis - 1);
	while (length > 0 && ((unsigned char)to[length] & 0xc0) == 0x80)
		length--;
	memcpy(to + length, ellipsis, sizeof ellipsis - 1);
	return length + sizeof ellipsis - 1;
}

static void words_keep(struct arena_detail *detail, const struct detail_words *words)
{
	size_t length;

	if (words->kind == EVENT_DETAIL_FD) {
		if (detail->fd < 0 && words->piece[0].size == sizeof detail->fd)
			memcpy(&detail->fd, words->piece[0].bytes, sizeof detail->fd);
		return;
	}
	if (detail->length)
		return;
	length = words_write(detail->text, words);
	detail->kind = (uint16_t)words->kind;
	__atomic_store_n(&detail->length, (uint16_t)length, __ATOMIC_RELEASE);
}

void detail_keep(uint32_t index, const struct detail_words *words)
{
	uint64_t async_id = atomic_load_explicit(&live_at(index)->async_id, memory_order_relaxed);
	struct arena_detail *detail = &arena_map.details[index];

	if (!arena_reach(ARENA_DETAILS, index))
		return;
	if (atomic_load_explicit(&detail->async_id, memory_order_relaxed) != async_id) {
		atomic_store_explicit(&detail->async_id, 0, memory_order_relaxed);
		atomic_thread_fence(memory_order_release);
		detail->fd = -1;
		detail->length = 0;
	}
	words_keep(detail, words);
	atomic_store_explicit(&detail->async_id, async_id, memory_order_release);
}
