/*
 * Pieces to lines, and records to sinks, by themselves: any pieces of any writers in any order give
 * the lines that were written, and no number of them takes more than so much memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorder/ingest/lines.h"
#include "recorder/ingest/sinks.h"
#include "recorder/wire/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed = 88172645463325252ull;

static uint32_t chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}

/* --- any pieces in any order --------------------------------------------------------------- */

enum { WRITERS = 24, TEXT = 30000, LONGEST = 500 };

struct writer {
	struct line line;
	char text[TEXT];
	size_t written, taken; /* bytes handed in, and seen again in lines */
	int lines;
};

static size_t whole_length(const char *text, const char *end)
{
	const char *newline = memchr(text, '\n', (size_t)(end - text));

	return (size_t)((newline ? newline : end) - text);
}

/* Each line is what comes next of its writer's text, with the moment of its first byte. */
static int take(
	void *user, const struct line *line, const char *text, size_t length, struct error *err)
{
	struct writer *writers = user, *writer = NULL;
	size_t whole, kept;

	(void)err;
	for (int i = 0; i < WRITERS && !writer; i++)
		if (writers[i].line.process_id == line->process_id &&
			writers[i].line.thread == line->thread &&
			writers[i].line.sink_id == line->sink_id &&
			writers[i].line.stream == line->stream &&
			(line->sink_id || writers[i].line.fd == line->fd))
			writer = &writers[i];
	assert_non_null(writer);
	whole = whole_length(writer->text + writer->taken, writer->text + TEXT);
	kept = whole > LONGEST ? LONGEST : whole;
	/* What is cut is cut between characters. */
	assert_true(length <= kept && length + (whole > kept ? 3 : 0) >= kept);
	assert_memory_equal(text, writer->text + writer->taken, length);
	assert_int_equal(line->left_out, whole - length);
	/* The place of a piece in its text is its run and its time, its length its stack. */
	assert_true((size_t)line->run_id <= writer->taken + 1);
	assert_true((size_t)line->run_id + line->stack_id > writer->taken + 1);
	assert_int_equal(line->written_ns, line->run_id);
	if (writer->taken)
		assert_int_equal(writer->text[writer->taken - 1], '\n');
	writer->taken += whole + 1;
	writer->lines++;
	return 0;
}

static void hand_in(struct lines *lines, struct writer *writer, size_t length)
{
	struct line piece = writer->line;
	struct error err;

	if (length > TEXT - writer->written)
		length = TEXT - writer->written;
	piece.run_id = piece.written_ns = (int64_t)writer->written + 1;
	piece.stack_id = (uint32_t)length;
	assert_int_equal(
		lines_add(lines, &piece, writer->text + writer->written, length, false, &err), 0);
	writer->written += length;
}

static void pieces_give_the_lines_that_were_written(void **state)
{
	struct writer *writers = calloc(WRITERS, sizeof *writers);
	struct lines lines;
	struct error err;

	(void)state;
	for (int i = 0; i < WRITERS; i++) {
		/* Streams, threads, processes, sinks, and descriptors whose sink is not known. */
		writers[i].line = (struct line){.process_id = 1 + (uint32_t)i % 3,
			.thread = 1 + (uint32_t)(i / 3) % 2,
			.sink_id = i / 6 % 2 ? 7 : 0,
			.fd = i / 6 % 2 ? 1 : 1 + i / 12,
			.stream = (uint64_t)(i / 6 % 2) * (uint64_t)(1 + i / 12)};
		for (size_t n = 0; n < TEXT; n++)
			writers[i].text[n] = chance(40 + 300 * (i % 2)) ? (char)chance(256) : '\n';
	}
	lines_init(&lines, LONGEST, take, writers);
	for (int left = WRITERS; left;) {
		struct writer *writer = &writers[chance(WRITERS)];

		if (writer->written == TEXT)
			continue;
		hand_in(&lines, writer, chance(4) ? chance(30) : chance(3000));
		left -= writer->written == TEXT;
	}
	for (uint32_t process = 1; process <= 3; process++) {
		if (process == 2)
			assert_int_equal(lines_end_thread(&lines, process, 1, &err), 0);
		assert_int_equal(lines_end_process(&lines, process, &err), 0);
	}
	assert_int_equal(lines.count, 0);
	assert_int_equal(lines.held, 0);
	for (int i = 0; i < WRITERS; i++) {
		assert_true(writers[i].lines > 50);
		/* A text that ends in a newline leaves no line open. */
		assert_true(writers[i].taken == TEXT + 1 ||
			    (writers[i].taken == TEXT && writers[i].text[TEXT - 1] == '\n'));
	}
	lines_deinit(&lines);
	free(writers);
}

/* --- limits -------------------------------------------------------------------------------- */

static int64_t taken, last_taken, bytes_taken;

static int count_line(
	void *user, const struct line *line, const char *text, size_t length, struct error *err)
{
	(void)user, (void)text, (void)err;
	taken++;
	last_taken = line->run_id;
	bytes_taken += (int64_t)length;
	return 0;
}

static void open_lines_are_limited_in_number(void **state)
{
	struct lines lines;
	struct error err;

	(void)state;
	taken = bytes_taken = 0;
	lines_init(&lines, 0, count_line, NULL);
	for (int64_t i = 1; i <= 100000; i++) {
		struct line piece = {
			.process_id = 1, .thread = (uint32_t)i, .sink_id = 1, .fd = 1, .run_id = i};

		assert_int_equal(lines_add(&lines, &piece, "begun", 5, false, &err), 0);
		assert_true(lines.count <= LINES_OPEN_MAX);
		/* The one that has waited longest goes. */
		if (i > LINES_OPEN_MAX)
			assert_int_equal(last_taken, i - LINES_OPEN_MAX);
	}
	assert_int_equal(taken, 100000 - LINES_OPEN_MAX);
	assert_true(lines.capacity <= LINES_OPEN_MAX);
	assert_true(lines.held <= LINES_OPEN_MAX * 128);
	assert_int_equal(lines_end_process(&lines, 1, &err), 0);
	assert_int_equal(taken, 100000);
	assert_int_equal(bytes_taken, 500000);
	lines_deinit(&lines);
}

static void open_lines_are_limited_in_bytes(void **state)
{
	static char text[1 << 16];
	struct lines lines;
	struct error err;

	(void)state;
	memset(text, 'x', sizeof text);
	taken = bytes_taken = 0;
	lines_init(&lines, 2 << 20, count_line, NULL);
	for (int round = 0; round < 20; round++) {
		for (uint32_t i = 1; i <= 100; i++) {
			struct line piece = {
				.process_id = 1, .thread = i, .sink_id = 1, .fd = 1, .run_id = i};

			assert_int_equal(
				lines_add(&lines, &piece, text, sizeof text, false, &err), 0);
			assert_true(lines.held <= LINES_HELD_MAX);
		}
	}
	assert_true(taken > 0);
	assert_int_equal(lines_end_process(&lines, 1, &err), 0);
	assert_int_equal(bytes_taken, 20 * 100 * (int64_t)sizeof text);
	lines_deinit(&lines);
}

/* One that goes on is not the one that has waited longest. */
static void a_line_that_goes_on_stays(void **state)
{
	struct line slow = {.process_id = 1, .thread = 1, .sink_id = 1, .fd = 1, .run_id = 1};
	struct lines lines;
	struct error err;

	(void)state;
	taken = 0;
	lines_init(&lines, 0, count_line, NULL);
	for (uint32_t i = 2; i < 3 * LINES_OPEN_MAX; i++) {
		struct line piece = {
			.process_id = 1, .thread = i, .sink_id = 1, .fd = 1, .run_id = i};

		assert_int_equal(lines_add(&lines, &piece, "begun", 5, false, &err), 0);
		if (i % 1000 == 2)
			assert_int_equal(lines_add(&lines, &slow, "x", 1, false, &err), 0);
		assert_int_not_equal(last_taken, 1);
	}
	assert_int_equal(lines_end_thread(&lines, 1, 1, &err), 0);
	assert_int_equal(last_taken, 1);
	lines_deinit(&lines);
}

static struct line last_line;
static char last_text[64];

static int keep_line(
	void *user, const struct line *line, const char *text, size_t length, struct error *err)
{
	(void)user, (void)err;
	taken++;
	last_line = *line;
	assert_true(length < sizeof last_text);
	memcpy(last_text, text, length);
	last_text[length] = 0;
	return 0;
}

/* What is cut is not cut within a character; its whole length is told. */
static void lines_are_cut_between_characters(void **state)
{
	struct line piece = {.process_id = 1, .thread = 1, .sink_id = 1, .fd = 1};
	struct lines lines;
	struct error err;

	(void)state;
	lines_init(&lines, 8, keep_line, NULL);
	assert_int_equal(lines_add(&lines, &piece, "123456\xe2\x82\xac!\n", 11, false, &err), 0);
	assert_string_equal(last_text, "123456");
	assert_int_equal(last_line.left_out, 4);
	assert_int_equal(lines_add(&lines, &piece, "12345\xe2\x82\xac!\n", 10, false, &err), 0);
	assert_string_equal(last_text, "12345\xe2\x82\xac");
	assert_int_equal(last_line.left_out, 1);
	/* Put together of pieces, and cut by who wrote it as well. */
	piece.left_out = 100;
	assert_int_equal(lines_add(&lines, &piece, "123", 3, false, &err), 0);
	piece.left_out = 0;
	assert_int_equal(lines_add(&lines, &piece, "more\nnext\n", 10, false, &err), 0);
	assert_string_equal(last_text, "next");
	assert_int_equal(last_line.left_out, 0);
	piece.left_out = 100;
	assert_int_equal(lines_add(&lines, &piece, "123", 3, false, &err), 0);
	piece.left_out = 0;
	assert_int_equal(lines_add(&lines, &piece, "more\n", 5, false, &err), 0);
	assert_string_equal(last_text, "123");
	assert_int_equal(last_line.left_out, 104);
	/* A number of bytes that cannot be does not wrap round. */
	piece.left_out = UINT64_MAX;
	assert_int_equal(lines_add(&lines, &piece, "12", 2, false, &err), 0);
	assert_int_equal(lines_add(&lines, &piece, "34", 2, false, &err), 0);
	assert_int_equal(lines_end_thread(&lines, 1, 1, &err), 0);
	assert_string_equal(last_text, "12");
	assert_true(last_line.left_out == UINT64_MAX);
	lines_deinit(&lines);
}

static void a_descriptor_that_goes_elsewhere_ends_its_line(void **state)
{
	struct line here = {.process_id = 1, .thread = 1, .sink_id = 1, .fd = 1, .run_id = 1};
	struct line there = {.process_id = 1, .thread = 1, .sink_id = 2, .fd = 1, .run_id = 2};
	struct line other = {.process_id = 1, .thread = 1, .sink_id = 3, .fd = 2, .run_id = 3};
	struct lines lines;
	struct error err;

	(void)state;
	lines_init(&lines, 0, keep_line, NULL);
	taken = 0;
	assert_int_equal(lines_add(&lines, &here, "here ", 5, false, &err), 0);
	/* Another descriptor in between changes nothing. */
	assert_int_equal(lines_add(&lines, &other, "other", 5, false, &err), 0);
	assert_int_equal(lines_add(&lines, &here, "still", 5, false, &err), 0);
	assert_int_equal(taken, 0);
	assert_int_equal(lines_add(&lines, &there, "there", 5, false, &err), 0);
	assert_int_equal(taken, 1);
	assert_string_equal(last_text, "here still");
	assert_int_equal(last_line.run_id, 1);
	/* Nor does another descriptor that goes to the same place: that is the same writer. */
	there.fd = 9;
	assert_int_equal(lines_add(&lines, &there, " too\n", 5, false, &err), 0);
	assert_string_equal(last_text, "there too");
	assert_int_equal(last_line.fd, 1);
	assert_int_equal(lines.count, 1);
	lines_deinit(&lines);
}

static void messages_end_where_they_end(void **state)
{
	struct line piece = {.process_id = 1, .thread = 1, .sink_id = 1, .fd = -1};
	struct lines lines;
	struct error err;

	(void)state;
	lines_init(&lines, 0, keep_line, NULL);
	taken = 0;
	assert_int_equal(lines_add(&lines, &piece, "one", 3, true, &err), 0);
	assert_string_equal(last_text, "one");
	assert_int_equal(lines_add(&lines, &piece, "two\n", 4, true, &err), 0);
	assert_string_equal(last_text, "two");
	assert_int_equal(taken, 2);
	assert_int_equal(lines_add(&lines, &piece, "a\nb", 3, true, &err), 0);
	assert_int_equal(taken, 4);
	assert_int_equal(lines_add(&lines, &piece, "", 0, true, &err), 0);
	assert_int_equal(taken, 5);
	assert_string_equal(last_text, "");
	assert_int_equal(lines_add(&lines, &piece, "long", 4, false, &err), 0);
	piece.left_out = 5;
	assert_int_equal(lines_add(&lines, &piece, "er", 2, true, &err), 0);
	assert_string_equal(last_text, "longer");
	assert_int_equal(last_line.left_out, 5);
	assert_int_equal(lines.count, 0);
	lines_deinit(&lines);
}

static int refuse(
	void *user, const struct line *line, const char *text, size_t length, struct error *err)
{
	(void)user, (void)line, (void)text, (void)length;
	return error_set(err, "full");
}

static void failures_are_handed_on(void **state)
{
	struct line piece = {.process_id = 1, .thread = 1, .sink_id = 1, .fd = 1};
	struct lines lines;
	struct error err;

	(void)state;
	lines_init(&lines, 0, refuse, NULL);
	assert_int_equal(lines_add(&lines, &piece, "a\n", 2, false, &err), -1);
	assert_int_equal(lines_add(&lines, &piece, "a", 1, false, &err), 0);
	assert_int_equal(lines_add(&lines, &piece, "\n", 1, false, &err), -1);
	assert_int_equal(lines_add(&lines, &piece, "a", 1, false, &err), 0);
	assert_int_equal(lines_end_thread(&lines, 1, 1, &err), -1);
	assert_int_equal(lines_add(&lines, &piece, "a", 1, false, &err), 0);
	assert_int_equal(lines_end_process(&lines, 1, &err), -1);
	assert_string_equal(err.text, "full");
	lines_deinit(&lines);
}

/* --- sinks --------------------------------------------------------------------------------- */

static struct arena_sink file(const char *path, uint64_t inode, uint64_t size)
{
	struct arena_sink record = {.kind = ACAUSAL_SINK_FILE,
		.device = 5,
		.inode = inode,
		.size = size,
		.path_length = (uint32_t)strlen(path)};

	snprintf(record.path, sizeof record.path, "%s", path);
	return record;
}

static void sinks_are_known_by_what_they_are(void **state)
{
	struct arena_sink record = file("/a", 1, 100);
	struct sinks sinks;

	(void)state;
	sinks_init(&sinks);
	assert_int_equal(sinks_number(&sinks, &record, 50, 0), 1);
	assert_int_equal(sinks_number(&sinks, &record, 60, 0), 1);
	/* One that met it before, when it was smaller. */
	record.size = 80;
	assert_int_equal(sinks_number(&sinks, &record, 40, 0), 1);
	assert_int_equal(sinks.sinks[0].size_before, 80);
	assert_int_equal(sinks.sinks[0].met_ns, 40);
	/* Another name, another file, another time of birth, another kind. */
	record = file("/b", 1, 100);
	assert_int_equal(sinks_number(&sinks, &record, 70, 0), 2);
	record = file("/a", 2, 100);
	assert_int_equal(sinks_number(&sinks, &record, 70, 0), 3);
	record.born_ns = 9;
	assert_int_equal(sinks_number(&sinks, &record, 70, 0), 4);
	record.kind = ACAUSAL_SINK_OTHER;
	assert_int_equal(sinks_number(&sinks, &record, 70, 0), 5);
	record.device = 6;
	assert_int_equal(sinks_number(&sinks, &record, 70, 0), 6);
	/* Lines of one path are counted together. */
	assert_int_equal(sinks.sinks[0].counted_by, sinks.sinks[2].counted_by);
	assert_int_not_equal(sinks.sinks[0].counted_by, sinks.sinks[1].counted_by);
	record = file("", 10, 0);
	assert_int_equal(sinks_number(&sinks, &record, 70, 0), 7);
	record = file("", 11, 0);
	assert_int_equal(sinks_number(&sinks, &record, 70, 0), 8);
	assert_int_not_equal(sinks.sinks[6].counted_by, sinks.sinks[7].counted_by);
	assert_null(sinks.sinks[7].path);
	sinks_deinit(&sinks);
}

static void a_file_cut_short_is_another_sink(void **state)
{
	struct arena_sink record = file("/a", 1, 100);
	struct sinks sinks;

	(void)state;
	sinks_init(&sinks);
	assert_int_equal(sinks_number(&sinks, &record, 50, 0), 1);
	record.size = 0;
	assert_int_equal(sinks_number(&sinks, &record, 60, 0), 2);
	assert_int_equal(sinks_number(&sinks, &record, 70, 0), 2);
	record.size = 300;
	assert_int_equal(sinks_number(&sinks, &record, 80, 0), 2);
	assert_int_equal(sinks_number(&sinks, &record, 55, 0), 1);
	assert_int_equal(sinks.sinks[1].size_before, 0);
	assert_int_equal(sinks.sinks[0].counted_by, sinks.sinks[1].counted_by);
	sinks_deinit(&sinks);
}

/* What a process says to be after another: however long the file was when it was met. */
static void a_file_is_cut_short_again_and_again(void **state)
{
	struct arena_sink record = file("/a", 1, 0);
	struct sinks sinks;
	uint32_t last = 0;

	(void)state;
	sinks_init(&sinks);
	assert_int_equal(sinks_number(&sinks, &record, 50, 0), 1);
	assert_int_equal(sinks_number(&sinks, &record, 60, 1), 2);
	assert_int_equal(sinks_number(&sinks, &record, 70, 2), 3);
	/* Another process finds out later, when something has been written again. */
	record.size = 20;
	assert_int_equal(sinks_number(&sinks, &record, 65, 1), 2);
	assert_int_equal(sinks_number(&sinks, &record, 75, 2), 3);
	/* Or earlier than what has been told of. */
	record.size = 0;
	assert_int_equal(sinks_number(&sinks, &record, 69, 2), 3);
	assert_int_equal(sinks.sinks[2].met_ns, 69);
	/* One that wrote nothing meanwhile. */
	assert_int_equal(sinks_number(&sinks, &record, 80, 1), 3);
	/* It comes to an end, and what is after it is known all the same. */
	for (uint32_t i = 0; i < 2000; i++)
		last = sinks_number(&sinks, &record, 100 + i, last ? last : 3);
	assert_int_equal(last, 1000);
	assert_int_equal(sinks.count, 1000);
	sinks_deinit(&sinks);
}

static void sinks_are_limited(void **state)
{
	struct arena_sink record;
	struct sinks sinks;
	uint32_t most = 0;

	(void)state;
	sinks_init(&sinks);
	for (uint32_t i = 1; i <= SINKS_MAX + 100; i++) {
		uint32_t number;

		record = file("/a", i, 0);
		number = sinks_number(&sinks, &record, 1, 0);

		assert_int_equal(number, i <= SINKS_MAX ? i : 0);
		most = number > most ? number : most;
	}
	assert_int_equal(most, SINKS_MAX);
	/* One that is known is known still. */
	record = file("/a", 7, 0);
	assert_int_equal(sinks_number(&sinks, &record, 1, 0), 7);
	sinks_deinit(&sinks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_give_the_lines_that_were_written),
		cmocka_unit_test(open_lines_are_limited_in_number),
		cmocka_unit_test(open_lines_are_limited_in_bytes),
		cmocka_unit_test(a_line_that_goes_on_stays),
		cmocka_unit_test(lines_are_cut_between_characters),
		cmocka_unit_test(a_descriptor_that_goes_elsewhere_ends_its_line),
		cmocka_unit_test(messages_end_where_they_end),
		cmocka_unit_test(failures_are_handed_on),
		cmocka_unit_test(sinks_are_known_by_what_they_are),
		cmocka_unit_test(a_file_cut_short_is_another_sink),
		cmocka_unit_test(a_file_is_cut_short_again_and_again),
		cmocka_unit_test(sinks_are_limited),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
