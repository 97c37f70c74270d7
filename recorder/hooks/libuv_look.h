/*
 * For a program that made nothing of libuv, so far as could be seen: was there one, and could it be
 * seen at all?
 */
#ifndef ACAUSAL_HOOKS_LIBUV_LOOK_H
#define ACAUSAL_HOOKS_LIBUV_LOOK_H

/*
 * Notes in the arena what is loaded now, and, when nothing of libuv was made, how it could have
 * gone unseen. At the end of the process this is called, and it is to be called before code goes
 * away. Keeps errno; not in signal handlers.
 */
void libuv_look_back(void);

#endif
