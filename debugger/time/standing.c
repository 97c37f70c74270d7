/* Moving the cursor: see standing.h. */
#include "debugger/time/standing.h"

#include "debugger/recording/lookup.h"
#include "debugger/time/nest.h"
#include "debugger/time/present.h"

int standing_main_thread(
	struct reader *recording, int64_t process_id, int64_t *ret, struct error *err)
{
	static const char sql[] = "SELECT thread_id FROM main.thread WHERE process_id = ?1"
				  " ORDER BY role IS NOT 'main', thread_id LIMIT 1";
	sqlite3_stmt *row;
	int found;

	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	sqlite3_bind_int64(row, 1, process_id);
	found = reader_step(recording, row, err);
	if (found == 1)
		*ret = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	return found;
}

static bool is_there(const struct thread_row *thread, int64_t ns)
{
	return (thread->started_ns == UNKNOWN || thread->started_ns <= ns) &&
	       (thread->ended_ns == UNKNOWN || thread->ended_ns >= ns);
}

int standing_thread(struct session *session, const struct cursor *cursor, int64_t ns, int64_t *ret,
	struct error *err)
{
	struct reader *recording = session->recording;
	struct present present = {0};
	struct thread_row thread;
	int found = 0, result;
	size_t i;

	if (cursor->thread_id != UNKNOWN) {
		if (lookup_thread(recording, cursor->thread_id, &thread, err) < 0)
			return -1;
		if (is_there(&thread, ns)) {
			*ret = cursor->thread_id;
			return 0;
		}
	}
	result = present_find(&present, recording, ns, err);
	for (i = 0; !result && !found && i < present.count; i++) {
		found = standing_main_thread(recording, present.ids[i], ret, err);
		result = found < 0 ? -1 : 0;
	}
	present_deinit(&present);
	if (!result && !found)
		found = standing_main_thread(recording, 1, ret, err);
	if (result || found < 0)
		return -1;
	return found ? 0 : error_set(err, "%s has no thread to look at", reader_path(recording));
}

int standing_at(struct session *session, struct cursor *cursor, int64_t thread_id, int64_t ns,
	struct error *err)
{
	const struct nest_run *runs;
	struct thread_row thread;
	struct nest nest = {0};
	size_t count;

	if (lookup_thread(session->recording, thread_id, &thread, err) < 0)
		return -1;
	if (thread.process_id == UNKNOWN || thread.process_id < 1)
		return error_set(err, "thread:%lld is of no process", (long long)thread_id);
	if (nest_gather(&nest, session->recording, thread.process_id, ns, err)) {
		nest_deinit(&nest);
		return -1;
	}
	runs = nest_of_thread(&nest, thread_id, &count);
	cursor->is_set = true;
	cursor->place = (struct cursor_place){ns, CURSOR_RANK_LAST, 0};
	cursor->process_id = thread.process_id;
	cursor->thread_id = thread_id;
	/* The root run is no callback, but who made the thread is its link. */
	cursor->run_id = runs ? runs[0].run_id : UNKNOWN;
	nest_deinit(&nest);
	if (cursor->run_id != UNKNOWN && cursor->run_id != thread.root_run_id)
		session_look_at(session, &(struct point){POINT_RUN, cursor->run_id});
	return 0;
}
