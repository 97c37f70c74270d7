/*
 * acausal.h where control does not come back the way it went: functions left by longjmp, coroutines
 * that interleave, forks in the midst, executions too deep to be followed, the first call made by
 * another thread. (own_ways.h)
 */
#include "tests/programs/own_ways.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <uv.h>

/* Callbacks of two timers, one after the other, each in an execution of its own. */
static void (*steps[2])(void);

static void on_step(uv_timer_t *timer)
{
	((void (*)(void))timer->data)();
	uv_close((uv_handle_t *)timer, NULL);
}

static void run_steps(void (*first)(void), void (*second)(void))
{
	static uv_timer_t timers[2];

	steps[0] = first;
	steps[1] = second;
	for (int i = 0; i < 2 && steps[i]; i++) {
		uv_timer_init(uv_default_loop(), &timers[i]);
		timers[i].data = (void *)steps[i];
		uv_timer_start(&timers[i], on_step, (uint64_t)i, 0);
	}
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

/* --- left by longjmp ------------------------------------------------------------------------- */

static int two = 2, three = 3;

static void leave(void *argument)
{
	expect(in_force() == argument);
	longjmp(way_back, 1);
}

/* Where frames of other functions lie over those that were left. */
__attribute__((noinline)) static void *in_force_below(int frames)
{
	volatile char room[64];
	void *value;

	memset((void *)room, 0, sizeof room);
	value = frames ? in_force_below(frames - 1) : in_force();
	__asm__ volatile("" : "+r"(value));
	return value;
}

static void leave_storage_run(void)
{
	static struct acausal_state *state;
	static uint64_t job;

	expect(acausal_storage_enter(storage, &one) == 0);
	if (setjmp(way_back) == 0)
		acausal_storage_run(storage, &two, leave, &two);
	expect(in_force() == &one);
	if (setjmp(way_back) == 0)
		acausal_storage_run(storage, &two, leave, &two);
	expect(in_force_below(20) == &one);
	if (setjmp(way_back) == 0)
		acausal_storage_run(storage, &two, leave, &two);
	state = acausal_state_capture();
	if (setjmp(way_back) == 0)
		acausal_storage_exit(storage, leave, NULL);
	expect(in_force() == &one);
	acausal_storage_enter(storage, NULL);
	if (setjmp(way_back) == 0)
		acausal_state_run(state, leave, &one);
	expect(!in_force());
	acausal_state_release(state);
	job = acausal_resource_init("JOB", 0);
	if (setjmp(way_back) == 0)
		acausal_storage_run(storage, &three, leave, &three);
	expect(!in_force());
	acausal_resource_destroy(job);
	expect(given_back == 5);
}

/* --- coroutines ------------------------------------------------------------------------------ */

static ucontext_t main_context, coroutine_context;

static void yields(void *argument)
{
	expect(in_force() == argument);
	swapcontext(&coroutine_context, &main_context);
}

static void coroutine(void)
{
	acausal_storage_run(storage, &two, yields, &two);
}

static void begin_coroutine(void)
{
	static char stack[1 << 16];

	acausal_storage_enter(storage, &one);
	getcontext(&coroutine_context);
	coroutine_context.uc_stack.ss_sp = stack;
	coroutine_context.uc_stack.ss_size = sizeof stack;
	coroutine_context.uc_link = &main_context;
	makecontext(&coroutine_context, coroutine, 0);
	swapcontext(&main_context, &coroutine_context);
}

/* What was in force in the first execution is not to be brought back in this one. */
static void end_coroutine(void)
{
	acausal_storage_enter(storage, &three);
	swapcontext(&main_context, &coroutine_context);
	expect(in_force() == &three);
}

/* On a stack that lies in a frame of the thread's own: nothing was left. */
static void arms_on_another_stack(void)
{
	uint64_t id = acausal_resource_init("JOB", 0);

	expect(in_force() == &two);
	acausal_resource_destroy(id);
}

static ucontext_t outside_context, inside_context;

static void switches(void *stack)
{
	getcontext(&inside_context);
	inside_context.uc_stack.ss_sp = stack;
	inside_context.uc_stack.ss_size = 1 << 16;
	inside_context.uc_link = &outside_context;
	makecontext(&inside_context, arms_on_another_stack, 0);
	swapcontext(&outside_context, &inside_context);
	expect(in_force() == &two);
}

/* What was entered in it and is left later has what was in force in it. */
static uint64_t job;

static void enters(void *argument)
{
	(void)argument;
	acausal_resource_before(job);
	expect(!in_force());
}

static void entered(void)
{
	job = acausal_resource_init("JOB", 0);
	acausal_storage_enter(storage, &one);
	acausal_storage_run(storage, &two, enters, NULL);
	expect(!in_force());
	expect(acausal_resource_after(job) == 0);
	expect(in_force() == &one);
	acausal_storage_enter(storage, NULL);
}

static void nested_stack(void)
{
	char stack[1 << 16];

	acausal_storage_run(storage, &two, switches, stack);
	expect(!in_force());
}

static void coroutines(void)
{
	run_steps(begin_coroutine, end_coroutine);
	expect(!in_force());
	expect(given_back == 3);
	run_steps(nested_stack, entered);
	expect(given_back == 6);
}

/* --- too deep -------------------------------------------------------------------------------- */

static void deep_step(void)
{
	uint64_t ids[100], here = acausal_execution_async_id();

	acausal_storage_enter(storage, &one);
	for (int i = 0; i < 100; i++) {
		ids[i] = acausal_resource_init("LEVEL", 0);
		expect(acausal_resource_before(ids[i]) == 0);
	}
	/* Nothing is known here, so nothing can be set for what lies outside. */
	expect(acausal_execution_async_id() == 0);
	expect(!in_force());
	expect(acausal_storage_enter(storage, &two) == -1);
	expect(acausal_context_set("key", "inner") == -1);
	expect(!acausal_state_capture());
	acausal_storage_run(storage, &three, nothing, &three);
	for (int i = 100; i-- > 0;)
		expect(acausal_resource_after(ids[i]) == 0 &&
			acausal_resource_destroy(ids[i]) == 0);
	expect(acausal_execution_async_id() == here);
	expect(in_force() == &one);
	expect(!acausal_context_get("key"));
}

static void nested_runs(void *depth)
{
	static int values[60];
	int *left = depth;

	if (--*left > 0) {
		expect(acausal_storage_run(storage, &values[*left], nested_runs, left) == 0);
		expect(in_force() == (*left + 1 < 60 ? &values[*left + 1] : NULL));
	}
	++*left;
}

static void deep(void)
{
	int depth = 60;

	run_steps(deep_step, NULL);
	nested_runs(&depth);
	expect(given_back == 2 + 59);
}

/* --- the first call -------------------------------------------------------------------------- */

static pthread_barrier_t barrier;
static uint64_t thread_id;

static void *first_call(void *argument)
{
	thread_id = acausal_execution_async_id();
	return argument;
}

static void *first_calls(void *argument)
{
	struct acausal_storage *made;

	pthread_barrier_wait(&barrier);
	made = acausal_storage_create(NULL);
	expect(made);
	acausal_storage_destroy(made);
	return argument;
}

static void on_other_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, first_call, NULL);
	pthread_join(thread, NULL);
	expect(thread_id > 1);
	expect(acausal_execution_async_id() == 1);
	/* Something to be recorded. */
	expect(acausal_resource_init("JOB", 0));
}

static void at_once(void)
{
	pthread_t threads[8];

	pthread_barrier_init(&barrier, NULL, 8);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, first_calls, NULL);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
}

/* Callbacks that were armed before it are nobody's, and what they set is not for all that follows.
 */
static void before_first_call(void)
{
	if (!storage)
		storage = acausal_storage_create(give_back);
	expect(!in_force());
	acausal_storage_enter(storage, &one);
	acausal_storage_run(storage, &two, nothing, &two);
}

static void late(void)
{
	run_steps(before_first_call, before_first_call);
	expect(!in_force());
	expect(acausal_storage_enter(storage, &three) == 0 && in_force() == &three);
}

/* --- threads --------------------------------------------------------------------------------- */

static void exit_thread(void *argument)
{
	(void)argument;
	pthread_exit(NULL);
}

static void *exits_within(void *argument)
{
	acausal_storage_run(storage, &two, exit_thread, NULL);
	return argument;
}

static void thread_end(void)
{
	pthread_t thread;

	acausal_storage_enter(storage, &one);
	pthread_create(&thread, NULL, exits_within, NULL);
	pthread_join(thread, NULL);
	expect(given_back == 1);
	acausal_storage_enter(storage, NULL);
	expect(given_back == 2);
}

/* --- keys ------------------------------------------------------------------------------------ */

static void keys(void)
{
	char key[32];

	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof key, "key %d", i);
		expect(acausal_context_set(key, "value") == 0);
		if (i % 50)
			expect(acausal_context_set(key, NULL) == 0 && !acausal_context_get(key));
	}
	expect(acausal_context_get("key 250") && !acausal_context_get("key 251"));
	/* Of the six that are left and as many as there may be. */
	for (int i = 6; i < 64; i++) {
		snprintf(key, sizeof key, "more %d", i);
		expect(acausal_context_set(key, "value") == 0);
	}
	expect(acausal_context_set("one too many", "value") == -1);
	expect(acausal_context_set("one too many", NULL) == 0);
	expect(acausal_context_set("key 0", "new") == 0);
	expect(acausal_context_set("key 0", NULL) == 0 && !acausal_context_get("key 0"));
	expect(acausal_context_set("one more", "value") == 0);
}

/* --- fork ------------------------------------------------------------------------------------ */

static void in_child(void (*callback)(void))
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		callback();
		_exit(faults != 0);
	}
	waitpid(child, &status, 0);
	expect(status == 0);
}

static void asks_first(void)
{
	const char *value = acausal_storage_get(storage);

	expect((void *)value == &two);
}

static void asks_context_first(void)
{
	const char *value = acausal_context_get("key");

	expect(value && !strcmp(value, "value"));
}

static void fork_within(void *argument)
{
	(void)argument;
	acausal_context_set("key", "value");
	in_child(asks_first);
	in_child(asks_context_first);
}

static pid_t forked;
static int *forks_for;

static void give_back_forking(void *value)
{
	if (value == forks_for) {
		fflush(stdout);
		forked = fork();
		/* Begins to be followed. */
		if (forked == 0)
			expect(!in_force());
	}
}

/* The child comes back from giving a value back to where another one is in force. */
static void fork_in_destroy(void)
{
	struct acausal_storage *other = acausal_storage_create(give_back_forking);
	int status = 0;

	forks_for = &two;
	acausal_storage_enter(storage, &one);
	acausal_storage_enter(other, &two);
	acausal_storage_enter(other, NULL);
	expect(in_force() == &one);
	if (forked == 0)
		_exit(faults != 0);
	waitpid(forked, &status, 0);
	expect(status == 0);
	acausal_storage_enter(storage, NULL);
	acausal_storage_destroy(other);
}

static void fork_and_return(void *argument)
{
	(void)argument;
	fflush(stdout);
	forked = fork();
}

static void on_stat(uv_fs_t *request)
{
	uv_fs_req_cleanup(request);
	expect(in_force() == &one);
	fork_and_return(NULL);
	if (forked != 0)
		return;
	/* Only what is in force here has it still. */
	expect(in_force() == &one);
	expect(given_back == 0);
	acausal_storage_enter(storage, NULL);
	expect(given_back == 1);
	_exit(faults != 0);
}

static void fork_in_step(void)
{
	acausal_storage_enter(storage, &three);
	fork_and_return(NULL);
	if (forked == 0)
		expect(in_force() == &three);
}

static void stat_step(void)
{
	static uv_fs_t request;

	acausal_storage_enter(storage, &one);
	uv_fs_stat(uv_default_loop(), &request, "/", on_stat);
}

static void forks(void)
{
	int status = 0;

	acausal_storage_enter(storage, &one);
	acausal_storage_run(storage, &two, fork_within, NULL);
	/* The child comes back out of it as the parent does. */
	acausal_storage_run(storage, &two, fork_and_return, NULL);
	expect(in_force() == &one);
	if (forked == 0)
		_exit(faults != 0);
	waitpid(forked, &status, 0);
	expect(status == 0);
	/* Out of a callback, too. */
	run_steps(fork_in_step, NULL);
	expect(in_force() == &one);
	if (forked == 0)
		_exit(faults != 0);
	waitpid(forked, &status, 0);
	expect(status == 0);
	acausal_storage_enter(storage, NULL);
	fork_in_destroy();
	given_back = 0;
	run_steps(stat_step, NULL);
	waitpid(forked, &status, 0);
	expect(status == 0);
}

/* --------------------------------------------------------------------------------------------- */

static const struct way ways[] = {
	{"longjmp", leave_storage_run, false},
	{"coroutines", coroutines, false},
	{"deep", deep, false},
	{"other_thread", on_other_thread, true},
	{"at_once", at_once, true},
	{"late", late, true},
	{"thread_end", thread_end, false},
	{"keys", keys, false},
	{"forks", forks, false},
};

int main(int argc, char **argv)
{
	return go(argc, argv, ways, sizeof ways / sizeof *ways);
}
