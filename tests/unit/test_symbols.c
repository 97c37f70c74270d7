/*
 * Addresses to functions, files and lines, on programs compiled here. Labels in the assembly of
 * those programs mark the places that are asked about, so that the expected lines are known.
 */
#include "recorder/symbols/ranges.h"
#include "recorder/symbols/symbols.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MARK(name) "__asm__ volatile(\".globl " name "\\n" name ": nop\");"

static const char c_program[] =
	"static inline __attribute__((always_inline)) int inner(int x)\n" /* 1 */
	"{\n"
	"	" MARK(
		"mark_inner") "\n" /* 3 */
			      "	return x * 3;\n"
			      "}\n"
			      "static inline __attribute__((always_inline)) int middle(int "
			      "x)\n" /* 6 */
			      "{\n"
			      "	return inner(x + 1) + 7;\n" /* 8 */
			      "}\n"
			      "__attribute__((noinline)) int outer(int x)\n" /* 10 */
			      "{\n"
			      "	int y = middle(x * 2);\n" /* 12 */
			      "	" MARK("mark_outer") "\n" /* 13 */
						     "	return y + 1;\n"
						     "}\n"
						     "__attribute__((noinline)) int "
						     "with_nested(int x)\n" /* 16 */
						     "{\n"
						     "#ifdef __clang__\n"
						     "	" MARK(
							     "mark_nested") "\n" /* 19 */
									    "#else\n"
									    "	__"
									    "attribute__(("
									    "noinline)) "
									    "int "
									    "nested(int "
									    "z)\n"
									    "	{\n"
									    "	"
									    "	" MARK(
										    "mark_"
										    "neste"
										    "d") "\n" /* 23
											       */
											 "	"
											 "	ret"
											 "urn z + "
											 "1;\n"
											 "	}\n"
											 "	ret"
											 "urn "
											 "nested(x)"
											 " + 2;\n"
											 "#"
											 "e"
											 "n"
											 "d"
											 "i"
											 "f"
											 "\n"
											 "}"
											 "\n"
											 "i"
											 "n"
											 "t"
											 " "
											 "m"
											 "a"
											 "i"
											 "n"
											 "("
											 "i"
											 "n"
											 "t"
											 " "
											 "a"
											 "r"
											 "g"
											 "c"
											 ","
											 " "
											 "c"
											 "h"
											 "a"
											 "r"
											 " "
											 "*"
											 "*"
											 "a"
											 "r"
											 "g"
											 "v"
											 ")"
											 " "
											 "{"
											 " "
											 "("
											 "v"
											 "o"
											 "i"
											 "d"
											 ")"
											 "a"
											 "r"
											 "g"
											 "v"
											 ";"
											 " "
											 "r"
											 "e"
											 "t"
											 "u"
											 "r"
											 "n"
											 " "
											 "o"
											 "u"
											 "t"
											 "e"
											 "r"
											 "("
											 "a"
											 "r"
											 "g"
											 "c"
											 ")"
											 " "
											 "+"
											 " "
											 "w"
											 "i"
											 "t"
											 "h"
											 "_"
											 "n"
											 "e"
											 "s"
											 "t"
											 "e"
											 "d"
											 "("
											 "a"
											 "r"
											 "g"
											 "c"
											 ")"
											 ";"
											 " "
											 "}"
											 "\n";

static const char cc_program[] =
	"namespace geometry {\n"
	"template <class T> struct Shape {\n"
	"	__attribute__((noinline)) T area(T side) { " MARK(
		"mark_area") " return side * side; }\n"
			     "	Shape() { " MARK(
				     "mark_made") " value = 1; }\n" /* 4 */
						  "	T value;\n"
						  "};\n"
						  "namespace { __attribute__((noinline)) "
						  "int "
						  "hidden(int a) { " MARK(
							  "mark_hidden") " return a + 4; } "
									 "}\n"
									 "}\n"
									 "int main(int "
									 "argc, char "
									 "**) { "
									 "geometry::Shape<"
									 "int> s;\n" /* 9 */
									 "	auto "
									 "lambda = "
									 "[&](int b) "
									 "__attribute__(("
									 "noinline))"
									 " { " MARK(
										 "mark_"
										 "lambd"
										 "a") " "
										      "r"
										      "e"
										      "t"
										      "u"
										      "r"
										      "n"
										      " "
										      "b"
										      " "
										      "+"
										      " "
										      "a"
										      "r"
										      "g"
										      "c"
										      ";"
										      " "
										      "}"
										      ";"
										      "\n"
										      "	return "
										      "s.area(argc)"
										      " + s.value "
										      "+ "
										      "geometry::"
										      "hidden(argc)"
										      " + "
										      "lambda(3); "
										      "}\n";

static char folder[] = "/tmp/acausal-symbols-XXXXXX";
static struct symbols *symbols;

/* Runs a command in the folder; false when it fails. */
static bool run(const char *format, ...)
{
	char command[2048];
	int length = snprintf(command, sizeof command, "cd %s && ", folder);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command + length, sizeof command - (size_t)length, format, arguments);
	va_end(arguments);
	return system(command) == 0;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* Address of a symbol by nm, as the programs have their tables when it is asked. */
static uint64_t address_of(const char *program, const char *symbol)
{
	char command[1024], text[64];
	FILE *pipe;

	snprintf(command, sizeof command, "nm %s/%s | awk '$3 == \"%s\" { print $1 }'", folder,
		program, symbol);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(text, sizeof text, pipe));
	pclose(pipe);
	return strtoull(text, NULL, 16);
}

static size_t build_id_of(const char *program, unsigned char *id)
{
	char path[256];
	size_t size = 0, count = 0;
	int fd;
	Elf *elf;

	snprintf(path, sizeof path, "%s/%s", folder, program);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	assert_non_null(elf);
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		Elf_Data *data;
		GElf_Nhdr note;
		size_t name, description;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		data = elf_getdata(section, NULL);
		for (size_t at = 0;
			data && (at = gelf_getnote(data, at, &note, &name, &description));)
			if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !size++) {
				count = note.n_descsz;
				memcpy(id, (char *)data->d_buf + description, count);
			}
	}
	elf_end(elf);
	close(fd);
	return count;
}

static int look_up(const char *program, uint64_t address, struct symbols_line *lines, size_t max)
{
	unsigned char id[64];
	char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, program);
	return symbols_lookup(symbols, path, id, build_id_of(program, id), address, lines, max);
}

static void expect_line(const struct symbols_line *line, const char *function, const char *file,
	int number, bool inlined)
{
	assert_string_equal(line->function, function);
	if (file) {
		assert_string_equal(line->file, file);
		assert_string_equal(line->directory, folder);
	}
	assert_int_equal(line->line, number);
	assert_int_equal(line->inlined, inlined);
}

static void check_inlined(const char *program)
{
	struct symbols_line lines[8];

	assert_int_equal(look_up(program, address_of(program, "mark_inner"), lines, 8), 3);
	expect_line(&lines[0], "inner", "c.c", 3, true);
	expect_line(&lines[1], "middle", "c.c", 8, true);
	assert_true(lines[1].column > 0);
	expect_line(&lines[2], "outer", "c.c", 12, false);
	/* Less room: the innermost ones, and what holds them. */
	assert_int_equal(look_up(program, address_of(program, "mark_inner"), lines, 2), 2);
	expect_line(&lines[0], "inner", "c.c", 3, true);
	expect_line(&lines[1], "outer", "c.c", 12, false);
	assert_int_equal(look_up(program, address_of(program, "mark_inner"), lines, 1), 1);
	expect_line(&lines[0], "outer", "c.c", 12, false);
	assert_int_equal(look_up(program, address_of(program, "mark_outer"), lines, 8), 1);
	expect_line(&lines[0], "outer", "c.c", 13, false);
}

static void test_inlined_calls(void **state)
{
	(void)state;
	assert_true(run("cc -g -O2 -o c c.c"));
	check_inlined("c");
	assert_true(run("cc -g -gdwarf-4 -O2 -o c4 c.c"));
	check_inlined("c4");
	assert_true(run("cc -g -gz=zlib -O2 -no-pie -o cz c.c"));
	check_inlined("cz");
	assert_true(run("cc -g -gsplit-dwarf -O2 -o cs c.c"));
	check_inlined("cs");
	/* clang writes no .debug_aranges. */
	if (run("command -v clang >/dev/null")) {
		assert_true(run("clang -g -O2 -o cc c.c"));
		check_inlined("cc");
	}
}

static void test_nested_function(void **state)
{
	struct symbols_line lines[8];
	int count;

	(void)state;
	assert_true(run("cc -g -O2 -o nested c.c"));
	count = look_up("nested", address_of("nested", "mark_nested"), lines, 8);
	assert_true(count >= 1);
	assert_true(lines[0].line == 23 || lines[0].line == 19);
	assert_non_null(strstr("nested with_nested", lines[0].function));
}

static void test_file_names(void **state)
{
	struct symbols_line line;
	char path[256];

	(void)state;
	snprintf(path, sizeof path, "%s/c.c", folder);
	assert_true(run("cc -g -O2 -o absolute %s", path));
	assert_int_equal(look_up("absolute", address_of("absolute", "mark_outer"), &line, 1), 1);
	assert_string_equal(line.file, path);
	assert_null(line.directory);
	assert_true(run("mkdir -p sub && cp c.c sub/d.c && cc -g -O2 -o deeper ./sub/d.c"));
	assert_int_equal(look_up("deeper", address_of("deeper", "mark_outer"), &line, 1), 1);
	assert_string_equal(line.file, "./sub/d.c");
	assert_string_equal(line.directory, folder);
	assert_true(run("cd sub && cc -g -O2 -o ../above ../c.c"));
	assert_int_equal(look_up("above", address_of("above", "mark_outer"), &line, 1), 1);
	assert_string_equal(line.file, "../c.c");
}

static void test_cxx_names(void **state)
{
	struct symbols_line lines[4];

	(void)state;
	assert_true(run("c++ -g -O2 -o cxx cxx.cc"));
	assert_int_equal(look_up("cxx", address_of("cxx", "mark_area"), lines, 4), 1);
	expect_line(&lines[0], "geometry::Shape<int>::area(int)", "cxx.cc", 3, false);
	assert_int_equal(look_up("cxx", address_of("cxx", "mark_made"), lines, 4), 2);
	expect_line(&lines[0], "geometry::Shape<int>::Shape()", "cxx.cc", 4, true);
	expect_line(&lines[1], "main", "cxx.cc", 9, false);
	assert_true(look_up("cxx", address_of("cxx", "mark_hidden"), lines, 4) == 1);
	expect_line(&lines[0], "geometry::(anonymous namespace)::hidden", "cxx.cc", 7, false);
	assert_true(look_up("cxx", address_of("cxx", "mark_lambda"), lines, 4) == 1);
	assert_string_equal(lines[0].function, "main::{lambda}::operator()");
	/* No DWARF: the same name by ELF symbol. */
	assert_true(run("c++ -O2 -o cxx_bare cxx.cc"));
	assert_int_equal(look_up("cxx_bare", address_of("cxx_bare", "mark_area"), lines, 4), 1);
	expect_line(&lines[0], "geometry::Shape<int>::area(int)", NULL, 0, false);
	assert_null(lines[0].file);
}

static void test_stripped(void **state)
{
	struct symbols_line line;
	uint64_t mark;

	(void)state;
	assert_true(run("cc -g -O2 -rdynamic -o whole c.c"));
	mark = address_of("whole", "mark_outer");
	/* Only exported functions are left. */
	assert_true(run("strip -o exported whole"));
	assert_int_equal(look_up("exported", mark, &line, 1), 1);
	expect_line(&line, "outer", NULL, 0, false);
	assert_null(line.file);
	assert_true(run("cc -g -O2 -o whole c.c"));
	mark = address_of("whole", "mark_outer");
	assert_true(run("strip -o nothing whole"));
	assert_int_equal(look_up("nothing", mark, &line, 1), 0);
	/* Outside all code. */
	assert_int_equal(look_up("whole", 1, &line, 1), 0);
	assert_int_equal(look_up("whole", UINT64_MAX, &line, 1), 0);
}

static void test_compressed_table(void **state)
{
	struct symbols_line line;
	uint64_t mark;

	(void)state;
	if (!run("command -v xz >/dev/null"))
		skip();
	assert_true(run("cc -O2 -o mini c.c"));
	mark = address_of("mini", "mark_outer");
	assert_true(run(
		"objcopy -S --remove-section .comment mini table 2>/dev/null;"
		" objcopy --only-keep-debug mini table && strip --strip-debug table && xz table &&"
		" strip -o mini_stripped mini &&"
		" objcopy --add-section .gnu_debugdata=table.xz mini_stripped"));
	assert_int_equal(look_up("mini_stripped", mark, &line, 1), 1);
	expect_line(&line, "outer", NULL, 0, false);
}

static void test_separate_debug_file(void **state)
{
	uint64_t mark;
	struct symbols_line lines[8];

	(void)state;
	assert_true(run("cc -g -O2 -o apart c.c"));
	mark = address_of("apart", "mark_inner");
	assert_true(run("objcopy --only-keep-debug apart apart.debug && strip apart &&"
			" objcopy --add-gnu-debuglink=apart.debug apart"));
	assert_int_equal(look_up("apart", mark, lines, 8), 3);
	expect_line(&lines[0], "inner", "c.c", 3, true);
	expect_line(&lines[2], "outer", "c.c", 12, false);
}

static void test_replaced_file(void **state)
{
	unsigned char id[64];
	char path[256];
	size_t size;
	uint64_t mark;
	struct symbols_line line;

	(void)state;
	assert_true(run("cc -g -O2 -o first c.c"));
	mark = address_of("first", "mark_outer");
	size = build_id_of("first", id);
	assert_true(size > 0);
	assert_true(run("cc -g -O2 -DOTHER=1 -o replaced cxx.cc -x c++ -lstdc++"));
	snprintf(path, sizeof path, "%s/replaced", folder);
	assert_int_equal(symbols_lookup(symbols, path, id, size, mark, &line, 1), 0);
	/* Recorded without a build ID, but this one has one. */
	snprintf(path, sizeof path, "%s/first", folder);
	assert_int_equal(symbols_lookup(symbols, path, id, 0, mark, &line, 1), 0);
	assert_int_equal(symbols_lookup(symbols, path, id, size, mark, &line, 1), 1);
	/* The other way round, and neither. */
	assert_true(run("cc -g -O2 -Wl,--build-id=none -o anonymous c.c"));
	mark = address_of("anonymous", "mark_outer");
	snprintf(path, sizeof path, "%s/anonymous", folder);
	assert_int_equal(symbols_lookup(symbols, path, id, size, mark, &line, 1), 0);
	assert_int_equal(symbols_lookup(symbols, path, id, 0, mark, &line, 1), 1);
	expect_line(&line, "outer", "c.c", 13, false);
}

static void test_odd_files(void **state)
{
	static const unsigned char id[20] = {1, 2, 3};
	struct symbols_line line;
	char path[256];

	(void)state;
	assert_int_equal(symbols_lookup(symbols, "", id, 0, 4096, &line, 1), 0);
	assert_int_equal(symbols_lookup(symbols, "/", id, 0, 4096, &line, 1), 0);
	assert_int_equal(symbols_lookup(symbols, "/nonexistent", id, 20, 4096, &line, 1), 0);
	assert_int_equal(symbols_lookup(symbols, "[vdso]", id, 20, 4096, &line, 1), 0);
	assert_int_equal(symbols_lookup(symbols, "/dev/zero", id, 0, 4096, &line, 1), 0);
	assert_int_equal(symbols_lookup(symbols, "/bin/true", id, 1000, 4096, &line, 1), 0);
	assert_int_equal(symbols_lookup(symbols, "/bin/true", id, 20, 4096, NULL, 0), 0);
	/* Nobody writes into it: opening must not wait. */
	assert_true(run("mkfifo fifo"));
	snprintf(path, sizeof path, "%s/fifo", folder);
	assert_int_equal(symbols_lookup(symbols, path, id, 0, 4096, &line, 1), 0);
	write_file("empty", "", 0);
	snprintf(path, sizeof path, "%s/empty", folder);
	assert_int_equal(symbols_lookup(symbols, path, id, 0, 4096, &line, 1), 0);
}

/* A damaged file may say nothing or nonsense, but look-ups must end. */
static void test_damaged_files(void **state)
{
	static unsigned char bytes[1 << 20], damaged[sizeof bytes];
	unsigned char id[64];
	size_t size, id_size;
	char path[256];
	uint64_t mark;
	FILE *file;
	unsigned int random = 12345;
	const char *rounds_text = getenv("ACAUSAL_TEST_ROUNDS");
	int rounds = rounds_text ? atoi(rounds_text) : 150;

	(void)state;
	assert_true(run("cc -g -O2 -o intact c.c"));
	mark = address_of("intact", "mark_inner");
	id_size = build_id_of("intact", id);
	snprintf(path, sizeof path, "%s/intact", folder);
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	assert_true(size > 1000 && size < sizeof bytes);
	for (int round = 0; round < rounds; round++) {
		struct symbols *fresh;
		struct symbols_line lines[8];
		struct error err;
		int changes;

		memcpy(damaged, bytes, size);
		random = random * 1103515245 + 12345;
		changes = 1 + (int)(random >> 16) % 30;
		while (changes--) {
			size_t place;

			random = random * 1103515245 + 12345;
			place = (random >> 8) % size;
			/* The file's headers more often than their share. */
			if (random & 0x80)
				place %= 1024;
			damaged[place] = (unsigned char)(random >> 16);
		}
		write_file("damaged", damaged,
			round % 10 ? size : size * (size_t)round / (size_t)rounds);
		snprintf(path, sizeof path, "%s/damaged", folder);
		assert_int_equal(symbols_create(&fresh, &err), 0);
		for (uint64_t address = mark - 64; address < mark + 64; address += 16)
			symbols_lookup(fresh, path, id, id_size, address, lines, 8);
		symbols_lookup(fresh, path, id, 0, mark, lines, 8);
		symbols_destroy(fresh);
	}
}

static void test_ranges(void **state)
{
	struct ranges ranges = {0};
	uint64_t random = 1;

	(void)state;
	assert_null(ranges_find(&ranges, 0));
	for (uint32_t i = 0; i < 300; i++) {
		uint64_t start;

		random = random * 6364136223846793005ull + 1442695040888963407ull;
		start = (random >> 33) % 1000;
		assert_true(ranges_add(&ranges, start, start + (random >> 50) % 40, i, 0));
	}
	ranges_sort(&ranges);
	for (uint64_t address = 0; address < 1100; address++) {
		const struct range *found = ranges_find(&ranges, address), *best = NULL;

		for (size_t i = 0; i < ranges.count; i++) {
			const struct range *range = &ranges.items[i];

			if (range->start > address || range->end <= address)
				continue;
			if (!best || range->start > best->start ||
				(range->start == best->start && range->end < best->end))
				best = range;
		}
		if (!best) {
			assert_null(found);
			continue;
		}
		assert_non_null(found);
		assert_int_equal(found->start, best->start);
		assert_int_equal(found->end, best->end);
	}
	ranges_deinit(&ranges);
}

static int set_up(void **state)
{
	struct error err;

	(void)state;
	if (!mkdtemp(folder) || symbols_create(&symbols, &err) != 0)
		return -1;
	write_file("c.c", c_program, sizeof c_program - 1);
	write_file("cxx.cc", cc_program, sizeof cc_program - 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	symbols_destroy(symbols);
	return run("rm -rf %s", folder) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_inlined_calls),
		cmocka_unit_test(test_nested_function),
		cmocka_unit_test(test_file_names),
		cmocka_unit_test(test_cxx_names),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_compressed_table),
		cmocka_unit_test(test_separate_debug_file),
		cmocka_unit_test(test_replaced_file),
		cmocka_unit_test(test_odd_files),
		cmocka_unit_test(test_damaged_files),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
