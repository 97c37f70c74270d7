/*
 * Files that a process which still runs has mapped code from, found in /proc/PID/maps: for
 * addresses in a module that its runtime has not announced. Absence is a value: a process that is
 * gone or may not be looked into has no maps.
 */
#ifndef ACAUSAL_INGEST_MAPS_H
#define ACAUSAL_INGEST_MAPS_H

#include "recorder/wire/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum maps_answer {
	MAPS_UNKNOWN, /* nothing is mapped there, or the process cannot be looked into */
	MAPS_NO_FILE, /* code made at run time: only `start` and `end` are filled */
	MAPS_FILE,    /* all fields of the module are filled, but its generation */
};

/* What covers `address`. */
enum maps_answer maps_find(uint32_t os_pid, uint64_t address, struct arena_module *ret);

/* Where the executable of a running process is; false when that cannot be known. */
bool maps_executable(uint32_t os_pid, char *path, unsigned size);

#endif
