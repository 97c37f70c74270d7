/*
 * libuv's layout: see core_layout.h. Promises to call nothing of libuv's: uv.h is asked for places
 * alone.
 *
 * On 64-bit Linux the places of all that is looked at are the same in libuv 1.33.1, 1.40, 1.42,
 * 1.44.2, 1.46, 1.50, 1.51 and 1.52: their headers were compiled and compared. Types of members
 * were renamed; sizes were kept.
 */
#include "recorder/core/core_layout_internal.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

/* The versions 1.x that are known. */
enum { OLDEST = 33, NEWEST = 52 };
#define KNOWN "1.33 to 1.52"

/* What a uv_fs_poll_t points to is in none of libuv's headers (src/fs-poll.c). */
struct poll_ctx {
	uv_fs_poll_t *parent_handle;
	int busy;
	unsigned interval;
	uint64_t started;
	uv_loop_t *loop;
	uv_fs_poll_cb poll_cb;
	uv_timer_t timer;
	uv_fs_t request;
	uv_stat_t result;
	void *previous;
	char path[1];
};

const struct core_layout core_layout_known = {.at = {
#define X(tag, structure, member) [CORE_LAYOUT_##tag] = offsetof(struct structure, member),
						      CORE_LAYOUT_FIELDS(X)
#undef X
					      }};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_known_as_far_as_it_goes(const struct core_layout *layout)
{
	for (int i = 0; i < CORE_LAYOUT_FIELD_COUNT; i++)
		if (layout->at[i] != CORE_LAYOUT_UNKNOWN &&
			layout->at[i] != core_layout_known.at[i])
			return false;
	return true;
}

/*
 * What debug information leaves out, as it does types that its sources do not use: where all that
 * it tells is as it is known here, so is the rest. Returns whether something was put in.
 */
static bool complete(struct core_layout *layout)
{
	bool is_changed = false;

	if (!is_known_as_far_as_it_goes(layout))
		return false;
	for (int i = 0; i < CORE_LAYOUT_FIELD_COUNT; i++) {
		is_changed |= layout->at[i] == CORE_LAYOUT_UNKNOWN;
		layout->at[i] = core_layout_known.at[i];
	}
	return is_changed;
}

void core_libuv_init(
	struct core_libuv *ret, const struct core *core, const struct core_module *module)
{
	uint32_t version = core_layout_version(core, module), major = version >> 16;
	uint32_t minor = version >> 8 & 255;
	const char *name = base_name(module->path);
	char number[40];

	ret->module = module;
	snprintf(number, sizeof number, "%u.%u.%u", major, minor, version & 255);
	if (core_layout_from_dwarf(&ret->layout, core, module)) {
		snprintf(ret->known_by, sizeof ret->known_by,
			"by the debug information of %.100s%s", name,
			complete(&ret->layout) ? ", and what that leaves out as in libuv " KNOWN
					       : "");
		return;
	}
	ret->layout = core_layout_known;
	if (major == 1 && minor >= OLDEST && minor <= NEWEST)
		snprintf(ret->known_by, sizeof ret->known_by, "that of libuv %s", number);
	else if (version)
		snprintf(ret->known_by, sizeof ret->known_by,
			"taken to be that of libuv " KNOWN ", and checked: %.100s has libuv %s",
			name, number);
	else
		snprintf(ret->known_by, sizeof ret->known_by,
			"taken to be that of libuv " KNOWN
			", and checked: %.100s does not tell its version",
			name);
}
