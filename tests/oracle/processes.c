/*
 * Child processes: other programs that end or are killed, this program again by every way there is,
 * and forks that go on in the middle of a callback, with a loop of their own or with the inherited
 * one.
 */
#include "tests/oracle/world.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_CHILDREN = 12 };

struct process_identity process_identity;

/* Children that no handle waits for. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t children[MAX_CHILDREN];
static int children_made, relatives_made;

/* A child of this process may be made, of which there are few. */
static bool may_have_child(struct world *world)
{
	bool may;

	if (process_identity.level >= MAX_LEVEL || !one_in(world, 3))
		return false;
	pthread_mutex_lock(&lock);
	may = relatives_made < (process_identity.level ? 1 : 3);
	relatives_made += may;
	pthread_mutex_unlock(&lock);
	return may;
}

static void child_made(pid_t pid)
{
	pthread_mutex_lock(&lock);
	if (pid > 0 && children_made < MAX_CHILDREN)
		children[children_made++] = pid;
	pthread_mutex_unlock(&lock);
}

void processes_join(void)
{
	int status;

	for (int i = 0; i < children_made; i++)
		if (waitpid(children[i], &status, 0) == children[i])
			truth_child_ended(children[i], WIFEXITED(status) ? WEXITSTATUS(status) : 0,
				WIFSIGNALED(status) ? WTERMSIG(status) : 0, false);
}

/* --- other programs ----------------------------------------------------------------------------
 */

static void on_exit_of_child(uv_process_t *handle, int64_t status, int signal)
{
	struct object *object = (struct object *)handle;
	struct world *world = object->world;

	truth_child_ended(uv_process_get_pid(handle), status, signal, true);
	/* A signal that it did not die of made nothing happen. */
	if (signal != SIGTERM)
		acts_clear(&object->causes);
	object->cause = object->causes.count ? CAUSE_ONE_OF : CAUSE_NONE;
	object->cause_kind = "kill";
	if (object->causes.count)
		object->causes.count = 1;
	ENTER_OBJECT_WITH(object, TRUTH_NONE, TRUTH_NONE);
	object_close(object);
	play(world);
	LEAVE();
}

/* A handle for a child: it is made by uv_spawn, whether that succeeds or not. */
static struct object *process_new(struct world *world)
{
	struct object *object = object_new(world, PROCESS, 1);

	if (!object)
		return NULL;
	object->handle.handle.type = UV_PROCESS;
	return object;
}

static void process_kill(struct object *object)
{
	static const char *const names[] = {"uv_process_kill", "uv_kill", "kill"};
	const unsigned way = below(object->world, 3);
	const int pid = uv_process_get_pid(&object->handle.process);

	acts_add(&object->causes, (struct arm){truth_now(), names[way], __func__});
	switch (way) {
	case 0:
		uv_process_kill(&object->handle.process, SIGTERM);
		break;
	case 1:
		uv_kill(pid, SIGTERM);
		break;
	default:
		kill(pid, SIGTERM);
	}
	KEEP_FRAME();
}

void act_spawn(struct world *world)
{
	static char *const short_one[] = {"/bin/true", NULL}, *const long_one[] = {
								      "/bin/sleep", "20", NULL};
	const bool is_long = one_in(world, 2);
	uv_process_options_t options = {
		.args = (char **)(is_long ? long_one : short_one), .exit_cb = on_exit_of_child};
	struct object *object;

	if (world->processes >= MAX_PROCESSES)
		return;
	world->processes++;
	object = process_new(world);
	if (!object)
		return;
	options.file = options.args[0];
	if (one_in(world, 4))
		options.file = "/nonexistent/program";
	if (!is_long && one_in(world, 5))
		options.exit_cb = NULL;
	OBJECT_OPEN(object, PROCESS, "uv_spawn");
	object->armed = object->thing->made;
	if (uv_spawn(world->loop, &object->handle.process, &options)) {
		object_close(object);
		return;
	}
	for (unsigned times = is_long ? 1 + below(world, 2) : one_in(world, 4); times; times--)
		process_kill(object);
	KEEP_FRAME();
}

/* --- this program again ------------------------------------------------------------------------
 */

struct command {
	char words[12][192];
	char *arguments[13];
};

/* What main reads in process_begin. */
static void command_make(struct command *command, unsigned generation, uint64_t seed,
	const struct truth_origin *origin)
{
	char(*words)[192] = command->words;

	snprintf(words[0], sizeof *words, "oracle");
	snprintf(words[1], sizeof *words, "%llu", (unsigned long long)seed);
	snprintf(words[2], sizeof *words, "%s", process_identity.truth_folder);
	/* Beside each other: the path of a socket must be short. */
	snprintf(words[3], sizeof *words, "%.*s/c%d.%u",
		(int)(process_identity.level ? strrchr(base_folder, '/') - base_folder
					     : (long)strlen(base_folder)),
		base_folder, getpid(), (unsigned)relatives_made);
	snprintf(words[4], sizeof *words, "%d", process_identity.level + 1);
	snprintf(words[5], sizeof *words, "%u", generation);
	snprintf(words[6], sizeof *words, "%c", origin->how);
	snprintf(words[7], sizeof *words, "%d", origin->parent);
	snprintf(words[8], sizeof *words, "%llu", (unsigned long long)origin->token);
	snprintf(words[9], sizeof *words, "%llu", (unsigned long long)origin->handle);
	snprintf(words[10], sizeof *words, "%s", origin->api);
	snprintf(words[11], sizeof *words, "%s", origin->site);
	for (int i = 0; i < 12; i++)
		command->arguments[i] = words[i];
	command->arguments[12] = NULL;
}

struct truth_origin process_read_origin(char **words, int *level, unsigned *generation)
{
	struct truth_origin origin = {.how = words[2][0],
		.parent = atoi(words[3]),
		.token = strtoull(words[4], NULL, 10),
		.handle = strtoull(words[5], NULL, 10)};

	*level = atoi(words[0]);
	*generation = (unsigned)atoi(words[1]);
	snprintf(origin.api, sizeof origin.api, "%s", words[6]);
	snprintf(origin.site, sizeof origin.site, "%s", words[7]);
	return origin;
}

static struct truth_origin origin_make(struct arm arm, char how)
{
	struct truth_origin origin = {.token = arm.token, .how = how, .parent = getpid()};

	snprintf(origin.api, sizeof origin.api, "%s", arm.api);
	snprintf(origin.site, sizeof origin.site, "%s", arm.site);
	return origin;
}

static char *own_environment[] = {"PATH=/usr/bin:/bin", "ORACLE=child", NULL};

/* By uv_spawn, now and then with an environment that knows nothing of the recorder. */
void act_child(struct world *world)
{
	uv_process_options_t options = {
		.file = process_identity.executable, .exit_cb = on_exit_of_child};
	struct truth_origin origin;
	struct command command;
	struct object *object;

	if (!may_have_child(world))
		return;
	object = process_new(world);
	if (!object)
		return;
	OBJECT_OPEN(object, PROCESS, "uv_spawn");
	object->armed = object->thing->made;
	origin = origin_make(object->armed, 's');
	origin.handle = object->thing->number;
	command_make(&command, 0, base_seed * 10 + below(world, 10), &origin);
	options.args = command.arguments;
	if (one_in(world, 2))
		options.env = own_environment;
	if (uv_spawn(world->loop, &object->handle.process, &options))
		abort();
	KEEP_FRAME();
}

/* By fork, _Fork, vfork or posix_spawn, and exec. The child does nothing else. */
__attribute__((noinline)) void act_exec_in_fork(struct world *world)
{
	/* What makes a child known is the call that is followed: of vfork, exec in the child. */
	static const char *const apis[] = {
		"fork", "fork", "fork", "_Fork", "execve", "posix_spawn", "posix_spawnp"};
	const char *executable = process_identity.executable;
	struct truth_origin origin;
	struct command command;
	unsigned way;
	pid_t pid = -1;

	if (!may_have_child(world))
		return;
	way = below(world, sizeof apis / sizeof *apis);
	origin = origin_make(ARM(apis[way]), 's');
	command_make(&command, 0, base_seed * 10 + below(world, 10), &origin);
	switch (way) {
	case 0:
		pid = fork();
		if (pid == 0) {
			execv(executable, command.arguments);
			_exit(99);
		}
		break;
	case 1:
		pid = fork();
		if (pid == 0) {
			execve(executable, command.arguments, own_environment);
			_exit(99);
		}
		break;
	case 2:
		pid = fork();
		if (pid == 0) {
			execvp(executable, command.arguments);
			_exit(99);
		}
		break;
	case 3:
		pid = _Fork();
		if (pid == 0) {
			execv(executable, command.arguments);
			_exit(99);
		}
		break;
	case 4:
		pid = vfork();
		if (pid == 0) {
			execve(executable, command.arguments, environ);
			_exit(99);
		}
		break;
	case 5:
		if (posix_spawn(&pid, executable, NULL, NULL, command.arguments, own_environment))
			abort();
		break;
	default:
		if (posix_spawnp(&pid, executable, NULL, NULL, command.arguments, environ))
			abort();
	}
	child_made(pid);
	KEEP_FRAME();
}

/* Instead of ending: the same process becomes the program once more. */
__attribute__((noinline)) void process_exec(uint64_t seed)
{
	struct truth_origin origin = origin_make(ARM("execv"), 'x');
	struct command command;

	command_make(&command, process_identity.generation + 1, seed, &origin);
	execv(process_identity.executable, command.arguments);
	perror("oracle: execv");
	_exit(98);
}

/* --- a fork that goes on -----------------------------------------------------------------------
 */

/* Runs in the child: nothing of other threads may be waited for. */
static void forget_others(void)
{
	pthread_mutex_init(&lock, NULL);
	children_made = relatives_made = 0;
	process_identity.level++;
	process_identity.is_fork = true;
	threads_forget();
	works_forget();
	alarm(30);
}

__attribute__((noinline)) static void fork_live(struct world *world, struct arm arm, bool inherits)
{
	const struct truth_origin origin = origin_make(arm, 'f');
	const uint64_t seed = base_seed * 7 + 3;
	struct truth_origin known = origin;
	uint64_t until;

	known.parent = getppid();
	truth_forked(&known);
	truth_thread("main", __func__, arm);
	forget_others();
	if (inherits) {
		/*
		 * A thread of the pool, which is not here, may have had the loop's queue locked:
		 * libuv 1.44 leaves that so, and the first piece of work would wait for ever.
		 */
		if (uv_mutex_init(&world->loop->wq_mutex))
			abort();
		if (uv_loop_fork(world->loop))
			abort();
		world->budget = 30;
		process_identity.fork = arm;
		world->loop_thing = truth_inherit(world->loop_thing, arm, NULL);
		until = uv_hrtime() + 30000000;
		while (uv_hrtime() < until && uv_run(world->loop, UV_RUN_NOWAIT))
			usleep(200);
	} else {
		/* What the parent's loops look at must not be taken for another. */
		world_live(MAX_WORLDS + process_identity.level, seed, base_folder);
	}
	process_leave(seed);
}

void process_leave(uint64_t seed)
{
	works_wait();
	threads_join();
	processes_join();
	if (truth_write(process_identity.truth_folder, seed, getenv("ORACLE_LIES")))
		_exit(97);
	_exit((int)(seed % 5));
}

/* libuv 1.44 aborts in the child when it was about to change what it waits for. */
static bool can_loop_fork(const uv_loop_t *loop)
{
	return (const void *)loop->watcher_queue[0] == (const void *)&loop->watcher_queue;
}

__attribute__((noinline)) void act_fork(struct world *world)
{
	const bool inherits = one_in(world, 2) && can_loop_fork(world->loop);
	struct arm arm;
	pid_t pid;

	if (!may_have_child(world))
		return;
	arm = ARM("fork");
	worlds_lock();
	truth_lock();
	pid = fork();
	truth_unlock();
	worlds_unlock();
	if (pid == 0)
		fork_live(world, arm, inherits);
	child_made(pid);
	KEEP_FRAME();
}
