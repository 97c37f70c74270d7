/*
 * What threads did last: see thread_doing.h. Promises printable text. That a thread waits is said
 * only of a core: a recording tells of a wait when it has ended.
 */
#include "debugger/threads/thread_doing.h"

#include "debugger/core/core_threads.h"
#include "debugger/lineage/describe.h"
#include "debugger/text/quantity.h"

#include <inttypes.h>

struct telling {
	struct session *session;
	const struct process_row *process;
	struct strbuf *words;
};

/* "run:97 on_retry of timer 43" */
static int add_run(struct telling *telling, const struct thread_rows_row *row, int64_t run_id,
	struct execution *ret, struct error *err)
{
	if (execution_load(telling->session->recording, telling->session->cache, run_id,
		    row->thread.thread_id, ret, err) < 0)
		return -1;
	point_add_run(telling->words, run_id);
	strbuf_add_string(telling->words, ", ");
	describe_execution(telling->words, ret);
	return 0;
}

static int add_crashed(
	struct telling *telling, const struct thread_rows_row *row, struct error *err)
{
	struct execution in;
	struct crash_row crash;

	if (lookup_crash(telling->session->recording, row->crash_id, &crash, err) < 0)
		return -1;
	strbuf_printf(telling->words, "crash:%" PRId64 ", ", row->crash_id);
	describe_signal_name(telling->words, crash.signal);
	if (crash.run_id == UNKNOWN)
		return 0;
	strbuf_add_string(telling->words, " in ");
	return add_run(telling, row, crash.run_id, &in, err);
}

static int add_running(
	struct telling *telling, const struct thread_rows_row *row, struct error *err)
{
	struct strbuf *words = telling->words;
	int64_t ended_ns = telling->process->ended_ns;
	struct execution in;

	strbuf_add_string(words, "in ");
	if (add_run(telling, row, row->thread.last_run_id, &in, err))
		return -1;
	if (in.run.began_ns == UNKNOWN)
		return 0;
	strbuf_add_string(words, ", since ");
	quantity_add_moment(words, in.run.began_ns);
	if (ended_ns == UNKNOWN || ended_ns < in.run.began_ns)
		return 0;
	strbuf_add_string(words, ", for ");
	quantity_add_span(words, in.run.began_ns, ended_ns);
	return 0;
}

/* Of a core it is known where each thread stood. */
static void add_stand(struct telling *telling, const struct core_stand *stand)
{
	const char *waits = core_thread_waits(stand);

	if (!waits)
		return;
	strbuf_add_string(telling->words, telling->words->length ? ", waiting " : "waiting ");
	strbuf_add_string(telling->words, waits);
}

int thread_doing_add(struct strbuf *words, struct session *session,
	const struct process_row *process, const struct thread_rows_row *row, struct error *err)
{
	struct telling telling = {session, process, words};
	struct reader *recording = session->recording;
	const struct core_stand *stand = core_view_stand_of(recording, row->thread.thread_id);

	switch (row->state) {
	case THREAD_CRASHED:
		return add_crashed(&telling, row, err);
	case THREAD_RUNNING:
		return add_running(&telling, row, err);
	case THREAD_OUTSIDE:
		strbuf_add_string(words, "outside any callback");
		if (stand) {
			add_stand(&telling, stand);
		} else if (row->left_poll_ns != UNKNOWN) {
			strbuf_add_string(words, "; its loop was last back from the kernel at ");
			quantity_add_moment(words, row->left_poll_ns);
		}
		return 0;
	case THREAD_ENDED:
		strbuf_add_string(words, "ended at ");
		quantity_add_moment(words, row->thread.ended_ns);
		return 0;
	default:
		if (stand && core_thread_waits(stand))
			add_stand(&telling, stand);
		else if (process->ended_ns != UNKNOWN)
			strbuf_add_string(words, "there until its process ended");
		else
			strbuf_add_string(words, reader_state(recording) == RECORDING_GROWING
							 ? "alive"
							 : "there when the recording ended");
		return 0;
	}
}
