/*
 * Hooks of acausal.h: left by longjmp and pthread_exit, forking, in their order, and made, changed
 * and destroyed within hooks on several threads. (own_ways.h)
 */
#include "tests/programs/own_ways.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static int told, told_here;
static bool is_leaving, is_forking;

static void on_init(uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	(void)id, (void)trigger, (void)object, (void)user;
	if (strcmp(type, "TOLD") != 0)
		return;
	told++;
	if (is_leaving)
		longjmp(way_back, 1);
	if (is_forking) {
		pid_t child;

		fflush(stdout);
		child = fork();
		if (child == 0) {
			is_forking = false;
			told_here = told;
			acausal_resource_init("TOLD", 0);
			expect(told == told_here);
			return;
		}
		is_forking = false;
		int status;

		waitpid(child, &status, 0);
		expect(status == 0);
	}
}

static char order[8];

static void on_ordered(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	(void)id, (void)type, (void)trigger, (void)object;
	strcat(order, user);
}

/* Those made later are told later, whichever were destroyed meanwhile. */
static void hook_order(void)
{
	static char names[][2] = {"a", "b", "c", "d"};
	const struct acausal_hook_callbacks callbacks = {.init = on_ordered};
	struct acausal_hook *made[4];

	for (int i = 0; i < 4; i++) {
		made[i] = acausal_hook_create(&callbacks, names[i]);
		acausal_hook_enable(made[i]);
		if (i == 1)
			acausal_hook_destroy(made[0]);
	}
	acausal_resource_init("JOB", 0);
	expect(!strcmp(order, "bcd"));
	for (int i = 1; i < 4; i++)
		acausal_hook_destroy(made[i]);
}

static void *leaves_in_hook(void *hook)
{
	(void)hook;
	acausal_resource_init("LEFT", 0);
	return NULL;
}

static void exits(uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	(void)id, (void)trigger, (void)object, (void)user;
	if (!strcmp(type, "LEFT"))
		pthread_exit(NULL);
}

static struct acausal_hook *hook_make(
	void (*init)(uint64_t, const char *, uint64_t, const void *, void *))
{
	const struct acausal_hook_callbacks callbacks = {.init = init};
	struct acausal_hook *hook = acausal_hook_create(&callbacks, NULL);

	expect(hook);
	acausal_hook_enable(hook);
	return hook;
}

static void hooks(void)
{
	static struct acausal_hook *hook;
	static int i;
	pid_t parent = getpid();
	pthread_t thread;

	hook = hook_make(on_init);
	is_leaving = true;
	if (setjmp(way_back) == 0)
		acausal_resource_init("TOLD", 0);
	is_leaving = false;
	acausal_resource_init("TOLD", 0);
	expect(told == 2);
	is_forking = true;
	acausal_resource_init("TOLD", 0);
	expect(told == 3);
	acausal_resource_init("TOLD", 0);
	expect(told == 4);
	if (getpid() != parent)
		_exit(faults != 0);
	acausal_hook_destroy(hook);
	/* Each leaves its place. */
	for (; i < 64 && !faults; i++) {
		if (setjmp(way_back) == 0) {
			is_leaving = true;
			hook = hook_make(on_init);
			acausal_resource_init("TOLD", 0);
		}
		is_leaving = false;
		acausal_hook_destroy(hook);
		hook = hook_make(exits);
		pthread_create(&thread, NULL, leaves_in_hook, NULL);
		pthread_join(thread, NULL);
		acausal_hook_destroy(hook);
	}
}

/* Hooks are made, enabled, disabled and destroyed on several threads, also from inside hooks. */
enum { CHURNERS = 4, CHURNS = 2000, ALIVE = 77 };

struct churn {
	struct acausal_hook *_Atomic hook;
	_Atomic int state, calls;
	uint64_t made;
};

static void churn_in_hook(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	struct churn *churn = user;

	(void)id, (void)type, (void)trigger, (void)object;
	/* No hook is called that was never enabled, or whose place another one has. */
	expect(churn->state == ALIVE);
	if (++churn->calls % 3 == 0)
		acausal_hook_disable(churn->hook);
	if (churn->calls % 5 == 0)
		acausal_resource_destroy(acausal_resource_init("INNER", 0));
	if (churn->calls % 7 == 0)
		acausal_hook_enable(churn->hook);
}

static void *churn_hooks(void *argument)
{
	static struct churn churns[CHURNERS];
	struct churn *churn = &churns[*(int *)argument];
	const struct acausal_hook_callbacks callbacks = {.init = churn_in_hook};

	for (int i = 0; i < CHURNS; i++) {
		struct acausal_hook *hook = acausal_hook_create(&callbacks, churn);

		expect(hook);
		churn->hook = hook;
		churn->state = ALIVE;
		acausal_hook_enable(hook);
		churn->made = acausal_resource_init("CHURN", 0);
		acausal_resource_run(churn->made, nothing, NULL);
		acausal_resource_destroy(churn->made);
		acausal_hook_destroy(hook);
	}
	return NULL;
}

static void hook_churn(void)
{
	pthread_t threads[CHURNERS];
	int numbers[CHURNERS];

	for (int i = 0; i < CHURNERS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, churn_hooks, &numbers[i]);
	}
	for (int i = 0; i < CHURNERS; i++)
		pthread_join(threads[i], NULL);
}

static void *does_nothing(void *argument)
{
	return argument;
}

static void *seen_before;

static void before_thread(uint64_t id, void *user)
{
	(void)id;
	if (!pthread_equal(pthread_self(), *(pthread_t *)user))
		seen_before = in_force();
}

static void thread_hook(void)
{
	const struct acausal_hook_callbacks callbacks = {.before = before_thread};
	pthread_t self = pthread_self(), thread;
	struct acausal_hook *hook = acausal_hook_create(&callbacks, &self);

	acausal_hook_enable(hook);
	acausal_storage_enter(storage, &one);
	pthread_create(&thread, NULL, does_nothing, NULL);
	pthread_join(thread, NULL);
	expect(seen_before == &one);
	acausal_hook_destroy(hook);
}

static const struct way ways[] = {
	{"left", hooks, false},
	{"order", hook_order, false},
	{"churn", hook_churn, false},
	{"thread", thread_hook, false},
};

int main(int argc, char **argv)
{
	return go(argc, argv, ways, sizeof ways / sizeof *ways);
}
