/*
 * The causality oracle: a random libuv program, driven by a seed, that knows who armed each of its
 * callbacks and writes that down (truth.h), as do the child processes that it makes of itself. It
 * ends by itself within a second or two.
 *
 *     oracle SEED TRUTH-FOLDER FOLDER
 *
 * With ORACLE_LIES=1 it also writes spoilt truths, which oracle_check must notice: see truth_write.
 * With ORACLE_ALONE=1 it makes no processes.
 */
#include "tests/oracle/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void process_begin(int argc, char **argv)
{
	struct truth_origin origin = {0};
	int level = getenv("ORACLE_ALONE") ? 100 : 0;
	unsigned generation = 0;

	if (argc > 4)
		origin = process_read_origin(argv + 4, &level, &generation);
	process_identity.level = level;
	process_identity.generation = generation;
	process_identity.truth_folder = argv[2];
	if (readlink("/proc/self/exe", process_identity.executable,
		    sizeof process_identity.executable - 1) < 0)
		abort();
	base_seed = strtoull(argv[1], NULL, 10);
	snprintf(base_folder, sizeof base_folder, "%s", argv[3]);
	mkdir(base_folder, 0700);
	truth_begin(generation, &origin);
}

int main(int argc, char **argv)
{
	if (argc != 4 && argc != 12) {
		fprintf(stderr, "usage: oracle SEED TRUTH-FOLDER FOLDER\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	alarm(30);
	process_begin(argc, argv);
	truth_thread("main", __func__, (struct arm){0});
	world_live(0, base_seed, base_folder);
	threads_join();
	processes_join();
	if (truth_write(process_identity.truth_folder, base_seed, getenv("ORACLE_LIES"))) {
		perror(process_identity.truth_folder);
		return 96;
	}
	if (process_identity.level < 2 && process_identity.generation == 0 && base_seed % 4 == 3)
		process_exec(base_seed + 1000);
	/* What the first process has become ends as it would. */
	return argc > 4 && process_identity.generation == 0 ? (int)(base_seed % 5) : 0;
}
