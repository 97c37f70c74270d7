/*
 * libuv's layout by DWARF: see core_layout_internal.h. Promises to end: what a module's debug
 * information has beyond a bound is not looked at.
 */
#include "recorder/core/core_layout_internal.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <string.h>

enum { ENTRIES_MAX = 20 << 20, TYPES_DEEP = 8 };

struct field {
	const char *structure, *member;
};

static const struct field fields[CORE_LAYOUT_FIELD_COUNT] = {
#define X(tag, structure, member) [CORE_LAYOUT_##tag] = {#structure, #member},
	CORE_LAYOUT_FIELDS(X)
#undef X
};

struct search {
	struct core_layout *layout;
	size_t missing, entries;
};

/* A type without names and qualifiers. */
static bool bare_type(Dwarf_Die *entry)
{
	Dwarf_Attribute attribute;

	for (int i = 0; i < TYPES_DEEP; i++) {
		int tag = dwarf_tag(entry);

		if (tag != DW_TAG_typedef && tag != DW_TAG_const_type &&
			tag != DW_TAG_volatile_type && tag != DW_TAG_atomic_type)
			return tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
		if (!dwarf_formref_die(dwarf_attr_integrate(entry, DW_AT_type, &attribute), entry))
			return false;
	}
	return false;
}

/* A member of a structure: its place, and itself as its type. Unions have no places. */
static bool find_member(Dwarf_Die *entry, const char *name, size_t length, Dwarf_Word *place)
{
	Dwarf_Attribute attribute;
	Dwarf_Die member;

	for (int more = dwarf_child(entry, &member); !more;
		more = dwarf_siblingof(&member, &member)) {
		const char *found =
			dwarf_tag(&member) == DW_TAG_member ? dwarf_diename(&member) : NULL;

		if (!found || strncmp(found, name, length) != 0 || found[length])
			continue;
		*place = 0;
		if (dwarf_attr(&member, DW_AT_data_member_location, &attribute) &&
			dwarf_formudata(&attribute, place))
			return false;
		return dwarf_formref_die(dwarf_attr(&member, DW_AT_type, &attribute), entry) !=
		       NULL;
	}
	return false;
}

/* "io_watcher.fd" of a structure. */
static uint32_t find_place(Dwarf_Die structure, const char *path)
{
	Dwarf_Word sum = 0, place;

	for (;;) {
		size_t length = strcspn(path, ".");

		if (!find_member(&structure, path, length, &place))
			return CORE_LAYOUT_UNKNOWN;
		sum += place;
		if (sum >= 1 << 20)
			return CORE_LAYOUT_UNKNOWN;
		if (!path[length])
			return (uint32_t)sum;
		path += length + 1;
		if (!bare_type(&structure))
			return CORE_LAYOUT_UNKNOWN;
	}
}

static void look_at_structure(struct search *search, Dwarf_Die *entry, const char *name)
{
	for (int i = 0; i < CORE_LAYOUT_FIELD_COUNT; i++) {
		uint32_t *at = &search->layout->at[i];

		if (*at != CORE_LAYOUT_UNKNOWN || strcmp(fields[i].structure, name) != 0)
			continue;
		*at = find_place(*entry, fields[i].member);
		search->missing -= *at != CORE_LAYOUT_UNKNOWN;
	}
}

/* The structures of a unit, at its top. False: enough was looked at. */
static bool look_through_unit(struct search *search, Dwarf_Die *unit)
{
	Dwarf_Die entry;

	for (int more = dwarf_child(unit, &entry); !more; more = dwarf_siblingof(&entry, &entry)) {
		const char *name;

		if (++search->entries > ENTRIES_MAX)
			return false;
		if (dwarf_tag(&entry) != DW_TAG_structure_type || dwarf_bytesize(&entry) <= 0)
			continue;
		name = dwarf_diename(&entry);
		if (name && (!strncmp(name, "uv_", 3) || !strcmp(name, "poll_ctx")))
			look_at_structure(search, &entry, name);
		if (!search->missing)
			return false;
	}
	return true;
}

static void look_through(struct search *search, Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die entry;
	uint8_t kind;

	while (search->missing && !dwarf_get_units(dwarf, unit, &unit, NULL, &kind, &entry, NULL))
		if (!look_through_unit(search, &entry))
			return;
}

bool core_layout_from_dwarf(
	struct core_layout *ret, const struct core *core, const struct core_module *module)
{
	static const enum core_layout_field needed[] = {CORE_LAYOUT_LOOP_HANDLES,
		CORE_LAYOUT_LOOP_BACKEND_FD, CORE_LAYOUT_LOOP_PENDING, CORE_LAYOUT_LOOP_FINISHED,
		CORE_LAYOUT_LOOP_ASYNC, CORE_LAYOUT_LOOP_TIME, CORE_LAYOUT_LOOP_ACTIVE_HANDLES,
		CORE_LAYOUT_LOOP_ACTIVE_REQUESTS, CORE_LAYOUT_LOOP_DATA, CORE_LAYOUT_HANDLE_DATA,
		CORE_LAYOUT_HANDLE_LOOP, CORE_LAYOUT_HANDLE_TYPE, CORE_LAYOUT_HANDLE_CLOSE,
		CORE_LAYOUT_HANDLE_HANDLES, CORE_LAYOUT_HANDLE_FLAGS, CORE_LAYOUT_ASYNC_CALLBACK};
	Dwfl_Module *dwfl = core_unwind_module(core->unwind, module->start);
	struct search search = {.layout = ret, .missing = CORE_LAYOUT_FIELD_COUNT};
	Dwarf_Addr bias;
	Dwarf *dwarf = dwfl ? dwfl_module_getdwarf(dwfl, &bias) : NULL, *shared;

	for (int i = 0; i < CORE_LAYOUT_FIELD_COUNT; i++)
		ret->at[i] = CORE_LAYOUT_UNKNOWN;
	if (!dwarf)
		return false;
	look_through(&search, dwarf);
	/* Where several packages' types are kept together (dwz). */
	shared = dwarf_getalt(dwarf);
	if (shared)
		look_through(&search, shared);
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (ret->at[needed[i]] == CORE_LAYOUT_UNKNOWN)
			return false;
	return true;
}
