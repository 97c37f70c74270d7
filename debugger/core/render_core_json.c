/*
 * A core dump as JSON: see render_core.h, and the contract for the names. Scripts rely on every
 * key; keys may be added.
 */
#include "debugger/core/render_core.h"

#include "debugger/core/core_threads.h"
#include "debugger/core/render_pending.h"
#include "debugger/lineage/lineage.h"
#include "debugger/render/render_trace.h"

static void modules_json(struct json *json, const struct core *core)
{
	char room[2 * CORE_BUILD_ID_MAX + 1];

	json_key(json, "missing_modules");
	json_open(json, '[');
	for (size_t i = 0; i < core->modules.count; i++) {
		const struct core_module *module = &core->modules.list[i];

		if (module->file || module->is_vdso)
			continue;
		json_newline(json);
		json_open(json, '{');
		json_key_string(json, "path", module->path);
		json_key_string(json, "build_id",
			module->build_id_size ? core_module_build_id(module, room) : NULL);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static int thread_json(struct json *json, const struct core_show *show,
	const struct core_stand *stand, struct error *err)
{
	const struct render_options options = {.full = show->full};
	struct lineage lineage;

	if (core_thread_lineage(
		    &lineage, show->view, stand, show->recording, show->cache, show->full, err))
		return -1;
	json_newline(json);
	json_open(json, '{');
	json_key_integer(json, "thread_id", stand->thread_id);
	json_key_integer(json, "os_tid", stand->thread->os_tid);
	json_key(json, "crashed");
	json_boolean(json, stand->crashed);
	json_key_string(json, "waits", core_thread_waits(stand));
	json_key(json, "trace");
	render_trace_json(json, &lineage, &options);
	json_close(json, '}');
	lineage_deinit(&lineage);
	return 0;
}

int render_core_json(struct json *json, const struct core_show *show, struct error *err)
{
	const struct core *core = core_view_core(show->view);
	const struct core_file *file = &core->file;
	int result = 0;

	json_open(json, '{');
	json_key_integer(json, "version", 1);
	json_key_string(json, "executable", core_view_executable(show->view));
	json_key_string(json, "arguments", file->arguments);
	json_key_integer(json, "os_pid", file->os_pid);
	json_key_integer(json, "signal", file->signal ? file->signal : JSON_UNKNOWN);
	json_key_integer(json, "code", file->signal ? file->code : JSON_UNKNOWN);
	json_key_integer(json, "fault_address",
		file->code > 0 ? (int64_t)file->fault_address : JSON_UNKNOWN);
	json_key(json, "recorded");
	json_boolean(json, show->recording);
	json_key_string(json, "recording", show->is_joined ? reader_path(show->recording) : NULL);
	json_key(json, "truncated");
	json_boolean(json, file->expected > file->size);
	modules_json(json, core);
	json_key(json, "threads");
	json_open(json, '[');
	for (size_t i = 0; i < file->thread_count && !result; i++) {
		const struct core_stand *stand = core_view_stand(show->view, i);

		result = stand ? thread_json(json, show, stand, err)
			       : error_set(err, "out of memory");
	}
	json_close(json, ']');
	if (!result && !show->recording)
		result = render_pending_json(json, show->view, err);
	json_close(json, '}');
	return result;
}
