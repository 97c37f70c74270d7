/* Fatal signals are noted with their run and stack before the process dies of them. */
#ifndef ACAUSAL_RUNTIME_CRASH_H
#define ACAUSAL_RUNTIME_CRASH_H

/* Catches them, and sees to it that the program does not notice. Called once, at the start. */
void crash_start(void);

/*
 * The calling thread ends the process by an exit: if it does so in its handler of a fatal signal,
 * the process has crashed. Signal safe.
 */
void crash_exits(void);

#endif
