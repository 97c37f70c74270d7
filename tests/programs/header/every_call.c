/*
 * Calls each function of acausal.h once, as C and as C++, and checks what it says: `every_call
 * absent` when the library is not in the process, or the header was told to do without; `every_call
 * present` when it is there and the process is not recorded; `every_call recorded`.
 */
#if __has_include(<acausal.h>)
#include <acausal.h>
#else
#include "recorder/acausal.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int is_there, is_recorded, called, failures, destroyed, told[5];
static char value[] = "value";
static struct acausal_storage *storage;

#define CHECK(condition) check(__LINE__, (condition) ? 1 : 0)

static void check(int line, int holds)
{
	if (!holds) {
		printf("line %d\n", line);
		failures++;
	}
}

/* What does something: 0, or -1 and ENOSYS. */
static void check_done(int line, int result)
{
	int number = errno;

	check(line, is_there ? result == 0 : result == -1 && number == ENOSYS);
	errno = 0;
}

#define DONE(call) check_done(__LINE__, (errno = 0, (call)))

static void count(void *argument)
{
	CHECK(argument == &called);
	called++;
}

static void look(void *argument)
{
	count(argument);
	CHECK(acausal_storage_get(storage) == (is_there ? (void *)value : NULL));
}

static void look_for_nothing(void *argument)
{
	count(argument);
	CHECK(acausal_storage_get(storage) == NULL);
}

static void count_destroyed(void *destroyed_value)
{
	CHECK(destroyed_value == value);
	destroyed++;
}

static void on_init(uint64_t id, const char *type, uint64_t trigger, const void *object, void *user)
{
	CHECK(id && trigger && type && !object && user == told);
	told[0]++;
}

static void on_before(uint64_t id, void *user)
{
	CHECK(id && user == told);
	told[1]++;
}

static void on_after(uint64_t id, void *user)
{
	CHECK(id && user == told);
	told[2]++;
}

static void on_destroy(uint64_t id, void *user)
{
	CHECK(id && user == told);
	told[3]++;
}

static void on_resolve(uint64_t id, void *user)
{
	CHECK(id && user == told);
	told[4]++;
}

static void try_resources(void)
{
	struct acausal_hook_callbacks callbacks = {
		on_init, on_before, on_after, on_destroy, on_resolve};
	struct acausal_hook *hook = acausal_hook_create(&callbacks, told);
	struct acausal_bound bound;
	uint64_t id;

	CHECK(!hook == !is_there);
	CHECK(is_there || errno == ENOSYS);
	DONE(acausal_hook_enable(hook));
	CHECK(acausal_execution_async_id() == (uint64_t)is_there);
	CHECK(acausal_trigger_async_id() == 0);
	id = acausal_resource_init("JOB", 0);
	CHECK(!id == !is_there);
	DONE(acausal_resource_before(id));
	CHECK(acausal_execution_async_id() == id);
	CHECK(acausal_trigger_async_id() == (uint64_t)is_there);
	DONE(acausal_resource_resolve(id));
	DONE(acausal_resource_after(id));
	acausal_resource_run(id, count, &called);
	DONE(acausal_resource_destroy(id));
	acausal_resource_run(0, count, &called);
	acausal_bind(&bound, "BOUND", count, &called);
	CHECK(!bound.async_id == !is_there);
	acausal_bound_call(&bound);
	acausal_unbind(&bound);
	CHECK(bound.async_id == 0);
	acausal_bound_call(&bound);
	CHECK(called == 4);
	DONE(acausal_hook_disable(hook));
	acausal_hook_destroy(hook);
	CHECK(told[0] == 2 * is_there && told[1] == 3 * is_there && told[2] == 3 * is_there);
	CHECK(told[3] == 2 * is_there && told[4] == is_there);
}

static void try_storages(void)
{
	struct acausal_state *state;
	const char *set;

	called = 0;
	storage = acausal_storage_create(count_destroyed);
	CHECK(!storage == !is_there);
	CHECK(acausal_storage_get(storage) == NULL);
	DONE(acausal_storage_run(storage, value, look, &called));
	CHECK(destroyed == is_there);
	DONE(acausal_storage_enter(storage, value));
	DONE(acausal_storage_exit(storage, look_for_nothing, &called));
	state = acausal_state_capture();
	CHECK(!state == !is_there);
	DONE(acausal_storage_enter(storage, NULL));
	CHECK(destroyed == is_there);
	acausal_state_run(state, look, &called);
	acausal_state_release(state);
	CHECK(destroyed == 2 * is_there);
	CHECK(called == 3);
	acausal_storage_destroy(storage);
	DONE(acausal_context_set("key", value));
	set = acausal_context_get("key");
	CHECK(is_there ? set && !strcmp(set, value) : !set);
	DONE(acausal_context_set("key", NULL));
	CHECK(!acausal_context_get("key"));
}

static void try_recording(void)
{
	errno = 0;
	CHECK(acausal_pause() == (is_recorded ? 0 : -1) && (is_recorded || errno == ENOSYS));
	errno = 0;
	CHECK(acausal_resume() == (is_recorded ? 0 : -1) && (is_recorded || errno == ENOSYS));
	errno = 0;
	CHECK(acausal_snapshot("every_call.image") == (is_recorded ? 0 : -1));
	CHECK(is_recorded || errno == ENOSYS);
	CHECK(access("every_call.image", F_OK) == (is_recorded ? 0 : -1));
}

int main(int argc, char **argv)
{
	is_recorded = argc > 1 && !strcmp(argv[1], "recorded");
	is_there = is_recorded || (argc > 1 && !strcmp(argv[1], "present"));
	try_resources();
	try_storages();
	try_recording();
	return failures != 0;
}
