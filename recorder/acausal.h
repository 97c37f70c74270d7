/*
 * acausal from inside a program: what async_hooks and AsyncLocalStorage are to Node.js, for
 * programs on libuv. Link nothing: the functions are weak, and are there when libacausal.so is in
 * the process, be it recorded (acausal record, ACAUSAL_FLIGHT) or not (LD_PRELOAD alone, or linked
 * by -lacausal before libuv). Without it each is a cheap no-op: what asks is told 0 or NULL, what
 * does fails with -1 and ENOSYS, and what is to call a function of yours calls it. With
 * -DACAUSAL_DISABLED before this header nothing is asked at run time either.
 *
 * What runs, here, is an *execution*: a callback of libuv, a thread, or what stands between
 * acausal_resource_before and _after. What it was armed by, uv_timer_start, uv_read_start, a
 * request, uv_close, pthread_create …, hands on to it all values and contexts that were in force
 * there.
 *
 * Any thread. Not from signal handlers, but for acausal_pause, _resume, _snapshot, and, when there
 * was another call before, what only asks (acausal_execution_async_id, _trigger_async_id,
 * acausal_storage_get). Strings are copied unless it is said otherwise. What was made before the
 * first of these calls, in a process that is not recorded, is not known and has no ID.
 */
#ifndef ACAUSAL_H
#define ACAUSAL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * So that also an executable that is not position-independent asks for them when it runs. (Clang
 * cannot be told: such an executable of its making is never recorded, as these functions see it.)
 */
#if defined(__GNUC__) && !defined(__clang__) && !defined(ACAUSAL_IMPLEMENTATION)
#define ACAUSAL_WEAK __attribute__((noplt))
#else
#define ACAUSAL_WEAK
#endif

/* --- where one is ---------------------------------------------------------------------------- */

/*
 * The resource whose callback is running; the main thread outside of any is 1, as in Node. The
 * number that `acausal trace` takes (in its first process; N of process P is P:N there).
 */
uint64_t acausal_execution_async_id(void) ACAUSAL_WEAK;

/* The resource in whose execution that one was made; of an accepted connection, the listening one.
 */
uint64_t acausal_trigger_async_id(void) ACAUSAL_WEAK;

/* --- hooks ----------------------------------------------------------------------------------- */

/* clang-format off */
/*
 * What a hook is told, each NULL when it is of no interest. `user` is the pointer given with it.
 *
 *   init             a resource was made. `type` is 'uv_timer_t' or a name of the program's own, good
 *                    as long as the process; `object` the program's object (a uv_timer_t *), NULL
 *                    when it has none. It may not be ready yet: the call that makes it has not
 *                    returned
 *   before, after    around each callback of it; of a thread around its function
 *   destroy          it is over: a handle after its close callback, a request after its callback or
 *                    when it was refused
 *   promise_resolve  acausal_resource_resolve was called
 *
 * They are called on the thread where that happens, within the call, in the order in which the
 * hooks were made, and may call what they like. What a hook itself makes or runs is not told to
 * that hook: it does not go round in a circle. errno is kept.
 */
/* clang-format on */
struct acausal_hook_callbacks {
	void (*init)(uint64_t async_id, const char *type, uint64_t trigger_async_id,
		const void *object, void *user);
	void (*before)(uint64_t async_id, void *user);
	void (*after)(uint64_t async_id, void *user);
	void (*destroy)(uint64_t async_id, void *user);
	void (*promise_resolve)(uint64_t async_id, void *user);
};

struct acausal_hook;

/*
 * Not enabled yet. The callbacks are copied. Up to 32 at a time; NULL beyond that, or when memory
 * is short (errno).
 */
struct acausal_hook *acausal_hook_create(
	const struct acausal_hook_callbacks *callbacks, void *user) ACAUSAL_WEAK;

/*
 * From now on, or no more; at any time, also from inside a hook. An execution that had begun before
 * tells its `after` only to hooks that were told its `before`. 0, or -1.
 */
int acausal_hook_enable(struct acausal_hook *hook) ACAUSAL_WEAK;
int acausal_hook_disable(struct acausal_hook *hook) ACAUSAL_WEAK;

/*
 * Disables it; it is freed once no thread is in it any more. Another thread may be: then it has
 * `user` still when this returns. NULL does nothing.
 */
void acausal_hook_destroy(struct acausal_hook *hook) ACAUSAL_WEAK;

/* --- resources of the program's own ---------------------------------------------------------- */

/*
 * Makes a resource: a job in a queue, a coroutine, a promise, a connection lent by a pool. `type`
 * is what it is called, as "DBQUERY"; a process may have 256 such names. `trigger_async_id` 0: the
 * current execution's. It is armed by this call: what is in force here is in force in each of its
 * executions. Returns its ID, 0 when there is none.
 */
uint64_t acausal_resource_init(const char *type, uint64_t trigger_async_id) ACAUSAL_WEAK;

/*
 * Around what is done on its behalf: on one thread, nested as functions are. 0; -1 when there is no
 * such resource, or it is not the innermost one (EINVAL).
 */
int acausal_resource_before(uint64_t async_id) ACAUSAL_WEAK;
int acausal_resource_after(uint64_t async_id) ACAUSAL_WEAK;

/*
 * The current execution has made it ready to run: what called resolve of a promise, put the answer
 * in the queue. It is the cause of that resource's next execution; of what was made with it as its
 * trigger (a promise that .then gave) each is to be resolved itself.
 */
int acausal_resource_resolve(uint64_t async_id) ACAUSAL_WEAK;

/* There will be no more of it. */
int acausal_resource_destroy(uint64_t async_id) ACAUSAL_WEAK;

/* Calls `callback(argument)` between before and after: async_id 0 just calls it. */
void acausal_resource_run(uint64_t async_id, void (*callback)(void *), void *argument) ACAUSAL_WEAK;

/*
 * A callback bound to where it was bound, like Node's AsyncResource.bind: whoever calls it,
 * whenever, it runs as a resource of type `type` that was made here, with what was in force here.
 * For queues, pools and batchers: bind where the callback is handed over. Calling it several times
 * is fine; acausal_unbind ends it. The memory is the caller's.
 */
struct acausal_bound {
	void (*callback)(void *);
	void *argument;
	uint64_t async_id; /* 0: not bound, it is just called */
};
void acausal_bind(struct acausal_bound *ret, const char *type, void (*callback)(void *),
	void *argument) ACAUSAL_WEAK;
void acausal_bound_call(struct acausal_bound *bound) ACAUSAL_WEAK;
void acausal_unbind(struct acausal_bound *bound) ACAUSAL_WEAK;

/* --- storage: AsyncLocalStorage -------------------------------------------------------------- */

struct acausal_storage;

/*
 * A storage: it has one value in each execution, NULL to begin with. `destroy` (may be NULL) gets a
 * value once nothing can see it any more: no execution in which it is in force, nothing armed
 * there. It is called by whatever ended last, on any thread, outside of any execution of the
 * program's. Up to 64 at a time. NULL when there is no library or memory.
 */
struct acausal_storage *acausal_storage_create(void (*destroy)(void *value)) ACAUSAL_WEAK;

/* Its values are gone, also where they were handed on. NULL does nothing. */
void acausal_storage_destroy(struct acausal_storage *storage) ACAUSAL_WEAK;

/*
 * Calls `callback(argument)` with the value in force there and in all that comes of it; afterwards
 * it is what it was before, also when the callback was left by longjmp or an exception. Where it is
 * a coroutine that goes on in another execution, nothing is brought back there. 0: the storage owns
 * the value from now on; -1: there is no storage, no memory, or 64 of these calls are nested on the
 * thread; the callback was called, and the value is still the caller's.
 */
int acausal_storage_run(struct acausal_storage *storage, void *value, void (*callback)(void *),
	void *argument) ACAUSAL_WEAK;

/* The same with no value. */
int acausal_storage_exit(
	struct acausal_storage *storage, void (*callback)(void *), void *argument) ACAUSAL_WEAK;

/*
 * In force for the rest of this execution, and in what comes of it. As for the value, see above; -1
 * also with ENOTSUP where it is not known what runs: in a callback that was armed before the first
 * of these calls in a process that is not recorded, or below 64 nested executions.
 */
int acausal_storage_enter(struct acausal_storage *storage, void *value) ACAUSAL_WEAK;

/* The value in force, good as long as it is; NULL: none. */
void *acausal_storage_get(struct acausal_storage *storage) ACAUSAL_WEAK;

/*
 * All that is in force here, of all storages and the context, to be brought back elsewhere. NULL
 * when there is nothing; to be released.
 */
struct acausal_state;
struct acausal_state *acausal_state_capture(void) ACAUSAL_WEAK;
void acausal_state_run(
	struct acausal_state *state, void (*callback)(void *), void *argument) ACAUSAL_WEAK;
void acausal_state_release(struct acausal_state *state) ACAUSAL_WEAK;

/* --- context: values that are recorded ------------------------------------------------------- */

/*
 * Sets a value for the rest of this execution and for what comes of it, as acausal_storage_enter
 * does: a request's ID. It stands in the recording with the place that set it; `acausal trace`
 * shows it, `acausal find request_id=7f3a` finds it. NULL takes the key away. Keys up to 255 bytes,
 * values up to 1023, 64 keys in force at a time. 0, or -1 with errno: EINVAL beyond the first two,
 * ENOSPC beyond the last, ENOTSUP as above.
 */
int acausal_context_set(const char *key, const char *value) ACAUSAL_WEAK;

/* What is in force; NULL: nothing. Good until the execution ends or sets it again. */
const char *acausal_context_get(const char *key) ACAUSAL_WEAK;

/* --- recording ------------------------------------------------------------------------------- */

/*
 * Writes what is known now, the newest history in flight mode, to a new file at `path`, with mode
 * 0600: an image of the recorder's memory, which every command of acausal takes in the place of a
 * recording (acausal trace -r PATH), and which `acausal snapshot -o FILE.db PATH` makes one of.
 * Other threads go on meanwhile. NULL: "acausal.PID.image" in the current folder.
 *
 * Returns 0; or -1 with errno, having left no file: ENOSYS when the process is not recorded, EEXIST
 * when there is a file of that name, else what open(2) and write(2) say.
 */
int acausal_snapshot(const char *path) ACAUSAL_WEAK;

/*
 * Nothing is written from now on; what is alive is still known, so that recording can go on at any
 * moment. Calls do not nest. Returns 0; -1 with errno ENOSYS when the process is not recorded.
 */
int acausal_pause(void) ACAUSAL_WEAK;
int acausal_resume(void) ACAUSAL_WEAK;

#ifdef __cplusplus
}
#endif

#ifndef ACAUSAL_IMPLEMENTATION
#include <errno.h>

static __inline__ int acausal_is_absent(void)
{
	errno = ENOSYS;
	return -1;
}

static __inline__ int acausal_just_calls(void (*callback)(void *), void *argument)
{
	callback(argument);
	return acausal_is_absent();
}

static __inline__ void acausal_binds_nothing(
	struct acausal_bound *ret, void (*callback)(void *), void *argument)
{
	ret->callback = callback;
	ret->argument = argument;
	ret->async_id = 0;
}

/* No literal, which a compiler would take for what every call gives. */
static __inline__ const char *acausal_has_none(void)
{
	return (const char *)0;
}

#ifdef ACAUSAL_DISABLED
#define ACAUSAL_HAS(name) 0
#else
#define ACAUSAL_HAS(name) (name != 0)
#pragma weak acausal_execution_async_id
#pragma weak acausal_trigger_async_id
#pragma weak acausal_hook_create
#pragma weak acausal_hook_enable
#pragma weak acausal_hook_disable
#pragma weak acausal_hook_destroy
#pragma weak acausal_resource_init
#pragma weak acausal_resource_before
#pragma weak acausal_resource_after
#pragma weak acausal_resource_resolve
#pragma weak acausal_resource_destroy
#pragma weak acausal_resource_run
#pragma weak acausal_bind
#pragma weak acausal_bound_call
#pragma weak acausal_unbind
#pragma weak acausal_storage_create
#pragma weak acausal_storage_destroy
#pragma weak acausal_storage_run
#pragma weak acausal_storage_exit
#pragma weak acausal_storage_enter
#pragma weak acausal_storage_get
#pragma weak acausal_state_capture
#pragma weak acausal_state_run
#pragma weak acausal_state_release
#pragma weak acausal_context_set
#pragma weak acausal_context_get
#pragma weak acausal_snapshot
#pragma weak acausal_pause
#pragma weak acausal_resume
#endif

/* clang-format off */
#define acausal_execution_async_id() \
	(ACAUSAL_HAS(acausal_execution_async_id) ? acausal_execution_async_id() : (uint64_t)0)
#define acausal_trigger_async_id() \
	(ACAUSAL_HAS(acausal_trigger_async_id) ? acausal_trigger_async_id() : (uint64_t)0)
/* Variadic, so that the callbacks may be a compound literal. */
#define acausal_hook_create(...) \
	(ACAUSAL_HAS(acausal_hook_create) ? acausal_hook_create(__VA_ARGS__) \
		: (acausal_is_absent(), (struct acausal_hook *)0))
#define acausal_hook_enable(hook) \
	(ACAUSAL_HAS(acausal_hook_enable) ? acausal_hook_enable(hook) : acausal_is_absent())
#define acausal_hook_disable(hook) \
	(ACAUSAL_HAS(acausal_hook_disable) ? acausal_hook_disable(hook) : acausal_is_absent())
#define acausal_hook_destroy(hook) \
	(ACAUSAL_HAS(acausal_hook_destroy) ? acausal_hook_destroy(hook) : (void)(hook))
#define acausal_resource_init(type, trigger_async_id) \
	(ACAUSAL_HAS(acausal_resource_init) ? acausal_resource_init(type, trigger_async_id) : (uint64_t)0)
#define acausal_resource_before(async_id) \
	(ACAUSAL_HAS(acausal_resource_before) ? acausal_resource_before(async_id) : acausal_is_absent())
#define acausal_resource_after(async_id) \
	(ACAUSAL_HAS(acausal_resource_after) ? acausal_resource_after(async_id) : acausal_is_absent())
#define acausal_resource_resolve(async_id) \
	(ACAUSAL_HAS(acausal_resource_resolve) ? acausal_resource_resolve(async_id) : acausal_is_absent())
#define acausal_resource_destroy(async_id) \
	(ACAUSAL_HAS(acausal_resource_destroy) ? acausal_resource_destroy(async_id) : acausal_is_absent())
#define acausal_resource_run(async_id, callback, argument) \
	(ACAUSAL_HAS(acausal_resource_run) ? acausal_resource_run(async_id, callback, argument) \
		: (void)acausal_just_calls(callback, argument))
#define acausal_bind(ret, type, callback, argument) \
	(ACAUSAL_HAS(acausal_bind) ? acausal_bind(ret, type, callback, argument) \
		: acausal_binds_nothing(ret, callback, argument))
#define acausal_bound_call(bound) \
	(ACAUSAL_HAS(acausal_bound_call) ? acausal_bound_call(bound) \
		: (void)acausal_just_calls((bound)->callback, (bound)->argument))
#define acausal_unbind(bound) \
	(ACAUSAL_HAS(acausal_unbind) ? acausal_unbind(bound) : (void)(bound))
#define acausal_storage_create(destroy) \
	(ACAUSAL_HAS(acausal_storage_create) ? acausal_storage_create(destroy) \
		: (acausal_is_absent(), (struct acausal_storage *)0))
#define acausal_storage_destroy(storage) \
	(ACAUSAL_HAS(acausal_storage_destroy) ? acausal_storage_destroy(storage) : (void)(storage))
#define acausal_storage_run(storage, value, callback, argument) \
	(ACAUSAL_HAS(acausal_storage_run) ? acausal_storage_run(storage, value, callback, argument) \
		: acausal_just_calls(callback, argument))
#define acausal_storage_exit(storage, callback, argument) \
	(ACAUSAL_HAS(acausal_storage_exit) ? acausal_storage_exit(storage, callback, argument) \
		: acausal_just_calls(callback, argument))
#define acausal_storage_enter(storage, value) \
	(ACAUSAL_HAS(acausal_storage_enter) ? acausal_storage_enter(storage, value) \
		: acausal_is_absent())
#define acausal_storage_get(storage) \
	(ACAUSAL_HAS(acausal_storage_get) ? acausal_storage_get(storage) : (void *)0)
#define acausal_state_capture() \
	(ACAUSAL_HAS(acausal_state_capture) ? acausal_state_capture() : (struct acausal_state *)0)
#define acausal_state_run(state, callback, argument) \
	(ACAUSAL_HAS(acausal_state_run) ? acausal_state_run(state, callback, argument) \
		: (void)acausal_just_calls(callback, argument))
#define acausal_state_release(state) \
	(ACAUSAL_HAS(acausal_state_release) ? acausal_state_release(state) : (void)(state))
#define acausal_context_set(key, value) \
	(ACAUSAL_HAS(acausal_context_set) ? acausal_context_set(key, value) : acausal_is_absent())
#define acausal_context_get(key) \
	(ACAUSAL_HAS(acausal_context_get) ? acausal_context_get(key) : acausal_has_none())
#define acausal_snapshot(path) \
	(ACAUSAL_HAS(acausal_snapshot) ? acausal_snapshot(path) : acausal_is_absent())
#define acausal_pause()	 (ACAUSAL_HAS(acausal_pause) ? acausal_pause() : acausal_is_absent())
#define acausal_resume() (ACAUSAL_HAS(acausal_resume) ? acausal_resume() : acausal_is_absent())
/* clang-format on */
#endif

#endif
