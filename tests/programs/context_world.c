/*
 * Contexts, and resources of the program's own, of which most are still alive when it ends:
 *
 *     context_world END [CHURN]
 *
 * END is `exit`, `kill` (itself), `crash` (both within a resource of its own), `wait` (says "ready"
 * and runs on) or `fork`. CHURN callbacks run before all that, and as many behind it (2), so that
 * in flight mode events are overwritten.
 *
 * What is to be in force where, in the end (a name is a type of the program's own):
 *
 *     OUTSIDE   made before anything was set
 *     JOB       request=a
 *     INNER     request=b, user=ann: made in the callback of a timer that was armed in request=a
 *     CUT       user=bob, the request taken away
 *     timer     made before anything was set, armed in request=a
 *     work      request=c, still in the thread pool
 */
#include "recorder/acausal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

enum { LONG_MS = 100000000 };

static uv_loop_t *loop;
static uv_timer_t standing, first, churning;
static uv_work_t work;
static uint64_t job;
static long churn;
static const char *ending;

static void make(const char *type)
{
	if (!acausal_resource_init(type, 0))
		abort();
}

static void on_never(uv_timer_t *timer)
{
	(void)timer;
	abort();
}

static void on_work(uv_work_t *request)
{
	(void)request;
	pause();
}

static void on_worked(uv_work_t *request, int status)
{
	(void)request, (void)status;
	abort();
}

static void end_in_job(void *argument)
{
	(void)argument;
	raise(!strcmp(ending, "crash") ? SIGSEGV : SIGKILL);
}

static void end(void)
{
	if (!strcmp(ending, "exit"))
		_exit(0);
	if (!strcmp(ending, "fork")) {
		pid_t child = fork();

		if (child == 0) {
			make("CHILD");
			exit(0);
		}
		waitpid(child, NULL, 0);
		_exit(0);
	}
	if (!strcmp(ending, "wait")) {
		printf("ready\n");
		fflush(stdout);
		return;
	}
	acausal_resource_run(job, end_in_job, NULL);
}

static void make_inner(void *argument)
{
	(void)argument;
	acausal_context_set("request", "b");
	acausal_context_set("user", "ann");
	make("INNER");
}

static void make_cut(void *argument)
{
	(void)argument;
	acausal_context_set("user", "bob");
	acausal_context_set("request", NULL);
	make("CUT");
}

static void queue(void *argument)
{
	(void)argument;
	acausal_context_set("request", "c");
	uv_queue_work(loop, &work, on_work, on_worked);
}

/* The values in force are brought back after each, as they were. */
static void on_first(uv_timer_t *timer)
{
	struct acausal_state *state = acausal_state_capture();
	const char *request = acausal_context_get("request");

	(void)timer;
	if (!request || strcmp(request, "a") != 0)
		abort();
	acausal_state_run(state, make_inner, NULL);
	acausal_state_run(state, make_cut, NULL);
	acausal_state_run(state, queue, NULL);
	acausal_state_release(state);
}

static void make_job(void *argument)
{
	(void)argument;
	acausal_context_set("request", "a");
	job = acausal_resource_init("JOB", 0);
	uv_timer_start(&standing, on_never, LONG_MS, 0);
	uv_timer_start(&first, on_first, 0, 0);
}

static void begin(void)
{
	struct acausal_state *nothing = acausal_state_capture();

	make("OUTSIDE");
	acausal_state_run(nothing, make_job, NULL);
	acausal_state_release(nothing);
}

static void on_churn(uv_timer_t *timer)
{
	static long count;

	if (++count == churn)
		begin();
	if (count < 2 * churn)
		uv_timer_start(timer, on_churn, 0, 0);
	else
		end();
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	ending = argv[1];
	churn = argc > 2 ? atol(argv[2]) : 2;
	loop = uv_default_loop();
	uv_timer_init(loop, &standing);
	uv_timer_init(loop, &first);
	uv_timer_init(loop, &churning);
	uv_timer_start(&churning, on_churn, 0, 0);
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}
