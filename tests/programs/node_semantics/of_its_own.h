/*
 * Scenarios of node_semantics.c: entering and leaving values, several storages, resources of the
 * program's own, hooks.
 */
#ifndef ACAUSAL_TESTS_NODE_SEMANTICS_OF_ITS_OWN_H
#define ACAUSAL_TESTS_NODE_SEMANTICS_OF_ITS_OWN_H

#include "tests/programs/node_semantics/say.h"

/* --- enter, exit, several storages, disable
 * ----------------------------------------------------------------- */

static inline void enter_C(void)
{
	look("C");
	enter(0, "c");
	look("C entered");
}

static inline void enter_B(void)
{
	look("B");
	enter(0, "b");
	look("B entered");
	after("C", enter_C);
	enter(0, "later");
	after_ms("D", 5, look_D);
}

static inline void enter_a(void)
{
	enter(0, "entered in a");
	look("entered in a");
}

static inline void scenario_enter(void)
{
	after("A", look_A);
	enter(0, "main");
	after("B", enter_B);
	after_ms("E", 5, look_E);
	run("a", enter_a);
	look("after a");
}

static inline void exit_b(void)
{
	after("B", look_B);
}

static inline void exit_out(void)
{
	look("out");
	after("A", look_A);
	run("b", exit_b);
}

static inline void exit_C_out(void)
{
	look("C out");
}

static inline void exit_C(void)
{
	out_of(0, exit_C_out);
	look("C");
}

static inline void exit_a(void)
{
	out_of(0, exit_out);
	look("back");
	after("C", exit_C);
}

static inline void scenario_exit(void)
{
	run("a", exit_a);
}

static inline void storages_A_out(void)
{
	look("A out of one");
	after("B", look_B);
}

static inline void storages_2(void)
{
	after("C", look_C);
}

static inline void storages_A(void)
{
	look("A");
	out_of(0, storages_A_out);
	run_in(2, "2", storages_2);
}

static inline void storages_x(void)
{
	look("both");
	after("A", storages_A);
}

static inline void storages_a(void)
{
	run_in(1, "x", storages_x);
	look("one");
}

static inline void storages_y(void)
{
	after("D", look_D);
}

static inline void scenario_storages(void)
{
	used = 3;
	run("a", storages_a);
	run_in(1, "y", storages_y);
	enter(2, "last");
	after("E", look_E);
}

static inline void disable_x(void)
{
	after("A", look_A);
	acausal_storage_destroy(storages[0]);
	storages[0] = NULL;
	look("gone");
	after("B", look_B);
}

static inline void disable_a(void)
{
	run_in(1, "x", disable_x);
}

static inline void scenario_disable(void)
{
	used = 2;
	run("a", disable_a);
}

/* --- the program's own
 * ------------------------------------------------------------------------------------- */

static uint64_t one, two, three;

static inline void user_a(void)
{
	one = job("ONE", 0);
}

static inline void user_b(void)
{
	two = job("TWO", one);
}

static inline void user_two_in_one(void)
{
	look("TWO in ONE");
	after("B", look_B);
}

static inline void user_one(void)
{
	look("ONE");
	run_job(two, user_two_in_one);
	look("ONE again");
}

static inline void user_c(void)
{
	run_job(one, user_one);
	look("A");
}

static inline void user_three(void)
{
	look("THREE");
}

static inline void user_A(void)
{
	run("b", user_b);
	run("c", user_c);
	/* As acausal_resource_run does it. */
	acausal_resource_before(two);
	look("TWO");
	three = job("THREE", 0);
	run_job(three, user_three);
	acausal_resource_destroy(three);
	acausal_resource_after(two);
	acausal_resource_destroy(one);
	acausal_resource_destroy(two);
}

static inline void scenario_user(void)
{
	note("");
	run("a", user_a);
	after("A", user_A);
}

static uint64_t promise, then;

static inline void promise_a(void)
{
	expect("PROMISE", "P");
	promise = acausal_resource_init("PROMISE", 0);
}

static inline void promise_b(void)
{
	expect("PROMISE", "T");
	then = acausal_resource_init("PROMISE", promise);
}

static inline void promise_T(void)
{
	look("T");
	after("B", look_B);
	acausal_resource_resolve(then);
}

/* What a library of promises does once nothing else runs. */
static inline void promise_jobs(void)
{
	run_job(then, promise_T);
}

static inline void promise_C(void)
{
	look("C");
	acausal_resource_resolve(promise);
	after_ms(NULL, 0, promise_jobs);
	look("C resolved");
}

static inline void promise_c(void)
{
	after("C", promise_C);
}

static inline void scenario_promise(void)
{
	note("");
	run("a", promise_a);
	run("b", promise_b);
	run("c", promise_c);
}

static struct acausal_bound bound, other_bound;

static inline void bind_bound(void *argument)
{
	(void)argument;
	look("bound");
	after("A", look_A);
}

static inline void bind_other(void *argument)
{
	(void)argument;
	look("other");
}

static inline void bind_a(void)
{
	expect("BOUND", "BOUND");
	acausal_bind(&bound, "BOUND", bind_bound, NULL);
}

static inline void bind_C(void)
{
	acausal_bound_call(&other_bound);
}

static inline void bind_c(void)
{
	after("C", bind_C);
}

static inline void bind_B(void)
{
	expect("OTHER", "OTHER");
	acausal_bind(&other_bound, "OTHER", bind_other, NULL);
	run("c", bind_c);
}

static inline void bind_b(void)
{
	acausal_bound_call(&bound);
	look("called");
	acausal_bound_call(&bound);
}

static inline void scenario_bind(void)
{
	run("a", bind_a);
	after("B", bind_B);
	run("b", bind_b);
}

static struct acausal_state *state;

static inline void in_state(action *act)
{
	acausal_state_run(state, call, &act);
}

static inline void snapshot_x(void)
{
	state = acausal_state_capture();
}

static inline void snapshot_a(void)
{
	run_in(1, "x", snapshot_x);
}

static inline void snapshot_in(void)
{
	look_at_values("in it");
	after("A", look_A);
}

static inline void snapshot_again(void)
{
	look_at_values("in it once more");
}

static inline void snapshot_B(void)
{
	in_state(snapshot_again);
	look("B");
}

static inline void snapshot_b(void)
{
	in_state(snapshot_in);
	look("after it");
	after("B", snapshot_B);
}

static inline void scenario_snapshot(void)
{
	used = 2;
	run("a", snapshot_a);
	run("b", snapshot_b);
}

/* --- hooks
 * -------------------------------------------------------------------------------------------------
 */

static struct acausal_hook *other_hook;

static inline void hooks_other_init(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	(void)trigger, (void)object, (void)user;
	if (!known_name(id))
		return;
	note_event("other init %s", known_name(id));
	if (!strcmp(type, "THREE"))
		acausal_hook_disable(other_hook);
}

static inline void hooks_first_init(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	static int count;

	(void)type, (void)trigger, (void)object, (void)user;
	if (!known_name(id))
		return;
	note_event("first init %s", known_name(id));
	if (++count == 1)
		acausal_hook_enable(other_hook);
}

static inline void scenario_hooks(void)
{
	static const struct acausal_hook_callbacks other_callbacks = {.init = hooks_other_init},
						   callbacks = {.init = hooks_first_init};

	acausal_hook_enable(acausal_hook_create(&callbacks, NULL));
	other_hook = acausal_hook_create(&other_callbacks, NULL);
	job("ONE", 0);
	job("TWO", 0);
	job("THREE", 0);
	job("FOUR", 0);
	acausal_hook_enable(other_hook);
	job("FIVE", 0);
}

static inline void hook_makes_init(
	uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	char name[NAME];

	(void)type, (void)trigger, (void)object, (void)user;
	if (!known_name(id))
		return;
	note_event("init %s", known_name(id));
	snprintf(name, sizeof name, "%.20s-CHILD", known_name(id));
	job(name, 0);
}

static inline void hook_makes_one(void)
{
	look("ONE");
}

static inline void hook_makes_A(void)
{
	run_job(job("ONE", 0), hook_makes_one);
}

static inline void hook_makes_a(void)
{
	after("A", hook_makes_A);
}

static inline void scenario_hook_makes(void)
{
	static const struct acausal_hook_callbacks callbacks = {.init = hook_makes_init};

	note("other ");
	acausal_hook_enable(acausal_hook_create(&callbacks, NULL));
	run("a", hook_makes_a);
}

#endif
