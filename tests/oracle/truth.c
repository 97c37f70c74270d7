/*
 * The book-keeping of truth.h: a list of executions for each thread, kept in memory until the end.
 * Not to be called from alloc callbacks, whose executions the oracle does not follow.
 */
#include "tests/oracle/truth.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct record {
	uint64_t token, outer;
	const char *function;
	struct truth_run run;
	struct tokens causes;
};

struct truth_thread {
	struct truth_thread *next;
	int tid;
	const char *kind, *function;
	struct arm armed;
	uint64_t root;
	struct record *records;
	size_t count, room;
	uint64_t now;
	int depth;
};

static _Atomic uint64_t last_token;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct truth_thread *threads;
static __thread struct truth_thread *self;

void truth_thread(const char *kind, const char *function, struct arm armed)
{
	struct truth_thread *thread = calloc(1, sizeof *thread);

	if (!thread)
		abort();
	thread->tid = gettid();
	thread->kind = kind;
	thread->function = function;
	thread->armed = armed;
	thread->root = thread->now = atomic_fetch_add(&last_token, 1) + 1;
	self = thread;
	pthread_mutex_lock(&lock);
	thread->next = threads;
	threads = thread;
	pthread_mutex_unlock(&lock);
}

uint64_t truth_now(void)
{
	return self->now;
}

int truth_depth(void)
{
	return self->depth;
}

void tokens_add(struct tokens *tokens, uint64_t token)
{
	if (tokens->count == tokens->room) {
		tokens->room = tokens->room ? 2 * tokens->room : 8;
		tokens->list = realloc(tokens->list, tokens->room * sizeof *tokens->list);
		if (!tokens->list)
			abort();
	}
	tokens->list[tokens->count++] = token;
}

void tokens_clear(struct tokens *tokens)
{
	free(tokens->list);
	*tokens = (struct tokens){0};
}

uint64_t truth_enter(const char *function, const struct truth_run *run)
{
	uint64_t token, outer;
	struct record *record;

	if (!self)
		truth_thread("pool", "-", (struct arm){0});
	if (self->count == self->room) {
		self->room = self->room ? 2 * self->room : 256;
		self->records = realloc(self->records, self->room * sizeof *self->records);
		if (!self->records)
			abort();
	}
	outer = self->now;
	token = atomic_fetch_add(&last_token, 1) + 1;
	record = &self->records[self->count++];
	*record = (struct record){token, outer, function, *run, {0}};
	if (run->causes)
		for (size_t i = 0; i < run->causes->count; i++)
			tokens_add(&record->causes, run->causes->list[i]);
	self->now = token;
	self->depth++;
	return outer;
}

void truth_leave(uint64_t outer)
{
	self->now = outer;
	self->depth--;
}

static const char *word(const char *text)
{
	return text ? text : "-";
}

static void write_record(FILE *file, int tid, const struct record *record)
{
	const struct truth_run *run = &record->run;

	fprintf(file, "R %d %llu %llu %llu %s %s %llu %s %s %llu %c %zu", tid,
		(unsigned long long)record->token, (unsigned long long)run->armed.token,
		(unsigned long long)record->outer, run->part, record->function,
		(unsigned long long)(uintptr_t)run->address, word(run->armed.api),
		word(run->armed.site), (unsigned long long)run->born, run->cause,
		record->causes.count);
	for (size_t i = 0; i < record->causes.count; i++)
		fprintf(file, " %llu", (unsigned long long)record->causes.list[i]);
	fputc('\n', file);
}

int truth_write(const char *path, uint64_t seed, int lie)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return -1;
	fprintf(file, "P %d %llu\n", getpid(), (unsigned long long)seed);
	for (const struct truth_thread *thread = threads; thread; thread = thread->next) {
		fprintf(file, "T %d %s %llu %llu %s %s %s\n", thread->tid, thread->kind,
			(unsigned long long)thread->root, (unsigned long long)thread->armed.token,
			word(thread->armed.api), word(thread->armed.site), thread->function);
		for (size_t i = 0; i < thread->count; i++) {
			struct record record = thread->records[i];

			if (lie && thread->count > 10 && i == thread->count / 2) {
				if (lie == 1)
					record.run.armed.token =
						record.run.armed.token == thread->root
							? thread->records[0].token
							: thread->root;
				if (lie == 2)
					record.function = "nobody";
				if (lie == 3)
					continue;
			}
			write_record(file, thread->tid, &record);
		}
		if (thread->count > 10)
			lie = 0;
	}
	return fclose(file) == 0 ? 0 : -1;
}
