/*
 * Events of a thread whose state others use too: a signal handler, a child of vfork that is killed
 * in the middle of an event, the child of a fork. And what becomes of events when there is no room,
 * or when none are to be written.
 */
#include "recorder/runtime/emit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	CHUNKS = 16,
	IN_A_CHUNK = (ARENA_CHUNK_SIZE - 2 * sizeof(struct event_gap)) / sizeof(struct event_gap),
};

static struct arena_header *header;

static int set_up(void **state)
{
	(void)state;
	header = aligned_alloc(64, (sizeof *header + 63) / 64 * 64);
	memset((void *)header, 0, sizeof *header);
	arena_map.chunks = aligned_alloc(64, CHUNKS * sizeof *arena_map.chunks);
	memset((void *)arena_map.chunks, 0, CHUNKS * sizeof *arena_map.chunks);
	arena_map.chunk_bytes = calloc(CHUNKS, ARENA_CHUNK_SIZE);
	arena_map.count[ARENA_CHUNKS] = arena_map.count[ARENA_CHUNK_STATES] = CHUNKS;
	arena_map.history_chunks = CHUNKS;
	header->region[ARENA_CHUNK_STATES].stride = sizeof *arena_map.chunks;
	arena_page.header = header;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_page.header = NULL;
	atomic_store(&arena_in_flight, false);
	free(arena_map.chunks);
	free(arena_map.chunk_bytes);
	free(header);
	return 0;
}

/* Begins an event that says `word`. */
static struct event_head *begin(struct emit_state *state, uint32_t word)
{
	struct event_gap *event = emit_begin(state, sizeof *event);

	if (event)
		event->lost = word;
	return event ? &event->head : NULL;
}

static void commit(struct emit_state *state)
{
	emit_commit(state, EVENT_GAP, 0, sizeof(struct event_gap));
}

/* The events in the chunks of one depth, as words one after another. */
static uint32_t written(uint32_t depth)
{
	uint32_t words = 0, at, i;

	for (i = 0; i < atomic_load(&header->used[ARENA_CHUNK_STATES].value); i++)
		for (at = 0; arena_map.chunks[i].depth == depth &&
			     at < atomic_load(&arena_map.chunks[i].used);
			at += sizeof(struct event_gap))
			words = 10 * words + ((const struct event_gap *)(const void
							      *)(arena_map.chunk_bytes +
								 i * (size_t)ARENA_CHUNK_SIZE + at))
						     ->lost;
	return words;
}

/* A child of vfork is killed in the middle of an event: its process is none that asks again. */
static void guest_is_killed(struct emit_state *state, int number)
{
	emit_guest_begin(state, getpid());
	assert_non_null(begin(state, 9));
	state->guest = getpid() + number;
}

static void one_inside_another(void **user)
{
	struct emit_state state = {0};

	(void)user;
	begin(&state, 1);
	begin(&state, 2); /* of a signal handler */
	commit(&state);
	commit(&state);
	begin(&state, 3);
	commit(&state);
	assert_int_equal(written(0), 13);
	assert_int_equal(written(1), 2);
	assert_int_equal(state.depth, 0);
}

static void killed_guest(void **user)
{
	struct emit_state state = {0};
	int i;

	(void)user;
	begin(&state, 1);
	commit(&state);
	for (i = 1; i <= 2 * EMIT_DEPTH; i++)
		guest_is_killed(&state, i);
	assert_non_null(begin(&state, 2));
	commit(&state);
	assert_int_equal(written(0), 12);
	assert_int_equal(written(1), 0);
	assert_int_equal(state.depth, 0);
	assert_int_equal(atomic_load(&header->lost.value), 0);
}

static void guest_in_a_handler(void **user)
{
	struct emit_state state = {0};

	(void)user;
	begin(&state, 1);
	/* A signal handler calls vfork, and its child dies; the handler goes on. */
	guest_is_killed(&state, 1);
	begin(&state, 2);
	commit(&state);
	commit(&state);
	assert_int_equal(written(0), 1);
	assert_int_equal(written(1), 2);
	assert_int_equal(state.depth, 0);
}

static void handler_in_a_guest(void **user)
{
	struct emit_state state = {0};

	(void)user;
	/* The guest is who asks: its own event waits to be committed. */
	emit_guest_begin(&state, getpid());
	begin(&state, 1);
	begin(&state, 2);
	commit(&state);
	commit(&state);
	emit_guest_end(&state);
	assert_int_equal(written(0), 1);
	assert_int_equal(written(1), 2);
	assert_int_equal(state.depth, 0);
}

static void forgotten(void **user)
{
	struct emit_state state = {0};

	(void)user;
	begin(&state, 1);
	commit(&state);
	emit_forget(&state);
	emit_settle(&state);
	assert_null(begin(&state, 2));
	assert_null(begin(&state, 3));
	emit_end(&state);
	assert_int_equal(written(0), 1);
	assert_int_equal(atomic_load(&header->lost.value), 0);
}

/* --- no room ------------------------------------------------------------------------------ */

static const struct event_gap *event_at(uint32_t chunk, uint32_t number)
{
	return (const struct event_gap *)(const void *)(arena_map.chunk_bytes +
							chunk * (size_t)ARENA_CHUNK_SIZE) +
	       number;
}

/* Events that say `from`, `from` + 1, and so on. */
static void put(struct emit_state *state, uint32_t from, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (begin(state, from + i))
			commit(state);
}

/* The chunk that has that sequence number; UINT32_MAX: none has. */
static uint32_t chunk_of(uint64_t sequence)
{
	uint32_t i;

	for (i = 0; i < CHUNKS; i++)
		if (arena_map.chunks[i].sequence == sequence)
			return i;
	return UINT32_MAX;
}

/* Each chunk of the newest ones has what was written when it was its turn. */
static void assert_newest(uint64_t last, uint64_t count)
{
	uint64_t sequence;

	for (sequence = last - count + 1; sequence <= last; sequence++) {
		uint32_t chunk = chunk_of(sequence);

		assert_in_range(chunk, 0, CHUNKS - 1);
		assert_int_equal(event_at(chunk, 0)->lost, 1 + (sequence - 1) * IN_A_CHUNK);
	}
}

static void oldest_is_overwritten(void **user)
{
	struct emit_state state = {0};
	const uint32_t rounds = 5 * CHUNKS;
	uint64_t until;
	uint32_t i;

	(void)user;
	header->on_full = ARENA_OVERWRITES;
	atomic_store(&arena_in_flight, true);
	put(&state, 1, CHUNKS * IN_A_CHUNK);
	assert_int_equal(atomic_load(&header->overwritten.value), 0);
	assert_int_equal(atomic_load(&header->overwritten_until.value), 0);
	put(&state, 1 + CHUNKS * IN_A_CHUNK, (rounds - CHUNKS) * IN_A_CHUNK);
	assert_int_equal(atomic_load(&header->lost.value), 0);
	assert_int_equal(atomic_load(&header->overwritten.value), rounds - CHUNKS);
	/* The very first tells what the process is. */
	assert_int_equal(arena_map.chunks[0].sequence, 1);
	assert_int_equal(arena_map.chunks[0].is_kept, 1);
	assert_int_equal(event_at(0, 0)->lost, 1);
	assert_newest(rounds, CHUNKS - 1);
	until = atomic_load(&header->overwritten_until.value);
	for (i = 1; i < CHUNKS; i++) {
		assert_int_equal(arena_map.chunks[i].is_kept, 0);
		assert_true(arena_map.chunks[i].state == ARENA_CHUNK_OPEN ||
			    arena_map.chunks[i].sealed >= until);
	}
	assert_true(until >= arena_map.chunks[0].sealed);
}

static void what_is_open_stays(void **user)
{
	struct emit_state state = {0}, idle[CHUNKS - 3];
	uint32_t i;

	(void)user;
	memset(idle, 0, sizeof idle);
	header->on_full = ARENA_OVERWRITES;
	atomic_store(&arena_in_flight, true);
	put(&state, 0, 1);
	for (i = 0; i < CHUNKS - 3; i++)
		put(&idle[i], 1000 + i, 1);
	/* Two are left, and they are enough; the first is kept. */
	put(&state, 1, 20 * IN_A_CHUNK);
	assert_int_equal(atomic_load(&header->lost.value), 0);
	for (i = 0; i < CHUNKS - 3; i++)
		assert_int_equal(((const struct event_gap *)(void *)idle[i].writer[0].bytes)->lost,
			1000 + i);
	assert_int_equal(event_at(0, 0)->lost, 0);
}

static void all_are_open(void **user)
{
	struct emit_state state = {0}, idle[CHUNKS];
	const struct event_gap *event;
	uint32_t i;

	(void)user;
	memset(idle, 0, sizeof idle);
	header->on_full = ARENA_OVERWRITES;
	atomic_store(&arena_in_flight, true);
	for (i = 0; i < CHUNKS; i++)
		put(&idle[i], 1, 1);
	assert_int_equal(atomic_load(&header->lost.value), 0);
	put(&state, 1, 3);
	assert_int_equal(atomic_load(&header->lost.value), 3);
	assert_int_equal(atomic_load(&header->overwritten.value), 0);
	emit_end(&idle[5]);
	put(&state, 4, 1);
	event = (const void *)state.writer[0].bytes;
	assert_int_equal(event[0].lost, 3);
	assert_int_equal(event[0].head.flags, 0);
	assert_int_equal(event[1].lost, 4);
	assert_int_equal(atomic_load(&header->overwritten.value), 1);
}

/* What threads keep open that write no more is not taken from the history of the others. */
static void each_has_its_own(void **user)
{
	enum { HISTORY = CHUNKS / 4, IDLE = CHUNKS / 2 };
	struct emit_state state = {0}, idle[IDLE];
	uint32_t i;

	(void)user;
	memset(idle, 0, sizeof idle);
	header->on_full = ARENA_OVERWRITES;
	atomic_store(&arena_in_flight, true);
	arena_map.history_chunks = HISTORY;
	atomic_store(&header->used[ARENA_THREADS].value, IDLE + 1);
	for (i = 0; i < IDLE; i++)
		put(&idle[i], 1000 + i, 1);
	put(&state, 1, 20 * IN_A_CHUNK);
	assert_int_equal(atomic_load(&header->lost.value), 0);
	assert_int_equal(atomic_load(&header->used[ARENA_CHUNK_STATES].value), HISTORY + IDLE + 1);
	for (i = 0; i < IDLE; i++)
		assert_int_equal(((const struct event_gap *)(void *)idle[i].writer[0].bytes)->lost,
			1000 + i);
	for (i = 20 - HISTORY; i <= 20; i++)
		assert_int_equal(event_at(chunk_of(IDLE + i), 0)->lost, 1 + (i - 1) * IN_A_CHUNK);
}

/* Chunks that lie in another order than that of their age. */
static void age_and_not_place(void **user)
{
	struct emit_state state = {0};
	uint32_t i, j;

	(void)user;
	header->on_full = ARENA_WAITS;
	put(&state, 1, CHUNKS * IN_A_CHUNK);
	emit_end(&state);
	/* As if an ingester had set them free in this order. */
	for (i = 0; i < CHUNKS; i++)
		arena_map.chunks[i].sequence = 1 + (i * 7 + 9) % CHUNKS;
	*(uint32_t *)(void *)header->ingester_life = FUTEX_OWNER_DIED;
	for (j = 0; j < CHUNKS / 2; j++) {
		uint32_t younger = 0;

		put(&state, 1, IN_A_CHUNK);
		for (i = 0; i < CHUNKS; i++)
			younger += arena_map.chunks[i].sequence > CHUNKS / 2 + j &&
				   arena_map.chunks[i].sequence <= CHUNKS;
		/* Nothing of what is the younger half by then has gone. */
		assert_int_equal(younger, CHUNKS / 2 - j);
	}
	assert_int_equal(atomic_load(&header->lost.value), 0);
}

static void recorder_has_died(void **user)
{
	struct emit_state state = {0};
	uint32_t *life = (uint32_t *)(void *)header->ingester_life;

	(void)user;
	header->on_full = ARENA_DROPS;
	*life = FUTEX_OWNER_DIED;
	put(&state, 1, 2 * CHUNKS * IN_A_CHUNK);
	assert_int_equal(atomic_load(&header->overwritten.value), 0);
	assert_int_equal(atomic_load(&header->lost.value), CHUNKS * IN_A_CHUNK);
	assert_false(atomic_load(&arena_in_flight));

	header->on_full = ARENA_WAITS;
	put(&state, 1, 2 * CHUNKS * IN_A_CHUNK);
	assert_true(atomic_load(&arena_in_flight));
	assert_int_equal(header->on_full, ARENA_WAITS);
	assert_int_equal(atomic_load(&header->lost.value), CHUNKS * IN_A_CHUNK);
	assert_true(atomic_load(&header->overwritten.value) > CHUNKS);
}

/* --- nothing is to be written ------------------------------------------------------------- */

static void while_paused(void **user)
{
	struct emit_state state = {0};

	(void)user;
	put(&state, 1, 1);
	atomic_store(&header->is_paused, 1);
	put(&state, 2, 3);
	assert_int_equal(atomic_load(&arena_map.chunks[0].used), sizeof(struct event_gap));
	atomic_store(&header->is_paused, 0);
	put(&state, 5, 2);
	assert_int_equal(atomic_load(&header->lost.value), 0);
	assert_int_equal(event_at(0, 1)->head.kind, EVENT_GAP);
	assert_int_equal(event_at(0, 1)->head.flags, EVENT_GAP_PAUSED);
	assert_int_equal(event_at(0, 1)->lost, 3);
	assert_true(event_at(0, 1)->from > 0 && event_at(0, 1)->from <= event_at(0, 1)->to);
	assert_int_equal(event_at(0, 2)->lost, 5);
	assert_int_equal(event_at(0, 3)->lost, 6);
	assert_int_equal(atomic_load(&arena_map.chunks[0].used), 4 * sizeof(struct event_gap));
}

/* What was lost before and what was not to be written are two things. */
static void lost_and_paused(void **user)
{
	struct emit_state state = {0}, other = {0};
	const struct event_gap *event;

	(void)user;
	header->on_full = ARENA_DROPS;
	put(&other, 1, (CHUNKS - 1) * IN_A_CHUNK);
	put(&state, 1, IN_A_CHUNK + 5);
	atomic_store(&header->is_paused, 1);
	put(&state, 1, 7);
	atomic_store(&header->is_paused, 0);
	assert_int_equal(atomic_load(&header->lost.value), 5);
	/* As an ingester makes room. */
	atomic_store(&arena_map.chunks[3].state, ARENA_CHUNK_FREE);
	atomic_store(&header->free_chunks.head, 4);
	put(&state, 42, 1);
	event = event_at(3, 0);
	assert_int_equal(event[0].lost, 5);
	assert_int_equal(event[0].head.flags, 0);
	assert_int_equal(event[1].lost, 7);
	assert_int_equal(event[1].head.flags, EVENT_GAP_PAUSED);
	assert_int_equal(event[2].lost, 42);
	assert_int_equal(atomic_load(&header->lost.value), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_inside_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed_guest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(guest_in_a_handler, set_up, tear_down),
		cmocka_unit_test_setup_teardown(handler_in_a_guest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(oldest_is_overwritten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_open_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_are_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_has_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(age_and_not_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(recorder_has_died, set_up, tear_down),
		cmocka_unit_test_setup_teardown(while_paused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lost_and_paused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
