/*
 * What a recorder leaves that is killed at this moment: every event is in the recording or still in
 * the arena, because a chunk is given back only when all that it held has been committed.
 *
 * Handles that live on, armings that stand, causes without a run and a line without an end are what
 * the ingester holds in memory for longest.
 */
#include "tests/unit/ingest_fixture.h"

enum { EVENTS = 6000, KINDS = 4 };

static bool is_known[KINDS][EVENTS + 1];

static void put_one_of_each(struct fixture *f, uint64_t id)
{
	struct event_resource resource = {.thread = 1};
	struct event_arming arming = {.thread = 1};
	struct event_cause cause = {.kind = ACAUSAL_CAUSE_SEND};
	struct event_log log = {.fd = 1, .run_id = 1, .written = f->start + id};
	char text[16];

	resource.birth = (struct event_birth){
		.async_id = id, .run_id = 1, .created = f->start + id, .type = ACAUSAL_TYPE_TIMER};
	arming.arming_id = arming.async_id = id;
	arming.run_id = 1;
	arming.armed = f->start + id;
	arming.timeout_ms = arming.repeat_ms = EVENT_NO_TIME;
	cause.cause_id = cause.async_id = id;
	cause.run_id = 1;
	cause.caused = f->start + id;
	log.length = (uint32_t)snprintf(text, sizeof text, "<%llu>", (unsigned long long)id);
	assert_true(ARENA_PUT(f->arena, 1, RESOURCE, &resource));
	assert_true(ARENA_PUT(f->arena, 1, ARMING, &arming));
	assert_true(ARENA_PUT(f->arena, 1, CAUSE, &cause));
	assert_true(
		arena_writer_put(f->arena, 1, 0, EVENT_LOG, &log, sizeof log, text, log.length));
}

static void note(unsigned kind, uint64_t id)
{
	if (id <= EVENTS)
		is_known[kind][id] = true;
}

static void note_text(const char *text, size_t length)
{
	for (size_t at = 0; at + 1 < length; at++)
		if (text[at] == '<')
			note(3, strtoull(text + at + 1, NULL, 10));
}

/* What whoever reads the arena after the recorder's death can have of it. */
static void note_arena(const struct fixture *f)
{
	const struct arena_header *header = f->arena->header;
	const struct arena_region *states = &header->region[ARENA_CHUNK_STATES];
	const struct arena_region *chunks = &header->region[ARENA_CHUNKS];

	for (uint32_t i = 0; i < states->count; i++) {
		const struct arena_chunk *chunk =
			(void *)(f->arena->bytes + states->offset + (size_t)i * states->stride);
		const unsigned char *bytes =
			f->arena->bytes + chunks->offset + (size_t)i * chunks->stride;
		const struct event_head *head;

		if (chunk->state != ARENA_CHUNK_OPEN && chunk->state != ARENA_CHUNK_SEALED)
			continue;
		for (uint32_t at = 0; at < chunk->used; at += head->size) {
			head = (const void *)(bytes + at);
			if (head->kind == EVENT_RESOURCE)
				note(0, ((const struct event_resource *)(const void *)head)
						->birth.async_id);
			else if (head->kind == EVENT_ARMING)
				note(1, ((const struct event_arming *)(const void *)head)
						->arming_id);
			else if (head->kind == EVENT_CAUSE)
				note(2, ((const struct event_cause *)(const void *)head)->cause_id);
			else if (head->kind == EVENT_LOG)
				note_text((const char *)head + sizeof(struct event_log),
					((const struct event_log *)(const void *)head)->length);
		}
	}
}

static void note_rows(struct fixture *f)
{
	static const char *const questions[KINDS] = {"SELECT async_id FROM resource",
		"SELECT arming_id FROM arming", "SELECT cause_id FROM cause",
		"SELECT text FROM log"};
	sqlite3_stmt *statement;

	fixture_open(f);
	for (unsigned kind = 0; kind < KINDS; kind++) {
		assert_int_equal(sqlite3_prepare_v2(f->db, questions[kind], -1, &statement, NULL),
			SQLITE_OK);
		while (sqlite3_step(statement) == SQLITE_ROW) {
			if (kind == 3)
				note_text((const char *)sqlite3_column_text(statement, 0),
					(size_t)sqlite3_column_bytes(statement, 0));
			else
				note(kind, (uint64_t)sqlite3_column_int64(statement, 0));
		}
		sqlite3_finalize(statement);
	}
	sqlite3_close(f->db);
	f->db = NULL;
}

static void nothing_is_only_in_memory(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	for (uint64_t id = 2; id <= EVENTS; id++) {
		if (arena_writer_free_chunks(f->arena) < 2)
			fixture_drain(f);
		put_one_of_each(f, id);
		if (id % 1000)
			continue;
		fixture_drain(f);
		memset(is_known, 0, sizeof is_known);
		note_arena(f);
		note_rows(f);
		for (unsigned kind = 0; kind < KINDS; kind++)
			for (uint64_t i = 2; i <= id; i++)
				if (!is_known[kind][i])
					fail_msg("kind %u, number %llu of %llu is gone", kind,
						(unsigned long long)i, (unsigned long long)id);
	}
	/* It was kept piece by piece, and is one line. */
	fixture_finish(f);
	assert_string_equal(fixture_ask(f, "SELECT count(*), count(DISTINCT line_number), "
					   "length(text) FROM log"),
		"1|1|34890");
	assert_int_equal(f->summary.lost, 0);
	assert_string_equal(fixture_ask(f, "SELECT count(*) FROM arming"), "5999");
	fixture_destroy(f);
}

/* With room enough nothing is written before it is final. */
static void chunks_may_wait(void **state)
{
	struct fixture *f = fixture_create();

	(void)state;
	put_one_of_each(f, 2);
	arena_writer_seal(f->arena, 1);
	fixture_drain(f);
	assert_int_equal(arena_writer_free_chunks(f->arena), 15);
	fixture_finish(f);
	fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_only_in_memory),
		cmocka_unit_test(chunks_may_wait),
	};

	return cmocka_run_group_tests_name("ingest_killed", tests, NULL, NULL);
}
