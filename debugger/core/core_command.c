/* `core`: see core_command.h. Puts together what others do: the core, a recording, rendering. */
#include "debugger/core/core_command.h"

#include "debugger/core/core_view.h"
#include "debugger/core/render_core.h"
#include "debugger/text/terminal.h"

static const struct option_row core_options[] = {
	{NULL, 'e', "FILE", "the executable, when it is not where the core says"},
	{"full", 0, NULL,
		"fold nothing and leave nothing out; show also the frames by which C starts a "
		"thread and those of the recorder"},
	{"format", 0, "text|json", "text for people or JSON for scripts"},
	{NULL, 'r', "FILE",
		"the recording of the program; without it, the history that the core carries"},
	{"help", 'h', NULL, "this help"},
	{0},
};

/* The recording that was named, or one of what the core has. Takes the view over, or leaves it. */
static int find_recording(
	struct session *session, const char *path, struct core_show *show, struct error *err)
{
	static struct error why;

	if (session->path_typed) {
		show->is_joined = true;
		if (reader_open(&session->recording, session->path, err))
			return -1;
		if (core_view_join(show->view, session->recording, err))
			return -1;
	} else {
		session_set_path(session, path);
		if (core_view_is_recorded(show->view) &&
			core_view_record(show->view, &session->recording, &why))
			show->why_not = why.text;
		else if (core_view_core(show->view)->no_arena[0])
			show->why_not = core_view_core(show->view)->no_arena;
	}
	show->recording = session->recording;
	if (session->recording && !session->cache && !(session->cache = frames_cache_create()))
		return error_set(err, "out of memory");
	show->cache = session->cache;
	return 0;
}

static int show_all(
	struct session *session, const struct core_show *show, bool as_json, struct error *err)
{
	struct json json = {.out = session->out};
	struct page page = {0};
	int result;

	if (as_json) {
		result = render_core_json(&json, show, err);
		fputc('\n', session->out);
		return result;
	}
	terminal_begin(&page, session->out);
	result = render_core_text(&page, show, err);
	if (!result)
		terminal_show(&page, session->out, true);
	page_deinit(&page);
	return result;
}

static int core_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const char *format = option_value(&invocation->options, "format");
	const char *path = invocation->options.words[0];
	struct core_show show = {
		.session = session, .full = option_value(&invocation->options, "full")};
	int result;

	if (core_view_create(&show.view, path, option_value(&invocation->options, "e"), err))
		return 1;
	result = find_recording(session, path, &show, err);
	if (!result && show.recording)
		result = reader_begin(show.recording, err);
	if (!result)
		result = show_all(session, &show, format && *format == 'j', err);
	session_release(session);
	/* A recording that it was joined with owns it. */
	if (!session->recording || core_view_of(session->recording) != show.view)
		core_view_destroy(show.view);
	return result ? 1 : 0;
}

const struct command core_command = {
	.name = "core",
	.group = GROUP_STACK,
	.usage = "[options] CORE",
	.summary = "show a core dump: each thread with its async stack",
	.description = "Shows the thread that crashed, those that were busy, and in a line each "
		       "those that"
		       "\nwaited. How they came there, the recording tells that -r names; "
		       "without one, the"
		       "\nhistory that the core of a recorded program carries. A core of a "
		       "program that was"
		       "\nnot recorded shows where its threads stood."
		       "\n\n"
		       "  acausal core core.4711\n"
		       "  acausal core -r acausal.db core.4711      with all that was recorded\n"
		       "  acausal trace -r core.4711 thread:3       as of a recording\n"
		       "  acausal debug core.4711                   a prompt on it\n"
		       "\n"
		       "Files of the program are used when their build ID is that of the core.",
	.options = core_options,
	.flags = COMMAND_SHELL,
	.least_words = 1,
	.most_words = 1,
	.completion = COMPLETE_FILE,
	.run = core_run,
};
