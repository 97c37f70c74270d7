/*
 * Ancestors of what is alive, against a model that knows the whole truth: random programs make
 * handles and requests, arm, fire and free them, on one thread and on several. Whatever the runtime
 * keeps must be a beginning of the true lineage, what it folded must be true, and nothing may be
 * left when nothing is alive.
 */
#include "recorder/runtime/ancestor_fold.h"
#include "recorder/runtime/lineage.h"
#include "recorder/runtime/live.h"
#include "recorder/runtime/run.h"
#include "recorder/runtime/thread.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum {
	RUNS = 1 << 21,
	THINGS = 48, /* of a thread */
	THREADS = 3,
	NESTED = 3, /* runs inside one another */
};

/* --- the truth ---------------------------------------------------------------------------- */

/* By ID of run: which run it came of, and what it has in common with its repeats. */
static struct truth {
	uint64_t parent;
	uint32_t kind;
	bool is_root;
} * truth;

/* Something alive. */
struct thing {
	uint32_t index; /* of its live record; 0: it is none */
	uint64_t async_id;
	uint16_t type;
	bool is_request, is_armed, repeats;
	uint32_t birth_stack, arming_stack;
	uint64_t birth_run, arming_run;
};

struct actor {
	struct thread *thread;
	uint64_t random;
	struct thing things[THINGS];
	struct thing open[NESTED]; /* what the open runs are of */
	int depth;
	uintptr_t base;
};

static uint32_t pick(struct actor *actor, uint32_t below)
{
	actor->random = actor->random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(actor->random >> 33) % below;
}

static void note_run(struct actor *actor, uint64_t run_id, uint64_t parent, uint16_t type,
	uint32_t stack, bool is_root)
{
	assert_true(run_id < RUNS);
	truth[run_id] = (struct truth){
		parent, (actor->thread->emit.thread * 64 + type) * 64 + stack, is_root};
}

static void note_root(struct actor *actor)
{
	const struct arena_thread *slot = actor->thread->slot;

	note_run(actor, slot->root_run_id, slot->run_id, slot->type, 0, true);
}

/* --- what a program does ------------------------------------------------------------------ */

/* As the hooks do it. */
static void make(struct actor *actor, struct thing *ret, uint16_t type, uint32_t stack)
{
	uint32_t index = live_take(NULL);
	struct arena_live *live = live_at(index);

	assert_int_not_equal(index, 0);
	*ret = (struct thing){.index = index, .type = type, .birth_stack = stack};
	ret->is_request = type == ACAUSAL_TYPE_FS;
	live->stack = stack;
	live->type = type;
	live->run_id = ret->birth_run = run_context(actor->thread);
	live->ancestor = lineage_now(actor->thread);
	live->flags = ret->is_request ? 0 : ARENA_LIVE_HANDLE;
	ret->async_id = arena_next(&arena()->async_id);
	live_publish(index, ret->async_id);
}

static void arm(struct actor *actor, struct thing *thing, uint32_t stack, bool repeats)
{
	struct arena_live *live = live_at(thing->index);
	uint32_t ancestor = lineage_now(actor->thread), former = live->arming_ancestor;

	live_arming_begin(thing->index);
	live->arming_ancestor = ancestor;
	ancestor_release(former);
	live->arming_run_id = run_context(actor->thread);
	live->arming_stack = stack;
	live->armed = arena_ticks();
	live_arming_end(thing->index, arena_next(&arena()->arming_id));
	live->flags |= ARENA_LIVE_ARMED;
	thing->arming_run = live->arming_run_id;
	thing->arming_stack = stack;
	thing->is_armed = true;
	thing->repeats = repeats;
}

static uintptr_t frame_of(const struct actor *actor, int depth)
{
	return actor->base - 4096 * (uintptr_t)(depth + 1);
}

/* Its callback runs; what it is of is in `open` until it has ended. */
static void fire(struct actor *actor, struct thing *thing)
{
	const struct arena_live *live = live_at(thing->index);
	bool by_birth = thing->is_request || thing->type == ACAUSAL_TYPE_ASYNC;
	struct run_begin begin = {.async_id = thing->async_id,
		.arming_id = by_birth ? 0 : live->arming_id,
		.live = thing->index,
		.part = ACAUSAL_PART_CALLBACK,
		.is_request = thing->is_request};
	int depth = run_begin(actor->thread, &begin, frame_of(actor, actor->depth));

	assert_int_equal(depth, actor->depth);
	note_run(actor, run_current(actor->thread), by_birth ? thing->birth_run : thing->arming_run,
		thing->type, by_birth ? thing->birth_stack : thing->arming_stack, false);
	if (!thing->repeats)
		thing->is_armed = false;
	actor->open[actor->depth++] = *thing;
	if (thing->is_request)
		thing->index = 0;
}

static void end(struct actor *actor)
{
	static const struct run_result result = {EVENT_NO_STATUS, EVENT_NO_STATUS};

	actor->depth--;
	run_end(actor->thread, actor->depth, frame_of(actor, actor->depth), &result);
}

static void drop(struct thing *thing)
{
	live_release(thing->index);
	thing->index = 0;
}

/* --- what was kept of it ------------------------------------------------------------------ */

struct walk {
	uint32_t kinds[64]; /* of the hops before, a ring */
	uint64_t hops;
	uint32_t kept; /* of one child, since the last fold or the beginning */
};

static void step(struct walk *walk, uint64_t run_id)
{
	assert_int_not_equal(run_id, 0);
	walk->kinds[walk->hops++ % 64] = truth[run_id].kind;
}

/* Goes over the hops that were folded. Returns the last of them. */
static uint64_t check_fold(
	struct walk *walk, const struct arena_ancestor *ancestor, uint64_t run_id)
{
	uint64_t i;

	assert_in_range(ancestor->period, 1, ANCESTOR_FOLD_PERIOD);
	assert_int_equal(ancestor->folded % ancestor->period, 0);
	assert_true(walk->kept >= 2 * ancestor->period);
	for (i = 0; i < ancestor->folded; i++) {
		run_id = truth[run_id].parent;
		step(walk, run_id);
		assert_int_equal(walk->kinds[(walk->hops - 1) % 64],
			walk->kinds[(walk->hops - 1 - ancestor->period) % 64]);
	}
	walk->kept = 0;
	return run_id;
}

/* Returns whether the chain goes to its beginning. */
static bool check_chain(uint32_t index, uint64_t run_id)
{
	const struct arena_ancestor *ancestor = NULL;
	struct walk walk = {.hops = 0};

	while (index) {
		ancestor = ancestor_at(index);
		assert_int_equal(ancestor->run_id, run_id);
		assert_int_not_equal(ancestor->references, 0);
		assert_int_equal(ancestor->is_root, truth[run_id].is_root);
		step(&walk, run_id);
		walk.kept = ancestor->references == 1 ? walk.kept + 1 : 0;
		if (ancestor->folded)
			run_id = check_fold(&walk, ancestor, run_id);
		run_id = truth[run_id].parent;
		if (ancestor->parent)
			assert_int_equal(ancestor->parent_run_id, run_id);
		index = ancestor->parent;
	}
	return ancestor && run_id == 0;
}

struct sums {
	uint32_t chains, whole;
};

static void check_things(const struct actor *actor, struct sums *sums)
{
	int i;

	for (i = 0; i < THINGS; i++) {
		const struct thing *thing = &actor->things[i];
		const struct arena_live *live = live_at(thing->index);

		if (!thing->index)
			continue;
		assert_int_equal(live->run_id, thing->birth_run);
		assert_int_not_equal(live->ancestor, 0);
		sums->chains++;
		sums->whole += check_chain(live->ancestor, thing->birth_run);
		if (!live->arming_ancestor)
			continue;
		sums->chains++;
		sums->whole += check_chain(live->arming_ancestor, thing->arming_run);
	}
}

static uint64_t in_use(void)
{
	uint64_t used = atomic_load(&arena()->used[ARENA_ANCESTORS].value), count = 0, i;

	for (i = 1; i < used; i++)
		count += ancestor_at((uint32_t)i)->run_id != 0;
	return count;
}

/* Records that are in no list and of no run have got lost. */
static void check_pool(uint64_t expected)
{
	uint64_t used = atomic_load(&arena()->used[ARENA_ANCESTORS].value), free_ones = 0;
	uint32_t index = (uint32_t)atomic_load(&arena()->free_ancestors.head);

	for (; index; index = ancestor_at(index)->next_free)
		free_ones++;
	assert_int_equal(in_use(), expected);
	assert_int_equal(free_ones + expected, used - 1);
}

/* --- programs ----------------------------------------------------------------------------- */

static void actor_begin(struct actor *actor, uint64_t seed)
{
	memset(actor, 0, sizeof *actor);
	actor->random = seed * 2 + 1;
	actor->thread = thread_self();
	actor->base = (uintptr_t)__builtin_frame_address(0) & ~4095ull;
	assert_non_null(actor->thread);
	note_root(actor);
}

static void free_all(struct actor *actor)
{
	int i;

	while (actor->depth > 0)
		end(actor);
	for (i = 0; i < THINGS; i++)
		if (actor->things[i].index)
			drop(&actor->things[i]);
}

/* Whether an open run is of it; then it may not go. */
static bool is_open(const struct actor *actor, const struct thing *thing)
{
	int i;

	for (i = 0; i < actor->depth; i++)
		if (actor->open[i].async_id == thing->async_id)
			return true;
	return false;
}

/* One thing, by chance. Of few kinds, so that by chance some of it repeats. */
static void act(struct actor *actor)
{
	static const uint16_t types[] = {
		ACAUSAL_TYPE_TIMER, ACAUSAL_TYPE_IDLE, ACAUSAL_TYPE_ASYNC, ACAUSAL_TYPE_FS};
	struct thing *thing = &actor->things[pick(actor, THINGS)];
	uint32_t chance = pick(actor, 100);

	if (!thing->index) {
		make(actor, thing, types[pick(actor, 4)], 1 + pick(actor, 2));
	} else if (chance < 40 && !thing->is_request && thing->type != ACAUSAL_TYPE_ASYNC) {
		arm(actor, thing, 1 + pick(actor, 2), pick(actor, 4) == 0);
	} else if (chance < 75 && actor->depth < NESTED &&
		   (thing->is_request || thing->is_armed || thing->type == ACAUSAL_TYPE_ASYNC)) {
		fire(actor, thing);
	} else if (chance < 95 && actor->depth > 0) {
		end(actor);
	} else if (!thing->is_request && !is_open(actor, thing)) {
		drop(thing);
	}
}

static void random_program(void **state)
{
	static struct actor actor;
	struct sums sums = {0};
	uint64_t seed;
	int i;

	(void)state;
	for (seed = 0; seed < 40; seed++) {
		actor_begin(&actor, seed);
		for (i = 0; i < 2000; i++) {
			act(&actor);
			if (i % 100 == 0)
				check_things(&actor, &sums);
		}
		check_things(&actor, &sums);
		free_all(&actor);
		check_pool(1);
	}
	assert_true(sums.chains > 10000);
	assert_int_equal(sums.whole, sums.chains);
	assert_int_equal(atomic_load(&arena()->ancestors_lost.value), 0);
}

/* What a round of a chain is: each step arms or makes what the next one is. */
static void chain_step(struct actor *actor, struct thing *next, uint16_t type, uint32_t stack)
{
	struct thing *now = next == &actor->things[0] ? &actor->things[1] : &actor->things[0];

	if (type == ACAUSAL_TYPE_FS) {
		make(actor, next, type, stack);
	} else {
		if (!next->index)
			make(actor, next, type, 1);
		arm(actor, next, stack, false);
	}
	if (now->index)
		drop(now);
	end(actor);
	fire(actor, next);
}

/* Round after round of so many steps, with something else in between now and then. */
static void rounds(struct actor *actor, uint32_t period, uint32_t count, uint32_t noise)
{
	uint32_t i, turn = 0;

	make(actor, &actor->things[0], ACAUSAL_TYPE_TIMER, 1);
	arm(actor, &actor->things[0], 1, false);
	fire(actor, &actor->things[0]);
	for (i = 0; i < period * count; i++) {
		uint32_t step_of = i % period;
		uint32_t stack = noise && pick(actor, noise) == 0 ? 40 : 2 + step_of;

		turn ^= 1;
		chain_step(actor, &actor->things[turn],
			step_of % 2 ? ACAUSAL_TYPE_FS : ACAUSAL_TYPE_TIMER, stack);
		if (i % 97 == 0 && actor->things[turn].index)
			check_chain(live_at(actor->things[turn].index)->arming_ancestor,
				actor->things[turn].arming_run);
	}
}

static void what_repeats_is_folded(void **state)
{
	static struct actor actor;
	uint32_t period;
	uint64_t most = 0;

	(void)state;
	for (period = 1; period <= ANCESTOR_FOLD_PERIOD; period++) {
		struct thing last = {0};

		actor_begin(&actor, period);
		rounds(&actor, period, 4000, 0);
		make(&actor, &last, ACAUSAL_TYPE_TIMER, 1);
		assert_true(check_chain(live_at(last.index)->ancestor, last.birth_run));
		if (in_use() > most)
			most = in_use();
		drop(&last);
		free_all(&actor);
		check_pool(1);
	}
	assert_true(most < 80);
}

/* Something else in every few rounds: the folds are many, and each of them holds. */
static void what_nearly_repeats(void **state)
{
	static struct actor actor;
	uint32_t period;

	(void)state;
	for (period = 1; period <= ANCESTOR_FOLD_PERIOD; period++) {
		struct thing last = {0};

		actor_begin(&actor, period);
		rounds(&actor, period, 3000, 60);
		make(&actor, &last, ACAUSAL_TYPE_TIMER, 1);
		check_chain(live_at(last.index)->ancestor, last.birth_run);
		assert_true(in_use() < 4200);
		drop(&last);
		free_all(&actor);
		check_pool(1);
	}
}

/* As long as something is alive of each run, none of them can go: the chain is cut. */
static void what_does_not_repeat_is_cut(void **state)
{
	static struct actor actor;
	struct thing last = {0};
	uint32_t i;

	(void)state;
	actor_begin(&actor, 1);
	make(&actor, &actor.things[0], ACAUSAL_TYPE_TIMER, 1);
	arm(&actor, &actor.things[0], 1, false);
	for (i = 0; i < 20000; i++) {
		fire(&actor, &actor.things[0]);
		arm(&actor, &actor.things[0], 1 + pick(&actor, 60), false);
		end(&actor);
	}
	fire(&actor, &actor.things[0]);
	make(&actor, &last, ACAUSAL_TYPE_TIMER, 1);
	assert_false(check_chain(live_at(last.index)->ancestor, last.birth_run));
	assert_in_range(in_use(), 2000, 4200);
	drop(&last);
	free_all(&actor);
	check_pool(1);
}

/* References drop when folding has been tried in vain: it is tried again. */
static void what_repeats_later(void **state)
{
	static struct actor actor;
	uint32_t held[300], i;

	(void)state;
	actor_begin(&actor, 1);
	make(&actor, &actor.things[0], ACAUSAL_TYPE_TIMER, 1);
	arm(&actor, &actor.things[0], 1, false);
	for (i = 0; i < 300; i++) {
		fire(&actor, &actor.things[0]);
		held[i] = lineage_now(actor.thread);
		arm(&actor, &actor.things[0], 1, false);
		end(&actor);
	}
	assert_true(in_use() >= 300);
	check_chain(live_at(actor.things[0].index)->arming_ancestor, actor.things[0].arming_run);
	for (i = 0; i < 300; i++)
		ancestor_release(held[i]);
	for (i = 0; i < 300; i++) {
		fire(&actor, &actor.things[0]);
		arm(&actor, &actor.things[0], 1, false);
		end(&actor);
	}
	assert_true(in_use() < 100);
	assert_true(check_chain(
		live_at(actor.things[0].index)->arming_ancestor, actor.things[0].arming_run));
	free_all(&actor);
	check_pool(1);
}

/* Where the record tells of another arming, or is another's, nothing is said of what came before.
 */
static void what_is_not_certain(void **state)
{
	static struct actor actor;
	struct arena_ancestor *ancestor;
	struct arena_live *live;
	struct thing made[2];
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		actor_begin(&actor, 1);
		make(&actor, &actor.things[0], ACAUSAL_TYPE_TIMER, 1);
		arm(&actor, &actor.things[0], 1, true);
		live = live_at(actor.things[0].index);
		fire(&actor, &actor.things[0]);
		if (i == 0)
			live->arming_id++;
		else
			live->async_id = 1000000;
		make(&actor, &made[i], ACAUSAL_TYPE_TIMER, 1);
		ancestor = ancestor_at(live_at(made[i].index)->ancestor);
		assert_int_equal(ancestor->run_id, made[i].birth_run);
		assert_int_equal(ancestor->async_id, actor.things[0].async_id);
		assert_int_equal(ancestor->type, i == 0 ? ACAUSAL_TYPE_TIMER : 0);
		assert_int_equal(ancestor->armed, 0);
		assert_int_equal(ancestor->parent, 0);
		assert_int_equal(ancestor->is_root, 0);
		drop(&made[i]);
		free_all(&actor);
		check_pool(1);
	}
}

/* --- several threads ---------------------------------------------------------------------- */

static pthread_mutex_t mailbox_lock = PTHREAD_MUTEX_INITIALIZER;
static struct thing mailbox[8];
static pthread_barrier_t barrier;

/* Hands something that is alive to whoever comes next, and takes what was there. */
static void exchange(struct actor *actor)
{
	struct thing *mine = &actor->things[pick(actor, THINGS)];
	struct thing *there = &mailbox[pick(actor, 8)], other;

	if (is_open(actor, mine))
		return;
	pthread_mutex_lock(&mailbox_lock);
	other = *there;
	*there = *mine;
	*mine = other;
	pthread_mutex_unlock(&mailbox_lock);
}

static void *one_of_several(void *number)
{
	struct actor *actor = calloc(1, sizeof *actor);
	struct sums sums = {0};
	int i;

	actor_begin(actor, 100 + (uint64_t)(uintptr_t)number);
	for (i = 0; i < 60000; i++) {
		act(actor);
		if (i % 5 == 0)
			exchange(actor);
	}
	/* Nobody changes anything while all of it is looked at. */
	while (actor->depth > 0)
		end(actor);
	pthread_barrier_wait(&barrier);
	check_things(actor, &sums);
	assert_true(sums.chains > 0);
	assert_int_equal(sums.whole, sums.chains);
	pthread_barrier_wait(&barrier);
	free_all(actor);
	free(actor);
	return NULL;
}

static void several_threads(void **state)
{
	pthread_t threads[THREADS];
	uintptr_t i;

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, one_of_several, (void *)i), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < sizeof mailbox / sizeof *mailbox; i++)
		if (mailbox[i].index)
			drop(&mailbox[i]);
	/* That of the main thread, which lives on. */
	check_pool(1);
}

/* --- where there is no room, or it is not asked for ---------------------------------------- */

static void no_room(void **state)
{
	const uint32_t count = arena_map.count[ARENA_ANCESTORS];
	static struct actor actor;
	struct sums sums = {0};
	int i, j;

	(void)state;
	arena_map.count[ARENA_ANCESTORS] =
		(uint32_t)atomic_load(&arena()->used[ARENA_ANCESTORS].value);
	while (ancestor_take() != 0)
		;
	assert_int_not_equal(atomic_load(&arena()->ancestors_lost.value), 0);
	actor_begin(&actor, 1);
	for (i = 0; i < 5000; i++) {
		act(&actor);
		for (j = 0; i % 100 == 0 && j < THINGS; j++)
			if (actor.things[j].index) {
				uint32_t index = actor.things[j].index;

				sums.chains++;
				check_chain(live_at(index)->ancestor, actor.things[j].birth_run);
				sums.whole += live_at(index)->arming_ancestor != 0;
			}
	}
	free_all(&actor);
	arena_map.count[ARENA_ANCESTORS] = count;
	atomic_store(&arena()->ancestors_lost.value, 0);
}

static void not_in_flight(void **state)
{
	static struct actor actor;
	uint64_t before = in_use();
	int i, j;

	(void)state;
	atomic_store(&arena_in_flight, false);
	actor_begin(&actor, 1);
	for (i = 0; i < 1000; i++)
		act(&actor);
	for (j = 0; j < THINGS; j++)
		assert_int_equal(live_at(actor.things[j].index)->ancestor, 0);
	assert_int_equal(in_use(), before);
	free_all(&actor);
	atomic_store(&arena_in_flight, true);
}

static int set_up(void **state)
{
	const struct arena_request request = {
		.socket = "", .on_full = ARENA_OVERWRITES, .flight_size = ARENA_FLIGHT_LEAST};
	struct arena_header *header = arena_make(&request);

	(void)state;
	truth = mmap(NULL, RUNS * sizeof *truth, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!header || !live_start() || truth == MAP_FAILED)
		return -1;
	thread_prepare();
	arena_start(header);
	thread_start_main();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_program),
		cmocka_unit_test(what_repeats_is_folded),
		cmocka_unit_test(what_nearly_repeats),
		cmocka_unit_test(what_does_not_repeat_is_cut),
		cmocka_unit_test(what_repeats_later),
		cmocka_unit_test(what_is_not_certain),
		cmocka_unit_test(several_threads),
		cmocka_unit_test(not_in_flight),
		cmocka_unit_test(no_room),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
