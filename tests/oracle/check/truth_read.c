/*
 * Reads what the processes of the oracle have written: see tests/oracle/truth_write.c for the
 * lines.
 */
#include "tests/oracle/check/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct process *processes;
size_t process_count;

/* --- numbers that are unique among processes ---------------------------------------------------
 */

/* From a number to what it stands for; never shrinks. */
struct map {
	struct {
		uint64_t key;
		void *value;
	} * slots;
	size_t count, room;
};

static struct map executions, things;

static void **map_at(struct map *map, uint64_t key)
{
	size_t i = key * 0x9e3779b97f4a7c15ull >> 20;

	for (i %= map->room; map->slots[i].key && map->slots[i].key != key;)
		i = (i + 1) % map->room;
	map->slots[i].key = key;
	return &map->slots[i].value;
}

static void map_set(struct map *map, uint64_t key, void *value)
{
	if (2 * map->count >= map->room) {
		const struct map old = *map;

		map->room = old.room ? 2 * old.room : 1024;
		map->slots = calloc(map->room, sizeof *map->slots);
		for (size_t i = 0; i < old.room; i++)
			if (old.slots[i].key)
				*map_at(map, old.slots[i].key) = old.slots[i].value;
	}
	map->count++;
	*map_at(map, key) = value;
}

static void *map_get(struct map *map, uint64_t key)
{
	size_t i = key * 0x9e3779b97f4a7c15ull >> 20;

	if (!key || !map->room)
		return NULL;
	for (i %= map->room; map->slots[i].key; i = (i + 1) % map->room)
		if (map->slots[i].key == key)
			return map->slots[i].value;
	return NULL;
}

struct thing *thing_of(uint64_t number)
{
	return map_get(&things, number);
}

struct execution *execution_of(uint64_t token)
{
	return map_get(&executions, token);
}

int64_t run_of(uint64_t token)
{
	const struct execution *execution = execution_of(token);

	return execution && execution->recorded ? execution->recorded->run_id : 0;
}

static void note_execution(
	uint64_t token, struct process *process, const struct thread *root, const char *function)
{
	struct execution *execution = calloc(1, sizeof *execution);

	*execution = (struct execution){process, root, function, NULL};
	map_set(&executions, token, execution);
}

/* --- lines -------------------------------------------------------------------------------------
 */

static char *next_word(char **line)
{
	char *word = strtok_r(NULL, " \n", line);

	if (!word)
		fail("the truth is cut short");
	return word;
}

static uint64_t next_number(char **line)
{
	return strtoull(next_word(line), NULL, 10);
}

static int64_t next_signed(char **line)
{
	return strtoll(next_word(line), NULL, 10);
}

static char *next_copy(char **line)
{
	return strdup(next_word(line));
}

static struct act next_act(char **line)
{
	struct act act = {.token = next_number(line)};

	act.api = next_copy(line);
	act.site = next_copy(line);
	return act;
}

static void read_process(struct process *process, char **line)
{
	process->pid = (int)next_number(line);
	process->generation = (unsigned)next_number(line);
	process->seed = next_number(line);
	process->how = next_word(line)[0];
	process->parent = (int)next_number(line);
	process->spawned.token = next_number(line);
	process->handle = next_number(line);
	process->spawned.api = next_copy(line);
	process->spawned.site = next_copy(line);
}

static void read_exit(struct process *process, char **line)
{
	struct exit *end;

	process->exits = grow(process->exits, process->exit_count, sizeof *process->exits);
	end = &process->exits[process->exit_count++];
	end->pid = (int)next_number(line);
	end->status = next_signed(line);
	end->signal = (int)next_number(line);
	end->by_callback = next_number(line);
}

/* A process has few threads, and their addresses have to stay. */
enum { MAX_THREADS = 64 };

static void read_thread(struct process *process, char **line)
{
	struct thread *thread;

	if (!process->threads)
		process->threads = calloc(MAX_THREADS, sizeof *process->threads);
	if (process->thread_count == MAX_THREADS)
		fail("the truth has too many threads");
	thread = &process->threads[process->thread_count++];
	thread->process = process;
	thread->tid = (int)next_number(line);
	thread->kind = next_copy(line);
	thread->token = next_number(line);
	thread->armed = next_act(line);
	thread->function = next_copy(line);
	/* A name may have blanks in it. */
	thread->name = strdup(*line ? *line : "-");
	thread->name[strcspn(thread->name, "\n")] = 0;
}

static struct thread *last_thread(struct process *process, int tid)
{
	if (!process->thread_count || process->threads[process->thread_count - 1].tid != tid)
		fail("the truth has a line of a thread that it does not know");
	return &process->threads[process->thread_count - 1];
}

static void read_thing(struct process *process, char **line)
{
	struct thing *thing = calloc(1, sizeof *thing);
	struct thread *thread;

	thing->number = next_number(line);
	thread = last_thread(process, (int)next_number(line));
	thing->made = next_act(line);
	thing->hook_type = next_copy(line);
	thing->address = next_number(line);
	thing->loop = next_number(line);
	thing->handle = next_number(line);
	thing->trigger = next_number(line);
	thing->life = next_word(line)[0];
	thing->has_ref = (int)next_signed(line);
	thing->pool = next_word(line)[0];
	thing->is_inherited = next_number(line);
	thread->things = grow(thread->things, thread->thing_count, sizeof *thread->things);
	thread->things[thread->thing_count++] = thing;
	map_set(&things, thing->number, thing);
}

static struct thing *next_thing(char **line)
{
	struct thing *thing = thing_of(next_number(line));

	if (!thing)
		fail("the truth has a line of a thing that it does not know");
	return thing;
}

static void read_arming(char **line)
{
	struct thing *thing = next_thing(line);
	struct arming *arming;

	thing->armings = grow(thing->armings, thing->arming_count, sizeof *thing->armings);
	arming = &thing->armings[thing->arming_count++];
	*arming = (struct arming){.armed = next_act(line)};
	arming->timeout = next_signed(line);
	arming->repeat = next_signed(line);
	arming->end = next_word(line)[0];
	arming->ended.token = next_number(line);
	arming->ended.site = next_copy(line);
	arming->ended.api = "-";
}

static void read_ref(char **line)
{
	struct thing *thing = next_thing(line);
	struct act *act;

	thing->refs = grow(thing->refs, thing->ref_count, sizeof *thing->refs);
	act = &thing->refs[thing->ref_count++];
	*act = (struct act){.token = next_number(line)};
	act->api = next_copy(line);
}

static void read_send(char **line)
{
	struct thing *thing = next_thing(line);
	struct act *act;

	thing->sends = grow(thing->sends, thing->send_count, sizeof *thing->sends);
	act = &thing->sends[thing->send_count++];
	*act = (struct act){.token = next_number(line)};
	act->api = next_copy(line);
	act->first = next_number(line);
}

static void read_run(struct process *process, char **line)
{
	struct thread *thread = last_thread(process, (int)next_number(line));
	struct run *run;

	thread->runs = grow(thread->runs, thread->count, sizeof *thread->runs);
	run = &thread->runs[thread->count++];
	*run = (struct run){.token = next_number(line)};
	run->armed.token = next_number(line);
	run->outer = next_number(line);
	run->part = next_copy(line);
	run->function = next_copy(line);
	run->thing = next_number(line);
	run->arming = (long)next_signed(line);
	run->armed.api = next_copy(line);
	run->armed.site = next_copy(line);
	run->status = next_signed(line);
	run->bytes = next_signed(line);
	run->cause = next_word(line)[0];
	run->cause_kind = next_copy(line);
	run->cause_count = next_number(line);
	run->causes = calloc(run->cause_count + 1, sizeof *run->causes);
	for (size_t i = 0; i < run->cause_count; i++)
		run->causes[i] = next_act(line);
	note_execution(run->token, process, NULL, run->function);
}

static void read_file(struct process *process, const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL, *rest, *word;
	size_t size = 0;

	if (!file)
		fail("cannot read %s", path);
	while (getline(&line, &size, file) > 0) {
		word = strtok_r(line, " \n", &rest);
		if (!word)
			continue;
		switch (*word) {
		case 'P':
			read_process(process, &rest);
			break;
		case 'E':
			read_exit(process, &rest);
			break;
		case 'T':
			read_thread(process, &rest);
			break;
		case 'H':
			read_thing(process, &rest);
			break;
		case 'A':
			read_arming(&rest);
			break;
		case 'F':
			read_ref(&rest);
			break;
		case 'S':
			read_send(&rest);
			break;
		default:
			read_run(process, &rest);
		}
	}
	free(line);
	fclose(file);
	if (!process->thread_count)
		fail("%s says nothing", path);
	for (size_t t = 0; t < process->thread_count; t++)
		note_execution(process->threads[t].token, process, &process->threads[t], NULL);
}

/* Which things have had runs, on whatever thread. */
static void note_runs(const struct thread *thread)
{
	for (size_t i = 0; i < thread->count; i++) {
		struct thing *thing = thing_of(thread->runs[i].thing);

		if (thing && strcmp(thread->runs[i].part, "work") == 0)
			thing->has_worked = true;
		else if (thing)
			thing->has_run = true;
	}
}

void truth_read(const char *folder)
{
	struct dirent **names;
	const int count = scandir(folder, &names, NULL, versionsort);
	char path[4096];

	if (count <= 2)
		fail("%s says nothing", folder);
	processes = calloc((size_t)count, sizeof *processes);
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
		read_file(&processes[process_count++], path);
	}
	for (size_t p = 0; p < process_count; p++)
		for (size_t t = 0; t < processes[p].thread_count; t++)
			note_runs(&processes[p].threads[t]);
}
