/*
 * Names in a finished recording: the places of this very program are put on stacks, and are to come
 * out as their functions and lines; a stack's signature depends on the functions' names alone.
 */
#include "tests/unit/ingest_fixture.h"

#include <limits.h>
#include <link.h>

#define NOINLINE __attribute__((noinline))

/* Where it was called from. */
static NOINLINE uint64_t here(void)
{
	__asm__ volatile("" ::: "memory");
	return (uint64_t)(uintptr_t)__builtin_return_address(0);
}

struct places_of {
	uint64_t first, second, inlined;
	int first_line, second_line, inlined_line, inlining_line;
};

static inline __attribute__((always_inline)) uint64_t inlined_place(struct places_of *places)
{
	uint64_t pc = here();

	places->inlined_line = __LINE__ - 2;
	__asm__ volatile("" ::: "memory");
	return pc;
}

static NOINLINE void place_holder(struct places_of *places)
{
	places->first = here();
	places->first_line = __LINE__ - 1;
	places->second = here();
	places->second_line = __LINE__ - 1;
	places->inlined = inlined_place(places);
	places->inlining_line = __LINE__ - 1;
	__asm__ volatile("" ::: "memory");
}

static NOINLINE uint64_t another_function(void)
{
	uint64_t pc = here();

	__asm__ volatile("" ::: "memory");
	return pc;
}

static struct dl_phdr_info program;

static int take_first(struct dl_phdr_info *info, size_t size, void *user)
{
	(void)size, (void)user;
	program = *info;
	return 1;
}

/* By which the debugger knows a file; it may have none. */
static void add_build_id(struct arena_module *module, const ElfW(Phdr) * part)
{
	const char *at = (const char *)(program.dlpi_addr + part->p_vaddr);
	const char *end = at + part->p_memsz;

	while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)at;
		const char *name = at + sizeof *note;
		const char *words = name + ((note->n_namesz + 3) & ~3u);

		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
			!memcmp(name, "GNU", 4) && note->n_descsz <= ARENA_BUILD_ID_MAX) {
			memcpy(module->build_id, words, note->n_descsz);
			module->build_id_size = note->n_descsz;
		}
		at = words + ((note->n_descsz + 3) & ~3u);
	}
}

/* Adds this program as the arena's module. */
static void add_this_program(struct arena_writer *arena)
{
	uint64_t start = UINT64_MAX, end = 0;
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
	struct arena_module *module;
	uint32_t at;

	assert_true(length > 0 && length < ARENA_PATH_MAX);
	path[length] = 0;
	dl_iterate_phdr(take_first, NULL);
	for (int i = 0; i < program.dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &program.dlpi_phdr[i];

		if (part->p_type != PT_LOAD)
			continue;
		if (program.dlpi_addr + part->p_vaddr < start)
			start = program.dlpi_addr + part->p_vaddr;
		if (program.dlpi_addr + part->p_vaddr + part->p_memsz > end)
			end = program.dlpi_addr + part->p_vaddr + part->p_memsz;
	}
	at = arena_writer_module(arena, start, end, program.dlpi_addr, path);
	module = (struct arena_module *)(arena->bytes +
					 arena->header->region[ARENA_MODULES].offset) +
		 at;
	for (int i = 0; i < program.dlpi_phnum; i++)
		if (program.dlpi_phdr[i].p_type == PT_NOTE)
			add_build_id(module, &program.dlpi_phdr[i]);
}

static struct fixture *create(void)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct ingest_options options = {.version = "test", .symbolize = true};
	struct ingest_process_info info = {.os_pid = 4711, .is_dead = false};
	struct error err;

	snprintf(f->folder, sizeof f->folder, "/tmp/ingest.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
	options.path = f->path;
	fixture_check(ingest_create(&options, &f->ingest, &err), &err);
	f->arena = arena_writer_create(16);
	add_this_program(f->arena);
	fixture_check(ingest_add_process(
			      f->ingest, f->arena->bytes, f->arena->size, &info, &f->process, &err),
		&err);
	return f;
}

/* A resource whose stack is `inner` called from `outer` (0: none); its number names it. */
static void put_resource(struct fixture *f, uint64_t async_id, uint64_t inner, uint64_t outer)
{
	struct event_resource event = {.thread = 1};
	uint32_t node = outer ? arena_writer_node(f->arena, 0, outer) : 0;

	event.birth = (struct event_birth){.async_id = async_id,
		.trigger_id = 1,
		.run_id = 1,
		.created = f->arena->now,
		.stack = arena_writer_node(f->arena, node, inner),
		.type = ACAUSAL_TYPE_TIMER,
		.api = ACAUSAL_API_uv_timer_init};
	assert_true(ARENA_PUT(f->arena, 1, RESOURCE, &event));
}

static const char *frames_of(struct fixture *f, int async_id)
{
	return fixture_ask(f,
		"SELECT depth, inline_depth, function, replace(file, rtrim(file, replace(file, "
		"'/', '')), ''), line FROM stack_frame WHERE stack_id = (SELECT stack_id FROM "
		"resource WHERE async_id = %d) ORDER BY depth, inline_depth",
		async_id);
}

static void addresses_become_functions_and_lines(void **state)
{
	struct fixture *f = create();
	struct places_of places;
	char expected[512];

	(void)state;
	place_holder(&places);
	put_resource(f, 2, places.first, places.second);
	put_resource(f, 3, places.inlined, 0);
	fixture_finish(f);
	snprintf(expected, sizeof expected,
		"0|0|place_holder|test_ingest_names.c|%d 1|0|place_holder|test_ingest_names.c|%d",
		places.first_line, places.second_line);
	assert_string_equal(frames_of(f, 2), expected);
	snprintf(expected, sizeof expected,
		"0|0|inlined_place|test_ingest_names.c|%d 0|1|place_holder|test_ingest_names.c|%d",
		places.inlined_line, places.inlining_line);
	assert_string_equal(frames_of(f, 3), expected);
	assert_answer(f,
		"SELECT count(*) FROM source WHERE directory IS NULL AND file NOT LIKE '/%'", "0");
	fixture_destroy(f);
}

static int64_t signature_of(struct fixture *f, int async_id)
{
	return atoll(fixture_ask(f,
		"SELECT signature FROM resource JOIN stack USING (stack_id) WHERE async_id = %d",
		async_id));
}

static void signatures_are_of_names(void **state)
{
	struct fixture *f = create(), *again = create();
	uint64_t another = another_function();
	struct places_of places;

	(void)state;
	place_holder(&places);
	put_resource(f, 2, places.first, another);
	put_resource(f, 3, places.second, another); /* another line of the same function */
	put_resource(f, 4, another, places.first);
	put_resource(f, 5, places.first, 0);
	put_resource(f, 6, places.inlined, another);
	fixture_finish(f);
	assert_true(signature_of(f, 2) > 0);
	assert_int_equal(signature_of(f, 3), signature_of(f, 2));
	assert_int_not_equal(signature_of(f, 4), signature_of(f, 2));
	assert_int_not_equal(signature_of(f, 5), signature_of(f, 2));
	assert_int_not_equal(signature_of(f, 6), signature_of(f, 2));
	assert_answer(f, "SELECT count(*) FROM stack WHERE signature IS NULL", "0");
	/* In another recording, with other numbers. */
	put_resource(again, 2, another, places.second);
	put_resource(again, 3, places.second, another);
	fixture_finish(again);
	assert_int_equal(signature_of(again, 3), signature_of(f, 2));
	assert_int_equal(signature_of(again, 2), signature_of(f, 4));
	fixture_destroy(f);
	fixture_destroy(again);
}

/* What is in no file that can be read keeps its address and has no name. */
static void unknown_places_have_no_names(void **state)
{
	struct fixture *f = create();

	(void)state;
	put_resource(f, 2, 0x10000, 0);
	put_resource(f, 3, NODE_END_NO_CFI, 0);
	fixture_finish(f);
	assert_string_equal(
		fixture_ask(f, "SELECT function, module, address FROM stack_frame WHERE "
			       "stack_id = (SELECT stack_id FROM resource WHERE async_id = 2)"),
		"-|-|65536");
	assert_string_equal(
		fixture_ask(f, "SELECT function FROM stack_frame WHERE stack_id = (SELECT "
			       "stack_id FROM resource WHERE async_id = 3)"),
		"no unwind information for this code");
	fixture_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_become_functions_and_lines),
		cmocka_unit_test(signatures_are_of_names),
		cmocka_unit_test(unknown_places_have_no_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
