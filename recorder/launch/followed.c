/*
 * From the hello of a process to its rows: see followed.h. The arenas of processes that came before
 * recording began are kept as they are, and what they hold is taken out when it begins.
 */
#include "recorder/launch/followed.h"

#include "recorder/base/arguments.h"
#include "recorder/launch/evidence.h"
#include "recorder/launch/pidfd.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { ENDS_AT_ONCE = 64, CHECK_NS = 1000000000 };

struct followed_process {
	struct held_arena arena;
	struct ingest_process *process;	 /* NULL before recording has begun */
	struct followed_process *before; /* what it was until exec, while that is kept here */
	struct ingest_process *was;	 /* the same, when it has been handed in */
	pid_t os_pid;
	int pidfd; /* -1: of the command, or when it has ended */
	bool has_ended;
	bool is_given_up; /* it could not be handed in */
	bool is_searched; /* for libuv, since it has ended */
	int wait_status;
	uint64_t ended_ns;	      /* CLOCK_MONOTONIC, when that was seen */
	char *executable, *arguments; /* NULL: not known */
};

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void followed_init(
	struct followed *followed, struct output *output, const struct ingest_options *options)
{
	*followed = (struct followed){.output = output, .options = *options};
	followed->options.path = output->path;
	/* The file is made later, when there is something to put into it. */
	followed->options.began_ns = monotonic_ns();
	followed->watch = epoll_create1(EPOLL_CLOEXEC);
}

/* Notes a failure, once; the processes are told that nobody records them any more. */
static void followed_fail(struct followed *followed, const struct error *err)
{
	if (followed->has_failed)
		return;
	followed->has_failed = true;
	followed->failure = *err;
	ingest_destroy(followed->ingest);
	followed->ingest = NULL;
	for (int i = 0; i < followed->count; i++)
		held_arena_resign(&followed->processes[i]->arena);
}

void followed_turn_away(struct followed *followed, const struct error *err)
{
	followed->turned_away++;
	followed->turned_away_why = *err;
}

/*
 * Its rows begin. An arena that makes no sense is its process's own harm; when the recording itself
 * fails, every later call will say so.
 */
static void hand_in(struct followed *followed, struct followed_process *process)
{
	struct error err;
	struct ingest_process_info info = {
		.os_pid = process->os_pid,
		.is_root =
			process->os_pid == followed->command && !process->before && !process->was,
		.before = process->before ? process->before->process : process->was,
		.executable = process->executable,
		.arguments_json = process->arguments,
	};

	/* Gone before it could be asked. */
	if (!info.arguments_json && info.is_root)
		info.arguments_json = followed->options.command_json;
	if (ingest_add_process(followed->ingest, process->arena.header, process->arena.size, &info,
		    &process->process, &err) != 0) {
		process->process = NULL;
		process->is_given_up = true;
		held_arena_resign(&process->arena);
		followed_turn_away(followed, &err);
	} else if (process->has_ended) {
		ingest_process_ended_at(process->process, process->wait_status, process->ended_ns);
	}
}

static int begin(struct followed *followed, struct error *err)
{
	if (output_make_room(followed->output, err) != 0)
		return -1;
	if (ingest_create(&followed->options, &followed->ingest, err) != 0) {
		output_take_back(followed->output);
		return -1;
	}
	followed->has_begun = true;
	output_lock(followed->output);
	for (int i = 0; i < followed->count; i++)
		hand_in(followed, followed->processes[i]);
	return 0;
}

static char *executable_of(pid_t os_pid)
{
	char link[64], path[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/%d/exe", (int)os_pid);
	length = readlink(link, path, sizeof path);
	return length > 0 ? strndup(path, (size_t)length) : NULL;
}

static void process_destroy(struct followed_process *process)
{
	/* Should it still run, it must not wait for anybody. */
	held_arena_resign(&process->arena);
	held_arena_deinit(&process->arena);
	if (process->pidfd >= 0)
		close(process->pidfd);
	free(process->executable);
	free(process->arguments);
	free(process);
}

static void end(struct followed *followed, struct followed_process *process, int wait_status)
{
	if (process->has_ended)
		return;
	process->has_ended = true;
	process->wait_status = wait_status;
	process->ended_ns = monotonic_ns();
	followed->live_count--;
	sightings_add(&followed->sightings, &process->arena, process->executable,
		wait_status == INGEST_BECAME_ANOTHER);
	if (process->pidfd >= 0)
		close(process->pidfd);
	process->pidfd = -1;
	if (process->process && followed->ingest)
		ingest_process_ended(process->process, wait_status);
}

/* The process with this number that has not ended. */
static struct followed_process *find(const struct followed *followed, pid_t os_pid)
{
	for (int i = followed->count - 1; i >= 0; i--) {
		struct followed_process *process = followed->processes[i];

		if (process->os_pid == os_pid && !process->has_ended)
			return process;
	}
	return NULL;
}

static int watch(struct followed *followed, struct followed_process *process)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = process};

	return epoll_ctl(followed->watch, EPOLL_CTL_ADD, process->pidfd, &event);
}

/*
 * Follows the process to its end. The command is a child of ours, and nobody else's number is its
 * own until we have waited for it; of the others the number may be another's by now.
 */
static int follow(struct followed *followed, struct followed_process *process, struct error *err)
{
	struct followed_process *before = find(followed, process->os_pid);

	/* Before it is said of a process that it called exec, it has to live. */
	if (before && before->pidfd >= 0 && pidfd_has_ended(before->pidfd)) {
		end(followed, before, INGEST_STATUS_UNKNOWN);
		before = NULL;
	}
	followed->live_count++;
	if (before) {
		process->before = before;
		process->was = before->process;
		end(followed, before, INGEST_BECAME_ANOTHER);
	}
	if (process->os_pid == followed->command)
		return 0;
	process->pidfd = pidfd_of(process->os_pid, process->arena.header->started.monotonic_ns);
	if (process->pidfd < 0 && errno == ESRCH) {
		end(followed, process, INGEST_STATUS_UNKNOWN);
		return 0;
	}
	if (process->pidfd < 0 || watch(followed, process) != 0) {
		followed->live_count--;
		return error_set_errno(err, errno, "following process %d", (int)process->os_pid);
	}
	return 0;
}

/* What the system knows of it, when that is still about it. */
static void look_up(struct followed_process *process)
{
	process->executable = executable_of(process->os_pid);
	process->arguments = arguments_json_of(process->os_pid);
	if (process->pidfd < 0 || !pidfd_has_ended(process->pidfd))
		return;
	free(process->executable);
	free(process->arguments);
	process->executable = process->arguments = NULL;
}

static bool has_room(struct followed *followed)
{
	int capacity = followed->capacity ? 2 * followed->capacity : 16;
	struct followed_process **processes;

	if (followed->count < followed->capacity)
		return true;
	processes =
		realloc(followed->processes, (size_t)capacity * sizeof(struct followed_process *));
	if (!processes)
		return false;
	followed->processes = processes;
	followed->capacity = capacity;
	return true;
}

static struct followed_process *process_create(
	struct followed *followed, const struct door_hello *hello, struct error *err)
{
	struct followed_process *process = calloc(1, sizeof *process);

	if (!process || !has_room(followed)) {
		error_set(err, "no memory to follow process %d", (int)hello->os_pid);
		goto fail;
	}
	process->os_pid = hello->os_pid;
	process->pidfd = -1;
	process->wait_status = INGEST_STATUS_UNKNOWN;
	if (held_arena_init(&process->arena, hello->memfd, hello->size, err) != 0)
		goto fail;
	if (followed->live_count >= FOLLOWED_MAX) {
		error_set(err, "more than %d processes ran at a time", FOLLOWED_MAX);
		goto resign;
	}
	if (follow(followed, process, err) != 0)
		goto resign;
	if (!process->has_ended)
		look_up(process);
	return process;
resign:
	/* Else it would wait for room when its arena is full. */
	held_arena_resign(&process->arena);
	held_arena_deinit(&process->arena);
fail:
	free(process);
	return NULL;
}

void followed_add(struct followed *followed, const struct door_hello *hello)
{
	struct followed_process *process;
	struct error err;

	followed->has_come = true;
	process = process_create(followed, hello, &err);
	close(hello->memfd);
	if (!process) {
		followed_turn_away(followed, &err);
		return;
	}
	followed->processes[followed->count++] = process;
	if (followed->has_failed)
		held_arena_resign(&process->arena);
	else if (followed->ingest)
		hand_in(followed, process);
}

/* Who of those that are watched has ended. */
static void look_after(struct followed *followed)
{
	struct epoll_event events[ENDS_AT_ONCE];
	int count;

	do {
		count = epoll_wait(followed->watch, events, ENDS_AT_ONCE, 0);
		for (int i = 0; i < count; i++)
			end(followed, events[i].data.ptr, INGEST_STATUS_UNKNOWN);
	} while (count == ENDS_AT_ONCE);
}

/* Number `index` goes; what it became by exec came after it. */
static void forget(struct followed *followed, int index)
{
	struct followed_process *process = followed->processes[index];

	for (int i = index + 1; i < followed->count; i++)
		if (followed->processes[i]->before == process)
			followed->processes[i]->before = NULL;
	process_destroy(process);
}

/* Of those that have ended, what has been read, or will not be, goes. */
static void sweep(struct followed *followed)
{
	int surplus = followed->count - followed->live_count - FOLLOWED_ENDED_KEPT, kept = 0;

	if (followed->count == followed->live_count)
		return;
	for (int i = 0; i < followed->count; i++) {
		struct followed_process *process = followed->processes[i];
		bool is_done = followed->has_failed || process->is_given_up ||
			       (process->process && ingest_process_is_done(process->process));
		bool is_left_out = !followed->has_begun && surplus > 0;

		if (!process->has_ended || (!is_done && !is_left_out)) {
			followed->processes[kept++] = process;
			continue;
		}
		if (is_left_out) {
			surplus--;
			followed->left_out++;
		}
		forget(followed, i);
	}
	followed->count = kept;
}

bool followed_drain(struct followed *followed)
{
	struct error err;
	bool is_busy = false;
	int ret = 0;

	look_after(followed);
	/* Each of them: a process may exec, and the next end, before we come to look at it. */
	for (int i = 0;
		ret == 0 && !followed->has_failed && !followed->uses_libuv && i < followed->count;
		i++) {
		struct followed_process *process = followed->processes[i];
		enum evidence evidence =
			process->is_searched ? EVIDENCE_NONE : evidence_find(&process->arena);

		process->is_searched = process->has_ended;
		followed->uses_libuv = evidence == EVIDENCE_LIBUV;
		if ((evidence != EVIDENCE_NONE || followed->is_hasty) && !followed->has_begun)
			ret = begin(followed, &err);
	}
	if (ret == 0 && followed->ingest && monotonic_ns() - followed->checked_ns > CHECK_NS) {
		followed->checked_ns = monotonic_ns();
		ret = output_check(followed->output, &err);
	}
	if (ret == 0 && followed->ingest)
		ret = ingest_drain(followed->ingest, &is_busy, &err);
	if (ret != 0)
		followed_fail(followed, &err);
	sweep(followed);
	return is_busy;
}

void followed_command_ended(struct followed *followed, int wait_status)
{
	struct followed_process *process = find(followed, followed->command);

	if (process)
		end(followed, process, wait_status);
	followed_drain(followed);
}

int followed_live(const struct followed *followed)
{
	return followed->live_count;
}

bool followed_knows(const struct followed *followed, pid_t os_pid)
{
	return find(followed, os_pid) != NULL;
}

bool followed_finish(struct followed *followed, struct ingest_summary *ret)
{
	struct error err;

	if (!followed->ingest)
		return false;
	if (output_check(followed->output, &err) != 0 ||
		ingest_finish(followed->ingest, ret, &err) != 0) {
		followed_fail(followed, &err);
		return false;
	}
	return true;
}

void followed_deinit(struct followed *followed)
{
	ingest_destroy(followed->ingest);
	followed->ingest = NULL;
	while (followed->count)
		process_destroy(followed->processes[--followed->count]);
	free(followed->processes);
	followed->processes = NULL;
	sightings_deinit(&followed->sightings);
	if (followed->watch >= 0)
		close(followed->watch);
	followed->watch = -1;
}
