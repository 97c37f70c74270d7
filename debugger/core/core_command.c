/* `core`: see core_command.h. Puts together what others do: the core, a recording, rendering. */
#include "debugger/core/core_command.h"

#include "debugger/core/core_view.h"
#include "debugger/core/render_core.h"
#include "debugger/recording/file_kind.h"
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

/* How the async stacks of a core's threads are found. */
enum joining {
	JOIN_NEVER, /* by what the core carries */
	JOIN_IF,    /* by the session's recording, if it is of that process */
	JOIN_MUST   /* … which has been named for that */
};

static int join(
	struct session *session, enum joining joining, struct core_show *show, struct error *err)
{
	struct error why;

	if (joining == JOIN_NEVER)
		return 0;
	if (reader_open(&session->recording, session->path, err))
		return -1;
	show->is_joined = !core_view_join(show->view, session->recording, &why);
	if (show->is_joined)
		return 0;
	if (joining == JOIN_MUST)
		return error_set(err, "%s", why.text);
	reader_close(session->recording);
	session->recording = NULL;
	return 0;
}

/* The recording that was named, or one of what the core has, which is at `path`. */
static int find_recording(struct session *session, const char *path, enum joining joining,
	struct core_show *show, struct error *err)
{
	static struct error why;

	if (join(session, joining, show, err))
		return -1;
	if (!show->is_joined) {
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

static enum joining joining_of(const struct session *session)
{
	if (session->at_prompt && !session->is_visit)
		return file_kind_of(session->path) == FILE_RECORDING ? JOIN_IF : JOIN_NEVER;
	return session->path_typed ? JOIN_MUST : JOIN_NEVER;
}

/* In a session of its own: that of a prompt goes on with what it has open. */
static int core_run(struct session *session, const struct invocation *invocation, struct error *err)
{
	const struct option_values *options = &invocation->options;
	const char *format = option_value(options, "format");
	const char *word = options->word_count ? options->words[0] : NULL;
	const char *path = word ? word : session->path, *executable = option_value(options, "e");
	enum joining joining = word ? joining_of(session) : JOIN_NEVER;
	struct session visit;
	struct core_show show = {.session = &visit, .full = option_value(options, "full")};
	int result;

	if (!word && file_kind_of(session->path) != FILE_CORE) {
		error_set(err, "core: it needs the name of a core dump");
		return 2;
	}
	if (core_view_create(&show.view, path, executable ? executable : session->executable, err))
		return 1;
	session_init_visit(&visit, session, session->path);
	result = find_recording(&visit, path, joining, &show, err);
	visit.is_visit = word && !show.is_joined;
	if (!result && show.recording)
		result = reader_begin(show.recording, err);
	if (!result)
		result = show_all(&visit, &show, format && *format == 'j', err);
	session_release(&visit);
	/* A recording that it was joined with owns it. */
	if (!visit.recording || core_view_of(visit.recording) != show.view)
		core_view_destroy(show.view);
	session_deinit(&visit);
	return result ? 1 : 0;
}

const struct command core_command = {
	.name = "core",
	.group = GROUP_STACK,
	.usage = "[options] CORE",
	.summary = "show a core dump: each thread with its async stack",
	.description =
		"Shows the thread that crashed, those that were busy, and in a line each those "
		"that waited. How they came there, the recording tells that -r names; without one, "
		"the history that the core of a recorded program carries. A core of a program that "
		"was not recorded shows where its threads stood and what its loops waited for.\n"
		"\n"
		"  acausal core core.4711\n"
		"  acausal core -r acausal.db core.4711      with all that was recorded\n"
		"  acausal trace -r core.4711 thread:3       as of a recording\n"
		"  acausal debug core.4711                   a prompt on it\n"
		"\n"
		"At the prompt of a core CORE is that one, and at that of a recording what the "
		"recording has of the core's process is used. Files of the program are used when "
		"their build ID is that of the core.",
	.options = core_options,
	.flags = COMMAND_SHELL | COMMAND_PROMPT,
	.most_words = 1,
	.completion = COMPLETE_FILE,
	.run = core_run,
};
