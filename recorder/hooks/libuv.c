/*
 * Finding libuv's real functions: see libuv.h.
 *
 * An executable linked to libuv has it next in the order of look-up. A libuv that came with a
 * module loaded by RTLD_LOCAL (uvloop, luv) is found through that module. All of a copy's functions
 * are found in one go, when a module calls for the first time: resolving one by one could take the
 * loader's lock at any time, also in a signal handler.
 */
#include "recorder/hooks/libuv.h"

#include "recorder/hooks/libc.h"
#include "recorder/runtime/start.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>

enum { COPIES = 16, CALLERS = 64 };

/*
 * A module that calls libuv. Slots are taken by number, filled, and then shown by `high`, which is
 * 0 again when the module is gone; a slot is not used twice.
 */
struct caller {
	uintptr_t low;
	_Atomic uintptr_t high;
	const struct libuv *uv;
};

static struct libuv copies[COPIES];
static _Atomic bool copy_is_ready[COPIES];
static _Atomic int copies_taken;
static struct caller callers[CALLERS];
static _Atomic int callers_taken;

/* The next slot, or -1 when all are taken. */
static int slot_take(_Atomic int *taken, int count)
{
	int at = atomic_load(taken);

	while (at < count && !atomic_compare_exchange_weak(taken, &at, at + 1))
		;
	return at < count ? at : -1;
}

static const struct {
	const char *name;
	size_t offset;
} names[] = {
#define X(name) {"uv_" #name, offsetof(struct libuv, name)},
	ACAUSAL_LIBUV_FUNCTIONS(X) X(is_active)
#undef X
};

static bool module_of(uintptr_t address, uintptr_t *low, uintptr_t *high)
{
	struct dl_find_object object;

	if (_dl_find_object((void *)address, &object) != 0)
		return false;
	*low = (uintptr_t)object.dlfo_map_start;
	*high = (uintptr_t)object.dlfo_map_end;
	return true;
}

/* A copy that is known; with `run`, the one that has this uv_run. */
static const struct libuv *copy_known(void *run)
{
	int at;

	for (at = 0; at < COPIES; at++)
		if (atomic_load_explicit(&copy_is_ready[at], memory_order_acquire) &&
			(!run || (void *)copies[at].run == run))
			return &copies[at];
	return NULL;
}

/* The copy that `handle` leads to. Two threads may come here at once, and each fill a slot. */
static const struct libuv *copy_find(void *handle)
{
	void *run = dlsym(handle, "uv_run");
	uintptr_t low, high, own_low, own_high;
	const struct libuv *known;
	struct libuv *copy;
	size_t i;
	int at;

	if (!run || !module_of((uintptr_t)run, &low, &high) ||
		!module_of((uintptr_t)copy_find, &own_low, &own_high) || low == own_low)
		return NULL;
	known = copy_known(run);
	if (known)
		return known;
	at = slot_take(&copies_taken, COPIES);
	if (at < 0)
		return NULL;
	copy = &copies[at];
	for (i = 0; i < sizeof names / sizeof *names; i++)
		*(void **)((char *)copy + names[i].offset) = dlsym(handle, names[i].name);
	copy->text_low = low;
	copy->text_high = high;
	atomic_store_explicit(&copy_is_ready[at], true, memory_order_release);
	return copy;
}

/* Looks in the scope that the calling module itself is bound by. */
static const struct libuv *copy_of_module(uintptr_t address)
{
	struct dl_find_object object;
	const struct libuv *copy;
	const char *path;
	void *handle;

	if (_dl_find_object((void *)address, &object) != 0 || !object.dlfo_link_map)
		return NULL;
	path = object.dlfo_link_map->l_name;
	handle = path && *path ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	if (!handle)
		return NULL;
	copy = copy_find(handle);
	libc_real.dlclose(handle);
	return copy;
}

static const struct libuv *caller_add(uintptr_t address)
{
	const struct libuv *copy;
	uintptr_t low = 0, high = 0;
	int saved = errno, at;

	libc_resolve();
	runtime_start();
	/* The global scope first, since that is where the module's own look-up begins. */
	copy = copy_find(RTLD_NEXT);
	if (!copy)
		copy = copy_of_module(address);
	if (!copy)
		copy = copy_known(NULL);
	dlerror(); /* what we may have left there is not the program's */
	if (copy && module_of(address, &low, &high) &&
		(at = slot_take(&callers_taken, CALLERS)) >= 0) {
		callers[at].low = low;
		callers[at].uv = copy;
		atomic_store_explicit(&callers[at].high, high, memory_order_release);
	}
	errno = saved;
	return copy;
}

const struct libuv *libuv_of(uintptr_t caller)
{
	int count = atomic_load_explicit(&callers_taken, memory_order_relaxed), i;

	for (i = 0; i < count; i++)
		if (caller < atomic_load_explicit(&callers[i].high, memory_order_acquire) &&
			caller >= callers[i].low)
			return callers[i].uv;
	return caller_add(caller);
}

bool libuv_is_text(uintptr_t address)
{
	int i;

	for (i = 0; i < COPIES; i++)
		if (atomic_load_explicit(&copy_is_ready[i], memory_order_acquire) &&
			address - copies[i].text_low < copies[i].text_high - copies[i].text_low)
			return true;
	return false;
}

static bool is_loaded(uintptr_t low, uintptr_t high)
{
	uintptr_t low_now, high_now;

	return module_of(low, &low_now, &high_now) && low_now == low && high_now == high;
}

void libuv_forget_callers(void)
{
	int i;

	for (i = 0; i < COPIES; i++)
		if (atomic_load(&copy_is_ready[i]) &&
			!is_loaded(copies[i].text_low, copies[i].text_high))
			atomic_store(&copy_is_ready[i], false);
	for (i = 0; i < CALLERS; i++) {
		uintptr_t high = atomic_load(&callers[i].high);

		if (high && !is_loaded(callers[i].low, high))
			atomic_store(&callers[i].high, 0);
	}
}

/* A libuv that the program is linked to is found before anything can call it. */
__attribute__((constructor(101))) static void find_linked(void)
{
	libc_resolve();
	copy_find(RTLD_NEXT);
	dlerror();
}
