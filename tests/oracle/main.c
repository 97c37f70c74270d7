/*
 * The causality oracle: a random libuv program, driven by a seed, that knows who armed each of its
 * callbacks and writes that down (truth.h). It ends by itself within a second or two.
 *
 *     oracle SEED TRUTH FOLDER
 *
 * ORACLE_LIE=1, 2 or 3 spoils the truth in one place, which oracle_check must then notice.
 */
#include "tests/oracle/world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *lie = getenv("ORACLE_LIE");

	if (argc != 4) {
		fprintf(stderr, "usage: oracle SEED TRUTH FOLDER\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	alarm(30);
	base_seed = strtoull(argv[1], NULL, 10);
	snprintf(base_folder, sizeof base_folder, "%s", argv[3]);
	truth_thread("main", __func__, (struct arm){0});
	world_live(0, base_seed, base_folder);
	threads_join();
	if (truth_write(argv[2], base_seed, lie ? atoi(lie) : 0)) {
		perror(argv[2]);
		return 1;
	}
	return 0;
}
