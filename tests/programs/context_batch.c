/*
 * A batcher: requests hand items over to a queue, and a callback of its own, that of one
 * uv_async_t, does them later. What is in force there depends on how that is done:
 *
 *     context_batch unbound    an item is just done: in nobody's name
 *                   bound      it is bound where it is handed over
 *                   partly     … and the batcher then starts a timer of its own
 *                   set        the batcher sets the item's request before it does it
 *                   state      it brings back what was captured where it was handed over
 *                   lazy       unbound, and the uv_async_t is made by the first request
 *                   worked     no batcher: the request is set in the thread pool, and nowhere else
 *
 * Two requests, "A" and then "B", set `request` and `tenant`. Exit status 0.
 */
#include "recorder/acausal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct item {
	const char *id;
	struct acausal_bound bound;
	struct acausal_state *state;
	uv_timer_t timer;
	struct item *next;
};

static uv_loop_t *loop;
static uv_async_t async;
static uv_timer_t own_timer;
static struct item *first, items[] = {{.id = "A"}, {.id = "B"}};
static const char *mode;
static int done, handed_over, is_made;

static int is(const char *name)
{
	return strcmp(mode, name) == 0;
}

static void on_item_timer(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, NULL);
	done++;
}

static void do_item(void *argument)
{
	struct item *item = (struct item *)argument;

	uv_timer_init(loop, &item->timer);
	uv_timer_start(&item->timer, on_item_timer, 1, 0);
}

static void on_own_timer(uv_timer_t *timer)
{
	(void)timer;
}

static void do_batch(struct item *item)
{
	if (is("set"))
		acausal_context_set("request", item->id);
	if (is("bound") || is("partly"))
		acausal_bound_call(&item->bound);
	else if (is("state"))
		acausal_state_run(item->state, do_item, item);
	else
		do_item(item);
	if (is("partly"))
		uv_timer_start(&own_timer, on_own_timer, 1, 0);
}

static void on_batch(uv_async_t *handle)
{
	struct item *item;

	(void)handle;
	while ((item = first)) {
		first = item->next;
		do_batch(item);
	}
}

static void make_batcher(void)
{
	uv_async_init(loop, &async, on_batch);
	uv_timer_init(loop, &own_timer);
	is_made = 1;
}

static void hand_over(struct item *item)
{
	if (is("bound") || is("partly"))
		acausal_bind(&item->bound, "ITEM", do_item, item);
	if (is("state"))
		item->state = acausal_state_capture();
	item->next = first;
	first = item;
	uv_async_send(&async);
	handed_over++; /* so that the call above does not take the place of this one */
}

static void in_pool(uv_work_t *work)
{
	acausal_context_set("request", (const char *)work->data);
}

static void after_pool(uv_work_t *work, int status)
{
	(void)work;
	(void)status;
	done++;
}

static void on_request(uv_timer_t *timer)
{
	static uv_work_t works[2];
	struct item *item = (struct item *)timer->data;

	uv_close((uv_handle_t *)timer, NULL);
	if (is("worked")) {
		works[done].data = (void *)item->id;
		uv_queue_work(loop, &works[done], in_pool, after_pool);
		return;
	}
	acausal_context_set("request", item->id);
	acausal_context_set("tenant", "one");
	if (!is_made)
		make_batcher();
	hand_over(item);
}

int main(int argc, char **argv)
{
	uv_timer_t requests[2];

	if (argc != 2)
		return 2;
	mode = argv[1];
	loop = uv_default_loop();
	if (!is("lazy"))
		make_batcher();
	for (int i = 0; i < 2; i++) {
		uv_timer_init(loop, &requests[i]);
		requests[i].data = &items[i];
		uv_timer_start(&requests[i], on_request, 0, 0);
		while (done == i)
			uv_run(loop, UV_RUN_ONCE);
		acausal_unbind(&items[i].bound);
		acausal_state_release(items[i].state);
	}
	uv_close((uv_handle_t *)&async, NULL);
	uv_close((uv_handle_t *)&own_timer, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	return uv_loop_close(loop) == 0 && handed_over == (is("worked") ? 0 : 2) ? 0 : 1;
}
