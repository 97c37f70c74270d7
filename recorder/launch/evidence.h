/* Whether a process uses libuv, by what its arena says. */
#ifndef ACAUSAL_LAUNCH_EVIDENCE_H
#define ACAUSAL_LAUNCH_EVIDENCE_H

#include "recorder/launch/held_arena.h"

enum evidence {
	EVIDENCE_NONE,	   /* no sign of libuv so far */
	EVIDENCE_PRESSING, /* neither, but the arena fills: what it holds must be taken out */
	EVIDENCE_LIBUV,	   /* something of libuv was made */
};

/* May be asked while the process runs. An arena that makes no sense gives no evidence. */
enum evidence evidence_find(const struct held_arena *arena);

#endif
