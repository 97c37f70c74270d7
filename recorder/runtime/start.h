/*
 * The recorder's beginning in a process.
 */
#ifndef ACAUSAL_RUNTIME_START_H
#define ACAUSAL_RUNTIME_START_H

/*
 * Makes the arena and the main thread known, if a recorder asked for this process. Runs as a
 * constructor; a wrapper that is called before that calls it itself. Does nothing the second time.
 */
void runtime_start(void);

/*
 * The program asks for values or hooks of its own in a process that nobody records: what is alive
 * is kept from now on, and nothing is written. Not in signal handlers. Does nothing the second
 * time.
 */
void runtime_start_alone(void);

/* The process is about to end with this status, of which the low 8 bits count. Signal-safe. */
void runtime_exits(int status);

/* It has not come to that. */
void runtime_stays(void);

#endif
