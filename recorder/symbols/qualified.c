/*
 * DWARF entries do not know their parents, so the unit is walked once and the parent of each
 * function noted, in order of offsets. The same care as in scopes.c: rising offsets, capped depth.
 */
#include "recorder/symbols/qualified.h"

#include <dwarf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TREE_DEPTH = 200,
	NAME_DEPTH = 16,  /* namespaces, classes and functions shown around a function */
	ORIGIN_DEPTH = 8, /* from an inlined call to its declaration */
	NO_PARENT = UINT32_MAX,
};

/* What can stand around a function. */
struct parent {
	Dwarf_Die die;
	uint32_t parent;
};

struct function {
	Dwarf_Off offset;
	uint32_t parent;
	char *name; /* made when it is first asked for */
};

struct qualified {
	struct parent *parents;
	struct function *functions; /* by rising offset */
	size_t parent_count, parent_room, function_count, function_room;
};

static bool is_cxx(Dwarf_Die *unit)
{
	switch (dwarf_srclang(unit)) {
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
	case 0x2b: /* DW_LANG_C_plus_plus_17 */
	case 0x2c: /* DW_LANG_C_plus_plus_20 */
		return true;
	default:
		return false;
	}
}

static bool make_room(void **items, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 64;
	void *moved;

	if (count < *room)
		return true;
	moved = reallocarray(*items, more, size);
	if (!moved)
		return false;
	*items = moved;
	*room = more;
	return true;
}

static bool walk(struct qualified *qualified, Dwarf_Die *above, uint32_t parent, int depth)
{
	Dwarf_Die die;
	Dwarf_Off before;

	if (depth > TREE_DEPTH || dwarf_child(above, &die) != 0)
		return true;
	do {
		int tag = dwarf_tag(&die);
		uint32_t inner = parent;

		before = dwarf_dieoffset(&die);
		if (tag == DW_TAG_subprogram) {
			if (!make_room((void **)&qualified->functions, qualified->function_count,
				    &qualified->function_room, sizeof *qualified->functions))
				return false;
			qualified->functions[qualified->function_count++] =
				(struct function){before, parent, NULL};
		}
		if (dwarf_haschildren(&die) != 1)
			continue;
		if (tag == DW_TAG_namespace || tag == DW_TAG_class_type ||
			tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
			tag == DW_TAG_subprogram) {
			if (!make_room((void **)&qualified->parents, qualified->parent_count,
				    &qualified->parent_room, sizeof *qualified->parents))
				return false;
			inner = (uint32_t)qualified->parent_count;
			qualified->parents[qualified->parent_count++] =
				(struct parent){die, parent};
		} else if (tag != DW_TAG_lexical_block) {
			continue;
		}
		if (!walk(qualified, &die, inner, depth + 1))
			return false;
	} while (dwarf_siblingof(&die, &die) == 0 && dwarf_dieoffset(&die) > before);
	return true;
}

struct qualified *qualified_create(Dwarf_Die *unit)
{
	struct qualified *qualified;

	if (!is_cxx(unit))
		return NULL;
	qualified = calloc(1, sizeof *qualified);
	if (qualified && !walk(qualified, unit, NO_PARENT, 0)) {
		qualified_destroy(qualified);
		return NULL;
	}
	return qualified;
}

void qualified_destroy(struct qualified *qualified)
{
	if (!qualified)
		return;
	for (size_t i = 0; i < qualified->function_count; i++)
		free(qualified->functions[i].name);
	free(qualified->functions);
	free(qualified->parents);
	free(qualified);
}

/* From a body or an inlined call to the entry that stands where the function was declared. */
static void find_declaration(Dwarf_Die *die)
{
	static const unsigned int ways[] = {DW_AT_abstract_origin, DW_AT_specification};

	for (int i = 0; i < ORIGIN_DEPTH; i++) {
		Dwarf_Attribute attribute;
		Dwarf_Die next;

		if (!dwarf_attr(die, ways[0], &attribute) && !dwarf_attr(die, ways[1], &attribute))
			return;
		if (!dwarf_formref_die(&attribute, &next))
			return;
		*die = next;
	}
}

static struct function *find_function(struct qualified *qualified, Dwarf_Off offset)
{
	size_t low = 0, high = qualified->function_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (qualified->functions[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < qualified->function_count && qualified->functions[low].offset == offset
		       ? &qualified->functions[low]
		       : NULL;
}

/* How to speak of what is around `function`, also when it has no name. */
static const char *parent_name(Dwarf_Die *die, const char *function)
{
	const char *name = dwarf_diename(die);

	if (name)
		return name;
	if (dwarf_tag(die) == DW_TAG_namespace)
		return "(anonymous namespace)";
	return strcmp(function, "operator()") ? "{unnamed}" : "{lambda}";
}

const char *qualified_name(struct qualified *qualified, Dwarf_Die *function)
{
	Dwarf_Die declaration = *function;
	const char *name, *around[NAME_DEPTH];
	struct function *found;
	size_t size;
	int depth = 0;
	FILE *out;

	if (!qualified)
		return NULL;
	find_declaration(&declaration);
	found = find_function(qualified, dwarf_dieoffset(&declaration));
	name = dwarf_diename(&declaration);
	if (!found || !name || found->parent == NO_PARENT || found->name)
		return found ? found->name : NULL;
	for (uint32_t at = found->parent; at != NO_PARENT && depth < NAME_DEPTH;
		at = qualified->parents[at].parent)
		around[depth++] = parent_name(&qualified->parents[at].die, name);
	out = open_memstream(&found->name, &size);
	if (!out)
		return NULL;
	while (depth)
		fprintf(out, "%s::", around[--depth]);
	fputs(name, out);
	fclose(out);
	return found->name;
}
