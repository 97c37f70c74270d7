/* Records of fatal signals: see crash_record.h. No memory is read that was not asked for. */
#include "recorder/runtime/crash_record.h"

#include "recorder/runtime/unwind_row.h"

#include <ucontext.h>

static struct arena_crash *record_at(uint32_t index)
{
	return &arena_map.crashes[index];
}

static uint32_t used(void)
{
	uint64_t count = atomic_load(&arena()->used[ARENA_CRASHES].value);

	return count < arena_map.count[ARENA_CRASHES] ? (uint32_t)count
						      : arena_map.count[ARENA_CRASHES];
}

static bool take(uint32_t index, uint32_t state)
{
	return atomic_compare_exchange_strong(&record_at(index)->state, &state, ARENA_CRASH_TAKEN);
}

/* The record that was noted first, UINT32_MAX when none is. */
static uint32_t oldest_noted(void)
{
	uint32_t count = used(), oldest = UINT32_MAX, i;

	for (i = 0; i < count; i++)
		if (atomic_load(&record_at(i)->state) == ARENA_CRASH_NOTED &&
			(oldest == UINT32_MAX ||
				record_at(i)->crashed < record_at(oldest)->crashed))
			oldest = i;
	return oldest;
}

uint32_t crash_record_take(void)
{
	uint32_t count = used(), i;

	for (i = 0; i < count; i++)
		if (take(i, ARENA_CRASH_NONE))
			return i + 1;
	i = arena_grow(ARENA_CRASHES);
	if (i != UINT32_MAX && take(i, ARENA_CRASH_NONE))
		return i + 1;
	i = oldest_noted();
	return i != UINT32_MAX && take(i, ARENA_CRASH_NOTED) ? i + 1 : 0;
}

struct arena_crash *crash_record_of(uint32_t record, uint32_t thread)
{
	struct arena_crash *crash = record ? record_at(record - 1) : NULL;

	if (!crash || atomic_load(&crash->state) < ARENA_CRASH_NOTED || crash->thread != thread)
		return NULL;
	return crash;
}

void crash_record_publish(struct arena_crash *record, enum arena_crash_state state)
{
	atomic_store_explicit(&record->state, state, memory_order_release);
}

void crash_record_release(uint32_t record, uint32_t thread)
{
	struct arena_crash *crash = crash_record_of(record, thread);
	uint32_t noted = ARENA_CRASH_NOTED;

	if (crash)
		atomic_compare_exchange_strong(&crash->state, &noted, ARENA_CRASH_NONE);
}

void crash_record_registers(struct arena_crash *record, const void *context)
{
	int i;

	record->register_count = ARCH_DWARF_REGISTER_COUNT;
	for (i = 0; i < ARCH_DWARF_REGISTER_COUNT; i++)
		record->registers[i] = arch_dwarf_register(context, i);
}

/* Up to the end of the page, or of what is wanted. */
READS_STACK static uint32_t copy_page(unsigned char *to, uintptr_t from, uintptr_t end)
{
	uintptr_t at, page_end = (from | (PAGE - 1)) + 1;

	if (page_end < end)
		end = page_end;
	for (at = from; at + 8 <= end; at += 8)
		*(uint64_t *)(void *)(to + (at - from)) = *(const uint64_t *)at;
	return (uint32_t)(at - from);
}

void crash_record_stack(struct arena_crash *record, uintptr_t sp, uintptr_t high)
{
	uintptr_t at = (sp - ARCH_RED_ZONE) & ~(uintptr_t)7, end = at + ARENA_CRASH_STACK;

	record->stack_length = 0;
	record->stack_address = 0;
	if (at < LOWEST_ADDRESS || end < at)
		return;
	if (high > at && high < end)
		end = high & ~(uintptr_t)7;
	/* An overflow may have gone far into what is not mapped. */
	while (at < end && !can_read(at))
		at = (at | (PAGE - 1)) + 1;
	record->stack_address = at;
	while (at < end && can_read(at)) {
		uint32_t length = copy_page(record->stack_bytes + record->stack_length, at, end);

		record->stack_length += length;
		at += length;
	}
}

/* One byte of text of which only the words around it are known to be there. */
READS_STACK static bool read_byte(uintptr_t address, uintptr_t *page, char *ret)
{
	if (*page != address / PAGE) {
		if (!can_read(address & ~(uintptr_t)7))
			return false;
		*page = address / PAGE;
	}
	*ret = *(const char *)address;
	return true;
}

READS_STACK void crash_record_message(struct arena_crash *record, const void *const *message)
{
	enum { TEXT = sizeof(unsigned int) }; /* struct abort_msg_s: its size, and then it */
	uintptr_t text = message && *message ? (uintptr_t)*message + TEXT : 0, page = 0;
	uint32_t length = 0;

	while (text && length < ARENA_CRASH_MESSAGE &&
		read_byte(text + length, &page, &record->message[length]) &&
		record->message[length])
		length++;
	record->message_length = length;
}
