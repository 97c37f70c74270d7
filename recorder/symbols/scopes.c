/*
 * The tree of DWARF entries, indexed for look-ups by address. libdw's own dwarf_getscopes walks a
 * unit's whole tree for every address, and its table of units needs .debug_aranges, which clang
 * does not write; so units and functions are put into sorted tables here, each unit once.
 *
 * The file may be damaged: entries must be met at rising offsets, depths and counts are capped,
 * and what cannot be read is as if it were not there.
 */
#include "recorder/symbols/scopes.h"

#include "recorder/symbols/qualified.h"
#include "recorder/symbols/ranges.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

enum {
	TREE_DEPTH = 200,    /* of entries within one another */
	INLINE_DEPTH = 64,   /* of inlined calls within one another */
	RANGES_MAX = 100000, /* of one entry */
};

/* How far the functions of a unit have been looked for. */
enum indexed { NOT_INDEXED, TOP_LEVEL, WITH_NESTED };

struct unit {
	Dwarf_Die lines; /* has the line table */
	Dwarf_Die tree;	 /* has the functions: another file's with split DWARF */
	enum indexed indexed;
	struct ranges ranges; /* of the functions; values are positions in `functions` */
	Dwarf_Die *functions;
	size_t count, room;
	struct qualified *qualified;
	bool qualified_sought;
};

struct scopes {
	Dwarf *dwarf;
	uint64_t text_start, text_end;
	struct ranges ranges; /* of the units; values are positions in `units` */
	struct unit *units;
	size_t count, room;
};

static bool add_ranges(
	const struct scopes *scopes, struct ranges *ranges, Dwarf_Die *die, uint32_t value)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t offset = 0;

	for (int i = 0; i < RANGES_MAX; i++) {
		ptrdiff_t next = dwarf_ranges(die, offset, &base, &start, &end);

		if (next <= 0 || next == offset)
			break;
		offset = next;
		if (start < scopes->text_start || end > scopes->text_end)
			continue;
		if (!ranges_add(ranges, start, end, value, 0))
			return false;
	}
	return true;
}

static bool has_code(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
}

static bool add_function(struct scopes *scopes, struct unit *unit, Dwarf_Die *die)
{
	if (unit->count == unit->room) {
		size_t room = unit->room ? unit->room * 2 : 32;
		Dwarf_Die *functions = reallocarray(unit->functions, room, sizeof *functions);

		if (!functions)
			return false;
		unit->functions = functions;
		unit->room = room;
	}
	unit->functions[unit->count] = *die;
	return add_ranges(scopes, &unit->ranges, die, (uint32_t)unit->count++);
}

/* Whether functions with code may stand below an entry with this tag. */
static bool holds_functions(int tag, enum indexed how_far)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		return true;
	case DW_TAG_subprogram:
	case DW_TAG_lexical_block:
	case DW_TAG_inlined_subroutine:
		return how_far == WITH_NESTED;
	default:
		return false;
	}
}

/* The next entry beside `die`; false at the end, and when a damaged file leads back. */
static bool next_sibling(Dwarf_Die *die)
{
	Dwarf_Off offset = dwarf_dieoffset(die);

	return dwarf_siblingof(die, die) == 0 && dwarf_dieoffset(die) > offset;
}

static bool index_below(struct scopes *scopes, struct unit *unit, Dwarf_Die *parent,
	enum indexed how_far, int depth)
{
	Dwarf_Die die;

	if (depth > TREE_DEPTH || dwarf_child(parent, &die) != 0)
		return true;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_subprogram && has_code(&die) && !add_function(scopes, unit, &die))
			return false;
		if (holds_functions(tag, how_far) && dwarf_haschildren(&die) == 1 &&
			!index_below(scopes, unit, &die, how_far, depth + 1))
			return false;
	} while (next_sibling(&die));
	return true;
}

static void index_unit(struct scopes *scopes, struct unit *unit, enum indexed how_far)
{
	unit->count = 0;
	unit->ranges.count = 0;
	unit->indexed = how_far;
	if (!index_below(scopes, unit, &unit->tree, how_far, 0)) {
		unit->count = 0;
		unit->ranges.count = 0;
	}
	ranges_sort(&unit->ranges);
}

static bool add_unit(struct scopes *scopes, Dwarf_Die *lines, Dwarf_Die *tree)
{
	size_t before = scopes->ranges.count;
	uint32_t value = (uint32_t)scopes->count;
	struct unit *unit;

	if (scopes->count == scopes->room) {
		size_t room = scopes->room ? scopes->room * 2 : 64;
		struct unit *units = reallocarray(scopes->units, room, sizeof *units);

		if (!units)
			return false;
		scopes->units = units;
		scopes->room = room;
	}
	unit = &scopes->units[scopes->count++];
	*unit = (struct unit){.lines = *lines, .tree = *tree};
	if (!add_ranges(scopes, &scopes->ranges, lines, value))
		return false;
	if (scopes->ranges.count > before || has_code(lines))
		return true;
	/* Some compilers leave it to the functions to say where the unit's code is. */
	index_unit(scopes, unit, TOP_LEVEL);
	for (size_t i = 0; i < unit->ranges.count; i++)
		if (!ranges_add(&scopes->ranges, unit->ranges.items[i].start,
			    unit->ranges.items[i].end, value, 0))
			return false;
	return true;
}

struct scopes *scopes_create(Dwarf *dwarf, uint64_t text_start, uint64_t text_end)
{
	struct scopes *scopes = calloc(1, sizeof *scopes);
	Dwarf_CU *unit = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	if (!scopes)
		return NULL;
	*scopes = (struct scopes){.dwarf = dwarf, .text_start = text_start, .text_end = text_end};
	while (dwarf_get_units(dwarf, unit, &unit, NULL, &type, &die, &split) == 0) {
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		if (dwarf_tag(&die) != DW_TAG_compile_unit &&
			dwarf_tag(&die) != DW_TAG_skeleton_unit)
			continue;
		if (!add_unit(scopes, &die,
			    type == DW_UT_skeleton && dwarf_tag(&split) == DW_TAG_compile_unit
				    ? &split
				    : &die)) {
			scopes_destroy(scopes);
			return NULL;
		}
	}
	ranges_sort(&scopes->ranges);
	return scopes;
}

void scopes_destroy(struct scopes *scopes)
{
	if (!scopes)
		return;
	for (size_t i = 0; i < scopes->count; i++) {
		qualified_destroy(scopes->units[i].qualified);
		ranges_deinit(&scopes->units[i].ranges);
		free(scopes->units[i].functions);
	}
	ranges_deinit(&scopes->ranges);
	free(scopes->units);
	free(scopes);
}

static Dwarf_Die *find_function(struct scopes *scopes, struct unit *unit, uint64_t address)
{
	const struct range *range;

	if (unit->indexed == NOT_INDEXED)
		index_unit(scopes, unit, TOP_LEVEL);
	range = ranges_find(&unit->ranges, address);
	if (!range && unit->indexed == TOP_LEVEL) {
		/* A function within another one has code of its own, outside that one's. */
		index_unit(scopes, unit, WITH_NESTED);
		range = ranges_find(&unit->ranges, address);
	}
	return range ? &unit->functions[range->value] : NULL;
}

/* The calls inlined at `address` below `parent`, outermost first, from `count` on. */
static size_t find_inlined(
	Dwarf_Die *parent, uint64_t address, Dwarf_Die *calls, size_t count, int depth)
{
	Dwarf_Die die;

	if (depth > TREE_DEPTH || dwarf_child(parent, &die) != 0)
		return count;
	do {
		int tag = dwarf_tag(&die);

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block &&
			tag != DW_TAG_try_block && tag != DW_TAG_catch_block)
			continue;
		if (dwarf_haspc(&die, address) != 1)
			continue;
		if (tag == DW_TAG_inlined_subroutine) {
			if (count == INLINE_DEPTH)
				return count;
			calls[count++] = die;
		}
		return find_inlined(&die, address, calls, count, depth + 1);
	} while (next_sibling(&die));
	return count;
}

static const char *string_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
}

static void set_names(struct scope *scope, struct unit *unit, Dwarf_Die *die)
{
	scope->linkage_name = string_of(die, DW_AT_linkage_name);
	if (!scope->linkage_name)
		scope->linkage_name = string_of(die, DW_AT_MIPS_linkage_name);
	if (!scope->linkage_name) {
		if (!unit->qualified_sought) {
			unit->qualified_sought = true;
			unit->qualified = qualified_create(&unit->tree);
		}
		scope->name = qualified_name(unit->qualified, die);
	}
	if (!scope->name)
		scope->name = dwarf_diename(die);
}

/*
 * libdw puts the directory in front of a relative name. It is taken off again where the compiler
 * was called with a relative name, so that the name is the one which its user knows.
 */
static void set_file(struct scope *scope, struct unit *unit, const char *file)
{
	const char *directory = string_of(&unit->lines, DW_AT_comp_dir);
	const char *main_file = dwarf_diename(&unit->tree);
	size_t length = directory ? strlen(directory) : 0;

	/* What libdw says when a table has no such file. */
	if (!file || !strcmp(file, "???"))
		return;
	scope->file = file;
	if (length && main_file && main_file[0] != '/' && !strncmp(file, directory, length) &&
		file[length] == '/') {
		file += length + strspn(file + length, "/");
		if (*file)
			scope->file = file;
	}
	if (scope->file[0] != '/')
		scope->directory = directory;
}

static int number_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0 ||
		value > INT32_MAX)
		return 0;
	return (int)value;
}

/* Where the inlined call `call` was made. */
static void set_call(struct scope *scope, struct unit *unit, Dwarf_Die *call)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number;
	Dwarf_Files *files;
	size_t count;

	scope->line = number_of(call, DW_AT_call_line);
	scope->column = number_of(call, DW_AT_call_column);
	if (!dwarf_attr(call, DW_AT_call_file, &attribute) ||
		dwarf_formudata(&attribute, &number) != 0)
		return;
	if (dwarf_getsrcfiles(&unit->tree, &files, &count) == 0 && number < count)
		set_file(scope, unit, dwarf_filesrc(files, number, NULL, NULL));
}

/* The place by the line table. */
static void set_line(struct scope *scope, struct unit *unit, uint64_t address)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->lines, address);

	if (!line)
		return;
	if (dwarf_lineno(line, &scope->line) != 0 || scope->line < 0)
		scope->line = 0;
	if (dwarf_linecol(line, &scope->column) != 0 || scope->column < 0)
		scope->column = 0;
	set_file(scope, unit, dwarf_linesrc(line, NULL, NULL));
}

size_t scopes_lookup(struct scopes *scopes, uint64_t address, struct scope *ret, size_t max)
{
	const struct range *range = ranges_find(&scopes->ranges, address);
	struct unit *unit = range ? &scopes->units[range->value] : NULL;
	Dwarf_Die calls[INLINE_DEPTH], *function;
	struct scope place = {0};
	size_t inlined = 0, count = 0;

	if (!unit || !max)
		return 0;
	function = find_function(scopes, unit, address);
	if (function)
		inlined = find_inlined(function, address, calls, 0, 0);
	set_line(&place, unit, address);
	while (inlined && count + 1 < max) {
		Dwarf_Die *call = &calls[--inlined];

		place.inlined = true;
		set_names(&place, unit, call);
		ret[count++] = place;
		place = (struct scope){0};
		set_call(&place, unit, call);
	}
	/* No room for all: the innermost ones and the function itself, with the last place known.
	 */
	while (inlined) {
		place = (struct scope){0};
		set_call(&place, unit, &calls[--inlined]);
	}
	if (function)
		set_names(&place, unit, function);
	if (!function && !place.file)
		return 0;
	ret[count++] = place;
	return count;
}
