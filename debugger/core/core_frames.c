/* From addresses of a core to frames: see core_frames.h. Asks no recording. */
#include "debugger/core/core_frames.h"

#include "debugger/recording/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 32 };

/* Kept until the end: a text, or frames. */
struct kept {
	struct kept *next;
	_Alignas(struct frames) char bytes[];
};

struct core_frames {
	struct symbols *symbols;
	struct kept *kept;
};

int core_frames_create(struct core_frames **ret, struct error *err)
{
	struct core_frames *frames = calloc(1, sizeof *frames);

	if (!frames)
		return error_set(err, "out of memory");
	if (symbols_create(&frames->symbols, err)) {
		free(frames);
		return -1;
	}
	*ret = frames;
	return 0;
}

void core_frames_destroy(struct core_frames *frames)
{
	if (!frames)
		return;
	while (frames->kept) {
		struct kept *next = frames->kept->next;

		free(frames->kept);
		frames->kept = next;
	}
	symbols_destroy(frames->symbols);
	free(frames);
}

static void *keep(struct core_frames *frames, size_t size)
{
	struct kept *kept = calloc(1, sizeof *kept + size);

	if (!kept)
		return NULL;
	kept->next = frames->kept;
	frames->kept = kept;
	return kept->bytes;
}

static const char *keep_text(struct core_frames *frames, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;
	char *copy = text ? keep(frames, size) : NULL;

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

/* What a frame stands for in the source: more than one row when calls were inlined there. */
static size_t add_rows(
	struct core_frames *frames, const struct core_frame *from, struct frame *rows, size_t room)
{
	const struct core_module *module = from->module;
	struct symbols_line lines[LINES_MAX];
	uint64_t address = from->pc - (module && module->has_bias ? module->bias : 0);
	struct frame row = {.frame_id = UNKNOWN,
		.line = UNKNOWN,
		.column = UNKNOWN,
		.address = (int64_t)address,
		.module = module ? module->path : NULL,
		.is_exact = from->is_exact};
	int count = 0;

	if (module && module->file && module->has_bias)
		count = symbols_lookup(frames->symbols, module->file, module->build_id,
			module->build_id_size, address - !from->is_exact, lines,
			room < LINES_MAX ? room : LINES_MAX);
	for (int i = 0; i < count; i++) {
		rows[i] = row;
		rows[i].function = keep_text(frames, lines[i].function);
		rows[i].file = keep_text(frames, lines[i].file);
		rows[i].directory = keep_text(frames, lines[i].directory);
		rows[i].line = lines[i].line > 0 ? lines[i].line : UNKNOWN;
		rows[i].column = lines[i].column > 0 ? lines[i].column : UNKNOWN;
		rows[i].inlined = i + 1 < count;
	}
	if (count)
		return (size_t)count;
	rows[0] = row;
	return 1;
}

/* "the file of libm.so.6 (build ID 61fc…) is missing here" */
static const char *end_words(struct core_frames *frames, const struct core_stack *stack)
{
	const struct core_module *module = stack->frames[stack->count - 1].module;
	char text[512], room[2 * CORE_BUILD_ID_MAX + 1];

	if (stack->end != CORE_STACK_MISSING || !module)
		return core_stack_end_words(stack->end);
	snprintf(text, sizeof text, "the file of %.256s is missing here%s%s%s",
		frames_basename(module->path), module->build_id_size ? " (build ID " : "",
		core_module_build_id(module, room), module->build_id_size ? ")" : "");
	return keep_text(frames, text);
}

const struct frames *core_frames_make(
	struct core_frames *frames, const struct core_stack *stack, size_t count, bool is_root)
{
	bool has_end = count == stack->count && stack->end != CORE_STACK_NONE;
	size_t most = count * LINES_MAX + 1, used = 0;
	struct frame *rows = calloc(most, sizeof *rows);
	struct frames *ret = NULL;

	if (!rows)
		return NULL;
	for (size_t i = 0; i < count; i++)
		used += add_rows(frames, &stack->frames[i], &rows[used], most - 1 - used);
	frames_set_aside(rows, used, is_root && !has_end);
	if (has_end)
		rows[used++] = (struct frame){.frame_id = UNKNOWN,
			.line = UNKNOWN,
			.column = UNKNOWN,
			.address = UNKNOWN,
			.end_reason = end_words(frames, stack)};
	ret = keep(frames, sizeof *ret + used * sizeof *rows);
	if (ret) {
		ret->stack_id = UNKNOWN;
		ret->count = used;
		memcpy(ret->rows, rows, used * sizeof *rows);
	}
	free(rows);
	return ret;
}

const struct frame *core_frames_place(
	struct core_frames *frames, const struct core_modules *modules, uint64_t address)
{
	const struct core_frame at = {
		.pc = address, .is_exact = true, .module = core_modules_find(modules, address)};
	struct frame rows[LINES_MAX], *ret = keep(frames, sizeof *ret);

	if (ret)
		*ret = rows[add_rows(frames, &at, rows, LINES_MAX) - 1];
	return ret;
}
