/*
 * What acausal.h means by hooks, storages and resources, in scenarios that tests/node/semantics.cjs
 * has as well: tests/e2e/node_semantics.sh holds what the two print against each other.
 *
 *     node_semantics SCENARIO     lines in a normal form, in no order; without a name, the names
 *
 * A line says where one is by names that the scenario gives: in whose execution, whose trigger that
 * has, the values in force; in whose execution and with what trigger something was made; what is
 * gone; and, in the order of their coming, what a hook was told of what has a name.
 *
 * What is compared, and where Node differs in kind:
 *
 *     timers       made in and outside of a value, in callbacks of others
 *     interval     each run begins with the value that was armed [1]
 *     again        timeout.refresh and uv_timer_again: the value is that of the arming
 *     immediate    setImmediate, and an idle handle that stops
 *     nested       run in run in run, each brings back what was before
 *     fs           a stat and one that fails
 *     pool         randomBytes and uv_random, more of them than there are threads
 *     sockets      values in listening, connecting, reading; the trigger of what is accepted [2]
 *     close        the value is that of whoever closed [3]
 *     enter        for the rest of the callback and what comes of it, not for others
 *     exit         no value in it [4]
 *     storages     three, mixed
 *     disable      storage.disable and acausal_storage_destroy: its values are gone at once
 *     user         resources with triggers of their own, one running in another, their end
 *     promise      then: a resource whose trigger is the promise; resolved elsewhere [5]
 *     bind         AsyncResource.bind and acausal_bind
 *     snapshot     AsyncLocalStorage.snapshot and acausal_state_capture [6]
 *     hooks        enabled and disabled within hooks [7]
 *     hook_makes   hooks that make resources [8]
 *
 * These differences in kind are left out of the comparison:
 *
 *     [1] What a run has entered, Node 20 keeps for the next run of the same resource.
 *     [2] Node makes more resources of a socket; what an accepted one reads has no value there.
 *     [3] Node tells of it in a TickObject: where, is not compared.
 *     [4] In Node 20 a run within an exit brings back, until its end, what was before it.
 *     [5] Node says destroy when memory is collected.
 *     [6] Node runs it as a resource, here it is none: within it values are compared.
 *     [7] Node tells first what was enabled first, here what was made first.
 *     [8] In Node such a hook must itself see to it that it does not go on for ever.
 *
 * With NODE_SEMANTICS_IDS=FILE the names that IDs had are written there, "ID NAME" each.
 */
#include "tests/programs/node_semantics/of_its_own.h"
#include "tests/programs/node_semantics/of_libuv.h"

/* clang-format off */
#define SCENARIOS(X) \
	X(timers) X(interval) X(again) X(immediate) X(nested) X(fs) X(pool) X(sockets) X(close) \
	X(enter) X(exit) X(storages) X(disable) X(user) X(promise) X(bind) X(snapshot) X(hooks) \
	X(hook_makes)
/* clang-format on */

static const struct scenario {
	const char *name;
	action *act;
} scenarios[] = {
#define X(name) {#name, scenario_##name},
	SCENARIOS(X)
#undef X
};

static void write_ids(void)
{
	const char *path = getenv("NODE_SEMANTICS_IDS");
	FILE *file = path ? fopen(path, "w") : NULL;

	for (uint64_t id = 0; file && id < IDS; id++)
		if (known_name(id))
			fprintf(file, "%llu %s\n", (unsigned long long)id, known_name(id));
	if (file)
		fclose(file);
}

static int play(const struct scenario *scenario)
{
	static const struct acausal_hook_callbacks callbacks = {
		.init = on_made, .destroy = on_gone};

	for (int i = 0; i < 3; i++)
		storages[i] = acausal_storage_create(NULL);
	if (!storages[0] || acausal_hook_enable(acausal_hook_create(&callbacks, NULL)) != 0) {
		fprintf(stderr, "node_semantics: libacausal.so is not in the process\n");
		return 1;
	}
	snprintf(names[1], NAME, "main");
	loop = uv_default_loop();
	scenario->act();
	uv_run(loop, UV_RUN_DEFAULT);
	if (events[0])
		printf("events: %s\n", events);
	write_ids();
	return 0;
}

int main(int argc, char **argv)
{
	const size_t count = sizeof scenarios / sizeof *scenarios;

	for (size_t i = 0; i < count; i++) {
		if (argc < 2)
			printf("%s\n", scenarios[i].name);
		else if (!strcmp(argv[1], scenarios[i].name))
			return play(&scenarios[i]);
	}
	return argc < 2 ? 0 : 2;
}
