/*
 * From the hello of a process to its rows: see followed.h. The arenas of processes that came before
 * recording began are kept as they are, and what they hold is taken out when it begins.
 */
#include "recorder/launch/followed.h"

#include "recorder/launch/arguments.h"
#include "recorder/launch/evidence.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void followed_init(
	struct followed *followed, struct output *output, const struct ingest_options *options)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	*followed = (struct followed){.output = output, .options = *options};
	followed->options.path = output->path;
	/* The file is made later, when there is something to put into it. */
	followed->options.began_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void followed_fail(struct followed *followed, const struct error *err)
{
	if (followed->has_failed)
		return;
	followed->has_failed = true;
	followed->failure = *err;
	ingest_destroy(followed->ingest);
	followed->ingest = NULL;
	for (int i = 0; i < followed->count; i++)
		held_arena_resign(&followed->processes[i].arena);
}

static int hand_in(struct followed *followed, int index, struct error *err)
{
	struct followed_process *process = &followed->processes[index];
	struct ingest_process_info info = {
		.os_pid = process->os_pid,
		.executable = process->executable,
		.arguments_json = process->arguments,
	};

	/* Gone before it could be asked. */
	if (!info.arguments_json && index == 0)
		info.arguments_json = followed->options.command_json;

	/* exec made this one of the one before. */
	if (index > 0 && followed->processes[index - 1].process) {
		ingest_process_ended(followed->processes[index - 1].process, -1);
		info.parent_process_id = ingest_process_id(followed->processes[index - 1].process);
	}
	return ingest_add_process(followed->ingest, process->arena.header, process->arena.size,
		&info, &process->process, err);
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
		if (hand_in(followed, i, err) != 0)
			return -1;
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

void followed_add(struct followed *followed, const struct door_hello *hello)
{
	struct held_arena arena = {0};
	struct error err;
	int ret;

	followed->has_come = true;
	if (followed->count == FOLLOWED_MAX)
		ret = error_set(&err, "the program called exec more than %d times", FOLLOWED_MAX);
	else
		ret = held_arena_init(&arena, hello->memfd, hello->size, &err);
	close(hello->memfd);
	if (ret == 0) {
		followed->processes[followed->count++] = (struct followed_process){
			.arena = arena,
			.os_pid = hello->os_pid,
			.executable = executable_of(hello->os_pid),
			.arguments = arguments_json_of(hello->os_pid),
		};
		if (followed->has_failed)
			held_arena_resign(&arena);
		else if (followed->ingest)
			ret = hand_in(followed, followed->count - 1, &err);
	}
	if (ret != 0)
		followed_fail(followed, &err);
}

bool followed_drain(struct followed *followed)
{
	struct error err;
	bool is_busy = false;
	int ret = 0;

	if (followed->has_failed || !followed->count)
		return false;
	/* Each of them: a process may exec, and the next end, before we come to look at it. */
	for (int i = 0; ret == 0 && !followed->uses_libuv && i < followed->count; i++) {
		enum evidence evidence = evidence_find(&followed->processes[i].arena);

		followed->uses_libuv = evidence == EVIDENCE_LIBUV;
		if (evidence != EVIDENCE_NONE && !followed->has_begun)
			ret = begin(followed, &err);
	}
	if (ret == 0 && followed->ingest)
		ret = ingest_drain(followed->ingest, &is_busy, &err);
	if (ret != 0)
		followed_fail(followed, &err);
	return is_busy;
}

void followed_end(struct followed *followed, int wait_status)
{
	followed_drain(followed);
	if (followed->ingest && followed->count)
		ingest_process_ended(followed->processes[followed->count - 1].process, wait_status);
}

bool followed_finish(struct followed *followed, struct ingest_summary *ret)
{
	struct error err;

	if (!followed->ingest)
		return false;
	if (ingest_finish(followed->ingest, ret, &err) != 0) {
		followed_fail(followed, &err);
		return false;
	}
	return true;
}

void followed_deinit(struct followed *followed)
{
	ingest_destroy(followed->ingest);
	followed->ingest = NULL;
	while (followed->count) {
		struct followed_process *process = &followed->processes[--followed->count];

		held_arena_deinit(&process->arena);
		free(process->executable);
		free(process->arguments);
	}
}
