/* What the process runs, told once at its start: it may be gone before anybody can ask for it. */
#ifndef ACAUSAL_RUNTIME_PROGRAM_H
#define ACAUSAL_RUNTIME_PROGRAM_H

/* Writes EVENT_PROGRAM as the thread that calls. */
void program_tell(void);

#endif
