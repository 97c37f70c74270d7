/*
 * The recorder's loop. Nothing here waits for anything but all descriptors together, and while the
 * command runs nothing is written to the terminal: the program must never stand still because of
 * us.
 */
#include "recorder/launch/attend.h"

#include "recorder/launch/report.h"
#include "recorder/launch/unheard.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

enum {
	/* How long to sleep between two looks at the arenas: they are asked, and wake nobody. */
	FIRST_MS = 1,
	BUSY_MS = 4,
	IDLE_MS = 50,
	/*
	 * When nobody is left, who has just been started and has not come to the door is waited for
	 * so long. Some never come: static programs, say.
	 */
	ARRIVAL_MS = 5000,
	/* … and what only outlives it by so much is not worth a word. */
	WORD_MS = 300,
};

struct loop {
	struct followed *followed;
	struct door *door;
	struct child *child;
	const char *command;
	bool others, has_said;
	long long ended_ms;  /* when the command's end was seen; 0 */
	long long people_ms; /* when somebody was there last */
};

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static long long now_ms(void)
{
	return now_us() / 1000;
}

static void wait_for_news(const struct loop *loop, int milliseconds)
{
	struct pollfd waiting[DOOR_GUESTS + 4];
	int count = door_poll(loop->door, waiting);

	waiting[count++] = (struct pollfd){.fd = loop->child->signals, .events = POLLIN};
	/* A negative one is skipped. */
	waiting[count++] = (struct pollfd){.fd = loop->child->exec_pipe, .events = POLLIN};
	waiting[count++] = (struct pollfd){.fd = loop->followed->watch, .events = POLLIN};
	poll(waiting, (nfds_t)count, milliseconds);
}

static void hear_all(const struct loop *loop)
{
	struct followed *followed = loop->followed;
	struct door_hello hello;
	struct error err;
	int heard;

	while ((heard = door_next(loop->door, &hello, &err)) != 0) {
		if (heard < 0)
			followed_turn_away(followed, &err);
		else if (loop->others || hello.os_pid == loop->child->pid)
			followed_add(followed, &hello);
		else
			close(hello.memfd);
	}
}

static bool is_known(const void *user, pid_t os_pid)
{
	const struct loop *loop = user;

	return followed_knows(loop->followed, os_pid);
}

/* That the command has ended and others have not: once, and only where it cannot block. */
static void say_who_is_left(struct loop *loop)
{
	struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};
	int count = followed_live(loop->followed);

	if (loop->has_said || !count || now_ms() - loop->ended_ms < WORD_MS)
		return;
	loop->has_said = true;
	if (poll(&standard_error, 1, 0) > 0)
		report_line("%s has ended, %d process%s that came of it %s not: recording goes on "
			    "(Ctrl-C ends the recording, not %s)",
			loop->command, count, count == 1 ? "" : "es", count == 1 ? "has" : "have",
			count == 1 ? "it" : "them");
}

/* Whether there is nobody left to be recorded. */
static bool is_over(struct loop *loop)
{
	const struct child *child = loop->child;

	if (!child->is_ended)
		return false;
	if (!loop->ended_ms) {
		loop->ended_ms = loop->people_ms = now_ms();
		followed_command_ended(loop->followed, child->wait_status);
		hear_all(loop);
	}
	if (!loop->others || child->exec_errno || child->is_asked_to_stop ||
		loop->followed->has_failed)
		return true;
	say_who_is_left(loop);
	if (followed_live(loop->followed)) {
		loop->people_ms = now_ms();
		return false;
	}
	if (now_ms() - loop->people_ms <= ARRIVAL_MS &&
		unheard_is_there(loop->door->name, child->pid, is_known, loop))
		return false;
	/* Who came, and has gone perhaps, while others were looked for. */
	hear_all(loop);
	return !followed_live(loop->followed);
}

void attend(struct followed *followed, struct door *door, struct child *child, const char *command,
	bool others)
{
	struct loop loop = {followed, door, child, command, others, false, 0, 0};
	int sleep_ms = FIRST_MS;

	for (;;) {
		long long began;

		wait_for_news(&loop, sleep_ms);
		child_attend(child);
		hear_all(&loop);
		began = now_us();
		if (followed_drain(followed)) {
			/* Much work means that more waits: then there is no time to sleep. */
			long long took_ms = (now_us() - began) / 1000;

			sleep_ms = took_ms < BUSY_MS ? BUSY_MS - (int)took_ms : 0;
		} else if (sleep_ms < IDLE_MS) {
			sleep_ms = sleep_ms < FIRST_MS ? FIRST_MS : sleep_ms * 2;
			if (sleep_ms > IDLE_MS)
				sleep_ms = IDLE_MS;
		}
		if (is_over(&loop))
			return;
	}
}
