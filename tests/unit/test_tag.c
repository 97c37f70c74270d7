/*
 * Tags at the ends of lines: whatever the pieces that a text is written in, and wherever a write is
 * cut, each line ends in the ID of the resource that wrote its first byte, and the program is told
 * how much of its own was written.
 */
#include "recorder/hooks/tag.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* The run that all threads are in. */
static uint64_t resource_now;
#define run_capture(thread, from) ((void)(thread), (void)(from))
#define logged_resource(thread)	  ((void)(thread), resource_now)
#include "recorder/hooks/tag.c"

/* What the descriptor has taken. */
static char output[1 << 20];
static size_t output_length;

static struct arena_header header;
static const struct written standard_output = {.fd = 1}, standard_error = {.fd = 2};

static int begin(void **state)
{
	(void)state;
	memset(&header, 0, sizeof header);
	header.os_pid = 77;
	atomic_store(&header.process_id, 1);
	arena_page.header = &header;
	tag_forget(1);
	tag_forget(2);
	atomic_store(&is_nameless, false);
	resource_now = 5;
	output_length = 0;
	return 0;
}

/* One write of several pieces, of which the descriptor takes `room` bytes. Returns what the program
 * is told. */
static size_t put_pieces(
	const struct written *written, const struct iovec *pieces, int count, size_t room)
{
	struct tagged tagged;
	size_t total = 0, taken, told;
	int i;

	for (i = 0; i < count; i++)
		total += pieces[i].iov_len;
	errno = 4242;
	assert_true(tag_begin(&tagged, NULL, NULL, written, pieces, count));
	assert_int_equal(errno, 4242);
	assert_int_equal(tagged.untagged, total);
	taken = tagged.length < room ? tagged.length : room;
	memcpy(output + output_length, tagged.bytes, taken);
	output_length += taken;
	told = tag_untagged(&tagged, taken);
	assert_true(told <= total);
	if (taken == tagged.length)
		assert_int_equal(told, total);
	tag_end(&tagged);
	assert_int_equal(errno, 4242);
	return told;
}

static size_t put_some(const struct written *written, const char *text, size_t length, size_t room)
{
	struct iovec piece = {(char *)(uintptr_t)text, length};

	return put_pieces(written, &piece, 1, room);
}

static void put(const struct written *written, const char *text)
{
	assert_int_equal(put_some(written, text, strlen(text), SIZE_MAX), strlen(text));
}

static void put_byte(const struct written *written, char byte)
{
	char tag[TAG_MAX];
	size_t length = tag_of_byte(tag, NULL, NULL, written, (unsigned char)byte);

	memcpy(output + output_length, tag, length);
	output_length += length;
	output[output_length++] = byte;
}

static void check(const char *expected)
{
	output[output_length] = '\0';
	assert_string_equal(output, expected);
	output_length = 0;
}

static void whole_lines(void **state)
{
	(void)state;
	put(&standard_output, "one\n");
	resource_now = 6;
	put(&standard_output, "two\n\nthree\n");
	check("one [#5]\ntwo [#6]\n [#6]\nthree [#6]\n");
	resource_now = (UINT64_C(1) << 40) - 1;
	atomic_store(&header.process_id, UINT32_MAX);
	put(&standard_error, "far\n");
	check("far [#4294967295:1099511627775]\n");
}

static void first_byte(void **state)
{
	(void)state;
	put(&standard_output, "be");
	resource_now = 6;
	put(&standard_output, "gun\nand");
	resource_now = 7;
	put(&standard_error, "else\n");
	put(&standard_output, "\n");
	check("begun [#5]\nandelse [#7]\n [#6]\n");
}

/* What waits in a stream's buffer is in no line of the descriptor. */
static void streams(void **state)
{
	const struct written stream = {.fd = 1, .writer = &stream};

	(void)state;
	put(&stream, "buf");
	resource_now = 6;
	put(&standard_output, "past it\n");
	put(&stream, "fered\n");
	check("bufpast it [#6]\nfered [#5]\n");
}

static void many_streams(void **state)
{
	struct written stream = {.fd = 1};
	struct iovec piece = {(char *)(uintptr_t) "x\n", 2};
	struct tagged tagged;
	char places[LINES];
	int i;

	(void)state;
	for (i = 0; i < LINES - 1; i++) {
		stream.writer = &places[i];
		put(&stream, "x\n");
	}
	stream.writer = &places[i];
	assert_false(tag_begin(&tagged, NULL, NULL, &stream, &piece, 1));
	tag_forget(1);
	put(&stream, "x\n");
}

static void unknown_run(void **state)
{
	(void)state;
	resource_now = 0;
	put(&standard_output, "un");
	resource_now = 5;
	put(&standard_output, "known\nknown\n");
	check("unknown\nknown [#5]\n");
}

static void carriage_returns(void **state)
{
	(void)state;
	put(&standard_output, "one\r\ntwo\r\r\n\r\nth\rree\n");
	check("one [#5]\r\ntwo [#5]\r\r\n [#5]\r\nth\rree [#5]\n");
	put(&standard_output, "four");
	put(&standard_output, "\r\n");
	check("four [#5]\r\n");
	/* A tag between the two would overwrite the line. */
	put(&standard_output, "five\r");
	put(&standard_output, "\nsix\r");
	put(&standard_output, "\r\nseven\r");
	put(&standard_output, "\rand more\n");
	check("five\r\nsix\r\r\nseven\r\rand more [#5]\n");
}

static void pieces(void **state)
{
	const struct iovec parts[] = {{NULL, 0}, {(char *)(uintptr_t) "on", 2},
		{(char *)(uintptr_t) "e\r", 2}, {NULL, 0}, {(char *)(uintptr_t) "\ntwo\nth", 7},
		{(char *)(uintptr_t) "ree", 3}};

	(void)state;
	put_pieces(&standard_output, parts, 6, SIZE_MAX);
	resource_now = 6;
	put_pieces(&standard_output, parts + 5, 1, SIZE_MAX);
	put_pieces(&standard_output, parts, 3, SIZE_MAX);
	put(&standard_output, "!\n");
	check("one [#5]\r\ntwo [#5]\nthreereeone\r! [#5]\n");
}

/* A write that is cut within a tag: its rest comes first, and it is not said again. */
static void cut_tags(void **state)
{
	(void)state;
	assert_int_equal(put_some(&standard_output, "one\n", 4, 5), 3);
	check("one [");
	resource_now = 6;
	assert_int_equal(put_some(&standard_output, "\n", 1, 1), 0);
	check("#");
	put(&standard_output, "\ntwo\n");
	check("5]\ntwo [#6]\n");
	/* The program never comes back to the end of the line. */
	assert_int_equal(put_some(&standard_output, "one\n", 4, 8), 3);
	resource_now = 7;
	put(&standard_output, "two\n");
	check("one [#6]two [#6]\n");
	assert_int_equal(put_some(&standard_output, "one\r\n", 5, 6), 3);
	put(&standard_output, "\r");
	put(&standard_output, "\n");
	check("one [#7]\r\n");
	assert_int_equal(put_some(&standard_output, "one\r\n", 5, 6), 3);
	put_byte(&standard_output, '\r');
	put_byte(&standard_output, '\n');
	check("one [#7]\r\n");
}

/* Texts that are still being written do not become others. */
static void several_at_once(void **state)
{
	struct tagged tagged[3];
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		char text[] = {(char)('a' + i), '\n', '\0'};
		struct iovec piece = {text, 2};

		assert_true(tag_begin(&tagged[i], NULL, NULL, &standard_output, &piece, 1));
	}
	for (i = 0; i < 3; i++) {
		memcpy(output + output_length, tagged[i].bytes, tagged[i].length);
		output_length += tagged[i].length;
		tag_end(&tagged[i]);
	}
	check("a [#5]\nb [#5]\nc [#5]\n");
}

static void failed_writes(void **state)
{
	struct iovec piece = {(char *)(uintptr_t) "never", 5};
	struct tagged tagged;

	(void)state;
	assert_true(tag_begin(&tagged, NULL, NULL, &standard_output, &piece, 1));
	tag_end(&tagged);
	resource_now = 6;
	put(&standard_output, "seen\n");
	check("seen [#6]\n");
}

/* What the call itself has to fail with is not touched. */
static void unreadable(void **state)
{
	char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec parts[2] = {{memory, 8192}, {NULL, 1}};
	struct tagged tagged;

	(void)state;
	memset(memory, 'x', 8192);
	memory[4094] = '\n';
	assert_false(tag_begin(&tagged, NULL, NULL, &standard_output, parts, 2));
	munmap(memory + 4096, 4096);
	assert_false(tag_begin(&tagged, NULL, NULL, &standard_output, parts, 1));
	assert_false(tag_begin(&tagged, NULL, NULL, &standard_output, NULL, 1));
	assert_false(tag_begin(&tagged, NULL, NULL, &standard_output, (void *)8, 1));
	assert_false(tag_begin(&tagged, NULL, NULL, &standard_output, parts, 0));
	assert_false(tag_begin(&tagged, NULL, NULL, &standard_output, parts, -1));
	parts[0].iov_len = (size_t)-1;
	assert_false(tag_begin(&tagged, NULL, NULL, &standard_output, parts, 1));
	parts[0].iov_len = 0;
	assert_false(tag_begin(&tagged, NULL, NULL, &standard_output, parts, 1));
	/* A part of it may have been written all the same. */
	put(&standard_output, "by whom?\nby it\n");
	check("by whom?\nby it [#5]\n");
	parts[0].iov_len = 4095;
	put_pieces(&standard_output, parts, 1, SIZE_MAX);
	assert_int_equal(output_length, 4095 + strlen(" [#5]"));
	munmap(memory, 4096);
}

static void bytes(void **state)
{
	const char *text = "one\n\ntwo\r\n";

	(void)state;
	for (; *text; text++, resource_now++)
		put_byte(&standard_output, *text);
	check("one [#5]\n [#9]\ntwo\r\n");
	resource_now = 5;
	put(&standard_output, "mix");
	resource_now = 6;
	put_byte(&standard_output, 'e');
	put_byte(&standard_output, 'd');
	put_byte(&standard_output, '\n');
	put_byte(&standard_output, 'i');
	resource_now = 7;
	put(&standard_output, "n\n");
	check("mixed [#5]\nin [#6]\n");
}

static void other_process(void **state)
{
	(void)state;
	put(&standard_output, "parent's ");
	header.os_pid = 78;
	atomic_store(&header.process_id, 2);
	resource_now = 1;
	put(&standard_output, "child's\n");
	check("parent's child's [#2:1]\n");
}

static void other_file(void **state)
{
	(void)state;
	put(&standard_output, "in the one");
	tag_forget(1);
	resource_now = 6;
	put(&standard_output, "in the other\n");
	check("in the onein the other [#6]\n");
}

static void *take_in(void *unused)
{
	usleep(20000);
	atomic_store(&header.process_id, 3);
	return unused;
}

static void waits_for_number(void **state)
{
	pthread_t thread;

	(void)state;
	atomic_store(&header.process_id, 0);
	put(&standard_output, "needs no ");
	pthread_create(&thread, NULL, take_in, NULL);
	put(&standard_output, "number\n");
	pthread_join(thread, NULL);
	check("needs no number [#3:5]\n");
	/* Nobody takes it in, or will: no tags until somebody does. */
	memcpy(header.ingester_life, &(uint32_t){FUTEX_OWNER_DIED}, sizeof(uint32_t));
	atomic_store(&header.process_id, 0);
	put(&standard_output, "nobody\n");
	memset(header.ingester_life, 0, sizeof header.ingester_life);
	atomic_store(&is_nameless, false);
	check("nobody\n");
	put(&standard_output, "one\n");
	put(&standard_output, "two\n");
	atomic_store(&header.process_id, 1);
	put(&standard_output, "three\n");
	check("one\ntwo\nthree [#5]\n");
}

/* --- any text in any pieces ----------------------------------------------------------------- */

/* The text as the program wrote it, and who wrote each byte. */
struct model {
	char text[4096];
	uint64_t resource[4096];
	size_t length;
};

static void model_expect(const struct model *model, char *ret)
{
	size_t i, line = 0;

	for (i = 0; i < model->length; i++) {
		char *at = ret + strlen(ret);

		if (model->text[i] != '\n') {
			*at = model->text[i];
			continue;
		}
		if (i > line && model->text[i - 1] == '\r')
			*--at = '\0';
		sprintf(at, " [#%llu]%s\n", (unsigned long long)model->resource[line],
			i > line && model->text[i - 1] == '\r' ? "\r" : "");
		line = i + 1;
	}
}

/* Whether what was written last is a part of an empty line's tag: the line has begun by that. */
static bool in_tag_alone(const struct model *model)
{
	return output_length > 0 && output[output_length - 1] != '\n' &&
	       (model->length == 0 || model->text[model->length - 1] == '\n');
}

/* As many bytes as the descriptor takes at a time, and another resource for each try. */
static void model_put(struct model *model, const char *text, size_t length)
{
	while (length > 0) {
		size_t first = (size_t)random() % (length + 1), told;
		struct iovec parts[2] = {{(char *)(uintptr_t)text, first},
			{(char *)(uintptr_t)text + first, length - first}};
		size_t i;

		if (!in_tag_alone(model))
			resource_now = 1 + (uint64_t)random() % 2000;
		told = put_pieces(&standard_output, parts, 2,
			random() % 2 ? SIZE_MAX : 1 + (size_t)random() % 20);
		for (i = 0; i < told; i++) {
			model->text[model->length] = text[i];
			model->resource[model->length++] = resource_now;
		}
		text += told;
		length -= told;
	}
}

static void random_splits(void **state)
{
	static const char *const words[] = {"a", "\n", "\r\n", "several words", "\n\n", "x\ny"};
	static struct model model;
	static char expected[1 << 18];
	unsigned seed;
	int i;

	(void)state;
	for (seed = 1; seed <= 2000; seed++) {
		srandom(seed);
		begin(NULL);
		memset(&model, 0, sizeof model);
		memset(expected, 0, sizeof expected);
		for (i = 0; i < 20; i++) {
			char text[256] = "";
			int j;

			for (j = (int)(random() % 6); j >= 0; j--)
				strcat(text, words[random() % 6]);
			model_put(&model, text, strlen(text));
		}
		model_put(&model, "\n", 1);
		model_expect(&model, expected);
		check(expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(whole_lines, begin),
		cmocka_unit_test_setup(first_byte, begin),
		cmocka_unit_test_setup(streams, begin),
		cmocka_unit_test_setup(many_streams, begin),
		cmocka_unit_test_setup(unknown_run, begin),
		cmocka_unit_test_setup(carriage_returns, begin),
		cmocka_unit_test_setup(pieces, begin),
		cmocka_unit_test_setup(cut_tags, begin),
		cmocka_unit_test_setup(several_at_once, begin),
		cmocka_unit_test_setup(failed_writes, begin),
		cmocka_unit_test_setup(unreadable, begin),
		cmocka_unit_test_setup(bytes, begin),
		cmocka_unit_test_setup(other_process, begin),
		cmocka_unit_test_setup(other_file, begin),
		cmocka_unit_test_setup(waits_for_number, begin),
		cmocka_unit_test_setup(random_splits, begin),
	};

	return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
