/* What the command gets in its environment so that it says hello. */
#ifndef ACAUSAL_LAUNCH_ENVIRONMENT_H
#define ACAUSAL_LAUNCH_ENVIRONMENT_H

#include "recorder/base/error.h"
#include "recorder/launch/log_options.h"
#include "recorder/launch/program.h"

#include <stdbool.h>
#include <stdint.h>

enum { ENVIRONMENT_COUNT = 5 + LOG_VARIABLES };

struct environment {
	char *variables[ENVIRONMENT_COUNT]; /* NAME=VALUE, NULL at the end */
};

/*
 * Finds libacausal.so beside this program or in the `lib` folder beside its folder. `door_name` is
 * that of a struct door. `flight_size` is in bytes; 0: not in flight mode. ACAUSAL_PID is not among
 * the variables: only the child itself knows it.
 */
int environment_init(struct environment *environment, const struct program *program,
	const char *door_name, const struct log_options *logs, bool drop_when_full,
	uint64_t flight_size, struct error *err);
void environment_deinit(struct environment *environment);

#endif
