/* Fatal signals are noted with their run and stack before the process dies of them. */
#ifndef ACAUSAL_RUNTIME_CRASH_H
#define ACAUSAL_RUNTIME_CRASH_H

/* Installs the handlers where the disposition is the default. Called once, at the start. */
void crash_start(void);

#endif
