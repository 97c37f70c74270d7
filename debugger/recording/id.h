/* IDs as a recording stores them: number N of process P is ((P - 1) << 40) + N. */
#ifndef ACAUSAL_DEBUGGER_ID_H
#define ACAUSAL_DEBUGGER_ID_H

#include <stdint.h>

#define ID_PROCESS_SHIFT 40

/* The process in which an async, run or arming ID was given. */
static inline int64_t id_process(int64_t id)
{
	return (id >> ID_PROCESS_SHIFT) + 1;
}

/* Its number there, as it is shown. */
static inline int64_t id_number(int64_t id)
{
	return id & ((INT64_C(1) << ID_PROCESS_SHIFT) - 1);
}

/* The async ID of a process's main thread; process_id may be anything that a recording claims. */
static inline int64_t id_main(int64_t process_id)
{
	return (int64_t)((((uint64_t)process_id - 1) << ID_PROCESS_SHIFT) + 1);
}

#endif
