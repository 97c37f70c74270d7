/* What commands share: see session.h. */
#include "debugger/session.h"

#include "debugger/core/core_view.h"
#include "debugger/core/image_view.h"
#include "debugger/recording/file_kind.h"

#include <stdlib.h>
#include <string.h>

void session_init(struct session *session, const char *path)
{
	*session = (struct session){.out = stdout};
	session_set_path(session, path);
}

void session_init_visit(struct session *visit, const struct session *from, const char *path)
{
	session_init(visit, path);
	visit->out = from->out;
	visit->ask = from->ask;
	visit->at_prompt = from->at_prompt;
	visit->is_visit = true;
}

static void close_recording(struct session *session)
{
	reader_close(session->recording);
	frames_cache_destroy(session->cache);
	session->recording = NULL;
	session->cache = NULL;
}

/* What was found in one recording says nothing of another; settings are the user's. */
static void forget(struct session *session, bool also_settings)
{
	int i;

	session->current = (struct point){.kind = POINT_DEFAULT};
	for (i = 0; i < SESSION_ATTACHMENTS; i++)
		if ((i != SESSION_SETTINGS && i != SESSION_SQL) || also_settings)
			session_attach(session, i, NULL, NULL);
}

void session_deinit(struct session *session)
{
	forget(session, true);
	close_recording(session);
	free(session->path);
	session->path = NULL;
}

void session_set_path(struct session *session, const char *path)
{
	forget(session, false);
	close_recording(session);
	session->path_typed = path && *path;
	if (!session->path_typed)
		path = getenv("ACAUSAL_RECORDING");
	session->path_given = path && *path;
	free(session->path);
	session->path = strdup(session->path_given ? path : "acausal.db");
}

int session_point(
	const struct session *session, const char *word, struct point *ret, struct error *err)
{
	bool is_known = session->current.kind != POINT_DEFAULT;

	if (word && !strcmp(word, ".") && !is_known)
		return error_set(err, "'.' is what was looked at last, and nothing was yet");
	if (is_known && (word ? !strcmp(word, ".") : session->at_prompt)) {
		*ret = session->current;
		return 0;
	}
	return point_parse(word, ret, err);
}

void session_look_at(struct session *session, const struct point *point)
{
	session->current = *point;
}

void session_attach(struct session *session, enum session_attachment as, void *thing,
	void (*destroy)(void *thing))
{
	if (session->attached[as].destroy)
		session->attached[as].destroy(session->attached[as].thing);
	session->attached[as].thing = thing;
	session->attached[as].destroy = destroy;
}

void *session_attached(const struct session *session, enum session_attachment as)
{
	return session->attached[as].thing;
}

void session_add_command(const struct session *session, struct strbuf *words, const char *command)
{
	/* What a shell takes as it stands. */
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789./_+-=,@%:";

	if (!session->at_prompt)
		strbuf_add_string(words, "acausal ");
	strbuf_add_string(words, command);
	if ((!session->at_prompt || session->is_visit) && session->path_typed &&
		session->path[0] != '-' && !session->path[strspn(session->path, plain)])
		strbuf_printf(words, " -r %s", session->path);
}

static int open_core(struct session *session, struct error *err)
{
	struct core_view *view;

	if (core_view_create(&view, session->path, session->executable, err))
		return -1;
	if (!core_view_record(view, &session->recording, err))
		return 0;
	core_view_destroy(view);
	return -1;
}

static int open_recording(struct session *session, struct error *err)
{
	switch (file_kind_of(session->path)) {
	case FILE_CORE:
		return open_core(session, err);
	case FILE_IMAGE:
		return image_view_open(
			&session->recording, session->path, session->executable, err);
	default:
		return reader_open(&session->recording, session->path, err);
	}
}

bool session_has_core(const struct session *session)
{
	struct core_view *view;

	if (file_kind_of(session->path) != FILE_CORE ||
		core_view_create(&view, session->path, session->executable, NULL))
		return false;
	core_view_destroy(view);
	return true;
}

int session_acquire(struct session *session, struct error *err)
{
	if (!session->path)
		return error_set(err, "out of memory");
	/* What was not there a moment ago, rows, names of functions, the index, may be now. */
	if (session->recording && reader_state(session->recording) == RECORDING_GROWING)
		close_recording(session);
	if (!session->recording && open_recording(session, err))
		return -1;
	if (!session->cache && !(session->cache = frames_cache_create()))
		return error_set(err, "out of memory");
	return reader_begin(session->recording, err);
}

void session_release(struct session *session)
{
	if (!session->recording)
		return;
	reader_end(session->recording);
	/* An open connection would keep the recorder from making one file of it when it ends. */
	if (reader_state(session->recording) == RECORDING_GROWING)
		close_recording(session);
}
