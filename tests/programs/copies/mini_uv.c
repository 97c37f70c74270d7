/*
 * A libuv of a few functions, for programs with several copies in them. It behaves as libuv does
 * where the recorder is concerned: its public functions call one another through the linkage table,
 * and static functions of its own do so too. What another copy made it refuses by aborting, so that
 * a call which ends up in the wrong copy cannot go unnoticed.
 */
#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

#define MINI 0x696e696dull

struct mini_work {
	uint64_t mini;
	uv_loop_t *loop;
	uv_work_t *request;
	uv_work_cb work;
	uv_after_work_cb after;
	pthread_t thread;
	struct mini_work *next;
};

struct mini_loop {
	uint64_t mini;
	uv_timer_t *timers, *closing;
	struct mini_work *done;
	int working;
	uv_async_t *async;
	pthread_mutex_t lock;
};

/* What is kept in a handle: in u.reserved, which a libuv may use as it likes. */
struct mini_handle {
	uint64_t mini;
	uv_timer_t *next;
	uint64_t active;
};

_Static_assert(sizeof(struct mini_loop) <= sizeof(uv_loop_t), "a program makes room for it");
_Static_assert(sizeof(struct mini_handle) <= sizeof(((uv_handle_t *)0)->u), "and for this");

static struct mini_loop *loop_of(uv_loop_t *loop)
{
	struct mini_loop *mini = (struct mini_loop *)loop;

	if (mini->mini != MINI)
		abort();
	return mini;
}

static struct mini_handle *handle_of(const void *handle)
{
	struct mini_handle *mini = (struct mini_handle *)&((uv_handle_t *)handle)->u;

	if (mini->mini != MINI)
		abort();
	return mini;
}

/* At the very beginning of its code, as in libuv's fs-poll.c: it calls public functions. */
__attribute__((noinline)) static void run_timers(struct mini_loop *mini)
{
	uv_timer_t *timer = mini->timers;

	if (!timer)
		return;
	uv_timer_stop(timer);
	uv_timer_again(timer);
	timer->timer_cb(timer);
}

static void take_out(uv_timer_t **list, uv_timer_t *timer)
{
	for (; *list; list = &handle_of(*list)->next)
		if (*list == timer) {
			*list = handle_of(timer)->next;
			return;
		}
}

static void run_work(struct mini_loop *mini)
{
	struct mini_work *work;

	pthread_mutex_lock(&mini->lock);
	work = mini->done;
	mini->done = work ? work->next : NULL;
	pthread_mutex_unlock(&mini->lock);
	if (!work)
		return;
	pthread_join(work->thread, NULL);
	mini->working--;
	work->after(work->request, 0);
	free(work);
}

static void run_closing(struct mini_loop *mini)
{
	uv_timer_t *timer = mini->closing;

	if (!timer)
		return;
	mini->closing = handle_of(timer)->next;
	handle_of(timer)->mini = 0;
	if (timer->close_cb)
		timer->close_cb((uv_handle_t *)timer);
}

static void handle_init(uv_loop_t *loop, uv_handle_t *handle, uv_handle_type type)
{
	struct mini_handle *mini = (struct mini_handle *)&handle->u;

	loop_of(loop);
	*mini = (struct mini_handle){.mini = MINI};
	handle->loop = loop;
	handle->type = type;
}

int uv_loop_init(uv_loop_t *loop)
{
	struct mini_loop *mini = (struct mini_loop *)loop;

	*mini = (struct mini_loop){.mini = MINI, .async = calloc(1, sizeof(uv_async_t))};
	pthread_mutex_init(&mini->lock, NULL);
	return uv_async_init(loop, mini->async, NULL);
}

int uv_loop_close(uv_loop_t *loop)
{
	struct mini_loop *mini = loop_of(loop);

	free(mini->async);
	mini->mini = 0;
	return 0;
}

int uv_run(uv_loop_t *loop, uv_run_mode mode)
{
	struct mini_loop *mini = loop_of(loop);

	(void)mode;
	while (mini->timers || mini->closing || mini->working) {
		run_timers(mini);
		run_work(mini);
		run_closing(mini);
	}
	return 0;
}

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb callback)
{
	(void)callback;
	handle_init(loop, (uv_handle_t *)async, UV_ASYNC);
	return 0;
}

int uv_async_send(uv_async_t *async)
{
	handle_of(async);
	return 0;
}

int uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
	handle_init(loop, (uv_handle_t *)timer, UV_TIMER);
	timer->repeat = 0;
	return 0;
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout, uint64_t repeat)
{
	struct mini_handle *mini = handle_of(timer);
	struct mini_loop *loop = loop_of(timer->loop);

	(void)timeout;
	uv_timer_stop(timer);
	timer->timer_cb = callback;
	timer->repeat = repeat;
	mini->active = 1;
	mini->next = loop->timers;
	loop->timers = timer;
	return 0;
}

int uv_timer_stop(uv_timer_t *timer)
{
	take_out(&loop_of(timer->loop)->timers, timer);
	handle_of(timer)->active = 0;
	return 0;
}

/* Leaves by a jump. */
int uv_timer_again(uv_timer_t *timer)
{
	handle_of(timer);
	if (!timer->repeat)
		return 0;
	return uv_timer_start(timer, timer->timer_cb, 1, timer->repeat);
}

int uv_is_active(const uv_handle_t *handle)
{
	return handle_of(handle)->active != 0;
}

void uv_close(uv_handle_t *handle, uv_close_cb callback)
{
	struct mini_loop *loop = loop_of(handle->loop);

	uv_timer_stop((uv_timer_t *)handle);
	handle->close_cb = callback;
	handle_of(handle)->next = loop->closing;
	loop->closing = (uv_timer_t *)handle;
}

void uv_walk(uv_loop_t *loop, uv_walk_cb callback, void *argument)
{
	uv_timer_t *timer = loop_of(loop)->timers, *next;

	for (; timer; timer = next) {
		next = handle_of(timer)->next;
		callback((uv_handle_t *)timer, argument);
	}
}

static void *worker(void *argument);

int uv_queue_work(uv_loop_t *loop, uv_work_t *request, uv_work_cb callback, uv_after_work_cb after)
{
	struct mini_work *work = calloc(1, sizeof *work);

	*work = (struct mini_work){
		.mini = MINI, .loop = loop, .request = request, .work = callback, .after = after};
	loop_of(loop)->working++;
	return pthread_create(&work->thread, NULL, worker, work);
}

/* At the very end, where no public function lies behind it: it calls one, too. */
static void *worker(void *argument)
{
	struct mini_work *work = argument;
	struct mini_loop *mini = loop_of(work->loop);

	work->work(work->request);
	pthread_mutex_lock(&mini->lock);
	work->next = mini->done;
	mini->done = work;
	uv_async_send(mini->async);
	pthread_mutex_unlock(&mini->lock);
	return NULL;
}
