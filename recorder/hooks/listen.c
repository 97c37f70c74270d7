/*
 * The program's own hooks, as it makes and enables them (recorder/acausal.h). How they are told:
 * runtime/listener.h.
 */
#define ACAUSAL_IMPLEMENTATION
#include "recorder/acausal.h"

#include "recorder/hooks/own.h"
#include "recorder/runtime/listener.h"

#include <errno.h>

/* What the program holds: one for each place, so that nothing is to be freed. */
struct acausal_hook {
	int number;
};

static struct acausal_hook handles[LISTENER_COUNT];

WRAPPER struct acausal_hook *acausal_hook_create(
	const struct acausal_hook_callbacks *callbacks, void *user)
{
	struct listener_callbacks listener;
	int number;

	if (!callbacks || !own_thread()) {
		errno = callbacks ? ENOSYS : EINVAL;
		return NULL;
	}
	listener = (struct listener_callbacks){callbacks->init, callbacks->before, callbacks->after,
		callbacks->destroy, callbacks->promise_resolve};
	number = listener_add(&listener, user);
	if (number < 0) {
		errno = ENOMEM;
		return NULL;
	}
	handles[number].number = number;
	return &handles[number];
}

static int enable(const struct acausal_hook *hook, bool is_enabled)
{
	if (!hook)
		return own_fail(EINVAL);
	listener_enable(hook->number, is_enabled);
	return 0;
}

WRAPPER int acausal_hook_enable(struct acausal_hook *hook)
{
	return enable(hook, true);
}

WRAPPER int acausal_hook_disable(struct acausal_hook *hook)
{
	return enable(hook, false);
}

WRAPPER void acausal_hook_destroy(struct acausal_hook *hook)
{
	if (hook)
		listener_remove(hook->number);
}
